"""Errors that are not ours and that a user can mend all the same, as one message each."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from sim.core.helper import cores
from sim.core.printable import one_line

if TYPE_CHECKING:
    import typer

__all__ = ["cramped", "mishap", "odd_digits", "presentable", "unwritable"]

_NO_MEMORY: Final = re.compile(
    r"cannot allocate memory|failed to map segment|can't start new thread|out of memory"
    r"|could not spawn threads"
    r"|unable to allocate|memory allocation of|bad_alloc|not enough memory",
    re.IGNORECASE,
)
"""How libraries say that there is no memory, in errors that are no ``MemoryError``."""


def mishap(error: BaseException) -> str | None:
    """What to tell the user of an error; ``None`` of one that is a fault of ours."""
    if any(_of_memory(one) for one in _chain(error)):
        return (
            "there is not enough memory; simulate fewer people (population.users) or for a shorter "
            "time (duration), use fewer --workers, or raise the limit (ulimit -v)"
        )
    if isinstance(error, OSError):
        named = error.filename is not None and error.strerror
        return f"{error.filename}: {error.strerror}" if named else str(error)
    if isinstance(error, UnicodeEncodeError):
        part = one_line(error.object[max(error.start - 20, 0) : error.end + 20])
        return f'"{part}": is not text in Unicode; give the file or folder another name'
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, and all that it was raised from or in place of."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += [one.__cause__, one.__context__]


def _of_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError):
        return True
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return True
    # by name: a panic of Polars is neither an Exception nor to be imported without Polars
    loose = isinstance(error, OSError | RuntimeError | ImportError | SystemError)
    told = loose or type(error).__name__ in ("PanicException", "ComputeError")
    return told and _NO_MEMORY.search(str(error)) is not None


_LEAST: Final[dict[str, float]] = {"check": 0, "new": 0, "schema": 0, "show": 1.5, "plot": 2.0}
"""GiB of address space that a command takes beside its threads, of those that play no world."""
_PLAYING: Final = 3.0
_THREAD: Final = 0.125
"""GiB that libraries set apart for each core. Measured with two of them."""


def cramped(args: Sequence[str]) -> str | None:
    """What to tell where ``ulimit -v`` leaves a command so little that it cannot but fail.

    Libraries of compiled code end the process where Python would raise an error, or wait for ever
    for a thread that could not start. So what is hopeless is not begun.
    """
    try:
        import resource
    except ImportError:  # a system without such limits
        return None
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    command = next((arg for arg in args if not arg.startswith("-")), "check")
    least = _LEAST.get(command, _PLAYING)
    if limit == resource.RLIM_INFINITY or not least or {"-h", "--help"} & set(args):
        return None
    least += _THREAD * cores()
    if limit >= least * 2**30:
        return None
    return (
        f"ulimit -v allows {limit / 2**30:.1f} GiB of address space, and {one_line(command)} takes "
        f"at least {least:.1f}; most of it is never used. Raise the limit, such as with "
        "ulimit -v unlimited"
    )


def unwritable(args: Sequence[str]) -> str | None:
    """What to tell of a name to write to that is not text in Unicode; tables take no other."""
    for before, arg in zip(["", *args], args, strict=False):
        name = arg.removeprefix("--out=") if before != "--out" else arg
        if (before == "--out" or name != arg) and presentable(name) != name:
            return f'--out: "{one_line(name)}" is not text in Unicode; give another name'
    return None


def presentable(text: str) -> str:
    """An argument as it can be written to a UTF-8 file: half characters are spelled out."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return one_line(text)
    return text


def odd_digits(args: Sequence[str], app: typer.Typer) -> str | None:
    """What to tell of an option's number in digits that are not those of ASCII, if there is one.

    Python reads the digits of every script, which hardly two people read alike.
    """
    if all(arg.isascii() for arg in args):
        return None
    from typer.main import get_command

    commands: dict[str, Any] = getattr(get_command(app), "commands", {})
    command = next((commands[arg] for arg in args if arg in commands), None)
    names = {
        name for option in getattr(command, "params", ()) if _takes_number(option)
        for name in option.opts if name.startswith("-")
    }  # fmt: skip
    before = ""
    for arg in args:
        name, equals, value = arg.partition("=")
        # --seed 7, --seed=7 and -n7
        for option, text in ((before, arg), (name if equals else "", value), (arg[:2], arg[2:])):
            if option in names and not text.isascii():
                return f'{option}: wants a number in the digits 0 to 9; got "{text[:60]}"'
        before = arg
    return None


def _takes_number(option: Any) -> bool:
    wanted = getattr(getattr(option, "type_descriptor", None), "annotation", None)
    named = getattr(getattr(option, "type", None), "name", "")  # as older versions of Typer say it
    return wanted in (int, float) or named.split(" ")[0] in ("integer", "float")
