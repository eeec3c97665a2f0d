"""Who appears where: the traffic is kept in a ring around the ego."""

from __future__ import annotations

import math

from roadworthy.sim.kernel import inlined_kernel
from roadworthy.sim.road.network import KERB_HEIGHT
from roadworthy.sim.traffic.chance import draw
from roadworthy.sim.traffic.flaws import JAYWALKS, T_CARELESS, give_flaws
from roadworthy.sim.traffic.kinds import D_PACE, D_TOP, draw_temper, dress_vehicle
from roadworthy.sim.traffic.lookup import place_on_lane
from roadworthy.sim.traffic.motion import plan_way
from roadworthy.sim.world.columns import Actor, Kind, Mover
from roadworthy.sim.world.layout import Places, Roads, Rules, State

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
MOVER, OTHER_LANE, LATERAL_SPEED, LAMPS, FLAWS, MASS = (
    int(Actor.MOVER),
    int(Actor.OTHER_LANE),
    int(Actor.LATERAL_SPEED),
    int(Actor.LAMPS),
    int(Actor.FLAWS),
    int(Actor.MASS),
)
WALKER, TRAFFIC = int(Kind.WALKER), int(Mover.TRAFFIC)

TRIES = 32  # places looked at before an actor waits for a later tick
SPACING = 11.0  # [m] from everybody else at birth
BIRTHS = 4  # places tried where somebody would have to brake hard
BIRTH_BRAKE = 2.0  # [m/s^2] that a birth asks of others, and of oneself, at most
BEFORE_END = 2.0  # [m] to the end of its lane one could stop
SAME_WAY = 0.7  # cosine between the headings of two who follow each other
ABREAST, WIDENS = 2.0, 0.1  # [m] aside, and more with the distance: who is in the same lane
OUT_OF_SIGHT = 80.0  # [m] from the ego one may appear in mid-drive
STUCK_TIME = 90.0  # [s] a vehicle may stand before it is taken elsewhere


@inlined_kernel
def is_free(w: int, n: int, x: float, y: float, spacing: float, state: State) -> bool:
    """Whether none of the first `n` actors is within `spacing` metres."""
    for a in range(n):
        other = state.actors[w, a]
        dx, dy = other[X] - x, other[Y] - y
        if dx * dx + dy * dy < spacing * spacing and other[ALIVE] > 0.0:
            return False
    return True


@inlined_kernel
def find_spawn(
    w: int, n: int, places: Places, near: float, far: float, spacing: float, state: State
) -> int:
    """Draw a free entry of `places` that is `near` to `far` metres from the ego; -1: none."""
    ego = state.actors[w, 0]
    reach = math.ceil(far / places.cell)
    column = math.floor((ego[X] - places.origin[0]) / places.cell)
    row = math.floor((ego[Y] - places.origin[1]) / places.cell)
    left, right = max(column - reach, 0), min(column + reach + 1, int(places.shape[0]))
    low, high = max(row - reach, 0), min(row + reach + 1, int(places.shape[1]))
    if left >= right or low >= high:
        return -1
    for _ in range(TRIES):
        c = left + int(draw(w, state) * (right - left))
        r = low + int(draw(w, state) * (high - low))
        pick = draw(w, state)
        first = places.start[r * places.shape[0] + c]
        count = places.start[r * places.shape[0] + c + 1] - first
        if count == 0:
            continue
        k = first + int(pick * count)
        x, y = places.rows[k, 2], places.rows[k, 3]
        dx, dy = x - ego[X], y - ego[Y]
        if near * near <= dx * dx + dy * dy <= far * far and is_free(w, n, x, y, spacing, state):
            return int(k)
    return -1


@inlined_kernel
def spawn_vehicle(w: int, a: int, near: float, roads: Roads, state: State, rules: Rules) -> bool:
    """Put vehicle `a` somewhere in the ring; False where no place was found."""
    me, n = state.actors[w, a], rules.first_walker
    for _ in range(BIRTHS):
        clear_slot(w, a, state)
        if roads.spawns.rows.shape[0] == 0:
            return False
        k = find_spawn(w, n, roads.spawns, near, rules.spawn_far, SPACING, state)
        if k < 0:
            return False
        dress_vehicle(w, a, state)
        give_flaws(w, a, state, rules)
        lane = int(roads.spawns.rows[k, 0])
        me[LANE], me[S], me[LATERAL] = lane, roads.spawns.rows[k, 1], 0.0
        driver = state.driver[w, a]
        me[SPEED] = 0.45 * min(roads.lane_limit[lane] * driver[D_PACE], driver[D_TOP])
        # Who appears before a junction must be able to ask whether it may go on.
        rest = roads.lane_length[lane] - me[S] - 0.5 * me[LENGTH] - BEFORE_END
        me[SPEED] = min(me[SPEED], math.sqrt(2.0 * BIRTH_BRAKE * max(rest, 0.0)))
        place_on_lane(roads, me, lane, me[S], 0.0)
        if _has_room(w, a, n, state):
            plan_way(w, a, 0, roads, state)
            me[ALIVE] = 1.0
            return True
    clear_slot(w, a, state)
    return False


