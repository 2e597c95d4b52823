"""Play a scenario and print what people are shown, and what is expected of it beside.

    python docs/fitting/measure_shown.py [scenarios/baseline.yaml [SEED [PATH=VALUE ...]]]

Mean and sd over impressions after the warm-up; ``SHOWN`` in ``sim/world/attention.py`` has them,
rounded, as they are under the default feed.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import polars as pl

from sim.assemble import Live, assemble
from sim.scenario import Scenario, load
from sim.world.attention import RECENT, SHOWN, Recent, session_videos, videos_a_day
from sim.world.challenges import first_challenge
from sim.world.expected import expected_posts, mean_impressions
from sim.world.state import TOPIC_ONE

DAY = 86_400.0
CHUNK = 1_000_000


def recent_videos(scenario: Scenario, live: Live, watched: pl.DataFrame) -> list[float]:
    """Recent videos with the creator, topic, sound and challenge of what is shown, on average.

    Of every fortieth person; ``watched`` has all that they saw, in the order of time.
    """
    videos, half_life = live.world.videos, scenario.behaviour.boredom.half_life
    topics = live.world.video_truth.topics.argmax(axis=1)
    tags, first = live.world.videos.tags[:, 0], first_challenge(scenario)
    kinds = len(Recent._fields)
    sums, seen, count, before = [0.0] * kinds, [{} for _ in range(kinds)], 0, -1
    for time_s, user, video in watched.iter_rows():
        if user != before:
            seen, before = [{} for _ in range(kinds)], user
        same = (videos.creator[video], topics[video], videos.sound[video], tags[video])
        for kind, who in enumerate(same[: kinds if tags[video] >= first else kinds - 1]):
            level, since = seen[kind].get(who, (0.0, time_s))
            level *= 0.5 ** ((time_s - since) / half_life)
            seen[kind][who] = (level + 1.0, time_s)
            sums[kind] += level if time_s >= scenario.warmup else 0.0
        count += time_s >= scenario.warmup
    return [total / count for total in sums]


def main(path: str = "scenarios/baseline.yaml", seed: str | None = None, *changes: str) -> None:
    """Play, and print."""
    scenario = load(path, changes)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "events.parquet"
        used = scenario.seed if seed is None else int(seed)
        live = assemble(scenario, used, engine="fast", shards=2, events=file)
        live.env.run(until=live.end)
        live.log.close()
        days = (scenario.duration - scenario.warmup) // DAY
        start = scenario.duration - days * DAY if days else scenario.warmup
        span = (scenario.duration - start) / DAY
        events = (
            pl.scan_parquet(file)
            .filter(pl.col("time_s") >= start)
            .select("time_s", "user", "video", "watch_s", "skip")
            .collect()
        )
        watched = (
            pl.scan_parquet(file)
            .filter(pl.col("user") % 40 == 7)
            .select("time_s", "user", "video")
            .collect()
            .sort("user", "time_s")
        )
    world = live.world
    users, videos = events["user"].to_numpy(), events["video"].to_numpy()
    interests, topics = world.truth.interests, world.video_truth.topics
    affinity = np.empty(len(users))
    for at in range(0, len(users), CHUNK):
        rows = slice(at, at + CHUNK)
        pair = interests[users[rows]].astype(np.float32) * topics[videos[rows]]
        affinity[rows] = pair.sum(axis=1) / TOPIC_ONE**2
    duration = scenario.catalogue.duration
    ratio = world.videos.duration_s[videos] / duration.median
    found = {
        "affinity": affinity,
        "quality": world.video_truth.quality[videos],
        "hook": world.video_truth.hook[videos],
        "length": np.log(ratio) / max(duration.spread, 1e-9),
    }
    for name, values in found.items():
        mean, sd = getattr(SHOWN, name)
        print(
            f"{name:22} {values.mean():8.3f} {values.std():7.3f}   expected {mean:8.3f} {sd:7.3f}"
        )
    for name, recent in zip(Recent._fields, recent_videos(scenario, live, watched), strict=True):
        print(
            f"{'recent of its ' + name:22} {recent:8.3f}           expected "
            f"{getattr(RECENT, name):8.3f}"
        )
    posted = world.videos.uploaded_s[: world.videos.count]
    posts = int((posted >= start).sum())
    rest = scenario.behaviour.session.rest_s
    order = events.sort("user", "time_s")
    away = pl.col("time_s") - (pl.col("time_s") + pl.col("watch_s")).shift(1)
    begins = (pl.col("user") != pl.col("user").shift(1)) | (away >= rest)
    sessions = int(order.select(begins.fill_null(value=True).sum()).item())
    people = scenario.population.users
    wanted = videos_a_day(scenario)
    each = session_videos(scenario)
    print(f"{'seconds watched':22} {events['watch_s'].mean():8.2f}")
    print(f"{'share of skips':22} {events['skip'].mean():8.3f}")
    for label, real, thought in (
        ("videos a session", len(events) / sessions, each),
        ("sessions a person-day", sessions / people / span, wanted / each),
        ("videos a person-day", len(events) / people / span, wanted),
        ("posts a day", posts / span, expected_posts(scenario)[1] / scenario.duration * DAY),
        ("impressions a post", len(events) / posts, mean_impressions(scenario) or 0.0),
    ):
        off = 100 * (real / thought - 1)
        print(f"{label:22} {real:8.2f}   expected {thought:8.2f}   {off:+.1f} %")


if __name__ == "__main__":
    main(*sys.argv[1:])
