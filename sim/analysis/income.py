"""Income: what an account may earn, estimated from its numbers. It changes nothing in a run.

Rules of programmes are those of K5 and of the brief; rates are what a user gives, and by default
assumptions. What a brand pays for is attention: engaged followers, a post at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from sim.analysis.account import Account
from sim.analysis.tables import Tables

__all__ = ["Income", "Rates", "Rule", "income_of", "rules_of", "worth"]

REWARDS_FOLLOWERS: Final = 10_000
REWARDS_VIEWS: Final = 100_000
REWARDS_DAYS: Final = 30
REWARDS_LENGTH_S: Final = 60.0
GIFTS_FOLLOWERS: Final = 1_000
_DAY_S: Final = 86_400.0


@dataclass(frozen=True)
class Rates:
    """What is paid, in any currency."""

    per_thousand: float = 0.70
    """a thousand qualified views; the middle of .40 to 1.00 (K5)"""
    per_engaged: float = 0.10
    """an engaged follower and sponsored post; assumption"""
    per_sale: float = 2.0
    """a sale through a link; assumption"""
    buys: float = 0.002
    """share of engaged followers who buy after a post that sells; assumption"""


@dataclass(frozen=True)
class Rule:
    """One condition of a programme."""

    text: str
    has: str
    met: bool | None
    """None for what a run does not know"""


@dataclass(frozen=True)
class Income:
    """Estimates, in the currency of the rates."""

    rewards: float | None
    """of the whole run, from qualified views; None without a log of events, or when a rule is
    missed"""
    a_sponsored_post: float | None
    a_selling_post: float | None
    engaged_followers: float | None
    """followers times engagement by followers"""


def rules_of(tables: Tables, account: Account) -> dict[str, tuple[Rule, ...]]:
    """The conditions of the rewards programme and of live gifts, and whether they are met."""
    days = min(REWARDS_DAYS, tables.duration_s / _DAY_S)
    if account.log is not None:
        first = tables.duration_s / _DAY_S - days
        views = int(account.log.days.filter(pl.col("day") >= first)["views"].sum())
    else:
        views = account.views
    long = int((account.videos["duration_s"] >= REWARDS_LENGTH_S).sum())
    span = (
        f"in {REWARDS_DAYS} days" if days >= REWARDS_DAYS else f"in the {days:.3g} days of the run"
    )
    return {
        "rewards": (
            Rule("18 years of age", "not known to a run", None),
            Rule(f"{REWARDS_FOLLOWERS:,} followers", f"{account.followers:,}",
                 account.followers >= REWARDS_FOLLOWERS),
            Rule(f"{REWARDS_VIEWS:,} views in {REWARDS_DAYS} days", f"{views:,} {span}",
                 views >= REWARDS_VIEWS),
            Rule("videos of a minute and more", f"{long:,} of {account.videos.height:,}", long > 0),
        ),
        "gifts": (
            Rule(f"{GIFTS_FOLLOWERS:,} followers", f"{account.followers:,}",
                 account.followers >= GIFTS_FOLLOWERS),
        ),
    }  # fmt: skip


def worth(followers: float, by_followers: float | None) -> float | None:
    """Engaged followers: followers times the engagement by followers (percent).

    1,000,000 followers at 0.5 % are 5,000, and 50,000 at 8 % are 4,000: by this number the large
    account is worth more. That it is worth less holds for a follower of it, sixteen times so.
    """
    return None if by_followers is None else followers * by_followers / 100.0


def income_of(tables: Tables, account: Account, rates: Rates) -> Income:
    """What the account may earn."""
    engaged = worth(account.followers, account.by_followers)
    met = all(rule.met is not False for rule in rules_of(tables, account)["rewards"])
    rewards = None
    if account.log is not None and met:
        rewards = account.log.qualified_views / 1_000.0 * rates.per_thousand
    return Income(
        rewards=rewards,
        a_sponsored_post=None if engaged is None else engaged * rates.per_engaged,
        a_selling_post=None if engaged is None else engaged * rates.buys * rates.per_sale,
        engaged_followers=engaged,
    )
