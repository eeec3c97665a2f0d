"""The geometry that the planner's parts share, against cases computed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from roadworthy.perception.scene import EgoCol, RouteCol, UserClass
from roadworthy.planning.corridor import POINTS, STEP, Line, curve_speed, project, trace
from roadworthy.planning.threats import (
    FAR,
    Relation,
    Threat,
    arrival,
    relate,
    summarise,
)

from .conftest import add_user, make_scene


def line_of(scene):
    line = np.empty((len(Line), POINTS))
    trace(scene.route, scene.ego, np.empty((5, 13)), line)
    return line


def relations(scene):
    line = line_of(scene)
    rel, threat = np.zeros((24, len(Relation))), np.zeros(len(Threat))
    relate(scene.users, scene.valid, scene.ego, line, rel)
    summarise(scene.users, scene.valid, scene.ego, rel, threat)
    return rel, threat


def test_the_line_of_a_straight_route_begins_beside_the_ego():
    line = line_of(make_scene(lateral=0.5))
    assert line[Line.X, :] == pytest.approx(np.arange(POINTS) * STEP, abs=1e-4)
    assert line[Line.Y, :] == pytest.approx(-0.5, abs=1e-5)
    assert line[Line.CURVATURE, :] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("curvature", [0.1, -0.1, 0.03])
def test_the_line_of_a_circle_stays_on_it_between_the_rows(curvature: float):
    line = line_of(make_scene(curvature=curvature))
    radius = np.hypot(line[Line.X, :], line[Line.Y, :] - 1 / curvature)
    # The rows are 10 m apart from 30 m on, 57 degrees of the tightest circle.
    assert radius == pytest.approx(abs(1 / curvature), abs=0.05)
    assert line[Line.CURVATURE, 1:-1] == pytest.approx(curvature, rel=0.06)


def test_a_sharp_corner_has_the_curvature_of_its_turn():
    # 90 degrees within a stretch of 5 m: sines of the turns leave the arcsine's series.
    scene = make_scene()
    corner = scene.route[:, RouteCol.X] > 12.0
    beyond = scene.route[corner, RouteCol.X] - 12.0
    scene.route[corner, RouteCol.X], scene.route[corner, RouteCol.Y] = 12.0, beyond
    scene.route[corner, RouteCol.COS], scene.route[corner, RouteCol.SIN] = 0.0, 1.0
    line = line_of(scene)
    heading = np.unwrap(np.arctan2(line[Line.TY], line[Line.TX]))
    turn = np.gradient(heading, STEP)
    assert np.abs(turn).max() > np.arcsin(0.5) / (2 * STEP)
    assert line[Line.CURVATURE] == pytest.approx(turn, abs=2e-5)


def test_the_line_goes_straight_on_where_the_route_ends():
    scene = make_scene()
    scene.route[4:, :] = scene.route[4, :]  # ends at 12.5 m
    scene.route[4:, RouteCol.COS] = 1.0
    line = line_of(scene)
    assert line[Line.X, :] == pytest.approx(np.arange(POINTS) * STEP, abs=0.01)


def test_a_point_is_projected_with_its_side():
    line = line_of(make_scene())
    s, lateral, _ = project(line, 17.0, 2.0)
    assert (s, lateral) == pytest.approx((17.0, 2.0), abs=1e-5)
    s, lateral, _ = project(line, -4.0, -1.0)
    assert (s, lateral) == pytest.approx((-4.0, -1.0), abs=1e-5)


def test_a_point_beside_a_circle_has_the_radius_as_lateral():
    line = line_of(make_scene(curvature=0.05))
    # 0.5 rad along a circle of 20 m radius, 3 m outside, which is to the left.
    s, lateral, _ = project(line, 23.0 * np.sin(0.5), 20.0 - 23.0 * np.cos(0.5))
    assert s == pytest.approx(10.0, abs=0.1)
    assert lateral == pytest.approx(-3.0, abs=0.05)


def test_speed_before_a_bend_leaves_room_to_brake():
    # A limit of 5 m/s that begins at 20 m: sqrt(25 + 2 * 1.6 * 18.5) = 9.17.
    scene = make_scene()
    scene.route[6:, RouteCol.SPEED_LIMIT] = 5.0
    allowed = curve_speed(line_of(scene), 8.0, 2.5, 1.6)
    assert 8.0 < allowed < 9.3


def test_a_leader_is_measured_from_bumper_to_bumper():
    scene = make_scene(8.0)
    add_user(scene, 20.0, 0.3, vx=5.0)
    _, threat = relations(scene)
    assert threat[Threat.LEADER] == 1.0
    assert threat[Threat.GAP] == pytest.approx(20.0 - 2.45 - 2.3, abs=0.02)
    assert threat[Threat.LEADER_SPEED] == pytest.approx(5.0)


def test_users_beside_or_behind_are_no_leaders():
    scene = make_scene(8.0)
    add_user(scene, 20.0, 3.4)
    add_user(scene, -8.0, 0.0, vx=10.0)
    _, threat = relations(scene)
    assert threat[Threat.LEADER] == 0.0
    assert threat[Threat.GAP] == FAR


def test_a_crossing_user_enters_when_its_front_reaches_the_strip():
    scene = make_scene(8.0)
    add_user(scene, 20.0, -12.0, vy=6.0, yaw=np.pi / 2)
    rel, threat = relations(scene)
    # Half the strip is 0.95 + 0.3 m, its half length 2.3 m: (12 - 1.25 - 2.3) / 6 s.
    assert rel[0, Relation.T_IN] == pytest.approx(8.45 / 6.0, abs=0.02)
    assert rel[0, Relation.T_OUT] == pytest.approx(15.55 / 6.0, abs=0.02)
    assert threat[Threat.CROSSING] == 1.0


def test_somebody_cutting_in_becomes_the_leader_before_he_is_there():
    scene = make_scene(8.0)
    add_user(scene, 15.0, 3.2, vx=7.0, vy=-1.6, yaw=-0.22)
    _, threat = relations(scene)
    assert threat[Threat.LEADER] == 1.0


def test_a_walker_keeps_the_larger_margin():
    for lateral, expected in ((1.8, 1.0), (2.2, 0.0)):
        scene = make_scene(8.0)
        add_user(scene, 12.0, lateral, kind=UserClass.WALKER)
        assert relations(scene)[1][Threat.LEADER] == expected


def test_arrival_is_the_time_with_one_metre_per_second_squared():
    # 8 t + t^2 / 2 = 10.
    assert arrival(10.0, 8.0) == pytest.approx(np.sqrt(84.0) - 8.0)
    assert arrival(-1.0, 8.0) == 0.0


def test_heading_and_offset_of_the_ego_turn_the_line():
    scene = make_scene(lateral=-1.0, heading=0.2)
    line = line_of(scene)
    assert line[Line.X, 0] == pytest.approx(np.sin(0.2), abs=1e-5)
    assert line[Line.Y, 0] == pytest.approx(np.cos(0.2), abs=1e-5)
    assert scene.ego[EgoCol.HEADING] == np.float32(0.2)
