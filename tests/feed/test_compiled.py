"""Compiled scores: found, compiled, called, and refused with a reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

from sim.assemble import make_pipeline
from sim.cli.main import main
from sim.core.counts import COUNT_NAMES
from sim.core.errors import ComponentError, ConsentError
from sim.engine.kernel import play
from sim.feed.candidate import FIELDS, Candidate, read_candidate
from sim.feed.compiled import CompiledScore, told_of
from sim.feed.plugin import load_plugin
from sim.testing.contracts import situation
from sim.testing.worlds import tiny_platform, tiny_scenario

HEAD = "import numba\nimport numpy as np\n\n\n"
GOOD = """
@numba.njit
def lift(score, candidate, boost=1.0, half=100.0):
    return score + boost * half / (half + candidate.followers)


@numba.njit
def shorter(score, candidate):
    return score - 0.01 * candidate.duration_s


def unchanged(requests, candidates, prediction, scores, view):
    return scores
"""


def load(folder: Path, text: str, name: str = "mine:f", **options: Any) -> Any:
    (folder / "mine.py").write_text(HEAD + text, encoding="utf-8")
    return load_plugin("score", name, options, folder, True)


def function(body: str, arguments: str = "score, candidate", decorator: str = "numba.njit") -> str:
    return f"@{decorator}\ndef f({arguments}):\n    {body}\n"


# ---- what it is told ------------------------------------------------------------------------


@numba.njit
def _candidates(told):
    return [read_candidate(told[i]) for i in range(told.size)]


def test_a_candidate_is_what_the_view_says() -> None:
    part = situation()
    view, videos = part.view, part.view.videos
    told = told_of(part.requests, part.candidates, part.prediction, view)
    found = _candidates(told)
    places = [(b, k) for b, k in np.ndindex(part.candidates.video.shape)
              if part.candidates.video[b, k] >= 0]  # fmt: skip
    assert len(found) == len(places) > 50
    for (b, k), c in zip(places, found, strict=True):
        v = int(part.candidates.video[b, k])
        u = int(part.requests.user[b])
        assert (c.video, c.user, c.source) == (v, u, part.candidates.source[b, k])
        assert (c.creator, c.sound) == (videos.creator[v], videos.sound[v])
        assert (c.time_s, c.stream) == (part.requests.time_s[b], part.requests.stream[b])
        assert c.age_s == part.requests.time_s[b] - videos.uploaded_s[v] > 0
        assert c.duration_s == videos.duration_s[v]
        assert c.followers == view.creators.followers[videos.creator[v]]
        assert np.float32(c.momentum) == view.momentum[v]
        assert np.float32(c.affinity) == part.prediction.affinity[b, k]  # type: ignore[attr-defined]
        base, affinity, lift = (np.float32(x) for x in (c.base, c.affinity, c.lift))
        assert base + affinity * lift == part.scores[b, k]
        assert (c.pool, c.waiting) == (view.cold.pool[v], view.cold.state[v] == 1)
        assert c.same_locale == 1
        assert [getattr(c, name) for name in COUNT_NAMES] == view.counts[v].tolist()
    assert {c.pool for c in found} != {0}
    assert {c.waiting for c in found} == {0, 1}
    assert sum(c.impressions for c in found) > 0


def test_every_field_has_its_own_name_and_meaning() -> None:
    names = [field.name for field in FIELDS]
    assert len(set(names)) == len(names)
    assert tuple(names) == Candidate._fields
    assert set(COUNT_NAMES) < set(names)
    assert all(field.meaning for field in FIELDS)


def test_a_field_that_is_not_read_costs_nothing(tmp_path: Path) -> None:
    """Of the fields, only those that the function names are in the machine's code."""
    score = load(tmp_path, function("return score + candidate.followers + candidate.video"))
    assert score._callback.inspect_llvm().count(" = load ") < len(FIELDS) / 2


# ---- what it answers ------------------------------------------------------------------------


def answer(score: CompiledScore) -> Any:
    part = situation()
    return score.score(part.requests, part.candidates, part.prediction, part.scores, part.view)


