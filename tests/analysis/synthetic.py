"""Run folders made of plausible numbers, for tests of the analysis and of the pictures.

Nothing is simulated: counts are drawn so that the conservation laws hold (reach <=
impressions <= views; the sums over videos, users, creators and time agree).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl

from sim.analysis.tables import Locale, Tables
from sim.core.actions import ACTIONS
from sim.core.stages import AGES_S, KINDS, SPANS, STAGES
from sim.record.columns import BY_SURFACE_SHORT, SOURCE_NAMES, SURFACE_NAMES, TABLES, Column
from sim.scenario.craft import CALLS, FORMS, VALUES
from sim.scenario.viral import Viral

DAY = 86_400.0
RATES = {
    "completion": 0.16,
    "skip": 0.33,
    "loop": 0.05,
    "like": 0.03,
    "comment": 0.002,
    "share": 0.002,
    "save": 0.004,
    "follow": 0.002,
    "sound_tap": 0.003,
    "not_interested": 0.001,
    "report": 0.0002,
    "profile_visit": 0.02,
    "hashtag_tap": 0.0015,
    "block": 0.0001,
    "unfollow": 0.0002,
    "parent_tap": 0.0005,
}
POLARS = {
    "int64": pl.Int64,
    "int32": pl.Int32,
    "int16": pl.Int16,
    "int8": pl.Int8,
    "float64": pl.Float64,
    "float32": pl.Float32,
    "bool": pl.Boolean,
    "string": pl.String,
    "category": pl.String,
}
COUNTERS = ("impressions", "views", "watch_s", *(a.plural for a in ACTIONS))


def frame(columns: tuple[Column, ...], data: Mapping[str, object]) -> pl.DataFrame:
    """The table with exactly the documented columns and types."""
    return pl.DataFrame(
        {
            c.name: pl.Series(c.name, data[c.name], strict=False).cast(POLARS[c.dtype])
            for c in columns
        }
    )


def make_tables(
    seed: int = 0,
    users: int = 2_000,
    probes: Mapping[str, int] | None = None,
    pools: int = 6,
    sigma: float = 1.3,
    median: float = 60.0,
    duration_s: float = 3 * DAY,
    warmup_s: float = 1 * DAY,
    timeline_s: float = 600.0,
    creators_per_user: float = 0.08,
    posts_per_creator: float = 5.5,
    tracked: int = 200,
    locales: tuple[Locale, ...] = (Locale("home", 1.0, 0.0),),
    surfaces: tuple[str, ...] = SURFACE_NAMES,
    twins: tuple[str, ...] = ("",),
    joined: int | None = None,
) -> Tables:
    """A whole run; ``sigma`` is the spread of ln views, ``median`` their middle at full age.

    ``joined`` people of each group join during it; None: no table of them.
    """
    rng = np.random.default_rng(seed)
    probes = {"newcomer": 100} if probes is None else probes
    n_creators = max(1, int(users * creators_per_user))
    n_ordinary = max(1, int(n_creators * posts_per_creator))
    names = [name for name, count in probes.items() for _ in range(count)]
    n_probes = len(names)
    n = n_ordinary + n_probes

    skill = rng.normal(0, 0.7 * sigma, n_creators)
    followers = np.minimum(users, rng.lognormal(np.log(users / 800), 1.9, n_creators)).astype(int)
    creator = np.concatenate(
        [rng.integers(0, n_creators, n_ordinary), n_creators + np.arange(n_probes)]
    )
    uploaded = np.concatenate(
        [
            np.sort(rng.uniform(-7 * DAY, duration_s, n_ordinary)),
            np.full(n_probes, warmup_s + 0.3 * (duration_s - warmup_s)),
        ]
    )
    age = np.minimum(duration_s - uploaded, duration_s)
    pace = rng.lognormal(np.log(0.35 * DAY), 0.5, n)
    grown = 1 - np.exp(-age / pace)
    strength = np.concatenate([skill[creator[:n_ordinary]], np.full(n_probes, -0.5 * sigma)])
    full = np.log(median) + strength + rng.normal(0, 0.75 * sigma, n)
    reach = np.minimum(users, np.floor(np.exp(full) * grown)).astype(np.int64)
    impressions = reach + rng.binomial(reach, 0.02)
    completions = rng.binomial(impressions, RATES["completion"])
    loops = rng.binomial(completions, RATES["loop"] / RATES["completion"])
    skips = rng.binomial(impressions - completions, RATES["skip"] / (1 - RATES["completion"]))
    views = impressions + loops
    # Smaller accounts get more engagement, as E1 has it.
    audience = np.concatenate([followers[creator[:n_ordinary]], np.zeros(n_probes, int)])
    warm = 2.0 / (1.0 + np.log10(1.0 + audience)) + 0.6
    counts: dict[str, np.ndarray] = {
        "impressions": impressions,
        "views": views,
        "watch_s": (impressions * rng.uniform(4, 12, n)).round(3),
        "completions": completions,
        "skips": skips,
        "loops": loops,
    }
    for action in ACTIONS:
        if action.kind == "click":
            # opening a parent came later, with draws of its own
            own = np.random.default_rng(n) if action.name == "parent_tap" else rng
            counts[action.plural] = own.binomial(impressions, RATES[action.name] * warm)
    pool = np.zeros(n, np.int8)
    if pools:
        entered = uploaded >= 0
        luck = rng.geometric(0.55, n)
        pool = np.where(entered, np.minimum(pools, luck), 0).astype(np.int8)
    state = np.where(pool == 0, "none", np.where(pool == pools, "promoted", "stopped"))
    state = np.where((pool > 0) & (age < 0.2 * DAY), "waiting", state)
    data: dict[str, object] = {
        "video": np.arange(n),
        "creator": creator,
        "uploaded_s": uploaded,
        "duration_s": rng.lognormal(np.log(25), 0.6, n),
        "sound": rng.integers(0, 50, n),
        "original_sound": rng.random(n) < 0.67,
        "topic": rng.integers(0, 16, n),
        "followers_at_upload": audience,
        "quality": rng.normal(size=n),
        "hook": rng.normal(size=n),
        **_craft(n),
        "reach": reach,
        **_by_part({"impressions": impressions, "views": views, "reach": reach}, surfaces),
        "pool": pool,
        "pool_state": state,
        "probe": np.array([""] * n_ordinary + names),
        **counts,
    }
    videos = frame(TABLES["videos"], data)
    return Tables(
        videos=videos,
        creators=_creators(videos, followers, n_creators, names),
        users=_users(rng, videos, users, n_creators, duration_s),
        timeline=_timeline(rng, videos, duration_s, timeline_s, surfaces),
        paths=_paths(videos, pace, warmup_s, duration_s, timeline_s, tracked),
        shares=_links(rng, users, n, duration_s),
        newcomers=None if joined is None else newcomers(joined),
        reactions=_reactions(n_creators, duration_s),
        **_trends(duration_s),
        probes=_probes(videos, pace, users, twins),
        control=_control(rng, videos),
        regret=_regret(),
        users_count=users,
        warmup_s=warmup_s,
        duration_s=duration_s,
        viral=Viral.by_reach(0.01, users),
        name="synthetic",
        seed=seed,
        timeline_s=timeline_s,
        locales=locales,
    )


def _craft(n: int) -> dict[str, object]:
    """What videos are made of, by draws of its own; everybody may see all of them."""
    rng = np.random.default_rng(n)
    scores = ("hold", "polish", "authenticity", "originality", "cover")
    words: dict[str, tuple[str, ...]] = {
        "value": VALUES, "call": CALLS, "form": FORMS, "joint": ("none",),
        "audience": ("everybody",), "category": ("comedy", "energy"),
    }  # fmt: skip
    return {
        **{name: rng.normal(size=n) for name in scores},
        **{name: np.array(some)[rng.integers(0, len(some), n)] for name, some in words.items()},
        "selling": rng.random(n) < 0.1,
        "promises": rng.random(n) < 0.1,
        "challenge": np.full(n, -1),
        "parent": np.full(n, -1),
    }


def _trends(duration_s: float) -> dict[str, pl.DataFrame]:
    """Four sounds and four challenges: one of the start, two that rose in an hour, one unlisted."""
    hour = 3_600.0
    listed = [2 * hour, 3 * hour, duration_s / 2, None]
    common: dict[str, object] = {
        "category": ["comedy", "energy", "comedy", "comedy"],
        "born_s": [-DAY, 2 * hour, duration_s / 2 - hour, hour], "uses": [40, 20, 10, 0],
        "views": [4_000, 900, 300, 0], "momentum": [1.0, 6.0, 8.0, 0.0], "peak": [9, 8, 7, 0],
        "peak_s": [hour, 4 * hour, duration_s / 2, None], "trended_s": listed,
        "until_s": [3 * hour, duration_s, duration_s, None], "looks": [2, 30, 20, 0],
    }  # fmt: skip
    rows = [
        (at * hour, kind, number, 1 + number, 2, 100, 2.0 + at)
        for kind in ("sound", "hashtag") for number in (1, 2) for at in range(4, 9)
    ]  # fmt: skip
    names = [column.name for column in TABLES["trends"]]
    return {
        "sounds": frame(
            TABLES["sounds"], {**common, "sound": np.arange(4), "original": [False] * 4}
        ),
        "hashtags": frame(
            TABLES["hashtags"],
            {
                **common, "hashtag": np.arange(4), "challenge": [True] * 4, "life_s": [DAY] * 4,
            },
        ),
        "trends": frame(
            TABLES["trends"], {n: [row[i] for row in rows] for i, n in enumerate(names)}
        ),
    }  # fmt: skip


def _by_part(counts: Mapping[str, np.ndarray], surfaces: tuple[str, ...]) -> dict[str, np.ndarray]:
    """A tenth of them on each page, the rest on For You; a fifth of all by followers."""
    pages = [name for name in SURFACE_NAMES if name != "for_you" and name in surfaces]
    found: dict[str, np.ndarray] = {}
    for count, total in counts.items():
        for name in SURFACE_NAMES:
            found[f"{count}_{name}"] = total // 10 if name in pages else 0 * total
        found[f"{count}_for_you"] = total - len(pages) * (total // 10)
        found[f"{count}_followers"] = total // 5
    return found


def _control(rng: np.random.Generator, videos: pl.DataFrame) -> pl.DataFrame:
    """People do half as much about what chance drew for them."""
    rows = [(first, kind) for first in STAGES for kind in KINDS]
    total = videos["impressions"].sum() // 1_000
    shown = np.array([total * (9 if kind == "ranked" else 1) for _, kind in rows])
    rates = {a.plural: RATES[a.name] for a in ACTIONS}
    lift = np.array([1.0 if kind == "ranked" else 0.5 for _, kind in rows])
    return frame(
        TABLES["control"],
        {
            "seen_from": [first for first, _ in rows],
            "kind": [kind for _, kind in rows],
            "impressions": shown,
            "views": shown,
            "watch_s": 9.0 * shown * lift,
            "match": 0.4 * shown * lift,
            **{name: rng.binomial(shown, rate * lift) for name, rate in rates.items()},
        },
    )


def newcomers(
    people: int,
    ticked: tuple[float, ...] = (0.50, 0.55, 0.60, 0.65, 0.70),
    unticked: tuple[float, ...] = (0.20, 0.35, 0.52, 0.60, 0.68),
) -> pl.DataFrame:
    """A match for each part; errors as if a person's match had an sd of 0.2."""
    rows = []
    for group, match in ((True, ticked), (False, unticked)):
        whole = [*match, sum(match[:3]) / 3, sum(match) / 5]
        for (first, last), mean in zip(SPANS.values(), whole, strict=True):
            many = people > 1
            rates = {"completed": mean / 3, "skipped": 0.3, "liked": 0.03, "watch_s": 9.0}
            rows.append({
                "ticked": group, "from": first, "to": last, "people": people,
                "impressions": people * (last + 1 - first),
                **(rates if people else dict.fromkeys(rates)), "match": mean if people else None,
                **{f"{name}_se": 0.1 / people**0.5 if many else None for name in rates},
                "match_se": 0.2 / people**0.5 if many else None,
            })  # fmt: skip
    columns = TABLES["newcomers"]
    return frame(columns, {c.name: [row[c.name] for row in rows] for c in columns})


