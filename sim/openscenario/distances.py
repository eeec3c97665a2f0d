"""How far bodies are from each other."""

from __future__ import annotations

import math

from roadworthy.sim.openscenario.roads import Pose

Extent = tuple[float, float]  # [m] length, width
POINT: Extent = (0.0, 0.0)


def distance(kind: str, a: Pose, a_size: Extent, b: Pose, b_size: Extent, free: bool) -> float:
    """Distance of b from a [m].

    Args:
        kind: cartesianDistance (euclidianDistance), longitudinal or lateral; the latter two along
            and across the heading of a.
        a: the body that is asked.
        a_size: its extent.
        b: the other body, or a place.
        b_size: its extent.
        free: measure between the boxes, not between their middles.
    """
    dx, dy = b.x - a.x, b.y - a.y
    if kind in ("cartesianDistance", "euclidianDistance"):
        return between(a, a_size, b, b_size) if free else math.hypot(dx, dy)
    c, s = math.cos(a.yaw), math.sin(a.yaw)
    turn = b.yaw - a.yaw
    along = abs(math.cos(turn)) * b_size[0] + abs(math.sin(turn)) * b_size[1]
    across = abs(math.sin(turn)) * b_size[0] + abs(math.cos(turn)) * b_size[1]
    if kind == "longitudinal":
        gap, room = abs(c * dx + s * dy), 0.5 * (a_size[0] + along)
    else:
        gap, room = abs(c * dy - s * dx), 0.5 * (a_size[1] + across)
    return max(gap - room, 0.0) if free else gap


def corners(pose: Pose, size: Extent) -> list[tuple[float, float]]:
    """The corners of a box, in order around it."""
    c, s = math.cos(pose.yaw), math.sin(pose.yaw)
    ways = ((0.5, 0.5), (-0.5, 0.5), (-0.5, -0.5), (0.5, -0.5))
    return [
        (
            pose.x + c * u * size[0] - s * v * size[1],
            pose.y + s * u * size[0] + c * v * size[1],
        )
        for u, v in ways
    ]


def between(a: Pose, a_size: Extent, b: Pose, b_size: Extent) -> float:
    """Shortest distance between two boxes [m]; 0 where they touch.

    Of two boxes that are apart, the shortest way begins or ends at a corner.
    """
    if not _apart(a, a_size, b, b_size):
        return 0.0
    ours = [_to_box(corner, b, b_size) for corner in corners(a, a_size)]
    return min(ours + [_to_box(corner, a, a_size) for corner in corners(b, b_size)])


def _apart(a: Pose, a_size: Extent, b: Pose, b_size: Extent) -> bool:
    """Whether an edge of either box separates them (separating axis theorem)."""
    ours, theirs = corners(a, a_size), corners(b, b_size)
    for yaw in (a.yaw, a.yaw + 0.5 * math.pi, b.yaw, b.yaw + 0.5 * math.pi):
        c, s = math.cos(yaw), math.sin(yaw)
        first = [c * x + s * y for x, y in ours]
        second = [c * x + s * y for x, y in theirs]
        if max(first) < min(second) or max(second) < min(first):
            return True
    return False


def _to_box(point: tuple[float, float], box: Pose, size: Extent) -> float:
    c, s = math.cos(box.yaw), math.sin(box.yaw)
    dx, dy = point[0] - box.x, point[1] - box.y
    out = max(abs(c * dx + s * dy) - 0.5 * size[0], 0.0)
    side = max(abs(c * dy - s * dx) - 0.5 * size[1], 0.0)
    return math.hypot(out, side)
