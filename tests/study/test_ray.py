"""Runs on Ray are the runs of any other executor, also when a worker is killed.

Ray starts processes and threads that outlive a function, so each test has a Python of its own.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sim.core.errors import ForyouError
from sim.scenario import dump
from sim.study.runs.execute import make_executor
from sim.study.runs.outcome import evaluate
from sim.study.runs.plan import RunSpec

needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="needs the extra `cluster`"
)

START = """
import json, os, signal, sys, time
import psutil
from pathlib import Path
from sim.core.errors import ForyouError
from sim.scenario import load
from sim.study.runs.execute import execute, make_executor
from sim.study.runs.plan import RunSpec, world_seed
from sim.study.runs.store import Store

scenario, folder = load(sys.argv[1]), Path(sys.argv[2])
specs = [RunSpec(scenario, world_seed(5, world), world=world) for world in range(8)]

def listening():
    "Addresses on which this process and those that it started wait for connections."
    me = psutil.Process()
    return sorted({
        connection.laddr.ip.removeprefix("::ffff:")
        for process in [me, *me.children(recursive=True)]
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    })
"""

EIGHT_WORLDS = """
with make_executor("ray", 2) as executor:
    found = execute(specs, Store.open(folder, {"kind": "ray"}), executor)
    addresses = listening()
left = psutil.Process().children(recursive=True)
print(json.dumps({
    "workers": executor.workers,
    "hashes": [found[spec.key].event_log_hash for spec in specs],
    "summaries": [found[spec.key].summary for spec in specs],
    "addresses": addresses,
    "left": len(psutil.wait_procs(left, timeout=10)[1]),
}))
"""

KILLED = """
code = RunSpec(load(sys.argv[3]), 5, code=Path(sys.argv[3]).parent)
deadly = RunSpec(load(sys.argv[4]), 5, code=Path(sys.argv[4]).parent)
with make_executor("ray", 2) as executor:
    found = execute([code, deadly, specs[0]], Store.open(folder, {"kind": "ray"}), executor)
print(json.dumps({
    "hash": found[code.key].event_log_hash,
    "error": found[deadly.key].error,
    "other": found[specs[0].key].event_log_hash,
}))
"""

NOBODY_THERE = """
try:
    make_executor("ray", 2, "127.0.0.1:1")
except ForyouError as error:
    print(json.dumps(str(error)))
"""

# Sources are asked first, so a run that is killed in its own needs nothing else compiled.
PLUGIN = """
import os, signal
from pathlib import Path
import numpy as np
folder, calls = Path(__file__).parent, 0
def times(name):
    with (folder / name).open("a") as file:
        file.write("x")
    return len((folder / name).read_text())
def once(requests, view, count):
    global calls
    calls += 1
    if calls == 20 and times("once") == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return np.tile(np.arange(count), (len(requests.user), 1))
def always(requests, view, count):
    times("always")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def run(script: str, *arguments: Path) -> Any:
    """What a script prints, which may be nothing but JSON."""
    command = [sys.executable, "-c", START + script, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@needs_ray
@pytest.mark.slow
def test_eight_worlds_on_ray_are_those_of_one_process(
    specs: Callable[..., list[RunSpec]], tmp_path: Path
) -> None:
    wanted = specs(8)
    file = tmp_path / "tiny.yaml"
    file.write_text(dump(wanted[0].scenario))
    found = run(EIGHT_WORLDS, file, tmp_path / "study")
    here = [evaluate(spec) for spec in wanted]
    assert found["workers"] == 2
    assert found["hashes"] == [outcome.event_log_hash for outcome in here]
    assert found["summaries"] == [outcome.summary for outcome in here]
    assert found["addresses"] == ["127.0.0.1"]
    assert found["left"] == 0


@needs_ray
@pytest.mark.slow
@pytest.mark.large  # most of a minute: Ray takes its time to notice
def test_a_killed_worker_costs_time_alone(
    specs: Callable[..., list[RunSpec]], tmp_path: Path
) -> None:
    tiny = specs(1)[0]
    (tmp_path / "plugin.py").write_text(PLUGIN)
    files = {"tiny": dump(tiny.scenario)}
    for name in ("once", "always"):
        changed = specs(1, feed={"sources": {f"plugin:{name}": 1.0}})[0].scenario
        files[name] = dump(changed)
    for name, text in files.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    found = run(
        KILLED, tmp_path / "tiny.yaml", tmp_path / "study", tmp_path / "once.yaml",
        tmp_path / "always.yaml",
    )  # fmt: skip
    assert len((tmp_path / "once").read_text()) == 2
    assert len((tmp_path / "always").read_text()) == 3
    assert found["error"] == "its worker was lost in each of 3 attempts"
    assert found["other"] == evaluate(tiny).event_log_hash
    once = specs(1, feed={"sources": {"plugin:once": 1.0}})[0].scenario
    assert found["hash"] == evaluate(RunSpec(once, 5, code=tmp_path)).event_log_hash


@needs_ray
@pytest.mark.slow
def test_a_cluster_that_is_not_there_is_told(
    specs: Callable[..., list[RunSpec]], tmp_path: Path
) -> None:
    file = tmp_path / "tiny.yaml"
    file.write_text(dump(specs(1)[0].scenario))
    message = run(NOBODY_THERE, file, tmp_path / "study")
    assert message.startswith("no Ray cluster answers at 127.0.0.1:1")
    assert "ray start --head" in message
    assert "\n" not in message


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)  # as if it were not installed
    with pytest.raises(ForyouError, match=r"pip install \"foryou\[cluster\]\""):
        make_executor("ray", 2)
