"""The arrays of a State, empty."""

from __future__ import annotations

import numpy as np

from roadworthy.sim.kernel import aligned_zeros
from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.scenario.script import Part, Progress
from roadworthy.sim.traffic.junctions import WAY, Note
from roadworthy.sim.traffic.kinds import Driver
from roadworthy.sim.traffic.lookup import ENTRIES
from roadworthy.sim.weather import Weather
from roadworthy.sim.world.columns import MAX_HITS, TUNING_DEFAULT, Actor, Ego, Event, Hit
from roadworthy.sim.world.layout import State


def allocate(
    worlds: int,
    actors: int,
    network: RoadNetwork,
    staged: int = 0,
    events: int = 0,
    crossings: int = 0,
) -> State:
    """Make the state of `worlds` worlds.

    Args:
        worlds: how many.
        actors: of each.
        network: the town's roads.
        staged: how many of the actors are those of scenario events.
        events: most of one route.
        crossings: places where walkers cross, marked or not.
    """
    signals, groups = len(network.signals), len(network.group_phases)
    return State(
        actors=aligned_zeros((worlds, actors, len(Actor))),
        ego=np.zeros((worlds, len(Ego)), np.float32),
        events=np.zeros((worlds, len(Event)), np.int32),
        route_index=np.zeros(worlds, np.int32),
        time=np.zeros(worlds, np.float64),
        frame=np.zeros(worlds, np.int64),
        lights=np.zeros((worlds, signals), np.uint8),
        light_clock=np.zeros((worlds, groups), np.float64),
        key=np.zeros(worlds, np.uint64),
        counter=np.zeros(worlds, np.int64),
        sort_key=np.zeros((worlds, actors), np.int64),
        order=np.zeros((worlds, ENTRIES * actors), np.int32),
        order_lane=np.zeros((worlds, ENTRIES * actors), np.int32),
        order_s=np.zeros((worlds, ENTRIES * actors), np.float32),
        placed=np.zeros(worlds, np.int32),
        rank=np.zeros((worlds, actors), np.int32),
        head=np.full((worlds, network.n_lanes), -1, np.int16),
        target=np.zeros((worlds, actors), np.float32),
        way=np.full((worlds, actors, WAY), -1, np.int32),
        behind=np.full((worlds, actors), -1, np.int32),
        entry=np.full((worlds, actors), -1, np.int32),
        entry_hop=np.zeros((worlds, actors), np.int32),
        entry_gap=np.zeros((worlds, actors), np.float32),
        aim=np.zeros((worlds, actors), np.float32),
        intent=np.full((worlds, actors), -1, np.int32),
        wait=np.zeros((worlds, actors), np.float32),
        driver=aligned_zeros((worlds, actors, len(Driver))),
        notes=np.zeros((worlds, network.n_lanes, len(Note)), np.float32),
        crowd=np.zeros((worlds, int(network.lane_junction.max(initial=-1)) + 1), np.int16),
        noted=np.zeros((worlds, actors * (WAY + 2)), np.int32),
        noted_count=np.zeros(worlds, np.int32),
        strangers=np.zeros((worlds, actors), np.int32),
        stranger_count=np.zeros(worlds, np.int32),
        siren=np.full(worlds, -1, np.int32),
        light_times=np.zeros((worlds, groups, 3), np.float32),
        light_span=np.zeros((worlds, groups, 2), np.float64),
        light_hand=np.full((worlds, signals), -1, np.int8),
        frozen=np.zeros(worlds, np.bool_),
        crossing_busy=np.zeros((worlds, crossings), np.int16),
        contact=np.zeros((worlds, actors + 1), np.uint8),
        hits=np.zeros((worlds, MAX_HITS, len(Hit)), np.float32),
        hit_count=np.zeros(worlds, np.int32),
        weather=np.tile(Weather().row(), (worlds, 1)),
        tuning=np.tile(np.array(TUNING_DEFAULT, np.float32), (worlds, 1)),
        done=np.zeros(worlds, np.bool_),
        event_state=np.zeros((worlds, events, len(Progress)), np.float32),
        cast_state=np.zeros((worlds, staged, len(Part)), np.float32),
        turn=np.zeros((worlds, actors), np.int32),
        ahead=np.zeros((worlds, actors), np.bool_),
    )
