"""State is put down as arrays by name, and taken up by a thing of the same kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.machine.keep import Arrays, Kept, Misfit
from sim.machine.table import Table, column, listing, number


class Pair(NamedTuple):
    a: NDArray[np.float64]
    b: int


@dataclass(frozen=True)
class Rates:
    mean: float
    rows: NDArray[np.int32]


class Things(Table, name="things", owner="thing"):
    size: NDArray[np.int16] = column(np.int16, "how large", fill=-1)
    order: NDArray[np.int32] = listing(np.int32, "which come first")
    made: int = number("so far")


class Fixed(Table, name="fixed", owner="thing", fixed=True):
    size: NDArray[np.int16] = column(np.int16, "how large")


class Inner(Kept):
    KEPT = ("level",)

    def __init__(self) -> None:
        self.level = 0.0


class Meter(Kept):
    KEPT = ("total", "on", "pair", "rates", "things", "fixed", "inner", "list_")
    ROWS = ("counts",)

    def __init__(self, rows: int = 3) -> None:
        self.total, self.on = 0, False
        self.pair, self.rates = Pair(np.zeros(2), 0), Rates(0.0, np.zeros(1, np.int32))
        self.things, self.fixed, self.inner = Things(rows, 0), Fixed(rows), Inner()
        self.list_ = np.zeros(0)
        self.counts = np.full(rows, 9)


def _used() -> Meter:
    meter = Meter()
    meter.total, meter.on, meter.pair = 7, True, Pair(np.array([1.5, 2.0]), 4)
    meter.rates = Rates(0.25, np.arange(3, dtype=np.int32))
    meter.things.size[:2], meter.things.count, meter.things.made = (5, 6), 2, 11
    meter.things.order = np.array([1, 0], np.int32)
    meter.fixed.size[:] = 3
    meter.inner.level, meter.list_, meter.counts = 2.5, np.arange(4.0), np.array([1, 2, 3])
    return meter


def _kept(thing: Kept) -> dict[str, NDArray[Any]]:
    return {name: np.array(array) for name, array in thing.put_down()}


def test_what_is_taken_up_is_what_was_put_down() -> None:
    kept, other = _kept(_used()), Meter()
    other.take_up(kept)
    assert _kept(other).keys() == kept.keys()
    for name, array in _kept(other).items():
        np.testing.assert_array_equal(array, kept[name], name)
    assert (other.total, other.on, other.pair.b, other.rates.mean) == (7, True, 4, 0.25)
    assert (other.things.count, other.things.made, other.inner.level) == (2, 11, 2.5)
    assert isinstance(other.on, bool)


def test_what_is_fixed_is_not_kept() -> None:
    other = Meter()
    other.take_up(_kept(_used()))
    assert not any(name.startswith("fixed") for name in _kept(_used()))
    assert (other.fixed.size == 0).all()


def test_arrays_that_fit_stay_where_they_are() -> None:
    other = Meter()
    arrays = (other.pair.a, other.things.size, other.counts)
    other.take_up(_kept(_used()))
    assert other.pair.a is arrays[0]
    assert other.things.size is arrays[1]
    assert other.counts is arrays[2]


def test_spare_rows_stay_as_they_are_and_tables_make_room() -> None:
    other = Meter(5)
    other.take_up(_kept(_used()))
    np.testing.assert_array_equal(other.counts, [1, 2, 3, 9, 9])
    np.testing.assert_array_equal(other.things.size, [5, 6, -1, -1, -1])
    small = Meter()
    small.things = Things(1, 0)
    version = small.things.version
    small.take_up(_kept(_used()))
    assert small.things.rows >= 3
    assert small.things.version > version


def _spoilt() -> Iterator[tuple[str, Arrays]]:
    kept = _kept(_used())
    yield "total", {name: array for name, array in kept.items() if name != "total"}
    yield "things.size", {name: array for name, array in kept.items() if name != "things.size"}
    yield "pair.a", {**kept, "pair.a": np.zeros(2, np.float32)}
    yield "counts", {**kept, "counts": np.zeros((3, 2), int)}
    yield "counts", {**kept, "counts": np.zeros(4, int)}


@pytest.mark.parametrize(("part", "kept"), list(_spoilt()))
def test_what_does_not_fit_is_named(part: str, kept: Arrays) -> None:
    with pytest.raises(Misfit, match=part.replace(".", r"\.")):
        Meter().take_up(kept)


def test_what_is_no_state_is_refused() -> None:
    meter = Meter()
    meter.list_ = {1, 2}  # type: ignore[assignment]
    with pytest.raises(TypeError, match="set"):
        _kept(meter)
