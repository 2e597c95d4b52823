"""``summary.json``: every number of a run, with its name, unit, meaning and population.

Objectives of studies are dotted paths into this dictionary, such as
``probes.newcomer.viral_share`` or ``watch.minutes_per_user_day``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import polars as pl

from sim.analysis.cascades import cascade_summary, post_summary
from sim.analysis.control import ranked_over_random
from sim.analysis.creators import creator_summary
from sim.analysis.engagement import (
    engagement_by_followers_median,
    engagement_mean,
    engagement_total,
    tiers,
)
from sim.analysis.inequality import gini, top_share
from sim.analysis.intervals import Share, wilson
from sim.analysis.learning import learning_summary
from sim.analysis.luck import within_creator
from sim.analysis.multiples import MULTIPLES, Floats, above, compared_with, multiples, ranks
from sim.analysis.newcomers import newcomer_summary
from sim.analysis.parts import part_summary
from sim.analysis.pools import pool_survival, waiting_share
from sim.analysis.regret import regret_summary
from sim.analysis.retention import retention_summary
from sim.analysis.spread import growth, time_to_reach
from sim.analysis.tables import Tables, mature, measured, ordinary, rows_where, timeline_since
from sim.analysis.tails import fit_tail
from sim.analysis.trends import trend_summary
from sim.analysis.twins import twin_summary
from sim.analysis.watch import ratio, shares_by, watch_summary

__all__ = ["GROWTH_AGES_H", "REACH_STEPS", "summarise", "value_at"]

GROWTH_AGES_H: Final = (1, 3, 6, 12, 24)
"""Ages at which the growth curve is written down, h."""
REACH_STEPS: Final = (10, 100, 1_000, 10_000, 100_000)
"""Numbers of users for the time to reach; those above the population are left out."""

_DAY_S: Final = 86_400.0

Node = dict[str, Any]


def summarise(tables: Tables) -> Node:
    """All numbers of a run as nested plain JSON; documented in ``SUMMARY_FIELDS``.

    A number that cannot be computed is None, never NaN or infinite.
    """
    uploads = mature(tables)
    tree: Node = {
        "population": _population(tables, uploads),
        **_watch(tables),
        "surfaces": shares_by(tables, "surface"),
        "sources": shares_by(tables, "source"),
        "engagement": _engagement(tables, uploads),
        "reach": _reach(tables, uploads),
        "inequality": _inequality(uploads),
        "tail": _tail(uploads),
        "luck": _luck(uploads),
        "growth": _growth(tables, uploads),
        "pools": _pools(tables, uploads),
        "probes": _probes(tables),
        "retention": retention_summary(tables),
        "learning": learning_summary(tables.users),
        "ranked_over_random": ranked_over_random(tables.control),
        "regret": regret_summary(tables.regret),
    }
    if tables.shares is not None:
        posts = post_summary(uploads, tables.shares)
        tree["cascades"] = {**cascade_summary(tables.shares), **posts}
    if trends := trend_summary(tables):
        tree["trends"] = trends
    if creators := creator_summary(tables):
        tree["creators"] = creators
    if tables.newcomers is not None:
        tree["newcomers"] = newcomer_summary(tables.newcomers)
    plain: Node = _plain(tree)
    return plain


def value_at(summary: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted ``path``, such as ``engagement.tiers.1-5K.mean``.

    Raises ``KeyError`` with the first part of the path that is not there.
    """
    node: Any = summary
    parts = path.split(".")
    for depth, part in enumerate(parts, start=1):
        try:
            node = node[part]
        except (KeyError, TypeError):
            raise KeyError(".".join(parts[:depth])) from None
    return node


def _plain(node: Any) -> Any:
    """NumPy scalars to Python numbers; NaN and infinities to None."""
    if isinstance(node, dict):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, np.generic):
        node = node.item()
    if isinstance(node, float) and not math.isfinite(node):
        return None
    return node


def _interval(name: str, share: Share) -> Node:
    return {name: share.share, f"{name}_low": share.low, f"{name}_high": share.high}


def _quantile(values: pl.Series, level: float) -> float | None:
    found = values.quantile(level, interpolation="linear")
    return float(found) if found is not None else None


def _mean(values: pl.Series) -> float | None:
    found = values.mean()
    return float(found) if isinstance(found, int | float) else None


def _population(tables: Tables, uploads: pl.DataFrame) -> Node:
    return {
        "users": tables.users_count,
        "creators": int((tables.creators["probe"] == "").sum()),
        "videos": tables.videos.height,
        "ordinary": ordinary(tables).height,
        "measured": measured(tables).height,
        "mature": uploads.height,
        "probes": tables.probes.height,
        "min_age_s": tables.min_age_s,
        "measured_s": tables.measured_s,
        **_supply(tables),
    }


