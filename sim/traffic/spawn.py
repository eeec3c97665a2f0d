"""Who appears where: the traffic is kept in a ring around the ego."""

from __future__ import annotations

import math

from roadworthy.sim import rng
from roadworthy.sim.kernel import inlined_kernel, kernel
from roadworthy.sim.road.network import KERB_HEIGHT
from roadworthy.sim.traffic.lookup import place_on_lane
from roadworthy.sim.traffic.vehicles import choose_next
from roadworthy.sim.world.columns import Actor, Kind, Tuning
from roadworthy.sim.world.layout import FloatArray, Places, Roads, Rules, State

X, Y, Z, YAW, SPEED = (
    int(Actor.X),
    int(Actor.Y),
    int(Actor.Z),
    int(Actor.YAW),
    int(Actor.SPEED),
)
LENGTH, WIDTH, HEIGHT, KIND, COLOR = (
    int(Actor.LENGTH),
    int(Actor.WIDTH),
    int(Actor.HEIGHT),
    int(Actor.KIND),
    int(Actor.COLOR),
)
ALIVE, LANE, S, LATERAL, NEXT_LANE, TEMPER, TIMER, GOAL = (
    int(Actor.ALIVE),
    int(Actor.LANE),
    int(Actor.S),
    int(Actor.LATERAL),
    int(Actor.NEXT_LANE),
    int(Actor.TEMPER),
    int(Actor.TIMER),
    int(Actor.GOAL),
)
CAR, VAN, TRUCK, BUS, MOTORCYCLE, BICYCLE, WALKER, _ = (int(kind) for kind in Kind)

T_TEMPER = int(Tuning.TEMPER)

TRIES = 32  # places looked at before an actor waits for a later tick
SPACING = 12.0  # [m] from everybody else at birth
STUCK_TIME = 90.0  # [s] a vehicle may stand before it is taken elsewhere


@kernel
def draw(w: int, state: State) -> float:
    """Draw the world's next uniform number."""
    state.counter[w] += 1
    return float(rng.uniform(state.key[w], state.counter[w]))


@kernel
def dress_vehicle(w: int, me: FloatArray, state: State) -> None:
    """Draw kind, size and colour; the sizes are those of CARLA's vehicle classes."""
    share, size = draw(w, state), draw(w, state)
    if share < 0.76:
        kind, length, width, height = CAR, 4.0 + 0.9 * size, 1.75 + 0.2 * size, 1.45 + 0.15 * size
    elif share < 0.86:
        kind, length, width, height = VAN, 5.2 + 0.7 * size, 2.0, 2.2 + 0.4 * size
    elif share < 0.91:
        kind, length, width, height = TRUCK, 6.5 + 2.0 * size, 2.4, 3.0 + 0.5 * size
    elif share < 0.93:
        kind, length, width, height = BUS, 10.3, 2.5, 3.2
    elif share < 0.97:
        kind, length, width, height = MOTORCYCLE, 2.2, 0.8, 1.5
    else:
        kind, length, width, height = BICYCLE, 1.8, 0.6, 1.7
    me[KIND], me[LENGTH], me[WIDTH], me[HEIGHT] = kind, length, width, height
    me[COLOR] = math.floor(draw(w, state) * 16.0)
    me[TEMPER] = min(max(draw(w, state) + state.tuning[w, T_TEMPER], 0.0), 1.0)


@kernel
def is_free(w: int, n: int, x: float, y: float, spacing: float, state: State) -> bool:
    """Whether none of the first `n` actors is within `spacing` metres."""
    for a in range(n):
        other = state.actors[w, a]
        if other[ALIVE] > 0.0 and math.hypot(other[X] - x, other[Y] - y) < spacing:
            return False
    return True


@kernel
def find_spawn(
    w: int, n: int, places: Places, near: float, far: float, spacing: float, state: State
) -> int:
    """Draw a free entry of `places` that is `near` to `far` metres from the ego; -1: none."""
    ego = state.actors[w, 0]
    reach = math.ceil(far / places.cell)
    column = math.floor((ego[X] - places.origin[0]) / places.cell)
    row = math.floor((ego[Y] - places.origin[1]) / places.cell)
    for _ in range(TRIES):
        c = column - reach + int(draw(w, state) * (2 * reach + 1))
        r = row - reach + int(draw(w, state) * (2 * reach + 1))
        pick = draw(w, state)
        if not (0 <= c < places.shape[0] and 0 <= r < places.shape[1]):
            continue
        first = places.start[r * places.shape[0] + c]
        count = places.start[r * places.shape[0] + c + 1] - first
        if count == 0:
            continue
        k = first + int(pick * count)
        x, y = places.rows[k, 2], places.rows[k, 3]
        distance = math.hypot(x - ego[X], y - ego[Y])
        if near <= distance <= far and is_free(w, n, x, y, spacing, state):
            return int(k)
    return -1


