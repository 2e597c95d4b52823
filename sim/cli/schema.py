"""``foryou schema``: the JSON Schema of scenarios, for editors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sim.cli.console import say

__all__ = ["EXAMPLES", "schema"]

EXAMPLES = (
    "foryou schema",
    "foryou schema --out scenario.schema.json",
)
"""Shown under the help of the command."""


def schema(
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write to this file instead of printing.", show_default=False
        ),
    ] = None,
) -> None:
    """Print the JSON Schema of scenario files.

    Editors use it to check and complete what you write.
    """
    import json

    from sim.scenario import json_schema

    text = json.dumps(json_schema(), indent=2, ensure_ascii=False)
    if out is None:
        say(text)
    else:
        out.write_text(text + "\n", encoding="utf-8")
