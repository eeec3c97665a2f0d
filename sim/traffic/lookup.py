"""Who is where along the lanes: road users sorted by (lane, s), and poses on lanes.

Sorting beats a grid here: between two decisions the order hardly changes, so an insertion sort
costs one pass, and a leader is the next entry. The cost stays linear in actors. Whose body covers
other lanes (a lane change, a swerve, a fork, a merge) has an entry on each, so that all see it.
"""

from __future__ import annotations

import math

import numpy as np

from roadworthy.sim.angles import wrap_angle
from roadworthy.sim.kernel import inlined_kernel, kernel
from roadworthy.sim.road.network import Point
from roadworthy.sim.world.columns import Actor, Lamp, Mover
from roadworthy.sim.world.layout import FloatArray, Roads, Rules, State
from roadworthy.sim.world.stretches import Stretch

# A sort key holds lane, s and actor in one number: of floats that are not negative the one with
# the larger bits is the larger one, and whole numbers are compared and moved in no time.
LANE_SHIFT, S_SHIFT = 43, 12
S_BITS, ACTOR_BITS = (1 << 31) - 1, (1 << S_SHIFT) - 1
NOWHERE = ((1 << 20) - 1) << LANE_SHIFT  # of who is on no lane, behind all lanes
ENTRIES = 4  # room in the order for each actor; few cover more lanes than two
LONG = 5.5  # [m] longer bodies are laid along bends
# Where a long body keeps to its lane, ahead of its middle and behind [of its length]: ends and
# middle leave the lane by 0.063 length^2 / radius then, the one outwards, the other inwards.
AXLES = 0.354
STOREY = 3.0  # [m] what is this far above or below is another road
ALIVE, LANE, S, OTHER_LANE, MOVER, LAMPS, LENGTH, LATERAL = (
    int(Actor.ALIVE),
    int(Actor.LANE),
    int(Actor.S),
    int(Actor.OTHER_LANE),
    int(Actor.MOVER),
    int(Actor.LAMPS),
    int(Actor.LENGTH),
    int(Actor.LATERAL),
)
X, Y, Z, YAW, PITCH = (
    int(Actor.X),
    int(Actor.Y),
    int(Actor.Z),
    int(Actor.YAW),
    int(Actor.PITCH),
)
P_X, P_Y, P_Z, P_YAW = int(Point.X), int(Point.Y), int(Point.Z), int(Point.YAW)
T_X, T_Y, T_Z, T_YAW, T_PITCH, T_S, T_RATE, T_CURVE_SPEED = (int(t) for t in list(Stretch)[:8])
T_DX, T_DY, T_DZ, T_DYAW, T_DPITCH, T_RIGHT_X, T_RIGHT_Y, T_BEND = (
    int(t) for t in list(Stretch)[8:]
)
TRAFFIC, SPECIAL = int(Mover.TRAFFIC), int(Lamp.SPECIAL)


@kernel
def sort_actors(w: int, n: int, roads: Roads, state: State) -> None:
    """Sort the first `n` actors of world `w` by (lane, s) into `order`.

    Afterwards `order`, `order_lane` and `order_s` hold `placed` entries, `rank` is each actor's
    place among them (-1: on no lane), and `head` the first place of each lane (-1: empty).
    """
    actors, keys = state.actors[w], state.sort_key[w]
    most = _key_of(actors, keys[0] & ACTOR_BITS)
    keys[0] = most
    for i in range(1, n):
        key = _key_of(actors, keys[i] & ACTOR_BITS)
        if key > most:
            keys[i] = most = key
            continue
        j = i
        while j > 0 and keys[j - 1] > key:
            keys[j] = keys[j - 1]
            j -= 1
        keys[j] = key
    order, lanes, where = state.order[w], state.order_lane[w], state.order_s[w]
    head, rank = state.head[w], state.rank[w]
    for i in range(state.placed[w]):
        head[lanes[i]] = -1
    count = several = 0
    for i in range(n):
        key = keys[i]
        a = key & ACTOR_BITS
        if key >= NOWHERE:
            rank[a] = -1
            continue
        lane = key >> LANE_SHIFT
        order[i], lanes[i] = a, lane
        where[i] = np.int32((key >> S_SHIFT) & S_BITS).view(np.float32)
        count += 1
        if (
            actors[a, OTHER_LANE] >= 0.0
            or roads.overlap_start[lane] < roads.overlap_start[lane + 1]
        ):
            order[order.shape[0] - 1 - several] = a  # who may cover other lanes, for a moment
            several += 1
    for i in range(several):
        a = order[order.shape[0] - 1 - i]
        count = _enter_elsewhere(w, a, count, roads, state)
    for i in range(count - 1, -1, -1):
        head[lanes[i]] = i
        if lanes[i] == int(actors[order[i], LANE]):
            rank[order[i]] = i
    state.placed[w] = count


