"""Help answers at once, and what it shows can be typed."""

from __future__ import annotations

import shlex
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from sim.cli import check, compare, new, plot, run, schema, show, worlds
from sim.cli.main import app, main

COMMANDS = {
    "run": run,
    "check": check,
    "show": show,
    "plot": plot,
    "new": new,
    "schema": schema,
    "worlds": worlds,
    "compare": compare,
}
HEAVY = {
    "matplotlib",
    "numba",
    "numpy",
    "polars",
    "powerlaw",
    "pyarrow",
    "scipy",
    "simpy",
    "yaml",
}


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("args", [["--help"], ["--version"], *([c, "--help"] for c in COMMANDS)])
def test_help_loads_nothing_heavy(args: list[str]) -> None:
    done = python(
        "import sys; from sim.cli.main import main\n"
        f"assert main({args!r}) == 0\n"
        f"print(sorted(set(sys.modules) & {HEAVY!r}), file=sys.stderr)"
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.strip() == "[]"
    assert done.stdout


def test_top_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    for name in COMMANDS:
        assert f"\n  {name} " in text


@pytest.mark.parametrize("name", COMMANDS)
def test_help_shows_the_examples_as_they_are_typed(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([name, "--help"]) == 0
    text = capsys.readouterr().out
    for example in COMMANDS[name].EXAMPLES:
        assert f"    {example}\n" in text


@pytest.mark.parametrize(
    "example", [line for module in COMMANDS.values() for line in module.EXAMPLES]
)
def test_examples_are_understood(example: str) -> None:
    program, name, *args = shlex.split(example)
    assert program == "foryou"
    command = typer.main.get_command(app).commands[name]  # type: ignore[attr-defined]
    context = command.make_context(name, args)
    assert set(context.params) >= {"scenario"} or name not in {"run", "check"}


def test_no_arguments_give_the_help_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "Commands:" in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["rnu"], "rnu"),
        (["run"], "SCENARIO"),
        (["run", "x.yaml", "--sede", "3"], "--sede"),
        (["run", "x.yaml", "--seed", "-1"], "--seed"),
        (["run", "x.yaml", "--seed", "one"], "--seed"),
        (["run", "x.yaml", "--shards", "0"], "--shards"),
        (["plot", "x", "--format", "gif"], "gif"),
    ],
)
def test_wrong_usage_is_said_with_exit_code_2(
    args: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(args) == 2
    seen = capsys.readouterr()
    assert words in seen.err
    assert seen.out == ""


def test_version_is_the_one_of_the_distribution() -> None:
    from importlib.metadata import version

    assert CliRunner().invoke(app, ["--version"]).output == f"foryou {version('foryou')}\n"
