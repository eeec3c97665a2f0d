"""One step of many worlds: the kernels that everything else is made for.

Worlds do not know of each other: each is stepped from its own rows and its own random stream,
so the result is the same for any batch size and any number of threads.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim import rng
from roadworthy.sim.kernel import kernel
from roadworthy.sim.road.route import RoutePoint
from roadworthy.sim.scenario.run import direct, perform, reset_events
from roadworthy.sim.scenario.script import Script
from roadworthy.sim.traffic.junctions import update_claims
from roadworthy.sim.traffic.lights import cycle_time, run_lights, show_lights
from roadworthy.sim.traffic.lookup import NOWHERE, sort_actors
from roadworthy.sim.traffic.spawn import respawn, spawn_vehicle, spawn_walker
from roadworthy.sim.traffic.vehicles import decide, move
from roadworthy.sim.traffic.walkers import walk
from roadworthy.sim.world.collision import collide
from roadworthy.sim.world.columns import Actor, Ego, Kind, Tuning
from roadworthy.sim.world.crashes import crash
from roadworthy.sim.world.ego import WINDOW, drive, project
from roadworthy.sim.world.judge import judge, look_for_signs
from roadworthy.sim.world.layout import FloatArray, Paths, Roads, Rules, State, Statics
from roadworthy.sim.world.loose import slide

ROUTE_S, ROUTE_INDEX = int(Ego.ROUTE_S), int(Ego.ROUTE_INDEX)
LINE_CROSSED, T_GREEN = int(Ego.LINE_CROSSED), int(Tuning.GREEN)
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
    on_road = rules.first_walker
    for w in range(first, last):
        state.events[w, :] = 0
        state.hit_count[w] = 0
        state.ego[w, LINE_CROSSED] = 0.0
        for _ in range(ticks):
            if state.frame[w] % DECISION_TICKS == 0:
                run_lights(w, DECISION_TICKS * rules.tick, roads, state, rules)
                direct(w, script, roads, paths, state, rules)
                sort_actors(w, on_road, state)
                crash(w, roads, state, rules)
                update_claims(w, on_road, roads, paths, state, rules)
                decide(w, on_road, roads, state, rules)
            move(w, roads, state, rules)
            perform(w, script, state, rules)
            walk(w, on_road, roads, state, rules)
            slide(w, roads, state, rules)
            before, speed = state.ego[w, ROUTE_S], state.actors[w, 0, SPEED]
            drive(w, wishes[w], as_plan, state, rules)
            collide(w, rules.everybody, speed, statics, state, rules)
            project(w, paths, state, WINDOW)
            judge(w, before, roads, paths, state, rules)
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


@kernel
def _clear(w: int, roads: Roads, state: State, rules: Rules) -> None:
    """Empty world `w` and set its clocks; its key, its route and what was drawn stay."""
    state.counter[w] = 0
    state.time[w] = 0.0
    state.frame[w] = 0
    state.claims[w, :] = 0
    state.crossing_busy[w, :] = 0
    state.contact[w, :] = 0
    state.hit_count[w] = 0
    state.hits[w, :, :] = 0.0
    state.actors[w, :, :] = 0.0
    state.actors[w, :, GOAL] = -1.0
    state.actors[w, :, NEXT_LANE] = -1.0
    state.actors[w, :, OTHER_LANE] = -1.0
    state.target[w, :] = 0.0
    state.head[w, :] = -1
    state.sort_key[w, :] = NOWHERE
    for a in range(state.order.shape[1]):
        state.order[w, a] = a
    green = rules.green * state.tuning[w, T_GREEN]
    for g in range(state.light_clock.shape[1]):
        state.counter[w] += 1
        share = rng.uniform(state.key[w], state.counter[w])
        cycle = cycle_time(roads.group_phases[g], green, rules.yellow, rules.all_red)
        state.light_clock[w, g] = share * cycle
    reset_events(w, state)


@kernel
def reset_worlds(
    mask: NDArray[np.bool_],
    roads: Roads,
    paths: Paths,
    state: State,
    rules: Rules,
    size: FloatArray,
) -> None:
    """Begin a new drive in the worlds where `mask` is set; their keys and routes are set."""
    for w in range(mask.shape[0]):
        if not mask[w]:
            continue
        _clear(w, roads, state, rules)
        _place_ego(w, paths, state, size)
        project(w, paths, state, WINDOW)
        look_for_signs(w, paths, state)
        judge(w, state.ego[w, ROUTE_S], roads, paths, state, rules)
        state.done[w] = False
        state.events[w, :] = 0
        show_lights(w, roads, state, rules)
        for a in range(1, 1 + rules.vehicles):
            spawn_vehicle(w, a, rules.spawn_near, roads, state, rules)
        for a in range(rules.first_walker, rules.everybody):
            spawn_walker(w, a, 10.0, roads, state, rules)
