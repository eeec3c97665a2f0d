"""An emergency vehicle: it comes up behind the ego and passes on the left when it can."""

from __future__ import annotations

import math

from roadworthy.sim.kernel import kernel
from roadworthy.sim.scenario.motion import (
    ACTING,
    ALIVE,
    BRAKE_HARD,
    COMFORT,
    FAR,
    LENGTH,
    P_ASIDE,
    P_CLOCK,
    P_PATH_S,
    P_PHASE,
    READY,
    SPEED,
    WIDTH,
    YAW,
    X,
    Y,
    keep_off,
    leader_on_path,
)
from roadworthy.sim.scenario.script import Cast, Phase, Script
from roadworthy.sim.world.columns import Ego
from roadworthy.sim.world.layout import FloatArray, Rules, State

ROUTE_S, ROUTE_LATERAL = int(Ego.ROUTE_S), int(Ego.ROUTE_LATERAL)
C_TOP, C_ACCEL, C_HOLD, C_GAP, C_MEET_S, C_MEET_PATH = (
    int(Cast.TOP),
    int(Cast.ACCEL),
    int(Cast.HOLD),
    int(Cast.GAP),
    int(Cast.MEET_S),
    int(Cast.MEET_PATH),
)
HOLDING, LEAVING = int(Phase.HOLDING), int(Phase.LEAVING)

CLOSE = 20.0  # [m] behind the ego it waits for it to make way
SIDE = 0.5  # [m] between both when it passes
MAKES_WAY = 0.6  # [m] to the right of its lane the ego makes way; or it stands
STANDS = 0.3  # [m/s]
WAIT = 1.0  # [s] behind one that makes way
PAST = 8.0  # [m] before the ego it comes back to the lane
DRIFT = 1.4  # [m/s] sideways at most
FASTER = 5.0  # [m/s] than the ego while it passes
SIGHT = 50.0  # [m] of oncoming lane that must be free


@kernel
def _way_is_free(w: int, a: int, lateral: float, state: State, rules: Rules) -> bool:
    """Whether nobody but the ego is within SIGHT ahead on the track `lateral` beside the own."""
    me = state.actors[w, a]
    cos, sin = math.cos(me[YAW]), math.sin(me[YAW])
    for b in range(1, rules.first_walker):
        other = state.actors[w, b]
        if b == a or other[ALIVE] == 0.0:
            continue
        dx, dy = other[X] - me[X], other[Y] - me[Y]
        along, aside = cos * dx + sin * dy, cos * dy - sin * dx
        if -2.0 < along < SIGHT and abs(aside - lateral) < 0.5 * (me[WIDTH] + other[WIDTH]) + SIDE:
            return False
    return True


@kernel
def chase(
    w: int,
    a: int,
    part: FloatArray,
    cast: FloatArray,
    dt: float,
    script: Script,
    state: State,
    rules: Rules,
) -> float:
    """Acceleration [m/s^2] of the emergency vehicle `a`; moves `P_ASIDE`, too."""
    me, ego = state.actors[w, a], state.actors[w, 0]
    lateral = state.ego[w, ROUTE_LATERAL]
    here = part[P_PATH_S] - cast[C_MEET_PATH] + cast[C_MEET_S]
    gap = state.ego[w, ROUTE_S] - here - 0.5 * (me[LENGTH] + ego[LENGTH])
    passed = gap < -(me[LENGTH] + ego[LENGTH] + PAST)
    need = 0.5 * (me[WIDTH] + ego[WIDTH]) + SIDE
    target = 0.0
    phase = part[P_PHASE]
    if phase == READY:
        part[P_PHASE] = phase = ACTING
    if phase == ACTING and 0.0 < gap < CLOSE:
        part[P_PHASE], part[P_CLOCK] = HOLDING, 0.0
    elif phase == HOLDING:
        makes_way = lateral > MAKES_WAY or ego[SPEED] < STANDS
        wants = part[P_CLOCK] > cast[C_HOLD] or (makes_way and part[P_CLOCK] > WAIT)
        beside = min(lateral - need, 0.0)
        if gap > CLOSE + 10.0:
            part[P_PHASE] = ACTING
        elif wants and -beside <= cast[C_GAP] and _way_is_free(w, a, beside, state, rules):
            part[P_PHASE] = LEAVING
    elif phase == LEAVING:
        target = min(lateral - need, 0.0)
        if passed:
            part[P_PHASE], target = ACTING, 0.0
        elif -target > cast[C_GAP] + 0.3 and gap > 0.0:
            part[P_PHASE], part[P_CLOCK], target = HOLDING, 0.0, 0.0
    drift = min(DRIFT, 0.3 + 0.25 * me[SPEED]) * dt
    part[P_ASIDE] += min(max(target - part[P_ASIDE], -drift), drift)
    clear = lateral - part[P_ASIDE] > need - 0.25
    wish = min(max((cast[C_TOP] - me[SPEED]) / dt, -COMFORT), cast[C_ACCEL])
    if not passed and clear:
        pace = ego[SPEED] + FASTER
        wish = min(wish, max((pace - me[SPEED]) / dt, -COMFORT))
    elif gap > -me[LENGTH] and not passed:
        wish = min(wish, keep_off(me[SPEED], gap, ego[SPEED], BRAKE_HARD))
    if part[P_PHASE] != LEAVING:
        ahead, speed = leader_on_path(w, a, part[P_PATH_S], cast, script, state)
        if ahead < FAR and not (clear and abs(ahead - gap) < 1.0):
            wish = min(wish, keep_off(me[SPEED], ahead, speed, BRAKE_HARD))
    return wish
