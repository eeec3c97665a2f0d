"""The expert: a rule-based planner, Scene to Plan; teacher of the policy and a driver by itself.

Laterally it tracks the route; longitudinally the smallest of what IDM (Treiber,
Hennecke, Helbing, Phys. Rev. E 62, 2000), bends, speed limits, lights and crossing users allow.
It remembers nothing, so that one call is one world's whole decision.
"""

# Kernels are typed by Numba, from the arrays they are called with.
# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from roadworthy.perception.scene import MAX_USERS, EgoCol, LightCol, LightState, Scene
from roadworthy.planning.action import plan_of
from roadworthy.planning.corridor import POINTS, Line, curve_speed, trace, tracking_curvature
from roadworthy.planning.plan import Plan
from roadworthy.planning.threats import Relation, Threat, relate, summarise

MAX_BRAKING = 6.0  # [m/s^2]
MAX_ACCELERATION = 2.5  # [m/s^2]
_COMFORT = 2.0  # [m/s^2] IDM's a and b
_HEADWAY = 1.3  # [s] IDM's T
_STANDSTILL = 3.0  # [m] IDM's s0 behind vehicles
_LATERAL_LIMIT = 2.5  # [m/s^2] in bends
_YELLOW_BRAKING = 3.0  # [m/s^2] a yellow light that needs more is passed
_LINE_BUFFER = 1.0  # [m] before a stop line
_PARALLEL_FROM = 16  # worlds; below, threads cost more than they bring

_N_LINE, _N_REL, _N_THREAT = len(Line), len(Relation), len(Threat)
_N_NODE = 13
_SPEED, _ELIMIT = int(EgoCol.SPEED), int(EgoCol.SPEED_LIMIT)
_STATE, _DISTANCE = int(LightCol.STATE), int(LightCol.DISTANCE)
_YELLOW, _RED = int(LightState.YELLOW), int(LightState.RED)


@njit(cache=True, nogil=True, error_model="numpy")
def follow(speed, target, gap, other, headway, standstill):
    """IDM acceleration [m/s^2] behind something at `gap` [m] that moves at `other` [m/s]."""
    wish = speed * headway + speed * (speed - other) / (2.0 * _COMFORT)
    desired = standstill + max(wish, 0.0)
    free = 1.0 - (speed / max(target, 0.5)) ** 4
    return _COMFORT * (free - (desired / max(gap, 0.3)) ** 2)


@njit(cache=True, nogil=True, error_model="numpy")
def halt(speed, target, gap):
    """Acceleration [m/s^2] that brings the ego to a stand `gap` [m] ahead, late but gently."""
    if gap < 0.4:
        return -2.0 if speed < 1.0 else -MAX_BRAKING
    needed = speed * speed / (2.0 * gap)
    if needed > 1.2:
        return -1.15 * needed
    # As if behind a standing bumper: IDM with a short headway.
    return follow(speed, target, gap + 1.0, 0.0, 0.6, 1.0)


@njit(cache=True, nogil=True, error_model="numpy")
def must_stop(state, distance, speed):
    """True where the light asks to stop and stopping is still possible."""
    if state != _RED and state != _YELLOW:
        return False
    if distance < -1.0:
        return False
    needed = speed * speed / (2.0 * max(distance, 0.1))
    if state == _RED:
        return needed < 9.0 or distance > 3.0
    return needed < _YELLOW_BRAKING


