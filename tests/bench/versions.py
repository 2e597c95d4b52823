"""How fast one version of the code is beside another: ``versions.py OLD NEW``, two checkouts.

The speed of a machine changes within seconds, and not on all cores alike, so that two runs one
after the other differ by more than most changes do. Here a process of each version plays the same
world on the same core, and they take turns: a window of the one, a window of the other. Every core
has such a pair. A round begins with new processes, because where memory happens to lie is worth a
hundredth or two for as long as a process lives; so the rounds, not the windows, say how sure the
result is. Both versions must show the same impressions, unless ``--other-worlds`` says that the
model differs; then it is the time an impression that is compared.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from turns import Partner, stay_on, tell
from whole import REFRESH_S, Whole

__all__ = ["Player", "compare", "spread"]

_DAY = 86_400.0


def serve(spec: Whole, core: int) -> None:
    """Play the world of ``spec``; for each line of input so many windows.

    Prints a line of JSON once the lead is over, and then one for each line of input.
    """
    from sim.assemble import assemble
    from sim.scenario import Scenario

    stay_on(core)
    live = assemble(Scenario.model_validate(spec.scenario()), spec.seed, engine="fast", shards=1)
    now = spec.lead_s
    live.env.run(until=now + 1e-3)
    tell({})
    for line in sys.stdin:
        shown, began = live.platform.impressions, time.process_time()
        now += REFRESH_S * int(line)
        live.env.run(until=now + 1e-3)
        seconds = time.process_time() - began
        shown = live.platform.impressions - shown
        ns = seconds / max(shown, 1) * 1e9
        tell({"ns": ns, "shown": shown, "log": live.log.hash})


class Player(Partner):
    """A process that plays one version on one core, so many windows a turn.

    It also says the hash of the log after them.
    """

    def __init__(self, tree: Path, spec: Whole, core: int) -> None:
        script = Path(__file__).resolve()
        super().__init__(
            script, "--serve", json.dumps(asdict(spec)), "--core", str(core), path=tree
        )  # fmt: skip


def _pair(
    trees: tuple[Path, Path], spec: Whole, core: int, turns: int, size: int, *, same: bool
) -> float:
    """Time of the second version over that of the first, in the middle of the turns on a core."""
    players = []
    try:
        for tree in trees:
            players.append(Player(tree, spec, core))
        for player in players:
            player.answer()
        ratios = []
        for turn in range(turns):
            first = turn % 2
            one = players[first].play(size)
            other = players[1 - first].play(size)
            if same and one["log"] != other["log"]:
                raise RuntimeError("the two versions play different worlds")
            ratios.append(other["ns"] / one["ns"] if first == 0 else one["ns"] / other["ns"])
        return statistics.median(ratios)
    finally:
        for player in players:
            player.stop()


def compare(
    trees: tuple[Path, Path], spec: Whole, rounds: int, turns: int, size: int, *, same: bool = True
) -> list[float]:
    """Ratios, new over old, of all rounds and cores; prints those of each round.

    With ``same`` both versions must play the same world.
    """
    cores = [-1]
    if hasattr(os, "sched_getaffinity"):
        cores = sorted(os.sched_getaffinity(0))
    ratios: list[float] = []
    with ThreadPoolExecutor(len(cores)) as pool:
        for _ in range(rounds):
            tasks = [
                pool.submit(_pair, trees, spec, core, turns, size, same=same) for core in cores
            ]
            new = [task.result() for task in tasks]
            sys.stderr.write(" ".join(f"{ratio:.3f}" for ratio in new) + "\n")
            ratios += new
    return ratios


def spread(ratios: list[float]) -> tuple[float, float]:
    """(geometric mean, its standard error as a share) of ratios."""
    logs = [math.log(ratio) for ratio in ratios]
    error = statistics.stdev(logs) / math.sqrt(len(logs)) if len(logs) > 1 else math.nan
    return math.exp(statistics.mean(logs)), error


def main() -> None:
    """Read the options, compare, and print one line."""
    parser = argparse.ArgumentParser(description="Time of one version of the code beside another.")
    parser.add_argument("trees", nargs="*", type=Path, metavar="CHECKOUT", help="old, then new")
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--history", type=float, default=2.0, help="days of the catalogue")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--turns", type=int, default=24, help="of each version in a round")
    parser.add_argument("--windows", type=int, default=1, help="that a turn has")
    parser.add_argument("--lead", type=float, default=1_200.0, help="seconds played before")
    parser.add_argument(
        "--other-worlds", action="store_true", help="the versions may play different worlds"
    )
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--core", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(Whole(**json.loads(options.serve)), options.core)
        return
    if len(options.trees) != 2:
        parser.error("wants two checkouts")
    trees = [tree.resolve() for tree in options.trees]
    for tree in trees:
        if not (tree / "sim").is_dir():
            parser.error(f"{tree} holds no sim/")
    spec = Whole(
        "versions", options.users, options.lead, REFRESH_S * options.windows,
        stretches=options.turns, history_s=options.history * _DAY,
    )  # fmt: skip
    ratios = compare(
        (trees[0], trees[1]), spec, options.rounds, options.turns, options.windows,
        same=not options.other_worlds,
    )  # fmt: skip
    mean, error = spread(ratios)
    sys.stdout.write(f"new takes {mean:.3f} of the time of old (standard error {error:.3f})\n")


if __name__ == "__main__":
    main()