def _supply(tables: Tables) -> Node:
    """Impressions for each post after the warm-up, beside what the scenario states.

    Over whole days, as what is stated: people watch at other hours than creators post. Where there
    is no whole day, over what there is.
    """
    days = (tables.duration_s - tables.warmup_s) // _DAY_S
    start_s = tables.duration_s - days * _DAY_S if days else tables.warmup_s
    timeline, covered_s = timeline_since(tables, start_s)
    posts = rows_where(tables.videos, pl.col("uploaded_s") >= start_s).height
    # a bin that the start cuts in two is left out
    seconds = (tables.duration_s - start_s) / covered_s if covered_s else 0.0
    realised = ratio(int(timeline["impressions"].sum()) * seconds, posts)
    return {
        "supply_stated": tables.mean_impressions,
        "supply_realised": realised,
        "headroom": ratio(tables.users_count, realised) if realised else None,
    }


def _watch(tables: Tables) -> Node:
    watch = watch_summary(tables)
    actions = {
        name: {
            "count": count,
            "per_100_impressions": ratio(100.0 * count, watch.impressions),
            "per_100_views": ratio(100.0 * count, watch.views),
        }
        for name, count in watch.actions.items()
    }
    return {
        "watch": {
            "impressions": watch.impressions,
            "views": watch.views,
            "hours": watch.watch_s / 3600.0,
            "seconds_per_impression": watch.seconds_per_impression,
            "views_per_impression": ratio(watch.views, watch.impressions),
            "completion_rate": watch.completion_rate,
            "skip_rate": watch.skip_rate,
            "minutes_per_user_day": watch.minutes_per_user_day,
            "minutes_per_active_user_day": watch.minutes_per_active_user_day,
            "sessions_per_active_user_day": watch.sessions_per_active_user_day,
            "active_user_share": watch.active_user_share,
        },
        "actions": actions,
    }


def _engagement(tables: Tables, uploads: pl.DataFrame) -> Node:
    mean, low, high = engagement_mean(uploads)
    by_followers, creators = engagement_by_followers_median(uploads, tables.creators)
    return {
        "by_views": engagement_total(uploads),
        "by_views_mean": mean,
        "by_views_mean_low": low,
        "by_views_mean_high": high,
        "by_followers_median": by_followers,
        "by_followers_creators": creators,
        "tiers": {
            tier.label: {
                "followers": tier.label,
                "videos": tier.videos,
                "rated": tier.rated,
                "mean": tier.mean,
                "mean_low": tier.mean_low,
                "mean_high": tier.mean_high,
                "total": tier.total,
            }
            for tier in tiers(uploads)
        },
    }


def _reach(tables: Tables, uploads: pl.DataFrame) -> Node:
    # What they had by an age is not known of them: paths are kept of a few alone.
    needed = tables.viral
    viral = wilson(int((uploads[needed.counter] >= needed.least).sum()), uploads.height)
    unseen = wilson(int((uploads["views"] == 0).sum()), uploads.height)
    mean = _mean(uploads["impressions"])
    found = multiples(uploads["impressions"], mean)
    return {
        "videos": uploads.height,
        "impressions_mean": mean,
        **_multiples(found, {"median": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}),
        "views_mean": _mean(uploads["views"]),
        "views_median": _quantile(uploads["views"], 0.5),
        "views_p90": _quantile(uploads["views"], 0.9),
        "views_p99": _quantile(uploads["views"], 0.99),
        "reach_mean": _mean(uploads["reach"]),
        "reach_median": _quantile(uploads["reach"], 0.5),
        "max_share_of_users": ratio(
            float(uploads["reach"].max() or 0),  # type: ignore[arg-type]
            tables.users_count,
        ),
        **_interval("viral_share", viral),
        **_interval("unseen_share", unseen),
    }


def _multiples(found: Floats | None, levels: Mapping[str, float]) -> Node:
    """Quantiles of multiples of the mean, by name, and shares that are at least so large."""
    some = found if found is not None and found.size else None
    tree: Node = {
        f"multiple_{name}": None if some is None else float(np.quantile(some, level))
        for name, level in levels.items()
    }
    for times in MULTIPLES:
        tree |= _interval(f"above_{times}x_share", above(found, times))
    return tree


def _inequality(uploads: pl.DataFrame) -> Node:
    views = uploads["views"].to_numpy()
    by_creator = uploads.group_by("creator").agg(pl.col("views").sum()).sort("creator")
    return {
        "videos": uploads.height,
        "gini_views": gini(views),
        "top036_share_views": top_share(views, 0.0036),
        "top1_share_views": top_share(views, 0.01),
        "top10_share_views": top_share(views, 0.10),
        "creators": by_creator.height,
        "gini_creators": gini(by_creator["views"].to_numpy()),
        "top1_share_creators": top_share(by_creator["views"].to_numpy(), 0.01),
    }


def _tail(uploads: pl.DataFrame) -> Node:
    fit = fit_tail(uploads["views"].to_numpy())
    return {
        "videos": fit.n,
        "reason": fit.reason,
        "xmin": fit.xmin,
        "in_tail": fit.n_tail,
        "alpha": fit.alpha,
        "alpha_se": fit.alpha_se,
        "lognormal_mu": fit.mu,
        "lognormal_sigma": fit.sigma,
        "loglikelihood_ratio": fit.ratio,
        "p": fit.p,
    }