@njit(cache=True, nogil=True, error_model="numpy")
def expert_acceleration(light, ego, line, threat):
    """Acceleration [m/s^2] of the expert in one world."""
    speed = float(ego[_SPEED])
    target = max(curve_speed(line, speed, _LATERAL_LIMIT, 1.6), 1.0)
    if speed > target:
        wanted = max(-1.2 * (speed - target), -4.0)
    else:
        wanted = min(_COMFORT * (1.0 - (speed / target) ** 4), 1.5 * (target - speed))
    if threat[0] > 0.0:
        still = _STANDSTILL if threat[3] == 0.0 else _STANDSTILL + 1.0
        other = max(threat[2], -3.0)
        idm = follow(speed, target, threat[1], other, _HEADWAY, still)
        # IDM panics where it is new to a gap: brake as hard as is needed, and a half more.
        closing = max(speed - other, 0.0)
        needed = closing * closing / (2.0 * max(threat[1] - 0.5 * still, 0.3))
        wanted = min(wanted, max(idm, -1.5 * needed - 1.5))
        if threat[1] < 1.2 and threat[2] < 0.3:
            wanted = min(wanted, -2.0)
    if threat[4] > 0.0:
        gap = threat[5] - (1.5 if threat[9] > 0.0 else 0.5)
        needed = speed * speed / (2.0 * max(gap, 0.1))
        # Too late to stop and there first: drive on, for standing in the way is worse.
        passes = threat[9] == 0.0 and needed > 7.0 and threat[8] + 0.4 < threat[6]
        if not passes:
            wanted = min(wanted, halt(speed, target, gap))
    if must_stop(light[_STATE], light[_DISTANCE], speed):
        wanted = min(wanted, halt(speed, target, light[_DISTANCE] - _LINE_BUFFER))
    return min(max(wanted, -MAX_BRAKING), MAX_ACCELERATION)


@njit(cache=True, nogil=True, error_model="numpy")
def _one(users, valid, light, route, ego):
    node = np.empty((_N_NODE, 5))
    line = np.empty((POINTS, _N_LINE))
    rel = np.empty((MAX_USERS, _N_REL))
    threat = np.empty(_N_THREAT)
    trace(route, ego, node, line)
    relate(users, valid, ego, line, rel)
    summarise(users, valid, ego, rel, threat)
    accel = expert_acceleration(light, ego, line, threat)
    return accel, tracking_curvature(line, ego)


@njit(cache=True, nogil=True, error_model="numpy")
def _serial(users, valid, light, route, ego, accel, curvature):
    for w in range(len(ego)):
        accel[w], curvature[w] = _one(users[w], valid[w], light[w], route[w], ego[w])


@njit(cache=True, nogil=True, error_model="numpy", parallel=True)
def _parallel(users, valid, light, route, ego, accel, curvature):
    for w in prange(len(ego)):
        accel[w], curvature[w] = _one(users[w], valid[w], light[w], route[w], ego[w])


def expert(scene: Scene, accel: NDArray[np.float32], curvature: NDArray[np.float32]) -> None:
    """Let the expert decide in every world of a batched Scene.

    Args:
        scene: with a leading world axis, W.
        accel: float32 [W], written [m/s^2].
        curvature: float32 [W], written [1/m].
    """
    run = _parallel if len(scene.ego) >= _PARALLEL_FROM else _serial
    run(scene.users, scene.valid, scene.light, scene.route, scene.ego, accel, curvature)


class Expert:
    """The expert for one ego: Scene in, Plan out."""

    def __init__(self) -> None:
        self._accel = np.zeros(1, np.float32)
        self._curvature = np.zeros(1, np.float32)

    def plan(self, scene: Scene) -> Plan:
        """Decide on one Scene without a world axis."""
        expert(scene.batched(), self._accel, self._curvature)
        return plan_of(float(scene.ego[_SPEED]), float(self._accel[0]), float(self._curvature[0]))


class ExpertDriver:
    """The expert for a batch of worlds."""

    far = True

    def begin(self, worlds: int) -> None:
        """Forget all drives; so many begin now."""
        self._accel, self._curvature = np.zeros((2, worlds), np.float32)

    def act(self, scene: Scene) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Acceleration [m/s^2] and curvature [1/m], [W] each; overwritten by the next call."""
        expert(scene, self._accel, self._curvature)
        return self._accel, self._curvature