@inlined_kernel
def _key_of(actors: FloatArray, a: int) -> int:
    """Sort key of actor `a`; equal to no other's."""
    if actors[a, ALIVE] == 0.0 or actors[a, LANE] < 0.0:
        return NOWHERE | a
    bits = np.int64(np.float32(max(actors[a, S], np.float32(0.0))).view(np.int32))
    return int(actors[a, LANE]) << LANE_SHIFT | int(bits) << S_SHIFT | a


@inlined_kernel
def _enter_elsewhere(w: int, a: int, count: int, roads: Roads, state: State) -> int:
    """Enter actor `a` on the other lanes that its body covers; returns the number of entries."""
    me = state.actors[w, a]
    lane, s, half = int(me[LANE]), me[S], 0.5 * me[LENGTH]
    if me[OTHER_LANE] >= 0.0:
        other = int(me[OTHER_LANE])
        count = _insert_shadow(w, a, other, s_beside(roads, lane, s, other), count, state)
    for k in range(roads.overlap_start[lane], roads.overlap_start[lane + 1]):
        row = roads.overlap_s[k]
        there, other = s + row[2], roads.overlap_lane[k]
        if s + half > row[0] and s - half < row[1] and 0.0 <= there <= roads.lane_length[other]:
            count = _insert_shadow(w, a, other, there, count, state)
    return count


@inlined_kernel
def _insert_shadow(w: int, a: int, other: int, s: float, count: int, state: State) -> int:
    """Enter actor `a` on lane `other` at `s`, too; returns the number of entries."""
    order, lanes, where = state.order[w], state.order_lane[w], state.order_s[w]
    if count >= order.shape[0] - state.actors.shape[1]:
        return count
    i = count
    while i > 0 and (lanes[i - 1] > other or (lanes[i - 1] == other and where[i - 1] > s)):
        order[i], lanes[i], where[i] = order[i - 1], lanes[i - 1], where[i - 1]
        i -= 1
    order[i], lanes[i], where[i] = a, other, s
    return count + 1


@inlined_kernel
def drives_on(actor: FloatArray, lane: int) -> bool:
    """Whether an actor that is entered on `lane` drives there, not only covers it."""
    return bool(actor[LANE] == lane or actor[OTHER_LANE] == lane)


@inlined_kernel
def s_beside(roads: Roads, lane: int, s: float, other: int) -> float:
    """Where along the neighbour `other` one is that is at `s` of `lane`.

    By shares of the lengths one may be metres off, where only a part of a long lane bends; so the
    place is projected on the neighbour from there.
    """
    length = roads.lane_length[other]
    guess = s * length / max(roads.lane_length[lane], 0.1)
    i, share = point_at(roads, lane, s)
    here = roads.stretches[i]
    j, part = point_at(roads, other, guess)
    there = roads.stretches[j]
    dx = here[T_X] + here[T_DX] * share - there[T_X] - there[T_DX] * part
    dy = here[T_Y] + here[T_DY] * share - there[T_Y] - there[T_DY] * part
    ahead = dx * there[T_RIGHT_Y] - dy * there[T_RIGHT_X]
    return float(min(max(guess + ahead, 0.0), length))


@inlined_kernel
def find_strangers(w: int, state: State, rules: Rules) -> None:
    """List who is in or near the road on no lane: drivers watch them by their place alone.

    Notes on the way who shows the light of an emergency vehicle.
    """
    actors, strangers = state.actors[w], state.strangers[w]
    count = 0
    state.siren[w] = -1
    for a in range(rules.everybody):
        if actors[a, ALIVE] == 0.0:
            continue
        if int(actors[a, LAMPS]) & SPECIAL != 0:
            state.siren[w] = a
        if a < rules.first_walker:
            if actors[a, LANE] >= 0.0:
                continue
        elif actors[a, MOVER] == TRAFFIC:
            continue  # walkers on sidewalks and crossings; crossings are watched by themselves
        strangers[count] = a
        count += 1
    state.stranger_count[w] = count


