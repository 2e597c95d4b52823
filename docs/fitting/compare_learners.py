"""How near each way of learning comes to people's true interests, on the same log.

    python docs/fitting/compare_learners.py [SEED]

Plays ``scenarios/baseline.yaml`` with 4,000 people for four days, with nothing ticked at sign-up
and with three topics ticked, and lets each learner read every person's own log: the regression of
the feed (``sim.feed.belief``), the same without the level of the person, and a ridge regression
with an intercept over all videos at once. Prints the mean cosine of what each believes, where it is
above 0, and the interests, over people who were shown at least 1,000 videos.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from sim import assemble as parts
from sim.feed.belief import (
    LEVEL_SPREAD,
    expected_signal,
    first_beliefs,
    learn_params,
    learn_topics,
    signal_of,
)
from sim.machine.compiled import njit
from sim.record.events import EVENT
from sim.record.recorders import EventLog
from sim.scenario import load
from sim.world.state import TOPIC_ONE

SCENARIO = Path(__file__).resolve().parents[2] / "scenarios" / "baseline.yaml"
AFTER = (100, 350, 1_000)
RIDGE = 30.0
"""Strength of the ridge: the noise over the spread of a topic, as in the feed's own regression."""


class KeptLog(EventLog):
    """A log that stays in memory."""

    def __init__(self, path: Path | None) -> None:
        del path
        super().__init__(None)
        self.kept: list[Any] = [np.empty(0, EVENT)]

    @property
    def wanted(self) -> bool:
        """It is."""
        return True

    def keep(self, events: Any) -> None:
        """Keep a window's events."""
        self.kept.append(events.copy())


def played(ticked: int, seed: int) -> tuple[Any, Any]:
    """(the world at its end, its events by person and time)."""
    parts.EventLog = KeptLog  # type: ignore[misc]
    changes = ["population.users=4_000", "population.ticking=100%", "duration=4 d"]
    scenario = load(SCENARIO, [*changes, f"population.declared_interests={ticked}"])
    live = parts.assemble(scenario, seed, engine="fast")
    live.env.run(until=live.end)
    events = np.concatenate(live.log.kept)  # type: ignore[attr-defined]
    return live, events[np.lexsort((events["time_s"], events["user"]))]


@njit()
def read(rows, captions, videos, signals, variances, with_level):  # type: ignore[no-untyped-def]
    """Let the feed's regression read a log; ``rows`` are the profile, doubt and level of one."""
    profile, doubt, level = rows
    noise, drift = variances
    for i in range(videos.size):
        v = videos[i]
        expected = expected_signal(profile, 0, captions, v)
        learn_topics(profile, doubt, level, 0, captions, v, signals[i], expected, noise, drift)
        if not with_level:
            level[0, 0], level[0, 1] = np.float32(0.0), np.float32(1e-12)


def ridge(start: Any, x: Any, y: Any) -> Any:
    """What topics add, by all videos at once, drawn to ``start``; with an intercept."""
    design = np.column_stack([x, np.ones(len(x))])
    strength = np.diag([*[RIDGE] * x.shape[1], 1.0])
    rest = y - x @ start
    return start + np.linalg.solve(design.T @ design + strength, design.T @ rest)[:-1]


def cosine(believed: Any, true: Any) -> float:
    """Of what is believed above 0, and the interests."""
    believed = np.maximum(believed, 0.0)
    size = np.linalg.norm(believed) * np.linalg.norm(true)
    return float(believed @ true / size) if size > 0 else 0.0


def signals(live: Any, events: Any, learning: Any) -> Any:
    """The signal of each event beyond the usual one of its video."""
    usual = live.platform.view.tables.usual
    return np.array([
        signal_of(actions, learning.signals, usual[video])
        for actions, video in zip(events["actions"].tolist(), events["video"].tolist(), strict=True)
    ])  # fmt: skip


def compared(ticked: int, seed: int) -> dict[str, list[float]]:
    """Mean cosine of each learner after so many videos."""
    live, events = played(ticked, seed)
    world, learning = live.world, learn_params(live.scenario)
    first = first_beliefs(world.accounts, world.topics, learning)
    variances = np.float32(learning.noise), np.float32(learning.drift)
    starts = np.searchsorted(events["user"], np.arange(world.users + 1))
    found: dict[str, list[list[float]]] = {"feed": [], "without level": [], "ridge": []}
    for u in np.flatnonzero(np.diff(starts) >= AFTER[-1]).tolist():
        mine = events[starts[u] : starts[u] + AFTER[-1]]
        y = signals(live, mine, learning)
        videos, true = mine["video"].astype(np.int64), world.truth.interests[u] / TOPIC_ONE
        x = world.videos.caption[videos] / TOPIC_ONE
        rows: dict[str, list[float]] = {name: [] for name in found}
        for count in AFTER:
            for name, with_level in (("feed", True), ("without level", False)):
                profile, doubt = first.profile[[u]].copy(), first.doubt[[u]].copy()
                level = np.array([[0.0, LEVEL_SPREAD if with_level else 1e-12]], np.float32)
                read(
                    (profile, doubt, level), world.videos.caption, videos[:count], y[:count],
                    variances, with_level,
                )  # fmt: skip
                rows[name].append(cosine(profile[0], true))
            believed = ridge(first.profile[u].astype(float), x[:count], y[:count])
            rows["ridge"].append(cosine(believed, true))
        for name, row in rows.items():
            found[name].append(row)
    return {name: np.mean(rows, axis=0).round(3).tolist() for name, rows in found.items()}


def main() -> None:
    """Print a table."""
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    print("| ticked | learner | " + " | ".join(f"{n:,} videos" for n in AFTER) + " |")
    print("|---:|---|" + "---:|" * len(AFTER))
    for ticked in (0, 3):
        for name, row in compared(ticked, seed).items():
            print(f"| {ticked} | {name} | " + " | ".join(f"{value:.2f}" for value in row) + " |")


if __name__ == "__main__":
    main()
