from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.sim.errors import RouteError
from roadworthy.sim.road.network import LaneType, Point, RoadNetwork
from roadworthy.sim.road.route import Route, RoutePoint
from roadworthy.sim.road.route_files import read_routes
from roadworthy.sim.road.routing import nearest_point, plan_route, random_routes
from roadworthy.sim.road.towns import load_network_of

Towns = Callable[[str], RoadNetwork]
RIVERTOWN = load_network_of("Rivertown")


def nearest(
    network: RoadNetwork, x: float, y: float, yaw: float = np.nan, angle: float = 1.0
) -> int:
    return int(
        nearest_point(
            x, y, yaw, angle, network.points, network.cell, network.grid_origin,
            network.grid_shape, network.grid_start, network.grid_point,
        )
    )  # fmt: skip


def check_drivable(route: Route, network: RoadNetwork) -> None:
    points = route.points.astype(float)
    steps = np.diff(points[:, RoutePoint.S])
    assert steps.min() > 0.9
    assert steps.max() < 1.01
    assert np.hypot(*np.diff(points[:, :2], axis=0).T).max() < 1.01
    assert np.abs(np.diff(points[:, RoutePoint.YAW])).max() < 0.4
    lanes = points[:, RoutePoint.LANE].astype(int)
    assert (network.lane_type[lanes] == LaneType.DRIVING).all()
    assert (points[:, RoutePoint.LANE_S] <= network.lane_length[lanes] + 1e-3).all()
    for before, after in pairwise(lanes):
        if before != after:
            following = network.successors[
                network.successor_start[before] : network.successor_start[before + 1]
            ]
            beside = (network.lane_left[before], network.lane_right[before])
            short = {
                int(x)
                for f in following
                for x in network.successors[
                    network.successor_start[f] : network.successor_start[f + 1]
                ]
                if network.lane_length[f] < 1.1
            }
            assert after in {*following.tolist(), *beside, *short}


def test_the_leaderboards_routes_can_be_planned(data: Path, real_town: Towns) -> None:
    specs = read_routes(data / "routes" / "longest6_town01-03.xml")
    specs += read_routes(data / "routes" / "routes_town10.xml")
    for spec in specs:
        network = real_town(spec.town)
        route = plan_route(network, spec.waypoints, id=spec.id, yaws=spec.yaws)
        check_drivable(route, network)
        direct = np.linalg.norm(np.diff(spec.waypoints[:, :2], axis=0), axis=1).sum()
        assert direct * 0.95 < route.length < direct * 1.6
        assert np.hypot(*(route.points[0, :2] - spec.waypoints[0, :2])) < 2.0
        assert np.hypot(*(route.points[-1, :2] - spec.waypoints[-1, :2])) < 4.0


@pytest.mark.parametrize("town", ["Town03", "Town04"])
def test_random_routes_of_towns_with_many_lanes_are_drivable(town: str, real_town: Towns) -> None:
    network = real_town(town)
    for route in random_routes(network, 30, 1):
        check_drivable(route, network)


def test_random_routes_keep_their_length_and_their_seed() -> None:
    routes = random_routes(RIVERTOWN, 20, 4, min_length=200, max_length=400)
    for route in routes:
        check_drivable(route, RIVERTOWN)
        assert 200 <= route.length <= 400
    again = random_routes(RIVERTOWN, 5, 4, min_length=200, max_length=400)
    for a, b in zip(routes, again, strict=False):
        assert a.points.tobytes() == b.points.tobytes()
    other = random_routes(RIVERTOWN, 1, 5, min_length=200, max_length=400)[0]
    assert other.points.tobytes() != routes[0].points.tobytes()


def test_random_routes_that_nobody_could_drive_are_refused_at_once() -> None:
    for longest in (1e20, float("inf"), float("nan")):
        with pytest.raises(RouteError, match="100 km"):
            random_routes(RIVERTOWN, 1, 4, min_length=200, max_length=longest)


def test_random_routes_turn_both_ways_and_go_straight() -> None:
    turned = []
    for route in random_routes(RIVERTOWN, 20, 0):
        lanes = route.points[:, RoutePoint.LANE].astype(int)
        inside = RIVERTOWN.lane_junction[lanes] >= 0
        for lane in set(lanes[inside].tolist()):
            yaw = RIVERTOWN.lane_points(lane)[:, Point.YAW]
            turned.append(int(np.sign(round(float(yaw[-1] - yaw[0])))))
    for kind in (-1, 0, 1):
        assert turned.count(kind) > 5


