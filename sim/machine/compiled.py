"""``njit`` as the whole project uses it: cached on disk, without the GIL, never stale.

Numba decides by one file's time stamp whether a cached function is current; it does not see
that a function inlined from another file has changed. So the name of the cache folder is a key of
all sources, of the interpreter and of the processor: changed code never meets an old binary, and
old folders are removed. A damaged file is compiled anew (``sim.machine.cache_files``).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any, TypeVar

import numba
from numba.core import config as numba_config
from numba.core.typeinfer import register_dispatcher

from sim.machine.cache_files import CheckedCache
from sim.machine.cache_folder import choose_folder, code_hash, is_finished, mark_finished
from sim.machine.notice import MachineError

__all__ = ["Settled", "cache_folder", "code_hash", "compiled", "is_kept", "keep", "njit"]

F = TypeVar("F", bound=Callable[..., Any])

if numba_config.DISABLE_JIT:  # type: ignore[attr-defined]
    raise MachineError(
        "NUMBA_DISABLE_JIT is set, and nothing here runs without being compiled; unset it"
    )

cache_folder: Path | None = choose_folder()
"""Where compiled code is kept; None when there is no folder that can be used."""

_compiled_here = False


def is_kept() -> bool:
    """Whether everything is compiled already: on disk, or by this process in memory."""
    return _compiled_here or (cache_folder is not None and is_finished(cache_folder))


def keep() -> None:
    """Say that everything is compiled now, so that :func:`is_kept` is true from here on."""
    global _compiled_here
    _compiled_here = True
    if cache_folder is not None:
        mark_finished(cache_folder)


def njit(signature: Any = None, *, forceinline: bool = False) -> Callable[[F], F]:
    """Compile a function: cached, GIL released, no ``fastmath``, division by zero gives inf or NaN.

    ``forceinline`` is for small functions in the innermost loops. They become part of whoever
    calls them, so only those with a ``signature`` are kept on disk for themselves; the others also
    when Python calls them, see :func:`_inlined`.
    """
    options: dict[str, Any] = {
        "forceinline": forceinline,
        "nogil": True,
        "error_model": "numpy",
    }
    if signature is None and forceinline:
        return _inlined

    def wrap(function: F) -> F:
        made: Any = numba.njit(**options)(function)
        if cache_folder is not None and _has_file(function):
            made._cache = CheckedCache(function, cache_folder)  # what cache=True sets, unchecked
        if signature is not None:
            with register_dispatcher(made):
                made.compile(signature)
            made.disable_compile()
        wrapped: F = made
        return wrapped

    return wrap


def _has_file(function: Any) -> bool:
    """Whether the source can tell if what is kept is current; not of one typed in a notebook."""
    return Path(function.__code__.co_filename).is_file()


_PACKAGE = Path(__file__).resolve().parents[1]
_NO_OTHERS = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def _inlined(function: F, *, kept: bool = True) -> F:
    """Compile a function to be put into its callers.

    For each compiled function Numba also makes two others, in which all of it stands once more: one
    for Python to call and one for C. Hardly a function of this kind is called from there, and to
    compile all three takes a fifth of the time that the engine needs. So these are not made. Python
    calls the function as it is compiled for itself, which happens at the first call; with ``kept``
    it is on disk then.
    """
    make: Any = numba.njit
    usual = {"nogil": True, "error_model": "numpy"}
    inlined = make(forceinline=True, **_NO_OTHERS, **usual)(function)
    alone: list[Any] = []

    def add_inlined(result: Any) -> None:
        # compiled callers find it there; Python does not, there is nothing that it could call
        inlined.overloads[tuple(result.signature.args)] = result

    def compile_alone(*args: Any, **named: Any) -> Any:
        if not alone:
            alone.append(make(**usual)(function))
            if kept and cache_folder is not None and _is_of_package(function):
                alone[0]._cache = CheckedCache(function, cache_folder)
            add = alone[0].add_overload

            def add_alone(result: Any) -> None:
                add(result)
                kinds = [kind._code for kind in result.signature.args]
                inlined._insert(kinds, result.entry_point, result.objectmode)

            alone[0].add_overload = add_alone
        return alone[0]._compile_for_args(*args, **named)

    inlined.add_overload, inlined._compile_for_args = add_inlined, compile_alone
    wrapped: F = inlined
    return wrapped


def _is_of_package(function: Any) -> bool:
    """Whether the hash of all sources says all that the function depends on."""
    source = Path(function.__code__.co_filename)
    return function.__closure__ is None and source.is_relative_to(_PACKAGE)


def compiled(formula: F, **parts: Any) -> F:
    """Compile a formula of plain Python, to be inlined, with ``parts`` in place of what it calls.

    ``parts`` are compiled functions by the names under which the formula calls them, such as
    ``exp``. So one formula serves the play and whoever has no use for compiled code. Raises
    ``ValueError`` for a name that the formula does not use.
    """
    plain: Any = formula
    for name in parts:
        if name not in plain.__code__.co_names:
            raise ValueError(f"{plain.__name__} has no use for {name!r}")
    made: Any = FunctionType(plain.__code__, {**plain.__globals__, **parts}, plain.__name__)
    made.__doc__, made.__module__ = plain.__doc__, plain.__module__
    # on disk nothing would tell it from the same formula with other parts
    wrapped: F = _inlined(made, kept=False)
    return wrapped


class Settled:
    """A compiled function that is called again and again with arguments of the same types.

    To find out which of its versions fits takes Numba 16 microseconds when the arguments are
    tuples of a hundred arrays: a tenth of a window in a world of 2,000 users. So the version is
    looked up at the first call, and the later ones go straight to it. Whoever makes one vouches
    for the types: arrays may be others and longer, but must have the same dtype, number of axes
    and layout.
    """

    def __init__(self, function: Any) -> None:
        self._function = function
        self._version: Callable[..., Any] | None = None

    def __call__(self, *args: Any) -> Any:
        """Call the function."""
        if self._version is not None:
            return self._version(*args)
        result = self._function(*args)
        version = self._function.overloads.get(
            tuple(self._function.typeof_pyval(arg) for arg in args)
        )
        inlined = _NO_OTHERS.keys() <= getattr(self._function, "targetoptions", {}).keys()
        # without a version it was called with other types, which were converted; that of a function
        # which is put into its callers is not for Python
        if version is not None and not inlined:
            self._version = version.entry_point
        return result
