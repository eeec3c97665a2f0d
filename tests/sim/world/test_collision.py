from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.sim.physics.bodies import body_of
from roadworthy.sim.road.network import LaneType, Point
from roadworthy.sim.road.route import RouteSet
from roadworthy.sim.scenery.layout import Prop
from roadworthy.sim.town import Town
from roadworthy.sim.world.batch import BatchWorld
from roadworthy.sim.world.build import build_places
from roadworthy.sim.world.columns import Actor, Event, Flaw, Hit, Kind, Mover
from roadworthy.sim.world.settings import WorldSettings

from ..walls import wall_in

SETTINGS = WorldSettings(vehicles=3, walkers=2)
STAND = np.array([[0, 0, 0]], np.float32)


def make(town: Town, routes: RouteSet) -> BatchWorld:
    """A world with nobody about and no houses."""
    batch = BatchWorld(town, routes, 1, seed=2, settings=SETTINGS)
    batch.actors[0, 1:, Actor.ALIVE] = 0.0
    wall_in(batch)
    # Nobody appears in the empty slots while a test looks.
    nowhere = build_places(np.zeros((0, 4), np.float32))
    batch._roads = batch._roads._replace(spawns=nowhere, walk_spawns=nowhere)
    return batch


def put(batch: BatchWorld, slot: int, ahead: float, kind: Kind = Kind.CAR, **more: float) -> None:
    """Put somebody loose `ahead` metres before the ego, facing as it does."""
    me, other = batch.actors[0, 0], batch.actors[0, slot]
    other[:] = me
    other[Actor.X] += ahead * math.cos(me[Actor.YAW])
    other[Actor.Y] += ahead * math.sin(me[Actor.YAW])
    other[Actor.S] += ahead
    other[Actor.KIND], other[Actor.MOVER], other[Actor.SPEED] = kind, Mover.LOOSE, 0.0
    other[Actor.MASS] = 0.0
    other[Actor.GOAL] = -1.0
    if kind == Kind.WALKER:
        other[[Actor.LENGTH, Actor.WIDTH]] = 0.5, 0.6
    for name, value in more.items():
        other[Actor[name.upper()]] = value


def energy(batch: BatchWorld) -> float:
    """Kinetic energy of all bodies [J]."""
    total = 0.0
    for row in batch.actors[0]:
        if row[Actor.ALIVE]:
            b = body_of(row)
            total += 0.5 * (b.vx**2 + b.vy**2) / b.per_mass + 0.5 * b.spin**2 / b.per_inertia
    return total


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        (Kind.CAR, Event.COLLISION_VEHICLE),
        (Kind.WALKER, Event.COLLISION_WALKER),
        (Kind.PROP, Event.COLLISION_STATIC),
    ],
)
def test_a_touch_is_reported_once_with_actor_place_and_impulse(
    rivertown: Town, river_routes: RouteSet, kind: Kind, event: Event
) -> None:
    batch = make(rivertown, river_routes)
    put(batch, 2, 7.0, kind)
    me = batch.actors[0, 0]
    me[Actor.SPEED] = 10.0
    heading = np.array([math.cos(me[Actor.YAW]), math.sin(me[Actor.YAW])])
    rows, count = [], 0
    for _ in range(30):
        batch.step(STAND)
        count += int(batch.events[0, event])
        rows += list(batch.hits[0, : batch.state.hit_count[0]].copy())
    assert count == len(rows) == 1
    assert rows[0][Hit.ACTOR] == 2
    assert rows[0][Hit.KIND] == kind
    assert rows[0][Hit.FAULT] == 1
    impulse = rows[0][[Hit.IMPULSE_X, Hit.IMPULSE_Y]] @ heading
    assert impulse < -50.0  # against the ego's way
    # What the ego lost is what the impulse took, but for the tick's rolling resistance.
    assert impulse == pytest.approx(-1.1 * 10.0 / (1 / 1750 + body_of(batch.actors[0, 2]).per_mass),
                                    rel=0.1)  # fmt: skip
    where = rows[0][[Hit.X, Hit.Y]] - batch.actors[0, 2, [Actor.X, Actor.Y]]
    assert np.hypot(*where) < 20.0


