"""Junctions: who comes to which of their lanes, and when; who is still in them.

Every second decision begins with a survey. It notes for each junction lane how many are committed
to it (`CLAIMS`: they hold the right to enter, or can no longer stop), when the first other one
arrives (`ARRIVAL`), how long the one at the line has stood there (`WAITED`), and how far a tail
still reaches into it (`LEAVING`). Who wants to enter asks these notes (see `right_of_way`), so the
cost is linear in actors. The ego is seen like everybody else; it asks nobody.
"""

from __future__ import annotations

from enum import IntEnum

from roadworthy.sim.kernel import inlined_kernel
from roadworthy.sim.road.network import SignalKind
from roadworthy.sim.road.route import RoutePoint
from roadworthy.sim.traffic.flaws import RED_RUN, RUNS_RED
from roadworthy.sim.traffic.lights import red_since
from roadworthy.sim.traffic.lookup import drives_on, leads_to
from roadworthy.sim.world.columns import Actor, Ego, Kind, Light, Mover
from roadworthy.sim.world.layout import Paths, Roads, Rules, State


class Note(IntEnum):
    """Columns of `State.notes`, one row for each lane."""

    CLAIMS = 0  # road users committed to the lane who are not on it yet
    ARRIVAL = 1  # [s] until the first of the others can be there; NEVER where none comes
    WAITED = 2  # [s] for which the one at the line has stood there
    LEAVING = 3  # [m] along the lane: a tail of one who has left it is there; NEVER where none is


CLAIMS, ARRIVAL, WAITED, LEAVING = map(int, Note)
NEVER = 1e9
WAY = 6  # lanes ahead that a driver has made up its mind about; ways through junctions have 4
ALIVE, LANE, S, NEXT_LANE, GOAL, SPEED, LENGTH, MOVER, KIND, FLAWS = (
    int(Actor.ALIVE),
    int(Actor.LANE),
    int(Actor.S),
    int(Actor.NEXT_LANE),
    int(Actor.GOAL),
    int(Actor.SPEED),
    int(Actor.LENGTH),
    int(Actor.MOVER),
    int(Actor.KIND),
    int(Actor.FLAWS),
)
R_LANE, R_S = int(RoutePoint.LANE), int(RoutePoint.S)
ROUTE_INDEX, ROUTE_S = int(Ego.ROUTE_INDEX), int(Ego.ROUTE_S)
LIGHT, STOP = int(SignalKind.LIGHT), int(SignalKind.STOP)
GREEN, OFF, YELLOW = int(Light.GREEN), int(Light.OFF), int(Light.YELLOW)
TRAFFIC = int(Mover.TRAFFIC)
WALKER = int(Kind.WALKER)

YELLOW_BRAKE = 4.0  # [m/s^2] who would have to brake harder goes through at yellow
COMMITTED_BRAKE = 4.0  # [m/s^2] the ego that would have to brake harder is taken to come
HORIZON = 80.0  # [m] a junction farther away does not matter yet
SLOWEST = 3.0  # [m/s] an arrival is reckoned with at least this
AT_LINE = 4.0  # [m] from the place to wait one counts as waiting
STANDS = 0.3  # [m/s]
STILL = 0.05  # [m/s] who has been let in is faster by the next survey
EGO_SIGHT = 60.0  # [m] of its route that others know of
EXIT_SPACE = 3.0  # [m] free beyond the junction, besides the own length
MOVES_OFF = 3.0  # [m/s] who is faster makes room in time


@inlined_kernel
def light_allows(w: int, lane: int, front: float, runs: bool, roads: Roads, state: State) -> bool:
    """Whether no light on `lane` ahead of `front` [m along it] is red or yellow.

    Who `runs` them minds no yellow, and red only after its first moments.
    """
    for k in range(roads.stop_start[lane], roads.stop_start[lane + 1]):
        signal = roads.stop_signal[k]
        if roads.signal_kind[signal] == LIGHT and roads.stop_s[k] > front - 1.0:
            light = state.lights[w, signal]
            if light in (GREEN, OFF) or (runs and light == YELLOW):
                continue
            if not runs or red_since(w, signal, roads, state) > RED_RUN:
                return False
    return True


