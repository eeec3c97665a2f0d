"""Draw a road network from above, for reports and for eyes."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.road.network import LaneType, MarkType, Point, RoadNetwork, SignalKind
from roadworthy.sim.road.route import Route, RoutePoint

MARGIN = 12.0  # [m] around the network
_GROUND = (226, 232, 220)  # RGB, as all colours here
_SURFACE = {
    LaneType.MEDIAN: (188, 205, 170),
    LaneType.OTHER: (150, 150, 150),
    LaneType.SHOULDER: (165, 165, 165),
    LaneType.SIDEWALK: (206, 203, 196),
    LaneType.PARKING: (140, 140, 152),
    LaneType.BIDIRECTIONAL: (112, 108, 100),
    LaneType.BIKING: (160, 120, 110),
    LaneType.DRIVING: (96, 98, 104),
}
_WHITE, _YELLOW = (245, 245, 245), (240, 196, 60)
_SIGNAL = {
    SignalKind.LIGHT: (40, 170, 90),
    SignalKind.STOP: (200, 40, 40),
    SignalKind.YIELD: (235, 150, 30),
    SignalKind.SPEED_LIMIT: (60, 90, 200),
}
_ROUTE, _STOP_LINE = (30, 110, 235), (255, 80, 80)
_INK, _CAPTION = (70, 72, 78), 40  # of names below towns; height of that line [pixels]
_SHIFT = 4  # fractional bits of OpenCV's coordinates


class _Canvas:
    def __init__(self, network: RoadNetwork, pixels: int) -> None:
        xy = network.points[:, :2]
        self.low = xy.min(axis=0) - MARGIN
        span = xy.max(axis=0) + MARGIN - self.low
        self.scale = pixels / float(span.max())
        width, height = (max(1, round(float(v) * self.scale)) for v in span)
        self.image = np.full((height, width, 3), _GROUND, np.uint8)

    def pixels(self, xy: NDArray[np.float32]) -> NDArray[np.int32]:
        return np.round((xy - self.low) * self.scale * (1 << _SHIFT)).astype(np.int32)

    def polygon(self, xy: NDArray[np.float32], color: tuple[int, int, int]) -> None:
        cv2.fillPoly(self.image, [self.pixels(xy)], color, cv2.LINE_AA, _SHIFT)

    def line(self, xy: NDArray[np.float32], color: tuple[int, int, int], width: float) -> None:
        thickness = max(1, round(width * self.scale))
        cv2.polylines(self.image, [self.pixels(xy)], False, color, thickness, cv2.LINE_AA, _SHIFT)

    def dot(self, xy: NDArray[np.float32], color: tuple[int, int, int], radius: float) -> None:
        x, y = (int(v) for v in self.pixels(xy))
        size = max(2 << _SHIFT, round(radius * self.scale * (1 << _SHIFT)))
        cv2.circle(self.image, (x, y), size, color, -1, cv2.LINE_AA, _SHIFT)


def edges_of(points: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the left and the right border of a lane, each [n, 2], from its points [n, Point]."""
    yaw = points[:, Point.YAW]
    sideways = np.stack([-np.sin(yaw), np.cos(yaw)], axis=1)
    right = (sideways * points[:, Point.WIDTH, None] / 2).astype(np.float32)
    return points[:, :2] - right, points[:, :2] + right


def draw_network(
    network: RoadNetwork, route: Route | None = None, pixels: int = 1600
) -> NDArray[np.uint8]:
    """Draw a town from above: x to the right, y down, as CARLA's axes lie.

    Args:
        network: what to draw.
        route: drawn on top, with a dot at its beginning.
        pixels: length of the longer side.

    Returns:
        RGB, uint8 [height, width, 3].
    """
    canvas = _Canvas(network, pixels)
    for kind, color in _SURFACE.items():
        for lane in np.nonzero(network.lane_type == kind)[0]:
            left, right = edges_of(network.lane_points(int(lane)))
            canvas.polygon(np.concatenate([left, right[::-1]]), color)
    _draw_marks(canvas, network)
    for ends, width in zip(network.crossing_points, network.crossing_width, strict=True):
        _draw_crossing(canvas, ends, float(width))
    _draw_signals(canvas, network)
    if route is not None:
        xy = route.points[:, [RoutePoint.X, RoutePoint.Y]]
        canvas.line(xy, _ROUTE, 1.2)
        canvas.dot(xy[0], _ROUTE, 3.0)
    return canvas.image


