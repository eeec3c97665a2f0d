"""Junctions: a vehicle may enter only with a claim on the lane that crosses it.

A claim is given while no lane that conflicts with the wanted one is claimed; it is held until
the vehicle's tail has left. Claims are given in the order of actor numbers, so the outcome does
not depend on anything but the state. The ego asks nobody: it claims what it drives on.
"""

from __future__ import annotations

from roadworthy.sim.kernel import inlined_kernel, kernel
from roadworthy.sim.road.network import SignalKind
from roadworthy.sim.road.route import RoutePoint
from roadworthy.sim.traffic.vehicles import YELLOW_BRAKE
from roadworthy.sim.world.columns import Actor, Ego, Light
from roadworthy.sim.world.layout import FloatArray, Paths, Roads, Rules, State

ALIVE, LANE, S, NEXT_LANE, GOAL = (
    int(Actor.ALIVE),
    int(Actor.LANE),
    int(Actor.S),
    int(Actor.NEXT_LANE),
    int(Actor.GOAL),
)
SPEED, LENGTH = int(Actor.SPEED), int(Actor.LENGTH)
R_LANE, R_S = int(RoutePoint.LANE), int(RoutePoint.S)
ROUTE_INDEX, ROUTE_S = int(Ego.ROUTE_INDEX), int(Ego.ROUTE_S)
KIND_LIGHT = int(SignalKind.LIGHT)
GREEN, OFF = int(Light.GREEN), int(Light.OFF)

APPROACH_BRAKE = 2.0  # [m/s^2] a vehicle asks for its claim while it can still stop so gently
APPROACH_SPARE = 8.0  # [m] and this much before
EXIT_SPACE = 3.0  # [m] free beyond the junction, besides the own length
EGO_SIGHT = 60.0  # [m] of its route that others know of
EGO_START_REACH = 10.0  # [m] claimed at a green light even from a stand
EGO_CLAIM_TIME = 6.0  # [s] the ego claims what it will enter within: nobody cuts it off


@kernel
def light_allows(w: int, lane: int, roads: Roads, state: State) -> bool:
    """Whether no light on `lane` is red or yellow."""
    for k in range(roads.stop_start[lane], roads.stop_start[lane + 1]):
        signal = roads.stop_signal[k]
        if roads.signal_kind[signal] == KIND_LIGHT:
            light = state.lights[w, signal]
            if light != GREEN and light != OFF:
                return False
    return True


@kernel
def _exit_is_free(w: int, lane: int, length: float, roads: Roads, state: State) -> bool:
    """Whether a vehicle of `length` fits behind whoever is on the lane after `lane`."""
    first = roads.successor_start[lane]
    if first == roads.successor_start[lane + 1]:
        return True
    beyond = roads.successors[first]
    head = state.head[w, beyond]
    if head < 0:
        return True
    other = state.actors[w, state.order[w, head]]
    tail = other[S] - 0.5 * other[LENGTH]
    return tail > length + EXIT_SPACE or other[SPEED] > 3.0


@kernel
def _conflicts(w: int, lane: int, roads: Roads, state: State) -> bool:
    """Whether a lane that crosses `lane` is claimed."""
    for k in range(roads.conflict_start[lane], roads.conflict_start[lane + 1]):
        if state.claims[w, roads.conflict_lane[k]] > 0:
            return True
    return False


@kernel
def ego_junction_lane(w: int, roads: Roads, paths: Paths, state: State, reach: float) -> int:
    """Junction lane of the ego's route that begins within `reach` metres ahead; -1 for none."""
    route = state.route_index[w]
    end = paths.start[route + 1]
    i = paths.start[route] + int(state.ego[w, ROUTE_INDEX])
    here = state.ego[w, ROUTE_S]
    while i < end and paths.points[i, R_S] - here <= reach:
        lane = int(paths.points[i, R_LANE])
        if lane >= 0 and roads.lane_junction[lane] >= 0:
            return lane
        if lane >= 0 and not light_allows(w, lane, roads, state):
            return -1  # it will wait at the line, and so must not keep others from going
        i = paths.next_lane[i]
    return -1


