"""The pieces that scenarios are played with: edges, shapes, distances, the sun, the roads."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.sim.openscenario.conditions import compare
from roadworthy.sim.openscenario.distances import between, distance
from roadworthy.sim.openscenario.environment import sun_position
from roadworthy.sim.openscenario.reading import Node
from roadworthy.sim.openscenario.roads import LanePlace, Pose, RoadFrame
from roadworthy.sim.openscenario.spans import spans_of_file
from roadworthy.sim.openscenario.stage import Stage
from roadworthy.sim.openscenario.track import Track
from roadworthy.sim.openscenario.transition import share, time_of_accel, time_of_rate
from roadworthy.sim.openscenario.triggers import Trigger, Watch
from roadworthy.sim.physics.boxes import boxes_overlap
from roadworthy.sim.road.towns import find_map, load_network_of

SHAPES = ("linear", "cubic", "sinusoidal")


def watch(edge: str, delay: float = 0.0, rule: str = "greaterThan", value: str = "1.0") -> Watch:
    time = Node("SimulationTimeCondition", {"value": value, "rule": rule}, (), "f", 1)
    by_value = Node("ByValueCondition", {}, (time,), "f", 1)
    attributes = {"name": "c", "delay": str(delay), "conditionEdge": edge}
    return Watch(Node("Condition", attributes, (by_value,), "f", 1), True)


def first_met(looked: Watch, times: list[float]) -> float | None:
    for time in times:
        if looked.look(cast(Stage, SimpleNamespace(time=time, dt=0.5))):
            return time
    return None


TIMES = [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0]


@pytest.mark.parametrize(
    ("edge", "rule", "met"),
    [
        ("none", "greaterThan", 1.5),
        ("rising", "greaterThan", 1.5),
        ("falling", "lessThan", 1.0),
        ("risingOrFalling", "greaterThan", 1.5),
        ("rising", "lessThan", 0.0),  # true when first looked at counts as rising
        ("falling", "greaterThan", None),
        ("rising", "equalTo", 1.0),
    ],
)
def test_edges(edge: str, rule: str, met: float | None) -> None:
    assert first_met(watch(edge, rule=rule), TIMES) == met


def test_a_delay_counts_from_the_edge_and_what_was_met_stays_met() -> None:
    assert first_met(watch("rising", 1.0), TIMES) == 2.5
    kept = watch("none", rule="equalTo")
    assert first_met(kept, TIMES) == 1.0
    assert kept.look(cast(Stage, SimpleNamespace(time=3.0, dt=0.5)))
    kept.reset()
    assert not kept.met


def test_a_trigger_without_conditions_never_fires() -> None:
    trigger = Trigger(Node("StopTrigger", {}, (), "f", 1), True)
    assert trigger.empty
    assert not trigger.fires(cast(Stage, SimpleNamespace(time=1.0, dt=0.5)))


@given(st.floats(-10, 10), st.floats(-10, 10))
def test_rules_come_in_pairs(a: float, b: float) -> None:
    assert compare("equalTo", a, b) != compare("notEqualTo", a, b)
    assert compare("greaterThan", a, b) != compare("lessOrEqual", a, b)
    assert compare("lessThan", a, b) != compare("greaterOrEqual", a, b)


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_rise_from_nothing_to_all_with_the_slope_they_claim(shape: str) -> None:
    ways = np.linspace(0.0, 1.0, 2001)
    done = np.array([share(shape, float(w)) for w in ways])
    assert done[0] == 0.0
    assert done[-1] == 1.0
    assert (np.diff(done) >= 0.0).all()
    slope = np.diff(done) / np.diff(ways)
    # Changing by 6 at 3 per second at most.
    lasts = time_of_rate(shape, 6.0, 3.0)
    assert 6.0 * slope.max() / lasts == pytest.approx(3.0, rel=1e-3)
    if shape != "linear":
        bend = np.diff(slope) / np.diff(ways)[1:]
        lasts = time_of_accel(shape, 2.0, 1.5)
        assert 2.0 * np.abs(bend).max() / lasts**2 == pytest.approx(1.5, rel=1e-2)


boxes = st.tuples(st.floats(-8, 8), st.floats(-8, 8), st.floats(-4, 4))
sizes = st.tuples(st.floats(0.5, 5), st.floats(0.5, 3))


@given(boxes, sizes, boxes, sizes)
def test_boxes_are_apart_exactly_where_they_do_not_overlap(
    a: tuple[float, float, float],
    a_size: tuple[float, float],
    b: tuple[float, float, float],
    b_size: tuple[float, float],
) -> None:
    one, two = Pose(a[0], a[1], 0.0, a[2]), Pose(b[0], b[1], 0.0, b[2])
    away = between(one, a_size, two, b_size)
    assert away == pytest.approx(between(two, b_size, one, a_size), abs=1e-9)
    assert away <= math.hypot(a[0] - b[0], a[1] - b[1]) + 1e-9
    if away > 1e-6:
        assert not boxes_overlap(*a, *a_size, *b, *b_size)
    else:
        grown = (a_size[0] + 0.01, a_size[1] + 0.01)
        assert boxes_overlap(*a, *grown, *b, *b_size)


def test_distances_by_hand() -> None:
    here, there = Pose(0.0, 0.0, 0.0, math.pi / 2), Pose(3.0, 10.0, 0.0, math.pi / 2)
    car = (4.0, 2.0)
    assert distance("cartesianDistance", here, car, there, car, False) == pytest.approx(
        math.hypot(3.0, 10.0)
    )
    assert distance("longitudinal", here, car, there, car, False) == pytest.approx(10.0)
    assert distance("longitudinal", here, car, there, car, True) == pytest.approx(6.0)
    assert distance("lateral", here, car, there, car, False) == pytest.approx(3.0)
    assert distance("lateral", here, car, there, car, True) == pytest.approx(1.0)
    assert distance("euclidianDistance", here, car, there, car, True) == pytest.approx(
        math.hypot(1.0, 6.0)
    )


@pytest.mark.parametrize(
    ("moment", "latitude", "longitude", "altitude", "azimuth"),
    [
        # Solar noon at the solstice of 2024, 20 June: 90 - 51.48 + 23.44 degrees, in the south.
        (datetime(2024, 6, 20, 12, 1, 40, tzinfo=UTC), 51.48, 0.0, 61.96, 180.0),
        # The equinox of 20 March 2024, 03:06 UTC: the sun stands on the equator; solar noon there
        # at 12 h - 7.4 min (equation of time) is at longitude 135.35 east.
        (datetime(2024, 3, 20, 3, 6, tzinfo=UTC), 0.0, 135.35, 90.0, None),
        (datetime(2024, 12, 21, 0, 0, tzinfo=UTC), 51.48, 0.0, -61.9, 0.0),
    ],
)
def test_the_sun_stands_where_it_should(
    moment: datetime, latitude: float, longitude: float, altitude: float, azimuth: float | None
) -> None:
    high, round_about = sun_position(moment, latitude, longitude)
    assert high == pytest.approx(altitude, abs=0.15)
    if azimuth is not None:
        assert abs(math.remainder(round_about - azimuth, 360.0)) < 1.0


@pytest.fixture(scope="module")
def frame() -> RoadFrame:
    network = load_network_of("Rivertown")
    source = find_map("Rivertown").with_suffix(".xodr")
    return RoadFrame(network, lambda: spans_of_file(source, "Rivertown"))


def test_places_on_roads_are_found_again(frame: RoadFrame) -> None:
    network = frame.network
    rng, checked = np.random.default_rng(3), 0
    outside = np.flatnonzero((network.lane_type == 0) & (network.lane_junction < 0))
    for lane in rng.choice(outside, 40):
        s = float(rng.uniform(0.1, 0.9)) * float(network.lane_length[lane])
        pose = frame.on_lane(LanePlace(int(lane), s, 0.4))
        found = frame.locate(pose.x, pose.y, pose.z, pose.yaw)
        assert found is not None
        assert found.lane == lane
        assert found.s == pytest.approx(s, abs=0.3)
        assert found.lateral == pytest.approx(0.4, abs=0.05)
        road, along, t = frame.road_place(pose.x, pose.y, pose.z, pose.yaw)
        again = frame.on_road(road, along, t)
        assert math.hypot(again.x - pose.x, again.y - pose.y) < 0.2
        middle = frame.lane_at(road, int(network.lane_road[lane, 2]), along)
        assert middle.lane == lane
        checked += 1
    assert checked == 40


def test_a_track_goes_on_over_lanes_without_a_jump(frame: RoadFrame) -> None:
    network = frame.network
    lane = int(np.flatnonzero((network.lane_type == 0) & (network.lane_junction < 0))[0])
    track = Track.along(frame, LanePlace(lane, 1.0, 0.0))
    before, way = track.pose(), 0.0
    for _ in range(900):
        track.advance(0.5)
        pose = track.pose()
        if track.ended:
            break
        step = math.hypot(pose.x - before.x, pose.y - before.y)
        assert step == pytest.approx(0.5, abs=0.06)
        assert abs(math.remainder(pose.yaw - before.yaw, math.tau)) < 0.2
        ahead, beside = track.way_to(pose.x, pose.y, 30.0)
        assert abs(ahead) < 0.3
        assert beside < 1.0
        before, way = pose, way + step
    assert way > 100.0