def _reactions(creators: int, duration_s: float) -> pl.DataFrame:
    """Every fifth creator did something, by turns, evenly over the run."""
    who = np.arange(0, creators, 5)
    time = np.linspace(0.0, duration_s, len(who))
    did = np.array(["paused", "quit", "shifted", "went away"], object)[np.arange(len(who)) % 4]
    until = [t + 86_400.0 if what in ("paused", "went away") else None
             for t, what in zip(time, did, strict=True)]  # fmt: skip
    rows = {"time_s": time, "creator": who, "video": who, "views": who, "usual_views": 10.0 + who}
    return frame(TABLES["reactions"], {**rows, "did": did, "until_s": until})


def _regret() -> pl.DataFrame:
    """Half of the gap is closed, and more of it for people who are known."""
    rows = [("person", float(first)) for first in STAGES] + [("video", age) for age in AGES_S]
    places = np.array([1_000] * len(rows))
    closed = np.array([0.2, 0.4, 0.6, 0.8, 0.3, 0.4, 0.5, 0.6, 0.7])
    return frame(
        TABLES["regret"],
        {
            "by": [by for by, _ in rows],
            "from": [first for _, first in rows],
            "places": places,
            "shown": places * (0.5 + 0.4 * closed),
            "best": 0.9 * places,
            "random": 0.5 * places,
        },
    )


