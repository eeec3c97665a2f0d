from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from roadworthy.sim.road.network import LaneType, Point, RoadNetwork, SignalKind
from roadworthy.sim.road.towns import load_network_of
from roadworthy.sim.scenery.layout import Box, Prop
from roadworthy.sim.scenery.place import place_scenery
from roadworthy.sim.town import Town


def lane_edges(network: RoadNetwork, driven_only: bool = False) -> NDArray[np.float64]:
    """Points across all lanes: centre, half way and both edges, [n, 2]."""
    points = network.points.astype(np.float64)
    if driven_only:
        points = points[network.lane_type[network.point_lane] == LaneType.DRIVING]
    normal = np.stack([-np.sin(points[:, Point.YAW]), np.cos(points[:, Point.YAW])], 1)
    shares = np.linspace(-0.5, 0.5, 5)
    offsets = shares[:, None, None] * points[None, :, Point.WIDTH, None] * normal[None]
    return (points[None, :, :2] + offsets).reshape(-1, 2)


def distance_to_box(box: NDArray[np.float32], places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance [m] of places [n, 2] from an upright box; 0 inside."""
    c, s = np.cos(box[Box.YAW]), np.sin(box[Box.YAW])
    d = places - box[[Box.X, Box.Y]]
    along = np.abs(c * d[:, 0] + s * d[:, 1]) - 0.5 * box[Box.LENGTH]
    side = np.abs(-s * d[:, 0] + c * d[:, 1]) - 0.5 * box[Box.WIDTH]
    return np.hypot(np.maximum(along, 0.0), np.maximum(side, 0.0))


def closest(boxes: NDArray[np.float32], places: NDArray[np.float64]) -> float:
    """Smallest distance of any box from any place."""
    best = np.inf
    for box in boxes:
        reach = 0.5 * np.hypot(box[Box.LENGTH], box[Box.WIDTH]) + 3.0
        near = places[(np.abs(places - box[[Box.X, Box.Y]]) < reach).all(axis=1)]
        if len(near):
            best = min(best, float(distance_to_box(box, near).min()))
    return best


def of(boxes: NDArray[np.float32], *props: Prop) -> NDArray[np.float32]:
    return boxes[np.isin(boxes[:, Box.PROP], [int(prop) for prop in props])]


def outline(boxes: NDArray[np.float32]) -> NDArray[np.float64]:
    """Corners of boxes, [n, 4, 2]."""
    c, s = np.cos(boxes[:, Box.YAW]), np.sin(boxes[:, Box.YAW])
    corners = np.array([[1, 1], [1, -1], [-1, -1], [-1, 1]])
    half = corners[None] * 0.5 * boxes[:, None, [Box.LENGTH, Box.WIDTH]]
    x = c[:, None] * half[..., 0] - s[:, None] * half[..., 1] + boxes[:, None, Box.X]
    y = s[:, None] * half[..., 0] + c[:, None] * half[..., 1] + boxes[:, None, Box.Y]
    return np.stack([x, y], 2)


def separated(a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    """Separating axis test of two rectangles [4, 2]."""
    for polygon in (a, b):
        for edge in (polygon[1] - polygon[0], polygon[2] - polygon[1]):
            if (a @ edge).max() < (b @ edge).min() or (b @ edge).max() < (a @ edge).min():
                return True
    return False


def check_town(network: RoadNetwork) -> None:
    boxes = place_scenery(network).boxes
    buildings = of(boxes, Prop.BUILDING)
    assert len(buildings) > 20
    assert closest(buildings, lane_edges(network)) >= 1.5
    beside = of(boxes, Prop.TREE, Prop.POLE, Prop.WALL, Prop.FENCE, Prop.BENCH)
    assert closest(beside, lane_edges(network)) > 0.05
    corners = outline(buildings)
    centre = buildings[:, [Box.X, Box.Y]]
    for i in range(len(buildings)):
        near = np.flatnonzero(np.hypot(*(centre - centre[i]).T) < 45.0)
        assert all(separated(corners[i], corners[j]) for j in near if j > i)


def test_buildings_keep_clear_of_every_lane_and_of_each_other(rivertown: Town) -> None:
    check_town(rivertown.network)


def test_carla_towns_keep_their_lanes_clear() -> None:
    folder = os.environ.get("ROADWORTHY_DATA")
    if not folder:
        pytest.skip("ROADWORTHY_DATA does not point at the real maps")
    pytest.importorskip("carla", reason="the carla wheel is not installed")
    for name in ("Town02", "Town10HD"):
        check_town(load_network_of(name, Path(folder) / "maps"))


def test_nothing_stands_in_a_lane_of_any_storey() -> None:
    """In Town04 roads pass over each other, and signs of the upper one found no room beside it."""
    folder = os.environ.get("ROADWORTHY_DATA")
    if not folder:
        pytest.skip("ROADWORTHY_DATA does not point at the real maps")
    pytest.importorskip("carla", reason="the carla wheel is not installed")
    network = load_network_of("Town04", Path(folder) / "maps")
    points = network.points[network.lane_type[network.point_lane] == LaneType.DRIVING]
    for box in place_scenery(network).boxes:
        away = np.hypot(points[:, Point.X] - box[Box.X], points[:, Point.Y] - box[Box.Y])
        within = away < 0.5 * points[:, Point.WIDTH] - 0.1
        height = points[within, Point.Z] - box[Box.Z]
        assert not ((height > -1.5) & (height < box[Box.HEIGHT])).any(), box


def test_every_signal_has_one_post_off_the_driven_lanes(rivertown: Town) -> None:
    network = rivertown.network
    posts = of(place_scenery(network).boxes, Prop.LIGHT, Prop.SIGN)
    assert posts[:, Box.SIGNAL].tolist() == list(range(len(network.signals)))
    lights = network.signal_kind == SignalKind.LIGHT
    np.testing.assert_array_equal(posts[:, Box.PROP] == Prop.LIGHT, lights)
    np.testing.assert_array_equal(posts[:, Box.YAW], network.signals[:, 3])
    assert closest(posts, lane_edges(network, driven_only=True)) > 0.05


def test_a_light_in_the_middle_of_the_road_moves_to_the_right_edge(rivertown: Town) -> None:
    network = rivertown.network
    inner = np.flatnonzero((network.lane_type == LaneType.DRIVING) & (network.lane_junction < 0))
    lane = inner[network.lane_length[inner].argmax()]
    points = network.lane_points(lane)
    x, y, z, yaw = points[len(points) // 2, : Point.YAW + 1]
    moved = dataclasses.replace(
        network,
        signals=np.array([[x, y, z + 3.0, yaw + np.pi]], np.float32),
        signal_kind=np.array([SignalKind.LIGHT], np.int32),
    )
    post = of(place_scenery(moved).boxes, Prop.LIGHT)[0]
    to_right = -np.sin(yaw) * (post[Box.X] - x) + np.cos(yaw) * (post[Box.Y] - y)
    along = np.cos(yaw) * (post[Box.X] - x) + np.sin(yaw) * (post[Box.Y] - y)
    assert to_right > 0.5 * points[0, Point.WIDTH]
    assert abs(along) < 0.1


def test_scenery_is_a_function_of_the_network_alone(rivertown: Town) -> None:
    first = place_scenery(rivertown.network).boxes
    assert first.tobytes() == place_scenery(rivertown.network).boxes.tobytes()
    renamed = dataclasses.replace(rivertown.network, name="Elsewhere")
    assert first.tobytes() != place_scenery(renamed).boxes.tobytes()
