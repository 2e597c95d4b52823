"""Studies: many runs with one question. A plan of runs, executors for them, a folder that lasts."""

from sim.study.compare import Compare, compare
from sim.study.execute import Executor, Report, execute, make_executor
from sim.study.outcome import Outcome, evaluate
from sim.study.perturb import Perturb, perturb
from sim.study.plan import RunSpec, with_changes, world_seed
from sim.study.sensitivity import Sensitivity, sensitivity
from sim.study.store import Store
from sim.study.sweep import Sweep, sweep
from sim.study.tune import Tuned, tune
from sim.study.worlds import Worlds, worlds

__all__ = [
    "Compare",
    "Executor",
    "Outcome",
    "Perturb",
    "Report",
    "RunSpec",
    "Sensitivity",
    "Store",
    "Sweep",
    "Tuned",
    "Worlds",
    "compare",
    "evaluate",
    "execute",
    "make_executor",
    "perturb",
    "sensitivity",
    "sweep",
    "tune",
    "with_changes",
    "world_seed",
    "worlds",
]
