"""Who is where along the lanes: actors sorted by (lane, s), and searches in that order.

Sorting beats a grid here: between two ticks the order hardly changes, so an insertion sort
costs one pass, and a leader is the next entry. The cost stays linear in actors.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.angles import wrap_angle
from roadworthy.sim.kernel import kernel
from roadworthy.sim.road.network import Point
from roadworthy.sim.world.columns import Actor
from roadworthy.sim.world.layout import FloatArray, IntArray, Roads, State

LANE_STRIDE = 65536.0  # [m] no lane is this long
NOWHERE = 1e18  # sort key of who is on no lane
STOREY = 3.0  # [m] what is this far above or below is another road
ALIVE, LANE, S = int(Actor.ALIVE), int(Actor.LANE), int(Actor.S)
X, Y, Z, YAW, PITCH = (
    int(Actor.X),
    int(Actor.Y),
    int(Actor.Z),
    int(Actor.YAW),
    int(Actor.PITCH),
)
P_X, P_Y, P_Z, P_YAW, P_S, P_PITCH = (
    int(Point.X),
    int(Point.Y),
    int(Point.Z),
    int(Point.YAW),
    int(Point.S),
    int(Point.PITCH),
)


@kernel
def sort_actors(w: int, n: int, state: State) -> None:
    """Sort the first `n` actors of world `w` by (lane, s); those on no lane come last.

    Afterwards `rank` is each actor's place in `order`, and `head` the first place of each lane.
    """
    actors, order, keys = state.actors[w], state.order[w], state.sort_key[w]
    head, rank = state.head[w], state.rank[w]
    for a in range(n):
        if keys[a] < NOWHERE:
            head[int(keys[a] / LANE_STRIDE)] = -1
    for a in range(n):
        if actors[a, ALIVE] > 0.0 and actors[a, LANE] >= 0.0:
            keys[a] = actors[a, LANE] * LANE_STRIDE + actors[a, S]
        else:
            keys[a] = NOWHERE
    for i in range(1, n):
        a = order[i]
        key = keys[a]
        j = i - 1
        while j >= 0 and (keys[order[j]] > key or (keys[order[j]] == key and order[j] > a)):
            order[j + 1] = order[j]
            j -= 1
        order[j + 1] = a
    for i in range(n - 1, -1, -1):
        a = order[i]
        rank[a] = i
        if keys[a] < NOWHERE:
            head[int(keys[a] / LANE_STRIDE)] = i


@kernel
def first_after(order: IntArray, keys: NDArray[np.float64], n: int, key: float) -> int:
    """Rank of the first actor whose key is at least `key`; n where there is none."""
    low, high = 0, n
    while low < high:
        middle = (low + high) // 2
        if keys[order[middle]] < key:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def point_at(roads: Roads, lane: int, s: float) -> tuple[int, float]:
    """Index of the lane's point at or before `s` and the share towards the next one."""
    start, end = roads.lane_start[lane], roads.lane_start[lane + 1]
    length = roads.lane_length[lane]
    count = end - start
    if count < 2 or length <= 0.0:
        return start, 0.0
    # Points are nearly evenly spaced, so the guess is off by a point or two at most.
    i = start + min(max(int(s / length * (count - 1)), 0), count - 2)
    while i > start and roads.points[i, P_S] > s:
        i -= 1
    while i < end - 2 and roads.points[i + 1, P_S] <= s:
        i += 1
    span = roads.points[i + 1, P_S] - roads.points[i, P_S]
    share = (s - roads.points[i, P_S]) / span if span > 0.0 else 0.0
    return i, min(max(share, 0.0), 1.0)


@kernel
def place_on_lane(roads: Roads, actor: FloatArray, lane: int, s: float, lateral: float) -> None:
    """Write the pose of an actor that sits at (lane, s), `lateral` metres to the right."""
    i, share = point_at(roads, lane, s)
    j = min(i + 1, roads.lane_start[lane + 1] - 1)
    a, b = roads.points[i], roads.points[j]
    yaw = a[P_YAW] + (b[P_YAW] - a[P_YAW]) * share
    actor[X] = a[P_X] + (b[P_X] - a[P_X]) * share
    actor[Y] = a[P_Y] + (b[P_Y] - a[P_Y]) * share
    if lateral != 0.0:
        dx, dy = b[P_X] - a[P_X], b[P_Y] - a[P_Y]
        scale = lateral / math.sqrt(max(dx * dx + dy * dy, 1e-12))
        actor[X] -= dy * scale
        actor[Y] += dx * scale
    actor[Z] = a[P_Z] + (b[P_Z] - a[P_Z]) * share
    actor[YAW] = yaw
    actor[PITCH] = a[P_PITCH] + (b[P_PITCH] - a[P_PITCH]) * share


@kernel
def nearest_driving_point(
    roads: Roads, x: float, y: float, z: float, yaw: float, max_angle: float
) -> int:
    """Nearest point of a driving lane that points within `max_angle` of `yaw`; -1 for none.

    Looks at the 3 by 3 cells around (x, y), and at no road of another storey than z.
    """
    columns, rows = roads.grid_shape[0], roads.grid_shape[1]
    column = math.floor((x - roads.grid_origin[0]) / roads.cell)
    row = math.floor((y - roads.grid_origin[1]) / roads.cell)
    best, best_d = -1, 1e18
    for r in range(max(row - 1, 0), min(row + 2, rows)):
        for c in range(max(column - 1, 0), min(column + 2, columns)):
            cell = r * columns + c
            for k in range(roads.grid_start[cell], roads.grid_start[cell + 1]):
                p = roads.grid_point[k]
                dx, dy = roads.points[p, P_X] - x, roads.points[p, P_Y] - y
                d = dx * dx + dy * dy
                if d < best_d and abs(roads.points[p, P_Z] - z) < STOREY:
                    turn = abs(wrap_angle(roads.points[p, P_YAW] - yaw))
                    if turn <= max_angle:
                        best, best_d = p, d
    return best
