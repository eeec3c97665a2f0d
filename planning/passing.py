"""Passing: what blocks the ego's lane, and whether there is room and time to drive around it.

One world at a time; float64. Laterals and offsets are positive to the right of the route's line.
"""

# Kernels are typed by Numba, from the arrays they are called with.
# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

from enum import IntEnum

import numpy as np

from roadworthy.perception.scene import (
    MAX_USERS,
    ROUTE_DISTANCES,
    EgoCol,
    Room,
    RouteCol,
    Trait,
    User,
    UserClass,
)
from roadworthy.planning.threats import FAR, Relation
from roadworthy.sim.kernel import kernel


class Block(IntEnum):
    """What stands in the way, float64 [Block]."""

    PRESENT = 0  # 1 where something does
    BEGIN = 1  # [m] along the line, of its rear
    END = 2  # [m]
    LEFT = 3  # [m] lateral of its left edge
    RIGHT = 4
    STILL = 5  # 1 where all of it is known to stay


_PRESENT, _BEGIN, _END, _LEFT, _RIGHT, _STILL_COL = (int(column) for column in Block)
_S, _LAT, _VA, _VC, _HA, _HC = (
    int(Relation.S),
    int(Relation.LATERAL),
    int(Relation.V_ALONG),
    int(Relation.V_ACROSS),
    int(Relation.HALF_ALONG),
    int(Relation.HALF_ACROSS),
)
_UCLASS, _WALKER = int(User.CLASS), int(UserClass.WALKER)
_STILL, _STOOD = int(Trait.STILL), int(Trait.STOOD)
_SPEED, _ELEN, _EWID, _ELIMIT = (
    int(EgoCol.SPEED),
    int(EgoCol.LENGTH),
    int(EgoCol.WIDTH),
    int(EgoCol.SPEED_LIMIT),
)
_JUNCTION, _RWIDTH = int(RouteCol.JUNCTION), int(RouteCol.WIDTH)
_ROOM_LEFT, _LEFT_CENTRE, _LEFT_ONCOMING = (
    int(Room.LEFT),
    int(Room.LEFT_CENTRE),
    int(Room.LEFT_ONCOMING),
)
_ROOM_RIGHT, _RIGHT_CENTRE, _RIGHT_ONCOMING = (
    int(Room.RIGHT),
    int(Room.RIGHT_CENTRE),
    int(Room.RIGHT_ONCOMING),
)
_DIST = np.array(ROUTE_DISTANCES)
_ROWS = len(ROUTE_DISTANCES)

LOOK = 58.0  # [m] that far ahead blocks are looked for
STRIP = 0.25  # [m] beside the body that must be free
CHAIN = 14.0  # [m] a gap in a block that is too short to return into the lane
STANDS_LONG = 45.0  # [s] whoever stands so long without a reason is passed
WAY_BETWEEN = 0.6  # [m] beside the ego's width, that it needs to drive between two things
STUCK_TIME = 3.0  # [s]
CLEARANCE = 0.5  # [m] kept beside what is passed
TIGHT, TIGHT_SPEED = 0.2, 2.5  # [m], [m/s] where there is no more room
BORDER = 0.15  # [m] kept to the border of the road
PASS_ACCEL = 1.8  # [m/s^2]
PASS_SPEED = 8.5  # [m/s] beside what is passed
TIME_SPARE = 2.0  # [s] before an oncoming user arrives
PATIENCE = 15.0  # [s] after which less is left to spare
REAR_TIME = 2.5  # [s] gap left to who comes from behind on the lane that is entered


@kernel
def junction_ahead(route):
    """Distance [m] to the next junction on the route, 0 inside; 1e3 where there is none."""
    for i in range(_ROWS):
        if route[i, _JUNCTION] > 0.5:
            return _DIST[i] - 2.5 if i > 0 else 0.0
    return 1e3


@kernel
def find_block(users, valid, traits, rel, route, ego, held, block):
    """Find the nearest block of the ego's lane, with all that stands close behind it.

    Args:
        users: float32 [MAX_USERS, User].
        valid: bool [MAX_USERS].
        traits: float32 [MAX_USERS, Trait].
        rel: float64 [MAX_USERS, Relation].
        route: float32 [rows, RouteCol].
        ego: float32 [EgoCol].
        held: [m] along the line to a closed stop line ahead, behind which a queue may stand.
        block: float64 [Block], written.
    """
    half_width, half_length = 0.5 * ego[_EWID], 0.5 * ego[_ELEN]
    block[:] = 0.0
    junction = junction_ahead(route)
    begin = FAR
    end = -FAR
    left, right, still = FAR, -FAR, 1.0
    # Users are few and not sorted along the line: look again until nothing more joins.
    for _ in range(12):
        joined = False
        for u in range(MAX_USERS):
            if not valid[u] or abs(rel[u, _VA]) > 0.3 or abs(rel[u, _VC]) > 0.3:
                continue
            r = rel[u]
            near, far = r[_S] - r[_HA], r[_S] + r[_HA]
            if far < -half_length or near > LOOK or users[u, _UCLASS] == _WALKER:
                continue
            sure = traits[u, _STILL] > 0.0
            # What leaves no way between itself and the block is passed together with it.
            way = 2.0 * half_width + WAY_BETWEEN
            beside = r[_LAT] - r[_HC] < right + way and r[_LAT] + r[_HC] > left - way
            joins = sure and end > -FAR and beside
            if abs(r[_LAT]) > half_width + STRIP + r[_HC] and not joins:
                continue
            if not sure:
                # A queue before a light or a junction will go on by itself.
                queue = far < held < far + 60.0 or far < junction < far + 60.0
                long = traits[u, _STOOD] >= STANDS_LONG and not queue
                # Who stands right behind a block is stuck like us, and passed with it.
                stuck = begin - CHAIN < far < begin and traits[u, _STOOD] > STUCK_TIME
                if not (long or stuck):
                    continue
            if end > -FAR and (near > end + CHAIN or far < begin - CHAIN):
                continue
            low, high = r[_LAT] - r[_HC], r[_LAT] + r[_HC]
            if near >= begin and far <= end and low >= left and high <= right:
                continue
            begin, end = min(begin, near), max(end, far)
            left, right = min(left, low), max(right, high)
            still = min(still, 1.0 if sure else 0.0)
            joined = True
        if not joined:
            break
    if end > -FAR:
        block[_PRESENT], block[_BEGIN], block[_END] = 1.0, begin, end
        block[_LEFT], block[_RIGHT], block[_STILL_COL] = left, right, still


