from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit
from pydantic import ValidationError

from sim.behaviour import draws
from sim.behaviour.params import behaviour_params
from sim.behaviour.tables import factor_table, hazard_tables, look_up
from sim.core.random import key
from sim.scenario.behaviour import ActConfig, BehaviourConfig, SessionConfig, WatchConfig
from sim.testing.reaction import react

CURVE = st.lists(st.tuples(st.floats(0.01, 50), st.floats(0.001, 5)), min_size=1, max_size=30).map(
    lambda rows: [
        (float(x), y) for x, (_, y) in zip(np.cumsum([r[0] for r in rows]), rows, strict=True)
    ]
)


def test_every_setting_says_what_it_means_and_where_it_comes_from() -> None:
    for group in BehaviourConfig.model_fields.values():
        for name, field in group.annotation.model_fields.items():
            text = field.description or ""
            assert "assumption" in text or any(f"{x}" in text for x in "EFKW"), name


def test_compiled_code_takes_the_record_and_is_not_compiled_again() -> None:
    @njit
    def read(p):  # type: ignore[no-untyped-def]
        return p.watch.hook_sum + p.act.like + look_up(p.watch.duration, 20.0)

    a = behaviour_params(BehaviourConfig())
    b = behaviour_params(
        BehaviourConfig(watch=WatchConfig(hazard=((0.0, 0.1), (3.0, 0.2), (9.0, 0.1))))
    )
    assert read(a) == a.watch.hook_sum + a.act.like + look_up(a.watch.duration, 20.0)
    assert read(b) != read(a)
    assert len(read.signatures) == 1


def test_the_record_is_read_only_and_survives_pickling() -> None:
    p = behaviour_params(BehaviourConfig())
    with pytest.raises(ValueError, match="read-only"):
        p.watch.hazard.x[0] = 1.0
    again = pickle.loads(pickle.dumps(p))
    args = (key(1, "x"), 0.5, 0.0, 0.0, 20.0, 0.0, 0.0, True, False)
    assert react(again, *args) == react(p, *args)


def test_draw_numbers_are_all_different() -> None:
    numbers = [getattr(draws, name) for name in draws.__all__]
    assert len(set(numbers)) == len(numbers)


@given(curve=CURVE, where=st.floats(0, 1.5))
def test_tables_agree_with_interpolation(curve: list[tuple[float, float]], where: float) -> None:
    rows = [(0.0, curve[0][1]), *curve]
    x, y = np.array(rows).T
    at = where * x[-1]
    assert look_up(factor_table(rows), at) == pytest.approx(np.interp(at, x, y), rel=1e-9)
    sums, times = hazard_tables(rows)
    assert look_up(times, look_up(sums, at)) == pytest.approx(at, rel=1e-9, abs=1e-9)


@given(curve=CURVE, scale=st.sampled_from([1e-9, 0.01, 1.0, 1e6]))
def test_a_table_finds_the_very_piece(curve: list[tuple[float, float]], scale: float) -> None:
    """To the bit, on both sides of each row and far from all."""
    x, y = np.array([(0.0, curve[0][1]), *((a * scale, b) for a, b in curve)]).T
    table = factor_table(list(zip(x, y, strict=True)))
    near = np.concatenate([x, np.nextafter(x, np.inf), np.nextafter(x[1:], 0.0), x * 0.7, 3 * x])
    for at in (*near, 1e-300, 1e300):
        i = int(np.flatnonzero(x <= at)[-1])
        assert look_up(table, at) == table.y[i] + (at - x[i]) * table.slope[i]


@pytest.mark.parametrize(
    ("model", "values", "message"),
    [
        (WatchConfig, {"hazard": [(1.0, 0.1), (3.0, 0.1)]}, "hazard must start at 0"),
        (WatchConfig, {"hazard": [(0.0, 0.1), (4.0, 0.1)]}, "starts at 3 s"),
        (WatchConfig, {"replay": [(0.0, 0.1), (2.0, 0.1), (2.0, 0.2)]}, "replay must rise"),
        (WatchConfig, {"replay": [(0.0, 0.0)]}, "greater than 0"),
        (WatchConfig, {"hook": float("nan")}, "finite"),
        (ActConfig, {"like": -0.1}, "greater than or equal to 0"),
        (ActConfig, {"likes": 0.1}, "Extra inputs"),
        (SessionConfig, {"hours": [1.0] * 23}, "at least 24"),
        (SessionConfig, {"gap_min_s": 0.1}, "greater than 0.2"),
        (SessionConfig, {"activity_min": 30}, "activity_min must be below"),
    ],
)
def test_bad_settings_are_refused(model: type, values: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        model(**values)
