"""Which files the user's own code is made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.record.code import code_digests
from sim.testing.worlds import tiny_scenario

SCENARIO = tiny_scenario(feed={"score": ["mine:score", "value"]})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {
        "mine.py": "import helper\nfrom parts.deep import x\nimport json\ndef score(*a): ...\n",
        "helper.py": "def f():\n    import late\n",
        "late.py": "import mine\n",
        "parts/__init__.py": "",
        "parts/deep.py": "from . import beside\nfrom ..up import y\n",
        "parts/beside.py": "",
        "up.py": "",
        "unused.py": "",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_all_that_is_imported_from_the_folder_is_seen(folder: Path) -> None:
    assert set(code_digests(SCENARIO, folder)) == {
        "mine", "mine/helper.py", "mine/late.py", "mine/parts/__init__.py", "mine/parts/deep.py",
        "mine/parts/beside.py", "mine/up.py",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["mine", "helper", "late", "parts/deep", "parts/beside", "up"])
def test_a_change_of_any_of_them_is_noticed(folder: Path, name: str) -> None:
    before = code_digests(SCENARIO, folder)
    path = folder / f"{name}.py"
    path.write_text(path.read_text() + "# changed\n")
    assert code_digests(SCENARIO, folder) != before


def test_other_files_change_nothing(folder: Path) -> None:
    before = code_digests(SCENARIO, folder)
    (folder / "unused.py").write_text("# changed\n")
    assert code_digests(SCENARIO, folder) == before


def test_what_cannot_be_read_is_left_to_the_loading(folder: Path) -> None:
    (folder / "helper.py").write_text("def (")
    found = code_digests(SCENARIO, folder)
    assert "mine/helper.py" in found
    assert "mine/late.py" not in found
