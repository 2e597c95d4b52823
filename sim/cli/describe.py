"""A scenario in a few lines of words: what would be simulated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from sim.cli.console import one_line
from sim.cli.words import amount, clock, rough_span, roughly, span

if TYPE_CHECKING:
    from sim.core.units import Multiple
    from sim.engine.estimate import Estimate
    from sim.scenario.components import Component
    from sim.scenario.feed import ColdStart
    from sim.scenario.model import Scenario
    from sim.scenario.probes import ProbeConfig
    from sim.world.size import Size

__all__ = ["describe", "needs"]


def describe(scenario: Scenario) -> str:
    """Tell who is simulated, how long, what is planted, how the feed works, what it needs."""
    from sim.engine.estimate import default_shards, estimate_run
    from sim.scenario.amounts import settled
    from sim.scenario.viral import viral_of
    from sim.world.expected import creator_count, further_accounts
    from sim.world.size import size_of, warnings

    people, feed = scenario.population, scenario.feed
    creators, further = creator_count(scenario), further_accounts(scenario)
    size, wary = size_of(scenario), warnings(scenario)
    lines = [
        ("people", f"{people.users:,}, of whom about {creators:,} post videos"),
        *([("accounts", f"{further:,} more that post and do not watch")] if further else []),
        (
            "time",
            f"{span(scenario.duration)}, of which the first {span(scenario.warmup)} is warm-up"
            if scenario.warmup
            else span(scenario.duration),
        ),
        ("seed", str(scenario.seed)),
        *(("probe", _probe(probe)) for probe in scenario.probes),
        ("viral", str(viral_of(scenario))),
        ("supply", _supply(size)),
        ("sources", _shares(feed.sources)),
        ("filters", _names(feed.filters) or "none"),
        ("predict", _predict(feed.predict, settled(feed.predict, scenario))),
        ("weights", ", ".join(f"{name} {weight:g}" for name, weight in feed.weights.items())),
        ("score", _names(feed.score)),
        ("select", f"{_names([feed.select])}, {feed.slate} of {feed.candidates} candidates"),
        ("cold start", _cold_start(feed.cold_start, settled(feed.cold_start, scenario), size)),
        ("needs", needs(estimate_run(scenario, "fast", default_shards(scenario)))),
    ]
    if own := _own_code(scenario):
        lines.append(("own code", f"{', '.join(own)}; to run it takes --allow-code"))
    question = " ".join(line.strip() for line in scenario.question.split("\n")).strip()
    head = f"{scenario.name}: {question}" if question else scenario.name
    return "\n".join(
        [
            one_line(head), "",
            *(f"  {label:<10}  {one_line(text)}" for label, text in lines), "",
            *(f"Warning: {one_line(text)}." for text in wary), "No problems found.",
        ]
    )  # fmt: skip


def _supply(size: Size) -> str:
    if size.supply is None or size.headroom is None:
        return "nobody posts"
    return (
        f"about {amount(round(size.supply))} impressions a day for each post of a day; "
        f"all people are {amount(size.headroom)} times that"
    )


def _cold_start(wanted: ColdStart, found: ColdStart, size: Size) -> str:
    """The policy as it is written and as it is ``found`` with plain numbers."""
    from sim.scenario.feed import Pools

    if not isinstance(wanted, Pools) or not isinstance(found, Pools):
        return wanted.policy
    return (
        f"{wanted.policy}; the first audience is {_resolved(wanted.first, found.first)}; all test "
        f"audiences need {100 * size.load:.1f} % of all places, "
        f"{100 * size.places:.1f} % are kept for them"
    )


def _predict(wanted: Component, found: Component) -> str:
    """The predictor, its prior, and what counts other than as it is believed."""
    from sim.scenario.feed import Smoothed

    name = _names([wanted])
    if not isinstance(wanted, Smoothed) or not isinstance(found, Smoothed):
        return name
    changed = [
        f", {part} times {float(getattr(wanted, part)):g}"
        for part in ("topics", "sound", "hashtag", "creator")
        if getattr(wanted, part) != 1.0
    ]
    prior = _resolved(wanted.prior, found.prior)
    return f"{name}, prior of {prior} impressions" + "".join(changed)


def _resolved(wanted: float | Multiple, found: float | Multiple) -> str:
    """A plain number, and the multiple that it was written as."""
    from sim.core.units import Multiple

    number = found.times if isinstance(found, Multiple) else found
    return f"{amount(number)} ({wanted})" if isinstance(wanted, Multiple) else amount(number)


def needs(estimate: Estimate) -> str:
    """Say what a run is expected to need, as roughly as it is known."""
    return (
        f"about {roughly(estimate.impressions)} impressions, "
        f"{estimate.bytes / 2**30:.1f} GiB of memory, {rough_span(estimate.seconds)}"
    )


def _probe(probe: ProbeConfig) -> str:
    videos = "1 video" if probe.count == 1 else f"{probe.count:,} videos"
    over = f", spread over {span(probe.spread)}" if probe.spread else ""
    twins = f", each with {probe.twins.attribute.replace('_', ' ')} " if probe.twins else ""
    values = " | ".join(probe.twins.labels) if probe.twins else ""
    forced = f"; {' and '.join(map(str, probe.inject))}" if probe.inject else ""
    return (
        f"{probe.name}: {videos} by accounts with {probe.followers:,} followers{twins}{values}, "
        f"posted from {clock(probe.post_at)}{over}{forced}"
    )


def _shares(weights: Mapping[str, float]) -> str:
    total = sum(weights.values()) or 1.0
    ranked = sorted(weights.items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {100 * weight / total:.0f} %" for name, weight in ranked if weight)


def _names(components: Iterable[Component]) -> str:
    return ", ".join(str(getattr(component, component.KEY)) for component in components)


def _own_code(scenario: Scenario) -> list[str]:
    """The names of the form ``module:Class`` that the scenario would run."""
    from sim.scenario.components import Custom, is_custom

    feed = scenario.feed
    parts = [*feed.filters, feed.predict, *feed.score, feed.select]
    names = [name for name in feed.sources if is_custom(name)]
    return names + [part.use for part in parts if isinstance(part, Custom)]
