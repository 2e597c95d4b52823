"""What counts as viral in a scenario, as a number that a counter has to come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import ceil
from typing import TYPE_CHECKING, Any, Literal

from sim.core.units import Multiple, format_duration
from sim.scenario.amounts import impressions_of

if TYPE_CHECKING:
    from sim.scenario.model import Scenario

__all__ = ["Viral", "viral_of"]


@dataclass(frozen=True)
class Viral:
    """So much of one counter, by an age if one is stated."""

    counter: Literal["reach", "impressions"]
    least: int
    """From so many users, or impressions, on a video is viral; at least 1."""
    share: float | None = None
    """Share of the users that ``least`` is, where it was stated so, 0..1."""
    times: float | None = None
    """Multiple of the stated mean that ``least`` is, where it was stated so."""
    age_s: float | None = None
    """Age by which it has to be so many, s; None: at the end of the run, whatever the age."""

    @classmethod
    def by_reach(cls, share: float, users: int, age_s: float | None = None) -> Viral:
        """Seen by a share of the users."""
        # 7 % of 100 users are 7, whatever the rounding of 0.07 says
        return cls("reach", max(ceil(share * users - 1e-9), 1), share=share, age_s=age_s)

    @classmethod
    def of_facts(cls, facts: Mapping[str, Any]) -> Viral:
        """What the facts of a run say: ``viral``, as :meth:`to_dict` wrote it.

        Runs before 0.2 have ``viral_reach``, a share of ``users``. Raises KeyError, TypeError or
        ValueError where there is neither.
        """
        if "viral" not in facts:
            return cls.by_reach(float(facts["viral_reach"]), int(facts["users"]))
        data = facts["viral"]
        age = data["age_s"]
        return cls(
            counter={"reach": "reach", "impressions": "impressions"}[data["counter"]],  # type: ignore[arg-type]
            least=int(data["least"]),
            share=None if data["share"] is None else float(data["share"]),
            times=None if data["times"] is None else float(data["times"]),
            age_s=None if age is None else float(age),
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)

    def __str__(self) -> str:
        if self.counter == "reach":
            share = "" if self.share is None else f", {100 * self.share:.3g} % of all"
            text = f"seen by at least {self.least:,} people{share}"
        else:
            many = "" if self.times in (None, 1.0) else f"{self.times:.3g} times "
            times = "" if self.times is None else f", {many}the stated mean"
            text = f"shown at least {self.least:,} times{times}"
        return text if self.age_s is None else f"{text}, within {format_duration(self.age_s)}"


def viral_of(scenario: Scenario) -> Viral:
    """What counts as viral in a scenario."""
    wanted = scenario.viral
    if wanted.impressions is None:
        assert wanted.reach is not None
        return Viral.by_reach(wanted.reach, scenario.population.users, wanted.age)
    least = int(impressions_of(wanted.impressions, scenario))
    times = wanted.impressions.times if isinstance(wanted.impressions, Multiple) else None
    return Viral("impressions", least, times=times, age_s=wanted.age)
