"""How sure a mean is, and whether a difference is real.

Drives of one route resemble each other more than drives of two, so what is drawn anew in the
bootstrap are routes, each with all of its seeds (Field and Welsh, "Bootstrapping clustered data",
J. R. Statist. Soc. B 69, 2007). Intervals are percentiles of the means of the draws.

Of a handful of routes such an interval is too narrow (Hesterberg, "What Teachers Should Know About
the Bootstrap", The American Statistician 69, 2015): of three routes that all go one way it always
leaves out 0. Where an interval is to decide, it is widened to Student's one over the routes.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.errors import SettingsError

LEVEL = 0.95  # of the intervals
DRAWS = 10_000
_FEWEST = 2  # values below which there is no interval
_NORMAL = 1.959964  # quantile 0.975 of the normal distribution
_STUDENT = (12.7062, 4.3027, 3.1824, 2.7764, 2.5706)  # of Student's with 1 to 5 degrees of freedom


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean and how sure it is."""

    mean: float
    deviation: float  # standard deviation of single values; 0 for a single one
    low: float  # of the interval that holds the true mean with a probability of LEVEL
    high: float
    values: int
    groups: int

    @property
    def known(self) -> bool:
        """Whether there were values enough for an interval."""
        return self.values >= _FEWEST

    @property
    def excludes_zero(self) -> bool:
        """Whether the whole interval lies on one side of 0."""
        return self.known and (self.low > 0.0 or self.high < 0.0)

    def __str__(self) -> str:
        """Mean and interval, such as "61.3 (55.0 to 67.9)"."""
        if not self.known:
            return f"{self.mean:.1f} (one drive: no interval)"
        return f"{self.mean:.1f} ({self.low:.1f} to {self.high:.1f})"


@lru_cache(maxsize=4)
def _draws(count: int, seed: int) -> NDArray[np.int64]:
    """Numbers of the groups of each draw, [DRAWS, count]; the figures of a run share them."""
    return np.random.default_rng(seed).integers(0, count, (DRAWS, count))


def student(freedom: int) -> float:
    """Quantile 0.975 of Student's t with `freedom` degrees of freedom, to 0.1 %.

    Beyond 5 degrees by the expansion of Abramowitz and Stegun, 26.7.5.
    """
    if freedom <= len(_STUDENT):
        return _STUDENT[freedom - 1]
    z, v = _NORMAL, float(freedom)
    first = (z**3 + z) / 4.0
    second = (5.0 * z**5 + 16.0 * z**3 + 3.0 * z) / 96.0
    third = (3.0 * z**7 + 19.0 * z**5 + 17.0 * z**3 - 15.0 * z) / 384.0
    return z + first / v + second / v**2 + third / v**3


def estimate(
    values: Iterable[tuple[Hashable, float]], seed: int = 0, *, decides: bool = False
) -> Estimate:
    """Estimate a mean from values that come in groups.

    Args:
        values: (group, value); of drives the group is the route. With a single group its values
            themselves are drawn.
        seed: of the draws.
        decides: widen the interval to Student's where that is wider, as a verdict needs.

    Raises:
        SettingsError: there are no values, or one is not finite.
    """
    groups: dict[Hashable, list[float]] = {}
    for group, value in values:
        groups.setdefault(group, []).append(value)
    everything = np.array(sorted(value for members in groups.values() for value in members))
    if len(everything) == 0:
        raise SettingsError("there is no value to take a mean of")
    if not np.isfinite(everything).all():
        raise SettingsError("a value to take the mean of is not finite")
    mean = float(everything.mean())
    if len(everything) < _FEWEST:
        return Estimate(mean, 0.0, mean, mean, len(everything), len(groups))
    if len(groups) == 1:
        totals, counts = everything, np.ones(len(everything))
    else:
        ordered = [groups[group] for group in sorted(groups, key=str)]  # whatever order they had
        totals = np.array([math.fsum(members) for members in ordered])
        counts = np.array([len(members) for members in ordered], float)
    drawn = _draws(len(totals), seed)
    means = totals[drawn].sum(1) / counts[drawn].sum(1)
    low, high = np.percentile(means, [50.0 * (1.0 - LEVEL), 50.0 * (1.0 + LEVEL)])
    if decides:
        single = totals / counts
        reach = student(len(single) - 1) * float(single.std(ddof=1)) / math.sqrt(len(single))
        low, high = min(low, mean - reach), max(high, mean + reach)
    deviation = float(everything.std(ddof=1))
    return Estimate(mean, deviation, float(low), float(high), len(everything), len(groups))
