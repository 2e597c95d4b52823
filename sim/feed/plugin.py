"""How a component of the user's own is found by its name."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sim.core.errors import ComponentError, ConsentError
from sim.feed.compiled import CompiledScore, is_compiled
from sim.feed.component import ARGUMENTS, METHODS, Stage

__all__ = ["load_plugin"]


def load_plugin(
    stage: Stage,
    use: str,
    options: Mapping[str, Any],
    base_dir: Path | None,
    allow_code: bool,
) -> Any:
    """The user's own component ``module:Class`` or ``module:function``.

    A function that Numba compiles is a :class:`CompiledScore`.

    ``module`` is looked for as a file beside the scenario first, then as an installed module.
    Raises ConsentError without ``allow_code``, ComponentError when it cannot be used.
    """
    if not allow_code:
        raise ConsentError(
            f'{use}: the scenario wants to run code of its own ("{use}" as {stage}). '
            "Read that code first; then allow it with --allow-code (in Python: allow_code=True)."
        )
    module_name, _, attribute = use.partition(":")
    module = _import(use, module_name, base_dir)
    found = getattr(module, attribute, None)
    if found is None:
        near = get_close_matches(attribute, [n for n in dir(module) if n[0] != "_"], 1)
        hint = f'; did you mean "{near[0]}"?' if near else ""
        raise ComponentError(f'{use}: "{module_name}" has no "{attribute}"{hint}')
    if inspect.isclass(found):
        component = _construct(use, found, options)
        method = getattr(component, METHODS[stage], None)
        if not callable(method):
            raise ComponentError(f"{use}: a {stage} needs a method {METHODS[stage]}(...)")
        _check_arguments(use, stage, method, {})
        return component
    if is_compiled(found):
        if stage != "score":
            raise ComponentError(f"{use}: a compiled function can be a score, not a {stage}")
        return CompiledScore(use, found, options)
    if callable(found):
        _check_arguments(use, stage, found, options)
        return _FunctionComponent(METHODS[stage], found, dict(options))
    raise ComponentError(f"{use}: is neither a class nor a function")


def _check_arguments(
    use: str, stage: Stage, function: Callable[..., Any], options: Mapping[str, Any]
) -> None:
    """Refuse a function that cannot be called as its stage calls it."""
    wanted = ARGUMENTS[stage]
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return  # not written in Python, so nobody knows
    try:
        signature.bind(*wanted, **options)
    except TypeError as error:
        hint = ""
        if stage == "score" and list(signature.parameters)[:2] == ["score", "candidate"]:
            hint = "; to score one candidate at a time it has to be compiled: put @numba.njit above"
        raise ComponentError(
            f"{use}: takes {signature}, but is called with ({', '.join(wanted)}): {error}{hint}"
        ) from error


class _FunctionComponent:
    """A plain function as a component; its options are passed as keywords."""

    def __init__(self, method: str, function: Callable[..., Any], options: dict[str, Any]) -> None:
        def call(*args: Any) -> Any:
            return function(*args, **options)

        setattr(self, method, call)


def _import(use: str, name: str, base_dir: Path | None) -> Any:
    beside = None if base_dir is None else base_dir / f"{name.replace('.', '/')}.py"
    try:
        if beside is not None and beside.is_file():
            spec = importlib.util.spec_from_file_location(f"foryou_plugin_{name}", beside)
            assert spec is not None
            assert spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            sys.modules[spec.name] = module
            spec.loader.exec_module(module)
            return module
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        where = f" (looked for {beside.name} beside the scenario)" if beside else ""
        raise ComponentError(f'{use}: cannot find "{error.name}"{where}') from error
    except Exception as error:
        raise ComponentError(f"{use}: failed while loading: {error!r}") from error


def _construct(use: str, found: type, options: Mapping[str, Any]) -> Any:
    config_type = getattr(found, "Config", None)
    try:
        if config_type is not None:
            return found(config_type(**options))
        return found(**options)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ComponentError(f"{use}: option {place}: {first['msg']}") from error
    except TypeError as error:
        raise ComponentError(f"{use}: cannot be made with {dict(options)}: {error}") from error
