"""Guard: what a policy may accelerate by before red lights, leaders and those who cross its way.

A policy nearly always stops where it should; the rest are its red lights and dents. The guard
only ever takes acceleration away, and lets the policy be as long as a gentle stop would do.
"""

# Kernels are typed by Numba, from the arrays they are called with.
# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from roadworthy.perception.scene import EgoCol, LightCol, Scene
from roadworthy.planning.observation import threats_of
from roadworthy.planning.rules import MAX_ACCELERATION, MAX_BRAKING, must_stop
from roadworthy.sim.kernel import kernel

_LINE_BUFFER = 0.7  # [m] before a stop line
_LEADER_BUFFER = 1.0  # [m] behind a leader
_CROSSING_BUFFER = 1.0  # [m] before where somebody crosses
_GENTLE = 1.5  # [m/s^2] a stop that needs less is still the policy's own affair
_RESPONSE = 0.5  # [s] in which a speed above the allowed one is taken away
_SPEED = int(EgoCol.SPEED)
_STATE, _DISTANCE = int(LightCol.STATE), int(LightCol.DISTANCE)


@kernel
def _before(gap, speed):
    """Most acceleration [m/s^2] that still takes `speed` [m/s] away within `gap` [m]."""
    needed = speed * speed / (2.0 * max(gap, 0.1))
    if speed > 0.0 and needed > _GENTLE:
        return max(-1.15 * needed, -MAX_BRAKING)
    if gap < 0.1 and speed > -0.1:
        return -1.0  # stands, and stays
    return (math.sqrt(2.0 * _GENTLE * max(gap, 0.0)) - speed) / _RESPONSE


@njit(cache=True, nogil=True, error_model="numpy")
def _most(light, ego, threats, out):
    for w in range(len(ego)):
        speed, distance = float(ego[w, _SPEED]), float(light[w, _DISTANCE])
        most = MAX_ACCELERATION
        if must_stop(light[w, _STATE], light[w, _DISTANCE], speed):
            most = min(most, _before(distance - _LINE_BUFFER, speed))
        threat = threats[w]
        # A gap of 0 is told of who stands beside the ego, too, and may wait for it to go.
        if threat[0] > 0.0 and threat[1] > 0.0:
            other = max(float(threat[2]), 0.0)
            most = min(most, _before(threat[1] - _LEADER_BUFFER, speed - other))
        gap = float(threat[4]) - _CROSSING_BUFFER
        # Where it is too late to stop before the place, stopping in it would be no better.
        if threat[3] > 0.0 and speed * speed < 2.0 * MAX_BRAKING * gap:
            most = min(most, _before(gap, speed))
        out[w] = most


def most_acceleration(
    scene: Scene, observations: NDArray[np.float32], out: NDArray[np.float32]
) -> None:
    """Write the most acceleration [m/s^2] that light, leader and crossing allow, float32 [W].

    MAX_ACCELERATION where nothing asks to stop, or where it is too late to (`rules.must_stop`).

    Args:
        scene: with a leading world axis, W.
        observations: of these Scenes, encoded.
        out: written.
    """
    _most(scene.light, scene.ego, threats_of(observations), out)
