"""What a scenario plants: an account for each video of a probe, and for each of its twins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.core.random import key
from sim.scenario import Scenario
from sim.scenario.probes import ProbeConfig

__all__ = ["Planted", "planted_accounts"]


@dataclass(frozen=True)
class Planted:
    """An account that the scenario plants, with the one video that it posts."""

    config: ProbeConfig
    """the probe, as this twin has it"""
    probe: int
    """number of the probe"""
    pair: int
    """which video of the probe; twins share it"""
    twin: int
    """position among the values that twins differ in; 0 without twins"""
    number: int
    """number of the video within the probe, twins counted"""
    post_s: float
    """when the video is posted, s"""

    @property
    def identity(self) -> int:
        """What the luck of the account is keyed by: neither other probes nor the twin count."""
        return int(key(0, f"probe/{self.config.name}/{self.pair}").view(np.int64))


def planted_accounts(scenario: Scenario) -> list[Planted]:
    """All planted accounts, in the order in which they follow the platform's own creators."""
    found = []
    for probe, wanted in enumerate(scenario.probes):
        variants = wanted.variants()
        for pair in range(wanted.count):
            post_s = float(wanted.post_at) + float(wanted.spread) * pair / wanted.count
            found += [
                Planted(config, probe, pair, twin, pair * len(variants) + twin, post_s)
                for twin, config in enumerate(variants)
            ]
    return found