@inlined_kernel
def hold_line(lane: int, front: float, roads: Roads) -> tuple[float, bool]:
    """Where [m along `lane`] one waits for the junction at its end; True: at a stop sign."""
    line = roads.lane_length[lane] - 1.0
    must_stop = False
    for k in range(roads.stop_start[lane], roads.stop_start[lane + 1]):
        kind = roads.signal_kind[roads.stop_signal[k]]
        if kind != LIGHT and roads.stop_s[k] > front - 1.0:
            line = min(line, roads.stop_s[k])
            must_stop = must_stop or kind == STOP
    return line, must_stop


@inlined_kernel
def find_entry(w: int, a: int, roads: Roads, state: State) -> None:
    """Set `entry`, the next junction's lane on the way of `a` (-1: none), and the gap to it."""
    me = state.actors[w, a]
    lane = int(me[LANE])
    gap = roads.lane_length[lane] - me[S] - 0.5 * me[LENGTH]
    inside = roads.lane_junction[lane]
    state.entry[w, a] = -1
    for hop in range(state.way.shape[2]):
        if gap > HORIZON:
            return
        lane = state.way[w, a, hop]
        if lane < 0:
            return
        junction = roads.lane_junction[lane]
        if junction >= 0 and junction != inside:
            state.entry[w, a], state.entry_hop[w, a], state.entry_gap[w, a] = lane, hop, gap
            return
        if junction < 0:
            inside = -1
        gap += roads.lane_length[lane]


@inlined_kernel
def lights_open(w: int, a: int, roads: Roads, state: State) -> bool:
    """Whether no light between `a` and its entry is red or yellow."""
    me = state.actors[w, a]
    lane, front, runs = int(me[LANE]), me[S] + 0.5 * me[LENGTH], int(me[FLAWS]) & RUNS_RED != 0
    for hop in range(state.entry_hop[w, a] + 1):
        if not light_allows(w, lane, front, runs, roads, state):
            return False
        lane, front = state.way[w, a, hop], -1.0
    return True


@inlined_kernel
def is_first(w: int, a: int, roads: Roads, state: State) -> bool:
    """Whether nobody drives between `a` and its entry who has yet to be let into a junction.

    Who was let in behind such a one would hold up all others, and be held up by them.
    """
    lane, place = int(state.actors[w, a, LANE]), int(state.rank[w, a]) + 1
    for hop in range(state.entry_hop[w, a] + 1):
        while 0 <= place < state.placed[w] and state.order_lane[w, place] == lane:
            b = state.order[w, place]
            if b != a and drives_on(state.actors[w, b], lane):
                return bool(state.actors[w, b, GOAL] >= 0.0)
            place += 1
        lane = state.way[w, a, hop]
        if lane < 0:
            return True
        place = int(state.head[w, lane])
    return True


@inlined_kernel
def exit_is_free(w: int, a: int, lane: int, hop: int, roads: Roads, state: State) -> bool:
    """Whether `a` will find room beyond junction lane `lane`, `hop` lanes ahead of its own."""
    need = state.actors[w, a, LENGTH] + EXIT_SPACE
    junction = roads.lane_junction[lane]
    need += 7.0 * state.notes[w, lane, CLAIMS]
    room = 0.0
    for step in range(5):
        place = state.head[w, lane]
        inside = roads.lane_junction[lane] == junction
        while place >= 0 and place < state.placed[w] and state.order_lane[w, place] == lane:
            other = state.actors[w, state.order[w, place]]
            if not inside:
                room += state.order_s[w, place] - 0.5 * other[LENGTH]
                return bool(other[SPEED] > MOVES_OFF or room > need)
            if state.order[w, place] != a and drives_on(other, lane):
                need += other[LENGTH] + EXIT_SPACE
            place += 1
        if not inside:
            room += roads.lane_length[lane]
            if room > need:
                return True
        following = -1
        if hop + step + 1 < state.way.shape[2]:
            following = state.way[w, a, hop + step + 1]
        elif roads.successor_start[lane] < roads.successor_start[lane + 1]:
            following = roads.successors[roads.successor_start[lane]]
        if following < 0:
            return True
        lane = following
    return True


