"""Who goes first at a junction."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.sim.road.conflicts import CLEARANCE, MARGIN
from roadworthy.sim.road.network import Control, LaneType, Point, RoadNetwork, SignalKind, Turn
from roadworthy.sim.road.priority import Movement, turn_of, who_goes_first
from roadworthy.sim.road.towns import load_network_of, town_names

Towns = Callable[[str], RoadNetwork]
CARLA = ["Town01", "Town02", "Town03", "Town04", "Town10HD"]
NOTHING: frozenset[tuple[int, int]] = frozenset()


def movement(
    heading: float = 0.0,
    turn: Turn = Turn.STRAIGHT,
    control: Control = Control.NONE,
    phase: tuple[int, int] | None = None,
    *,
    road: int = 1,
    goal: int = 0,
    ring: bool = False,
    speed: float = 13.9,
    breadth: int = 1,
    y: float = 0.0,
) -> Movement:
    """A movement that enters at (0, y)."""
    return Movement(
        road, frozenset({road + 100}), turn, 0.0, y, heading, control, phase, speed, breadth,
        frozenset({goal}), ring,
    )  # fmt: skip


movements = st.builds(
    movement,
    st.floats(-math.pi, math.pi),
    st.sampled_from(Turn),
    st.sampled_from(Control),
    st.none() | st.tuples(st.integers(0, 1), st.integers(0, 1)),
    road=st.integers(0, 3),
    goal=st.integers(0, 1),
    ring=st.booleans(),
    speed=st.sampled_from([8.0, 13.9]),
    breadth=st.integers(1, 2),
    y=st.floats(-5, 5),
)
pairs = st.frozensets(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=3)


@given(movements, movements, pairs)
def test_of_two_one_goes_first_and_the_other_gives_way(
    a: Movement, b: Movement, given_by_file: frozenset[tuple[int, int]]
) -> None:
    assert who_goes_first(a, b, given_by_file) == -who_goes_first(b, a, given_by_file)


RIGHT, LEFT, FACING = -math.pi / 2, math.pi / 2, math.pi  # headings of who comes from there


@pytest.mark.parametrize("phase", [None, (0, 1)])
def test_a_left_turn_gives_way_to_oncoming_traffic_even_at_a_green_light(
    phase: tuple[int, int] | None,
) -> None:
    control = Control.LIGHT if phase else Control.NONE
    left = movement(0.0, Turn.LEFT, control, phase)
    for turn in (Turn.STRAIGHT, Turn.RIGHT):
        assert who_goes_first(left, movement(FACING, turn, control, phase), NOTHING) == -1
    assert who_goes_first(left, movement(FACING, Turn.LEFT, control, phase), NOTHING) == 0


def test_lights_of_different_phases_settle_it_themselves() -> None:
    a = movement(0.0, Turn.STRAIGHT, Control.LIGHT, (2, 0))
    b = movement(RIGHT, Turn.STRAIGHT, Control.LIGHT, (2, 1))
    assert who_goes_first(a, b, NOTHING) == 0


def test_between_equals_who_comes_from_the_right_goes_first() -> None:
    assert who_goes_first(movement(), movement(RIGHT, goal=1), NOTHING) == -1
    assert who_goes_first(movement(), movement(LEFT, goal=1), NOTHING) == 1


@pytest.mark.parametrize("control", [Control.STOP, Control.YIELD])
def test_who_has_a_sign_gives_way_also_to_the_left(control: Control) -> None:
    signed = movement(0.0, control=control)
    assert who_goes_first(signed, movement(LEFT, Turn.LEFT, goal=1), NOTHING) == -1


def test_the_ring_of_a_roundabout_goes_first_though_it_comes_from_the_left() -> None:
    assert who_goes_first(movement(LEFT, ring=True), movement(), NOTHING) == 1


def test_where_two_join_straight_goes_before_turning() -> None:
    assert who_goes_first(movement(), movement(RIGHT, Turn.RIGHT), NOTHING) == 1


def test_a_ramp_gives_way_to_the_road_that_it_joins() -> None:
    ramp = movement(-0.1, speed=13.9, y=4.0)
    assert who_goes_first(ramp, movement(0.0, speed=25.0), NOTHING) == -1
    assert who_goes_first(ramp, movement(0.0, breadth=2), NOTHING) == -1
    assert who_goes_first(ramp, movement(0.0), NOTHING) == -1  # the ramp is on the right


def test_the_files_own_priorities_come_before_our_rules() -> None:
    a, b = movement(road=1), movement(RIGHT, road=2)
    assert who_goes_first(a, b, NOTHING) == -1
    assert who_goes_first(a, b, frozenset({(1, 2)})) == 1
    assert who_goes_first(a, b, frozenset({(101, 102)})) == 1  # incoming roads


@pytest.mark.parametrize(
    ("degrees", "turn"),
    [(0, 0), (-20, 0), (60, 1), (-90, -1), (-170, 2), (178, 2)],
)
def test_turns_are_told_by_how_far_a_path_bends(degrees: float, turn: int) -> None:
    assert turn_of(math.radians(degrees)) == turn


def check_zones(network: RoadNetwork) -> None:
    own = np.repeat(np.arange(network.n_lanes), np.diff(network.conflict_start))
    listed = {
        (int(a), int(b)): (int(p), zone)
        for a, b, p, zone in zip(
            own,
            network.conflict_lane,
            network.conflict_priority,
            network.conflict_s.astype(float),
            strict=True,
        )
    }
    assert len(listed) == len(own)  # one zone a pair
    for (a, b), (priority, zone) in listed.items():
        back, mirrored = listed[b, a]
        assert back == -priority
        assert np.array_equal(mirrored, zone[[2, 3, 0, 1]])
        assert network.lane_junction[a] == network.lane_junction[b] >= 0
        assert 0 <= zone[0] < zone[1] <= network.lane_length[a] + 1e-3
        assert 0 <= zone[2] < zone[3] <= network.lane_length[b] + 1e-3
        # Who follows whom on one way is no conflict.
        assert b not in network.successors[slice(*network.successor_start[[a, a + 1]])]


def outside_of_zones_lanes_stay_apart(network: RoadNetwork, clearance: float) -> None:
    """Walk along pairs of lanes of one junction: where they come close, a zone says so."""
    for junction in range(int(network.lane_junction.max()) + 1):
        inside = np.flatnonzero(
            (network.lane_junction == junction) & (network.lane_type == LaneType.DRIVING)
        )
        for a in inside.tolist():
            rows = range(network.conflict_start[a], network.conflict_start[a + 1])
            zones = {int(network.conflict_lane[k]): network.conflict_s[k] for k in rows}
            here = network.lane_points(a)
            starts = predecessors(network, a)
            for b in inside.tolist():
                if b <= a or b in zones or starts & predecessors(network, b):
                    continue
                there = network.lane_points(b)
                if related(network, a, b):
                    continue
                level = np.abs(here[:, None, Point.Z] - there[None, :, Point.Z]) < 3.0
                gap = np.linalg.norm(here[:, None, :2] - there[None, :, :2], axis=2)
                assert not (level & (gap < clearance)).any(), (a, b)


def predecessors(network: RoadNetwork, lane: int) -> set[int]:
    rows = slice(*network.predecessor_start[[lane, lane + 1]])
    return set(network.predecessors[rows].tolist())


def related(network: RoadNetwork, a: int, b: int) -> bool:
    """Whether one leads into the other within its junction, or both come from one place."""

    def before(lane: int) -> set[int]:
        seen, frontier = {lane}, [lane]
        for _ in range(8):
            frontier = [
                p
                for at in frontier
                if network.lane_junction[at] == network.lane_junction[lane]
                for p in predecessors(network, at)
                if p not in seen
            ]
            seen |= set(frontier)
        return seen

    return bool(before(a) & before(b))


@pytest.mark.parametrize("town", CARLA)
def test_conflict_zones_of_carlas_towns_mirror_each_other(town: str, real_town: Towns) -> None:
    check_zones(real_town(town))


@pytest.mark.parametrize("town", ["Town03", "Town04", "Town10HD"])
def test_zones_hold_all_places_where_two_lanes_come_close(town: str, real_town: Towns) -> None:
    network = real_town(town)
    own = np.repeat(np.arange(network.n_lanes), np.diff(network.conflict_start)).tolist()
    checked = 0
    for a, b, zone in zip(own, network.conflict_lane.tolist(), network.conflict_s, strict=True):
        if a > b or related(network, a, b):  # they part first, and that part does not count
            continue
        here, there = network.lane_points(a), network.lane_points(b)
        gap = np.linalg.norm(here[:, None, :2] - there[None, :, :2], axis=2)
        level = np.abs(here[:, None, Point.Z] - there[None, :, Point.Z]) < 3.0
        rows, columns = np.nonzero((gap < CLEARANCE) & level)
        for s, (enter, leave), length in (
            (here[rows, Point.S], zone[:2], here[-1, Point.S]),
            (there[columns, Point.S], zone[2:], there[-1, Point.S]),
        ):
            assert enter <= s.min() + 1e-3
            assert s.max() <= leave + 1e-3
            # And no more than that, but for the margin at both ends.
            assert enter >= max(s.min() - MARGIN, 0.0) - 1e-3
            assert leave <= min(s.max() + MARGIN, length) + 1e-3
        checked += 1
    assert checked > 50


@pytest.mark.parametrize("town", ["Town01", "Town03", "Town10HD"])
def test_lanes_of_carlas_towns_without_a_zone_stay_apart(town: str, real_town: Towns) -> None:
    outside_of_zones_lanes_stay_apart(real_town(town), 2.3)


@pytest.mark.parametrize("town", town_names())
def test_conflict_zones_of_shipped_towns_mirror_each_other(town: str) -> None:
    network = load_network_of(town)
    check_zones(network)
    outside_of_zones_lanes_stay_apart(network, 2.3)


@pytest.mark.parametrize("town", town_names())
def test_signs_of_shipped_towns_reach_the_lanes_behind_them(town: str) -> None:
    network = load_network_of(town)
    inside = (network.lane_junction >= 0) & (network.lane_type == LaneType.DRIVING)
    assert {Control.NONE} < set(network.lane_control[inside].tolist())
    assert (network.lane_control[~inside] == 0).all()
    assert (network.lane_turn[~inside] == 0).all()
    own = np.repeat(np.arange(network.n_lanes), np.diff(network.conflict_start))
    signed = np.isin(network.lane_control, (Control.STOP, Control.YIELD))
    against_free = signed[own] & (network.lane_control[network.conflict_lane] == Control.NONE)
    assert against_free.any()
    assert (network.conflict_priority[against_free] == -1).all()


@pytest.mark.parametrize("town", ["Rivertown", "Town01", "Town10HD"])
def test_the_oncoming_lane_lies_to_the_left_and_comes_towards_us(
    town: str, data: object, real_town: Towns
) -> None:
    network = load_network_of(town) if town == "Rivertown" else real_town(town)
    pairs = [(a, int(b)) for a, b in enumerate(network.lane_oncoming) if b >= 0]
    assert len(pairs) > 20
    for a, b in pairs:
        assert network.lane_oncoming[b] == a
        points, other = network.lane_points(a), network.lane_points(b)
        here = points[len(points) // 2]
        there = other[np.argmin(np.hypot(*(other[:, :2] - here[:2]).T))]
        yaw = here[Point.YAW]
        assert math.cos(there[Point.YAW] - yaw) < -0.9
        right = -math.sin(yaw) * (there[0] - here[0]) + math.cos(yaw) * (there[1] - here[1])
        assert -5.0 < right < -2.5
    # Town10HD has double solid lines between the directions, Town01 broken ones.
    assert network.lane_oncoming_mark.any() == (town != "Town10HD")


def test_town03_has_its_parking_and_the_lanes_that_both_directions_share(
    real_town: Towns,
) -> None:
    network = real_town("Town03")
    assert (network.lane_type == LaneType.BIDIRECTIONAL).sum() == 12
    assert (network.lane_type == LaneType.PARKING).sum() == 55


def test_who_enters_town03s_roundabout_gives_way_to_its_ring(real_town: Towns) -> None:
    network = real_town("Town03")
    middle = np.array([network.lane_points(i)[:, :2].mean(0) for i in range(network.n_lanes)])
    own = np.repeat(np.arange(network.n_lanes), np.diff(network.conflict_start))
    entries = 0
    for a, b, priority in zip(own, network.conflict_lane, network.conflict_priority, strict=True):
        if max(np.hypot(*middle[a]), np.hypot(*middle[b])) > 40.0:  # the ring is around (0, 0)
            continue
        first = network.lane_points(int(a))[0, :2]
        last = network.lane_points(int(b))[[0, -1], :2]
        if np.hypot(*first) > 25.0 and (np.abs(np.hypot(*last.T) - 21.5) < 4.0).all():
            assert priority == -1, (network.lane_road[a], network.lane_road[b])
            entries += 1
    assert entries >= 8


def test_an_all_way_stop_that_town04_only_paints_stops_all_four(real_town: Towns) -> None:
    network = real_town("Town04")
    here = np.hypot(network.points[:, 0] - 256.6, network.points[:, 1] + 248.0) < 6.0
    inside = set(network.point_lane[here].tolist())
    crossing = [
        lane
        for lane in inside
        if network.lane_junction[lane] >= 0 and network.lane_type[lane] == LaneType.DRIVING
    ]
    assert len(crossing) == 12
    assert (network.lane_control[crossing] == Control.STOP).all()
    # No painted word stops the highway.
    lane_of_stop = np.repeat(np.arange(network.n_lanes), np.diff(network.stop_start))
    signs = network.signal_kind[network.stop_signal] == SignalKind.STOP
    assert signs.sum() == 8
    assert network.lane_speed_limit[lane_of_stop[signs]].max() < 20.0
