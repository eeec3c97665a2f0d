"""How the traffic's vehicles move at every tick: along their lanes, and which lane comes next."""

from __future__ import annotations

from roadworthy.sim.angles import advance_phase, wrap_angle
from roadworthy.sim.kernel import inlined_kernel
from roadworthy.sim.traffic.chance import draw
from roadworthy.sim.traffic.lane_change import other_lane_ahead, slide_aside
from roadworthy.sim.traffic.lookup import LONG, lay_along, place_on_lane
from roadworthy.sim.world.columns import Actor, Mover
from roadworthy.sim.world.layout import Roads, Rules, State

X, Y, YAW, SPEED, ACCEL, YAW_RATE, LENGTH, BRAKE, ALIVE = (
    int(Actor.X),
    int(Actor.Y),
    int(Actor.YAW),
    int(Actor.SPEED),
    int(Actor.ACCEL),
    int(Actor.YAW_RATE),
    int(Actor.LENGTH),
    int(Actor.BRAKE),
    int(Actor.ALIVE),
)
LANE, S, LATERAL, NEXT_LANE, STEER, PHASE, TIMER, MOVER = (
    int(Actor.LANE),
    int(Actor.S),
    int(Actor.LATERAL),
    int(Actor.NEXT_LANE),
    int(Actor.STEER),
    int(Actor.PHASE),
    int(Actor.TIMER),
    int(Actor.MOVER),
)
TRAFFIC = int(Mover.TRAFFIC)

FAR = 60.0  # [m] from the ego
WHEEL_RADIUS = 0.35  # [m]
PER_RADIUS = 1.0 / WHEEL_RADIUS
WHEELBASE_SHARE = 0.6  # of the length, for the angle of the front wheels


@inlined_kernel
def choose_next(w: int, lane: int, roads: Roads, state: State) -> int:
    """Draw one of the lanes that follow `lane`; -1 where there is none."""
    first, last = roads.successor_start[lane], roads.successor_start[lane + 1]
    pick = 0
    if last > first + 1:
        pick = int(draw(w, state) * (last - first))
    for k in range(last - first):  # those that lead nowhere are passed over
        following = roads.successors[first + (pick + k) % (last - first)]
        if not roads.dead_end[following]:
            return int(following)
    return -1


@inlined_kernel
def plan_way(w: int, a: int, known: int, roads: Roads, state: State) -> None:
    """Draw the lanes that vehicle `a` will follow, from hop number `known` on."""
    way = state.way[w, a]
    for hop in range(known, way.shape[0]):
        before = int(state.actors[w, a, LANE]) if hop == 0 else way[hop - 1]
        way[hop] = choose_next(w, before, roads, state) if before >= 0 else -1
    state.actors[w, a, NEXT_LANE] = way[0]


@inlined_kernel
def go_on(w: int, a: int, roads: Roads, state: State) -> None:
    """Put vehicle `a` on the next lane of its way."""
    me, way = state.actors[w, a], state.way[w, a]
    state.behind[w, a] = int(me[LANE])
    state.intent[w, a] = -1
    me[LANE] = way[0]
    if state.entry_hop[w, a] > 0:
        state.entry_hop[w, a] -= 1
    else:
        state.entry[w, a] = -1
    other_lane_ahead(w, a, roads, state)
    last = way.shape[0] - 1
    for hop in range(last):
        way[hop] = way[hop + 1]
    way[last] = -1
    plan_way(w, a, last, roads, state)


@inlined_kernel
def _place_aside(w: int, a: int, dt: float, step: float, roads: Roads, state: State) -> float:
    """Place vehicle `a`, who moves aside while it drives `step` [m]; the bend it drives [rad/m]."""
    me = state.actors[w, a]
    before = me[YAW]
    slant = slide_aside(w, a, dt, state)
    place_on_lane(roads, me, int(me[LANE]), me[S], me[LATERAL])
    if me[LENGTH] > LONG:
        lay_along(w, a, roads, state)
    me[YAW] += slant
    return wrap_angle(me[YAW] - before) / max(step, 0.01)


@inlined_kernel
def _who_moves(w: int, state: State, rules: Rules) -> int:
    """List in `turn` who moves in this tick, note who makes the next step, too; their number.

    Without a branch: who is far from the ego is anybody's guess.
    """
    decided, ego, ahead = state.frame[w] % 2 == 0, state.actors[w, 0], state.ahead[w]
    count = 0
    for a in range(1, rules.vehicles + 1):
        me = state.actors[w, a]
        dx, dy = me[X] - ego[X], me[Y] - ego[Y]
        moves = (me[ALIVE] != 0.0) & (me[MOVER] == TRAFFIC) & (decided | (not ahead[a]))
        ahead[a] = moves & decided & (dx * dx + dy * dy > FAR * FAR)
        state.turn[w, count] = a
        count += moves
    return count


@inlined_kernel
def move(w: int, roads: Roads, state: State, rules: Rules) -> None:
    """Carry out the accelerations in `state.target[w]` over one tick.

    Vehicles far from the ego make the steps of two ticks in one, right after their decision, so
    at the next one everybody is where it should be.
    """
    for k in range(_who_moves(w, state, rules)):
        a = state.turn[w, k]
        me = state.actors[w, a]
        dt = 2.0 * rules.tick if state.ahead[w, a] else rules.tick
        before = me[SPEED]
        speed = max(before + state.target[w, a] * dt, 0.0)
        me[ACCEL] = (speed - before) / dt
        me[BRAKE] = 1.0 if me[ACCEL] < -0.4 or speed < 0.1 else 0.0
        me[TIMER] = me[TIMER] + dt if speed < 0.1 else 0.0
        if speed == 0.0 and before == 0.0:
            me[YAW_RATE] = 0.0
            continue  # who stands stays where it is
        me[SPEED] = speed
        mean = 0.5 * (before + speed)
        step = mean * dt
        s = me[S] + step
        state.entry_gap[w, a] -= step
        while s > roads.lane_length[int(me[LANE])] and state.way[w, a, 0] >= 0:
            s -= roads.lane_length[int(me[LANE])]
            go_on(w, a, roads, state)
        lane = int(me[LANE])
        me[S] = min(s, roads.lane_length[lane])
        if me[LATERAL] == state.aim[w, a]:
            bend = place_on_lane(roads, me, lane, me[S], me[LATERAL])
            if me[LENGTH] > LONG:
                lay_along(w, a, roads, state)
        else:
            bend = _place_aside(w, a, dt, step, roads, state)
        me[YAW_RATE] = bend * mean
        turn = bend * (WHEELBASE_SHARE * me[LENGTH])
        # The arc tangent to 0.01 rad up to 0.9 rad; for those who look at the wheels.
        me[STEER] = turn * (1.0 - 0.28 * min(turn * turn, 0.6))
        me[PHASE] = advance_phase(me[PHASE], min(step * PER_RADIUS, 6.0))
