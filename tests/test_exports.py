"""What ``__all__`` says is what a module offers, no more and no less."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted(
    path for path in (ROOT / "sim").rglob("*.py") if path.name not in {"__init__.py", "__main__.py"}
)
PACKAGES = sorted((ROOT / "sim").rglob("__init__.py"))


def exported(tree: ast.Module) -> list[str] | None:
    """The names in ``__all__``, or None when there is none."""
    for node in tree.body:
        if isinstance(node, ast.Assign):
            names = [t.id for t in node.targets if isinstance(t, ast.Name)]
            if "__all__" in names:
                return list(ast.literal_eval(node.value))
    return None


def functions_and_classes(tree: ast.Module) -> set[str]:
    """Functions and classes that the file defines itself."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return {node.name for node in tree.body if isinstance(node, kinds)}


def assigned(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in tree.body:
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign):
            targets = [node.target]
        for target in targets:
            names |= {n.id for n in ast.walk(target) if isinstance(n, ast.Name)}
    return names


def imported(tree: ast.Module) -> set[str]:
    """Names that come from other files of this project."""
    return {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and (node.level or (node.module or "")[:3] == "sim")
        for alias in node.names
    }


def problems(text: str) -> list[str]:
    """What is wrong with the ``__all__`` of a source text."""
    tree = ast.parse(text)
    names = exported(tree)
    own = functions_and_classes(tree)
    public = {name for name in own if not name.startswith("_")}
    if names is None:
        return [f"no __all__, but it defines {sorted(public)}"] if public else []
    found = []
    if len(set(names)) != len(names):
        found.append("a name is given twice")
    # What it makes, and what it hands on from elsewhere in the project.
    offered = own | assigned(tree) | imported(tree)
    if unknown := sorted(set(names) - offered):
        found.append(f"exported but not defined here: {unknown}")
    if missing := sorted(public - set(names)):
        found.append(f"public but not exported: {missing}")
    if private := sorted(n for n in names if n.startswith("_") and n != "__version__"):
        found.append(f"exported but private by name: {private}")
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_file_exports_what_it_defines(path: Path) -> None:
    assert problems(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", PACKAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_package_exports_what_it_imports(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert problems(text) == []
    tree = ast.parse(text)
    if (names := exported(tree)) is not None:
        unsaid = {n for n in imported(tree) if not n.startswith("_")} - set(names)
        assert unsaid == set(), "imported by the package but not exported"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("def f(): ...", "no __all__"),
        ("__all__ = ['f', 'f']\ndef f(): ...", "twice"),
        ("__all__ = ['f', 'g']\ndef f(): ...", "not defined"),
        ("__all__ = ['join']\nfrom os.path import join", "not defined"),
        ("__all__ = ['X']\nX = 1\nclass Y: ...", "not exported"),
        ("__all__ = ['_f']\ndef _f(): ...", "private"),
    ],
)
def test_a_wrong_list_is_found(text: str, fault: str) -> None:
    (found,) = problems(text)
    assert fault in found
