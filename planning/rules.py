"""Rules of the road, one by one: what a leader, a stop line or a light asks of the ego.

The car-following model is IDM (Treiber, Hennecke, Helbing, Phys. Rev. E 62, 2000).
"""

# Kernels are typed by Numba, from the arrays they are called with.
# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

from roadworthy.perception.scene import LightState
from roadworthy.sim.kernel import kernel

MAX_BRAKING = 6.0  # [m/s^2]
MAX_ACCELERATION = 2.5  # [m/s^2]
COMFORT = 2.0  # [m/s^2] IDM's a and b
HEADWAY = 1.3  # [s] IDM's T
STANDSTILL = 3.0  # [m] IDM's s0 behind vehicles
LATERAL_LIMIT = 2.5  # [m/s^2] in bends
YELLOW_BRAKING = 3.0  # [m/s^2] a yellow light that needs more is passed
LINE_BUFFER = 1.0  # [m] before a stop line

_YELLOW, _RED = int(LightState.YELLOW), int(LightState.RED)


@kernel
def follow(speed, target, gap, other, headway, standstill):
    """IDM acceleration [m/s^2] behind something at `gap` [m] that moves at `other` [m/s]."""
    wish = speed * headway + speed * (speed - other) / (2.0 * COMFORT)
    desired = standstill + max(wish, 0.0)
    free = 1.0 - (speed / max(target, 0.5)) ** 4
    return COMFORT * (free - (desired / max(gap, 0.3)) ** 2)


@kernel
def halt(speed, target, gap):
    """Acceleration [m/s^2] that brings the ego to a stand `gap` [m] ahead, late but gently."""
    if gap < 0.4:
        return -2.0 if speed < 1.0 else -MAX_BRAKING
    needed = speed * speed / (2.0 * gap)
    if needed > 1.2:
        return -1.15 * needed
    # As if behind a standing bumper: IDM with a short headway.
    return follow(speed, target, gap + 1.0, 0.0, 0.6, 1.0)


@kernel
def must_stop(state, distance, speed):
    """True where the light asks to stop and stopping is still possible."""
    if state != _RED and state != _YELLOW:
        return False
    if distance < -1.0:
        return False
    needed = speed * speed / (2.0 * max(distance, 0.1))
    if state == _RED:
        return needed < 9.0 or distance > 3.0
    return needed < YELLOW_BRAKING
