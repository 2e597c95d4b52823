"""Scenario files: reading them, and laying a file over the one that it extends.

``extends: other.yaml`` stands for the settings of another file in the same folder, or in a folder
inside it. Mappings are merged key by key, lists are replaced; a part that names another
component or policy replaces the whole part, and one of two settings that stand for each other
replaces the other. Each value keeps the place it came from. Nothing
outside the folder of the first file is ever read.

A message quotes what is wrong, and a file may be something else than a scenario: a link that a
stranger has laid to a file that only this user can read, or no YAML at all. Of a symbolic link only
the place of a problem is told, and of what is no mapping nothing is quoted.
"""

from __future__ import annotations

import dataclasses
import stat
from collections.abc import Iterable, Set
from pathlib import Path, PurePosixPath
from typing import Final

from sim.core.errors import Problem
from sim.core.units import shown, suggest
from sim.scenario.alternatives import without_replaced
from sim.scenario.nodes import Entry, Location, Node, Place, Scalar, Table
from sim.scenario.text import MAX_BYTES, decode, read_text

__all__ = [
    "EXTENDS",
    "MAX_CHAIN",
    "merge",
    "read_scenario_file",
    "resolved",
    "unquoted",
    "without_extends",
]

EXTENDS: Final = "extends"
"""Key that names the file below."""
MAX_CHAIN: Final = 8
"""Most files on top of each other."""
_NAMING_KEYS: Final = ("use", "policy")
_SUFFIXES: Final = (".yaml", ".yml")
_LINK: Final = (
    "is wrong; the file is a symbolic link, so nothing of it is quoted: check the file that it "
    "points to"
)


def read_scenario_file(path: Path, name: str) -> tuple[Node | None, list[Problem], frozenset[str]]:
    """The tree of a file and of all that it extends, and every problem with reading them.

    ``name`` is the file name as the user gave it. The last of the three are the names of those
    files that are symbolic links; see :func:`unquoted`.
    """
    chain = _Chain(resolved(path).parent)
    root, problems = chain.read(path, name, ())
    return root, problems, frozenset(chain.links)


def resolved(path: Path) -> Path:
    """The file that a path leads to; the path itself where links go round in a circle."""
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        return path.absolute()


def unquoted(problems: Iterable[Problem], links: Set[str]) -> list[Problem]:
    """The problems, those inside of files that are symbolic links without any word of theirs."""
    return [
        dataclasses.replace(problem, path="", message=_LINK)
        if problem.line > 0 and problem.file in links
        else problem
        for problem in problems
    ]


def without_extends(root: Node) -> tuple[Node, Entry | None]:
    """The tree without its ``extends`` key, and that entry."""
    if not isinstance(root, Table) or EXTENDS not in root.entries:
        return root, None
    entries = {key: entry for key, entry in root.entries.items() if key != EXTENDS}
    return dataclasses.replace(root, entries=entries), root.entries[EXTENDS]


def merge(below: Node, above: Node, at: Location = ()) -> Node:
    """One tree laid over another, both ``at`` a place; what ``above`` says wins."""
    if not (isinstance(below, Table) and isinstance(above, Table)) or _other_part(below, above):
        return above
    entries = without_replaced(at, below.entries, above.entries)
    for key, entry in above.entries.items():
        old = entries.get(key)
        value = entry.value if old is None else merge(old.value, entry.value, (*at, key))
        entries[key] = Entry(entry.key_place, value)
    return Table(entries, above.place, below.incomplete or above.incomplete)


def _other_part(below: Table, above: Table) -> bool:
    """Whether the two name different components, whose options have nothing in common."""
    for key in _NAMING_KEYS:
        old, new = below.entries.get(key), above.entries.get(key)
        if old is not None and new is not None:
            a, b = old.value, new.value
            return not (isinstance(a, Scalar) and isinstance(b, Scalar) and a.value == b.value)
    return False


class _Chain:
    """Reads a file and those it extends."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.links: set[str] = set()

    def read(
        self, path: Path, name: str, above: tuple[tuple[Path, str], ...]
    ) -> tuple[Node | None, list[Problem]]:
        if path.is_symlink():
            self.links.add(name)
        data = _bytes(path, name)
        if isinstance(data, Problem):
            return None, [data]
        text = decode(data, name)
        if isinstance(text, Problem):
            return None, [text]
        root, problems = read_text(text, name)
        if root is None:
            # what was found before it proved to be no YAML may be words of some other text
            return None, problems[-1:]
        root, extends = without_extends(root)
        if extends is None:
            return root, problems
        below, more = self.below(extends.value, path, name, (*above, (resolved(path), name)))
        problems += more
        if below is None:
            # what is missing may well stand in the file that could not be read
            return (
                dataclasses.replace(root, incomplete=True) if isinstance(root, Table) else root
            ), problems
        return merge(below, root), problems

    def below(
        self, value: Node, path: Path, name: str, chain: tuple[tuple[Path, str], ...]
    ) -> tuple[Node | None, list[Problem]]:
        """The tree of the file that ``extends`` names."""

        def refuse(message: str) -> tuple[None, list[Problem]]:
            return None, [value.place.problem((EXTENDS,), message)]

        if not isinstance(value, Scalar) or not isinstance(value.value, str):
            if not isinstance(value, Scalar):
                return refuse("wants the name of one scenario file")
            return refuse(f"wants the name of a scenario file; got {value.raw}")
        wanted = value.value
        pure = PurePosixPath(wanted)
        if "\0" in wanted or "\\" in wanted or pure.is_absolute() or wanted.startswith("~"):
            return refuse(f"must be a path relative to this file; got {shown(wanted)}")
        if pure.suffix not in _SUFFIXES:
            return refuse(f"must end in .yaml or .yml; got {shown(wanted)}")
        target = path.parent / pure
        try:
            found = target.resolve()
        except (OSError, RuntimeError):  # a loop of symbolic links
            return refuse(f"cannot be followed; got {shown(wanted)}")
        if not found.is_relative_to(self.folder):
            return refuse(f"must stay inside the folder of the scenario; got {shown(wanted)}")
        files = [file for file, _ in chain]
        target_name = str(PurePosixPath(name).parent / pure)
        if found in files:
            names = [shown_name for _, shown_name in chain[files.index(found) :]]
            return refuse("goes round in a circle: " + " -> ".join([*names, target_name]))
        if len(chain) >= MAX_CHAIN:
            return refuse(f"stacks more than {MAX_CHAIN} files")
        missing = _unreadable(found, target_name)
        if missing is not None:
            return refuse(f"{shown(wanted)} {missing}")
        return self.read(target, target_name, chain)


def _unreadable(path: Path, name: str) -> str | None:
    """Why a path is no file that can be read, or ``None``."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return "does not exist" + _similar(path, name)
    except (OSError, ValueError) as error:
        return f"cannot be read: {getattr(error, 'strerror', None) or 'bad name'}"
    if stat.S_ISDIR(mode):
        return "is a folder; give a scenario file"
    return None if stat.S_ISREG(mode) else "is not a regular file"


def _similar(path: Path, name: str) -> str:
    """A hint at a file with a similar name beside a missing one."""
    try:
        names = [file.name for file in path.parent.iterdir() if file.suffix in _SUFFIXES]
    except OSError:
        return ""
    guess = suggest(PurePosixPath(name).name, names)
    return f"; {guess}" if guess else ""


def _bytes(path: Path, name: str) -> bytes | Problem:
    place = Place(name)
    reason = _unreadable(path, name)
    if reason is not None:
        return place.problem((), reason)
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        return place.problem((), f"cannot be read: {error.strerror}")