def test_options_are_arguments(tmp_path: Path) -> None:
    part = situation()
    present = part.candidates.present
    followers = part.view.creators.followers[part.view.videos.creator[part.candidates.video]]
    for options, boost, half in (({}, 1, 100), ({"half": 3}, 1, 3), ({"boost": -2.5}, -2.5, 100)):
        found = answer(load(tmp_path, GOOD, "mine:lift", **options))
        wanted = np.where(present, part.scores + boost * half / (half + followers), part.scores)
        np.testing.assert_array_equal(found, wanted.astype(np.float32))
        assert found.dtype == np.float32


def test_what_it_is_given_stays_as_it_was(tmp_path: Path) -> None:
    before = situation().scores.copy()
    answer(load(tmp_path, GOOD, "mine:lift"))
    np.testing.assert_array_equal(situation().scores, before)


def test_infinite_scores_are_scores(tmp_path: Path) -> None:
    text = "return -np.inf if candidate.video % 2 == 0 else 1e300"
    found = answer(load(tmp_path, function(text)))[situation().candidates.present]
    assert set(found.tolist()) == {-np.inf, np.inf}


def played(folder: Path, engine: str, *score: Any, shards: int = 1) -> Any:
    (folder / "mine.py").write_text(HEAD + GOOD, encoding="utf-8")
    return tiny_platform(
        duration=2 * 3600.0, engine=engine, base_dir=folder, allow_code=True,
        feed={"score": list(score)},
    ).log  # fmt: skip


def test_it_changes_the_feed_in_the_same_way_in_both_engines(tmp_path: Path) -> None:
    hashes = {
        (name, engine): played(tmp_path, engine, "value", *name).hash
        for name in ((), ("mine:lift",), ("mine:lift", "mine:shorter"))
        for engine in ("reference", "fast")
    }
    assert len(set(hashes.values())) == 3
    assert all(hashes[name, "fast"] == hashes[name, "reference"] for name, _ in hashes)


def test_beside_python_it_gives_the_same_through_the_seam(tmp_path: Path) -> None:
    inside = played(tmp_path, "fast", "value", "mine:lift")
    outside = played(tmp_path, "fast", "value", "mine:unchanged", "mine:lift")
    assert inside.hash == outside.hash
    scenario = tiny_scenario(feed={"score": ["value", "mine:lift"]})
    assert not make_pipeline(scenario, tmp_path, True).needs_python
    scenario = tiny_scenario(feed={"score": ["mine:unchanged", "mine:lift"]})
    assert make_pipeline(scenario, tmp_path, True).needs_python


def test_the_kernel_is_compiled_once_for_all_of_them(tmp_path: Path) -> None:
    played(tmp_path, "fast", "value")
    compiled, misses = len(play.signatures), sum(play.stats.cache_misses.values())
    played(tmp_path, "fast", "value", "mine:lift")
    played(tmp_path, "fast", "mine:shorter", {"use": "mine:lift", "boost": 3}, "value")
    assert len(play.signatures) == compiled == 1
    assert sum(play.stats.cache_misses.values()) == misses


# ---- what is refused ------------------------------------------------------------------------

