"""What the witness sees of a world: who is ahead, where the corners are, what the events do."""

from __future__ import annotations

import math

import numpy as np
import pytest

from roadworthy.agents.evaluation.sight import Sight
from roadworthy.agents.evaluation.witness import Witness
from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.road.route import Route, RoutePoint, RouteSet
from roadworthy.sim.road.routing import random_routes
from roadworthy.sim.road.towns import load_town
from roadworthy.sim.scenario.kinds import EventKind
from roadworthy.sim.scenario.place import place_events
from roadworthy.sim.town import Town
from roadworthy.sim.world.batch import BatchWorld
from roadworthy.sim.world.columns import Actor, Event, Kind, Mover
from roadworthy.sim.world.settings import WorldSettings

FEW = WorldSettings(vehicles=3, walkers=1)


@pytest.fixture(scope="module")
def town() -> Town:
    return load_town("Rivertown")


@pytest.fixture(scope="module")
def routes(town: Town) -> list[Route]:
    return random_routes(town.network, 8, 5)


@pytest.fixture
def worlds(town: Town, routes: list[Route]) -> BatchWorld:
    """A world whose ego stands at the beginning of its route, alone."""
    batch = BatchWorld(town, RouteSet.of(routes[:1]), 1, settings=FEW, threads=1)
    batch.actors[0, 1:, Actor.ALIVE] = 0.0
    return batch


def seen(worlds: BatchWorld) -> dict[Sight, float]:
    witness = Witness(worlds)
    witness.look()
    return {column: float(witness.sight[0, column]) for column in Sight}


def someone(
    worlds: BatchWorld,
    ahead: float,
    aside: float = 0.0,
    speed: float = 0.0,
    turn: float = 0.0,
    slot: int = 1,
) -> None:
    """Put a car of 4 m by 2 m somewhere as seen from the ego."""
    me, other = worlds.actors[0, 0], worlds.actors[0, slot]
    c, s = math.cos(me[Actor.YAW]), math.sin(me[Actor.YAW])
    other[:] = 0.0
    other[Actor.X] = me[Actor.X] + c * ahead - s * aside
    other[Actor.Y] = me[Actor.Y] + s * ahead + c * aside
    other[Actor.Z], other[Actor.YAW] = me[Actor.Z], me[Actor.YAW] + turn
    other[Actor.LENGTH], other[Actor.WIDTH], other[Actor.ALIVE] = 4.0, 2.0, 1.0
    other[Actor.SPEED], other[Actor.KIND], other[Actor.MOVER] = speed, Kind.CAR, Mover.TRAFFIC


def test_the_mean_speed_is_that_of_the_traffic_alone(worlds: BatchWorld) -> None:
    assert math.isnan(seen(worlds)[Sight.TRAFFIC])
    someone(worlds, 40.0, speed=4.0, slot=1)
    someone(worlds, 60.0, speed=8.0, slot=2)
    assert seen(worlds)[Sight.TRAFFIC] == 6.0
    worlds.actors[0, 2, Actor.MOVER] = Mover.LOOSE
    assert seen(worlds)[Sight.TRAFFIC] == 4.0


@pytest.mark.parametrize(
    ("gap", "own", "its", "closing"),
    [
        (8.9, 10.0, 0.0, 1),  # 0.9 s are 9 m
        (9.1, 10.0, 0.0, 0),
        (4.0, 10.0, 6.0, 0),  # it drives on: 3.6 m are lost
        (3.5, 10.0, 6.0, 1),
        (17.0, 10.0, -10.0, 1),  # it comes
        (1.0, 0.004, -10.0, 0),  # who stands collides with nobody
    ],
)
def test_closing_is_within_nine_tenths_of_a_second(
    worlds: BatchWorld, gap: float, own: float, its: float, closing: int
) -> None:
    me = worlds.actors[0, 0]
    me[Actor.SPEED] = own
    someone(worlds, gap + 0.5 * float(me[Actor.LENGTH]) + 2.0, speed=its)
    assert seen(worlds)[Sight.CLOSING] == closing


def test_who_is_beside_or_behind_is_not_the_egos_to_avoid(worlds: BatchWorld) -> None:
    worlds.actors[0, 0, Actor.SPEED] = 10.0
    someone(worlds, 8.0, aside=3.5)
    assert seen(worlds)[Sight.CLOSING] == 0
    someone(worlds, -8.0, speed=30.0)
    assert seen(worlds)[Sight.CLOSING] == 0
    someone(worlds, 6.0, aside=8.0, speed=9.0, turn=-0.5 * math.pi)
    assert seen(worlds)[Sight.CLOSING] == 1  # it crosses


def test_what_slides_is_seen_where_it_slides_to(worlds: BatchWorld) -> None:
    me = worlds.actors[0, 0]
    me[Actor.SPEED] = 10.0
    someone(worlds, 16.0 + 0.5 * float(me[Actor.LENGTH]))
    worlds.actors[0, 1, Actor.MOVER] = Mover.LOOSE
    assert seen(worlds)[Sight.CLOSING] == 0
    c, s = math.cos(me[Actor.YAW]), math.sin(me[Actor.YAW])
    worlds.actors[0, 1, Actor.SLIDE_X], worlds.actors[0, 1, Actor.SLIDE_Y] = -9.0 * c, -9.0 * s
    assert seen(worlds)[Sight.CLOSING] == 1


