"""Panels against a fan of rays: which face the sensor, which columns they cover, who is nearest.

Panels go through each step in batches and without branches where it can be: whether one is kept
is hard to predict, and a wrong guess costs as much as the step.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from roadworthy.sim.kernel import kernel
from roadworthy.sim.sensors.fan import BATCH, BINS, Bodies, Fan, Hits
from roadworthy.sim.sensors.lanes import (
    EDGES,
    LANES,
    bound,
    keep_nearer,
    keep_slanted,
    project,
)
from roadworthy.sim.sensors.panels import ORDER, TownPanels

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int32]


@kernel
def cast_panels(
    town: TownPanels,
    begin: int,
    end: int,
    reach: float,
    px: float,
    py: float,
    pose: NDArray[np.float64],
    fan: Fan,
    hits: Hits,
) -> None:
    """Test the town's panels `begin`..`end` of one cell, with the sensor at (px, py) in it."""
    x, y, z, far = np.float32(px), np.float32(py), np.float32(pose[0, 2]), np.float32(reach)
    for chunk in range(begin, end, BATCH):
        count = 0
        # Whether a panel is kept is hard to predict, so there is no branch.
        for p in range(chunk, min(chunk + BATCH, end)):
            face = town.face[p]
            dx, dy, limit = face[4] - x, face[5] - y, far + face[6]
            side = face[3] - (face[0] * x + face[1] * y + face[2] * z)
            hits.kept[count], hits.away[count] = p, side
            count += int(dx * dx + dy * dy <= limit * limit) & int(side < face[7])
        _cast(town.corner, town.face, town.triangle, count, px, py, pose, fan, hits)


@kernel
def cast_body(
    bodies: Bodies, actor: int, still: int, pose: NDArray[np.float64], fan: Fan, hits: Hits
) -> None:
    """Test the panels of one actor."""
    px, py, pz = pose[0, 0], pose[0, 1], pose[0, 2]
    after, end = bodies.start[actor], bodies.start[actor + 1]
    while after < end:
        count = 0
        while after < end and count < BATCH:
            t = after
            after += 2 if bodies.panel[t] > 0 else 1
            normal, first = bodies.normal[t], bodies.corners[3 * t]
            away = normal[0] * (first[0] - px) + normal[1] * (first[1] - py)
            away += normal[2] * (first[2] - pz)
            hits.triangle[count], hits.away[count] = t, away
            count += int(away < 0.0)
        for i in range(count):
            t = hits.triangle[i]
            code = bodies.panel[t]
            corner, normal = hits.corner[i], bodies.normal[t]
            for k in range(4):
                row = bodies.corners[3 * t + ORDER[code, k]]
                corner[k], corner[4 + k], corner[8 + k] = row[0], row[1], row[2]
            if code == 0:  # see `panels.around`
                for k in range(3, 12, 4):
                    corner[k] = np.float32(0.5) * (corner[k - 3] + corner[k - 1])
            hits.face[i, 0], hits.face[i, 1], hits.face[i, 2] = normal[0], normal[1], normal[2]
            hits.triangle[i], hits.kept[i] = still + t, i
        _cast(hits.corner, hits.face, hits.triangle, count, px, py, pose, fan, hits)


@kernel
def _cast(
    corner: FloatArray,
    face: FloatArray,
    triangle: IntArray,
    count: int,
    px: float,
    py: float,
    pose: NDArray[np.float64],
    fan: Fan,
    hits: Hits,
) -> None:
    """Test `count` kept panels; corners as in TownPanels, with the sensor at (px, py) in them."""
    spans = _spans(corner, face, count, px, py, pose, fan, hits)
    if len(fan.slant) > 0:
        _keep_slanted(triangle, spans, fan, hits)
        return
    bins = np.float32(BINS)
    low = fan.tangent[len(fan.tangent) - 1]
    per_bin = bins / max(np.float32(1e-9), fan.tangent[0] - low)
    waiting = 0
    for i in range(spans):
        k, first, last = hits.span[i, 0], hits.span[i, 1], hits.span[i, 2]
        for column in range(first, last + 1, LANES):
            group, task = hits.group[waiting], hits.task[waiting]
            bound(hits.edges[k], fan.cosine, fan.sine, column, group)
            top = (group[2 * LANES] - low) * per_bin
            bottom = (group[2 * LANES + 1] - low) * per_bin
            channel = fan.first[int(min(max(top, np.float32(-1.0)), bins)) + 1]
            under = fan.first[int(min(max(bottom, np.float32(0.0)), bins))]
            task[0], task[1], task[2], task[3] = k, column, channel, under
            waiting += int(under > channel)
            if waiting == BATCH:
                _keep(triangle, waiting, fan, hits)
                waiting = 0
    _keep(triangle, waiting, fan, hits)