@kernel
def spawn_vehicle(w: int, a: int, near: float, roads: Roads, state: State, rules: Rules) -> bool:
    """Put vehicle `a` somewhere in the ring; False where no place was found."""
    me = state.actors[w, a]
    if me[GOAL] >= 0.0:
        state.claims[w, int(me[GOAL])] = 0
    me[GOAL] = -1.0
    me[ALIVE] = 0.0
    if roads.spawns.rows.shape[0] == 0:
        return False
    n = rules.first_walker
    k = find_spawn(w, n, roads.spawns, near, rules.spawn_far, SPACING, state)
    if k < 0:
        return False
    dress_vehicle(w, me, state)
    lane = int(roads.spawns.rows[k, 0])
    me[LANE], me[S], me[LATERAL] = lane, roads.spawns.rows[k, 1], 0.0
    me[NEXT_LANE] = choose_next(w, lane, roads, state)
    me[SPEED] = 0.4 * roads.lane_limit[lane]
    if me[KIND] == BICYCLE:
        me[SPEED] = 4.0
    me[TIMER], me[ALIVE] = 0.0, 1.0
    place_on_lane(roads, me, lane, me[S], 0.0)
    return True


@kernel
def spawn_walker(w: int, a: int, near: float, roads: Roads, state: State, rules: Rules) -> bool:
    """Put walker `a` on a sidewalk in the ring; False where no place was found."""
    me = state.actors[w, a]
    if me[GOAL] >= 0.0 and me[ALIVE] > 0.0:
        state.crossing_busy[w, int(me[GOAL]) // 2] -= 1
    me[GOAL] = -1.0
    me[ALIVE] = 0.0
    if roads.walk_spawns.rows.shape[0] == 0:
        return False
    k = find_spawn(w, 1, roads.walk_spawns, near, 0.6 * rules.spawn_far, 1.0, state)
    if k < 0:
        return False
    lane = int(roads.walk_spawns.rows[k, 0])
    me[KIND], me[LENGTH], me[WIDTH] = WALKER, 0.5, 0.6
    me[HEIGHT] = 1.5 + 0.4 * draw(w, state)
    me[COLOR] = math.floor(draw(w, state) * 16.0)
    me[TEMPER] = draw(w, state)
    me[LANE], me[S] = lane, roads.walk_spawns.rows[k, 1]
    me[LATERAL] = draw(w, state) - 0.5
    me[NEXT_LANE] = 1.0 if draw(w, state) < 0.5 else -1.0
    me[SPEED], me[TIMER], me[ALIVE] = 0.0, 0.0, 1.0
    place_on_lane(roads, me, lane, me[S], me[LATERAL])
    me[Z] += KERB_HEIGHT
    return True


@inlined_kernel
def respawn(w: int, roads: Roads, state: State, rules: Rules) -> None:
    """Look at one vehicle and one walker per tick; move those that are far, gone or stuck."""
    ego, tick = state.actors[w, 0], state.frame[w]
    far = 1.25 * rules.spawn_far
    if rules.vehicles > 0:
        a = 1 + int(tick % rules.vehicles)
        me = state.actors[w, a]
        distance = math.hypot(me[X] - ego[X], me[Y] - ego[Y])
        stuck = me[TIMER] > STUCK_TIME and distance > rules.spawn_near
        if me[ALIVE] == 0.0 or distance > far or stuck:
            spawn_vehicle(w, a, 0.6 * rules.spawn_far, roads, state, rules)
    if rules.walkers > 0:
        a = rules.first_walker + int(tick % rules.walkers)
        me = state.actors[w, a]
        if me[ALIVE] == 0.0 or math.hypot(me[X] - ego[X], me[Y] - ego[Y]) > far:
            spawn_walker(w, a, 0.3 * rules.spawn_far, roads, state, rules)
