"""Observation: a Scene as one vector for the policy, scaled by fixed numbers to about [-1, 1].

No running statistics: the graph that is exported needs nothing but this encoding. Blocks, in
this order: ego, route, leader, crossing, light, vehicles (and cyclists), walkers.
"""

# Kernels are typed by Numba, from the arrays they are called with.
# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

import numpy as np
from numba import get_num_threads, njit, prange
from numpy.typing import NDArray

from roadworthy.perception.scene import (
    LIGHT_RANGE,
    MAX_USERS,
    ROUTE_DISTANCES,
    EgoCol,
    LightCol,
    LightState,
    RouteCol,
    Scene,
    User,
    UserClass,
)
from roadworthy.planning.action import ACCELERATIONS, CURVATURE_OFFSETS
from roadworthy.planning.corridor import POINTS, Line, curve_speed, trace, tracking_curvature
from roadworthy.planning.rules import must_stop
from roadworthy.planning.threats import FAR, NEVER, Relation, Threat, relate, summarise
from roadworthy.sim.kernel import kernel

OBSERVATION_VERSION = 1
SPEED_SCALE = 15.0  # [m/s]
VEHICLES, WALKERS = 8, 4  # users that are listed one by one

_EGO, _ROUTE_COLS, _LEADER, _CROSSING, _LIGHT, _VEHICLE, _PERSON = 16, 4, 7, 7, 8, 10, 7
_ROWS = len(ROUTE_DISTANCES)
_AT_ROUTE = _EGO
_AT_LEADER = _AT_ROUTE + _ROWS * _ROUTE_COLS
_AT_CROSSING = _AT_LEADER + _LEADER
_AT_LIGHT = _AT_CROSSING + _CROSSING
_AT_VEHICLES = _AT_LIGHT + _LIGHT
_AT_WALKERS = _AT_VEHICLES + VEHICLES * _VEHICLE
OBSERVATION_SIZE = _AT_WALKERS + WALKERS * _PERSON
BLOCKS = {
    "ego": (0, _AT_ROUTE),
    "route": (_AT_ROUTE, _AT_LEADER),
    "leader": (_AT_LEADER, _AT_CROSSING),
    "crossing": (_AT_CROSSING, _AT_LIGHT),
    "light": (_AT_LIGHT, _AT_VEHICLES),
    "vehicles": (_AT_VEHICLES, _AT_WALKERS),
    "walkers": (_AT_WALKERS, OBSERVATION_SIZE),
}

_PARALLEL_FROM = 16
_LAST = (1 << 63) - 1  # key of nobody
_N_NODE, _N_LINE, _N_REL, _N_THREAT = _ROWS + 1, len(Line), len(Relation), len(Threat)
_DIST = np.array(ROUTE_DISTANCES)
# What is divided by often is multiplied by these: a division takes as long as four of that.
_PER_DIST, _PER_SPEED, _PER_NEVER = 1.0 / _DIST, 1.0 / SPEED_SCALE, 1.0 / NEVER
_ACCEL_SCALE, _OFFSET_SCALE = float(-ACCELERATIONS[0]), float(CURVATURE_OFFSETS[-1])
_SPEED, _EACCEL, _RATE = int(EgoCol.SPEED), int(EgoCol.ACCEL), int(EgoCol.YAW_RATE)
_LATERAL, _HEADING = int(EgoCol.LATERAL), int(EgoCol.HEADING)
_ELIMIT, _REMAINING, _ECURV = (
    int(EgoCol.SPEED_LIMIT),
    int(EgoCol.REMAINING),
    int(EgoCol.CURVATURE),
)
_RX, _RY, _RSIN = int(RouteCol.X), int(RouteCol.Y), int(RouteCol.SIN)
_RWIDTH, _RLIMIT, _RJUNCTION = (
    int(RouteCol.WIDTH),
    int(RouteCol.SPEED_LIMIT),
    int(RouteCol.JUNCTION),
)
_STATE, _DISTANCE, _LCONF = (
    int(LightCol.STATE),
    int(LightCol.DISTANCE),
    int(LightCol.CONFIDENCE),
)
_N_STATES = len(LightState)
_UX, _UY, _UCOS, _USIN = int(User.X), int(User.Y), int(User.COS), int(User.SIN)
_ULEN, _UWID, _UCLASS = int(User.LENGTH), int(User.WIDTH), int(User.CLASS)
_WALKER, _CYCLIST = int(UserClass.WALKER), int(UserClass.CYCLIST)
_S, _LAT, _VA, _VC = (
    int(Relation.S),
    int(Relation.LATERAL),
    int(Relation.V_ALONG),
    int(Relation.V_ACROSS),
)
_IN, _CONFLICT, _URGENCY = (
    int(Relation.IN_CORRIDOR),
    int(Relation.CONFLICT),
    int(Relation.URGENCY),
)


