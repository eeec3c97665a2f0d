"""The arrays that the kernels work on, bundled by what they are.

Shape law: W worlds, A actors (ego, vehicles, walkers), L lanes, K signals, C crossings. `Roads`
and `Paths` never change while a world lives; `State` does, and belongs to W worlds.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.physics.profile import ProfileArrays

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int32]


class Places(NamedTuple):
    """Places where somebody can appear, sorted into the cells of a grid."""

    rows: FloatArray  # [N, (lane, s, x, y)]
    cell: float  # [m]
    origin: FloatArray  # [2]
    shape: IntArray  # [2] columns, rows
    start: IntArray  # [columns * rows + 1]


class Roads(NamedTuple):
    """What the traffic must know of the town."""

    points: FloatArray  # [P, Point]
    stretches: FloatArray  # [P, Stretch]
    lane_start: IntArray
    lane_length: FloatArray
    lane_type: IntArray
    lane_limit: FloatArray  # [L] m/s
    lane_junction: IntArray
    successor_start: IntArray
    successors: IntArray
    stop_start: IntArray
    stop_s: FloatArray
    stop_signal: IntArray
    signal_kind: IntArray
    signal_group: IntArray
    signal_phase: IntArray
    group_phases: IntArray
    conflict_start: IntArray
    conflict_lane: IntArray
    crosslane_start: IntArray
    crosslane_crossing: IntArray
    crosslane_s: FloatArray
    crossing_points: FloatArray  # [C, 4]
    crossing_z: FloatArray
    # Where a crossing meets the sidewalks: [C, 2 ends, (lane, s)]; lane -1 where none is near.
    crossing_ends: FloatArray
    walk_start: IntArray  # [L + 1] crossings that begin on a sidewalk
    walk_crossing: IntArray  # crossing * 2 + end
    walk_s: FloatArray
    walk_ahead: IntArray  # [P] first of these that is not behind a sidewalk's point, about
    crossed_start: IntArray  # [C + 1] lanes that a crossing passes
    crossed_lane: IntArray
    crossed_s: FloatArray  # [m] where on that lane
    spawns: Places  # of vehicles
    walk_spawns: Places  # of walkers
    cell: float
    grid_origin: FloatArray
    grid_shape: IntArray
    grid_start: IntArray
    grid_point: IntArray
    point_lane: IntArray
    conflict_s: FloatArray  # [., 4] enter, leave on this lane; enter, leave on the other
    conflict_priority: NDArray[np.int8]  # [.] 1 goes before conflict_lane, -1 gives way, 0 neither
    overlap_start: IntArray  # [L + 1] lanes that lie over a lane, see overlaps.py
    overlap_lane: IntArray
    overlap_s: FloatArray  # [., 3] m
    lane_turn: NDArray[np.int8]  # [L] Turn of junction lanes
    lane_control: NDArray[np.int8]  # [L] Control of junction lanes
    lane_left: IntArray  # [L] neighbour of the same direction, -1 none
    lane_right: IntArray
    lane_change_left: NDArray[np.bool_]  # [L] marks allow it
    lane_change_right: NDArray[np.bool_]
    lane_oncoming: IntArray  # [L] lane of the other direction just left, -1 none
    lane_oncoming_mark: NDArray[np.bool_]  # [L] the mark between the two is broken
    predecessor_start: IntArray
    predecessors: IntArray
    lane_mark_left: IntArray  # [L] MarkType
    lane_mark_right: IntArray
    point_rate: FloatArray  # [L] points per metre, about
    dead_end: NDArray[np.bool_]  # [L] leads to no lane that goes on, whatever one does
    changes: bool  # there are lanes to change to
    crosswalks: int  # number of marked crossings; those behind are for jaywalkers
    group_start: IntArray  # [G + 1] signals of each group of lights
    group_signal: IntArray


class Statics(NamedTuple):
    """Boxes that a vehicle can hit, with a grid over them."""

    boxes: FloatArray  # [B, (x, y, yaw, length, width, foot, top)]
    cell: float  # [m]; a cell lists every box that a vehicle with its centre there can touch
    origin: FloatArray
    shape: IntArray
    start: IntArray
    listed: IntArray  # boxes, by cell
    prop: IntArray  # [B] Prop


class Paths(NamedTuple):
    """The routes that the egos drive."""

    points: FloatArray  # [sum N, RoutePoint]
    start: IntArray  # [R + 1]
    next_lane: IntArray  # [sum N] index of the point where the route's lane changes next
    stop_start: IntArray  # [R + 1] lights on the route, by route
    stop_s: FloatArray  # [m] along the route
    stop_signal: IntArray
    timeout: FloatArray  # [R] s
    sign_start: IntArray  # [R + 1] stop signs on the route, by route, rising s
    sign_s: FloatArray  # [m] of their lines along the route
    sign_signal: IntArray


class State(NamedTuple):
    """Everything that changes."""

    actors: FloatArray  # [W, A, Actor]
    ego: FloatArray  # [W, Ego]
    events: IntArray  # [W, Event]
    route_index: IntArray  # [W]
    time: NDArray[np.float64]  # [W]
    frame: NDArray[np.int64]  # [W]
    lights: NDArray[np.uint8]  # [W, K]
    light_clock: NDArray[np.float64]  # [W, G] s since the group's cycle began
    key: NDArray[np.uint64]  # [W]
    counter: NDArray[np.int64]  # [W]
    # [W, A] lane, s and number of each actor, sorted; those on no lane are last.
    sort_key: NDArray[np.int64]
    # Entries sorted by (lane, s): an actor has more than one where its body covers several lanes.
    order: IntArray  # [W, ENTRIES A] actor
    order_lane: IntArray  # [W, ENTRIES A]
    order_s: FloatArray  # [W, ENTRIES A] [m] along that lane
    placed: IntArray  # [W] number of entries
    rank: IntArray  # [W, A] place of each actor in `order`
    head: NDArray[np.int16]  # [W, L] first place of each lane in `order`, -1: nobody is there
    target: FloatArray  # [W, A] acceleration decided in this tick
    way: IntArray  # [W, A, WAY] lanes that follow the actor's own, -1 where it does not know
    behind: IntArray  # [W, A] lane that it was on before, -1 for none
    entry: IntArray  # [W, A] junction lane ahead on its way, -1 for none
    entry_hop: IntArray  # [W, A] index of that lane in `way`
    entry_gap: FloatArray  # [W, A] [m] from the front to that lane
    aim: FloatArray  # [W, A] [m] where in its lane it wants to be, to the right of the middle
    intent: IntArray  # [W, A] neighbour lane that it wishes to change to, -1 for none
    wait: FloatArray  # [W, A] [s] stood at the line of that junction
    driver: FloatArray  # [W, A, Driver]
    notes: FloatArray  # [W, L, Note] who comes to and leaves each junction lane
    crowd: NDArray[np.int16]  # [W, J] road users noted at each junction
    noted: IntArray  # [W, .] lanes whose notes were written
    noted_count: IntArray  # [W]
    strangers: IntArray  # [W, A] who is in or near the road on no lane
    stranger_count: IntArray  # [W]
    siren: IntArray  # [W] actor that shows the light of an emergency vehicle, -1 for none
    light_times: FloatArray  # [W, G, 3] s of green, yellow and all-red
    light_span: NDArray[np.float64]  # [W, G, 2] clock between which no light of a group changes
    light_hand: NDArray[np.int8]  # [W, K] Light that somebody set, -1: it follows its clock
    frozen: NDArray[np.bool_]  # [W] the clocks of the lights stand still
    crossing_busy: NDArray[np.int16]  # [W, C] walkers on a crossing
    # [W, A + 1] ticks until a touch by this actor counts again; the last entry: statics
    contact: NDArray[np.uint8]
    hits: FloatArray  # [W, MAX_HITS, Hit] touches of the last step
    hit_count: IntArray  # [W]
    weather: FloatArray  # [W, WeatherColumn]
    tuning: FloatArray  # [W, Tuning] what randomisation drew
    done: NDArray[np.bool_]  # [W] the drive has ended; the world still ticks
    event_state: FloatArray  # [W, most events of a route, scenario.script.Progress]
    cast_state: FloatArray  # [W, staged actors, scenario.script.Part]
    turn: IntArray  # [W, A] scratch: who decides or moves now
    ahead: NDArray[np.bool_]  # [W, A] has made the next tick's step already, being far away


class Rules(NamedTuple):
    """WorldSettings as the kernels read them."""

    tick: float
    vehicles: int
    staged: int  # slots for the actors of scenario events and guests, behind the vehicles
    walkers: int
    first_walker: int  # = 1 + vehicles + staged
    everybody: int  # = first_walker + walkers
    spawn_near: float
    spawn_far: float
    green: float
    yellow: float
    all_red: float
    light_spread: float
    late_brake_share: float
    no_look_share: float
    red_runner_share: float
    tailgate_share: float
    jaywalk_share: float
    deviation: float
    blocked_time: float
    profile: ProfileArrays
