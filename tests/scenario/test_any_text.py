"""Whatever a file holds: a scenario, or problems with their places; never another error."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.core.errors import Problem, ScenarioError
from sim.scenario import load, loads
from sim.scenario.load import MAX_PROBLEMS

GOOD = (Path(__file__).parents[2] / "scenarios" / "zero_followers.yaml").read_text()
PIECES = st.sampled_from(
    ["\n", "  ", "- ", ": ", ", ", "[", "]", "{", "}", "&a ", "*a", "!t ", "? ", "|\n", ">", "'",
     '"', "#", "%", "@", "`", "---\n", "...\n", "<<", "~", "null", "true", "1_0", ".nan", "1e999",
     "\t", "\\", "\\UFFFFFFFF", "\\ud800", "0x", "seed", "feed", "weights", "probes", "use",
     "policy", "6 h", "5 %", "extends", "\u2028", "\x85", "\ufeff", "é", "🎈", "a:B"]
)  # fmt: skip


def refusal(make: Callable[[], object]) -> ScenarioError | None:
    try:
        make()
    except ScenarioError as error:
        return error
    return None


def outcome(text: str, *overrides: str) -> None:
    error = refusal(lambda: loads(text, "x.yaml", overrides))
    if error is None:
        return
    assert error.problems
    lines = 1 + sum(text.count(end) for end in "\n\r\x85\u2028")
    for problem in error.problems:
        check(problem, lines)
    str(error).encode()  # can be printed


def check(problem: Problem, lines: int) -> None:
    assert problem.file in ("x.yaml", "--set")
    assert problem.message
    assert 0 <= problem.line <= lines
    assert (problem.line == 0) == (problem.column == 0)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(PIECES | st.text(max_size=3), max_size=20).map("".join))
def test_any_text(text: str) -> None:
    outcome(text)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, len(GOOD)), st.integers(0, 12), st.lists(PIECES, max_size=3).map("".join))
def test_a_scenario_with_a_piece_replaced(start: int, length: int, piece: str) -> None:
    outcome(GOOD[:start] + piece + GOOD[start + length :])


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(PIECES | st.sampled_from([".", "=", "[0]", "name"]), max_size=10).map("".join))
def test_any_override(override: str) -> None:
    outcome(GOOD, override, f"feed.{override}", f"seed={override}", f"probes[0].name={override}")


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=60))
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(data)
    error = refusal(lambda: load(path))
    if error is not None:
        assert error.problems
        str(error).encode()


@pytest.mark.parametrize(
    "text",
    [
        "[" * 1_000_000,
        "a: " * 300_000,
        "- " * 500_000,
        "? " * 500_000,
        "\n" * 1_000_000,
        "k" * 1_000_000 + ": 1",
        "? " + "k" * 1_000_000 + "\n: 1\n",
        "feed: {weights: {? " + "k" * 1_000_000 + " : 1}}\n",
        "k: 1\n" * 200_000,
        "k: " + "9" * 1_000_000,
        "seed: 1" + " " * 1_000_000 + "x",
        "name: '" + "x" * 1_000_000 + "'",
        "".join(f"k{i}: 1\n" for i in range(9_000)),
        "x" * (1 << 21),
    ],
    ids=lambda text: f"{text[:10]!r}",
)
def test_large_nonsense_is_refused_soon(text: str) -> None:
    start = time.process_time()
    with pytest.raises(ScenarioError) as error:
        loads(text)
    assert time.process_time() - start < 5
    assert len(error.value.problems) <= MAX_PROBLEMS + 1
    assert len(str(error.value)) < 100_000


@pytest.mark.parametrize(
    ("escape", "message"),
    [
        ("\\UFFFFFFFF", "is not valid YAML: no such character"),
        ("\\ud800", "holds half a character; write it as it is, not as an escape"),
    ],
)
def test_escapes_that_name_no_character(escape: str, message: str) -> None:
    with pytest.raises(ScenarioError) as error:
        loads(f'name: x\nduration: 1 d\nquestion: "{escape}"\n')
    assert error.value.problems[0].message == message
    assert error.value.problems[0].line == 3