def test_a_route_back_to_where_it_began_goes_round_the_block() -> None:
    first = random_routes(RIVERTOWN, 1, 2)[0].points[0]
    lane = int(first[RoutePoint.LANE])
    ahead = RIVERTOWN.lane_points(lane)
    waypoints = np.stack([ahead[len(ahead) // 2, :3], ahead[len(ahead) // 4, :3]])
    route = plan_route(RIVERTOWN, waypoints)
    check_drivable(route, RIVERTOWN)
    assert route.length > 150


def test_waypoints_beside_a_lane_are_drawn_onto_it() -> None:
    points = random_routes(RIVERTOWN, 1, 8)[0].points.astype(float)
    yaw = points[[20, 120], RoutePoint.YAW]
    aside = points[[20, 120], :3]
    aside[:, 0] -= np.sin(yaw) * 3.0
    aside[:, 1] += np.cos(yaw) * 3.0  # on the sidewalk
    route = plan_route(RIVERTOWN, aside)
    assert route.length == pytest.approx(100, abs=3)


def test_a_lane_change_is_spread_over_its_length(real_town: Towns) -> None:
    network = real_town("Town04")
    long = (network.lane_length > 60) & (network.lane_right >= 0) & network.lane_change_right
    straight = [
        lane
        for lane in np.nonzero(long)[0]
        if np.abs(network.lane_points(int(lane))[:, Point.CURVATURE]).max() < 1e-3
    ]
    lane = int(straight[0])
    right = int(network.lane_right[lane])
    begin, end = network.lane_points(lane)[5], network.lane_points(right)[-5]
    route = plan_route(network, np.stack([begin[:3], end[:3]]))
    check_drivable(route, network)
    assert [*dict.fromkeys(route.points[:, RoutePoint.LANE].astype(int))] == [lane, right]
    yaw = network.points[network.lane_start[lane], Point.YAW]
    assert np.abs(np.sin(route.points[:, RoutePoint.YAW] - yaw)).max() < 0.3
    assert np.abs(route.points[:, RoutePoint.CURVATURE]).max() < 0.06


def test_a_waypoint_off_the_map_is_named_with_its_distance() -> None:
    points = random_routes(RIVERTOWN, 1, 0)[0].points[[0, 50], :3].copy()
    points[1] = (2000.0, 0.0, 0.0)
    with pytest.raises(RouteError, match=r"route r7: waypoint 1 \(x=2000\.0, y=0\.0\) is \d+ m"):
        plan_route(RIVERTOWN, points, id="r7")


@pytest.mark.parametrize("far", [1e200, -1e308])
def test_a_waypoint_at_the_end_of_numbers_is_named(far: float) -> None:
    points = random_routes(RIVERTOWN, 1, 0)[0].points[[0, 50], :3].astype(np.float64)
    points[1, 0] = far
    with pytest.raises(RouteError, match="route r7: waypoint 1"):
        plan_route(RIVERTOWN, points, id="r7")


def test_unreachable_waypoints_are_named(data: Path) -> None:
    from roadworthy.sim.road.compile import compile_xodr

    network = compile_xodr(data / "maps" / "hostile" / "Issue274.xodr")
    ends = np.stack([network.lane_points(0)[-1, :3], network.lane_points(0)[0, :3]])
    with pytest.raises(RouteError, match="no way in Issue274 from waypoint 0"):
        plan_route(network, ends, yaws=[network.points[0, 3]] * 2)


def test_too_few_or_broken_waypoints_are_refused() -> None:
    for waypoints in ([[0.0, 0.0]], [[0.0, np.nan], [1.0, 1.0]], [[1.0, 2.0, 3.0, 4.0]] * 2):
        with pytest.raises(RouteError):
            plan_route(RIVERTOWN, waypoints)


def test_waypoints_on_one_spot_are_refused() -> None:
    point = RIVERTOWN.points[0, :3]
    with pytest.raises(RouteError, match="within"):
        plan_route(RIVERTOWN, np.stack([point, point]))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.floats(-5, 5), st.floats(-5, 5))
def test_the_nearest_point_is_the_nearest(index: int, dx: float, dy: float) -> None:
    driving = np.nonzero(RIVERTOWN.lane_type[RIVERTOWN.point_lane] == LaneType.DRIVING)[0]
    near = RIVERTOWN.points[driving[index % len(driving)]].astype(float)
    x, y = near[Point.X] + dx, near[Point.Y] + dy
    distance = np.hypot(*(RIVERTOWN.points[driving, :2].astype(float) - (x, y)).T)
    found = nearest(RIVERTOWN, x, y)
    if distance.min() < RIVERTOWN.cell:
        assert np.hypot(*(RIVERTOWN.points[found, :2] - (x, y))) == pytest.approx(
            distance.min(), abs=1e-3
        )
    if found >= 0:
        assert RIVERTOWN.lane_type[RIVERTOWN.point_lane[found]] == LaneType.DRIVING


def test_the_nearest_point_heeds_the_heading() -> None:
    x, y, _, yaw = RIVERTOWN.points[10, :4].astype(float)
    same, opposite = nearest(RIVERTOWN, x, y, yaw), nearest(RIVERTOWN, x, y, yaw + np.pi)
    assert np.cos(RIVERTOWN.points[same, Point.YAW] - yaw) > 0.5
    assert np.cos(RIVERTOWN.points[opposite, Point.YAW] - yaw) < -0.5


def test_far_from_every_lane_there_is_no_nearest_point() -> None:
    assert nearest(RIVERTOWN, 1e5, 1e5) == -1
    assert nearest(RIVERTOWN, -1e5, 3.0) == -1