def straight_edge(worlds: BatchWorld) -> tuple[float, float]:
    """A place on the route with no lane at its right, and half the lane's width there."""
    points = worlds.routes.routes[0].points
    network = worlds.network
    for i in range(15, len(points) - 15):
        lane = int(points[i, RoutePoint.LANE])
        plain = network.lane_junction[lane] < 0 and network.lane_right[lane] < 0
        if plain and np.abs(points[i - 8 : i + 8, RoutePoint.CURVATURE]).max() < 1e-3:
            return float(points[i, RoutePoint.S]), 0.5 * float(points[i, RoutePoint.WIDTH])
    pytest.fail("no such place")


@pytest.mark.parametrize(("beyond", "on_road"), [(0.2, 1), (0.4, 0)])
def test_no_corner_may_leave_the_lane_by_over_30_cm(
    worlds: BatchWorld, beyond: float, on_road: int
) -> None:
    s, half = straight_edge(worlds)
    points = worlds.routes.routes[0].points
    x, y, z, yaw = (float(np.interp(s, points[:, RoutePoint.S], points[:, c])) for c in range(4))
    aside = half - 0.5 * float(worlds.actors[0, 0, Actor.WIDTH]) + beyond
    place = x - math.sin(yaw) * aside, y + math.cos(yaw) * aside, z, yaw
    worlds.place_ego(0, place, 0.0)
    worlds.step(np.array([[0.0, 1.0, 0.0]], np.float32), 1)
    assert seen(worlds)[Sight.ON_ROAD] == on_road


def test_the_lanes_beside_are_road_too(worlds: BatchWorld) -> None:
    s, half = straight_edge(worlds)
    points = worlds.routes.routes[0].points
    x, y, z, yaw = (float(np.interp(s, points[:, RoutePoint.S], points[:, c])) for c in range(4))
    place = x + math.sin(yaw) * half, y - math.cos(yaw) * half, z, yaw  # on the middle line
    worlds.place_ego(0, place, 0.0)
    worlds.step(np.array([[0.0, 1.0, 0.0]], np.float32), 1)
    assert seen(worlds)[Sight.ON_ROAD] == 1


def first_junction(route: Route, network: RoadNetwork) -> float | None:
    """Where the first junction ends, point by point."""
    entered = False
    before = True  # as if it began in one
    for point in route.points:
        within = network.lane_junction[int(point[RoutePoint.LANE])] >= 0
        if entered and not within:
            return float(point[RoutePoint.S])
        entered = entered or (within and not before)
        before = within
    return float(route.points[-1, RoutePoint.S]) if entered else None


def test_a_course_knows_the_route_its_lines_and_its_first_junction(
    town: Town, routes: list[Route]
) -> None:
    batch = BatchWorld(town, RouteSet.of(routes), len(routes), settings=FEW, threads=1)
    batch.reset(routes=np.arange(len(routes)))
    witness = Witness(batch)
    lines = 0
    for w, route in enumerate(routes):
        course = witness.course(w)
        assert course.route is route
        assert course.first_junction == first_junction(route, town.network)
        for line in course.lines:
            assert course.signal_near(line.s, line.light) == line.signal
            assert 0.0 <= line.s <= route.length + 5.0
        lines += len(course.lines)
    assert lines > 0
    assert course.signal_near(0.0, False) is None or any(not line.light for line in course.lines)


def test_events_are_known_by_kind_and_an_emergency_vehicle_by_its_row(
    town: Town, routes: list[Route]
) -> None:
    kind = EventKind.YIELD_TO_EMERGENCY_VEHICLE
    for route in routes:
        if route.length > 350.0:
            events = place_events(town.network, route, [kind], 1)
            break
    batch = BatchWorld(town, RouteSet.of([route]), 1, settings=FEW, threads=1, events=[events])
    witness = Witness(batch)
    course = witness.course(0)
    assert course.stages == (kind.value,)
    (one,) = course.emergencies
    assert (one.event, one.wanted) == (0, 14.0)
    tally = witness.tally(0)
    batch.place_ego(0, pose_at(route, events[0].s + 1.0), 5.0)
    appeared = False
    for _ in range(30):
        batch.step(np.array([[0.3, 0.0, 0.0]], np.float32))
        witness.look()
        step = witness.step(0)
        tally.note(step)
        appeared |= bool(step.actors[one.actor, Actor.ALIVE])
    assert appeared
    assert witness.sight[0, Sight.STAGE_CLOCK] == pytest.approx(3.0, abs=0.3)


def pose_at(route: Route, s: float) -> tuple[float, float, float, float]:
    points = route.points
    x, y, z, yaw = (float(np.interp(s, points[:, RoutePoint.S], points[:, c])) for c in range(4))
    return x, y, z, yaw


def test_only_the_worlds_asked_for_are_looked_at(town: Town, routes: list[Route]) -> None:
    batch = BatchWorld(town, RouteSet.of(routes[:2]), 2, settings=FEW, threads=1)
    witness = Witness(batch)
    witness.sight[:] = -1.0
    witness.look(np.array([False, True]))
    assert (witness.sight[0] == -1.0).all()
    assert (witness.sight[1] != -1.0).all()
    assert batch.events.shape[1] == len(Event)
