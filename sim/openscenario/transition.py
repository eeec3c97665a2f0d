"""Transitions: how actions lead a value from where it is to where it should be."""

from __future__ import annotations

import math

# Steepest slope of each shape over that of a straight line.
_PEAK = {"linear": 1.0, "cubic": 1.5, "sinusoidal": 0.5 * math.pi, "step": 1.0}
# Greatest second derivative of each shape, in units of change / duration^2. A line has none; it
# is given that of the quickest motion with bounded acceleration, half on and half off.
_BEND = {"linear": 4.0, "cubic": 6.0, "sinusoidal": 0.5 * math.pi**2, "step": 4.0}


def share(shape: str, way: float) -> float:
    """Share of a transition [0, 1] that is done after a share [0, 1] of its time or distance.

    Shapes of OpenSCENARIO 1.x, DynamicsShape: cubic 3 u^2 - 2 u^3, sinusoidal (1 - cos(pi u))/2.
    """
    if shape == "step" or way >= 1.0:
        return 1.0
    if shape == "cubic":
        return way * way * (3.0 - 2.0 * way)
    if shape == "sinusoidal":
        return 0.5 * (1.0 - math.cos(math.pi * way))
    return way


def time_of_rate(shape: str, change: float, rate: float) -> float:
    """Time [s] of a transition by `change` whose slope is at most `rate` per second."""
    return _PEAK[shape] * abs(change) / max(rate, 1e-6)


def time_of_accel(shape: str, change: float, accel: float) -> float:
    """Time [s] of a transition by `change` [m] whose acceleration is at most `accel` [m/s^2]."""
    return math.sqrt(_BEND[shape] * abs(change) / max(accel, 1e-6))