@njit(cache=True, inline="always", error_model="numpy")
def _keep(triangle: IntArray, count: int, fan: Fan, hits: Hits) -> None:
    """Compare the rays of `count` groups of columns with the panels that they meet."""
    stride = hits.recip.shape[1]
    for i in range(count):
        task = hits.task[i]
        k = task[0]
        edges = hits.edges[k]
        keep_nearer(
            hits.group[i], fan.cosine, fan.sine, task[1], fan.tangent, task[2], task[3],
            edges[18], edges[19], edges[20], triangle[hits.kept[k]], hits.recip, hits.number,
            stride,
        )  # fmt: skip


@njit(cache=True, inline="always", error_model="numpy")
def _spans(
    corner: FloatArray,
    face: FloatArray,
    count: int,
    px: float,
    py: float,
    pose: NDArray[np.float64],
    fan: Fan,
    hits: Hits,
) -> int:
    """Fill `hits.edges` and `hits.span` for `count` kept panels; returns how many spans."""
    spans = 0
    columns = hits.recip.shape[1] - LANES
    x, y, z = np.float32(px), np.float32(py), np.float32(pose[0, 2])
    begin, per_angle, full = np.float32(fan.begin), np.float32(fan.per_angle), np.float32(fan.full)
    margin, widest, one = np.float32(fan.margin), np.float32(0.47) * full, np.float32(1.0)
    hits.kept[count], hits.away[count] = hits.kept[max(count - 1, 0)], -one
    for pair in range(0, count, 2):
        flags = project(
            corner, 12 * hits.kept[pair], 12 * hits.kept[pair + 1], x, y, z, hits.pose,
            hits.away[pair], hits.away[pair + 1], begin, per_angle, full,
            hits.edges, EDGES * pair,
        )  # fmt: skip
        for i in range(pair, min(pair + 2, count)):
            edges, normal, away = hits.edges[i], face[hits.kept[i]], hits.away[i]
            # The plane in the sensor's axes, such that its dot product with a point of it is 1.
            inverse = one / away
            for k in range(3):
                axis = hits.pose[k + 1]
                along = normal[0] * axis[0] + normal[1] * axis[1] + normal[2] * axis[2]
                edges[18 + k] = along * inverse
            low, high = edges[16] - margin, edges[17] + margin
            # Corners on opposite sides of the axis do not tell on which side the panel passes it.
            if flags & (1 << (i - pair)) or high - low > widest:
                low, high = np.float32(0.0), np.float32(columns - 1)
            if low < np.float32(0.0):
                low, high = low + full, high + full
            first, last = math.ceil(low), min(math.floor(high), columns - 1)
            seen = int(abs(away) > np.float32(1e-5))  # else it is seen from its edge
            hits.span[spans, 0], hits.span[spans, 1], hits.span[spans, 2] = i, first, last
            spans += int(first <= last) & seen
            if high >= full:
                last = min(math.floor(high - full), columns - 1)
                hits.span[spans, 0], hits.span[spans, 1], hits.span[spans, 2] = i, 0, last
                spans += seen
    return spans


@kernel
def _keep_slanted(triangle: IntArray, spans: int, fan: Fan, hits: Hits) -> None:
    """Compare panels with the rays of a slanted fan that lie in their columns."""
    for i in range(spans):
        k, first, last = hits.span[i, 0], hits.span[i, 1], hits.span[i, 2]
        edges, value = hits.edges[k], triangle[hits.kept[k]]
        for column in range(fan.first[first], fan.first[last + 1], LANES):
            bound(edges, fan.cosine, fan.sine, column, hits.group[0])
            keep_slanted(
                hits.group[0], fan.cosine, fan.sine, column, fan.slant, edges[18], edges[19],
                edges[20], value, hits.recip, hits.number,
            )  # fmt: skip