@inlined_kernel
def note_lane(w: int, lane: int, state: State) -> None:
    """Remember that a row of `notes` was written, to be wiped before the next survey."""
    count = state.noted_count[w]
    if count < state.noted.shape[1]:
        state.noted[w, count] = lane
        state.noted_count[w] = count + 1


@inlined_kernel
def wipe_notes(w: int, roads: Roads, state: State) -> None:
    """Forget the last survey."""
    for k in range(state.noted_count[w]):
        lane = state.noted[w, k]
        note = state.notes[w, lane]
        note[CLAIMS], note[ARRIVAL], note[WAITED], note[LEAVING] = 0.0, NEVER, 0.0, NEVER
        state.crowd[w, roads.lane_junction[lane]] = 0
    state.noted_count[w] = 0


@inlined_kernel
def claim(w: int, a: int, hop: int, junction: int, roads: Roads, state: State) -> None:
    """Commit `a` to the lanes of `junction` on its way, from `hop` lanes ahead on."""
    while hop < state.way.shape[2]:
        lane = state.way[w, a, hop]
        if lane < 0 or roads.lane_junction[lane] != junction:
            return
        note_lane(w, lane, state)
        state.notes[w, lane, CLAIMS] += 1.0
        hop += 1


@inlined_kernel
def _note_presence(w: int, a: int, roads: Roads, state: State) -> None:
    """Note the junction that `a` is in, and the one that its tail has not left."""
    me = state.actors[w, a]
    lane, tail = int(me[LANE]), me[S] - 0.5 * me[LENGTH]
    behind = state.behind[w, a]
    if tail < 0.0 and behind >= 0 and roads.lane_junction[behind] >= 0:
        note_lane(w, behind, state)
        state.crowd[w, roads.lane_junction[behind]] += 1
        reach = roads.lane_length[behind] + tail
        state.notes[w, behind, LEAVING] = min(state.notes[w, behind, LEAVING], reach)
    junction = roads.lane_junction[lane]
    if junction >= 0:
        note_lane(w, lane, state)
        state.crowd[w, junction] += 1
        claim(w, a, 0, junction, roads, state)


@inlined_kernel
def _comes(w: int, a: int, state: State) -> bool:
    """Whether `a`, who asks nobody (the ego, a scenario's vehicle), is past stopping."""
    me, gap = state.actors[w, a], state.entry_gap[w, a]
    if me[SPEED] < STANDS:
        return False
    return bool(gap < 1.0 or me[SPEED] * me[SPEED] > 2.0 * COMMITTED_BRAKE * gap)


