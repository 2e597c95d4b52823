"""Numbers to tables, for the screen and for the docs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from whole import PHASES

__all__ = ["Table", "tables", "targets", "write_docs"]

Result = dict[str, Any]
BEGIN = "<!-- measured: begin (python tests/bench/run.py --write-docs) -->"
END = "<!-- measured: end -->"
_COLOURS = {"met": "green", "missed": "red", "unsure": "yellow"}
_SIZE_ORDER = ("toy", "10k", "100k", "1m", "1m-week", "10m")
_LARGEST = "whole/10m"
_NOT_MEASURED = "not measured"


class Table(NamedTuple):
    """A heading, names of columns, and cells as they are shown."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]


def tables(results: dict[str, Result]) -> list[Table]:
    """All tables for which something was measured."""
    made = [
        _speeds(results), _phases(results), _yardsticks(results), _scorers(results),
        _sweep(results), _start_up(results), _small(results),
    ]  # fmt: skip
    return [table for table in made if table.rows]


def _code(run: Result) -> str:
    """The version of the code that a result was measured with, short."""
    return str(run.get("source", "")).removeprefix("compiled-")[:8]


def _when(run: Result) -> str:
    """Date and code of a result."""
    return f"{run.get('date', '')}, code {_code(run)}"


def _users(run: Result) -> str:
    """Number of users; the largest run may be older than the others, so it says when it was."""
    spec = run["spec"]
    return f"{spec['users']:,}" + (f" ({_when(run)})" if spec["name"] == "10m" else "")


def _sizes(results: dict[str, Result]) -> list[tuple[str, Result]]:
    return [(n, results[f"whole/{n}"]) for n in _SIZE_ORDER if f"whole/{n}" in results]


def _speeds(results: dict[str, Result]) -> Table:
    rows = []
    for kind, label in (("whole", "one shard"), ("shards", "two shards"), ("log", "event log on")):
        for name in _SIZE_ORDER:
            run = results.get(f"{kind}/{name}")
            if run:
                rows.append((
                    _users(run), label, f"{run['videos']:,}",
                    f"{run['measured']:,}", f"{run['per_s']:,.0f}", f"{run['cpu_s']:.2f}",
                    f"{run['per_cpu_s']:,.0f}", f"{run['bytes_a_user']:,.0f}",
                    f"{run['peak_bytes'] / 2**30:.2f}", f"{run['build_s']:.1f}",
                ))  # fmt: skip
    return Table(
        "Whole runs",
        ("users", "run", "live videos", "impressions", "impressions / s", "CPU s",
         "impressions / CPU s", "bytes a user", "peak, GiB", "build, s"),
        rows,
    )  # fmt: skip


def _phases(results: dict[str, Result]) -> Table:
    rows = []
    for _, run in _sizes(results):
        ns = run["phase_ns"]
        total = sum(ns[phase] for phase in PHASES)
        rows.append((
            _users(run), f"{run['videos']:,}", f"{total:,.0f}",
            *(f"{ns[phase]:,.0f} ({ns[phase] / total:.0%})" for phase in PHASES),
        ))  # fmt: skip
    return Table(
        "CPU time of an impression by phase, ns", ("users", "live videos", "all", *PHASES), rows
    )


def _with_range(one: Result) -> str:
    """The middle ratio of some rounds, and the least and the greatest."""
    ratios = one["ratios"]
    text = f"{one['ratio']:.2f}"
    if len(ratios) > 1:
        text += f" ({ratios[0]:.2f} to {ratios[-1]:.2f} in {len(ratios)} rounds)"
    return text


def _yardsticks(results: dict[str, Result]) -> Table:
    rows = []
    for name in _SIZE_ORDER:
        if f"yardsticks/{name}" not in results:
            continue
        other = results[f"yardsticks/{name}"]
        label, videos = f"{other['users']:,} users", f"{other['videos']:,} videos"
        rows.append((
            f"**fast engine**, {label}, {videos}, one shard", f"{other['own']['per_cpu_s']:,.0f}",
            "1.00",
        ))  # fmt: skip
        reference = other["reference"]["per_cpu_s"]
        rows.append((
            f"reference engine, {other['reference']['spec']['users']:,} users",
            f"{reference:,.0f}", f"{other['own']['per_cpu_s'] / reference:.2f}",
        ))  # fmt: skip
        few = f"{min(other['users'], 10_000):,} users, all of them in a session"
        for key, what in (
            ("simpy", f"minimal feed, plain SimPy, {label}, {videos}"),
            ("simpy_few", f"minimal feed, plain SimPy, {few}, {videos}"),
            ("numpy", f"minimal feed, vectorised NumPy, {label}, {videos}"),
            ("bare", f"bare kernel, {label}, {videos}, {4 * other['shown']:,.0f} bytes a table of "
             "shown videos"),
            ("bare_2k", f"bare kernel, {label}, {videos}, 2,048 bytes"),
        ):  # fmt: skip
            one = other[key]
            rows.append((what, f"{one['per_cpu_s']:,.0f}", _with_range(one)))
    return Table(
        "Beside others, one thread",
        ("what", "impressions / CPU s", "fast engine is so many times as fast"),
        rows,
    )