def test_a_car_that_was_hit_slides_to_rest_lies_there_and_is_taken_away(
    rivertown: Town, river_routes: RouteSet
) -> None:
    batch = make(rivertown, river_routes)
    put(batch, 1, 6.0, mover=Mover.TRAFFIC)
    me, other = batch.actors[0, 0], batch.actors[0, 1]
    place = other[[Actor.X, Actor.Y]].copy()
    other[Actor.NEXT_LANE] = -1.0
    me[Actor.SPEED] = 12.0
    for _ in range(40):
        batch.step(np.array([[0, 1, 0]], np.float32))
    assert other[Actor.MOVER] == Mover.LOOSE
    assert other[Actor.SLIDE_X] == other[Actor.SLIDE_Y] == other[Actor.YAW_RATE] == 0.0
    way = float(np.hypot(*(other[[Actor.X, Actor.Y]] - place)))
    assert 1.0 < way < 10.0
    assert other[Actor.BRAKE] == 1.0
    rest = other[[Actor.X, Actor.Y]].copy()
    for _ in range(150):
        batch.step(np.array([[0, 1, 0]], np.float32))
    assert other[Actor.ALIVE] == 1.0
    np.testing.assert_array_equal(other[[Actor.X, Actor.Y]], rest)
    for _ in range(70):
        batch.step(np.array([[0, 1, 0]], np.float32))
    assert other[Actor.ALIVE] == 0.0
    assert other[Actor.MOVER] == Mover.TRAFFIC


def test_the_traffic_stops_behind_a_wreck(rivertown: Town, river_routes: RouteSet) -> None:
    batch = make(rivertown, river_routes)
    ego = batch.actors[0, 0]
    lane = int(ego[Actor.LANE])
    put(batch, 1, 20.0)
    put(batch, 2, -0.0, mover=Mover.TRAFFIC, speed=6.0)
    wreck, follower = batch.actors[0, 1], batch.actors[0, 2]
    wreck[Actor.SLIDE_X] = 0.5 * math.cos(ego[Actor.YAW])  # so that it looks for its lane
    wreck[Actor.SLIDE_Y] = 0.5 * math.sin(ego[Actor.YAW])
    wreck[Actor.LANE] = -1.0
    follower[Actor.NEXT_LANE] = rivertown.network.successors[
        rivertown.network.successor_start[lane]
    ]
    ego[Actor.X] += 60.0  # out of the way
    batch.step(STAND, ticks=6)
    assert wreck[Actor.LANE] == lane
    for _ in range(60):
        batch.step(STAND)
    gap = np.hypot(*(wreck[[Actor.X, Actor.Y]] - follower[[Actor.X, Actor.Y]]))
    assert follower[Actor.SPEED] < 0.2
    assert 0.0 < gap - follower[Actor.LENGTH] < 6.0


def test_a_push_from_the_side_skids_and_turns_the_ego_and_the_tyres_stop_it(
    rivertown: Town, river_routes: RouteSet
) -> None:
    batch = make(rivertown, river_routes)
    me = batch.actors[0, 0]
    yaw = float(me[Actor.YAW])
    right = np.array([-math.sin(yaw), math.cos(yaw)])
    put(batch, 1, 1.5)
    other = batch.actors[0, 1]
    other[[Actor.X, Actor.Y]] -= 4.0 * right.astype(np.float32)  # from the left, before the middle
    other[Actor.YAW] += 0.5 * math.pi
    other[[Actor.SLIDE_X, Actor.SLIDE_Y]] = 12.0 * right
    place = me[[Actor.X, Actor.Y]].copy()
    spins, count, rows = [], 0, []
    for _ in range(60):
        batch.step(np.array([[0, 1, 0]], np.float32))
        spins.append(float(me[Actor.YAW_RATE]))
        count += int(batch.events[0, Event.COLLISION_VEHICLE])
        rows += list(batch.hits[0, : batch.state.hit_count[0]].copy())
    assert max(spins) > 0.3  # its front is pushed to the right
    assert (me[[Actor.X, Actor.Y]] - place) @ right > 0.5
    assert me[Actor.SLIDE_X] == me[Actor.SLIDE_Y] == me[Actor.YAW_RATE] == 0.0
    assert count == 0  # what hits a standing ego is not its fault
    assert len(rows) == 1
    assert rows[0][Hit.FAULT] == 0


