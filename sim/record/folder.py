"""The run folder: where a new one is, and files in it that appear only when they are whole."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from sim.core.errors import RunFolderError

__all__ = ["new_run_folder", "write_json"]


def new_run_folder(out: Path | str | None, name: str) -> Path:
    """The folder for a run: ``out`` if it is absent or empty, else a new one under ``runs/``."""
    if out is None:
        stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
        folder = Path("runs") / f"{name}-{stamp}"
        number = 2
        while folder.exists():
            folder = Path("runs") / f"{name}-{stamp}-{number}"
            number += 1
        return folder
    folder = Path(out)
    if folder.exists() and not folder.is_dir():
        raise RunFolderError(f"{folder}: is a file; give a folder that is absent or empty")
    if folder.is_dir() and any(folder.iterdir()):
        raise RunFolderError(
            f"{folder}: is not empty; give a folder that is absent or empty, or remove it first"
        )
    return folder


def write_json(path: Path, value: Any) -> None:
    """Write JSON that appears under its name only when it is whole."""
    unfinished = path.with_suffix(".json.part")
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    unfinished.write_text(text + "\n", encoding="utf-8")
    unfinished.replace(path)