@inlined_kernel
def _note_approach(w: int, a: int, time: float, roads: Roads, state: State) -> None:
    """Note that `a` comes to its entry: committed, or when it will be there."""
    me, entry, gap = state.actors[w, a], state.entry[w, a], state.entry_gap[w, a]
    asks = a > 0 and me[MOVER] == TRAFFIC
    opened = lights_open(w, a, roads, state)
    committed = False
    if asks:
        stoppable = me[SPEED] * me[SPEED] <= 2.0 * YELLOW_BRAKE * max(gap, 0.0)
        if int(me[GOAL]) == entry:
            goes = me[SPEED] > STILL  # else something holds it, and it asks again
            committed = not stoppable or (goes and opened and is_first(w, a, roads, state))
    else:
        committed = _comes(w, a, state)
    junction = roads.lane_junction[entry]
    if committed:
        me[GOAL] = entry
        state.wait[w, a] = 0.0
        state.crowd[w, junction] += 1
        claim(w, a, state.entry_hop[w, a], junction, roads, state)
        return
    me[GOAL] = -1.0
    lane, front = int(me[LANE]), me[S] + 0.5 * me[LENGTH]
    line, _ = hold_line(lane, front, roads)
    # A short lane may lie between: one stands before it.
    near = (line - front if state.entry_hop[w, a] == 0 else gap - 1.0) < AT_LINE
    if not opened or not near or me[SPEED] > 1.0:
        state.wait[w, a] = 0.0
    elif me[SPEED] < STANDS or state.wait[w, a] > 0.0:
        state.wait[w, a] += time
    if not opened or (me[SPEED] < 1.0 and not near):
        return
    if near and not exit_is_free(w, a, entry, state.entry_hop[w, a], roads, state):
        return  # it will not go, so nobody need wait for it
    note_lane(w, entry, state)
    state.crowd[w, junction] += 1
    note = state.notes[w, entry]
    note[ARRIVAL] = min(note[ARRIVAL], max(gap, 0.0) / max(me[SPEED], SLOWEST))
    note[WAITED] = max(note[WAITED], state.wait[w, a])


@inlined_kernel
def survey(w: int, time: float, roads: Roads, paths: Paths, state: State, rules: Rules) -> None:
    """Note who is in, comes to or leaves which junction; `time` [s] since the last survey."""
    wipe_notes(w, roads, state)
    look_along_route(w, roads, paths, state)
    for a in range(rules.first_walker):
        me = state.actors[w, a]
        state.entry[w, a] = -1
        if me[ALIVE] == 0.0 or me[LANE] < 0.0 or me[KIND] >= WALKER:
            continue
        if a > 0 and int(me[NEXT_LANE]) != state.way[w, a, 0]:
            look_ahead(w, a, roads, state)
        _note_presence(w, a, roads, state)
        find_entry(w, a, roads, state)
        if state.entry[w, a] >= 0:
            _note_approach(w, a, time, roads, state)
        else:
            state.wait[w, a] = 0.0
            me[GOAL] = me[LANE] if roads.lane_junction[int(me[LANE])] >= 0 else -1.0


@inlined_kernel
def look_ahead(w: int, a: int, roads: Roads, state: State) -> None:
    """Fill `way` of an actor whose next lane was set by somebody else."""
    lane = int(state.actors[w, a, NEXT_LANE])
    for hop in range(state.way.shape[2]):
        state.way[w, a, hop] = lane
        if lane >= 0:
            first = roads.successor_start[lane]
            alone = roads.successor_start[lane + 1] > first
            lane = roads.successors[first] if alone else -1


@inlined_kernel
def look_along_route(w: int, roads: Roads, paths: Paths, state: State) -> None:
    """Fill `way` and NEXT_LANE of the ego from its route, as far as others can know it."""
    route, lane = state.route_index[w], int(state.actors[w, 0, LANE])
    way = state.way[w, 0]
    way[:] = -1
    state.actors[w, 0, NEXT_LANE] = -1.0
    if lane < 0:
        return
    i, end = paths.start[route] + int(state.ego[w, ROUTE_INDEX]), paths.start[route + 1]
    if int(paths.points[i, R_LANE]) == lane:
        i = paths.next_lane[i]
    hop = 0
    while hop < way.shape[0] and i < end:
        following = int(paths.points[i, R_LANE])
        if following < 0 or paths.points[i, R_S] - state.ego[w, ROUTE_S] > EGO_SIGHT:
            break
        if leads_to(lane, following, roads):
            way[hop] = following
            hop += 1
        lane = following
        i = paths.next_lane[i]
    state.actors[w, 0, NEXT_LANE] = way[0]
