"""The tables of a run folder, from the arrays of a finished world."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from sim.core.counts import REACH, VIEWS
from sim.record.arrow import ARROW, to_arrow
from sim.record.columns import TABLES, Column
from sim.record.files import open_new
from sim.record.recorders import Paths, count_columns, part_columns
from sim.scenario.craft import CALLS, FORMS, VALUES
from sim.scenario.viral import Viral
from sim.world.craft import HOLD_ONE
from sim.world.draw import main_topic
from sim.world.state import MAX_TAGS, NOBODY, HashtagListing, SoundListing, World

__all__ = [
    "creator_columns", "hashtag_columns", "probe_columns", "probe_names", "sound_columns",
    "to_table", "user_columns", "video_columns", "write_table",
]  # fmt: skip

Columns = dict[str, Any]


def video_columns(
    world: World,
    counts: NDArray[np.int64],
    elsewhere: NDArray[np.int32],
    pool: NDArray[np.int8],
    pool_state: NDArray[Any],
) -> Columns:
    """Columns of the videos table; ``pool_state`` [V] holds words.

    ``elsewhere`` [V, PART_WIDTH] is what was not on For You (see ``sim.core.counts``).
    """
    n = world.videos.count
    videos, truth = world.videos, world.video_truth
    return {
        "video": np.arange(n),
        "creator": videos.creator[:n],
        "uploaded_s": videos.uploaded_s[:n],
        "duration_s": videos.duration_s[:n],
        "sound": videos.sound[:n],
        "original_sound": (world.sounds.original[videos.sound[:n]] == 1)
        & (world.sounds.born_s[videos.sound[:n]] == videos.uploaded_s[:n]),
        "topic": truth.main_topic[:n],
        "category": np.array(world.categories, object)[truth.main_topic[:n]],
        "followers_at_upload": videos.followers_at_upload[:n],
        "quality": truth.quality[:n],
        "hook": truth.hook[:n],
        "hold": truth.hold[:n] / np.float32(HOLD_ONE),
        **{name: getattr(truth, name)[:n] for name in ("polish", "authenticity", "originality")},
        "value": np.array(VALUES, object)[truth.value[:n]],
        "call": np.array(CALLS, object)[truth.call[:n]],
        "form": np.array(FORMS, object)[truth.form[:n]],
        "selling": truth.selling[:n] == 1,
        "cover": videos.cover[:n],
        "promises": truth.promises[:n] == 1,
        "challenge": _challenges(world, videos.tags[:n, 0]),
        "joint": np.array(["none", "duet", "stitch"], object)[videos.joint[:n]],
        "parent": videos.parent[:n],
        "audience": np.array(["nobody", "everybody", "followers", "friends"], object)[
            videos.eligible[:n]
        ],
        **count_columns(counts[:n]),
        "reach": counts[:n, REACH],
        **part_columns(counts[:n], elsewhere[:n]),
        "pool": pool[:n],
        "pool_state": pool_state[:n],
        "probe": probe_names(world, truth.probe[:n]),
    }


def _challenges(world: World, first_tag: NDArray[np.int32]) -> NDArray[np.int32]:
    """The first hashtag of videos [N] where it is that of a challenge, else NOBODY."""
    joins = (first_tag >= 0) & (world.hashtags.challenge[first_tag] == 1)
    return np.where(joins, first_tag, np.int32(NOBODY))


def creator_columns(world: World, counts: NDArray[np.int64]) -> Columns:
    """Columns of the creators table; counters are sums over the creator's videos."""
    creators, n = world.creators, world.videos.count
    sums = np.zeros((creators.count, counts.shape[1]), np.int64)
    np.add.at(sums, world.videos.creator[:n], counts[:n])
    during = world.videos.uploaded_s[:n] >= 0
    posts = np.bincount(world.videos.creator[:n][during], minlength=creators.count)
    niche = np.array([main_topic(row, world.topics) for row in creators.niche])
    return {
        "creator": np.arange(creators.count),
        "user": creators.user,
        "niche": niche,
        "category": np.array(world.categories, object)[niche],
        "followers_start": creators.followers_start,
        "followers_end": creators.followers,
        "posts": posts,
        **count_columns(sums),
        "probe": probe_names(world, creators.probe),
    }


def sound_columns(world: World, counts: NDArray[np.int64]) -> Columns:
    """Columns of the sounds table: those with two videos or more, and all that trended."""
    sounds, videos, n = world.sounds, world.videos, world.videos.count
    views = np.bincount(videos.sound[:n], counts[:n, VIEWS], sounds.count).astype(np.int64)
    which = np.flatnonzero((sounds.uses[: sounds.count] > 1) | (sounds.looks[: sounds.count] > 0))
    return {
        "sound": which,
        "category": np.array(world.categories, object)[sounds.topic[which]],
        "original": sounds.original[which] == 1,
        "born_s": sounds.born_s[which],
        "uses": sounds.uses[which],
        "views": views[which],
        **_trended(sounds, which),
    }


def hashtag_columns(world: World, counts: NDArray[np.int64]) -> Columns:
    """Columns of the hashtags table."""
    hashtags, videos, n = world.hashtags, world.videos, world.videos.count
    views = np.zeros(hashtags.count, np.int64)
    for place in range(MAX_TAGS):
        tag = videos.tags[:n, place]
        np.add.at(views, tag[tag >= 0], counts[:n, VIEWS][tag >= 0])
    which = np.arange(hashtags.count)
    challenge = hashtags.challenge[which] == 1
    return {
        "hashtag": which,
        "category": np.array(world.categories, object)[hashtags.topic[which]],
        "challenge": challenge,
        "born_s": _known(np.where(challenge, hashtags.born_s[which], np.nan)),
        "life_s": _known(np.where(challenge, hashtags.life_s[which], np.nan)),
        "uses": hashtags.uses[which],
        "views": views,
        **_trended(hashtags, which),
    }


