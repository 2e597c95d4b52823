"""Executes the notebooks and stores their outputs.

    python notebooks/execute.py                 # all of them
    python notebooks/execute.py first_look

They run with the interpreter that runs this, whatever kernels are registered on the machine.
What is stored holds no times, paths or versions of it.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parent
SIZE = "size"
"""Tag of the cell that says how large the world is; tests put a smaller one in its place."""
TIMEOUT_S = 300


def execute(path: Path, size: str | None = None) -> nbformat.NotebookNode:
    """The notebook with new outputs; ``size`` replaces the source of the cell tagged ``size``.

    Raises ``nbclient.exceptions.CellExecutionError`` when a cell fails.
    """
    notebook = nbformat.read(path, as_version=4)
    cells = [c for c in notebook.cells if SIZE in c.metadata.get("tags", ())]
    if size is not None:
        (cell,) = cells
        cell.source = size
    with tempfile.TemporaryDirectory() as folder:
        kernel = Path(folder) / "here"
        kernel.mkdir()
        spec = {
            "argv": [
                *(sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"),
                "--log-level=ERROR",
            ],
            "display_name": "Python 3",
            "language": "python",
        }
        (kernel / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
        specs = KernelSpecManager(kernel_dirs=[folder], ensure_native_kernel=False)
        manager = AsyncKernelManager(kernel_name="here", kernel_spec_manager=specs)
        client = NotebookClient(
            notebook,
            km=manager,
            timeout=TIMEOUT_S,
            resources={"metadata": {"path": str(path.parent)}},
        )
        client.execute(cleanup_kc=True)  # a manager from outside is not stopped otherwise
    return cleaned(notebook)


def cleaned(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Without what differs from machine to machine, or from one execution to the next."""
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        cell.metadata = {k: v for k, v in cell.metadata.items() if k == "tags"}
    return notebook


def main() -> None:
    """Execute and store."""
    names = sys.argv[1:] or sorted(path.stem for path in FOLDER.glob("*.ipynb"))
    for name in names:
        path = FOLDER / f"{name}.ipynb"
        notebook = execute(path)
        nbformat.write(notebook, path)
        print(f"executed {path.name}, {path.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
