from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def synthetic() -> ModuleType:
    """The generator of plausible run folders, shared with the tests of the analysis."""
    path = Path(__file__).parents[1] / "analysis" / "synthetic.py"
    spec = importlib.util.spec_from_file_location("foryou_synthetic_runs", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
