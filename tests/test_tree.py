"""The tree must mean the same on every machine: no paths of one machine, no package indexes."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

FORBIDDEN = {
    "a path of one machine": re.compile(
        r"(?<![\w.~$}/:-])/(?:home|root|tmp|work|Users|mnt|opt)/\w|\b[A-Z]:\\Users\\"
    ),
    "a package index": re.compile(
        r"(?i)(?:extra-)?index[-_]url|find[-_]links|pypi\.org/simple|https?://[\w.:-]+/simple\b"
    ),
    "a version from an address": re.compile(r"(?i)^[\w.\[\]-]+ *@ *(?:https?|git|file)[+:]", re.M),
}


def tracked() -> list[Path]:
    return listed("--cached", "--others")


def listed(*which: str) -> list[Path]:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: which files are tracked is not known")
    names = subprocess.run(
        ["git", "ls-files", "-z", *which, "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [ROOT / name for name in names.split("\0") if name]


def faults(text: str) -> list[str]:
    """What a text says that only one machine can understand."""
    return [
        f"{what}: line {text.count(chr(10), 0, match.start()) + 1}"
        for what, pattern in FORBIDDEN.items()
        for match in pattern.finditer(text)
    ]


def test_no_tracked_file_speaks_of_one_machine() -> None:
    found = {}
    for path in tracked():
        # This file has to spell out what it looks for.
        if not path.is_file() or path == Path(__file__).resolve():
            continue
        content = path.read_bytes()
        if b"\0" in content:
            continue
        if wrong := faults(content.decode("utf-8", errors="replace")):
            found[str(path.relative_to(ROOT))] = wrong
    assert found == {}


def test_no_source_file_is_ignored() -> None:
    """A folder of the package may bear the name of one that runs are written to."""
    ignored = [path for path in listed("--others", "--ignored") if path.suffix == ".py"]
    assert [path for path in ignored if (ROOT / "sim") in path.parents] == []


@pytest.mark.parametrize(
    "text",
    [
        "open('/home/ada/data.csv')",
        "see /tmp/x",
        '"C:\\Users\\ada"',
        "--extra-index-url somewhere",
        "PIP_INDEX_URL=somewhere",
        "https://mirror.example/simple",
        "polars @ https://example.org/polars.whl",
    ],
)
def test_a_fault_is_found(text: str) -> None:
    assert len(faults(text)) == 1


@pytest.mark.parametrize(
    "text", ["~/tmp/x", "docs/work/x", "https://example.org/home/x", "/usr/bin/env", "numpy==2.4.6"]
)
def test_harmless_text_passes(text: str) -> None:
    assert faults(text) == []