def _links(rng: np.random.Generator, users: int, videos: int, end_s: float) -> pl.DataFrame:
    """Links of people who send some on; half of them are opened."""
    rows: list[tuple[object, ...]] = []
    times = np.sort(rng.uniform(0, end_s, 300))
    for number, sent in enumerate(times.tolist()):
        # every third one goes on through a link that was opened before
        opened = [r for r in rows if r[6] is not None and r[6] <= sent]  # type: ignore[operator]
        above = opened[-1] if number % 3 == 0 and opened else None
        sender = rng.integers(users) if above is None else above[3]
        video = rng.integers(videos) if above is None else above[1]
        read = sent + 120.0 if rng.random() < 0.5 else None
        parent = None if above is None else above[0]
        row = (number, video, sender, rng.integers(users), sent, sent + 60.0, read, parent)
        rows.append(row)
    names = [column.name for column in TABLES["shares"]]
    columns: dict[str, object] = {n: [r[i] for r in rows] for i, n in enumerate(names)}
    return frame(TABLES["shares"], columns)


def _creators(
    videos: pl.DataFrame, followers: np.ndarray, n_creators: int, names: list[str]
) -> pl.DataFrame:
    n = n_creators + len(names)
    sums = videos.group_by("creator").agg(
        pl.col(COUNTERS).sum(), posts=(pl.col("uploaded_s") >= 0).sum()
    )
    base = pl.DataFrame({"creator": pl.Series(range(n), dtype=pl.Int32)})
    joined = base.join(sums, on="creator", how="left").fill_null(0).sort("creator")
    start = np.concatenate([followers, np.zeros(len(names), int)])
    return frame(
        TABLES["creators"],
        {
            **{name: joined[name] for name in ("creator", "posts", *COUNTERS)},
            "user": np.concatenate([np.arange(n_creators), np.full(len(names), -1)]),
            "niche": np.arange(n) % 16,
            "category": np.array(["comedy", "energy"])[np.arange(n) % 2],
            "followers_start": start,
            "followers_end": start + joined["follows"].to_numpy(),
            "probe": np.array([""] * n_creators + names),
        },
    )


