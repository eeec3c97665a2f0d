"""One step of many worlds: the kernels that everything else is made for.

Worlds do not know of each other: each is stepped from its own rows and its own random stream,
so the result is the same for any batch size and any number of threads.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.kernel import inlined_kernel, kernel
from roadworthy.sim.road.route import RoutePoint
from roadworthy.sim.scenario.run import direct, perform, reset_events
from roadworthy.sim.scenario.script import Script
from roadworthy.sim.traffic.junctions import ARRIVAL, LEAVING, NEVER, survey
from roadworthy.sim.traffic.kinds import train_driver
from roadworthy.sim.traffic.lights import draw_times, run_lights, show_lights
from roadworthy.sim.traffic.lookup import find_strangers, sort_actors
from roadworthy.sim.traffic.motion import move
from roadworthy.sim.traffic.spawn import clear_slot, respawn, spawn_vehicle, spawn_walker
from roadworthy.sim.traffic.vehicles import decide
from roadworthy.sim.traffic.walkers import walk
from roadworthy.sim.world.collision import collide
from roadworthy.sim.world.columns import Actor, Ego, Kind, Tuning
from roadworthy.sim.world.crashes import crash
from roadworthy.sim.world.ego import WINDOW, drive, project
from roadworthy.sim.world.judge import judge, look_for_signs
from roadworthy.sim.world.layout import FloatArray, Paths, Roads, Rules, State, Statics
from roadworthy.sim.world.loose import slide

ROUTE_S, ROUTE_INDEX, PROGRESS = int(Ego.ROUTE_S), int(Ego.ROUTE_INDEX), int(Ego.PROGRESS)
SLIDE_X, SLIDE_Y = int(Actor.SLIDE_X), int(Actor.SLIDE_Y)
LINE_CROSSED, TIME = int(Ego.LINE_CROSSED), int(Ego.TIME)
X, Y, Z, YAW, ALIVE, KIND, GOAL, LANE, SPEED, NEXT_LANE = (
    int(Actor.X),
    int(Actor.Y),
    int(Actor.Z),
    int(Actor.YAW),
    int(Actor.ALIVE),
    int(Actor.KIND),
    int(Actor.GOAL),
    int(Actor.LANE),
    int(Actor.SPEED),
    int(Actor.NEXT_LANE),
)
LENGTH, WIDTH, HEIGHT, COLOR, MASS, OTHER_LANE = (
    int(Actor.LENGTH),
    int(Actor.WIDTH),
    int(Actor.HEIGHT),
    int(Actor.COLOR),
    int(Actor.MASS),
    int(Actor.OTHER_LANE),
)
T_MASS = int(Tuning.MASS)
R_X, R_Y, R_Z, R_YAW = (
    int(RoutePoint.X),
    int(RoutePoint.Y),
    int(RoutePoint.Z),
    int(RoutePoint.YAW),
)
CAR = int(Kind.CAR)
EGO_COLOR = 15.0
DECISION_TICKS = 2  # traffic decides at 10 Hz like the agents, and moves at every tick
SURVEY_TICKS = 4  # the junctions are looked over at 5 Hz
TOGETHER = 32  # worlds whose step is made part by part, while the code of that part is at hand


@kernel
def are_finite(wishes: FloatArray) -> bool:
    """Whether all of [W, 4] are numbers; numpy takes five times as long once it is cold."""
    for w in range(wishes.shape[0]):
        for k in range(wishes.shape[1]):
            if not math.isfinite(wishes[w, k]):
                return False
    return True


@kernel
def step_worlds(
    first: int,
    last: int,
    wishes: FloatArray,
    as_plan: bool,
    ticks: int,
    roads: Roads,
    statics: Statics,
    paths: Paths,
    state: State,
    rules: Rules,
    script: Script,
) -> None:
    """Step the worlds `first` to `last - 1` by `ticks` ticks each."""
    for begin in range(first, last, TOGETHER):
        end = min(begin + TOGETHER, last)
        for w in range(begin, end):
            state.events[w, :] = 0
            state.hit_count[w] = 0
            state.ego[w, LINE_CROSSED] = 0.0
        for _ in range(ticks):
            _decide(begin, end, roads, paths, state, rules, script)
            _act(begin, end, wishes, as_plan, roads, statics, paths, state, rules, script)


@inlined_kernel
def _decide(
    begin: int, end: int, roads: Roads, paths: Paths, state: State, rules: Rules, script: Script
) -> None:
    """Let the traffic of some worlds look about and decide where it is time to."""
    on_road, since = rules.first_walker, DECISION_TICKS * rules.tick
    for w in range(begin, end):
        if state.frame[w] % DECISION_TICKS == 0:
            run_lights(w, since, roads, state)
            direct(w, script, roads, paths, state, rules)
            sort_actors(w, on_road, roads, state)
            crash(w, roads, state, rules)
            find_strangers(w, state, rules)
    for w in range(begin, end):
        if state.frame[w] % SURVEY_TICKS == 0:
            survey(w, SURVEY_TICKS * rules.tick, roads, paths, state, rules)
    for w in range(begin, end):
        if state.frame[w] % DECISION_TICKS == 0:
            decide(w, roads, state, rules)


@inlined_kernel
def _act(
    begin: int,
    end: int,
    wishes: FloatArray,
    as_plan: bool,
    roads: Roads,
    statics: Statics,
    paths: Paths,
    state: State,
    rules: Rules,
    script: Script,
) -> None:
    """Move everybody in some worlds by one tick, and judge what the egos did."""
    for w in range(begin, end):
        move(w, roads, state, rules)
    for w in range(begin, end):
        perform(w, script, state, rules)
        walk(w, roads, state, rules)
        slide(w, roads, state, rules)
    for w in range(begin, end):
        before, speed = state.ego[w, ROUTE_S], state.actors[w, 0, SPEED]
        drive(w, wishes[w], as_plan, state, rules)
        collide(w, rules.everybody, speed, statics, state, rules)
        project(w, paths, state, WINDOW)
        judge(w, before, roads, paths, state, rules)
    for w in range(begin, end):
        respawn(w, roads, state, rules)
        state.time[w] += rules.tick
        state.frame[w] += 1


@kernel
def _place_ego(w: int, paths: Paths, state: State, size: FloatArray) -> None:
    """Put the ego at the beginning of its route, standing."""
    me = state.actors[w, 0]
    point = paths.points[paths.start[state.route_index[w]]]
    me[:] = 0.0
    me[X], me[Y], me[Z], me[YAW] = point[R_X], point[R_Y], point[R_Z], point[R_YAW]
    me[LENGTH], me[WIDTH], me[HEIGHT] = size[0], size[1], size[2]
    me[MASS] = size[3] * state.tuning[w, T_MASS]
    me[KIND], me[COLOR], me[ALIVE], me[GOAL] = CAR, EGO_COLOR, 1.0, -1.0
    me[LANE], me[NEXT_LANE], me[OTHER_LANE] = -1.0, -1.0, -1.0
    state.ego[w, :] = 0.0
    train_driver(w, 0, state)


@kernel
def judge_outside(
    w: int, first: bool, roads: Roads, paths: Paths, state: State, rules: Rules
) -> None:
    """Judge a tick of world `w` in which somebody outside moved everybody."""
    ego = state.ego[w]
    if first:
        state.events[w, :] = 0
        state.hit_count[w] = 0
        ego[LINE_CROSSED] = 0.0
    before = ego[ROUTE_S]
    ego[TIME] += rules.tick
    project(w, paths, state, WINDOW)
    judge(w, before, roads, paths, state, rules)
    state.time[w] += rules.tick
    state.frame[w] += 1


@kernel
def place_ego(w: int, pose: FloatArray, paths: Paths, state: State) -> None:
    """Put the ego at (x, y, z, yaw, speed), wherever on its route that is."""
    me = state.actors[w, 0]
    me[X], me[Y], me[Z], me[YAW], me[SPEED] = pose[0], pose[1], pose[2], pose[3], pose[4]
    me[SLIDE_X], me[SLIDE_Y] = 0.0, 0.0
    route = state.route_index[w]
    best, nearest = paths.start[route], math.inf
    for i in range(paths.start[route], paths.start[route + 1]):
        point = paths.points[i]
        away = math.hypot(point[R_X] - me[X], point[R_Y] - me[Y])
        if away < nearest:
            best, nearest = i, away
    state.ego[w, ROUTE_INDEX] = best - paths.start[route]
    project(w, paths, state, WINDOW)
    state.ego[w, PROGRESS] = state.ego[w, ROUTE_S]
    look_for_signs(w, paths, state)


@kernel
def _clear(w: int, roads: Roads, state: State, rules: Rules) -> None:
    """Empty world `w` and set its clocks; its key, its route and what was drawn stay."""
    state.counter[w] = 0
    state.time[w] = 0.0
    state.frame[w] = 0
    state.notes[w, :, :] = 0.0
    state.notes[w, :, ARRIVAL] = NEVER
    state.notes[w, :, LEAVING] = NEVER
    state.crowd[w, :] = 0
    state.crossing_busy[w, :] = 0
    state.contact[w, :] = 0
    state.hit_count[w] = 0
    state.hits[w, :, :] = 0.0
    state.head[w, :] = -1
    state.placed[w], state.noted_count[w], state.stranger_count[w] = 0, 0, 0
    for a in range(state.actors.shape[1]):
        clear_slot(w, a, state)
        state.sort_key[w, a] = a
    draw_times(w, roads, state, rules)


@kernel
def reset_worlds(
    mask: NDArray[np.bool_],
    roads: Roads,
    paths: Paths,
    state: State,
    rules: Rules,
    size: FloatArray,
    script: Script,
) -> None:
    """Begin a new drive in the worlds where `mask` is set; their keys and routes are set."""
    for w in range(mask.shape[0]):
        if not mask[w]:
            continue
        _clear(w, roads, state, rules)
        _place_ego(w, paths, state, size)
        reset_events(w, script, state)
        project(w, paths, state, WINDOW)
        look_for_signs(w, paths, state)
        judge(w, state.ego[w, ROUTE_S], roads, paths, state, rules)
        state.done[w] = False
        state.events[w, :] = 0
        show_lights(w, roads, state)
        for a in range(1, 1 + rules.vehicles):
            spawn_vehicle(w, a, rules.spawn_near, roads, state, rules)
        for a in range(rules.first_walker, rules.everybody):
            spawn_walker(w, a, 10.0, roads, state, rules)