def _luck(uploads: pl.DataFrame) -> Node:
    luck = within_creator(uploads)
    return {
        "sd_log10_views": luck.sd_mean,
        "creators": luck.creators,
        "sd_log10_views_pooled": luck.sd_pooled,
        "posts": luck.posts,
        "unseen": luck.unseen,
    }


def _growth(tables: Tables, uploads: pl.DataFrame) -> Node:
    tracked = uploads.join(tables.paths.select("video").unique(), on="video", how="semi")[
        "video"
    ].to_list()
    curve = growth(tables.paths, tracked, tables.min_age_s)
    wanted = [hour for hour in GROWTH_AGES_H if hour * 3600.0 < curve.horizon_s]
    at = np.interp(np.asarray(wanted, dtype=np.float64) * 3600.0, curve.ages_s, curve.share)
    return {
        "videos": curve.videos,
        "horizon_s": curve.horizon_s,
        "half_s": curve.half_s,
        **{f"share_{hour}h": None for hour in GROWTH_AGES_H},
        **{f"share_{hour}h": float(share) for hour, share in zip(wanted, at, strict=True)},
    }


def _pools(tables: Tables, videos: pl.DataFrame) -> Node:
    return {
        "entered": int((videos["pool"] >= 1).sum()),
        **_interval("waiting_share", waiting_share(videos)),
        "levels": {
            str(level.pool): {
                "pool": level.pool,
                "entered": level.entered.count,
                **_interval("share", level.entered),
                **_interval("share_of_previous", level.conditional),
            }
            for level in pool_survival(videos, tables.pools)
        },
    }


def _probes(tables: Tables) -> Node:
    names = tables.probes["probe"].unique(maintain_order=True).to_list()
    return {str(name): _probe(tables, str(name)) for name in names}


def _twins(tables: Tables, name: str) -> Node:
    found = twin_summary(tables, name)
    return {} if found is None else {"twins": found}


def _success(tables: Tables, probes: pl.DataFrame) -> Node:
    """Impressions of a probe against those of ordinary uploads of comparable age."""
    others = compared_with(tables, probes)
    found = ranks(probes["impressions"], others.impressions)
    return {
        "compared_videos": others.impressions.size,
        "compared_youngest_s": others.youngest_s,
        "compared_oldest_s": others.oldest_s,
        "compared_impressions_mean": others.mean,
        "impressions_mean": _mean(probes["impressions"]),
        "rank_median": None if found is None else float(np.median(found)),
        **_multiples(
            multiples(probes["impressions"], others.mean),
            {"median": 0.5, "p90": 0.9, "max": 1.0},
        ),
    }


def _probe(tables: Tables, name: str) -> Node:
    probes = rows_where(tables.probes, pl.col("probe") == name)
    viral = wilson(int(probes["viral"].fill_null(False).sum()), probes.height)
    seen = rows_where(probes, pl.col("views") > 0)
    sd = seen["views"].log10().std() if seen.height > 1 else None
    ids = probes["video"].to_list()
    paths = tables.paths.filter(pl.col("probe") == name)
    steps = [time_to_reach(paths, ids, r) for r in REACH_STEPS if r <= tables.users_count]
    impressions = int(probes["impressions"].sum())
    latest = probes["uploaded_s"].max()
    return {
        "count": probes.height,
        **_success(tables, probes),
        "observed_s": tables.duration_s - float(latest) if latest is not None else None,  # type: ignore[arg-type]
        "viral": viral.count,
        **_interval("viral_share", viral),
        "time_to_viral_median_s": _quantile(probes["time_to_viral_s"].drop_nulls(), 0.5),
        "views_mean": _mean(probes["views"]),
        **{
            f"views_p{round(100 * level):02d}": _quantile(probes["views"], level)
            for level in (0.05, 0.25, 0.75, 0.95)
        },
        "views_median": _quantile(probes["views"], 0.5),
        "reach_median": _quantile(probes["reach"], 0.5),
        "reach_share_mean": _mean(probes["reach_share"]),
        "reach_share_median": _quantile(probes["reach_share"], 0.5),
        "sd_log10_views": float(sd) if isinstance(sd, int | float) else None,
        "gini_views": gini(probes["views"].to_numpy()),
        "engagement_by_views": engagement_total(probes),
        "completion_rate": ratio(int(probes["completions"].sum()), impressions),
        "skip_rate": ratio(int(probes["skips"].sum()), impressions),
        "follows": int(probes["follows"].sum()),
        "pools": _pools(tables, probes),
        "time_to_reach": {
            str(step.reach): {
                "reach": step.reach,
                **_interval("share", step.reached),
                "median_s": step.median_s,
                "p10_s": step.p10_s,
                "p90_s": step.p90_s,
            }
            for step in steps
        },
        **part_summary(probes),
        **_twins(tables, name),
    }
