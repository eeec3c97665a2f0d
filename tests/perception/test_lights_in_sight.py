"""Who waits at a stop line sees its light: else nobody could tell when it turns green."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from roadworthy.perception.grid import project
from roadworthy.perception.network import LIGHT_ROWS
from roadworthy.sim.road.network import Point, SignalKind
from roadworthy.sim.road.towns import load_town
from roadworthy.sim.sensors.specs import CameraSpec

HALF_LENGTH = 2.446  # [m] of the ego
MAPS = os.environ.get("ROADWORTHY_DATA")
real = pytest.mark.skipif(not MAPS, reason="ROADWORTHY_DATA is not set: CARLA's maps are there")
TOWNS = [
    *(pytest.param(name) for name in ("Rivertown", "Hillcrest", "Marlow")),
    *(pytest.param(name, marks=real) for name in ("Town01", "Town02", "Town04", "Town10HD")),
]


@pytest.mark.parametrize("town", TOWNS)
def test_the_lamps_are_in_the_picture_of_who_waits_at_the_line(town: str) -> None:
    maps = Path(MAPS) / "maps" if MAPS and town.startswith("Town") else None
    network = load_town(town, maps).network
    camera, seen, lines = CameraSpec(), 0, 0
    for lane in range(network.n_lanes):
        points = network.lane_points(lane)
        for t in range(network.stop_start[lane], network.stop_start[lane + 1]):
            signal = network.stop_signal[t]
            if network.signal_kind[signal] != SignalKind.LIGHT:
                continue
            for gap in (0.0, 1.0, 4.0):  # from the front to the line
                s = network.stop_s[t] - gap - HALF_LENGTH
                at = points[np.argmin(np.abs(points[:, Point.S] - s))]
                c, sine = np.cos(at[Point.YAW]), np.sin(at[Point.YAW])
                back = at[Point.S] - s
                dx = network.signals[signal, 0] - at[Point.X] + back * c
                dy = network.signals[signal, 1] - at[Point.Y] + back * sine
                height = network.signals[signal, 2] - at[Point.Z]
                u, v, depth = project(
                    camera,
                    np.float64(c * dx + sine * dy),
                    np.float64(c * dy - sine * dx),
                    np.float64(height),
                )
                lines += 1
                seen += bool(depth > 0.5 and 0 < u < camera.width and 0 < v < LIGHT_ROWS)
    assert lines > 30
    assert seen / lines > 0.98