def _split(rng: np.random.Generator, total: float, weights: np.ndarray) -> np.ndarray:
    return rng.multinomial(int(total), weights / weights.sum())


def _shared_out(
    rng: np.random.Generator, videos: pl.DataFrame, weights: np.ndarray
) -> dict[str, np.ndarray]:
    result: dict[str, np.ndarray] = {}
    for name in COUNTERS:
        total = float(videos[name].sum())
        if name == "watch_s":
            shown = result["impressions"]
            result[name] = total * shown / max(1, shown.sum())
        else:
            result[name] = _split(rng, total, weights)
    return result


def _users(
    rng: np.random.Generator, videos: pl.DataFrame, users: int, n_creators: int, duration_s: float
) -> pl.DataFrame:
    sessions = rng.poisson(rng.gamma(1.0, 2.0 * duration_s / DAY, users))
    days = np.minimum(sessions, int(duration_s // DAY) or 1)
    weights = sessions + 1e-9
    follows = rng.poisson(25, users)
    return frame(
        TABLES["users"],
        {
            "user": np.arange(users),
            "creator": np.arange(users) < n_creators,
            "locale": np.zeros(users, int),
            "device": np.zeros(users, int),
            "arm": np.zeros(users, int),
            "joined_s": np.zeros(users),
            "sessions": sessions,
            "active_days": days,
            "came": (1 << np.maximum(days, 1).astype(np.int64)) - 1,
            "gone": np.zeros(users, int),
            "follows_start": follows,
            "follows_end": follows + 1,
            "belief_cosine": rng.random(users),
            **_shared_out(rng, videos, weights),
        },
    )


def _timeline(
    rng: np.random.Generator,
    videos: pl.DataFrame,
    duration_s: float,
    step: float,
    surfaces: tuple[str, ...],
) -> pl.DataFrame:
    times = np.arange(0, duration_s, step)
    hour = times / 3600 % 24
    curve = 0.3 + np.exp(-((hour - 12.5) ** 2) / 8) + 1.4 * np.exp(-((hour - 21) ** 2) / 8)
    on_for_you = {
        name: share
        for name, share in zip(SOURCE_NAMES, (40, 8, 7, 10, 10, 15, 10), strict=False)
        if share
    }
    cells = [("for_you", name, 0.85 * share / 100) for name, share in on_for_you.items()]
    if "following" in surfaces:
        cells.append(("following", "following", 0.1))
    if "sound_page" in surfaces:
        cells.append(("sound_page", "sound", 0.05))
    if "shared_link" in surfaces:
        cells.append(("shared_link", "link", 0.02))
    weights = (curve[:, None] * np.array([c[2] for c in cells])[None, :]).ravel()
    weights *= rng.gamma(60, 1 / 60, weights.size)
    return frame(
        TABLES["timeline"],
        {
            "time_s": np.repeat(times, len(cells)),
            "surface": [c[0] for c in cells] * len(times),
            "source": [c[1] for c in cells] * len(times),
            **_shared_out(rng, videos, weights),
        },
    )


def _paths(
    videos: pl.DataFrame,
    pace: np.ndarray,
    warmup_s: float,
    duration_s: float,
    step: float,
    tracked: int,
) -> pl.DataFrame:
    chosen = videos.filter(pl.col("probe") == "").filter(pl.col("uploaded_s") >= warmup_s)
    chosen = pl.concat([chosen.head(tracked), videos.filter(pl.col("probe") != "")])
    times = np.arange(step, duration_s + 1, step)
    rows: dict[str, list[np.ndarray]] = {c.name: [] for c in TABLES["paths"]}
    columns = ("impressions", "views", "reach", "likes", *(c.name for c in BY_SURFACE_SHORT))
    for row in chosen.iter_rows(named=True):
        at = times[times > row["uploaded_s"]]
        age = at - row["uploaded_s"]
        speed = pace[row["video"]]
        whole = 1 - np.exp(-(duration_s - row["uploaded_s"]) / speed)
        share = (1 - np.exp(-age / speed)) / whole
        rows["time_s"].append(at)
        rows["age_s"].append(age)
        for name in columns:
            rows[name].append(np.floor(row[name] * share + 1e-9))
        rows["video"].append(np.full(at.size, row["video"]))
        rows["pool"].append(np.full(at.size, row["pool"]))
        rows["probe"].append(np.full(at.size, row["probe"]))
    return frame(
        TABLES["paths"],
        {name: np.concatenate(parts) if parts else [] for name, parts in rows.items()},
    )


def _probes(
    videos: pl.DataFrame, pace: np.ndarray, users: int, twins: tuple[str, ...]
) -> pl.DataFrame:
    rows = videos.filter(pl.col("probe") != "")
    share = rows["reach"].to_numpy() / users
    viral = share >= 0.01
    number = rows.select(pl.int_range(pl.len()).over("probe")).to_series()
    return frame(
        TABLES["probes"],
        {
            **{c.name: rows[c.name] for c in TABLES["videos"]},
            "number": number,
            "pair": number // len(twins),
            "twin": [twins[n % len(twins)] for n in number.to_list()],
            "reach_share": share,
            "viral": viral,
            "viral_for_you": rows["reach_for_you"].to_numpy() / users >= 0.01,
            "viral_strangers": share - rows["reach_followers"].to_numpy() / users >= 0.01,
            "time_to_viral_s": [
                0.5 * pace[video] if yes else None
                for video, yes in zip(rows["video"], viral, strict=True)
            ],
        },
    )


def write_run(folder: Path, tables: Tables, **manifest: object) -> Path:
    """Write ``tables`` as a finished run folder; ``manifest`` changes or adds keys."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, columns in TABLES.items():
        if name == "events":
            continue
        table: pl.DataFrame = getattr(tables, name)
        words = [c.name for c in columns if c.dtype == "category"]
        table.with_columns(pl.col(words).cast(pl.Categorical)).write_parquet(
            folder / f"{name}.parquet"
        )
    content = {
        "format": 1,  # without digests
        "finished": True,
        "scenario": tables.name,
        "seed": tables.seed,
        "users": tables.users_count,
        "warmup_s": tables.warmup_s,
        "duration_s": tables.duration_s,
        "viral": tables.viral.to_dict(),
        "timeline_s": tables.timeline_s,
        "locales": [
            {"name": one.name, "share": one.share, "utc_offset_s": one.utc_offset_s}
            for one in tables.locales
        ],
        **manifest,
    }
    (folder / "manifest.json").write_text(json.dumps(content), encoding="utf-8")
    return folder