_TRACKING, _TRACKING_SCALE = 11, 8.0  # column of the curvature that tracks the route
_PER_TRACKING = np.float32(1.0 / _TRACKING_SCALE)  # exact, as the scale is a power of two
_PART = 16  # worlds that one thread encodes in a row


@kernel
def _clip(x, low, high):
    return min(max(x, low), high)


@kernel
def _encode_ego(route, ego, last, line, o):
    speed = float(ego[_SPEED])
    o[0] = speed * _PER_SPEED
    o[1] = _clip(ego[_EACCEL] / _ACCEL_SCALE, -2.0, 2.0)
    o[2] = _clip(ego[_RATE], -1.5, 1.5)
    o[3] = _clip(ego[_ECURV] * 8.0, -1.5, 1.5)
    o[4] = last[0] / _ACCEL_SCALE
    o[5] = last[1] / _OFFSET_SCALE
    o[6] = _clip(ego[_LATERAL] / 2.0, -2.0, 2.0)
    o[7] = _clip(ego[_HEADING] / 0.5, -2.0, 2.0)
    o[8] = ego[_ELIMIT] * _PER_SPEED
    o[9] = _clip((ego[_ELIMIT] - speed) / 5.0, -1.0, 1.0)
    o[10] = _clip(ego[_REMAINING] / 100.0, 0.0, 1.0)
    o[_TRACKING] = tracking_curvature(line, ego) * _TRACKING_SCALE
    allowed = curve_speed(line, speed, 2.5, 1.6)
    o[12] = _clip(allowed * _PER_SPEED, 0.0, 2.0)
    o[13] = _clip((allowed - speed) / 3.0, -1.0, 1.0)
    o[14] = _clip(route[0, _RWIDTH] / 2.0 - 1.75, -1.0, 1.0)
    o[15] = 1.0  # distance to the next junction, as a share of 60 m
    for i in range(_ROWS):
        if route[i, _RJUNCTION] > 0.5:
            o[15] = (_DIST[i] - 2.5) / 60.0
            break


@kernel
def _encode_route(route, o):
    for i in range(_ROWS):
        r, at = route[i], _AT_ROUTE + i * _ROUTE_COLS
        # As seen from the ego: bearing and heading say more than metres do.
        o[at] = _clip(r[_RX] * _PER_DIST[i], -1.5, 1.5)
        o[at + 1] = _clip(2.0 * r[_RY] * _PER_DIST[i], -2.0, 2.0)
        o[at + 2] = r[_RSIN]
        o[at + 3] = r[_RJUNCTION]


@kernel
def _needed(speed, other, gap):
    """Deceleration needed to come down to the other's speed within the gap, / 5, in [0, 2]."""
    closing = max(speed - other, 0.0)
    return min(closing * closing / (2.0 * max(gap, 0.5)) / 5.0, 2.0)