def _scorers(results: dict[str, Result]) -> Table:
    runs = {k.split("/")[1]: r for k, r in results.items() if k.startswith("scorers/")}
    rows = [
        (f"{name}, {run['spec']['users']:,} users", f"{run['measured']:,}",
         f"{run['per_cpu_s']:,.0f}", f"{run['per_cpu_s'] / runs['built-in']['per_cpu_s']:.2f}")
        for name, run in runs.items()
    ]  # fmt: skip
    return Table(
        "A score of one's own, one shard",
        ("score", "impressions", "impressions / CPU s", "times the built-in speed"),
        rows,
    )


def _sweep(results: dict[str, Result]) -> Table:
    base = next((r for k, r in results.items() if k == "sweep/100k"), None)
    if base is None:
        return Table("", (), [])
    named = [
        ("candidates", "candidates", (50, 100, None, 400)),
        ("slate", "slate", (5, None, 20)),
        ("history", "live videos", (1, None, 28)),
    ]
    rows = []
    for key, label, values in named:
        for value in values:
            suffix = " d" if key == "history" else ""
            run = base if value is None else results.get(f"sweep/{key} {value}{suffix}")
            if run is None:
                continue
            spec = run["spec"]
            shown = {"candidates": spec["candidates"], "slate": spec["slate"]}.get(
                key, run["videos"]
            )
            rows.append(_cost_row(f"{label} {shown:,}", run))
    rows += [_cost_row(f"users {_users(r)}", r) for _, r in _sizes(results)]
    return Table(
        "Cost of an impression, CPU ns",
        ("setting", "live videos", "candidates an impression", "all", *PHASES),
        rows,
    )


def _cost_row(setting: str, run: Result) -> tuple[str, ...]:
    ns = run["phase_ns"]
    candidates = run["retrieved"] / run["measured"]
    return (
        setting, f"{run['videos']:,}", f"{candidates:.1f}", f"{sum(ns[p] for p in PHASES):,.0f}",
        *(f"{ns[phase]:,.0f}" for phase in PHASES),
    )  # fmt: skip


def _start_up(results: dict[str, Result]) -> Table:
    run = results.get("startup", {})
    names = {
        "python": "Python itself", "help": "`foryou --help`", "import": "importing every part",
        "first_window": "fresh process to the end of the first window, 2,000 users",
        "cold": "the same, first run ever: everything is compiled",
    }  # fmt: skip
    rows = [(names[name], f"{run[name]:.2f}") for name in names if name in run]
    return Table("Start-up, wall s", ("what", "s"), rows)


def _small(results: dict[str, Result]) -> Table:
    run = results.get("small", {})
    names = {
        "zero_followers": "`zero_followers.yaml`, 20,000 users, 3 days",
        "small_week": "`baseline.yaml`, 2,000 users, 7 days",
    }
    rows = [
        (names[name], f"{run[name]['impressions']:,}", f"{run[name]['seconds']:.2f}",
         *(f"{run[name]['wall_seconds'][part]:.2f}" for part in ("build", "simulate", "write")))
        for name in names if name in run
    ]  # fmt: skip
    return Table(
        "Whole commands, wall s (start, summary and pictures included)",
        ("command", "impressions", "s", "of which build", "simulate", "write"),
        rows,
    )


class Target(NamedTuple):
    """What was set as a goal, and what came out."""

    text: str
    measured: str
    verdict: str
    """``met``, ``missed``, ``unsure`` when others used the machine at the same time, or nothing"""


def _quiet(*runs: Result) -> bool:
    """Whether the machine did next to nothing else; only then do times on the wall count."""
    return all(run.get("others_s", run["wall_s"]) < 0.1 * run["wall_s"] for run in runs)


