"""Comfort as nuPlan measures it, and the smoothness that Bench2Drive makes of it.

Six bounds, which human drivers keep nearly always. Accelerations are smoothed and jerks taken by
a Savitzky-Golay filter (window 7, order 2; order 3 for the second derivative of the yaw).

Source: nuPlan's `ego_is_comfortable` bounds, as Bench2Drive's
`tools/efficiency_smoothness_benchmark.py` (version 0.0.3) uses them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from roadworthy.sim.errors import SettingsError

Series = NDArray[np.float64]

LONGITUDINAL_ACCELERATION = (-4.05, 2.40)  # [m/s^2]
LATERAL_ACCELERATION = 4.89  # [m/s^2] to either side
JERK = 8.37  # [m/s^3] of the magnitude of the acceleration
LONGITUDINAL_JERK = 4.13  # [m/s^3]
YAW_RATE = 0.95  # [rad/s]
YAW_ACCELERATION = 1.93  # [rad/s^2]
FILTER_WINDOW = 7  # samples
SMOOTHNESS_WINDOW = 20  # samples, 2 s at 10 Hz (Bench2Drive)


@dataclass(frozen=True, eq=False)
class Motion:
    """How an ego moved, one sample every `step` seconds."""

    step: float  # [s]
    longitudinal: Series  # [N] m/s^2 forward
    lateral: Series  # [N] m/s^2 to the right
    yaw: Series  # [N] rad

    def validate(self) -> Motion:
        """Return self.

        Raises:
            SettingsError: lengths differ, a value is not finite, or there are too few samples.
        """
        series = (self.longitudinal, self.lateral, self.yaw)
        if len({len(values) for values in series}) != 1 or len(self.yaw) < FILTER_WINDOW:
            raise SettingsError(
                f"comfort needs three series of one length of at least {FILTER_WINDOW} samples, "
                f"not {[len(values) for values in series]}"
            )
        if not self.step > 0.0 or not all(np.isfinite(values).all() for values in series):
            raise SettingsError("a motion has a step of time not above 0 or values not finite")
        return self

    def between(self, first: int, last: int) -> Motion:
        """Samples `first` to `last - 1`."""
        cut = slice(first, last)
        return Motion(self.step, self.longitudinal[cut], self.lateral[cut], self.yaw[cut])


@cache
def _filter(order: int, derivative: int) -> Series:
    """Matrix [i, j]: weight of sample j in the derivative at sample i of the polynomial fitted.

    Savitzky and Golay, Analytical Chemistry 36, 1964: least squares over FILTER_WINDOW samples.
    """
    at = np.arange(FILTER_WINDOW) - FILTER_WINDOW // 2.0
    fit = np.linalg.pinv(np.vander(at, order + 1, increasing=True))
    powers = np.zeros((FILTER_WINDOW, order + 1))
    for power in range(derivative, order + 1):
        factor = math.perm(power, derivative)
        powers[:, power] = factor * at ** (power - derivative)
    return np.asarray(powers @ fit)


def _filtered(values: Series, order: int, derivative: int, step: float) -> Series:
    """Filter along the last axis; the ends are those of the first and the last fit."""
    weights, half = _filter(order, derivative), FILTER_WINDOW // 2
    out = np.empty_like(values)
    out[..., half:-half] = sliding_window_view(values, FILTER_WINDOW, -1) @ weights[half]
    out[..., :half] = values[..., :FILTER_WINDOW] @ weights[:half].T
    out[..., -half:] = values[..., -FILTER_WINDOW:] @ weights[-half:].T
    return out / step**derivative


def _smooth(values: Series) -> Series:
    return _filtered(values, 2, 0, 1.0)


def _derivative(values: Series, step: float, order: int = 1) -> Series:
    return _filtered(values, order + 1, order, step)


def _kept(motion: Motion) -> dict[str, NDArray[np.bool_]]:
    """Which bounds were kept along the last axis of the series."""
    along, across = _smooth(motion.longitudinal), _smooth(motion.lateral)
    yaw = np.unwrap(motion.yaw, axis=-1)
    magnitude = np.hypot(motion.longitudinal, motion.lateral)
    low, high = LONGITUDINAL_ACCELERATION

    def within(values: Series, bound: float) -> NDArray[np.bool_]:
        return np.asarray((np.abs(values) <= bound).all(-1))

    return {
        "longitudinal_acceleration": np.asarray(((along >= low) & (along <= high)).all(-1)),
        "lateral_acceleration": within(across, LATERAL_ACCELERATION),
        "jerk": within(_derivative(magnitude, motion.step), JERK),
        "longitudinal_jerk": within(
            _derivative(motion.longitudinal, motion.step), LONGITUDINAL_JERK
        ),
        "yaw_rate": within(_derivative(yaw, motion.step), YAW_RATE),
        "yaw_acceleration": within(_derivative(yaw, motion.step, 2), YAW_ACCELERATION),
    }


def comfort_bounds(motion: Motion) -> dict[str, bool]:
    """Tell which of the six bounds were kept all the time.

    Args:
        motion: at least FILTER_WINDOW samples.

    Returns:
        By the name of the bound: whether it was kept.

    Raises:
        SettingsError: the motion makes no sense.
    """
    return {name: bool(kept) for name, kept in _kept(motion.validate()).items()}


def is_comfortable(motion: Motion) -> bool:
    """Whether all six bounds were kept all the time (nuPlan, PDM score's C)."""
    return all(comfort_bounds(motion).values())


def smoothness(motion: Motion) -> float:
    """Share [0, 1] of windows of SMOOTHNESS_WINDOW samples that are comfortable (Bench2Drive).

    Windows stand end to end; a rest shorter than a window does not count, unless it is all
    there is.

    Raises:
        SettingsError: the motion makes no sense.
    """
    motion.validate()
    count = len(motion.yaw) // SMOOTHNESS_WINDOW
    if count == 0:
        return float(is_comfortable(motion))
    series = (motion.longitudinal, motion.lateral, motion.yaw)
    rows = [s[: count * SMOOTHNESS_WINDOW].reshape(count, SMOOTHNESS_WINDOW) for s in series]
    kept = _kept(Motion(motion.step, *rows))
    return float(np.logical_and.reduce(list(kept.values())).mean())