@kernel
def _encode_threats(ego, light, threat, o):
    speed = float(ego[_SPEED])
    at = _AT_LEADER
    o[at] = threat[0]
    o[at + 1] = threat[1] / FAR
    # Fine near the bumper, where it matters.
    o[at + 2] = threat[1] / (threat[1] + 5.0)
    o[at + 3] = _clip(threat[2] * _PER_SPEED, -1.0, 1.5)
    o[at + 4] = _clip((speed - threat[2]) / 8.0, -1.5, 1.5) if threat[0] > 0.0 else 0.0
    o[at + 5] = _needed(speed, threat[2], threat[1] - 2.0) if threat[0] > 0.0 else 0.0
    o[at + 6] = threat[3]
    at = _AT_CROSSING
    o[at] = threat[4]
    o[at + 1] = threat[5] / (threat[5] + 5.0)
    o[at + 2] = threat[6] * _PER_NEVER
    o[at + 3] = threat[7] * _PER_NEVER
    o[at + 4] = threat[8] * _PER_NEVER
    o[at + 5] = _needed(speed, 0.0, threat[5] - 1.0) if threat[4] > 0.0 else 0.0
    o[at + 6] = threat[9]
    at = _AT_LIGHT
    state = int(light[_STATE])
    if 0 <= state < _N_STATES:
        o[at + state] = 1.0
    distance = float(light[_DISTANCE]) if state != 0 else LIGHT_RANGE
    stop = must_stop(light[_STATE], light[_DISTANCE], speed)
    o[at + 4] = _clip(distance / LIGHT_RANGE, -0.2, 1.0)
    o[at + 5] = _clip(distance / (abs(distance) + 4.0), -1.0, 1.0)
    o[at + 6] = 1.0 if stop else 0.0
    o[at + 7] = _needed(speed, 0.0, distance - 1.0) if stop else 0.0


@kernel
def _encode_vehicle(user, r, speed, o, at):
    o[at] = 1.0
    o[at + 1] = _clip(r[_S] * (1 / 60), -1.0, 1.0)
    o[at + 2] = _clip(r[_LAT] * 0.1, -2.0, 2.0)
    o[at + 3] = user[_UCOS]
    o[at + 4] = user[_USIN]
    o[at + 5] = _clip((r[_VA] - speed) * _PER_SPEED, -2.0, 2.0)
    o[at + 6] = _clip(r[_VC] / 8.0, -1.5, 1.5)
    o[at + 7] = user[_ULEN] / 8.0
    o[at + 8] = r[_IN] - r[_CONFLICT]
    o[at + 9] = 1.0 - r[_URGENCY] * _PER_NEVER


@kernel
def _encode_person(r, speed, o, at):
    o[at] = 1.0
    o[at + 1] = _clip(r[_S] * (1 / 40), -1.0, 1.5)
    o[at + 2] = _clip(r[_LAT] / 8.0, -2.0, 2.0)
    o[at + 3] = _clip(r[_VA] * (1 / 3), -1.5, 1.5)
    o[at + 4] = _clip(r[_VC] * (1 / 3), -1.5, 1.5)
    o[at + 5] = r[_IN] - r[_CONFLICT]
    o[at + 6] = 1.0 - r[_URGENCY] * _PER_NEVER


@kernel
def _rank_users(users, valid, rel, key, listed):
    """List the valid users by urgency, then by distance; returns how many there are.

    The bits of a float that is not negative rise with it; with the user's number in the last five
    no two are alike, and who has so many smaller ones stands there. That needs no branch: sorted
    by insertion it took longer, as nobody can foresee who passes whom.
    """
    count = 0
    for u in range(MAX_USERS):
        x, y = float(users[u, _UX]), float(users[u, _UY])
        # The front counts more than what lies behind.
        behind = 30.0 if users[u, _UX] < -3.0 else 0.0
        mine = 20.0 * rel[u, _URGENCY] + np.sqrt(x * x + y * y) + behind
        key[u] = np.float64(mine).view(np.int64) & -32 | u if valid[u] else _LAST
        count += valid[u]
    for u in range(MAX_USERS):
        if valid[u]:
            rank = 0
            for v in range(MAX_USERS):
                rank += key[v] < key[u]
            listed[rank] = u
    return count


