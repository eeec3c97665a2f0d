"""Towns of every kind, from several seeds."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from roadworthy.sim.errors import MapError
from roadworthy.sim.road.compile import compile_xodr
from roadworthy.sim.road.generate import KINDS, generate_town
from roadworthy.sim.road.network import Control, LaneType, Point, RoadNetwork, SignalKind
from roadworthy.sim.road.ring import ring_lanes_of
from roadworthy.sim.road.roundabout import RADIUS, RING_WIDTH
from roadworthy.sim.road.routing import varied_routes
from roadworthy.sim.road.town_parts import Rule, ways_through
from roadworthy.sim.road.town_plan import plan_town
from roadworthy.sim.road.towns import load_network_of

SEEDS = range(4)
Made = Callable[[str, int], RoadNetwork]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A town of each kind and seed."""
    path = tmp_path_factory.mktemp("towns")
    for kind in KINDS:
        for seed in SEEDS:
            text = generate_town(seed, f"{kind}_{seed}", kind)
            (path / f"{kind}_{seed}.xodr").write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def made(folder: Path) -> Made:
    pytest.importorskip("carla", reason="the carla wheel is not installed")
    return lambda kind, seed: compile_xodr(folder / f"{kind}_{seed}.xodr")


def driving(network: RoadNetwork) -> np.ndarray:
    return np.flatnonzero(network.lane_type == LaneType.DRIVING)


def ways_on(network: RoadNetwork, lane: int) -> list[int]:
    on = network.successors[slice(*network.successor_start[[lane, lane + 1]])].tolist()
    for other, allowed in (
        (network.lane_left, network.lane_change_left),
        (network.lane_right, network.lane_change_right),
    ):
        if other[lane] >= 0 and allowed[lane]:
            on.append(int(other[lane]))
    return on


