"""Angles on the circle."""

from __future__ import annotations

import math

from roadworthy.sim.kernel import kernel


@kernel
def wrap_angle(angle: float) -> float:
    """Same angle [rad] in [-pi, pi)."""
    return angle - 2.0 * math.pi * math.floor((angle + math.pi) / (2.0 * math.pi))


@kernel
def advance_phase(phase: float, by: float) -> float:
    """Phase [rad] in [0, 2 pi) after `by`, which is less than a turn; cheaper than a modulo."""
    phase += by
    if phase >= 2.0 * math.pi:
        phase -= 2.0 * math.pi
    return max(phase, 0.0)