@kernel
def ego_next_lane(w: int, paths: Paths, state: State) -> int:
    """Lane that follows the ego's on its route within EGO_SIGHT; -1 for none."""
    route, lane = state.route_index[w], int(state.actors[w, 0, LANE])
    if lane < 0:
        return -1
    i = paths.start[route] + int(state.ego[w, ROUTE_INDEX])
    if int(paths.points[i, R_LANE]) == lane:
        i = paths.next_lane[i]
    ahead = paths.points[min(i, len(paths.points) - 1), R_S] - state.ego[w, ROUTE_S]
    if i >= paths.start[route + 1] or ahead > EGO_SIGHT:
        return -1
    return int(paths.points[i, R_LANE])


@kernel
def _goes_through(w: int, lane: int, me: FloatArray, roads: Roads, state: State) -> bool:
    """Whether a vehicle before a junction still enters it: its light is open, or too near."""
    if light_allows(w, lane, roads, state):
        return True
    gap = roads.lane_length[lane] - me[S] - 0.5 * me[LENGTH]
    return bool(me[SPEED] * me[SPEED] > 2.0 * YELLOW_BRAKE * max(gap, 0.0))


@inlined_kernel
def update_claims(w: int, n: int, roads: Roads, paths: Paths, state: State, rules: Rules) -> None:
    """Drop the claims of those who have left, count the others, and grant new ones."""
    claims, actors = state.claims[w], state.actors[w]
    for a in range(n):
        old = int(actors[a, GOAL])
        if old >= 0 and a <= rules.vehicles:
            claims[old] = 0
    ego = actors[0]
    ego[NEXT_LANE] = ego_next_lane(w, paths, state)
    reach = 0.5 * ego[LENGTH] + max(ego[SPEED] * EGO_CLAIM_TIME, 0.5)
    lane = int(ego[LANE])
    if lane >= 0 and roads.stop_start[lane] < roads.stop_start[lane + 1]:
        # Standing at a light that has just turned green it goes before those who turn left.
        reach = max(reach, 0.5 * ego[LENGTH] + EGO_START_REACH)
    ego[GOAL] = ego_junction_lane(w, roads, paths, state, reach)
    if ego[GOAL] >= 0.0:
        claims[int(ego[GOAL])] += 1
    for a in range(1, rules.vehicles + 1):
        me = actors[a]
        if me[ALIVE] == 0.0 or me[GOAL] < 0.0:
            continue
        on, goal = int(me[LANE]), int(me[GOAL])
        before = int(me[NEXT_LANE]) == goal and on != goal
        inside = on == goal or (not before and me[S] - 0.5 * me[LENGTH] < 1.0)
        if not inside and not (before and _goes_through(w, on, me, roads, state)):
            me[GOAL] = -1.0
        else:
            claims[goal] += 1
    for a in range(1, rules.vehicles + 1):
        me = actors[a]
        if me[ALIVE] == 0.0:
            continue
        on, following = int(me[LANE]), int(me[NEXT_LANE])
        if following < 0 or roads.lane_junction[following] < 0:
            continue
        if int(me[GOAL]) == following:
            continue
        to_end = roads.lane_length[on] - me[S] - 0.5 * me[LENGTH]
        if to_end > me[SPEED] * me[SPEED] / (2.0 * APPROACH_BRAKE) + APPROACH_SPARE:
            continue
        if not light_allows(w, on, roads, state) or _conflicts(w, following, roads, state):
            continue
        if not _exit_is_free(w, following, me[LENGTH], roads, state):
            continue
        if me[GOAL] >= 0.0:
            claims[int(me[GOAL])] -= 1
        me[GOAL] = following
        claims[following] += 1
