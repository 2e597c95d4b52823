"""The notebooks run, and what is stored of them is clean."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SMALL = {
    "first_look": """SIZE = [
    "population.users=150", "duration=1 d", "warmup=6 h", "feed.candidates=60",
    "probes[0].post_at=8 h", "probes[0].count=10", "viral.reach=10 %",
]""",
    "tune_newcomers": """SIZE = [
    "population.users=150", "duration=8 h", "warmup=1 h", "feed.candidates=60",
    "probes[0].post_at=2 h", "probes[0].spread=1 h", "probes[0].count=10", "viral.reach=10 %",
    "tune.trials=6", "tune.worlds=2", "tune.batch=3", "tune.startup=4", "tune.confirm.worlds=2",
]""",
}
TOLD = {
    "first_look": ("150 people, 1 days", "the same videos: True", "the same events: False"),
    "tune_newcomers": ("150 people, 0.333333 days", "6 trials"),
}
"""What the outputs have to hold; the first shows that the small size was used."""


@pytest.fixture(scope="module")
def executor() -> ModuleType:
    """``notebooks/execute.py``."""
    path = ROOT / "notebooks" / "execute.py"
    spec = importlib.util.spec_from_file_location("execute_notebooks", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def outputs(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [out for cell in notebook.cells for out in cell.get("outputs", ())]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_it_runs_from_top_to_bottom(path: Path, executor: ModuleType) -> None:
    notebook = executor.execute(path, SMALL[path.stem])
    assert all(c.execution_count for c in notebook.cells if c.cell_type == "code")
    texts = "".join(str(out.get("text", "")) for out in outputs(notebook))
    assert [words for words in TOLD[path.stem] if words not in texts] == []


def test_a_failing_cell_is_noticed(tmp_path: Path, executor: ModuleType) -> None:
    path = tmp_path / "broken.ipynb"
    cells = [nbformat.v4.new_code_cell("1 / 0")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        executor.execute(path)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_what_is_stored_is_executed_small_and_of_no_machine(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    assert path.stat().st_size < 1_000_000
    assert outputs(notebook), "run notebooks/execute.py"
    assert all(out.output_type != "error" for out in outputs(notebook))
    assert not any(out.get("name") == "stderr" for out in outputs(notebook))
    counts = [c.execution_count for c in notebook.cells if c.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1)), "run it from top to bottom"
    without_images = re.sub(r'"image/png": "[^"]*"', "", text)
    assert not re.search(r"(?<![\w.])/(home|root|tmp|work|Users|var)/", without_images)
    assert set(json.loads(text)["metadata"]) == {"kernelspec", "language_info"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_its_links_lead_somewhere(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    links = re.findall(r"\]\(([^)\s]+)\)", "\n".join(texts))
    assert links
    assert [link for link in links if not (path.parent / link).exists()] == []
