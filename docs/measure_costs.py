"""What each mechanism costs, as a table in docs/explanation/speed.md.

    python docs/measure_costs.py [--users 20_000] [--days 0.5] [--rounds 5]

Plays ``scenarios/zero_followers.yaml`` as it is and with one mechanism switched off, by turns, a
process, one thread, and compares CPU time an impression. A cost is the median over rounds of the
ratio of the two within a round; its range is that of the rounds. Worlds differ a little, since
people do something else without a mechanism, so costs are per impression.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from sim.assemble import assemble
from sim.scenario import load

ROOT: Final = Path(__file__).resolve().parents[1]
PAGE: Final = ROOT / "docs" / "explanation" / "speed.md"
SCENARIO: Final = ROOT / "scenarios" / "zero_followers.yaml"
SEED: Final = 701

OFF: Final[Mapping[str, tuple[str, ...]]] = {
    "boredom": tuple(f"behaviour.boredom.{n}=0" for n in ("creator", "topic", "sound", "format")),
    "satisfaction": ("behaviour.satisfaction.enabled=false",),
    "notifications": ("behaviour.notifications.enabled=false",),
    "links": ("behaviour.sharing.contacts=0",),
    "notifications and links: the inbox": (
        "behaviour.notifications.enabled=false", "behaviour.sharing.contacts=0",
    ),
    "lasting tastes": tuple(
        f"behaviour.interest.{n}_taste=0" for n in ("creator", "sound", "hashtag")
    ),
    "pages: profile, search, friends": (
        "behaviour.browse.search=0", "behaviour.browse.friends=0", "behaviour.act.profile_visit=0",
    ),
    "blocks and ends of follows": ("behaviour.act.block=0", "behaviour.act.unfollow=0"),
    "learning": ("feed.learning.enabled=false",),
    "controls": ("feed.control=0",),
    "challenges": ("catalogue.trends.challenges=0",),
}  # fmt: skip
"""What switches each of them off."""


def nanoseconds(changes: tuple[str, ...]) -> float:
    """CPU time an impression, ns; the world is built before."""
    live = assemble(load(SCENARIO, changes), SEED, engine="fast", shards=1)
    start = time.process_time()
    live.env.run(until=live.end)
    return 1e9 * (time.process_time() - start) / live.platform.impressions


def table(span: tuple[str, ...], rounds: int) -> str:
    """The table in Markdown, the dearest first."""
    usual: list[float] = []
    shares: dict[str, list[float]] = {name: [] for name in OFF}
    nanoseconds(span)  # compiled, and in the caches
    for turn in range(rounds):
        usual.append(nanoseconds(span))
        for name, changes in OFF.items():
            without = nanoseconds((*span, *changes))
            shares[name].append(100.0 * (1.0 - without / usual[-1]))
            print(f"  {turn + 1} {name}: {shares[name][-1]:+.1f} %", file=sys.stderr, flush=True)
    whole = statistics.median(usual)
    lines = [
        "| mechanism | share of the time of an impression | range of rounds |", "|---|---:|---:|",
        f"| all, as it is | {whole:,.0f} ns | {min(usual):,.0f} to {max(usual):,.0f} ns |",
    ]  # fmt: skip
    for name in sorted(OFF, key=lambda name: -statistics.median(shares[name])):
        found = shares[name]
        middle, low, high = statistics.median(found), min(found), max(found)
        lines.append(f"| {name} | {middle:+.1f} % | {low:+.1f} to {high:+.1f} % |")
    return "\n".join(lines)


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--users", type=int, default=20_000, help="people of a world")
    parser.add_argument("--days", type=float, default=0.5, help="length of a run")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    span = (
        f"population.users={given.users}", f"duration={given.days:g} d", "warmup=0", "probes=[]",
    )  # fmt: skip
    text = table(span, given.rounds)
    print(text)
    old = PAGE.read_text(encoding="utf-8")
    pattern = r"(<!-- made by docs/measure_costs\.py -->\n)((?!<!--).)*(<!-- end -->)"
    new, count = re.subn(pattern, lambda m: f"{m[1]}{text}\n{m[3]}", old, flags=re.S)
    if count != 1:
        sys.exit(f"{PAGE}: has {count} places for the table, not one")
    PAGE.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
