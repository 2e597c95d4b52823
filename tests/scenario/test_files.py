"""Files: reading them, and one scenario on top of another."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sim.core.errors import ScenarioError
from sim.scenario import load, load_file

BASE = """\
name: base
duration: 2 d
population: {users: 100}
feed:
  weights: {like: 1.0, share: 2.0}
  cold_start: {policy: pools, first: 50}
  filters: [seen, own]
  predict: {use: smoothed, prior: 9}
"""


def write(folder: Path, **texts: str) -> Path:
    """Files named by their keys; the path of the last one."""
    path = folder
    for name, text in texts.items():
        path = folder / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text)
    return path


def told(path: Path, *overrides: str) -> list[tuple[str, int, int, str, str]]:
    with pytest.raises(ScenarioError) as error:
        load(path, overrides)
    return [(Path(p.file).name, p.line, p.column, p.path, p.message) for p in error.value.problems]


def only_message(path: Path) -> str:
    ((_, _, _, where, message),) = told(path)
    assert where in ("", "extends")
    return message


def test_a_file_lies_over_the_one_it_extends(tmp_path: Path) -> None:
    top = write(
        tmp_path,
        base=BASE,
        top="extends: base.yaml\n"
        "name: top\n"
        "feed:\n"
        "  weights: {like: 3.0}\n"
        "  filters: [ineligible]\n",
    )
    scenario = load(top)
    assert scenario.name == "top"
    assert scenario.duration == 172_800.0
    assert scenario.population.users == 100
    assert scenario.feed.weights == {"like": 3.0, "share": 2.0}
    assert [part.use for part in scenario.feed.filters] == ["ineligible"]
    assert load_file(top).base_dir == tmp_path


def test_another_component_leaves_the_options_of_the_old_one(tmp_path: Path) -> None:
    top = write(
        tmp_path,
        base=BASE,
        top="extends: base.yaml\n"
        "feed: {cold_start: {policy: none}, predict: {use: 'my:Model', depth: 3}}\n",
    )
    scenario = load(top)
    assert scenario.feed.cold_start.model_dump() == {"policy": "none"}
    assert scenario.feed.predict.model_dump() == {"use": "my:Model", "depth": 3}
    same = write(
        tmp_path, same="extends: base.yaml\nfeed: {cold_start: {policy: pools, levels: 2}}\n"
    )
    assert load(same).feed.cold_start.model_dump()["first"] == 50


def test_problems_stand_in_the_file_that_they_come_from(tmp_path: Path) -> None:
    top = write(
        tmp_path,
        base=BASE.replace("users: 100", "users: -1"),
        top="extends: base.yaml\nwarmup: 2 d\nfeed: {slte: 3}\n",
    )
    assert told(top, "seed=x") == [
        ("top.yaml", 2, 9, "warmup", "must be shorter than the duration, 2 d; got 2 d"),
        ("top.yaml", 3, 8, "feed.slte", 'unknown key "slte"; did you mean "slate"?'),
        ("base.yaml", 3, 21, "population.users", "must be at least 1; got -1"),
        ("--set", 0, 0, "seed", 'wants a whole number such as 20_000; got "x"'),
    ]


def test_a_chain_of_files(tmp_path: Path) -> None:
    write(tmp_path, f0=BASE)
    for i in range(1, 8):
        write(tmp_path, **{f"f{i}": f"extends: f{i - 1}.yaml\nseed: {i}\n"})
    assert load(tmp_path / "f7.yaml").seed == 7
    write(tmp_path, f8="extends: f7.yaml\n")
    assert told(tmp_path / "f8.yaml")[0] == (
        "f1.yaml", 1, 10, "extends", "stacks more than 8 files"
    )  # fmt: skip


def test_a_circle_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, a="extends: b.yaml\n", b="extends: c.yaml\n", c="extends: b.yaml\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ScenarioError) as error:
        load("a.yaml")
    assert [str(p) for p in error.value.problems] == [
        "c.yaml:1:10  extends  goes round in a circle: b.yaml -> c.yaml -> b.yaml"
    ]
    write(tmp_path, me="extends: me.yaml\n")
    assert only_message(Path("me.yaml")) == "goes round in a circle: me.yaml -> me.yaml"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("../secret.yaml", 'must stay inside the folder of the scenario; got "../secret.yaml"'),
        ("/etc/passwd", 'must be a path relative to this file; got "/etc/passwd"'),
        ("~/x.yaml", 'must be a path relative to this file; got "~/x.yaml"'),
        ("base", 'must end in .yaml or .yml; got "base"'),
        ("bas.yaml", '"bas.yaml" does not exist; did you mean "base.yaml"?'),
        ("folder.yaml", '"folder.yaml" is a folder; give a scenario file'),
        ("pipe.yaml", '"pipe.yaml" is not a regular file'),
        ("link.yaml", 'must stay inside the folder of the scenario; got "link.yaml"'),
        ("loop.yaml", None),
        ("5", "wants the name of a scenario file; got 5"),
        ("[base.yaml]", "wants the name of one scenario file"),
        ('"a\\0.yaml"', 'must be a path relative to this file; got "a\\u0000.yaml"'),
        (f"{'x' * 5000}.yaml", None),
    ],
)
def test_what_cannot_be_extended(tmp_path: Path, value: str, message: str | None) -> None:
    home = tmp_path / "home"
    top = write(home, base=BASE, top=f"extends: {value}\n")
    write(tmp_path, secret=BASE)
    (home / "folder.yaml").mkdir()
    (home / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    (home / "loop.yaml").symlink_to(home / "loop.yaml")
    os.mkfifo(home / "pipe.yaml")
    found = only_message(top)
    assert message is None or found == message


def test_a_folder_below_may_look_back_up(tmp_path: Path) -> None:
    write(tmp_path, base=BASE)
    write(tmp_path / "more", one="extends: ../base.yaml\nseed: 5\n")
    top = write(tmp_path, top="extends: more/one.yaml\n")
    assert load(top).seed == 5
    assert "must stay inside the folder" in only_message(tmp_path / "more" / "one.yaml")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "launch.yaml").write_text(BASE)
    assert only_message(tmp_path / "lanch.yaml") == 'does not exist; did you mean "launch.yaml"?'
    assert only_message(tmp_path) == "is a folder; give a scenario file"
    assert only_message(tmp_path / "launch.yaml" / "x.yaml") == "does not exist"
    assert only_message(Path(os.devnull)) == "is not a regular file"
    (tmp_path / "empty.yaml").write_bytes(b"")
    assert only_message(tmp_path / "empty.yaml") == "is empty; a scenario needs at least a name"
    (tmp_path / "large.yaml").write_bytes(b"#" * (1 << 20) + b"\n")
    assert (
        only_message(tmp_path / "large.yaml") == "is larger than 1 MiB; a scenario is a small text"
    )


@pytest.mark.parametrize(
    ("data", "place", "message"),
    [
        (b"name: a\nquestion: caf\xe9\n", (2, 14), "is not UTF-8 text; got the byte 0xe9"),
        ("name: a\n".encode("utf-16"), (1, 1), "is not UTF-8 text; got the byte 0xff"),
        (b"\x89PNG\r\n", (1, 1), "is not UTF-8 text; got the byte 0x89"),
        (b"name: a\0\n", (1, 8), "holds a character that YAML does not allow: U+0000"),
    ],
)
def test_bytes_that_are_no_text(
    tmp_path: Path, data: bytes, place: tuple[int, int], message: str
) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(data)
    assert told(path) == [("x.yaml", *place, "", message)]


def test_a_byte_order_mark_is_no_problem(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + BASE.encode())
    assert load(path).name == "base"


def test_settings_that_may_stand_in_an_unreadable_file_are_not_missed(tmp_path: Path) -> None:
    top = write(tmp_path, top="extends: gone.yaml\nseed: -1\n")
    assert [path for _, _, _, path, _ in told(top)] == ["extends", "seed"]
