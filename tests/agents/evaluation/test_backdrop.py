from __future__ import annotations

import numpy as np
import pytest

from roadworthy.agents.evaluation.backdrop import Backdrop
from roadworthy.sim.road.network import LaneType, Point, RoadNetwork
from roadworthy.sim.road.towns import load_network_of


@pytest.fixture(scope="module")
def network() -> RoadNetwork:
    return load_network_of("Marlow")


def test_the_road_under_the_ego_lies_around_the_origin(network: RoadNetwork) -> None:
    lane = int(np.flatnonzero(network.lane_type == LaneType.DRIVING)[5])
    points = network.lane_points(lane)
    here = points[len(points) // 2]
    width = float(here[Point.WIDTH])
    found = Backdrop(network).around(*(float(here[c]) for c in (Point.X, Point.Y, Point.YAW)))
    driving = [outline for kind, outline in found if kind == LaneType.DRIVING]
    # Ego frame: the lane's borders pass half a width to the left and to the right of the origin.
    closest = min(
        abs(float(np.abs(outline[np.abs(outline[:, 0]) < 1.5][:, 1]).min(initial=99)) - width / 2)
        for outline in driving
    )
    assert closest < 0.3


def test_far_from_the_town_there_is_nothing(network: RoadNetwork) -> None:
    assert Backdrop(network).around(9e4, 0.0, 0.0) == []