def _targets(results: dict[str, Result]) -> list[Target]:
    """Those for which something was measured, and those of the largest run in any case."""
    found: list[Target] = []

    def book(text: str, value: float, digits: int, met: bool, sure: bool = True) -> None:
        verdict = ("met" if met else "missed") if sure else "unsure"
        found.append(Target(text, f"{value:,.{digits}f}", verdict))

    def least(text: str, value: float, bound: float, digits: int = 2, sure: bool = True) -> None:
        book(text, value, digits, value >= bound, sure)

    def most(text: str, value: float, bound: float, digits: int = 2) -> None:
        book(text, value, digits, value <= bound)

    one, two = results.get("whole/1m"), results.get("shards/1m")
    log, other = results.get("log/1m"), results.get("yardsticks/1m")
    if one:
        least(
            f"1 million users, {one['videos']:,} live videos, one shard: at least 1,000,000 "
            "impressions / CPU s",
            one["per_cpu_s"],
            1e6,
            0,
        )
        if len(speeds := one.get("speeds", [])) > 1:
            range_ = f" ({speeds[0]:,.0f} to {speeds[-1]:,.0f} in {len(speeds)} runs)"
            found[-1] = found[-1]._replace(measured=found[-1].measured + range_)
        most("1 million users: at most 1,000 bytes a user", one["bytes_a_user"], 1000, 0)
    if two:
        least("two shards: at least 1.7 times one shard", two["ratio"], 1.7, sure=_quiet(two))
        found[-1] = found[-1]._replace(measured=_with_range(two))
    if log:
        least("event log as Parquet: at least 0.5 of the speed", log["ratio"], 0.5)
        found[-1] = found[-1]._replace(measured=_with_range(log))
    if other:
        for name, label, bound in (
            ("simpy", "the minimal SimPy feed", 25), ("numpy", "the vectorised NumPy feed", 8),
            ("bare", "the bare kernel", 0.5),
        ):  # fmt: skip
            least(f"at least {bound} times {label}", other[name]["ratio"], bound)
            found[-1] = found[-1]._replace(measured=_with_range(other[name]))
    found += _largest(results.get(_LARGEST))
    if start := results.get("startup"):
        most(
            "fresh process to the end of the first window: under 2.5 s", start["first_window"], 2.5
        )
    if small := results.get("small"):
        for text, name, bound in (
            ("20,000 users, 3 days: under 10 s", "zero_followers", 10.0),
            ("2,000 users, 7 days: under 5 s", "small_week", 5.0),
        ):
            most(text, small[name]["seconds"], bound)
            if len(runs := small[name].get("all_seconds", [])) > 1:
                range_ = f" ({runs[0]:.2f} to {runs[-1]:.2f} in {len(runs)} runs)"
                found[-1] = found[-1]._replace(measured=found[-1].measured + range_)
    return found


def _largest(run: Result | None) -> list[Target]:
    """The targets of 10 million users; that run is kept from an earlier call."""
    bounds = (
        ("peak memory at most 20 GiB", 20.0, 2),
        ("at most 1,000 bytes a user", 1000.0, 0),
        ("an impression costs at most 1.5 times what it does with 100 thousand", 1.5, 2),
    )
    found = []
    for number, (text, bound, digits) in enumerate(bounds):
        shown, verdict = _NOT_MEASURED, ""
        if run:
            value = (
                run["peak_bytes"] / 2**30,
                run["bytes_a_user"],
                run["beside"]["ratio"],
            )[number]
            shown = f"{value:,.{digits}f}" if number < 2 else _with_range(run["beside"])
            shown += f" ({_when(run)})"
            verdict = "met" if value <= bound else "missed"
        found.append(Target(f"10 million users: {text}", shown, verdict))
    return found


def targets(results: dict[str, Result]) -> list[str]:
    """One line a target for which something was measured."""
    return [
        f"[{_COLOURS[t.verdict]}]{t.verdict:6}[/] {t.text}: {t.measured}"
        for t in _targets(results)
        if t.verdict
    ]


def _markdown(table: Table) -> str:
    numbers = ["---"] + ["---:"] * (len(table.columns) - 1)
    lines = [table.columns, tuple(numbers), *table.rows]
    return f"### {table.title}\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _date(run: Result) -> str:
    return str(run["date"])


def measured_page(results: dict[str, Result]) -> str:
    """Everything measured, as Markdown."""
    reached = Table(
        "Targets",
        ("target", "measured", ""),
        [(t.text, t.measured, t.verdict) for t in _targets(results)],
    )
    usual = [run for key, run in results.items() if key != _LARGEST and "date" in run]
    when = f"Measured on {_when(max(usual, key=_date))}, 2 cores, 24 GiB." if usual else ""
    if _LARGEST not in results:
        when += f" 10 million users: {_NOT_MEASURED}, see `make bench-large`."
    wholes = [run for key, run in results.items() if key != _LARGEST and "wall_s" in run]
    if wholes and not _quiet(*wholes):
        when += (
            " Other programs used the machine meanwhile: wall times are too long, and what waits "
            "for memory is slower than on a quiet machine."
        )
    parts = [when, *(_markdown(table) for table in [*tables(results), reached])]
    return "\n\n".join(part for part in parts if part)


def write_docs(page: Path, results: dict[str, Result]) -> None:
    """Replace what stands between the markers of the page."""
    text = page.read_text(encoding="utf-8")
    before, found, rest = text.partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not (found and closed):
        raise ValueError(f"{page.name}: the markers around the measured tables are missing")
    page.write_text(
        f"{before}{BEGIN}\n\n{measured_page(results)}\n\n{END}{after}", encoding="utf-8"
    )