@inlined_kernel
def _has_room(w: int, a: int, n: int, state: State) -> bool:
    """Whether nobody behind the new vehicle `a` must brake hard; it is slowed to who is ahead."""
    me = state.actors[w, a]
    c, s = math.cos(me[YAW]), math.sin(me[YAW])
    for b in range(n):
        other = state.actors[w, b]
        if b == a or other[ALIVE] == 0.0:
            continue
        dx, dy = other[X] - me[X], other[Y] - me[Y]
        ahead, side = dx * c + dy * s, abs(dy * c - dx * s)
        if side > ABREAST + WIDENS * abs(ahead) or math.cos(other[YAW] - me[YAW]) < SAME_WAY:
            continue
        gap = abs(ahead) - SPACING
        closing = other[SPEED] - me[SPEED]
        if ahead < 0.0 and closing > 0.0 and closing * closing > 2.0 * BIRTH_BRAKE * gap:
            return False
        if ahead > 0.0 and closing < 0.0:
            me[SPEED] = min(me[SPEED], other[SPEED] + math.sqrt(2.0 * BIRTH_BRAKE * max(gap, 0.0)))
    return True


@inlined_kernel
def clear_slot(w: int, a: int, state: State) -> None:
    """Empty the slot of actor `a`."""
    me = state.actors[w, a]
    me[:] = 0.0
    me[GOAL], me[OTHER_LANE], me[LANE], me[NEXT_LANE] = -1.0, -1.0, -1.0, -1.0
    state.behind[w, a], state.entry[w, a], state.wait[w, a] = -1, -1, 0.0
    state.way[w, a, :] = -1
    state.target[w, a], state.aim[w, a], state.intent[w, a] = 0.0, 0.0, -1
    state.ahead[w, a] = False


@inlined_kernel
def spawn_walker(w: int, a: int, near: float, roads: Roads, state: State, rules: Rules) -> bool:
    """Put walker `a` on a sidewalk in the ring; False where no place was found."""
    me = state.actors[w, a]
    if me[GOAL] >= 0.0 and me[ALIVE] > 0.0:
        state.crossing_busy[w, int(me[GOAL]) // 2] -= 1
    clear_slot(w, a, state)
    if roads.walk_spawns.rows.shape[0] == 0:
        return False
    k = find_spawn(w, 1, roads.walk_spawns, near, 0.6 * rules.spawn_far, 1.0, state)
    if k < 0:
        return False
    lane = int(roads.walk_spawns.rows[k, 0])
    me[KIND], me[LENGTH], me[WIDTH], me[MASS] = WALKER, 0.5, 0.6, 75.0
    me[HEIGHT] = 1.5 + 0.4 * draw(w, state)
    me[COLOR] = math.floor(draw(w, state) * 16.0)
    me[TEMPER] = draw_temper(w, state)
    me[LANE], me[S] = lane, roads.walk_spawns.rows[k, 1]
    me[LATERAL] = draw(w, state) - 0.5
    jaywalkers = rules.jaywalk_share * state.tuning[w, T_CARELESS]
    me[FLAWS] = JAYWALKS if draw(w, state) < jaywalkers else 0
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
        dx, dy = me[X] - ego[X], me[Y] - ego[Y]
        square, near = dx * dx + dy * dy, rules.spawn_near
        stuck = me[TIMER] > STUCK_TIME and square > near * near
        if me[ALIVE] == 0.0 or square > far * far or stuck:
            spawn_vehicle(w, a, min(0.6 * rules.spawn_far, OUT_OF_SIGHT), roads, state, rules)
    if rules.walkers > 0:
        a = rules.first_walker + int(tick % rules.walkers)
        me = state.actors[w, a]
        dx, dy = me[X] - ego[X], me[Y] - ego[Y]
        if me[ALIVE] == 0.0 or dx * dx + dy * dy > far * far:
            spawn_walker(w, a, 0.3 * rules.spawn_far, roads, state, rules)
