"""``foryou analytics``: an account of a run as the platform would show it to its owner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli.console import console, one_line, say
from sim.cli.options import RunFolder
from sim.cli.table import table
from sim.cli.words import amount, clock

if TYPE_CHECKING:
    from rich.console import Console

    from sim.analysis.account import Account
    from sim.analysis.income import Income, Rates, Rule

__all__ = ["EXAMPLES", "analytics"]

EXAMPLES = (
    "foryou analytics runs/zero-followers --probe newcomer",
    "foryou analytics runs/baseline --creator 17 --picture",
    "foryou analytics runs/baseline --creator 17 --per-thousand 0.4",
)
"""Shown under the help of the command."""
_POSTS = 10


def analytics(
    run: RunFolder,
    creator: Annotated[
        int | None,
        typer.Option(metavar="N", help="The number of an account, as in creators.parquet.",
                     show_default=False),
    ] = None,
    probe: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="All accounts of a probe together.", show_default=False),
    ] = None,
    picture: Annotated[
        bool, typer.Option("--picture", help="Draw it into plots/analytics.png of the run.")
    ] = False,
    per_thousand: Annotated[
        float,
        typer.Option(min=0.0, metavar="MONEY", help="What a thousand qualified views earn."),
    ] = 0.70,
    per_engaged: Annotated[
        float,
        typer.Option(min=0.0, metavar="MONEY",
                     help="What a brand pays for a post, for each engaged follower."),
    ] = 0.10,
    json: Annotated[bool, typer.Option("--json", help="Print all numbers as JSON only.")] = False,
) -> None:  # fmt: skip
    """Show an account as the platform shows it to its owner.

    Views, engagement, where views came from, and what the account may earn. What is
    known by day, hour and second needs a run with record.events=true.
    """
    from sim.analysis import load_tables
    from sim.analysis.account import account_of, creators_of
    from sim.analysis.income import Rates, income_of, rules_of
    from sim.core.errors import ForyouError
    from sim.simulate import Run

    if (creator is None) == (probe is None):
        raise ForyouError("say whose numbers: either --creator N or --probe NAME")
    folder = Run.open(run).path
    tables = load_tables(folder)
    name, creators = creators_of(tables, creator, probe)
    events = folder / "events.parquet"
    account = account_of(tables, name, creators, events if events.is_file() else None)
    rates = Rates(per_thousand=per_thousand, per_engaged=per_engaged)
    rules, income = rules_of(tables, account), income_of(tables, account, rates)
    if json:
        say(_as_json(account, rules, income))
    else:
        _print(console(), account, rules, income, rates)
    if picture:
        _draw(folder, tables, account)


def _draw(folder: Any, tables: Any, account: Account) -> None:
    from sim.plots import style
    from sim.plots.account import account_data, draw_account
    from sim.plots.files import write_figure
    from sim.record.files import alone, ledger
    from sim.record.folder import add_files

    path = folder / "plots" / "analytics.png"
    with alone(folder), ledger() as written:
        with style.style():
            figure = style.new_figure()
            draw_account(account_data(tables, account), figure)
            write_figure(path, figure)
        add_files(folder, written)
    say(str(path))


def _print(
    screen: Console, account: Account, rules: dict[str, tuple[Rule, ...]], income: Income,
    rates: Rates,
) -> None:  # fmt: skip
    from sim.analysis.account import in_words

    videos = account.videos
    accounts = len(account.creators)
    of = f", {accounts} accounts together" if accounts > 1 else ""
    _title(screen, f"{one_line(account.name)}{of}: {videos.height:,} posts")
    came = account.followers - account.followers_start
    totals = videos.select("likes", "comments", "shares").sum().row(0)
    table(screen, (), [
        ("followers", amount(account.followers), f"{came:+,} during the run"),
        ("views", amount(account.views), "all posts"),
        ("likes, comments, shares", ", ".join(map(amount, totals)), ""),
        ("engagement by views", _percent(account.by_views),
         in_words(account.by_views, account.followers)),
        *((f"  of the last {n} posts", _percent(rate), "") for n, rate in account.last),
        ("engagement by followers", _percent(account.by_followers),
         "likes and comments a post of the run, by followers"),
    ], first=24)  # fmt: skip
    _title(screen, "Where views came from")
    rows = [
        (f"surface “{name}”", amount(share, "share"), "")
        for name, share in account.surfaces.items()
    ]
    if account.log is not None:
        rows += [(f"source “{name}”", amount(share, "share"), "")
                 for name, share in list(account.log.sources.items())[:5]]  # fmt: skip
    table(screen, (), rows[:12], first=24)
    _print_log(screen, account)
    _title(screen, f"Posts with the most views, {min(_POSTS, videos.height)} of {videos.height:,}")
    best = videos.sort("views", "video", descending=[True, False]).head(_POSTS)
    table(screen, ("video", "posted", "length", "views", "likes", "to the end"), [
        (str(video), clock(posted) if posted >= 0 else "before", f"{length:.0f} s", amount(views),
         amount(likes), amount(done / shown, "share") if shown else "–")
        for video, posted, length, views, likes, done, shown in best.select(
            "video", "uploaded_s", "duration_s", "views", "likes", "completions", "impressions"
        ).iter_rows()
    ])  # fmt: skip
    _print_income(screen, account, rules, income, rates)


def _print_log(screen: Console, account: Account) -> None:
    log = account.log
    if log is None:
        screen.print(
            "\nBy day, by hour and by second: run again with --set record.events=true", style="dim"
        )
        return
    _title(screen, "Day by day")
    table(screen, ("day", "views", "likes", "comments", "shares", "followers"), [
        (str(day + 1), *(amount(value) for value in rest))
        for day, *rest in log.days.tail(30).select(
            "day", "views", "likes", "comments", "shares", "followers"
        ).iter_rows()
    ])  # fmt: skip
    if log.hours["views"].sum():
        best = log.hours.sort("views", "hour", descending=[True, False]).head(3)["hour"]
        hours = ", ".join(f"{hour}:00" for hour in sorted(best))
        screen.print(f"\n  Most views come in the hours from {hours}", soft_wrap=True)
    _title(screen, "Who still watches")
    table(screen, ("second", "share", "impressions of videos so long"), [
        (str(second), amount(share, "share"), amount(of))
        for second, share, of in log.retention.iter_rows() if share is not None
    ])  # fmt: skip


def _print_income(
    screen: Console, account: Account, rules: dict[str, tuple[Rule, ...]], income: Income,
    rates: Rates,
) -> None:  # fmt: skip
    words = {True: "met", False: "missed", None: "not known"}
    for name, title in (("rewards", "Rewards programme"), ("gifts", "Live gifts")):
        _title(screen, title)
        table(screen, (), [
            (rule.text, words[rule.met], f"has {rule.has}" if rule.met is not None else rule.has)
            for rule in rules[name]
        ], first=24)  # fmt: skip
    _title(screen, "What it may earn; rates are assumptions")
    met = all(rule.met is not False for rule in rules["rewards"])
    why = "in the whole run" if income.rewards is not None else (
        "the programme takes others" if not met else "needs a log of events"
    )  # fmt: skip
    table(screen, (), [
        ("rewards", _money(income.rewards),
         f"{rates.per_thousand:g} a thousand qualified views; {why}"),
        ("a sponsored post", _money(income.a_sponsored_post),
         f"{rates.per_engaged:g} for each of {_count(income.engaged_followers)} engaged followers"),
        ("a post that sells", _money(income.a_selling_post),
         f"{100 * rates.buys:g} % of them buy, {rates.per_sale:g} a sale"),
    ], first=24)  # fmt: skip
    del account


def _title(screen: Console, text: str) -> None:
    screen.print(f"\n{text}", markup=False, style="bold", soft_wrap=True)


def _percent(value: float | None) -> str:
    return "–" if value is None else amount(value / 100.0, "share")


def _money(value: float | None) -> str:
    return "–" if value is None else f"{value:,.2f}"


def _count(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"


def _as_json(account: Account, rules: dict[str, tuple[Rule, ...]], income: Income) -> str:
    from dataclasses import asdict
    from json import dumps

    log = account.log
    tree = {
        "name": account.name,
        "creators": list(account.creators),
        "posts": account.videos.height,
        "views": account.views,
        "followers_start": account.followers_start,
        "followers": account.followers,
        "engagement": {
            "by_views": account.by_views,
            "by_followers": account.by_followers,
            "last": {str(n): rate for n, rate in account.last},
        },
        "surfaces": account.surfaces,
        "log": None if log is None else {
            "days": log.days.to_dicts(),
            "hours": log.hours["views"].to_list(),
            "sources": log.sources,
            "retention": log.retention.to_dicts(),
            "qualified_views": log.qualified_views,
        },
        "rules": {name: [asdict(rule) for rule in found] for name, found in rules.items()},
        "income": asdict(income),
    }  # fmt: skip
    return dumps(tree, indent=2, ensure_ascii=False, allow_nan=False)
