"""The user's own code that a scenario names: which files it is made of, and their digests.

Files are those of the modules that the scenario names, and all that these import from their own
folders, directly or through others. What is imported in other ways than by ``import`` is not seen.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path

from sim.scenario import Scenario
from sim.scenario.components import Custom, is_custom

__all__ = ["code_digests", "own_code"]


def own_code(scenario: Scenario) -> Iterator[str]:
    """Every ``module:Class`` of a scenario."""
    feed = scenario.feed
    yield from (name for name in feed.sources if is_custom(name))
    for part in (*feed.filters, feed.predict, *feed.score, feed.select):
        if isinstance(part, Custom):
            yield part.use


def code_digests(scenario: Scenario, folder: Path) -> dict[str, str]:
    """Digest of the source of every file of the scenario's own code, by name.

    ``folder`` is where its modules are looked for first. The name of a module that the scenario
    names is its own; that of what it imports has the name of the file beside it.
    """
    found: dict[str, str] = {}
    for module in sorted({use.partition(":")[0] for use in own_code(scenario)}):
        path = _file_of(module, folder)
        found[module] = _digest(path)
        for other in sorted(_imported(path)):
            found[f"{module}/{other.relative_to(path.parent).as_posix()}"] = _digest(other)
    return found


def _file_of(module: str, folder: Path) -> Path:
    """The source of a module: beside the scenario, or as it is installed."""
    from importlib.util import find_spec

    path = folder / f"{module.replace('.', '/')}.py"
    if path.is_file():
        return path
    try:
        spec = find_spec(module)
    except (ImportError, ValueError):
        spec = None
    return Path(spec.origin) if spec is not None and spec.origin else path


def _imported(first: Path) -> set[Path]:
    """All files below the folder of a module that it imports, directly or through others."""
    found: set[Path] = set()
    waiting = [first]
    while waiting:
        for path in _imports_of(waiting.pop(), first.parent):
            if path != first and path not in found:
                found.add(path)
                waiting.append(path)
    return found


def _imports_of(path: Path, root: Path) -> Iterator[Path]:
    """The files below ``root`` that one file imports."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return  # it is told when the code is loaded
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _modules(alias.name.split("."), (root, path.parent))
        elif isinstance(node, ast.ImportFrom):
            base = (node.module or "").split(".") if node.module else []
            above = path.parent
            for _ in range(node.level - 1):
                above = above.parent
            places = (above,) if node.level else (root, path.parent)
            for alias in node.names:
                yield from _modules([*base, alias.name], places)


def _modules(parts: list[str], places: tuple[Path, ...]) -> Iterator[Path]:
    """The files of a module and of the packages that it lies in, where they are."""
    for place in dict.fromkeys(places):
        for count in range(1, len(parts) + 1):
            stem = place.joinpath(*parts[:count])
            for path in (stem.with_suffix(".py"), stem / "__init__.py"):
                if path.is_file():
                    yield path


def _digest(path: Path) -> str:
    source = path.read_bytes() if path.is_file() else b""
    return hashlib.blake2b(source, digest_size=16).hexdigest()
