"""Statistics of studies, in one place. All of them take worlds as the sample.

    mean_interval         a number over worlds                        Student's t
    share_interval        a share of videos over worlds               Wilson with the design effect
    bootstrap_interval    any other function of the worlds            BCa over worlds
    paired_difference     before and after in the same worlds         t over pairs
    relative_difference   the same as a fraction of before            Fieller
    variance_saved        what pairing was worth                      jackknife of a log ratio
    holm                  many comparisons at once                    adjusted p-values
    worlds_needed         worlds for a wanted precision               t, iterated

How well each covers was measured: ``docs/explanation/statistics.md``.
"""

from __future__ import annotations

from sim.study.bootstrap import Statistic, bootstrap_interval
from sim.study.intervals import Interval, mean_interval, share_interval, worlds_needed
from sim.study.multiple import holm, say_comparisons
from sim.study.paired import Difference, paired_difference, relative_difference, variance_saved

__all__ = [
    "Difference",
    "Interval",
    "Statistic",
    "bootstrap_interval",
    "holm",
    "mean_interval",
    "paired_difference",
    "relative_difference",
    "say_comparisons",
    "share_interval",
    "variance_saved",
    "worlds_needed",
]
