"""Let the wheel's own walker AI walk, and say in JSON what came of it; a program.

    python walker_walk.py PORT FOLDER TOWN WALKERS TICKS SEED CROSS_FACTOR

What is counted: who did not get on, who was in a house, and who was on the road beside crosswalks.
"""

from __future__ import annotations

import json
import math
import os
import random
import sys
from typing import Any

import carla
import numpy as np

LOOK = 20  # ticks between looks
STUCK = 45.0  # [s] without having got farther than STAY
STAY = 1.0  # [m]
BESIDE = 0.5  # [m] that a foot may be on the road at its edge


class Walk:
    """One walk of many walkers."""

    def __init__(self, arguments: list[str]) -> None:
        port, folder, town, count, ticks, seed, cross = arguments
        self.ticks, self.random = int(ticks), random.Random(int(seed))
        client = carla.Client("127.0.0.1", int(port))
        client.set_timeout(60.0)
        client.set_files_base_folder(folder)
        client.load_world(town)
        self.world = client.get_world()
        settings = self.world.get_settings()
        settings.synchronous_mode, settings.fixed_delta_seconds = True, 0.05
        self.world.apply_settings(settings)
        self.world.set_pedestrians_seed(int(seed))
        self.world.set_pedestrians_cross_factor(float(cross))
        self.map = self.world.get_map()
        self.walkers = self._spawn(int(count))
        self.houses = [
            (box.location.x, box.location.y, math.radians(box.rotation.yaw), box.extent.x,
             box.extent.y)
            for box in self.world.get_level_bbs(carla.CityObjectLabel.Buildings)
        ]  # fmt: skip
        self.crosswalks = self._crosswalks()

    def _spawn(self, count: int) -> list[Any]:
        library = self.world.get_blueprint_library()
        known = sorted(library.filter("walker.pedestrian.*"), key=lambda b: str(b.id))
        walkers: list[Any] = []
        for _ in range(4 * count):
            if len(walkers) == count:
                break
            place = self.world.get_random_location_from_navigation()
            place.z += 1.0
            made = self.world.try_spawn_actor(self.random.choice(known), carla.Transform(place))
            if made is not None:
                walkers.append(made)
        self.world.tick()
        brain = library.find("controller.ai.walker")
        leaders = [self.world.spawn_actor(brain, carla.Transform(), w) for w in walkers]
        self.world.tick()
        for leader in leaders:
            leader.start()
            leader.go_to_location(self.world.get_random_location_from_navigation())
            leader.set_max_speed(1.0 + self.random.random())
        return walkers

    def _crosswalks(self) -> list[np.ndarray[Any, Any]]:
        """Polygons in x and y."""
        found: list[np.ndarray[Any, Any]] = []
        corners: list[tuple[float, float]] = []
        for point in self.map.get_crosswalks():
            if corners and math.dist(corners[0], (point.x, point.y)) < 1e-3:
                found.append(np.array(corners))
                corners = []
            else:
                corners.append((point.x, point.y))
        return found

    def run(self) -> dict[str, Any]:
        """Walk, and say what came of it."""
        count = len(self.walkers)
        went, indoors, on_road = np.zeros(count), 0, np.zeros(count, int)
        anchor = before = self._places()
        since, longest = np.zeros(count), np.zeros(count)
        for tick in range(self.ticks):
            self.world.tick()
            if tick % LOOK != LOOK - 1:
                continue
            now = self._places()
            went += np.hypot(*(now - before)[:, :2].T)
            before = now
            left = np.hypot(*(now - anchor)[:, :2].T) > STAY
            anchor = np.where(left[:, None], now, anchor)
            since = np.where(left, 0.0, since + 0.05 * LOOK)
            longest = np.maximum(longest, since)
            indoors += sum(self._indoors(x, y) for x, y, _ in now)
            on_road += np.array([self._on_road(*place) for place in now])
        return {
            "walkers": count,
            "km": round(float(went.sum()) / 1000.0, 2),
            "least_m": round(float(went.min()), 1),
            "stuck": int((longest > STUCK).sum()),
            "longest_stand_s": float(longest.max()),
            "indoors_s": int(indoors),
            "on_road_s": int(on_road.sum()),
            "on_road": int((on_road > 0).sum()),
        }

    def _places(self) -> np.ndarray[Any, Any]:
        places = [walker.get_location() for walker in self.walkers]
        return np.array([(p.x, p.y, p.z) for p in places])

    def _indoors(self, x: float, y: float) -> bool:
        for cx, cy, yaw, length, width in self.houses:
            dx, dy = x - cx, y - cy
            u, v = dx * math.cos(yaw) + dy * math.sin(yaw), dy * math.cos(yaw) - dx * math.sin(yaw)
            if abs(u) < length and abs(v) < width:
                return True
        return False

    def _on_road(self, x: float, y: float, z: float) -> bool:
        place = carla.Location(float(x), float(y), float(z))
        lane = self.map.get_waypoint(place, project_to_road=False, lane_type=carla.LaneType.Driving)
        if lane is None or abs(lane.transform.location.z - z) > 3.0:
            return False
        if 0.5 * lane.lane_width - lane.transform.location.distance_2d(place) < BESIDE:
            return False
        if self.map.get_waypoint(place, project_to_road=False, lane_type=carla.LaneType.Sidewalk):
            return False  # sidewalks of Town03 lie on its junctions here and there
        return not any(_near(x, y, corners) for corners in self.crosswalks)


def _near(x: float, y: float, corners: np.ndarray[Any, Any]) -> bool:
    """Whether (x, y) is in a convex polygon, or 2 m from it: walkers cut its corners."""
    nxt = np.roll(corners, -1, axis=0)
    edge = nxt - corners
    size = np.maximum(np.hypot(*edge.T), 1e-9)
    off = (edge[:, 0] * (y - corners[:, 1]) - edge[:, 1] * (x - corners[:, 0])) / size
    return bool((off > -2.0).all() or (off < 2.0).all())


if __name__ == "__main__":
    print(json.dumps(Walk(sys.argv[1:]).run()), flush=True)
    os._exit(0)
