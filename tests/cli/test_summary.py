"""The summary table says what is in the files, in words, and fits a narrow terminal."""

from __future__ import annotations

import copy
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from sim.analysis.twins import MEASURES
from sim.cli.main import main
from sim.cli.summary import Section, sections, warnings
from sim.record.files import ledger, write_json
from sim.record.folder import add_files

Content = tuple[dict[str, Any], dict[str, Any]]


@pytest.fixture
def content(finished: Path) -> Content:
    """Manifest and summary of the finished run."""
    names = ("manifest.json", "summary.json")
    manifest, summary = (json.loads((finished / n).read_text("utf-8")) for n in names)
    return manifest, summary


def row(section: Section, label: str) -> tuple[str, str]:
    (found,) = [r for r in section.rows if r.label == label]
    return found.value, found.note


def test_the_probe_comes_first(content: Content) -> None:
    manifest, summary = content
    probe = summary["probes"]["newcomer"]
    probe.update(viral=2, viral_share=0.4, viral_share_low=0.118, viral_share_high=0.769)
    probe.update(multiple_median=0.5512, rank_median=0.341, compared_videos=1_250)
    probe.update(views_median=14.0, views_p25=10.0, views_p75=1_234.4, engagement_by_views=10.0)
    first = sections(manifest, summary)[0]
    assert first.title == "The 5 videos of “newcomer”, at least 5 h old at the end"
    assert [r.label for r in first.rows[:3]] == [
        "impressions of middle video", "rank of middle video", "at least 5 times the mean",
    ]  # fmt: skip
    assert row(first, "impressions of middle video") == ("0.551×", "the mean of ordinary uploads")
    assert row(first, "rank of middle video") == ("34.1 %", "of 1,250 uploads had fewer")
    assert row(first, "went viral") == ("2 of 5", "40 %; 95 % interval 11.8 to 76.9 %")
    assert row(first, "views of the middle video") == ("14", "half of them had 10 to 1,234")
    assert row(first, "engagement by views") == ("10 %", "likes, comments, shares")


def test_steps_end_at_the_first_that_nobody_reached(content: Content) -> None:
    manifest, summary = content
    step = {"share_low": 0.0, "share_high": 0.1, "p10_s": None, "p90_s": None}
    summary["probes"]["newcomer"]["time_to_reach"] = {
        "10": {**step, "reach": 10, "share": 0.8, "median_s": 5_400.0},
        "100": {**step, "reach": 100, "share": 0.0, "median_s": None},
        "1000": {**step, "reach": 1_000, "share": 0.0, "median_s": None},
    }
    first = sections(manifest, summary)[0]
    assert row(first, "reached 10 users") == ("80 %", "the middle one after 1 h 30 min")
    assert row(first, "reached 100 users") == ("0 %", "")
    assert not [r for r in first.rows if "1,000" in r.label]


def test_multiples_end_at_the_first_that_no_video_had(content: Content) -> None:
    manifest, summary = content
    summary["reach"]["videos"] = 100
    for times, share in ((5, 0.06), (10, 0.0), (47, 0.0)):
        name = f"above_{times}x_share"
        summary["reach"] |= {name: share, f"{name}_low": share / 2, f"{name}_high": share + 0.01}
    (section,) = [s for s in sections(manifest, summary) if s.title.startswith("For comparison")]
    assert row(section, "at least 5 times the mean") == ("6 %", "95 % interval 3 to 7 %")
    assert row(section, "at least 10 times the mean") == ("0 %", "95 % interval 0 to 1 %")
    assert not [r for r in section.rows if "47" in r.label]


