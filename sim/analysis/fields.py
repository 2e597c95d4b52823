"""Every key of ``summary.json``: the reference documentation is made from these rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sim.analysis.multiples import AGE_TOLERANCE, MIN_COMPARED, MULTIPLES
from sim.analysis.newcomers import AGAINST, GROUPS, RATES
from sim.analysis.retention import RETENTION_DAYS
from sim.analysis.twins import MEASURES
from sim.core.actions import ACTIONS

__all__ = ["SUMMARY_FIELDS", "Field", "matches"]


@dataclass(frozen=True)
class Field:
    """One documented number."""

    path: str
    """Dotted path; ``*`` stands for any one name."""
    unit: str
    meaning: str
    population: str
    """What it was counted over."""


WORLD = "world"
AFTER = "all impressions after the warm-up"
RUN = "all users, whole run with warm-up"
MATURE = "mature ordinary uploads"
RATED = "mature ordinary uploads with at least 100 views"
PROBE = "videos of this probe, at the end of the run"
COMPARED = (
    f"ordinary uploads posted after the warm-up and as old as the probe's, give or take "
    f"{100 * AGE_TOLERANCE:g} %; with fewer than {MIN_COMPARED} of these, all mature ones where "
    "those are more"
)
PAIRS = "pairs of twins of this probe"
MATCH = "mean match of true interests and topics"
BELIEVED = "users who were shown so many videos, at the end of the run"
BESIDE = "slates that have a control, after the warm-up"
LINKS = "all links of the run"
ORDINARY_CREATORS = "ordinary creators"
POSTS = "ordinary uploads"
POSTERS = "ordinary creators who posted during the run"
TREES = "all cascades of the run"
COHORT = (
    "people who were there from the start (settled), who joined (joined), and, in a run longer "
    "than a week, who joined in each of its weeks (joined_week_1 ...); whole run with warm-up"
)
NEWCOMERS = "people who joined after the warm-up, videos of this part of their first 350"
TRACKED = "mature ordinary uploads with a recorded path"


def _share(path: str, meaning: str, population: str, of: str = "videos") -> tuple[Field, ...]:
    """A share with its Wilson interval."""
    note = f"95 % Wilson interval, {of} taken as independent (in one world they are not)"
    return (
        Field(path, "share", meaning, population),
        Field(f"{path}_low", "share", f"lower end: {note}", population),
        Field(f"{path}_high", "share", f"upper end: {note}", population),
    )


def _twins() -> tuple[Field, ...]:
    """What ``twin_summary`` tells; only for probes with twins."""
    path, note = "probes.*.twins", "95 % interval, pairs taken as independent"
    kinds = [(name, "share" if name == "promoted" else "count") for name in MEASURES]
    return (
        Field(f"{path}.pairs", "videos", "videos of which every twin was posted", PAIRS),
        Field(f"{path}.early_s", "s", "age that counts as early", PAIRS),
        Field(f"{path}.final_s", "s", "age that counts as final", PAIRS),
        Field(f"{path}.against", "", "value with which the others are compared", PAIRS),
        *(
            Field(f"{path}.values.*.{name}", unit, f"mean, {_measure(name)}", PAIRS)
            for name, unit in kinds
        ),
        *(
            field
            for name, unit in kinds
            for field in (
                Field(
                    f"{path}.contrasts.*.{name}.difference", "difference", "mean difference", PAIRS
                ),
                Field(
                    f"{path}.contrasts.*.{name}.difference_low",
                    "difference",
                    f"lower end: {note}",
                    PAIRS,
                ),
                Field(
                    f"{path}.contrasts.*.{name}.difference_high",
                    "difference",
                    f"upper end: {note}",
                    PAIRS,
                ),
            )
        ),
        *(
            field
            for name, _ in kinds[1:]
            for field in (
                Field(
                    f"{path}.contrasts.*.{name}.ratio",
                    "",
                    "ratio of geometric means, 1 added",
                    PAIRS,
                ),
                Field(f"{path}.contrasts.*.{name}.ratio_low", "", f"lower end: {note}", PAIRS),
                Field(f"{path}.contrasts.*.{name}.ratio_high", "", f"upper end: {note}", PAIRS),
            )
        ),
    )


def _measure(name: str) -> str:
    if name == "promoted":
        return "went on to the second pool by the final age"
    if name == "impressions_early":
        return "impressions at the early age"
    where = name.removeprefix("impressions").lstrip("_").replace("_", " ")
    return f"impressions at the final age{f', on {where}' if where else ''}"


def _lifts(path: str) -> tuple[Field, ...]:
    """What ``ranked_over_random`` tells, over all people or over those of a stage."""
    note = "95 % interval, impressions taken as independent"
    return (
        Field(f"{path}.control_impressions", "count", "impressions of controls", BESIDE),
        Field(f"{path}.ranked_impressions", "count", "impressions of ranked places", BESIDE),
        *(
            field
            for action in ACTIONS
            for field in (
                Field(f"{path}.{action.name}.control", "share", "of controls", BESIDE),
                Field(f"{path}.{action.name}.ranked", "share", "of ranked places", BESIDE),
                Field(f"{path}.{action.name}.ratio", "", "ranked / control", BESIDE),
                Field(f"{path}.{action.name}.ratio_low", "", f"lower end: {note}", BESIDE),
                Field(f"{path}.{action.name}.ratio_high", "", f"upper end: {note}", BESIDE),
            )
        ),
        Field(f"{path}.watch_s.control", "s", "watched per impression of controls", BESIDE),
        Field(f"{path}.watch_s.ranked", "s", "watched per impression of ranked places", BESIDE),
        Field(f"{path}.watch_s.ratio", "", "ranked / control", BESIDE),
        Field(f"{path}.match.control", "cosine", f"{MATCH} of controls", BESIDE),
        Field(f"{path}.match.ranked", "cosine", f"{MATCH} of ranked places", BESIDE),
    )


def _regrets(path: str) -> tuple[Field, ...]:
    """What ``regret_summary`` tells, over all, of a stage of people, or of an age of videos."""
    note = "slates that an oracle was shown, after the warm-up"
    return (
        Field(f"{path}.places", "count", "ranked places", note),
        Field(f"{path}.shown", "score", "what they are worth by the truth, a place", note),
        Field(f"{path}.best", "score", "the same of the best of the candidates", note),
        Field(f"{path}.random", "score", "the same of candidates drawn by chance", note),
        # below 0 where chance would do better, above 1 where one age has the best of its slates
        Field(f"{path}.closed", "part", "(shown - random) / (best - random)", note),
    )


def _retention() -> tuple[Field, ...]:
    """What ``retention_summary`` tells of a cohort."""
    path = "retention.*"
    return (
        Field(f"{path}.people", "users", "people of the cohort", COHORT),
        *(
            field
            for day in RETENTION_DAYS
            for field in _share(
                f"{path}.day_{day}",
                f"came on day {day}, counted in 24 h from the opening of the account; null where "
                "that was over for nobody",
                COHORT,
                "people",
            )
        ),
        Field(f"{path}.paused_share", "share", "on a long pause at the end (truth)", COHORT),
        Field(f"{path}.lost_share", "share", "left for good by the end (truth)", COHORT),
    )


def _cascades() -> tuple[Field, ...]:
    """What ``cascade_summary`` tells; only where people can send links."""
    path = "cascades."
    return (
        Field(f"{path}cascades", "count", "trees of adoptions, a root each", LINKS),
        Field(f"{path}links", "count", "links sent", LINKS),
        Field(f"{path}adoptions", "count", "roots, and people who opened a link", LINKS),
        Field(f"{path}receivers_per_event_mean", "links", "links a share event", LINKS),
        Field(f"{path}opened_share", "share", "links opened", LINKS),
        *_share(f"{path}not_passed_on_share", "nobody but the root sent a link", TREES),
        *_share(f"{path}not_opened_share", "cascades of size 1", TREES),
        Field(f"{path}size_mean", "people", "mean size, the root included", TREES),
        Field(f"{path}size_max", "people", "largest size", TREES),
        *(
            Field(f"{path}size_{name}", "people", f"{level:g} % quantile of size", TREES)
            for name, level in (("p50", 50), ("p90", 90), ("p99", 99), ("p999", 99.9))
        ),
        *(
            found
            for step in (10, 100)
            for found in _share(f"{path}size_{step}_share", f"size of {step} or more", TREES)
        ),
        Field(f"{path}depth_mean", "links", "mean of the longest way from the root", TREES),
        Field(f"{path}depth_max", "links", "longest way from a root", TREES),
        Field(
            f"{path}virality_mean", "links",
            "mean structural virality: mean distance of two people of a cascade of size 2 or more",
            TREES,
        ),
        Field(
            f"{path}branching", "",
            "adoptions through a link for each adoption; 1 - 1 / size_mean by arithmetic", LINKS,
        ),
        *_share(f"{path}posts_alone_share", "nobody sent it to anybody", MATURE),
        Field(f"{path}posts_size_mean", "people", "mean of poster, senders and openers", MATURE),
        Field(f"{path}posts_size_max", "people", "the most of these", MATURE),
        *(
            found
            for step in (10, 100)
            for found in _share(f"{path}posts_size_{step}_share", f"{step} or more", MATURE)
        ),
    )  # fmt: skip


def _trends() -> tuple[Field, ...]:
    """What ``trend_summary`` tells."""
    found: list[Field] = []
    for kind, of in (("sounds", "sounds with two uses or more"), ("challenges", "challenges")):
        path, new = f"trends.{kind}", f"{kind} that came onto the list after the first day"
        found += [
            Field(f"{path}.listed", "count", "that stood on the list of what trends", of),
            Field(f"{path}.listed_new", "count", "of these, begun after the start", of),
            Field(f"{path}.hours_to_list", "h", "median time until they were listed", "these"),
            Field(
                f"{path}.hours_to_peak",
                "h",
                "median time to the hour with most new uses",
                "those of them begun a day or more before the end",
            ),
            Field(f"{path}.gini_uses", "0..1", "Gini coefficient of uses", of),
            Field(f"{path}.top1_share_uses", "share", "share of uses of the most used 1 %", of),
        ]
        for days in (5, 14):
            name = f"{path}.gone_in_{days}d"
            found += [
                Field(f"{name}_known", "count", f"listed first at least {days} days before the end",
                      new),
                *_share(f"{name}_share", f"of these, off the list for good in {days} days (S6)",
                        new),
            ]  # fmt: skip
    return tuple(found)


def _creators() -> tuple[Field, ...]:
    """What ``creator_summary`` tells; only where creators look back at their posts."""
    path = "creators."
    return (
        Field(f"{path}looked_back", "count", "posted during the run", ORDINARY_CREATORS),
        *_share(f"{path}paused_share", "on a pause at the end", POSTERS),
        *_share(f"{path}away_share", "quit and will come back some day (truth)", POSTERS),
        *_share(f"{path}quit_share", "quit for good by the end (truth)", POSTERS),
        Field(f"{path}came_back", "count", "returns during the run", POSTERS),
        *_share(f"{path}shifted_share", "changed what they post about", POSTERS),
        *(
            field
            for name, of in (
                ("small", "of these, the half with the fewest followers at the start"),
                ("large", "of these, the tenth with the most followers at the start"),
            )
            for field in (
                Field(f"{path}{name}.creators", "count", "their number", of),
                *_share(f"{path}{name}.quit_share", "quit for good by the end (truth)", of),
            )
        ),
        Field(
            f"{path}posts_first_day", "count", "posted on the first day after the warm-up", POSTS
        ),
        Field(f"{path}posts_last_day", "count", "of the last day", POSTS),
    )


def _newcomers() -> tuple[Field, ...]:
    """What ``newcomer_summary`` tells; only where people join during the run."""
    told = {
        "completed": "impressions watched to the end",
        "skipped": "impressions swiped away within 3 seconds",
        "liked": "impressions with a like",
        "watch_s": "mean time watched",
        "match": MATCH,
    }
    error, note = "standard error, people taken as independent", "95 % interval"
    fields: list[Field] = []
    for group in GROUPS:
        path = f"newcomers.{group}.*"
        fields += [
            Field(f"{path}.people", "users", "people who were shown any of them", NEWCOMERS),
            Field(f"{path}.impressions", "count", "times one was put on a screen", NEWCOMERS),
        ]
        for name, unit in RATES.items():
            fields += [
                Field(f"{path}.{name}", unit, told[name], NEWCOMERS),
                Field(f"{path}.{name}_se", unit, error, NEWCOMERS),
            ]
    path = f"newcomers.{AGAINST}.*"
    for name in RATES:
        fields += [
            Field(f"{path}.{name}", "difference", f"{told[name]}, difference", NEWCOMERS),
            Field(f"{path}.{name}_low", "difference", f"lower end: {note}", NEWCOMERS),
            Field(f"{path}.{name}_high", "difference", f"upper end: {note}", NEWCOMERS),
        ]
    return tuple(fields)


def _multiples(prefix: str, of: str, names: dict[str, str], population: str) -> tuple[Field, ...]:
    """What ``_multiples`` of the summary tells: impressions over the mean of other videos."""
    path = f"{prefix}.multiple"
    return (
        *(
            Field(f"{path}_{name}", "times", f"{meaning} of impressions / {of}", population)
            for name, meaning in names.items()
        ),
        *(
            field
            for times in MULTIPLES
            for field in _share(
                f"{prefix}.above_{times}x_share",
                f"at least {times} times {of}{' (V1)' if times in (47, 93) else ''}",
                population,
            )
        ),
    )


def _success() -> tuple[Field, ...]:
    """A probe against ordinary uploads of comparable age."""
    prefix = "probes.*"
    mean = "compared_impressions_mean"
    return (
        Field(f"{prefix}.compared_videos", "videos", "uploads compared with", COMPARED),
        Field(f"{prefix}.compared_youngest_s", "s", "age of the youngest at the end", COMPARED),
        Field(f"{prefix}.compared_oldest_s", "s", "age of the oldest at the end", COMPARED),
        Field(f"{prefix}.{mean}", "count", "mean impressions of these uploads", COMPARED),
        Field(f"{prefix}.impressions_mean", "count", "mean times put on a screen", PROBE),
        Field(
            f"{prefix}.rank_median",
            "0..1",
            "median of the rank: share of the uploads compared with that had fewer impressions, "
            "those with as many counted half",
            PROBE,
        ),
        *_multiples(prefix, mean, {"median": "median", "p90": "90 % quantile", "max": "largest"},
                    PROBE),
    )  # fmt: skip


def _pools(prefix: str, population: str) -> tuple[Field, ...]:
    levels = f"{prefix}.levels.*"
    entered = f"{population} that entered pool 1"
    return (
        Field(f"{prefix}.entered", "count", "videos that entered pool 1", population),
        *_share(f"{prefix}.waiting_share", "still waiting in a pool at the end", entered),
        Field(f"{levels}.pool", "level", "cold-start pool, from 1", ""),
        Field(f"{levels}.entered", "count", "videos that entered this pool", population),
        *_share(f"{levels}.share", "entered this pool, of those in pool 1", entered),
        *_share(
            f"{levels}.share_of_previous",
            "entered this pool, of those in the pool before",
            f"{population} that entered the pool before",
        ),
    )


def _actions() -> tuple[Field, ...]:
    rows: list[Field] = []
    for action in ACTIONS:
        path = f"actions.{action.name}"
        counted = f"impressions on which the user {action.meaning}"
        rows += [
            Field(f"{path}.count", "count", counted, AFTER),
            Field(f"{path}.per_100_impressions", "percent", f"100 · {counted} / all", AFTER),
            Field(f"{path}.per_100_views", "percent", f"100 · {counted} / views", AFTER),
        ]
    return tuple(rows)


SUMMARY_FIELDS: Final[tuple[Field, ...]] = (
    Field("population.users", "users", "users in the world", WORLD),
    Field("population.creators", "creators", "creators, accounts of probes left out", WORLD),
    Field("population.videos", "videos", "all videos, first catalogue and probes included", WORLD),
    Field("population.ordinary", "videos", "videos that no probe planted", WORLD),
    Field("population.measured", "videos", "ordinary uploads posted after the warm-up", WORLD),
    Field("population.mature", "videos", "measured uploads at least min_age_s old", WORLD),
    Field("population.probes", "videos", "videos planted by probes", WORLD),
    Field("population.min_age_s", "s", "1 day, or half of the time after the warm-up", WORLD),
    Field("population.measured_s", "s", "time after the warm-up", WORLD),
    Field(
        "population.supply_stated",
        "impressions",
        "N as the scenario states it: impressions a day "
        "for each post of a day, over whole days; null when it does not",
        WORLD,
    ),
    Field(
        "population.supply_realised",
        "impressions",
        "impressions for each post, probes included, over the last whole days (over all of the "
        "time when it is less than a day)",
        AFTER,
    ),
    Field(
        "population.headroom",
        "times",
        "people over the realised supply: no video reaches over so many times what a post gets",
        WORLD,
    ),
    Field("watch.impressions", "count", "times a video was put on a screen", AFTER),
    Field("watch.views", "count", "plays that started, replays included", AFTER),
    Field("watch.hours", "h", "time watched", AFTER),
    Field("watch.seconds_per_impression", "s", "mean time watched", AFTER),
    Field("watch.views_per_impression", "ratio", "plays per impression; above 1 by loops", AFTER),
    Field("watch.completion_rate", "share", "impressions watched to the end", AFTER),
    Field("watch.skip_rate", "share", "impressions swiped away within 3 seconds", AFTER),
    Field(
        "watch.minutes_per_user_day", "min", "watch time per user, active or not, and day", AFTER
    ),
    Field("watch.minutes_per_active_user_day", "min", "watch time per day with a session", RUN),
    Field("watch.sessions_per_active_user_day", "count", "sessions per day with a session", RUN),
    Field("watch.active_user_share", "share", "users with at least one session", RUN),
    *_actions(),
    Field("surfaces.*", "share", "share of views on this surface", AFTER),
    Field("sources.*", "share", "share of views of candidates from this source", AFTER),
    Field("engagement.by_views", "percent", "100 · (likes + comments + shares) / views", MATURE),
    Field("engagement.by_views_mean", "percent", "mean over videos of the same rate", RATED),
    Field("engagement.by_views_mean_low", "percent", "lower end, 95 % by Student's t", RATED),
    Field("engagement.by_views_mean_high", "percent", "upper end, 95 % by Student's t", RATED),
    Field(
        "engagement.by_followers_median",
        "percent",
        "median over creators of 100 · ((likes + comments) / posts) / followers",
        "creators with a mature ordinary upload and a follower",
    ),
    Field("engagement.by_followers_creators", "creators", "creators in that median", MATURE),
    Field("engagement.tiers.*.followers", "", "followers of the author when posting", ""),
    Field("engagement.tiers.*.videos", "videos", "videos in the tier", MATURE),
    Field("engagement.tiers.*.rated", "videos", "videos in the mean", RATED),
    Field("engagement.tiers.*.mean", "percent", "mean over videos of the rate by views", RATED),
    Field("engagement.tiers.*.mean_low", "percent", "lower end, 95 % by Student's t", RATED),
    Field("engagement.tiers.*.mean_high", "percent", "upper end, 95 % by Student's t", RATED),
    Field("engagement.tiers.*.total", "percent", "rate by views, all videos together", MATURE),
    Field("reach.videos", "videos", "videos in this group of numbers", MATURE),
    Field("reach.impressions_mean", "count", "mean times put on a screen", MATURE),
    *_multiples(
        "reach",
        "impressions_mean",
        {"median": "median", "p90": "90 % quantile", "p99": "99 % quantile", "max": "largest"},
        MATURE,
    ),
    Field("reach.views_mean", "count", "mean views", MATURE),
    Field("reach.views_median", "count", "median views", MATURE),
    Field("reach.views_p90", "count", "90 % quantile of views", MATURE),
    Field("reach.views_p99", "count", "99 % quantile of views", MATURE),
    Field("reach.reach_mean", "users", "mean reach", MATURE),
    Field("reach.reach_median", "users", "median reach", MATURE),
    Field("reach.max_share_of_users", "share", "reach of the widest video / users", MATURE),
    *_share("reach.viral_share", "have at the end what counts as viral", MATURE),
    *_share("reach.unseen_share", "had no view at all", MATURE),
    Field("inequality.videos", "videos", "videos in this group of numbers", MATURE),
    Field("inequality.gini_views", "0..1", "Gini coefficient of views over videos", MATURE),
    Field(
        "inequality.top036_share_views",
        "share",
        "views held by the top 0.36 % of videos (V2)",
        MATURE,
    ),
    Field("inequality.top1_share_views", "share", "views held by the top 1 % of videos", MATURE),
    Field("inequality.top10_share_views", "share", "views held by the top 10 % of videos", MATURE),
    Field("inequality.creators", "creators", "creators of those videos", MATURE),
    Field("inequality.gini_creators", "0..1", "Gini coefficient of views over creators", MATURE),
    Field("inequality.top1_share_creators", "share", "views of the top 1 % of creators", MATURE),
    Field("tail.videos", "videos", "videos with a view", MATURE),
    Field("tail.reason", "", "why there is no fit; null when there is one", MATURE),
    Field("tail.xmin", "views", "where the fitted tail begins", MATURE),
    Field("tail.in_tail", "videos", "videos at or above xmin", MATURE),
    Field("tail.alpha", "", "power law exponent of the density; the CCDF has alpha - 1", MATURE),
    Field("tail.alpha_se", "", "standard error of alpha, xmin taken as known", MATURE),
    Field("tail.lognormal_mu", "ln views", "log-normal above xmin: mean", MATURE),
    Field("tail.lognormal_sigma", "ln views", "log-normal above xmin: standard deviation", MATURE),
    Field("tail.loglikelihood_ratio", "nats", "above 0: the power law fits better", MATURE),
    Field("tail.p", "", "two-sided p of that ratio (Vuong)", MATURE),
    Field("luck.sd_log10_views", "log10", "mean over creators of the SD of log10 views", MATURE),
    Field("luck.creators", "creators", "creators in that mean (5 posts or more)", MATURE),
    Field("luck.sd_log10_views_pooled", "log10", "SD around each creator's mean, pooled", MATURE),
    Field("luck.posts", "videos", "posts in the pooled number (2 or more a creator)", MATURE),
    Field("luck.unseen", "videos", "videos without a view, left out", MATURE),
    Field("growth.videos", "videos", "videos in the mean", TRACKED),
    Field("growth.horizon_s", "s", "age at which a video's views count as 100 %", TRACKED),
    Field("growth.half_s", "s", "age at which the mean share is one half", TRACKED),
    *(
        Field(
            f"growth.share_{hour}h",
            "share",
            f"mean of views at {hour} h / views at the horizon; null from the horizon on",
            TRACKED,
        )
        for hour in (1, 3, 6, 12, 24)
    ),
    *_pools("pools", MATURE),
    Field("probes.*.count", "videos", "videos of the probe", PROBE),
    *_success(),
    Field("probes.*.observed_s", "s", "age of the youngest at the end", PROBE),
    Field("probes.*.viral", "videos", "videos that went viral", PROBE),
    *_share("probes.*.viral_share", "went viral", PROBE),
    Field("probes.*.time_to_viral_median_s", "s", "median over those that went viral", PROBE),
    Field("probes.*.views_mean", "count", "mean views", PROBE),
    Field("probes.*.views_median", "count", "median views", PROBE),
    *(
        Field(f"probes.*.views_p{level:02d}", "count", f"{level} % quantile of views", PROBE)
        for level in (5, 25, 75, 95)
    ),
    Field("probes.*.reach_median", "users", "median reach", PROBE),
    Field("probes.*.reach_share_mean", "share", "mean of reach / users", PROBE),
    Field("probes.*.reach_share_median", "share", "median of reach / users", PROBE),
    Field("probes.*.sd_log10_views", "log10", "SD of log10 views, unseen left out", PROBE),
    Field("probes.*.gini_views", "0..1", "Gini coefficient of views", PROBE),
    Field("probes.*.engagement_by_views", "percent", "rate by views, all together", PROBE),
    Field("probes.*.completion_rate", "share", "completions / impressions", PROBE),
    Field("probes.*.skip_rate", "share", "skips / impressions", PROBE),
    Field("probes.*.follows", "count", "follows gained", PROBE),
    *_pools("probes.*.pools", PROBE),
    Field("probes.*.viral_for_you", "videos", "videos viral by For You alone", PROBE),
    *_share("probes.*.viral_for_you_share", "viral by For You alone", PROBE),
    Field("probes.*.viral_strangers", "videos", "viral by people alone who did not follow", PROBE),
    *_share("probes.*.viral_strangers_share", "viral by people alone who did not follow", PROBE),
    Field(
        "probes.*.parts.*.share",
        "share",
        "share of the impressions that were on this surface, or by followers of the creator",
        PROBE,
    ),
    Field("probes.*.parts.*.impressions_mean", "count", "mean impressions there", PROBE),
    Field("probes.*.parts.*.views_mean", "count", "mean views there", PROBE),
    Field("probes.*.parts.*.reach_mean", "users", "mean reach there", PROBE),
    Field("probes.*.time_to_reach.*.reach", "users", "users to reach", ""),
    *_share("probes.*.time_to_reach.*.share", "reached so many users", PROBE),
    Field("probes.*.time_to_reach.*.median_s", "s", "median age, of those that did", PROBE),
    Field("probes.*.time_to_reach.*.p10_s", "s", "10 % quantile of the age", PROBE),
    Field("probes.*.time_to_reach.*.p90_s", "s", "90 % quantile of the age", PROBE),
    *_twins(),
    *_retention(),
    Field("learning.belief_cosine", "cosine", "mean cosine of believed and true interests", RUN),
    Field("learning.stages.*.users", "users", "users of the stage", BELIEVED),
    Field(
        "learning.stages.*.belief_cosine",
        "cosine",
        "mean cosine of believed and true interests",
        BELIEVED,
    ),
    *_lifts("ranked_over_random"),
    *_lifts("ranked_over_random.stages.*"),
    *_regrets("regret"),
    *_regrets("regret.stages.*"),
    *_regrets("regret.ages.*"),
    *_cascades(),
    *_trends(),
    *_creators(),
    *_newcomers(),
)
"""All fields, in the order of the file."""


def matches(pattern: str, path: str) -> bool:
    """Whether a concrete dotted ``path`` is one that the ``pattern`` of a field describes."""
    wanted, given = pattern.split("."), path.split(".")
    return len(wanted) == len(given) and all(
        w in ("*", g) for w, g in zip(wanted, given, strict=True)
    )
