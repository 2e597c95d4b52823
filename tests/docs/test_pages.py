"""The documentation is up to date, and its links lead somewhere."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")])


def reference() -> dict[str, str]:
    """The reference pages as the code of today makes them."""
    path = ROOT / "docs" / "make_reference.py"
    spec = importlib.util.spec_from_file_location("make_reference", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    pages: dict[str, str] = module.pages()
    return pages


REFERENCE = reference()


@pytest.mark.parametrize("name", REFERENCE)
def test_reference_is_up_to_date(name: str) -> None:
    committed = (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")
    assert committed == REFERENCE[name], "run `make docs`"


def test_no_page_of_the_reference_is_left_over() -> None:
    assert {p.name for p in (ROOT / "docs" / "reference").iterdir()} == set(REFERENCE)


def anchors(text: str) -> set[str]:
    """The anchors that a Markdown page has: headings in small letters, spaces as dashes."""
    headings = re.findall(r"^#+ (.*)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


def broken_links(path: Path) -> list[str]:
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.S)
    found = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (path.parent / name).resolve() if name else path
        if not file.exists() or (anchor and anchor not in anchors(file.read_text("utf-8"))):
            found.append(target)
    return found


@pytest.mark.parametrize("path", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    assert broken_links(path) == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    other = tmp_path / "other.md"
    other.write_text("# A heading", encoding="utf-8")
    page = tmp_path / "page.md"
    page.write_text("[a](other.md#a-heading) [b](absent.md) [c](other.md#absent)", encoding="utf-8")
    assert broken_links(page) == ["absent.md", "other.md#absent"]