@settings(max_examples=40)
@given(
    st.floats(0, 25), st.floats(-0.6, 0.6), st.floats(3.0, 9.0), st.floats(-2.5, 2.5),
    st.floats(-math.pi, math.pi), st.floats(-15, 15), st.floats(-15, 15), st.floats(-2, 2),
    st.sampled_from([Kind.CAR, Kind.WALKER, Kind.PROP, Kind.BICYCLE]),
)  # fmt: skip
def test_energy_never_appears_from_nowhere(
    rivertown: Town, river_routes: RouteSet, speed: float, steer: float, ahead: float,
    aside: float, yaw: float, vx: float, vy: float, spin: float, kind: Kind,
) -> None:  # fmt: skip
    batch = make(rivertown, river_routes)
    me = batch.actors[0, 0]
    put(batch, 1, ahead, kind, slide_x=vx, slide_y=vy, yaw=yaw, yaw_rate=spin)
    put(batch, 2, ahead + 5.0)
    other = batch.actors[0, 1]
    other[Actor.X] -= aside * math.sin(me[Actor.YAW])
    other[Actor.Y] += aside * math.cos(me[Actor.YAW])
    me[Actor.SPEED] = speed
    batch.step(np.array([[0, 0.2, steer]], np.float32), ticks=1)
    before = energy(batch)
    for _ in range(40):
        batch.step(np.array([[0, 0.2, steer]], np.float32), ticks=1)
        now = energy(batch)
        # Turning the wheels in adds the energy of yawing, which the tyres take from the speed.
        yawing = 0.5 * 12.0**-1 * 1750 * (4.9**2 + 1.84**2) * float(me[Actor.YAW_RATE]) ** 2
        assert now <= before * (1 + 1e-5) + yawing + 1.0
        before = now
    assert np.isfinite(batch.actors).all()
    assert (batch.actors[0, 1:3, Actor.ALIVE] == 1.0).all()


def test_a_wall_stops_the_ego_and_is_told_by_its_box(
    rivertown: Town, river_routes: RouteSet
) -> None:
    batch = make(rivertown, river_routes)
    me = batch.actors[0, 0]
    yaw = float(me[Actor.YAW])
    ahead = me[[Actor.X, Actor.Y]] + 8.0 * np.array([math.cos(yaw), math.sin(yaw)])
    wall_in(batch, [*ahead, yaw, 0.3, 12.0, me[Actor.Z], me[Actor.Z] + 9.0])
    me[Actor.SPEED] = 20.0  # a metre in each tick, through a wall of 0.3 m
    rows = []
    for _ in range(40):
        batch.step(STAND)
        rows += list(batch.hits[0, : batch.state.hit_count[0]].copy())
    assert len(rows) == 1
    assert rows[0][Hit.ACTOR] == -1  # box 0
    assert rows[0][Hit.KIND] == Prop.WALL
    front = (me[[Actor.X, Actor.Y]] - ahead) @ np.array([math.cos(yaw), math.sin(yaw)])
    assert front + 0.5 * me[Actor.LENGTH] <= 0.0
    assert abs(me[Actor.SPEED]) < 2.5


@pytest.mark.parametrize(("flaws", "crashed"), [(0, False), (Flaw.LATE_BRAKE, True)])
def test_careless_traffic_crashes_into_who_stands_before_it(
    rivertown: Town, river_routes: RouteSet, flaws: int, crashed: bool
) -> None:
    batch = make(rivertown, river_routes)
    network = rivertown.network
    streets = (network.lane_type == LaneType.DRIVING) & (network.lane_junction < 0)
    lane = int(np.flatnonzero(streets & (network.lane_length > 40))[0])
    points = network.lane_points(lane)
    for slot, s, speed in ((1, 20.0, 9.0), (2, 24.2, 0.0)):
        put(batch, slot, 0.0, mover=Mover.TRAFFIC, lane=lane, s=s, speed=speed, lateral=0.0)
        batch.actors[0, slot, Actor.LENGTH] = 4.5
        batch.actors[0, slot, Actor.NEXT_LANE] = -1.0
        batch.actors[0, slot, Actor.FLAWS] = flaws if slot == 1 else 0
        near = points[np.abs(points[:, Point.S] - s).argmin()]
        batch.actors[0, slot, [Actor.X, Actor.Y, Actor.Z, Actor.YAW]] = near[
            [Point.X, Point.Y, Point.Z, Point.YAW]
        ]
    # The ego looks on from beside the road: traffic that is far from it is taken elsewhere.
    batch.actors[0, 0, [Actor.X, Actor.Y]] = points[0, [Point.X, Point.Y]] + np.float32(35.0)
    batch.step(STAND, ticks=3)
    assert (batch.actors[0, 2, Actor.MOVER] == Mover.LOOSE) == crashed
    assert (batch.actors[0, 1, Actor.MOVER] == Mover.LOOSE) == crashed
    assert (
        batch.events.sum()
        == batch.events[0, Event.OFF_ROAD] + batch.events[0, Event.ROUTE_DEVIATION]
    )
