"""Every command in the pages exists, takes these options, and changes settings that exist."""

from __future__ import annotations

import re
import shlex
import shutil
from importlib import import_module
from pathlib import Path

import pytest
import typer

from sim.cli.main import app
from sim.core.errors import ScenarioError
from sim.scenario import load

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(p for p in (ROOT / "docs").rglob("*.md") if p.parent.name != "reference"),
    ]
)
USAGE_ERROR = typer.BadParameter.__mro__[1]  # Typer does not export the class of all of them
STARTER = (ROOT / "sim" / "cli" / "starter.yaml").read_text(encoding="utf-8")


def commands(text: str) -> list[str]:
    """Lines of indented blocks and short code that begin like a command."""
    plain = re.sub(r"```.*?```", "", text, flags=re.S)
    lines = re.findall(r"^    (\S.*)$", plain, re.M)
    # a command may be broken over two lines of a paragraph
    lines += [line.replace("\n", " ") for line in re.findall(r"`([^`]+)`", plain)]
    start = re.compile(r"(\.venv/bin/)?(foryou|make|python) [\w./-]")
    return [line for line in lines if start.match(line)]


FOUND = [(page, line) for page in PAGES for line in commands(page.read_text(encoding="utf-8"))]


def arguments(line: str) -> list[str]:
    words = shlex.split(line, comments=True)
    return [words[0].removeprefix(".venv/bin/"), *words[1:]]


def check_scenario(page: Path, name: str, changes: list[str], folder: Path) -> None:
    """Load the scenario that a command names: of the project, of the page, or a new one."""
    if (ROOT / name).is_file():
        load(ROOT / name, changes)
        return
    blocks = dict(re.findall(r"`([\w.]+)`[^`]*:\n\n```yaml\n(.*?)```", page.read_text(), re.S))
    shutil.copytree(ROOT / "scenarios", folder / "scenarios")
    file = folder / Path(name).name
    file.write_text(blocks.get(file.name, STARTER), encoding="utf-8")
    load(file, changes)


def check_foryou(page: Path, words: list[str], folder: Path) -> None:
    group = typer.main.get_command(app)
    if words in (["--help"], ["--version"]):
        return
    command = group.commands[words[0]]  # type: ignore[attr-defined]
    rest = words[1 : words.index(">")] if ">" in words else words[1:]
    context = command.make_context(words[0], list(rest))  # raises for an unknown option
    if "scenario" in context.params:
        changes = list(context.params["changes"] or ())
        check_scenario(page, str(context.params["scenario"]), changes, folder)


def check(page: Path, line: str, folder: Path) -> None:
    program, *words = arguments(line)
    if program == "make":
        targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M)
        assert words[0] in targets
    elif program == "python":
        assert (ROOT / words[0]).is_file()
    else:
        check_foryou(page, words, folder)


@pytest.mark.parametrize(
    ("page", "line"), FOUND, ids=[f"{page.stem}-{i}" for i, (page, _) in enumerate(FOUND)]
)
def test_command_is_right(page: Path, line: str, tmp_path: Path) -> None:
    check(page, line, tmp_path)


@pytest.mark.parametrize("name", typer.main.get_command(app).commands)  # type: ignore[attr-defined]
def test_examples_of_the_help_are_right(name: str, tmp_path: Path) -> None:
    for i, line in enumerate(import_module(f"sim.cli.{name}").EXAMPLES):
        folder = tmp_path / str(i)
        folder.mkdir()
        check(ROOT / "README.md", line, folder)


def test_commands_are_found() -> None:
    pages = {page.stem for page, _ in FOUND}
    assert {"README", "CONTRIBUTING", "first_run", "own_settings", "custom_ranker"} <= pages
    assert any("facts_of_a_run" in line for _, line in FOUND), "one that is broken over two lines"


@pytest.mark.parametrize(
    "line",
    [
        "foryou runn a.yaml",
        "foryou run scenarios/baseline.yaml --sett a=1",
        "foryou run scenarios/baseline.yaml --set feed.weights.lik=1",
        "make nothing",
        "python docs/absent.py",
    ],
)
def test_a_wrong_command_is_noticed(line: str, tmp_path: Path) -> None:
    with pytest.raises((KeyError, AssertionError, ScenarioError, USAGE_ERROR)):
        check(ROOT / "README.md", line, tmp_path)
