"""Of a file that is a link, or no YAML, nothing is quoted; and digits are those of ASCII."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.core.errors import ScenarioError
from sim.core.units import UnitError, parse_count, parse_duration, parse_rate, parse_share
from sim.scenario import load, loads
from sim.scenario.overrides import parse_path
from sim.scenario.text import MAX_DEPTH
from sim.study.statistics.over_worlds import Precision

HEAD = "name: x\nduration: 1 d\n"


def refused(path: Path, *overrides: str) -> ScenarioError:
    with pytest.raises(ScenarioError) as error:
        load(path, overrides)
    return error.value


def test_a_link_tells_places_and_no_words(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{HEAD}seed: hunter2\nhunter3: 1\n")
    link = tmp_path / "x.yaml"
    link.symlink_to("secret")
    error = refused(link)
    assert [(p.line, p.column, p.path) for p in error.problems] == [(3, 7, ""), (4, 1, "")]
    assert "hunter" not in str(error)
    assert "is a symbolic link, so nothing of it is quoted" in str(error)
    # the same file by its own name is quoted, and what comes from elsewhere is in any case
    assert "hunter2" in str(refused(tmp_path / "secret"))
    assert 'unknown key "sed"' in str(refused(link, "sed=1"))


def test_a_link_to_a_scenario_works(tmp_path: Path) -> None:
    (tmp_path / "real.yaml").write_text(HEAD)
    (tmp_path / "x.yaml").symlink_to("real.yaml")
    assert load(tmp_path / "x.yaml").name == "x"


def test_what_is_extended_may_be_a_link_too(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("feed: {hunter2: 1}\n")
    (tmp_path / "below.yaml").symlink_to("secret")
    (tmp_path / "x.yaml").write_text(f"extends: below.yaml\n{HEAD}seed: mine\n")
    error = refused(tmp_path / "x.yaml")
    assert "hunter2" not in str(error)
    assert "mine" in str(error)


def test_a_circle_of_links_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").symlink_to("x.yaml")
    assert "cannot be read" in str(refused(tmp_path / "x.yaml"))


@pytest.mark.parametrize(
    "text", ["hunter2", "root:hunter2:0\n", "- hunter2\n", "!hunter2 x\n- [\n", "*hunter2\nx: [\n",
             "TOKEN=hunter2\n", "'hunter2'\n", "a: &hunter2 1\nb: !hunter2 2\nc: {{\n"],
)  # fmt: skip
def test_what_is_no_yaml_mapping_is_not_quoted(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.yaml").write_text(text)
    error = refused(tmp_path / "x.yaml")
    assert "hunter2" not in str(error)
    assert error.problems


@pytest.mark.parametrize("digit", ["٣", "１", "²", "𝟗"])
def test_digits_of_other_scripts_are_no_numbers(digit: str) -> None:
    for parse, text in (
        (parse_duration, f"{digit} h"), (parse_duration, f"1 d {digit}:00"),
        (parse_share, f"{digit} %"), (parse_rate, f"{digit}/day"), (parse_count, digit),
    ):  # fmt: skip
        with pytest.raises(UnitError):
            parse(text)
    with pytest.raises(ScenarioError, match="wants a whole number"):
        loads(f"{HEAD}seed: {digit}\n")
    with pytest.raises(Exception, match="a precision is a positive number"):
        Precision.parse(digit)
    assert parse_path(f"probes[{digit}]") is None


def test_an_override_has_no_more_levels_than_a_scenario() -> None:
    assert parse_path(".".join("a" * MAX_DEPTH)) == ("a",) * MAX_DEPTH
    assert parse_path(".".join("a" * (MAX_DEPTH + 1))) is None
    with pytest.raises(ScenarioError) as error:
        loads(HEAD, overrides=["feed" + ".a" * 1_000 + "=1"])
    (problem,) = error.value.problems
    assert problem.message.startswith(f"wants PATH=VALUE with at most {MAX_DEPTH} levels; got ")


def test_a_key_may_begin_as_our_own_marks_do() -> None:
    for key in ("\\0x", "\\0seen"):
        with pytest.raises(ScenarioError, match="unknown"):
            loads(f'{HEAD}feed: {{weights: {{"{key}": 1}}, "{key}": 2}}\n')