@inlined_kernel
def point_at(roads: Roads, lane: int, s: float) -> tuple[int, np.float32]:
    """Index of the lane's point at or before `s` and the share towards the next one."""
    start, last, at = roads.lane_start[lane], roads.lane_start[lane + 1] - 2, np.float32(s)
    if last < start:
        return start, np.float32(0.0)
    # Points are nearly evenly spaced, so the guess is off by a point or two at most.
    i = min(max(start + int(at * roads.point_rate[lane]), start), last)
    share = (at - roads.stretches[i, T_S]) * roads.stretches[i, T_RATE]
    while share < 0.0 and i > start:
        i -= 1
        share = (at - roads.stretches[i, T_S]) * roads.stretches[i, T_RATE]
    while share >= 1.0 and i < last:
        i += 1
        share = (at - roads.stretches[i, T_S]) * roads.stretches[i, T_RATE]
    return i, min(max(share, np.float32(0.0)), np.float32(1.0))


@inlined_kernel
def place_on_lane(roads: Roads, actor: FloatArray, lane: int, s: float, lateral: float) -> float:
    """Write the pose of an actor at (lane, s), `lateral` metres to the right; the bend [rad/m]."""
    i, share = point_at(roads, lane, s)
    here = roads.stretches[i]
    actor[X] = here[T_X] + here[T_DX] * share + here[T_RIGHT_X] * lateral
    actor[Y] = here[T_Y] + here[T_DY] * share + here[T_RIGHT_Y] * lateral
    actor[Z] = here[T_Z] + here[T_DZ] * share
    actor[YAW] = here[T_YAW] + here[T_DYAW] * share
    actor[PITCH] = here[T_PITCH] + here[T_DPITCH] * share
    return here[T_BEND]


@inlined_kernel
def leads_to(lane: int, following: int, roads: Roads) -> bool:
    """Whether `following` is a successor of `lane`, not its neighbour."""
    for k in range(roads.successor_start[lane], roads.successor_start[lane + 1]):
        if roads.successors[k] == following:
            return True
    return False


@inlined_kernel
def _beside_lane(roads: Roads, lane: int, s: float, lateral: float) -> tuple[float, float]:
    """(x, y) at `s` of `lane`, `lateral` to the right; straight on beyond its ends."""
    i, share = point_at(roads, lane, s)
    here = roads.stretches[i]
    beyond = s - min(max(s, 0.0), roads.lane_length[lane])
    x = here[T_X] + here[T_DX] * share + here[T_RIGHT_X] * lateral + here[T_RIGHT_Y] * beyond
    y = here[T_Y] + here[T_DY] * share + here[T_RIGHT_Y] * lateral - here[T_RIGHT_X] * beyond
    return x, y


@inlined_kernel
def lay_along(w: int, a: int, roads: Roads, state: State) -> None:
    """Lay the body of the long vehicle `a` along the bend that it is in.

    Two places of the body keep to the lane, so that it sticks out of the bend with its ends as far
    as into it with its middle. Held at its middle alone, a bus would reach into the next lane.
    """
    me, way = state.actors[w, a], state.way[w, a]
    lane, s, reach = int(me[LANE]), me[S], AXLES * me[LENGTH]
    front, front_s, back, back_s = lane, s + reach, lane, s - reach
    for hop in range(way.shape[0]):
        if front_s <= roads.lane_length[front] or way[hop] < 0:
            break
        front_s -= roads.lane_length[front]
        front = way[hop]
    behind = state.behind[w, a]
    if back_s < 0.0 and behind >= 0 and leads_to(behind, lane, roads):
        back, back_s = behind, back_s + roads.lane_length[behind]
    x, y = _beside_lane(roads, front, front_s, me[LATERAL])
    tail_x, tail_y = _beside_lane(roads, back, back_s, me[LATERAL])
    me[X], me[Y] = 0.5 * (x + tail_x), 0.5 * (y + tail_y)
    me[YAW] = math.atan2(y - tail_y, x - tail_x)


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
