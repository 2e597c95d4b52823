"""Studies: many runs with one question. A plan of runs, executors for them, a folder that lasts."""

from sim.study.compare.study import Compare, compare
from sim.study.perturb.study import Perturb, perturb
from sim.study.runs.execute import Executor, Report, execute, make_executor
from sim.study.runs.outcome import Outcome, evaluate
from sim.study.runs.plan import RunSpec, with_changes, world_seed
from sim.study.runs.store import Store
from sim.study.sensitivity.study import Sensitivity, sensitivity
from sim.study.sweep.study import Sweep, sweep
from sim.study.tune.study import Tuned, tune
from sim.study.worlds.study import Worlds, worlds

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
