"""The expert: a rule-based planner, Scene to Plan; teacher of the policy and a driver by itself.

There are two of it. The teacher sees what a policy sees and remembers nothing: laterally it tracks
the route; longitudinally it takes the smallest of what IDM (Treiber, Hennecke, Helbing, Phys.
Rev. E 62, 2000), bends, speed limits, lights and crossing users allow. The driver has a Scene with
an Outlook and a memory: see `manoeuvre`.
"""

# Kernels are typed by Numba, from the arrays they are called with.
# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from roadworthy.perception.scene import MAX_USERS, EgoCol, LightCol, Scene
from roadworthy.planning.action import plan_of
from roadworthy.planning.corridor import POINTS, Line, curve_speed, trace, tracking_curvature
from roadworthy.planning.expert_state import Memory, Scratch
from roadworthy.planning.manoeuvre import decide
from roadworthy.planning.plan import Plan
from roadworthy.planning.rules import (
    COMFORT,
    HEADWAY,
    LATERAL_LIMIT,
    LINE_BUFFER,
    MAX_ACCELERATION,
    MAX_BRAKING,
    STANDSTILL,
    follow,
    halt,
    must_stop,
)
from roadworthy.planning.threats import Relation, Threat, relate, summarise

_PARALLEL_FROM = 16  # worlds; below, threads cost more than they bring

_N_LINE, _N_REL, _N_THREAT = len(Line), len(Relation), len(Threat)
_N_NODE = 13
_SPEED, _ELIMIT = int(EgoCol.SPEED), int(EgoCol.SPEED_LIMIT)
_STATE, _DISTANCE = int(LightCol.STATE), int(LightCol.DISTANCE)


@njit(cache=True, nogil=True, error_model="numpy")
def expert_acceleration(light, ego, line, threat):
    """Acceleration [m/s^2] of the expert in one world."""
    speed = float(ego[_SPEED])
    target = max(curve_speed(line, speed, LATERAL_LIMIT, 1.6), 1.0)
    if speed > target:
        wanted = max(-1.2 * (speed - target), -4.0)
    else:
        wanted = min(COMFORT * (1.0 - (speed / target) ** 4), 1.5 * (target - speed))
    if threat[0] > 0.0:
        still = STANDSTILL if threat[3] == 0.0 else STANDSTILL + 1.0
        other = max(threat[2], -3.0)
        idm = follow(speed, target, threat[1], other, HEADWAY, still)
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
        wanted = min(wanted, halt(speed, target, light[_DISTANCE] - LINE_BUFFER))
    return min(max(wanted, -MAX_BRAKING), MAX_ACCELERATION)


@njit(cache=True, nogil=True, error_model="numpy")
def _one(users, valid, light, route, ego):
    node = np.empty((5, _N_NODE))
    line = np.empty((_N_LINE, POINTS))
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


@njit(cache=True, nogil=True, error_model="numpy")
def _drive(users, valid, light, route, ego, outlook, scratch, memory, accel, curvature):
    room, future, traits = outlook
    for w in range(len(ego)):
        accel[w], curvature[w] = decide(
            users[w],
            valid[w],
            light[w],
            route[w],
            ego[w],
            (room[w], future[w], traits[w]),
            scratch,
            memory[w],
        )


def new_memory(worlds: int) -> NDArray[np.float64]:
    """Memory [W, Memory] of so many drives that begin."""
    memory = np.zeros((worlds, len(Memory)))
    memory[:, Memory.REMAINING] = -1.0
    return memory


def expert(
    scene: Scene,
    accel: NDArray[np.float32],
    curvature: NDArray[np.float32],
    memory: NDArray[np.float64] | None = None,
    scratch: Scratch | None = None,
) -> None:
    """Let the expert decide in every world of a batched Scene.

    Args:
        scene: with a leading world axis, W.
        accel: float32 [W], written [m/s^2].
        curvature: float32 [W], written [1/m].
        memory: float64 [W, Memory] of `new_memory`, updated; with it, and a Scene that has an
            Outlook, the expert does all it can, else it keeps to its lane and remembers nothing.
        scratch: to work in; made anew by default.
    """
    outlook = scene.outlook
    if memory is not None and outlook is not None:
        _drive(
            scene.users,
            scene.valid,
            scene.light,
            scene.route,
            scene.ego,
            (outlook.room, outlook.future, outlook.traits),
            scratch or Scratch.make(),
            memory,
            accel,
            curvature,
        )
        return
    run = _parallel if len(scene.ego) >= _PARALLEL_FROM else _serial
    run(scene.users, scene.valid, scene.light, scene.route, scene.ego, accel, curvature)


class ExpertDriver:
    """The expert for a batch of worlds."""

    far = True

    def __init__(self, worlds: int = 1) -> None:
        self._scratch = Scratch.make()
        self.begin(worlds)

    def begin(self, worlds: int) -> None:
        """Forget all drives; so many begin now."""
        self._accel, self._curvature = np.zeros((2, worlds), np.float32)
        self.memory = new_memory(worlds)

    def act(self, scene: Scene) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Acceleration [m/s^2] and curvature [1/m], [W] each; overwritten by the next call."""
        if len(scene.ego) != len(self.memory):
            self.begin(len(scene.ego))
        expert(scene, self._accel, self._curvature, self.memory, self._scratch)
        return self._accel, self._curvature


class Expert:
    """The expert for one ego: Scene in, Plan out."""

    def __init__(self) -> None:
        self._driver = ExpertDriver()

    def start(self) -> None:
        """Begin a drive; forget the one before."""
        self._driver.begin(1)

    def plan(self, scene: Scene) -> Plan:
        """Decide on one Scene without a world axis."""
        accel, curvature = self._driver.act(scene.batched())
        return plan_of(float(scene.ego[_SPEED]), float(accel[0]), float(curvature[0]))
