"""What others hit: careless drivers, staged ones and loose bodies run into what is on their way.

Who drives by the rules keeps clear of the rest, so only these few are looked at: against what is
next on their lane or on the one that follows, on lanes that cross theirs in a junction, and on
the crosswalks of their lane. The cost does not grow with the square of the actors.
"""

from __future__ import annotations

from roadworthy.sim.kernel import inlined_kernel, kernel
from roadworthy.sim.physics.bodies import body_of
from roadworthy.sim.physics.contact import collide_bodies, may_touch, touch
from roadworthy.sim.world.collision import knock_loose
from roadworthy.sim.world.columns import Actor, Mover
from roadworthy.sim.world.layout import Roads, Rules, State

X, Y, YAW, SPEED, LENGTH, WIDTH, ALIVE, LANE, S, NEXT_LANE, GOAL, MOVER, FLAWS = (
    int(Actor.X),
    int(Actor.Y),
    int(Actor.YAW),
    int(Actor.SPEED),
    int(Actor.LENGTH),
    int(Actor.WIDTH),
    int(Actor.ALIVE),
    int(Actor.LANE),
    int(Actor.S),
    int(Actor.NEXT_LANE),
    int(Actor.GOAL),
    int(Actor.MOVER),
    int(Actor.FLAWS),
)
TRAFFIC, LOOSE = int(Mover.TRAFFIC), int(Mover.LOOSE)
SLOWEST = 1.0  # [m/s] who creeps does not crash
DEPTH = 0.2  # [m] bodies that only brush drive on: lanes are drawn closer than cars would drive
FAR = 60.0  # [m] from the ego one looks half as often
REACH = 12.0  # [m] a body's centre from another's, at most, when they touch


@kernel
def _meet(w: int, a: int, b: int, state: State) -> None:
    """Let two actors collide where they overlap; both are loose afterwards if it was hard."""
    one, two = state.actors[w, a], state.actors[w, b]
    dx, dy = two[X] - one[X], two[Y] - one[Y]
    if b == 0 or two[ALIVE] == 0.0 or dx * dx + dy * dy > REACH * REACH:
        return
    if not may_touch(dx, dy, one[LENGTH], one[WIDTH], two[LENGTH], two[WIDTH]):
        return
    body, its = body_of(one), body_of(two)
    hit = touch(
        one[X], one[Y], one[YAW], one[LENGTH], one[WIDTH],
        two[X], two[Y], two[YAW], two[LENGTH], two[WIDTH],
        body.vx - its.vx, body.vy - its.vy,
    )  # fmt: skip
    if hit.depth < DEPTH:
        return
    after, its_after, jx, jy = collide_bodies(body, its, hit)
    if jx == 0.0 and jy == 0.0:
        return
    knock_loose(one, after)
    knock_loose(two, its_after)
    if one[MOVER] == LOOSE and two[MOVER] == LOOSE:
        one[X] -= 0.5 * hit.depth * hit.nx
        one[Y] -= 0.5 * hit.depth * hit.ny
        two[X] += 0.5 * hit.depth * hit.nx
        two[Y] += 0.5 * hit.depth * hit.ny


@kernel
def _meet_on(w: int, a: int, lane: int, state: State) -> None:
    """Let actor `a` collide with those on `lane`."""
    order, lanes = state.order[w], state.order_lane[w]
    place = int(state.head[w, lane])
    while 0 <= place < state.placed[w] and lanes[place] == lane:
        if order[place] != a:
            _meet(w, a, order[place], state)
        place += 1


@kernel
def _meet_walkers(w: int, a: int, lane: int, roads: Roads, state: State, rules: Rules) -> None:
    """Let vehicle `a` collide with walkers on the crosswalks of its lane."""
    me = state.actors[w, a]
    for k in range(roads.crosslane_start[lane], roads.crosslane_start[lane + 1]):
        crossing = roads.crosslane_crossing[k]
        if state.crossing_busy[w, crossing] == 0 or abs(roads.crosslane_s[k, 0] - me[S]) > REACH:
            continue
        for b in range(rules.first_walker, rules.everybody):
            if state.actors[w, b, GOAL] >= 0.0 and int(state.actors[w, b, GOAL]) // 2 == crossing:
                _meet(w, a, b, state)


@inlined_kernel
def crash(w: int, roads: Roads, state: State, rules: Rules) -> None:
    """Let those who might collide do so; right after `sort_actors`, whose order it reads."""
    full, ego = state.frame[w] % 4 == 0, state.actors[w, 0]
    for a in range(1, rules.first_walker):
        me = state.actors[w, a]
        if me[FLAWS] == 0.0 and me[MOVER] == TRAFFIC:
            continue  # most of them, so this is asked first
        dx, dy = me[X] - ego[X], me[Y] - ego[Y]
        if not full and dx * dx + dy * dy > FAR * FAR:
            continue
        if me[ALIVE] == 0.0 or me[LANE] < 0.0 or abs(me[SPEED]) < SLOWEST:
            continue
        lane, following = int(me[LANE]), int(me[NEXT_LANE])
        order, lanes = state.order[w], state.order_lane[w]
        ahead = state.rank[w, a] + 1
        if 0 < ahead < state.placed[w] and lanes[ahead] == lane and order[ahead] != a:
            _meet(w, a, order[ahead], state)
        elif following >= 0 and state.head[w, following] >= 0:
            _meet(w, a, order[state.head[w, following]], state)
        if roads.lane_junction[lane] >= 0:
            for k in range(roads.conflict_start[lane], roads.conflict_start[lane + 1]):
                _meet_on(w, a, roads.conflict_lane[k], state)
        _meet_walkers(w, a, lane, roads, state, rules)