def test_every_kind_of_town_opens_in_carla_without_a_word(folder: Path) -> None:
    pytest.importorskip("carla", reason="the carla wheel is not installed")
    code = (
        "import carla, pathlib, sys\n"
        "for path in sorted(pathlib.Path(sys.argv[1]).glob('*.xodr')):\n"
        "    town = carla.Map(path.stem, path.read_text())\n"
        "    town.get_topology(), town.generate_waypoints(5.0)\n"
        "    town.get_crosswalks(), town.get_all_landmarks()\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True)
    assert done.returncode == 0
    assert done.stderr == b""
    assert done.stdout == b""


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_lane_of_a_generated_town_reaches_every_other(
    kind: str, seed: int, made: Made
) -> None:
    network = made(kind, seed)
    lanes = driving(network).tolist()
    backward: dict[int, list[int]] = {lane: [] for lane in lanes}
    for lane in lanes:
        for other in ways_on(network, lane):
            backward[other].append(lane)
    for links in ({lane: ways_on(network, lane) for lane in lanes}, backward):
        seen, frontier = {lanes[0]}, [lanes[0]]
        while frontier:
            for other in links[frontier.pop()]:
                if other not in seen:
                    seen.add(other)
                    frontier.append(other)
        assert seen == set(lanes)
    assert (np.diff(network.successor_start)[lanes] > 0).all()
    assert (np.diff(network.predecessor_start)[lanes] > 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_lanes_of_a_generated_town_join_without_a_gap_or_a_kink(kind: str, made: Made) -> None:
    for seed in SEEDS:
        network = made(kind, seed)
        for lane in driving(network).tolist():
            end = network.lane_points(lane)[-1]
            for follower in network.successors[slice(*network.successor_start[[lane, lane + 1]])]:
                begin = network.lane_points(int(follower))[0]
                assert np.hypot(*(end[:2] - begin[:2])) < 0.03
                assert abs(np.sin(end[Point.YAW] - begin[Point.YAW])) < 0.02
                assert abs(end[Point.WIDTH] - begin[Point.WIDTH]) < 0.05
                assert abs(end[Point.Z] - begin[Point.Z]) < 0.05
            bends = np.abs(network.lane_points(lane)[:, Point.CURVATURE])
            assert bends.max() < 1 / 5.5  # the tightest turn of a car


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_gives_the_same_town_of_a_kind(kind: str) -> None:
    assert generate_town(3, "A", kind) == generate_town(3, "A", kind)
    assert generate_town(3, "A", kind) != generate_town(4, "A", kind)
    assert "+proj=tmerc" in generate_town(3, "A", kind)


def test_an_unknown_kind_is_answered_with_those_that_are_known() -> None:
    with pytest.raises(MapError, match="'moon'; known are grid, irregular"):
        generate_town(0, "A", "moon")


@pytest.mark.parametrize("kind", KINDS)
def test_many_seeds_give_a_town(kind: str) -> None:
    for seed in range(20, 32):
        assert len(plan_town(seed, kind).roads) >= 6


def test_kinds_hold_what_they_promise() -> None:
    rules: set[Rule] = set()
    for seed in SEEDS:
        assert any(road.middle_width != road.width for road in plan_town(seed, "irregular").roads)
        assert any(road.forward == 2 == road.backward for road in plan_town(seed, "mixed").roads)
    for seed in range(10):
        rules |= {junction.rule for junction in plan_town(seed, "irregular").junctions}
    assert rules == set(Rule)


def test_every_lane_into_a_junction_leads_out_of_it_again() -> None:
    for kind in KINDS:
        plan = plan_town(1, kind)
        for junction in plan.junctions:
            ways = ways_through(plan, junction)
            for arm in junction.arms:
                road = plan.roads[arm.road]
                used = {a for way in ways if way.source is arm for a, _ in way.lanes}
                assert used == set(range(1, road.lanes_in(arm.at_end) + 1))
                reached = {b for way in ways if way.target is arm for _, b in way.lanes}
                assert reached == set(range(1, road.lanes_out(arm.at_end) + 1))


def priorities(network: RoadNetwork) -> list[tuple[int, int, int]]:
    own = np.repeat(np.arange(network.n_lanes), np.diff(network.conflict_start))
    return list(
        zip(
            own.tolist(),
            network.conflict_lane.tolist(),
            network.conflict_priority.tolist(),
            strict=True,
        )
    )


def test_who_enters_a_roundabout_of_ringford_gives_way() -> None:
    network = load_network_of("Ringford")
    ring = ring_lanes_of(network)
    # Seven rings of three and of four arms: at each arm one lane past it and one to the next.
    assert len(ring) == 2 * (6 * 3 + 4)
    for lane in ring:
        points = network.lane_points(lane)
        assert np.allclose(-1 / points[1:-1, Point.CURVATURE], RADIUS + RING_WIDTH / 2, rtol=0.05)
    entries = [(a, b, p) for a, b, p in priorities(network) if a not in ring and b in ring]
    entries = [entry for entry in entries if network.lane_control[entry[0]] == Control.YIELD]
    assert len(entries) == 6 * 3 + 4
    assert {p for _, _, p in entries} == {-1}
    assert (network.signal_kind == SignalKind.YIELD).sum() >= 22
    assert (network.signal_kind == SignalKind.STOP).sum() >= 4


def test_ramps_of_carriden_give_way_to_its_carriageways() -> None:
    network = load_network_of("Carriden")
    fast = network.lane_speed_limit > 80 / 3.6
    fast &= network.lane_type == LaneType.DRIVING
    # Two lanes each way, and between them one may change.
    middle = np.flatnonzero(fast & (network.lane_junction < 0) & (network.lane_length > 100))
    assert ((network.lane_left[middle] >= 0) ^ (network.lane_right[middle] >= 0)).all()
    changes = network.lane_change_left[middle] | network.lane_change_right[middle]
    assert changes.all()
    joins = [
        (a, b, p)
        for a, b, p in priorities(network)
        if network.lane_control[a] == Control.YIELD and fast[b] and network.lane_junction[b] >= 0
    ]
    assert len(joins) == 2
    assert {p for _, _, p in joins} == {-1}
    for a, b, _ in joins:
        ends = [network.lane_points(lane)[-1, :2] for lane in (a, b)]
        assert np.hypot(*(ends[0] - ends[1])) < 0.05
    assert len(network.crossing_points) > 8


@pytest.mark.parametrize("town", ["Ringford", "Carriden"])
def test_routes_lead_everywhere_in_the_new_towns(town: str) -> None:
    network = load_network_of(town)
    driven = {
        int(lane)
        for route in varied_routes(network, 60, 1)
        for lane in route.points[:, 7].astype(int)
    }
    assert len(driven) > 0.9 * len(driving(network))