def _trended(table: SoundListing | HashtagListing, which: NDArray[np.int64]) -> Columns:
    """What became of sounds or hashtags on the list of what trends."""
    return {
        "momentum": table.momentum[which],
        "peak": table.peak[which],
        **{
            name: _known(getattr(table, name)[which]) for name in ("peak_s", "trended_s", "until_s")
        },
        "looks": table.looks[which],
    }


def _known(times: NDArray[np.float64]) -> list[float | None]:
    """Times, None where there is none."""
    return [None if np.isnan(t) else t for t in times.tolist()]


def user_columns(
    world: World, users: Any, follows_end: NDArray[np.int32], profile: NDArray[np.float32],
    came: NDArray[np.uint64], gone: NDArray[np.int8],
) -> Columns:  # fmt: skip
    """Columns of the users table; ``users`` are the engine's counters of users.

    ``profile`` [U, D] is what the feed believes that each topic adds to what they do; ``came`` [U]
    are bit sets of days, and ``gone`` [U] says who stays away in the end, or is empty.
    """
    n = world.users
    columns = count_columns(users.counts)
    return {
        "user": np.arange(n),
        "creator": np.isin(np.arange(n), world.creators.user),
        "locale": world.accounts.locale,
        "device": world.accounts.device,
        "joined_s": world.accounts.joined_s,
        "arm": users.arm,
        "sessions": users.sessions,
        "active_days": users.active_days,
        "came": came.astype(np.int64),
        "gone": gone if len(gone) else np.zeros(n, np.int8),
        "follows_start": np.diff(world.follows.start),
        "follows_end": follows_end,
        "belief_cosine": _cosine(np.maximum(profile, 0.0), world.truth.interests),
        **columns,
    }


def _cosine(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.float32]:
    """Cosine of each two rows; 0 where one of them is nothing."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    norms = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    found = np.divide((a * b).sum(axis=1), norms, out=np.zeros(len(a)), where=norms > 0.0)
    return np.asarray(found, np.float32)


def probe_columns(world: World, videos: Columns, paths: Paths, viral: Viral) -> Columns:
    """Columns of the probes table: the planted videos and what became of them."""
    truth = world.video_truth
    planted = np.flatnonzero(truth.probe[: world.videos.count] >= 0)
    planted = planted[np.lexsort((truth.probe_number[planted], truth.probe[planted]))]
    uploaded = world.videos.uploaded_s
    ages = {
        video: time_s - float(uploaded[video])
        for video, time_s in paths.first_reaching(viral.counter, viral.least).items()
    }
    if viral.age_s is not None:
        # what it had by that age is known to the precision of the snapshots
        ages = {video: age for video, age in ages.items() if age <= viral.age_s + 1e-6}
    labels = world.twin_labels
    twin = world.creators.twin[world.videos.creator[planted]]
    probe, number = truth.probe[planted], truth.probe_number[planted]
    many = np.array([len(words) for words in labels], np.int64)[probe]
    return {
        "probe": videos["probe"][planted],
        "number": number,
        "pair": number // many,
        "twin": np.array([labels[p][t] for p, t in zip(probe, twin, strict=True)], object),
        **{name: column[planted] for name, column in videos.items() if name != "probe"},
        "reach_share": videos["reach"][planted] / world.users,
        "viral": _are_viral(videos, planted, uploaded, paths, viral, "all"),
        "viral_for_you": _are_viral(videos, planted, uploaded, paths, viral, "for_you"),
        "viral_strangers": _are_viral(videos, planted, uploaded, paths, viral, "strangers"),
        "time_to_viral_s": [ages.get(video) for video in planted.tolist()],
    }


def _are_viral(
    videos: Columns, planted: NDArray[np.int64], uploaded_s: NDArray[np.float64], paths: Paths,
    viral: Viral, among: str,
) -> NDArray[np.bool_]:  # fmt: skip
    """[N] whether planted videos are viral, counting what happened ``among`` some alone."""
    counter = viral.counter
    if viral.age_s is not None:
        reached = paths.first_reaching(counter, viral.least, among)
        ages = ((v, time_s - float(uploaded_s[v])) for v, time_s in reached.items())
        return np.isin(planted, [v for v, age in ages if age <= viral.age_s + 1e-6])
    found = videos[counter][planted]
    if among == "for_you":
        found = videos[f"{counter}_for_you"][planted]
    elif among == "strangers":
        found = found - videos[f"{counter}_followers"][planted]
    return np.asarray(found >= viral.least)


def probe_names(world: World, probe: NDArray[np.int16]) -> NDArray[Any]:
    """Names of probes by number; empty for NOBODY."""
    names = np.array([*world.probe_names, ""], object)
    return np.asarray(names[probe])


def to_table(name: str, columns: Columns) -> pa.Table:
    """An Arrow table with exactly the documented columns, in their order."""
    wanted: tuple[Column, ...] = TABLES[name]
    arrays = [to_arrow(columns[c.name], c.dtype) for c in wanted]
    fields = [
        pa.field(c.name, ARROW[c.dtype], metadata={"unit": c.unit, "meaning": c.meaning})
        for c in wanted
    ]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def write_table(folder: Path, name: str, columns: Columns) -> None:
    """Write one table; it appears under its name only when it is whole."""
    with open_new(folder / f"{name}.parquet") as file:
        pq.write_table(to_table(name, columns), file, compression="zstd", write_page_checksum=True)
