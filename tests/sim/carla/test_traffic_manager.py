"""The client's own Traffic Manager in CARLA's towns: ten minutes each, and what it leans on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from carla_client import Served, told

from roadworthy.sim.carla.server.lights import Lights
from roadworthy.sim.carla.server.lost_lights import has_lost_lights, with_lights
from roadworthy.sim.carla.server.maps import load_map
from roadworthy.sim.road.network import LaneType, Point, RoadNetwork
from roadworthy.sim.road.towns import load_town

DRIVE = str(Path(__file__).parent / "manager_drive.py")
MAPS = Path(os.environ.get("ROADWORTHY_DATA", "")) / "maps"
TOWNS = ("Town01", "Town03", "Town04", "Town10HD")
TICKS = 12_000  # ten minutes

needs_maps = pytest.mark.skipif(
    not (MAPS / "Town03.xodr").is_file(), reason="ROADWORTHY_DATA has no maps/Town03.xodr"
)


@pytest.fixture(scope="module")
def towns() -> Iterator[Served]:
    server = Served("--map", "Town01", "--map-dir", str(MAPS))
    yield server
    server.end()


@needs_maps
@pytest.mark.slow
@pytest.mark.timeout(4800)
@pytest.mark.parametrize("town", TOWNS)
def test_fifty_cars_drive_for_ten_minutes(towns: Served, town: str) -> None:
    found = told(towns, [DRIVE], town, "50", str(TICKS), "1", seconds=1100.0, tries=4)
    print(found)
    assert found["vehicles"] == 50
    assert found["stuck"] == 0
    assert found["removed"] <= 3  # by the Traffic Manager, as stuck
    # The Traffic Manager lets pass who has seen green in the light's zone and was held up there.
    assert found["red_runs"] <= 3
    assert found["touching_pairs"] <= 10
    assert found["beside_the_road_s"] <= 15  # of 30,000 s
    assert found["least_m"] > 300.0
    assert found["km"] > 100.0


def test_fifty_cars_drive_for_a_minute(served: Served) -> None:
    found = told(served, [DRIVE], "Rivertown", "50", "1200", "1", seconds=240.0, tries=3)
    assert found["vehicles"] == 50
    assert found["removed"] == 0
    assert found["red_runs"] == 0
    assert found["touching_pairs"] <= 1
    assert found["beside_the_road_s"] <= 1
    assert found["longest_stand_s"] < 60.0


def crossings(network: RoadNetwork, turn: list[int]) -> list[tuple[int, int]]:
    """Pairs of signals of a turn whose lanes through the junction come too close."""
    ways = {k: set[int]() for k in turn}
    for lane in range(network.n_lanes):
        for stop in range(network.stop_start[lane], network.stop_start[lane + 1]):
            if (k := int(network.stop_signal[stop])) in ways:
                first, last = network.successor_start[lane : lane + 2]
                ways[k] |= {int(ahead) for ahead in network.successors[first:last]}
    start = network.conflict_start
    foes = {
        k: {int(c) for way in mine for c in network.conflict_lane[start[way] : start[way + 1]]}
        for k, mine in ways.items()
    }
    return [(a, b) for a in turn for b in turn if a < b and foes[a] & ways[b]]


def test_what_is_green_together_does_not_cross() -> None:
    network = load_town("Rivertown").network
    lights = Lights(network)
    turns = [turn for group in lights.groups for turn in group]
    assert sorted(k for turn in turns for k in turn) == lights.signals
    assert not [pair for turn in turns for pair in crossings(network, turn)]
    # The file has opposite approaches green together: each controller of its own was split.
    assert len(turns) > int(network.group_phases.sum())


@needs_maps
def test_town03_has_lights_again() -> None:
    text = (MAPS / "Town03.xodr").read_text()
    assert has_lost_lights("Town03", text)
    assert not has_lost_lights("Town03", with_lights(text))
    assert not has_lost_lights("Village", text)
    map_ = load_map("Town03", MAPS)
    network, lights = map_.town.network, Lights(map_.town.network)
    assert "<signal " in map_.xodr
    assert len(lights.groups) >= 10
    assert min(len(group) for group in lights.groups) >= 3
    driving = network.lane_type[network.point_lane] == LaneType.DRIVING
    points = network.points[driving]
    for x, y, z, _ in network.signals:  # a post stands beside the lanes, whatever way they turn
        near = np.abs(points[:, Point.Z] - z) < 6.0
        away = np.hypot(points[near, Point.X] - x, points[near, Point.Y] - y)
        assert (away - 0.5 * points[near, Point.WIDTH]).min() > 0.5
