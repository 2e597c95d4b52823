"""The contract of a mechanism: what each of them has to keep, as a suite to subclass.

    class TestBoredom(MechanismContract):
        on: ClassVar = {"behaviour": {"boredom": {"creator": 0.3}}}
        off: ClassVar = {"behaviour": {"boredom": {"creator": 0.0}}}
        tables = ("bored",)

Same bits in both engines and on any number of threads; off changes nothing; its draws are its own;
its state survives being written out and read back.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sim.assemble import Live, assemble
from sim.behaviour import draws
from sim.core.actions import ACTIONS
from sim.engine import layout
from sim.machine.keep import part_of, put_down, take_up
from sim.testing.worlds import tiny_scenario

__all__ = ["MechanismContract"]

_SHARDS = (1, 2, 4, 7)
_HALF_S = 2 * 3_600.0
_BUSY: Mapping[str, Any] = {"duration": 2 * _HALF_S, "population": {"users": 60}}


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    both = dict(base)
    for name, value in over.items():
        below = both.get(name)
        inner = isinstance(below, Mapping) and isinstance(value, Mapping)
        both[name] = _merged(below, value) if inner else value  # type: ignore[arg-type]
    return both


class MechanismContract:
    """Subclass it, and say how the mechanism is switched on and off."""

    on: Mapping[str, Any]
    """what of a scenario switches it on, strongly enough to change a small world"""
    off: Mapping[str, Any]
    """the same settings when it is off, said in so many words"""
    base: Mapping[str, Any] = {}
    """what both have besides: the scenario that does not name it"""
    tables: tuple[str, ...] = ()
    """names of its tables"""
    draws: tuple[int, ...] = ()
    """draw numbers that it uses of the stream of an impression"""

    def _live(self, over: Mapping[str, Any], engine: str = "fast", shards: int = 1) -> Live:
        return assemble(tiny_scenario(**_merged(_BUSY, over)), 1, engine=engine, shards=shards)

    def _played(self, over: Mapping[str, Any], engine: str = "fast", shards: int = 1) -> Live:
        live = self._live(over, engine, shards)
        live.env.run(until=live.end)
        return live

    def test_both_engines_play_the_same_on_any_number_of_threads(self) -> None:
        """The same event log, and the same state in the end."""
        wanted = self._played(self.on, "reference")
        assert wanted.platform.impressions > 300
        for shards in _SHARDS:
            found = self._played(self.on, "fast", shards)
            assert found.log.hash == wanted.log.hash, f"{shards} shards"
            for a, b in zip(self._state(found), self._state(wanted), strict=True):
                for name, _, array in a.arrays():
                    np.testing.assert_array_equal(array, getattr(b, name), f"{a.NAME}.{name}")

    def test_on_changes_something(self) -> None:
        """Or the other tests would compare nothing."""
        assert self._played(self.on).log.hash != self._played(self.base).log.hash

    def test_off_changes_nothing(self) -> None:
        """The log is that of a scenario which does not name it, and it takes no room."""
        live = self._played(self.off)
        assert live.log.hash == self._played(self.base).log.hash
        for table in self._state(live):
            assert table.rows == 0, table.NAME

    def test_its_draws_are_its_own(self) -> None:
        """No draw number of the stream of an impression serves two purposes."""
        used = [value for name, value in vars(draws).items() if name.isupper()]
        used += [action.draw for action in ACTIONS if action.kind == "click"]
        assert len(set(used)) == len(used)
        assert not set(self.draws) & set(used)

    def test_its_state_survives_being_written_out(self, tmp_path: Path) -> None:
        """A run whose state was written out, spoilt and read back goes on as if nothing was."""
        live = self._live(self.on)
        live.env.run(until=_HALF_S + 1e-3)
        kept = [(t, dict(put_down(t.NAME, t))) for t in self._state(live) if not t.FIXED]
        for number, (_, arrays) in enumerate(kept):
            np.savez(tmp_path / f"{number}.npz", allow_pickle=False, **arrays)
        for table, _ in kept:
            for _, _, array in table.arrays():
                array.view(np.uint8)[:] = 77
        for number, (table, _) in enumerate(kept):
            with np.load(tmp_path / f"{number}.npz", allow_pickle=False) as file:
                take_up(table, part_of(dict(file), table.NAME), table.NAME)
        live.env.run(until=live.end)
        assert live.log.hash == self._played(self.on).log.hash

    def test_its_state_is_that_of_a_table(self) -> None:
        """Every table that it names is declared."""
        declared = {table.NAME for table in layout.TABLES}
        assert set(self.tables) <= declared

    def _state(self, live: Live) -> list[Any]:
        return [t for t in live.platform.tables() if t.NAME in self.tables]