REFUSED = {
    "a name that is not there": (
        function("return score + candidate.followrs"),
        'mine:f: cannot be compiled: a candidate has no "followrs"; did you mean "followers"?',
    ),
    "a name like none": (function("return candidate.x"), "docs/reference/candidate.md"),
    "an unknown function": (function("return foo(score)"), "'foo' is not defined"),
    "types that do not fit": (
        function("return score + 'text'"), "mine:f: cannot be compiled: .*mine.py line 7",
    ),
    "what Numba cannot do": (
        function("with open('x') as f:\n        return score"), "cannot be compiled",
    ),
    "a candidate that is written to": (
        function("candidate.age_s = 3.0\n    return score"), "a candidate cannot be changed",
    ),
    "text": (function("return 'a'"), "mine:f: returns unicode_type; wants a number"),
    "nothing": (function("pass"), "mine:f: returns nothing, at least at times; wants a number"),
    "nothing at times": (
        function("if candidate.age_s > 3:\n        return 1.0"), "returns nothing, at least",
    ),
    "an array": (function("return np.zeros(3)"), r"mine:f: returns array\(float64"),
    "one argument": (function("return score", "score"), r"mine:f: takes \(score\)"),
    "any number of them": (
        function("return score", "score, candidate, *more"),
        r"mine:f: takes \(score, candidate, \*more\)",
    ),
    "a signature": (
        function("return score", decorator="numba.njit('float64(float64, float64)')"),
        "mine:f: cannot be compiled: numba.njit has a signature",
    ),
    "fastmath": (
        function("return score", decorator="numba.njit(fastmath=True)"),
        "mine:f: is compiled with fastmath",
    ),
    "fastmath within": (
        "@numba.njit(fastmath=True)\ndef g(x, y):\n    return x * y + x\n\n\n"
        + function("return g(score, candidate.age_s)"),
        "mine:f: calls a function that is compiled with fastmath",
    ),
    "parallel": (
        function("return score", decorator="numba.njit(parallel=True)"),
        "mine:f: is compiled with parallel",
    ),
    "NumPy's generator": (
        function("return score + np.random.random()"),
        "mine:f: draws from a global generator; draw from candidate.stream",
    ),
    "not compiled": (
        "def f(score, candidate):\n    return score\n",
        r"mine:f: takes \(score, candidate\), but is called .*put @numba.njit above",
    ),
    "another decorator": (
        function("return score", decorator="numba.vectorize"), "put @numba.njit above",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_serve_says_why(tmp_path: Path, case: str) -> None:
    text, message = REFUSED[case]
    with pytest.raises(ComponentError, match=message):
        load(tmp_path, text)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, 'mine:f: needs the option "boost"'),
        ({"bost": 1.0}, 'mine:f: has no option "bost"; did you mean "boost"?'),
        ({"zzz": 1.0}, 'mine:f: has no option "zzz"; it has boost, half'),
        ({"boost": "x"}, 'mine:f: option boost: wants a number; got "x"'),
        ({"boost": 10**400}, "mine:f: option boost: wants a number"),
        ({"boost": float("nan")}, "mine:f: option boost: wants a number"),
    ],
)
def test_wrong_options_are_named(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    text = function("return score", "score, candidate, boost, half=2.0")
    with pytest.raises(ComponentError, match=message):
        load(tmp_path, text, **options)


def test_it_is_a_score_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(HEAD + GOOD, encoding="utf-8")
    with pytest.raises(ComponentError, match="mine:lift: a compiled function can be a score, not"):
        load_plugin("filter", "mine:lift", {}, tmp_path, True)


def test_without_consent_nothing_is_imported(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("raise SystemExit('was run')", encoding="utf-8")
    with pytest.raises(ConsentError, match=r"mine:lift.*--allow-code"):
        load_plugin("score", "mine:lift", {}, tmp_path, False)


FAULTS = {
    "raises": (
        function("if candidate.age_s > 60:\n        raise ValueError('too old')\n    return score"),
        "mine:f: raised ValueError: too old",
    ),
    "divides by zero": (
        function("return score / (candidate.pool - candidate.pool)"),
        "mine:f: raised ZeroDivisionError",
    ),
    "NaN": (
        function("return score * np.inf * 0"),
        "mine:f: returned NaN; use -inf for what must not be shown",
    ),
}
SCENARIO = """
name: faulty
question: What happens?
duration: 3 h
population: {users: 80}
feed: {candidates: 30, score: [value, "mine:f"]}
"""


@pytest.mark.parametrize("engine", ["fast", "reference"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_a_run_names_the_component(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], engine: str, fault: str
) -> None:
    text, message = FAULTS[fault]
    (tmp_path / "mine.py").write_text(HEAD + text, encoding="utf-8")
    (tmp_path / "faulty.yaml").write_text(SCENARIO, encoding="utf-8")
    command = ["run", str(tmp_path / "faulty.yaml"), "--allow-code", "--engine", engine]
    shards = ["--shards", "2"] if engine == "fast" else []
    assert main([*command, *shards, "--out", str(tmp_path / "out"), "--quiet"]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert "Traceback" not in said
