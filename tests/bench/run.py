"""The benchmark suite: ``python tests/bench/run.py``, or ``make bench``.

Results are printed, and kept in ``.benchmarks/speed.json`` by section, so that a later call can
measure one section anew, or write the page of the docs from all of them.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

from report import tables, targets, write_docs
from rich.console import Console
from rich.table import Table
from suite import BASE, BESIDE, REFERENCE, ROOT, SECTIONS, SIZES, SWEEP, Result, Suite, toy

STORE = ROOT / ".benchmarks" / "speed.json"
EXPECTED = Path(__file__).with_name("expected.json")
DOCS = ROOT / "docs" / "explanation" / "speed.md"


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    """What the user asks for."""
    parser = argparse.ArgumentParser(description="Measure how fast foryou is.")
    parser.add_argument(
        "--users", default="10k,100k,1m,1m-week", help=f"whole runs to do: {', '.join(SIZES)}"
    )
    parser.add_argument("--only", default="", help=f"sections to do: {', '.join(SECTIONS)}")
    parser.add_argument("--json", type=Path, help="also write all numbers to this file")
    parser.add_argument(
        "--accept-counts", action="store_true",
        help="take the impression counts as the expected ones, after a change of the model",
    )  # fmt: skip
    parser.add_argument(
        "--write-docs", action="store_true", help="put the tables into docs/explanation/speed.md"
    )
    parser.add_argument(
        "--stored", action="store_true", help="measure nothing; report what was measured last"
    )
    parser.add_argument("--toy", action="store_true", help="tiny worlds: does the suite work?")
    options = parser.parse_args(given)
    options.users = [name for name in options.users.split(",") if name]
    options.only = [name for name in options.only.split(",") if name] or list(SECTIONS)
    for name in options.users:
        if name not in SIZES:
            parser.error(f"--users: {name!r} is none of {', '.join(SIZES)}")
    for name in options.only:
        if name not in SECTIONS:
            parser.error(f"--only: {name!r} is none of {', '.join(SECTIONS)}")
    return options


def measure(options: argparse.Namespace, suite: Suite, results: dict[str, Result]) -> list[str]:
    """Run the sections asked for; fills ``results`` and returns the keys that are new."""
    sizes, reference = toy() if options.toy else ({n: SIZES[n] for n in options.users}, REFERENCE)
    wanted, new = options.only, []

    def keep(key: str, result: Result) -> Result:
        results[key] = result
        new.append(key)
        return result

    if not options.toy:
        suite.compile()
    main = "1m" if "1m" in sizes else list(sizes)[-1]
    for name, spec in sizes.items():
        if "whole" in wanted:
            run = keep(f"whole/{name}", suite.whole(spec))
            if other := BESIDE.get(name):
                run["beside"] = suite.in_turns(spec, SIZES[other])
    shared = replace(sizes[main], stages=False)
    if "shards" in wanted:
        keep(f"shards/{main}", suite.against(shared, replace(shared, shards=2), "per_s"))
    if "log" in wanted:
        keep(f"log/{main}", suite.against(shared, replace(shared, events=True), "per_cpu_s"))
    if "yardsticks" in wanted:
        key = f"whole/{main}"
        current = key in new or results.get(key, {}).get("source") == _source()
        run = results[key] if current else keep(key, suite.whole(sizes[main]))
        rounds = 1 if options.toy else 5
        keep(f"yardsticks/{main}", suite.yardsticks(run, reference, rounds))
    if "scorers" in wanted:
        base = replace(sizes[main] if options.toy else BASE, stages=False)
        for name, run in suite.scorers(base).items():
            keep(f"scorers/{name}", run)
    if "sweep" in wanted and not options.toy:
        keep(f"sweep/{BASE.name}", suite.whole(replace(BASE, name="default")))
        for specs in SWEEP.values():
            for spec in specs:
                keep(f"sweep/{spec.name}", suite.whole(spec))
    if "startup" in wanted and not options.toy:
        keep("startup", suite.start_up())
    if "small" in wanted and not options.toy:
        keep("small", suite.small_worlds())
    return new


def wrong_counts(results: dict[str, Result], keys: list[str], accept: bool) -> list[str]:
    """Which runs showed another number of impressions than is expected of their seed."""
    expected: dict[str, int] = json.loads(EXPECTED.read_text()) if EXPECTED.exists() else {}
    wrong = []
    for key in keys:
        runs = [results[key], results[key].get("reference", {})]
        for run in (r for r in runs if "impressions" in r):
            spec = run["spec"]
            # neither shards nor the log nor the engine change a result
            name = (
                f"{spec['users']} users, seed {spec['seed']}, {spec['candidates']} candidates, "
                f"slate {spec['slate']}, history {spec['history_s']:.0f} s, "
                f"{spec['lead_s'] + spec['stretches'] * spec['stretch_s']:.0f} s"
            )
            if len(score := spec["overrides"].get("feed", {}).get("score", [])) > 1:
                name += f", {len(score) - 1} own score"
            if accept:
                expected[name] = run["impressions"]
            elif expected.get(name) != run["impressions"]:
                wrong.append(
                    f"{key}: {run['impressions']:,} impressions, expected "
                    f"{expected[name]:,}" if name in expected else f"{key}: no expected count"
                )  # fmt: skip
    if accept:
        EXPECTED.write_text(json.dumps(expected, indent=2, sort_keys=True) + "\n")
    return wrong


def main(given: list[str] | None = None) -> int:
    """0 when every run showed as many impressions as expected."""
    options = arguments(given)
    console = Console(width=None if sys.stdout.isatty() else 150)
    results: dict[str, Result] = {}
    if not options.toy and STORE.exists():
        results = json.loads(STORE.read_text())
    new: list[str] = []
    if not options.stored:
        new = measure(options, Suite(lambda text: console.print(f"[dim]{text}")), results)
        for key in new:
            results[key]["source"] = _source()
            results[key]["date"] = date.today().isoformat()
    if new and not options.toy:  # before anything else can go wrong
        STORE.parent.mkdir(exist_ok=True)
        STORE.write_text(json.dumps(results, indent=1))
    for table in tables(results if options.stored else {k: results[k] for k in new}):
        shown = Table(*table.columns, title=table.title, title_justify="left")
        for row in table.rows:
            shown.add_row(*row)
        console.print(shown)
    for line in targets(results):
        console.print(line)
    if options.json:
        options.json.write_text(json.dumps({k: results[k] for k in new} or results, indent=1))
    if options.toy:
        return 0
    wrong = wrong_counts(results, new, options.accept_counts)
    for line in wrong:
        console.print(f"[red]{line}")
    if wrong:
        console.print("If the model was changed on purpose: the same with --accept-counts")
    if options.write_docs:
        # the largest run is measured more rarely; the page says when and with which code
        kept = {f"whole/{name}" for name in BESIDE}
        old = sorted(k for k, r in results.items() if r["source"] != _source() and k not in kept)
        if old:
            console.print(f"[red]measured with other code, measure again: {', '.join(old)}")
            return 1
        write_docs(DOCS, results)
    return 1 if wrong else 0


def _source() -> str:
    """Hash of the compiled layers: numbers of other code are not put into one table."""
    from sim.machine.compiled import code_hash

    return f"compiled-{code_hash()}"


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
