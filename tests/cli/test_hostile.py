"""Whatever a stranger's scenario or argument holds: a message, soon, and nothing raw of it."""

from __future__ import annotations

import importlib.util
import re
import resource
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

from sim.cli.main import main

RAW = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
MOST_S = 5.0
MOST_BYTES = 500 * 2**20


def generator() -> ModuleType:
    path = Path(__file__).with_name("hostile.py")
    spec = importlib.util.spec_from_file_location("hostile", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HOSTILE = generator()


def peak_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def fault(number: int, folder: Path, capfd: pytest.CaptureFixture[str]) -> str:
    """What is wrong with how a case ends; empty when nothing is."""
    args = HOSTILE.case(number, folder)
    before, began = peak_bytes(), time.process_time()
    try:
        code = main(args)
    except BaseException as error:  # what would be a traceback
        capfd.readouterr()
        return f"ends with {error!r:.300}"
    took, grown = time.process_time() - began, peak_bytes() - before
    out, err = capfd.readouterr()
    if code not in (0, 2):
        return f"exit code {code}"
    if code == 2 and not err:
        return "no message"
    if "Traceback" in out + err:
        return "a traceback"
    if raw := RAW.search(out + err):
        return f"the character {raw[0]!r} as it is"
    if number % len(HOSTILE.KINDS) in UNQUOTED and HOSTILE.SECRET in out + err:
        return f"quotes what it must not: {err[:300]}"
    if took > MOST_S:
        return f"{took:.1f} s"
    return f"{grown / 2**20:.0f} MiB more" if grown > MOST_BYTES else ""


UNQUOTED = {HOSTILE.KINDS.index(kind) for kind in (HOSTILE.links, HOSTILE.no_scenario)}


def faults(cases: range, folder: Path, capfd: pytest.CaptureFixture[str]) -> dict[str, str]:
    found = {}
    for number in cases:
        if wrong := fault(number, folder, capfd):
            found[f"{number} {HOSTILE.KINDS[number % len(HOSTILE.KINDS)].__name__}"] = wrong
    return found


@pytest.mark.parametrize("first", [0, 250])
def test_hundreds_of_hostile_cases(
    first: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert faults(range(first, first + 250), tmp_path / "case", capfd) == {}


@pytest.mark.large
def test_ten_thousand_hostile_cases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert faults(range(1_000, 11_000), tmp_path / "case", capfd) == {}
