from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def synthetic() -> ModuleType:
    """The generator of plausible run folders, ``synthetic.py`` beside this file."""
    path = Path(__file__).with_name("synthetic.py")
    spec = importlib.util.spec_from_file_location("foryou_synthetic_runs", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
