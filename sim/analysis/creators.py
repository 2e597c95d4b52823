"""Creators: how many pause, quit, come back and shift, and whether supply drifts with that."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from sim.analysis.intervals import Share, wilson
from sim.analysis.tables import Tables, ordinary

__all__ = ["GROUPS", "creator_summary", "state_at"]

GROUPS: Final = {"small": (0.0, 0.5), "large": (0.9, 1.0)}
"""Parts of creators in the order of their followers at the start: the lower half, the top tenth."""
_DAY_S: Final = 86_400.0


def state_at(reactions: pl.DataFrame, time_s: float) -> pl.DataFrame:
    """(creator, state) of all who post nothing at a time: ``paused``, ``went away`` or ``quit``."""
    last = (
        reactions.filter((pl.col("did") != "shifted") & (pl.col("time_s") <= time_s))
        .sort("time_s", maintain_order=True)
        .group_by("creator", maintain_order=True)
        .last()
    )
    still = last.filter(pl.col("until_s").is_null() | (pl.col("until_s") > time_s))
    return still.select("creator", pl.col("did").cast(pl.String).alias("state"))


def creator_summary(tables: Tables) -> dict[str, Any]:
    """Numbers of the creators who look back at their posts, as plain JSON.

    looked_back          creators who posted during the run: those who can have looked back
    paused_share, away_share, quit_share   of these, at the end of the run, with Wilson intervals
    came_back            returns during the run, from a pause or from further away
    shifted_share        of these, those who changed what they post about
    small, large         ``quit_share`` by followers at the start, see GROUPS
    posts_first_day, posts_last_day   ordinary uploads on the first day after the warm-up and
                         on the last day
    """
    found = tables.reactions
    if found is None:
        return {}
    ours = tables.creators.filter((pl.col("probe") == "") & (pl.col("posts") > 0))
    end = tables.duration_s
    states = ours.join(state_at(found, end), on="creator", how="left")
    count = states.height
    shifted = found.filter(pl.col("did") == "shifted")["creator"].unique()
    numbers: dict[str, Any] = {
        "looked_back": count,
        **_share("paused_share", int((states["state"] == "paused").sum()), count),
        **_share("away_share", int((states["state"] == "went away").sum()), count),
        **_share("quit_share", int((states["state"] == "quit").sum()), count),
        "came_back": int((found["until_s"] <= end).sum()),
        **_share("shifted_share", int(ours["creator"].is_in(shifted.implode()).sum()), count),
    }
    states = states.sort("followers_start", "creator")
    for name, (low, high) in GROUPS.items():
        first, last = round(low * count), round(high * count)
        group = states[first:last]
        quits = int((group["state"] == "quit").sum())
        numbers[name] = {"creators": group.height, **_share("quit_share", quits, group.height)}
    uploads = ordinary(tables)["uploaded_s"]
    whole = end - tables.warmup_s >= _DAY_S
    for name, start in (("posts_first_day", tables.warmup_s), ("posts_last_day", end - _DAY_S)):
        posts = int(((uploads >= start) & (uploads < start + _DAY_S)).sum())
        numbers[name] = posts if whole else None
    return numbers


def _share(name: str, yes: int, of: int) -> dict[str, float | None]:
    share: Share = wilson(yes, of)
    return {name: share.share, f"{name}_low": share.low, f"{name}_high": share.high}
