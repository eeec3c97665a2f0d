"""The rays of a lidar against panels (pairs of triangles, see `panels`).

A lidar's rays are a fan: columns of equal azimuth, channels of equal elevation. A ray of the
direction (cos, sin, t), t the tangent of its elevation, meets the plane of a panel where the
reciprocal of its horizontal distance is linear in these three, and passes its edges where t is
linear in the other two. So a panel is set up once (four edges at a time), and then compared with
LANES columns at once (see `lanes`). Edges and depth are taken from planes through the sensor, so
nothing is clipped, and the hit of each ray is exact.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.kernel import kernel
from roadworthy.sim.sensors.casting import cast_body, cast_panels
from roadworthy.sim.sensors.fan import Bodies, Fan, Hits, first_channel
from roadworthy.sim.sensors.lanes import LANES
from roadworthy.sim.sensors.panels import TownPanels

FloatArray = NDArray[np.float32]

DETAIL_RANGE = 40.0  # [m] kerbs, benches and the like are thinner than the rays' spacing beyond


@kernel
def cast_all(
    town: TownPanels, still: int, bodies: Bodies, pose: NDArray[np.float64], fan: Fan, hits: Hits
) -> None:
    """Cast all rays of a fan at a town's cells and at the actors in it.

    `still` is the number of triangles of the town, `pose` [4, 3] holds position, forward, right
    and up of the sensor; `hits` receives what each ray meets first.
    """
    hits.recip[:] = 0.0
    for row in range(4):
        for k in range(3):
            hits.pose[row, k] = pose[row, k]
    count = _near_cells(town.bounds, pose, fan.reach, hits)
    # Near cells first: what lies behind a house is then skipped as a whole.
    for i in range(count):
        c, square = hits.cells[i], hits.square[i]
        bounds = town.bounds[c]
        x, y = 0.5 * (bounds[0] + bounds[3]), 0.5 * (bounds[1] + bounds[4])
        radius = math.hypot(bounds[3] - x, bounds[4] - y)
        if not _hidden(
            x, y, bounds[2], bounds[5], radius, math.sqrt(square), pose, fan, hits.recip
        ):
            px, py = pose[0, 0] - town.origin[c, 0], pose[0, 1] - town.origin[c, 1]
            middle = town.detail_start[c]
            cast_panels(town, town.start[c], middle, fan.reach, px, py, pose, fan, hits)
            if square < DETAIL_RANGE * DETAIL_RANGE:
                reach = min(fan.reach, DETAIL_RANGE)
                cast_panels(town, middle, town.start[c + 1], reach, px, py, pose, fan, hits)
    for a in range(len(bodies.sphere)):
        if bodies.start[a] == bodies.start[a + 1]:
            continue
        sphere = bodies.sphere[a]
        x, y, z, radius = sphere[0], sphere[1], sphere[2], sphere[3]
        away = math.hypot(x - pose[0, 0], y - pose[0, 1]) - radius
        if away < fan.reach and not _hidden(
            x, y, z - radius, z + radius, radius, away, pose, fan, hits.recip
        ):
            cast_body(bodies, a, still, pose, fan, hits)


@kernel
def _near_cells(bounds: FloatArray, pose: NDArray[np.float64], reach: float, hits: Hits) -> int:
    """Collect the cells within reach in `hits.cells`, nearest first; returns how many."""
    count = 0
    px, py = pose[0, 0], pose[0, 1]
    for c in range(len(bounds)):
        dx = max(bounds[c, 0] - px, px - bounds[c, 3], 0.0)
        dy = max(bounds[c, 1] - py, py - bounds[c, 4], 0.0)
        square = dx * dx + dy * dy
        if square < reach * reach:
            i = count
            while i > 0 and hits.square[i - 1] > square:
                hits.cells[i], hits.square[i] = hits.cells[i - 1], hits.square[i - 1]
                i -= 1
            hits.cells[i], hits.square[i] = c, square
            count += 1
    return count


@kernel
def _hidden(
    x: float,
    y: float,
    low: float,
    high: float,
    radius: float,
    distance: float,
    pose: NDArray[np.float64],
    fan: Fan,
    recip: FloatArray,
) -> bool:
    """Has every ray that can meet an upright cylinder already hit something nearer?

    The cylinder has its axis at (x, y), reaches from `low` to `high`, and no part of it is nearer
    than `distance` [m]. All bounds are generous: what is called hidden is hidden.
    """
    if distance < 15.0:
        return False
    x, y = x - pose[0, 0], y - pose[0, 1]
    low, high = low - pose[0, 2], high - pose[0, 2]
    away = math.hypot(x, y)
    # A tilted sensor sees the cylinder higher or lower by the tilt's share of the distance.
    tilt = math.hypot(pose[3, 0], pose[3, 1]) * 1.1 + 1e-3
    nearest = distance * (0.99 - tilt)
    top = high / (nearest if high > 0.0 else away + radius) + 1.1 * tilt
    bottom = low / (nearest if low < 0.0 else away + radius) - 1.1 * tilt
    needed = np.float32(1.0 / nearest)
    forward = x * pose[1, 0] + y * pose[1, 1]
    right = x * pose[2, 0] + y * pose[2, 1]
    middle = (math.atan2(right, forward) - fan.begin) * fan.per_angle - 0.5
    half = (math.asin(min(1.0, radius / away)) + tilt) * fan.per_angle + 1.0
    columns = recip.shape[1] - LANES
    begin = middle - half
    begin -= fan.full * math.floor(begin / fan.full)
    begin -= fan.full
    channels = len(fan.tangent)
    for _ in range(2):
        first, last = max(0, math.floor(begin)), min(columns, math.ceil(begin + 2.0 * half) + 1)
        begin += fan.full
        if len(fan.slant) > 0:
            if first < last:
                return False
            continue
        for channel in range(first_channel(top, fan), channels):
            if fan.tangent[channel] < bottom:
                break
            for column in range(first, last):
                if recip[channel, column] < needed:
                    return False
    return True
