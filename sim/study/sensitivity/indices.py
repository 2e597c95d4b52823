"""Morris and Sobol: samples in the unit cube, and the indices of what came out of them (SALib).

Beside the settings there is one more column that changes nothing but luck: where it is low,
a point is played in the first set of worlds, where it is high, in a second set. What its
index shows is what another set of worlds would do to the outcome: noise. A setting whose
index does not rise above it cannot be told from one that does nothing.

Every difference from which the index of a setting is computed is one of the same worlds. The
settings never switch worlds, and what the second set has more or less of the outcome at every
point alike is taken off before anything is computed, so the noise that is measured is
the noise that a comparison on common random numbers has left. For a setting without any
effect it is the most that can be left: its changed runs go their own way from the first
different slate on, but they begin in the same world.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from sim.core.errors import ForyouError
from sim.core.random import key
from sim.study.points.design import MAX_POINTS

__all__ = ["LEAST", "LUCK", "METHODS", "Index", "Method", "Samples", "indices", "take_samples"]

Floats = npt.NDArray[np.float64]
Method = Literal["morris", "sobol"]

METHODS: Final = ("morris", "sobol")
LUCK: Final = "luck"
"""Name of the column that changes the set of worlds."""
LEAST: Final = {"morris": 4, "sobol": 8}
"""Fewest trajectories (Morris) and base samples (Sobol): below, an interval means nothing."""
_LEVELS: Final = 4
"""Levels of a Morris design; with four, each step goes across the middle of a range."""
_RESAMPLES: Final = 1_000


@dataclass(frozen=True)
class Samples:
    """Points of a design, in blocks that are of use only as a whole."""

    method: Method
    cube: Floats
    """[P, K + 1] from 0 to 1; the last column is luck."""
    block: int
    """Points of a block: K + 2 for both methods and K settings, plus one for Sobol."""

    @property
    def settings(self) -> int:
        """Settings that vary, luck not counted."""
        return int(self.cube.shape[1]) - 1

    @property
    def second(self) -> npt.NDArray[np.bool_]:
        """[P] whether a point is played in the second set of worlds."""
        return self.cube[:, -1] > 0.5


@dataclass(frozen=True)
class Index:
    """How much one setting matters for one number."""

    main: float
    """Morris: mu*, mean absolute effect of the whole range. Sobol: the total index."""
    main_half: float
    """Half of its interval."""
    side: float
    """Morris: sigma, how much the effect differs between places. Sobol: the first-order index."""
    side_half: float | None
    """Half of its interval; Morris' sigma has none."""
    mean: float | None
    """Morris: mu, the mean effect with its sign; None for Sobol."""


def take_samples(method: Method, settings: int, samples: int, seed: int) -> Samples:
    """The points for ``samples`` trajectories (Morris) or base samples (Sobol).

    More samples begin with the points of fewer, so what was run stays of use. Raises
    ForyouError for too few or too many, and for Sobol when it is no power of two.
    """
    least = LEAST[method]
    block = settings + (2 if method == "morris" else 3)
    if samples < least:
        what = "trajectories" if method == "morris" else "base samples"
        raise ForyouError(f"{method} wants at least {least} samples ({what}); got {samples}")
    if method == "sobol" and samples & (samples - 1):
        below = 1 << (samples.bit_length() - 1)
        raise ForyouError(
            f"sobol wants a power of two as samples, such as {below} or {2 * below}; got {samples}"
        )
    if samples * block > MAX_POINTS:
        raise ForyouError(
            f"{samples:,} samples of {settings} settings are {samples * block:,} points, more "
            f"than {MAX_POINTS:,}; take fewer"
        )
    cube = (_morris_cube if method == "morris" else _sobol_cube)(settings, samples, seed)
    return Samples(method, cube, block)


def _problem(settings: int) -> dict[str, object]:
    """SALib's description of the unit cube with the column of luck."""
    names = [*(f"x{i}" for i in range(settings)), LUCK]
    return {"num_vars": settings + 1, "names": names, "bounds": [[0.0, 1.0]] * (settings + 1)}


def _seed(seed: int, purpose: str) -> int:
    """A seed for SALib, above 0: it takes 0 as none and would draw from a global generator."""
    return int(key(seed, f"study/{purpose}")) | 1


def _morris_cube(settings: int, samples: int, seed: int) -> Floats:
    from SALib.sample import morris

    cube: Floats = morris.sample(
        _problem(settings), samples, num_levels=_LEVELS, seed=_seed(seed, "morris/samples")
    )
    steps = _LEVELS - 1
    return np.round(cube * steps) / steps  # 1/3 and 2/3 come with errors of rounding


