"""Writes what the pages show of real runs: pictures, summaries and comparisons with facts.

    python docs/make_results.py                            # all but the comparison with raw data
    python docs/make_results.py --facts ../shared/facts    # that one too
    python docs/make_results.py --tune studies/newcomers   # only the search of the tutorial

A page marks the place with ``<!-- result: NAME -->`` and ``<!-- end of result -->``; what stands
between the two is replaced. The runs are made anew, each in a process of its own, with the seeds
of their scenarios, so the same code gives the same pages. It takes about ten minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import polars as pl
from facts_of_a_run import markdown, rows_of

from sim.analysis import load_tables
from sim.plots import draw_plots

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
IMAGES = DOCS / "images"
FIRST_RUN = DOCS / "tutorial" / "first_run.md"
RANKER = DOCS / "how-to" / "custom_ranker.md"
COMPARE = DOCS / "how-to" / "compare_rankers.md"
SWEEP = DOCS / "how-to" / "sweep_and_sensitivity.md"
PERTURB = DOCS / "how-to" / "perturb_weights.md"
TUNE = DOCS / "tutorial" / "tune_newcomers.md"
CALIBRATION = DOCS / "explanation" / "calibration.md"
CREATORS = DOCS / "explanation" / "creators.md"
SURFACES = DOCS / "explanation" / "surfaces.md"


def foryou(*arguments: str) -> str:
    """What the command prints, 90 characters wide; the run fails when the command does."""
    done = subprocess.run(
        [sys.executable, "-m", "sim.cli.main", *arguments],
        cwd=ROOT, check=True, capture_output=True, text=True,
        env={**os.environ, "COLUMNS": "90", "NO_COLOR": "1"},
    )  # fmt: skip
    return done.stdout


def play(scenario: str, folder: Path, *options: str) -> str:
    """Run a scenario into ``folder``; returns its summary without the paths."""
    text = foryou("run", scenario, "--out", str(folder), "--no-plots", *options)
    # the first line is what the run was expected to need
    summary = text.partition("\n")[2].split("\nViral:")[0]
    lines = [line.rstrip() for line in summary.strip().splitlines()]
    return "\n".join(lines)


def picture(run: Path, plot: str, name: str) -> None:
    """One plot of a run as ``docs/images/NAME.png``."""
    (file,) = draw_plots(load_tables(run), run / "plots", [plot])
    shutil.copyfile(file, IMAGES / f"{name}.png")
    print(f"wrote images/{name}.png, {file.stat().st_size // 1000} kB")


def fill(page: Path, name: str, text: str) -> None:
    """Put ``text`` between the marks of the result ``name``."""
    old = page.read_text(encoding="utf-8")
    pattern = rf"(<!-- result: {name} -->\n)((?!<!--).)*(<!-- end of result -->)"
    new, count = re.subn(pattern, lambda m: f"{m[1]}{text}\n{m[3]}", old, flags=re.S)
    if count != 1:
        sys.exit(f"{page}: has {count} places for the result {name}, not one")
    page.write_text(new, encoding="utf-8")
    print(f"wrote {name} in {page.relative_to(ROOT)}")


def block(text: str, kind: str = "text") -> str:
    """A block of code."""
    return f"```{kind}\n{text.strip()}\n```"


def zero_followers(folder: Path) -> None:
    """The picture and the numbers of the front page, and the run beside the facts."""
    run = folder / "zero"
    summary = play("scenarios/zero_followers.yaml", run)
    picture(run, "view_spread", "zero_followers")
    picture(run, "ccdf", "zero_followers_ccdf")
    fill(ROOT / "README.md", "zero-followers", block(summary.split("\n\nThe platform")[0]))
    fill(CALIBRATION, "whole-run", markdown(rows_of(load_tables(run))))


def share_only(folder: Path) -> None:
    """A world without recommendations, beside what is known of such worlds."""
    run = folder / "share"
    play("scenarios/share_only.yaml", run)
    found = json.loads((run / "summary.json").read_text(encoding="utf-8"))["cascades"]

    def share(name: str, digits: int) -> str:
        low, value, high = (100 * found[name + end] for end in ("_low", "", "_high"))
        return f"{value:.{digits}f} % ({low:.{digits}f} to {high:.{digits}f} %)"

    rows = [
        ("posts that nobody sent to anybody", share("posts_alone_share", 1), "95 % (C2)"),
        ("people with a post: mean", f"{found['posts_size_mean']:.2f}", "2.0 (C1)"),
        ("posts that reached 10 people and more by hand", share("posts_size_10_share", 2), ""),
        ("posts that reached 100 and more", share("posts_size_100_share", 3), "0.025 % (C1)"),
        ("the largest", f"{found['posts_size_max']:,} people", ""),
        ("links that nobody but their first sender passed on", share("not_passed_on_share", 1), ""),
        ("contacts who get a link: mean", f"{found['receivers_per_event_mean']:.2f}", ""),
    ]
    lines = ["| | share-only world | known |", "|---|---:|---:|"]
    lines += [f"| {name} | {value} | {known} |" for name, value, known in rows]
    fill(SURFACES, "share-only", "\n".join(lines))


def creators(folder: Path) -> None:
    """Two weeks of creators who look back at their posts, and of creators who do not."""
    found = []
    for name, enabled in (("with", "true"), ("without", "false")):
        changes = ("--set", "duration=14 d", "--set", f"creators.react.enabled={enabled}")
        play("scenarios/baseline.yaml", folder / name, *changes)
        summary = json.loads((folder / name / "summary.json").read_text(encoding="utf-8"))
        tables = load_tables(folder / name)
        posts = tables.videos.filter(pl.col("probe") == "")["uploaded_s"]
        last = tables.duration_s - 86_400.0
        of_days = [
            ((posts >= start) & (posts < start + 86_400.0)).sum() for start in (86_400.0, last)
        ]
        found.append((summary, of_days))

    def row(label: str, cells: list[str]) -> str:
        return f"| {label} | " + " | ".join(cells) + " |"

    ours = found[0][0]["creators"]

    def share(node: dict[str, float], name: str) -> str:
        low, value, high = (100 * node[f"{name}_share{end}"] for end in ("_low", "", "_high"))
        return f"{value:.1f} % ({low:.1f} to {high:.1f} %)"

    lines = ["| | they look back | they do not |", "|---|---:|---:|"]
    for label, node, name in (
        ("on a pause at the end", ours, "paused"), ("quit for good", ours, "quit"),
        ("of the half with the fewest followers", ours["small"], "quit"),
        ("of the tenth with the most", ours["large"], "quit"),
        ("changed their topic", ours, "shifted"),
    ):  # fmt: skip
        lines.append(row(label, [share(node, name), "–"]))
    lines += [
        row("posts on the last day, of the second", [f"{b / a:.2f}" for _, (a, b) in found]),
        row(
            "watch time, a person and day",
            [f"{s['watch']['minutes_per_user_day']:.1f} min" for s, _ in found],
        ),
        row(
            "watched to the end",
            [f"{100 * s['watch']['completion_rate']:.1f} %" for s, _ in found],
        ),
        row(
            "share of views of the top 1 % of creators",
            [f"{100 * s['inequality']['top1_share_creators']:.0f} %" for s, _ in found],
        ),
    ]
    fill(CREATORS, "creators", "\n".join(lines))


def first_run(folder: Path) -> None:
    """The starter scenario of the tutorial, as it is and without the cold start."""
    scenario, run, none = str(folder / "first.yaml"), folder / "first", folder / "none"
    foryou("new", scenario)
    fill(FIRST_RUN, "first-run", block(play(scenario, run)))
    picture(run, "view_spread", "first_run")
    probes = pl.read_parquet(run / "probes.parquet").sort("views", descending=True)
    best = probes.select("number", "views", "quality", "hook").head()
    fill(FIRST_RUN, "first-run-best", block(str(best)))
    without = play(scenario, none, "--set", "feed.cold_start.policy=none")
    fill(FIRST_RUN, "first-run-none", block(without.split("\n\n")[0]))
    picture(none, "view_spread", "first_run_none")


def small_first(folder: Path) -> None:
    """The ranker of the how-to, with some boosts."""
    found = re.findall(
        r"`(small_first\.\w+)`[^`\n]*:\n\n```\w+\n(.*?)```", RANKER.read_text("utf-8"), re.S
    )
    for name, text in found:
        (folder / name).write_text(text, encoding="utf-8")
    scenario = str(folder / "small_first.yaml")
    rows = []
    for boost in (0.0, 0.1, 0.5):
        out = folder / f"boost-{boost}"
        foryou(
            *("run", scenario, "--allow-code", "--out", str(out), "--no-plots"),
            *("--set", f"feed.score[1].boost={boost}"),
        )
        summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
        probe = summary["probes"]["newcomer"]
        low, high = 100 * probe["viral_share_low"], 100 * probe["viral_share_high"]
        rows.append(
            f"| {boost:g} | {100 * probe['viral_share']:.0f} % ({low:.0f} to {high:.0f} %) "
            f"| {probe['views_median']:.0f} | {summary['reach']['views_median']:.0f} "
            f"| {summary['watch']['minutes_per_active_user_day']:.1f} |"
        )
    head = [
        "| boost | newcomers viral (95 % interval) | views of the middle newcomer "
        "| of the middle ordinary upload | minutes per active user-day |",
        "|---:|---:|---:|---:|---:|",
    ]
    fill(RANKER, "small-first", "\n".join([*head, *rows]))


def command(page: Path, start: str) -> list[str]:
    """The arguments of the only or first ``foryou`` command of a page that begins like this."""
    lines = re.findall(rf"^    foryou ({re.escape(start)}.*)$", page.read_text("utf-8"), re.M)
    return shlex.split(lines[0])


def study(arguments: list[str], folder: Path) -> str:
    """Play a study into ``folder``, wherever the page puts it; returns its tables."""
    if "--out" in arguments:
        place = arguments.index("--out")
        arguments = arguments[:place] + arguments[place + 2 :]
    text = foryou(*arguments, "--out", str(folder))
    lines = [line.rstrip() for line in text.split("\nResults:")[0].strip().splitlines()]
    return "\n".join(lines)


def copy_picture(file: Path, name: str) -> None:
    """A picture that a study drew as ``docs/images/NAME.png``."""
    image = IMAGES / f"{name}.png"
    shutil.copyfile(file, image)
    print(f"wrote images/{image.name}, {image.stat().st_size // 1000} kB")


def part(text: str, path: str) -> str:
    """The table of one number among those that a study prints."""
    return next(piece for piece in text.split("\n\n") if f"({path})" in piece)


def compare_rankers(folder: Path) -> None:
    """The first command of the how-to about comparisons, as it stands there."""
    out = folder / "weights"
    fill(COMPARE, "compare-rankers", block(study(command(COMPARE, "compare"), out)))
    copy_picture(out / "plots" / "compare.png", "compare_rankers")


def sweep_and_sensitivity(folder: Path) -> None:
    """The first sweep and the first screening of the how-to, as they stand there."""
    out = folder / "fresh"
    text = study(command(SWEEP, "sweep"), out)
    fill(SWEEP, "sweep", block(part(text, "probes.newcomer.viral_share")))
    copy_picture(out / "plots" / "probes_newcomer_viral_share.png", "sweep_fresh")
    out = folder / "weights-morris"
    text = study(command(SWEEP, "sensitivity"), out)
    fill(SWEEP, "morris", block(part(text, "watch.minutes_per_user_day")))


def perturb_weights(folder: Path) -> None:
    """Both commands of the how-to about perturbed weights; the second goes on with the first."""
    out = folder / "screening"
    first = command(PERTURB, "perturb")
    text = study(first, out).split("\n\nHow far these effects")[0]  # it names the folder
    fill(PERTURB, "perturb-screening", block(text))
    more = study([*first, "--check", "completion", "--check", "skip"], out)
    fill(PERTURB, "perturb-check", block(more[more.index("completion: 1.5 against") :]))
    copy_picture(out / "plots" / "perturb.png", "perturb_weights")


def tune_newcomers(folder: Path) -> None:
    """The search of the tutorial; a quarter of an hour, unless ``folder`` has it already."""
    text = study(["tune", "scenarios/tune_newcomers.yaml"], folder)
    fill(TUNE, "tune-newcomers", block(text))
    for plot in ("front", "confirmed", "importance"):
        copy_picture(folder / "plots" / f"{plot}.png", f"tune_newcomers_{plot}")


def behaviour(facts: Path) -> None:
    """The fitted behaviour beside the raw data."""
    script = DOCS / "fitting" / "score_behaviour.py"
    done = subprocess.run(
        [sys.executable, str(script), str(facts)], check=True, capture_output=True, text=True
    )
    fill(CALIBRATION, "behaviour", block(done.stdout))


def main() -> None:
    """Make all results."""
    parser = argparse.ArgumentParser(description="Writes what the pages show of real runs.")
    parser.add_argument("--facts", type=Path, help="the folder with kuairand/")
    parser.add_argument("--tune", type=Path, help="the folder of the search, made if absent")
    wanted = parser.parse_args()
    facts = wanted.facts
    IMAGES.mkdir(exist_ok=True)
    if wanted.tune is not None:
        tune_newcomers(wanted.tune)
        return
    with tempfile.TemporaryDirectory() as name:
        share_only(Path(name))
        creators(Path(name))
        first_run(Path(name))
        small_first(Path(name))
        compare_rankers(Path(name))
        sweep_and_sensitivity(Path(name))
        perturb_weights(Path(name))
        zero_followers(Path(name))
    if facts is not None:
        behaviour(facts)


if __name__ == "__main__":
    main()