@kernel
def _room(room, begin, end, side):
    """Least room [m], centre and oncoming flag of a side between two places on the line."""
    least, centre, oncoming = FAR, 0.0, 0.0
    for i in range(_ROWS):
        before = _DIST[i - 1] if i > 0 else 0.0
        if _DIST[i] < begin or before > end:
            continue
        if room[i, 3 * side] < least:
            least = float(room[i, 3 * side])
            centre = float(room[i, 3 * side + 1])
        oncoming = max(oncoming, float(room[i, 3 * side + 2]))
    return least, centre, oncoming


@kernel
def pass_time(distance, speed, top):
    """Time [s] to drive `distance` metres from `speed`, picking up speed to `top`."""
    if speed < top:
        climb = (top * top - speed * speed) / (2.0 * PASS_ACCEL)
        if climb >= distance:
            return (np.sqrt(speed * speed + 2.0 * PASS_ACCEL * distance) - speed) / PASS_ACCEL
        return (top - speed) / PASS_ACCEL + (distance - climb) / top
    return distance / max(speed, 0.5)


@kernel
def _lane_is_free(users, valid, rel, ego, offset, end, time, oncoming):
    """Whether the lane beside stays free for the pass: nobody comes, nobody stands there."""
    half_width, half_length = 0.5 * ego[_EWID], 0.5 * ego[_ELEN]
    speed = float(ego[_SPEED])
    for u in range(MAX_USERS):
        if not valid[u]:
            continue
        r = rel[u]
        near, far = r[_S] - r[_HA], r[_S] + r[_HA]
        if abs(r[_LAT] - offset) > half_width + r[_HC] + 0.4:
            continue
        if users[u, _UCLASS] == _WALKER:
            if -half_length < r[_S] < end + 3.0:
                return False
            continue
        if abs(r[_LAT]) < half_width + r[_HC] and far < -half_length:
            continue  # behind us in our own lane
        if oncoming > 0.5:
            if far < -half_length:
                continue  # has gone by
            closing = max(-r[_VA], 0.0)
            if near - closing * time < end + half_length:
                return False
        else:
            if far < -half_length:
                gap = -half_length - far
                faster = max(r[_VA] - speed, 0.0)
                if gap < 2.5 + faster * REAR_TIME:
                    return False
            elif (
                near < half_length + 1.0
                or near - half_length < 3.0 + max(speed - r[_VA], 0.0) * 2.0
            ):
                return False
    return True


@kernel
def plan_pass(users, valid, rel, room, route, ego, block, waited, out):
    """Find an offset that leads around the block, and whether this can be done now.

    Returns:
        0: there is no way around; 1: there is one, but not now; 2: go. The offset [m] is written
        to out[0], the speed [m/s] to out[1], out[2] is 1 where it leads over an oncoming lane.
    """
    half_width, half_length = 0.5 * ego[_EWID], 0.5 * ego[_ELEN]
    speed = float(ego[_SPEED])
    begin, end = max(block[_BEGIN] - 4.0, 0.0), block[_END] + 2.0
    top = max(min(PASS_SPEED, float(ego[_ELIMIT])), 2.0)
    state = 0
    spare = TIME_SPARE if waited < PATIENCE else 0.4
    for side in range(2):
        sign = -1.0 if side == 0 else 1.0
        edge = block[_LEFT] if side == 0 else -block[_RIGHT]
        away = half_width + CLEARANCE - edge  # to that side, from the line
        least, centre, oncoming = _room(room, begin, end, side)
        own = 0.5 * float(route[0, _RWIDTH]) - half_width - 0.05
        if away > own and oncoming < 0.5 and centre > 0.0:
            away = max(away, centre - 0.3)
        if away + half_width + BORDER > least:
            # Squeeze by, slowly, where it is only a matter of clearance.
            away = half_width + TIGHT - edge
            if away + half_width > least + TIGHT:
                continue
            top = min(top, TIGHT_SPEED)
        offset = sign * away
        if away <= own + TIGHT:
            out[0], out[1], out[2] = offset, min(top, 5.0), 0.0
            return 2
        length = end + half_length + 2.0 * away
        time = pass_time(length, speed, top)
        state = max(state, 1)
        if _lane_is_free(users, valid, rel, ego, offset, end, time + spare, oncoming):
            out[0], out[1], out[2] = offset, top, oncoming
            return 2
    return state
