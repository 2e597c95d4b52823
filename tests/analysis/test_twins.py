"""Contrasts of twins: paired, at equal age, by surface."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from sim.analysis.twins import MEASURES, key_of, paired, twin_summary
from sim.record.columns import BY_SURFACE_SHORT, TABLES
from tests.analysis.synthetic import frame, make_tables

HOUR = 3_600.0


def _world(pairs: int = 3) -> Any:
    """Three pairs, ten hours old and older; the second twin has twice the views of the first."""
    tables = make_tables(probes={"p": 2 * pairs}, duration_s=40 * HOUR)
    probes = tables.probes.with_columns(
        pair=pl.col("number") // 2,
        twin=pl.when(pl.col("number") % 2 == 0).then(pl.lit("0.5")).otherwise(pl.lit("2")),
        uploaded_s=20 * HOUR + HOUR * (pl.col("number") // 2),
    )
    rows: list[dict[str, Any]] = []
    for video, pair, twin, posted in probes.select("video", "pair", "twin", "uploaded_s").rows():
        for hour in range(1, 41):
            age = hour * HOUR - posted
            if age < 0:
                continue
            count = 10 * (1 + pair) * (2 if twin == "2" else 1) * age / HOUR
            rows.append({
                "time_s": hour * HOUR, "video": video, "age_s": age, "impressions": count,
                "views": count, "reach": count, "likes": 0, "probe": "p",
                **dict.fromkeys((column.name for column in BY_SURFACE_SHORT), 0),
                "impressions_for_you": count, "reach_for_you": count,
                "pool": 2 if twin == "2" and age > 10 * HOUR else 1,
            })  # fmt: skip
    paths = frame(TABLES["paths"], {c.name: [r[c.name] for r in rows] for c in TABLES["paths"]})
    return replace(tables, probes=probes.cast({"pair": pl.Int32}), paths=paths)


def test_twins_are_compared_pair_by_pair_at_the_age_of_the_youngest() -> None:
    found = twin_summary(_world(), "p")
    assert found is not None
    assert found["pairs"] == 3
    assert found["final_s"] == 18 * HOUR
    assert found["early_s"] == 4.5 * HOUR
    assert found["against"] == "0.5"
    assert list(found["values"]) == ["0_5", "2"]
    assert list(found["contrasts"]) == ["2"]
    # 10, 20, 30 an hour for 18 hours, and twice that
    assert found["values"]["0_5"]["impressions"] == 360
    assert found["values"]["2"]["impressions"] == 720
    assert found["values"]["0_5"]["impressions_early"] == 80
    contrast = found["contrasts"]["2"]
    assert contrast["impressions"]["difference"] == 360
    # differences of 180, 360 and 540: sd 180, t of two degrees of freedom 4.303
    low = 360 - 4.303 * 180 / np.sqrt(3)
    assert contrast["impressions"]["difference_low"] == pytest.approx(low, rel=1e-3)
    assert contrast["impressions"]["ratio"] == pytest.approx(2.0, rel=0.01)
    assert contrast["impressions_for_you"] == contrast["impressions"]
    assert contrast["impressions_following"]["difference"] == 0
    assert contrast["impressions_following"]["ratio"] == 1
    assert contrast["promoted"]["difference"] == 1
    assert "ratio" not in contrast["promoted"]
    assert tuple(contrast) == MEASURES


def test_a_pair_without_its_twin_is_left_out() -> None:
    world = _world()
    fewer = replace(world, probes=world.probes.filter(pl.col("number") != 5))
    found = twin_summary(fewer, "p")
    assert found is not None
    assert found["pairs"] == 2
    assert found["values"]["0_5"]["impressions"] == (10 + 20) / 2 * 18


def test_a_probe_without_twins_has_none() -> None:
    assert twin_summary(make_tables(), "newcomer") is None
    assert twin_summary(_world(), "another") is None


def test_one_pair_has_no_interval_and_no_pair_no_number() -> None:
    assert paired(np.array([3.0])).low is None
    assert paired(np.array([3.0])).value == 3.0
    assert paired(np.array([])).value is None


def test_names_have_no_dots() -> None:
    assert key_of("0.5") == "0_5"
