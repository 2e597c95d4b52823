"""Results of runs in the pages: each place is one that the script fills, and none is empty."""

from __future__ import annotations

import csv
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from sim.analysis import load_tables
from sim.scenario import load
from sim.simulate import simulate

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FACTS = ROOT.parent / "shared" / "facts" / "facts.csv"
PLACE = re.compile(r"<!-- result: ([\w-]+) -->\n(.*?)<!-- end of result -->", re.S)


@pytest.fixture(scope="module")
def facts_of_a_run() -> ModuleType:
    """``docs/facts_of_a_run.py``."""
    path = ROOT / "docs" / "facts_of_a_run.py"
    spec = importlib.util.spec_from_file_location("facts_of_a_run", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # dataclasses look their module up
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(__import__("sys").modules, "facts_of_a_run", module)
        spec.loader.exec_module(module)
    return module


def places() -> dict[str, str]:
    return {name: text for page in PAGES for name, text in PLACE.findall(page.read_text("utf-8"))}


def test_every_place_is_filled_by_the_script() -> None:
    script = (ROOT / "docs" / "make_results.py").read_text(encoding="utf-8")
    assert set(places()) == set(re.findall(r'fill\([^\n]*?"([\w-]+)",', script))
    assert all(text.strip() for text in places().values())


def test_every_image_is_shown_and_small() -> None:
    shown = {
        (page.parent / target).resolve()
        for page in PAGES
        for target in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", page.read_text("utf-8"))
    }
    files = set((ROOT / "docs" / "images").iterdir())
    assert shown == files
    assert all(file.stat().st_size < 300_000 for file in files)


def test_a_run_is_compared_with_facts(facts_of_a_run: ModuleType, tmp_path: Path) -> None:
    small = ["population.users=300", "duration=2 d", "warmup=12 h", "feed.candidates=60"]
    scenario = load(ROOT / "scenarios" / "baseline.yaml", small)
    run = simulate(scenario, out=tmp_path / "run", plots=False)
    rows = facts_of_a_run.rows_of(load_tables(run.path))
    by_name = {row.what: row for row in rows}
    watch = run.summary["watch"]
    assert by_name["minutes per active user-day"].found == watch["minutes_per_active_user_day"]
    hours = [row.found for row in rows if row.fact == "W19"]
    assert len(hours) == 5
    assert 0 < sum(hours) < 100
    table = facts_of_a_run.markdown(rows)
    assert len(re.findall(r"^\| [A-Z]\d", table, re.M)) == len(rows)
    assert {row.fact for row in rows} <= set(facts_of_a_run.SOURCES)


@pytest.mark.parametrize(
    ("found", "trust", "floor", "verdict"),
    [
        (11.0, "A", False, "near"),
        (13.0, "A", False, "miss: 1.3 times"),
        (13.0, "B", False, "near"),
        (5.0, "C", False, "miss: 0.5 of it"),
        (0.0, "C", False, "miss: none at all"),
        (None, "A", False, "cannot be computed"),
        (40.0, "A", True, "above the floor"),
        (5.0, "A", True, "miss: 0.5 of it"),
    ],
)
def test_verdicts(
    facts_of_a_run: ModuleType, found: float | None, trust: str, floor: bool, verdict: str
) -> None:
    assert facts_of_a_run.Row("W1", "x", 10.0, found, trust, floor).verdict == verdict


@pytest.mark.skipif(not FACTS.is_file(), reason="the folder with the facts is not here")
def test_cited_facts_exist() -> None:
    with FACTS.open(encoding="utf-8") as file:
        known = {row["id"] for row in csv.DictReader(file)}
    pages = ROOT / "docs" / "explanation"
    text = "\n".join(page.read_text("utf-8") for page in sorted(pages.glob("*.md")))
    cited = set(re.findall(r"\b([EWVFSXPCK]\d{1,2})\b", text))
    assert cited
    assert cited - known == set()


@pytest.mark.skipif(not FACTS.is_file(), reason="the folder with the facts is not here")
def test_published_numbers_are_those_of_the_facts(
    facts_of_a_run: ModuleType,
) -> None:
    with FACTS.open(encoding="utf-8") as file:
        values = {row["id"]: row["value"] for row in csv.DictReader(file)}
    assert {f"{hour}h" for hour in facts_of_a_run.HOURS_W19} <= set(
        re.findall(r"\d+h", values["W19"])
    )
    for hour, share in facts_of_a_run.HOURS_W19.items():
        assert re.search(rf"\b{hour}h 0?{re.escape(f'{share:g}'.removeprefix('0'))}", values["W19"])