def test_newcomers_are_told_where_people_join(content: Content) -> None:
    manifest, summary = content
    assert not [s for s in sections(manifest, summary) if "joined" in s.title]
    part = {"people": 1_234, "match": 0.66149, "match_se": 0.01, "completed": 0.268}
    nobody = {"people": 0, "match": None, "match_se": None, "completed": None}
    summary["newcomers"] = {
        "ticked": {"first_100": part, "first_350": {**part, "match_se": None}},
        "unticked": {"first_100": nobody, "first_350": nobody},
    }
    last = sections(manifest, summary)[-1]
    assert "joined" in last.title
    found = row(last, "first 100, interests ticked")
    assert found == ("0.661 ± 0.020", "26.8 % to the end, 1,234 people")
    assert row(last, "first 350, interests ticked")[0] == "0.661"
    assert row(last, "first 100, none ticked") == ("–", "– to the end, 0 people")


def emptied(node: Any) -> Any:
    """Every number that may be missing is missing; counts are 0."""
    if isinstance(node, dict):
        return {key: emptied(value) for key, value in node.items()}
    return 0 if isinstance(node, int) else None


def test_missing_numbers_are_dashes(content: Content) -> None:
    manifest, summary = content
    empty = emptied(copy.deepcopy(summary))
    empty["population"] = summary["population"]
    told = sections(manifest, empty)
    assert row(told[0], "views of the middle video") == ("–", "")
    assert row(told[0], "impressions of middle video")[0] == "–"
    assert row(told[0], "rank of middle video")[0] == "–"
    assert row(told[0], "at least 5 times the mean") == ("–", "")
    assert row(told[1], "none")[0] == ""
    assert row(told[2], "watch time")[0] == "–"


def test_a_world_without_probes_has_a_summary(content: Content) -> None:
    manifest, summary = content
    summary["ranked_over_random"]["control_impressions"] = 1_234
    compared = sections(manifest, {**summary, "probes": {}})
    assert [section.title for section in compared][1] == "The platform, after the warm-up"
    beside = "Ranked over random, beside 1,234 videos drawn by chance (95 % interval)"
    assert [section.title for section in compared][2:] == [beside]
    summary["ranked_over_random"]["control_impressions"] = 0
    assert len(sections(manifest, {**summary, "probes": {}})) == 2


def test_ranked_over_random_is_told_with_both_rates(content: Content) -> None:
    manifest, summary = content
    lifts = summary["ranked_over_random"]
    lifts["control_impressions"] = 400
    lifts["completion"] = {
        "ranked": 0.45, "control": 0.15, "ratio": 3.0, "ratio_low": 2.5, "ratio_high": 3.6,
    }  # fmt: skip
    lifts["follow"] = dict.fromkeys(lifts["completion"])
    section = sections(manifest, summary)[-1]
    assert row(section, "watched to the end") == ("3×", "45 % against 15 %; 2.5 to 3.6")
    assert row(section, "follows") == ("–", "")


def test_twins_are_told_against_the_first(content: Content) -> None:
    manifest, summary = content
    measures = {
        name: {"difference": 12.0, "difference_low": 2.0, "difference_high": 22.0, "ratio": 1.5,
               "ratio_low": 1.1, "ratio_high": 2.0}
        for name in MEASURES
    }  # fmt: skip
    measures["promoted"].update(difference=0.05, difference_low=-0.01, difference_high=0.11)
    means = dict.fromkeys(MEASURES, 0.0)
    summary["probes"]["newcomer"]["twins"] = {
        "pairs": 40, "early_s": 21_600.0, "final_s": 86_400.0, "against": "0.5",
        "values": {"0_5": {**means, "promoted": 0.1, "impressions": 24.0},
                   "2": {**means, "promoted": 0.15, "impressions": 36.0}},
        "contrasts": {"2": measures},
    }  # fmt: skip
    section = sections(manifest, summary)[1]
    assert section.title.startswith(
        "“newcomer”: 2 against 0.5, 40 pairs, at the age of 1 d, early at 6 h"
    )
    promoted = row(section, "promoted")
    assert promoted == (
        "+5.0 points", "15 % against 10 %; 95 % interval -1.0 to +11.0 points",
    )  # fmt: skip
    assert row(section, "impressions") == (
        "1.5×", "means 36 against 24; 95 % interval 1.1 to 2",
    )  # fmt: skip
    # where neither was shown there is nothing to say
    assert len(section.rows) == 2


