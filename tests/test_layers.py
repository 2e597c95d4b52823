"""Imports go one way: a file reads lower layers, and files of its own layer without a circle."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

ORDER = [
    {"machine"},
    {"core"},
    {"scenario"},
    {"world"},
    {"behaviour", "feed"},
    {"record"},
    {"engine", "analysis"},
    {"plots"},
    {"assemble"},
    {"checkpoint"},
    {"running"},
    {"simulate"},
    {"study"},
    {"lab"},
    {"cli"},
]
"""Low to high; layers in one set must not know each other."""
RANK = {layer: rank for rank, layers in enumerate(ORDER) for layer in layers}
STUDY = [
    {"statistics"},
    {"runs"},
    {"points"},
    {"worlds", "compare", "sweep", "sensitivity", "tune", "perturb"},
]
"""The same within ``sim/study``: one kind of study knows nothing of another."""
BESIDE = "testing"
"""May import anything; only tests import it."""


def module_name(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules(root: Path) -> dict[str, Path]:
    return {module_name(path, root): path for path in sorted((root / "sim").rglob("*.py"))}


def imports(name: str, path: Path, known: dict[str, Path]) -> Iterator[tuple[int, str]]:
    """Line and module of each import of ``sim``, also those inside functions."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, *([base] if base else [])])
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                yield node.lineno, inner if inner in known else base


def layer(module: str) -> str:
    """The layer of a module; empty for ``sim`` itself."""
    return [*module.split("."), ""][1]


def violations(root: Path) -> list[str]:
    """Every import that goes up or sideways."""
    known, found = modules(root), []
    for name, path in known.items():
        here = layer(name)
        if here and here != BESIDE and here not in RANK:
            found.append(f"{name} is in no known layer")
            continue
        for line, target in imports(name, path, known):
            if target.split(".")[0] != "sim" or here == BESIDE:
                continue
            there = layer(target)
            place = f"{path.relative_to(root)}:{line} imports {target}"
            if there == BESIDE:
                found.append(f"{place}, which is for tests alone")
            elif here and here != there and RANK.get(there, len(ORDER)) >= RANK[here]:
                # `import sim` itself has no layer: reading it would drag everything in.
                found.append(f"{place}, which is not below {here}")
    return found


def study_violations(root: Path) -> list[str]:
    """Every import within ``sim.study`` that goes up or sideways."""
    rank = {folder: number for number, folders in enumerate(STUDY) for folder in folders}
    known, found = modules(root), []
    for name, path in known.items():
        here = name.removeprefix("sim.study.").split(".")[0]
        if not name.startswith("sim.study."):
            continue  # the package itself gathers its folders
        if here not in rank:
            found.append(f"{name} is in no known folder of sim/study")
            continue
        for line, target in imports(name, path, known):
            if target != "sim.study" and not target.startswith("sim.study."):
                continue
            there = target.removeprefix("sim.study.").split(".")[0]
            if here != there and rank.get(there, len(STUDY)) >= rank[here]:
                place = f"{path.relative_to(root)}:{line} imports {target}"
                found.append(f"{place}, which is not below {here}")
    return found


def circle(root: Path) -> list[str]:
    """Modules that import each other in a circle, or nothing."""
    known = modules(root)
    edges = {
        name: {
            target for _, target in imports(name, path, known) if target in known and target != name
        }
        for name, path in known.items()
    }
    done: set[str] = set()

    def visit(name: str, trail: list[str]) -> list[str]:
        if name in trail:
            return [*trail[trail.index(name) :], name]
        if name in done:
            return []
        for target in sorted(edges[name]):
            # A package whose __init__ gathers its files is not a reader of them.
            gathers = known[name].name == "__init__.py" and target.startswith(f"{name}.")
            if not gathers and (found := visit(target, [*trail, name])):
                return found
        done.add(name)
        return []

    for name in sorted(edges):
        if found := visit(name, []):
            return found
    return []


def test_imports_go_down() -> None:
    assert violations(ROOT) == []


def test_imports_within_studies_go_down() -> None:
    assert study_violations(ROOT) == []


def test_no_import_circles() -> None:
    assert circle(ROOT) == []


def test_there_is_something_to_check() -> None:
    names = modules(ROOT)
    assert "sim.core.errors" in names
    assert len(names) > 20


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / "sim" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("feed/rank.py", "from sim.behaviour.watch import hazard"),
        ("behaviour/watch.py", "import sim.feed"),
        (
            "core/errors.py",
            "def late():\n    from sim.simulate import simulate\n    return simulate",
        ),
        ("core/errors.py", "from ..scenario import load"),
        ("world/state.py", "from .. import assemble"),
        ("engine/clock.py", "from sim.testing import tiny"),
        ("engine/clock.py", "import sim"),
        ("extra/new.py", "import math"),
    ],
)
def test_a_wrong_import_is_found(tmp_path: Path, file: str, text: str) -> None:
    others = {
        "__init__.py": "",
        "assemble.py": "",
        "scenario/__init__.py": "",
        "behaviour/__init__.py": "",
        "feed/__init__.py": "",
    }
    assert len(violations(tree(tmp_path, others | {file: text}))) == 1


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("study/statistics/paired.py", "from sim.study.runs.plan import RunSpec"),
        ("study/runs/store.py", "def late():\n    from ..points import play"),
        ("study/sensitivity/plan.py", "from sim.study.sweep.plan import BASE"),
        ("study/tune/search.py", "from sim.study import compare"),
        ("study/tune/search.py", "import sim.study"),
        ("study/alone.py", "import math"),
    ],
)
def test_a_wrong_import_within_studies_is_found(tmp_path: Path, file: str, text: str) -> None:
    folders = ("", *(f"{folder}/" for folders in STUDY for folder in folders))
    others = {f"study/{folder}__init__.py": "" for folder in folders}
    assert len(study_violations(tree(tmp_path, others | {file: text}))) == 1


def test_a_right_import_is_accepted(tmp_path: Path) -> None:
    files = {
        "cli/run.py": "from sim.simulate import simulate",
        "simulate.py": "from .core import errors",
        "testing/worlds.py": "from sim.cli import run",
        "core/errors.py": "",
        "study/__init__.py": "from sim.study.tune.study import tune",
        "study/tune/study.py": "from sim.study.runs import plan\nfrom sim.study.tune import front",
    }
    assert study_violations(tree(tmp_path, files)) == []
    assert violations(tree(tmp_path, files)) == []


def test_a_circle_is_found(tmp_path: Path) -> None:
    files = {
        "core/a.py": "from sim.core.b import x",
        "core/b.py": "def f():\n    from sim.core import a",
    }
    assert set(circle(tree(tmp_path, files))) == {"sim.core.a", "sim.core.b"}