def draw_towns(
    networks: Sequence[RoadNetwork], columns: int = 3, pixels: int = 640
) -> NDArray[np.uint8]:
    """Draw towns side by side, each with its name below.

    Args:
        networks: what to draw, row by row.
        columns: towns in a row.
        pixels: edge of the square that each gets.

    Returns:
        RGB, uint8 [height, width, 3].
    """
    rows = -(-len(networks) // columns)
    cell = pixels + _CAPTION
    sheet = np.full((rows * cell, min(columns, len(networks)) * pixels, 3), _GROUND, np.uint8)
    for index, network in enumerate(networks):
        # Drawn at double the size, so that marks thinner than a pixel come out pale.
        image = draw_network(network, pixels=2 * pixels)
        height, width = (max(1, side // 2) for side in image.shape[:2])
        small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
        top = (index // columns) * cell + (pixels - height) // 2
        left = (index % columns) * pixels + (pixels - width) // 2
        sheet[top : top + height, left : left + width] = small
        at = ((index % columns) * pixels + 16, (index // columns) * cell + pixels + _CAPTION // 2)
        cv2.putText(
            sheet, network.name, at, cv2.FONT_HERSHEY_SIMPLEX, 0.8, _INK, 2, cv2.LINE_AA
        )  # fmt: skip
    return sheet


def _draw_marks(canvas: _Canvas, network: RoadNetwork) -> None:
    sides = ((network.lane_mark_left, 0), (network.lane_mark_right, 1))
    for lane in np.nonzero(network.lane_type == LaneType.DRIVING)[0]:
        edges = edges_of(network.lane_points(int(lane)))
        for marks, side in sides:
            mark = int(marks[lane])
            color = _YELLOW if network.lane_mark_yellow[lane, side] else _WHITE
            if mark in (MarkType.SOLID, MarkType.SOLID_SOLID):
                canvas.line(edges[side], color, 0.15)
            elif mark == MarkType.BROKEN:
                for begin in range(0, len(edges[side]) - 3, 9):
                    canvas.line(edges[side][begin : begin + 4], color, 0.15)


def _draw_crossing(canvas: _Canvas, ends: NDArray[np.float32], width: float) -> None:
    begin, end = ends[:2], ends[2:]
    length = float(np.linalg.norm(end - begin))
    along = (end - begin) / length
    across = np.array([-along[1], along[0]], np.float32) * width / 2
    for at in np.arange(0.25, length - 0.5, 1.0):
        a, b = begin + along * at, begin + along * (at + 0.5)
        canvas.polygon(np.stack([a - across, b - across, b + across, a + across]), _WHITE)


def _draw_signals(canvas: _Canvas, network: RoadNetwork) -> None:
    for lane in range(network.n_lanes):
        points = network.lane_points(lane)
        left, right = edges_of(points)
        for stop in range(network.stop_start[lane], network.stop_start[lane + 1]):
            ends = [
                [np.interp(network.stop_s[stop], points[:, Point.S], side[:, k]) for k in (0, 1)]
                for side in (left, right)
            ]
            line = np.array(ends, np.float32)
            canvas.line(line, _STOP_LINE, 0.5)
            post = network.signals[network.stop_signal[stop], :2]
            canvas.line(np.stack([line.mean(axis=0), post]), _STOP_LINE, 0.0)
    for pose, kind in zip(network.signals, network.signal_kind, strict=True):
        canvas.dot(pose[:2], _SIGNAL[SignalKind(kind)], 0.8)
