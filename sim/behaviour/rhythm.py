"""Rhythm: the next event of a process whose rate follows the hour of the day.

The formulas are those of ``sim.core.formulas``, compiled.
"""

from __future__ import annotations

import numpy as np

from sim.core import formulas
from sim.core.formulas import DAY_S, HOUR_S
from sim.machine.compiled import compiled

__all__ = ["DAY_S", "HOUR_S", "day_second", "rest_s", "rhythm_delay"]

day_second = compiled(formulas.day_second, floor=np.floor)
_share_before = compiled(formulas.share_before)
_days_until = compiled(formulas.days_until)
rhythm_delay = compiled(
    formulas.rhythm_delay, floor=np.floor, share_before=_share_before, days_until=_days_until
)
rest_s = compiled(formulas.rest_s, day_second=day_second, rhythm_delay=rhythm_delay)