def _sobol_cube(settings: int, samples: int, seed: int) -> Floats:
    """Saltelli's design. Rows A of a block lie in the first worlds, row B in the second.

    With B in worlds of its own, its noise cannot look like the effect of what A takes over from it.
    """
    from SALib.sample import sobol

    cube: Floats = sobol.sample(
        _problem(settings), samples, calc_second_order=False, seed=_seed(seed, "sobol/samples")
    )
    rows = cube.reshape(samples, settings + 3, settings + 1)
    rows[:, :, -1] = 0.0
    rows[:, -2:, -1] = 1.0  # A with the luck of B, and B
    return cube


def indices(samples: Samples, values: npt.ArrayLike, seed: int, level: float) -> list[Index] | None:
    """[K + 1] how much each setting matters, luck last; None when no more can be said.

    ``values`` [P] is the number at each point, NaN where it is missing; a block with a missing one
    is left out. None when fewer than the least number of blocks is left, and when the number is
    the same everywhere. Intervals are SALib's, by resampling blocks.

    Sources: Morris 1991, Technometrics 33:161; Campolongo et al. 2007, Environ. Model. Softw.
    22:1509 (mu*); Saltelli et al. 2010, Comput. Phys. Commun. 181:259 (Sobol); the idea of a
    dummy parameter, Khorashadi Zadeh et al. 2017, Environ. Model. Softw. 91:210.
    """
    rows = np.asarray(values, dtype=np.float64).reshape(-1, samples.block)
    whole = ~np.isnan(rows).any(axis=1)
    if whole.sum() < LEAST[samples.method]:
        return None
    cube = samples.cube.reshape(-1, samples.block, samples.settings + 1)[whole]
    known = _even(samples.method, cube, rows[whole])
    spread = float(np.ptp(known))
    if spread <= 1e-12 * float(np.abs(known).max()):
        return None
    analyse = _morris if samples.method == "morris" else _sobol
    # In units of its own spread, a number is as good as any other to SALib's limits of rounding.
    found = analyse(cube.reshape(-1, samples.settings + 1), known.ravel() / spread, seed, level)
    if samples.method == "sobol":
        return found
    # Steps of luck are measured from their own mean, which makes them smaller by this much.
    short = math.sqrt(1 - 1 / len(known))
    luck = replace(found[-1], main=found[-1].main / short, main_half=found[-1].main_half / short)
    return [_scaled(index, spread) for index in (*found[:-1], luck)]


def _even(method: Method, cube: Floats, rows: Floats) -> Floats:
    """The values [B, block] without what the second set of worlds has more at every point alike.

    That is measured where a block switches worlds and nothing else: the mean over all blocks.
    """
    second = cube[:, :, -1] > 0.5
    if method == "sobol":
        shift = rows[:, -2] - rows[:, 0]  # A with the luck of B, and A
    else:
        block = np.arange(len(rows))
        step = np.argmax(second[:, 1:] != second[:, :-1], axis=1)
        up = np.where(second[block, step + 1], 1.0, -1.0)
        shift = up * (rows[block, step + 1] - rows[block, step])
    return np.where(second, rows - shift.mean(), rows)


def _morris(cube: Floats, values: Floats, seed: int, level: float) -> list[Index]:
    from SALib.analyze import morris

    found = morris.analyze(
        _problem(cube.shape[1] - 1),
        cube,
        values,
        num_resamples=_RESAMPLES,
        conf_level=level,
        num_levels=_LEVELS,
        seed=_seed(seed, "morris/intervals"),
    )
    columns = [found[name] for name in ("mu_star", "mu_star_conf", "sigma", "mu")]
    return [
        Index(float(star), float(half), float(sigma), None, float(mu))
        for star, half, sigma, mu in zip(*columns, strict=True)
    ]


def _sobol(cube: Floats, values: Floats, seed: int, level: float) -> list[Index]:
    from SALib.analyze import sobol

    found = sobol.analyze(
        _problem(cube.shape[1] - 1),
        values,
        calc_second_order=False,
        num_resamples=_RESAMPLES,
        conf_level=level,
        seed=_seed(seed, "sobol/intervals"),
    )
    columns = [found[name] for name in ("ST", "ST_conf", "S1", "S1_conf")]
    return [
        Index(float(total), float(total_half), float(first), float(first_half), None)
        for total, total_half, first, first_half in zip(*columns, strict=True)
    ]


def _scaled(index: Index, by: float) -> Index:
    """A Morris index in the unit of the number."""
    mean = None if index.mean is None else index.mean * by
    return Index(index.main * by, index.main_half * by, index.side * by, None, mean)
