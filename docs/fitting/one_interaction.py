"""What one interaction with a sound does to what a person is shown next.

    python docs/fitting/one_interaction.py [SEED ...]

Plays two worlds for each seed (``scenarios/zero_followers.yaml``, three days). In both, 60 accounts
post a video on a library sound at noon of the second day. In one of them, 50 people for each video,
whom chance chooses, are shown it, watch it to the end and like it, whatever they think of it. For
these people and the same people in the other world, prints which share of their next 100 videos
after that moment, others than this one, had its sound; sounds with fewer than ten videos are left
out. The interval is over videos, since those who were shown the same one have a sound in common.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent))

from compare_learners import KeptLog

from sim import assemble as parts
from sim.core.surfaces import surface_code
from sim.scenario import load
from sim.scenario.probes import ProbeConfig
from sim.study.statistics.intervals import mean_interval

SCENARIO = Path(__file__).resolve().parents[2] / "scenarios" / "zero_followers.yaml"
CHANGES = ("duration=3 d",)
VIDEOS, PEOPLE = 60, 50
NEXT = 100
LEAST = 10
"""Videos that a sound has at least, for anything with it to be found."""


class Played(NamedTuple):
    """A world at its end."""

    events: Any
    """events, by person and time"""
    sound: NDArray[np.int32]
    """sound [V] of each video"""
    probes: NDArray[np.int64]
    """probes [VIDEOS] the planted videos"""


def played(seed: int, forced: bool) -> Played:
    """The world with or without the forced likes."""
    parts.EventLog = KeptLog  # type: ignore[misc]
    likes = [{"likes": PEOPLE}] if forced else []
    probe = ProbeConfig.model_validate(
        {
            "name": "heard", "count": VIDEOS, "post_at": 1.5 * 86_400.0, "sound": "library",
            "inject": likes,
        },
        context=None,
    )  # fmt: skip
    scenario = load(SCENARIO, list(CHANGES)).model_copy(update={"probes": (probe,)})
    live = parts.assemble(scenario, seed, engine="fast")
    live.env.run(until=live.end)
    events = np.concatenate(live.log.kept)  # type: ignore[attr-defined]
    videos, truth = live.world.videos, live.world.video_truth
    planted = np.flatnonzero(truth.probe[: videos.count] >= 0)
    planted = planted[np.argsort(truth.probe_number[planted])]
    order = np.lexsort((events["time_s"], events["user"]))
    return Played(events[order], videos.sound[: videos.count].copy(), planted)


def share_of_next(
    videos: NDArray[np.int64], times: NDArray[np.float64], after: float, heard: int,
    sound: NDArray[np.int32], count: int = NEXT,
) -> float:  # fmt: skip
    """Share with the sound of video ``heard`` among the next videos of one person, or NaN.

    ``videos`` [N] and their ``times`` [N], s, are those of the person, by time; counted are the
    first ``count`` later than ``after``, without ``heard`` itself. NaN if there are fewer.
    """
    later = videos[(times > after) & (videos != heard)][:count]
    if len(later) < count:
        return float("nan")
    return float(np.mean(sound[later] == sound[heard]))


def compared(with_it: Played, without: Played) -> list[tuple[float, float]]:
    """(mean share with, mean share without) of the people of each planted video."""
    forced = with_it.events[with_it.events["surface"] == surface_code("injected")]
    found = []
    for number in range(len(with_it.probes)):
        rows = []
        heard = [int(world.probes[number]) for world in (with_it, without)]
        uses = min(
            int(np.sum(w.sound == w.sound[v]))
            for w, v in zip((with_it, without), heard, strict=True)
        )
        if uses < LEAST:
            continue
        for event in forced[forced["video"] == heard[0]]:
            row = []
            for world, video in zip((with_it, without), heard, strict=True):
                first, last = np.searchsorted(
                    world.events["user"], [event["user"], event["user"] + 1]
                )
                mine = world.events[first:last]
                row.append(
                    share_of_next(
                        mine["video"].astype(np.int64), mine["time_s"], float(event["time_s"]),
                        video, world.sound,
                    )
                )  # fmt: skip
            rows.append(row)
        rows = [row for row in rows if not np.isnan(row).any()]
        if rows:
            with_share, without_share = np.mean(rows, axis=0).tolist()
            found.append((with_share, without_share))
    return found


def main() -> None:
    """Print the shares and the interval of their difference."""
    seeds = [int(word) for word in sys.argv[1:]] or [101, 102]
    pairs = np.array(
        [pair for seed in seeds for pair in compared(played(seed, True), played(seed, False))]
    )
    change = mean_interval(pairs[:, 0] - pairs[:, 1])
    mean_with, mean_without = pairs.mean(axis=0).tolist()
    print(f"videos with people of theirs: {len(pairs)}")
    print(f"share of the sound in the next {NEXT}, with the like: {100 * mean_with:.2f} %")
    print(f"without it: {100 * mean_without:.2f} %")
    print(
        f"difference: {100 * (mean_with - mean_without):+.2f} points, "
        f"95 % from {100 * change.low:+.2f} to {100 * change.high:+.2f}"
    )


if __name__ == "__main__":
    main()
