"""Angles on the circle."""

from __future__ import annotations

import math

from roadworthy.sim.kernel import kernel


@kernel
def wrap_angle(angle: float) -> float:
    """Same angle [rad] in [-pi, pi)."""
    return angle - 2.0 * math.pi * math.floor((angle + math.pi) / (2.0 * math.pi))