def test_ordinary_uploads_are_compared_with(content: Content) -> None:
    manifest, summary = content
    summary["reach"].update(impressions_mean=245.2, multiple_median=0.6, multiple_max=12.0)
    summary["reach"].update(
        videos=3_400, viral_share=0.021, viral_share_low=0.017, viral_share_high=0.026
    )
    (section,) = [s for s in sections(manifest, summary) if s.title.startswith("For comparison")]
    assert section.title == "For comparison: 3,400 ordinary uploads, at least 3 h old"
    assert row(section, "impressions of middle video") == ("0.6×", "the mean, 245")
    assert row(section, "impressions of the largest") == ("12×", "the mean")
    assert row(section, "went viral") == ("2.1 %", "95 % interval 1.7 to 2.6 %")


def write_anew(folder: Path, summary: dict[str, Any]) -> None:
    """Put another summary into the folder of a run, as if the run had written it."""
    with ledger() as written:
        write_json(folder / "summary.json", summary)
    add_files(folder, written)


def test_a_summary_of_another_version_is_refused(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = shutil.copytree(finished, tmp_path / "old")
    summary = json.loads((old / "summary.json").read_text("utf-8"))
    del summary["probes"]["newcomer"]["multiple_median"]
    write_anew(old, summary)
    assert main(["show", str(old)]) == 2
    said = capsys.readouterr().err
    assert "has no 'multiple_median'" in said
    assert "another version" in " ".join(said.split())


def test_the_table_fits_80_columns(
    finished: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["show", str(finished)]) == 0
    table, _, ending = capsys.readouterr().out.partition("\nResults: ")
    assert max(map(len, table.splitlines())) <= 80
    assert str(finished) in ending


@pytest.mark.parametrize(
    ("found", "advice"), [(240.0, "=170"), (120.0, "=330; if creators among the people post")]
)
def test_a_supply_that_is_far_off_is_warned_of(content: Content, found: float, advice: str) -> None:
    manifest, summary = content
    whole = {"supply_stated": 200.0, "supply_realised": found, "measured_s": 86_400.0}
    summary["population"] |= whole
    (said,) = warnings(summary)
    assert f"a post got {found:.0f} impressions a day" in said
    assert "catalogue.mean_impressions states 200 (" in said
    assert f"--set catalogue.mean_impressions{advice}" in said
    (platform,) = [s for s in sections(manifest, summary) if s.title.startswith("The platform")]
    off = round(100 * (found / 200 - 1))
    assert row(platform, "impressions a post") == (f"{found:.0f}", f"stated are 200: {off:+d} %")


@pytest.mark.parametrize(
    "fine",
    [{"supply_realised": 229.0}, {"supply_realised": 171.0}, {"supply_stated": None},
     {"measured_s": 80_000.0}, {"supply_realised": None}],
)  # fmt: skip
def test_a_supply_that_is_near_is_not_warned_of(content: Content, fine: dict[str, Any]) -> None:
    _, summary = content
    far = {"supply_stated": 200.0, "supply_realised": 260.0, "measured_s": 2 * 86_400.0}
    summary["population"] |= far
    assert len(warnings(summary)) == 1
    summary["population"] |= fine
    assert warnings(summary) == []


def test_show_warns_of_a_supply_that_is_far_off(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", str(finished)]) == 0
    assert "Warning" not in capsys.readouterr().out
    far = shutil.copytree(finished, tmp_path / "far")
    summary = json.loads((far / "summary.json").read_text("utf-8"))
    summary["population"] |= {
        "supply_stated": 200.0, "supply_realised": 1_240.0, "measured_s": 86_400.0,
    }  # fmt: skip
    write_anew(far, summary)
    assert main(["show", str(far)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Warning: a post got 1,240 impressions a day" in said
    assert "catalogue.mean_impressions=32" in said
