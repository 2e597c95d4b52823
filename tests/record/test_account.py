"""Accounts as their owners see them: numbers by hand, and beside a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from sim.analysis.account import Account, account_of, creators_of, in_words
from sim.analysis.income import Rates, income_of, rules_of, worth
from sim.analysis.tables import Tables, load_tables
from sim.core.errors import ForyouError
from sim.plots import style
from sim.plots.account import account_data, draw_account
from sim.record.columns import SOURCE_NAMES, SURFACE_NAMES
from sim.simulate import simulate
from sim.testing.worlds import tiny_scenario

DAY = 86_400.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day and a half with a log of events and a probe."""
    scenario = tiny_scenario(
        duration=1.5 * DAY, record={"events": True},
        probes=[{"name": "one", "count": 3, "followers": 20, "post_at": 3_600.0, "quality": 2}],
    )  # fmt: skip
    return simulate(scenario, out=tmp_path_factory.mktemp("account") / "run", plots=False).path


@pytest.fixture(scope="module")
def tables(folder: Path) -> Tables:
    return load_tables(folder)


@pytest.fixture(scope="module")
def account(folder: Path, tables: Tables) -> Account:
    name, creators = creators_of(tables, None, "one")
    return account_of(tables, name, creators, folder / "events.parquet")


def test_the_log_adds_up_to_the_tables(folder: Path, tables: Tables, account: Account) -> None:
    """For accounts with posts of the run alone, the log has all of their views."""
    assert account.log is not None
    assert account.videos.height == 3
    days = account.log.days
    assert days["day"].to_list() == [0, 1]
    for name in ("views", "likes", "comments", "shares", "follows", "unfollows"):
        assert days[name].sum() == account.videos[name].sum(), name
    assert account.views > 30
    assert account.log.hours["views"].sum() == account.views
    assert sum(account.log.sources.values()) == pytest.approx(1.0)
    assert sum(account.surfaces.values()) == pytest.approx(1.0)
    assert days["followers"][-1] == account.followers
    came = days["follows"] - days["unfollows"]
    assert account.followers == account.followers_start + came.sum()
    assert days["followers"][0] == account.followers - came[1]


def test_retention_falls_and_is_over_videos_that_are_so_long(account: Account) -> None:
    assert account.log is not None
    kept = account.log.retention
    assert kept["watching"][0] == 1.0
    assert kept["of"][0] == account.videos["impressions"].sum()
    short = [second for second in (1, 2, 3, 5) if second <= account.videos["duration_s"].min()]
    shares = kept.filter(pl.col("second").is_in(short))["watching"].to_list()
    assert shares == sorted(shares, reverse=True)
    assert (kept["of"].diff().drop_nulls() <= 0).all()


def test_without_a_log_there_are_totals(tables: Tables, account: Account) -> None:
    found = account_of(tables, account.name, account.creators)
    assert found.log is None
    assert found.views == account.views
    assert found.by_views == account.by_views
    assert income_of(tables, found, Rates()).rewards is None


def test_who_is_not_there_is_told(tables: Tables) -> None:
    with pytest.raises(ForyouError, match="no such probe; it has one"):
        creators_of(tables, None, "two")
    with pytest.raises(ForyouError, match="numbers from 0 to"):
        creators_of(tables, 10**6, None)


@pytest.mark.parametrize(
    ("rate", "followers", "words"),
    [
        (5.6, 1_000, "usual for an account of this size (5.60 % among 1-5K followers)"),
        (8.0, 50_000, "good for an account of this size (2.15 % among 20-100K followers)"),
        (0.5, 1_000_000, "low for an account of this size (1.97 % among above 1M followers)"),
        (3.0, 999, "nothing is known of accounts so small; the mean of all is 3.30 %"),
        (None, 5, "nobody has seen it yet"),
    ],
)  # fmt: skip
def test_a_rate_in_words(rate: float | None, followers: int, words: str) -> None:
    assert in_words(rate, followers) == words


def test_the_examples_of_the_ledger() -> None:
    assert worth(1_000_000, 0.5) == 5_000.0
    assert worth(50_000, 8.0) == 4_000.0
    assert worth(10, None) is None


def test_qualified_views_are_first_long_views_on_for_you(tmp_path: Path, tables: Tables) -> None:
    """1,003 people watch a long video for six seconds on For You, one of them twice; of the others
    one watches too little, one on another surface, one a short video.
    """
    long = tables.videos.with_columns(
        duration_s=pl.when(pl.col("video") == 0).then(90.0).otherwise(pl.lit(20.0)),
        creator=pl.lit(0, pl.Int32),
    )
    rows = [(person, 0, "for_you", 6.0) for person in range(1_003)]
    rows += [(5, 0, "for_you", 6.0), (2_000, 0, "for_you", 4.9), (2_001, 0, "profile", 6.0),
             (2_002, 1, "for_you", 6.0)]  # fmt: skip
    events = pl.DataFrame({
        "time_s": [float(i) for i in range(len(rows))],
        "user": [r[0] for r in rows], "video": [r[1] for r in rows],
        "surface": [SURFACE_NAMES.index(r[2]) for r in rows],
        "source": [SOURCE_NAMES.index("interest")] * len(rows),
        "watch_s": [r[3] for r in rows], "views": [1] * len(rows),
        **dict.fromkeys(("like", "comment", "share", "follow", "unfollow"), [False] * len(rows)),
    }, schema_overrides={"video": pl.Int32, "user": pl.Int32})  # fmt: skip
    events.write_parquet(tmp_path / "events.parquet")
    made = replace(tables, videos=long)
    found = account_of(made, "all", [0], tmp_path / "events.parquet")
    assert found.log is not None
    assert found.log.qualified_views == 3
    rich = replace(found, followers=10_000, by_followers=2.0)
    rules = rules_of(made, rich)
    assert [rule.met for rule in rules["rewards"]] == [None, True, False, True]
    assert income_of(made, rich, Rates()).rewards is None
    days = found.log.days.with_columns(views=pl.lit(100_000))
    seen = replace(rich, log=replace(found.log, days=days))
    income = income_of(made, seen, Rates(per_thousand=500.0, per_engaged=0.5))
    assert income.rewards == pytest.approx(1.5)
    assert income.engaged_followers == 200.0
    assert income.a_sponsored_post == 100.0


@pytest.mark.parametrize("logged", [True, False])
def test_the_picture_says_what_it_shows(tables: Tables, account: Account, logged: bool) -> None:
    shown = account if logged else replace(account, log=None)
    with style.style():
        figure = style.new_figure()
        draw_account(account_data(tables, shown), figure)
    assert len(figure.axes) == (4 if logged else 1)
    words = " ".join(text.get_text() for text in figure.texts)
    assert f"{account.views:,} views" in words
    nobody = replace(shown, videos=account.videos.with_columns(views=pl.lit(0)))
    with style.style():
        empty = style.new_figure()
        draw_account(account_data(tables, nobody), empty)
    assert "Nobody has seen" in " ".join(
        text.get_text() for text in empty.findobj() if hasattr(text, "get_text")
    )