@kernel
def _encode_users(users, valid, speed, rel, key, listed, o):
    """Write the users who matter most."""
    count = _rank_users(users, valid, rel, key, listed)
    vehicles, walkers = 0, 0
    for slot in range(count):
        best = listed[slot]
        if users[best, _UCLASS] == _WALKER:
            if walkers < WALKERS:
                _encode_person(rel[best], speed, o, _AT_WALKERS + walkers * _PERSON)
                walkers += 1
        elif vehicles < VEHICLES:
            _encode_vehicle(users[best], rel[best], speed, o, _AT_VEHICLES + vehicles * _VEHICLE)
            vehicles += 1


@kernel
def _one(users, valid, light, route, ego, last, node, line, rel, threat, key, listed, o):
    o[:] = np.float32(0.0)
    trace(route, ego, node, line)
    relate(users, valid, ego, line, rel)
    summarise(users, valid, ego, rel, threat)
    _encode_ego(route, ego, last, line, o)
    _encode_route(route, o)
    _encode_threats(ego, light, threat, o)
    _encode_users(users, valid, float(ego[_SPEED]), rel, key, listed, o)


@njit(cache=True, nogil=True, error_model="numpy")
def _some(rows, users, valid, light, route, ego, last, out, tracking):
    """Encode the worlds of `rows`; what they need on the way is allocated once."""
    node, line = np.empty((5, _N_NODE)), np.empty((_N_LINE, POINTS))
    rel, threat = np.empty((MAX_USERS, _N_REL)), np.empty(_N_THREAT)
    key, listed = np.empty(MAX_USERS, np.int64), np.empty(MAX_USERS, np.int64)
    for w in rows:
        _one(
            users[w],
            valid[w],
            light[w],
            route[w],
            ego[w],
            last[w],
            node,
            line,
            rel,
            threat,
            key,
            listed,
            out[w],
        )
        tracking[w] = out[w, _TRACKING] * _PER_TRACKING


@njit(cache=True, nogil=True, error_model="numpy", parallel=True)
def _parallel(rows, users, valid, light, route, ego, last, out, tracking):
    for part in prange((len(rows) + _PART - 1) // _PART):
        begin = part * _PART
        end = min(begin + _PART, len(rows))
        _some(rows[begin:end], users, valid, light, route, ego, last, out, tracking)


def encode(
    scene: Scene,
    last: NDArray[np.float32],
    out: NDArray[np.float32],
    rows: NDArray[np.int64] | None = None,
    tracking: NDArray[np.float32] | None = None,
) -> None:
    """Encode the worlds of a batched Scene.

    Args:
        scene: with a leading world axis, W.
        last: float32 [W, 2] acceleration [m/s^2] and curvature offset [1/m] in force.
        out: float32 [W, OBSERVATION_SIZE], written.
        rows: int64, which worlds; all by default.
        tracking: float32 [W], written: the curvature [1/m] that tracks the route. It is what
            `action.base_curvature` would compute from the Scenes, to the bit.
    """
    if rows is None:
        rows = np.arange(len(scene.ego))
    if tracking is None:
        tracking = np.empty(len(scene.ego), np.float32)
    many = len(rows) >= _PARALLEL_FROM and get_num_threads() > 1
    run = _parallel if many else _some
    run(
        rows,
        scene.users,
        scene.valid,
        scene.light,
        scene.route,
        scene.ego,
        last,
        out,
        tracking,
    )


def threats_of(observations: NDArray[np.float32]) -> NDArray[np.float32]:
    """Read leader and crossing off encoded observations.

    Returns:
        float32 [W, 5]: 1 where there is a leader, its gap [m] and speed [m/s]; 1 where somebody is
        about to cross while the ego would be there, the gap [m] to the place.
    """
    out = observations[
        :, [_AT_LEADER, _AT_LEADER + 1, _AT_LEADER + 3, _AT_CROSSING, _AT_CROSSING + 1]
    ]
    out[:, 1] *= FAR
    out[:, 2] *= SPEED_SCALE
    out[:, 4] *= 5.0 / (1.0 - out[:, 4])
    return out
