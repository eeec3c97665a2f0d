"""Let the wheel's own Traffic Manager drive, and say in JSON what came of it; a program.

    python manager_drive.py PORT FOLDER TOWN VEHICLES TICKS SEED [BASE_TYPE]

What is counted: who stood for how long other than at a red light or behind one, who touched whom,
who passed a stop line at red, who was beside the road, and who was taken away by the Traffic
Manager, which does that with vehicles at a stand for 90 s.
"""

from __future__ import annotations

import json
import math
import os
import random
import socket
import sys
import threading
import time
from typing import Any

import carla
import numpy as np

HUNG = 75  # exit code where the Traffic Manager hangs, see carla_client.told
PATIENCE = 60.0  # [s] a tick may take
CREEP = 0.1  # [m/s] slower is a stand
QUEUE = 8.0  # [m] gap to the one ahead in a queue
WIDEST = 1.275  # [m] half of the widest body, as the server has it
LOOK = 20  # ticks between looks at who stands and where
ROAD = ("Driving", "Bidirectional", "Shoulder", "Parking", "Stop")


class Drive:
    """One drive of many vehicles."""

    def __init__(self, arguments: list[str]) -> None:
        port, folder, town, count, ticks, seed = arguments[:6]
        self.wanted = arguments[6] if len(arguments) > 6 else "car"
        self.ticks, self.random = int(ticks), random.Random(int(seed))
        client = carla.Client("127.0.0.1", int(port))
        client.set_timeout(60.0)
        client.set_files_base_folder(folder)
        client.load_world(town)
        self.client, self.world = client, client.get_world()
        settings = self.world.get_settings()
        settings.synchronous_mode, settings.fixed_delta_seconds = True, 0.05
        self.world.apply_settings(settings)
        self.map = self.world.get_map()
        self.cars = self._spawn(int(count), int(seed))
        half = {i: car.bounding_box.extent for i, car in self.cars.items()}
        self.half = {i: (box.x, min(box.y, WIDEST)) for i, box in half.items()}
        self.touched: set[tuple[int, int]] = set()
        self._feel()
        self.lights = list(self.world.get_actors().filter("traffic.traffic_light"))
        self.lines = self._stop_lines()
        self.went = dict.fromkeys(self.cars, 0.0)
        self.stood = dict.fromkeys(self.cars, 0.0)  # [s] without a red light, now
        self.longest = dict.fromkeys(self.cars, 0.0)
        self.before: dict[int, tuple[float, float]] = {}
        self.passed: dict[tuple[int, int], float] = {}
        self.crossing: set[tuple[int, int]] = set()
        self.red_runs = self.beside = 0
        self.gone: set[int] = set()
        self.ticked = time.monotonic()
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while time.monotonic() - self.ticked < PATIENCE:
            time.sleep(1.0)
        os._exit(HUNG)

    def _spawn(self, count: int, seed: int) -> dict[int, Any]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = int(free.getsockname()[1])
        manager = self.client.get_trafficmanager(port)
        manager.set_synchronous_mode(True)
        manager.set_random_device_seed(seed)
        manager.set_global_distance_to_leading_vehicle(2.5)
        points = self.map.get_spawn_points()
        self.random.shuffle(points)
        found = self.world.get_blueprint_library().filter("vehicle.*")
        known = sorted(
            (b for b in found if self.wanted in ("all", b.get_attribute("base_type").as_str())),
            key=lambda blueprint: str(blueprint.id),
        )
        spawn, autopilot = carla.command.SpawnActor, carla.command.SetAutopilot
        orders = [
            spawn(self.random.choice(known), point).then(
                autopilot(carla.command.FutureActor, True, port)
            )
            for point in points[:count]
        ]
        answers = self.client.apply_batch_sync(orders, True)
        return {a.actor_id: self.world.get_actor(a.actor_id) for a in answers if not a.error}

    def _feel(self) -> None:
        blueprint = self.world.get_blueprint_library().find("sensor.other.collision")
        self.sensors = []
        for number, car in self.cars.items():
            sensor = self.world.spawn_actor(blueprint, carla.Transform(), car)
            sensor.listen(lambda event, me=number: self._touch(me, event))
            self.sensors.append(sensor)

    def _touch(self, me: int, event: Any) -> None:
        other = event.other_actor.id
        self.touched.add((min(me, other), max(me, other)))

    def _stop_lines(self) -> np.ndarray[Any, Any]:
        """Of each stop line: light, x, y, z, forward x and y, half its width."""
        rows = []
        for index, light in enumerate(self.lights):
            for waypoint in light.get_stop_waypoints():
                place, ahead = waypoint.transform.location, waypoint.transform.get_forward_vector()
                rows.append([index, place.x, place.y, place.z, ahead.x, ahead.y,
                             0.5 * waypoint.lane_width])  # fmt: skip
        return np.array(rows, float).reshape(-1, 7)

    def run(self) -> dict[str, Any]:
        """Drive, and say what came of it."""
        for tick in range(self.ticks):
            self.world.tick()
            self.ticked = time.monotonic()
            snapshot = self.world.get_snapshot()
            rows = []
            for number in self.cars:
                actor = snapshot.find(number) if number not in self.gone else None
                if actor is None:
                    self.gone.add(number)
                    continue
                pose, speed = actor.get_transform(), actor.get_velocity()
                rows.append([number, pose.location.x, pose.location.y, pose.location.z,
                             math.radians(pose.rotation.yaw), math.hypot(speed.x, speed.y),
                             *self.half[number]])  # fmt: skip
            now = np.array(rows, float)
            if tick % 2 == 0 and len(self.lines):
                self._watch_lines(now)
            if tick % LOOK == LOOK - 1:
                self._look(now)
        return {
            "vehicles": len(self.cars),
            "lights": len(self.lights),
            "km": round(sum(self.went.values()) / 1000.0, 1),
            "least_m": round(min(self.went.values()), 1),
            "longest_stand_s": max(self.longest.values()),
            "stuck": sum(stood > 120.0 for stood in self.longest.values()),
            "removed": len(self.gone),
            "touching_pairs": len(self.touched),
            "red_runs": self.red_runs,
            "beside_the_road_s": self.beside,
        }

    def _watch_lines(self, now: np.ndarray[Any, Any]) -> None:
        """Count who passes a stop line from bumper to bumper while its light is red."""
        red = np.array([light.state == carla.TrafficLightState.Red for light in self.lights])
        lit = red[self.lines[:, 0].astype(int)]
        cos, sin = np.cos(now[:, 4]), np.sin(now[:, 4])
        dx = (now[:, 1] + cos * now[:, 6])[:, None] - self.lines[:, 1]
        dy = (now[:, 2] + sin * now[:, 6])[:, None] - self.lines[:, 2]
        ahead, aside = self.lines[:, 4], self.lines[:, 5]
        along, off = dx * ahead + dy * aside, dy * ahead - dx * aside
        near = (np.abs(off) < self.lines[:, 6]) & (along > -6.0) & (along < 14.0)
        near &= cos[:, None] * ahead + sin[:, None] * aside > 0.7
        near &= np.abs(now[:, 3][:, None] - self.lines[:, 3]) < 3.0
        self.crossing = {key for key in self.crossing if lit[key[1]]}
        seen = {}
        for row, line in zip(*np.nonzero(near), strict=True):
            key, at = (int(now[row, 0]), int(line)), float(along[row, line])
            seen[key] = at
            last = self.passed.get(key)
            if last is None or not lit[line]:
                continue
            if last < 0.0 <= at:
                self.crossing.add(key)
            if last < 2.0 * now[row, 6] <= at and key in self.crossing:
                self.red_runs += 1
        self.passed = seen

    def _look(self, now: np.ndarray[Any, Any]) -> None:
        """Take notes of ways, stands and places."""
        ahead = _ahead(now)
        for row, number in enumerate(now[:, 0].astype(int)):
            place = (float(now[row, 1]), float(now[row, 2]))
            self.went[number] += math.dist(place, self.before.get(number, place))
            self.before[number] = place
            lane = self.map.get_waypoint(
                carla.Location(*(float(v) for v in now[row, 1:4])), project_to_road=False,
                lane_type=carla.LaneType.Any,
            )  # fmt: skip
            self.beside += lane is None or str(lane.lane_type) not in ROAD
            still = now[row, 5] < CREEP and not self._at_red(row, now, ahead)
            self.stood[number] = self.stood[number] + 0.05 * LOOK if still else 0.0
            self.longest[number] = max(self.longest[number], self.stood[number])

    def _at_red(self, row: int, now: np.ndarray[Any, Any], ahead: dict[int, int]) -> bool:
        """Whether a vehicle waits at a red light, or behind one that does."""
        for _ in range(30):
            car = self.cars[int(now[row, 0])]
            if car.is_at_traffic_light() and str(car.get_traffic_light_state()) != "Green":
                return True
            if row not in ahead:
                return False
            row = ahead[row]
        return False


def _ahead(now: np.ndarray[Any, Any]) -> dict[int, int]:
    """Of who stands: the row of who stands right ahead of it."""
    found = {}
    for row in np.flatnonzero(now[:, 5] < CREEP):
        dx, dy = now[:, 1] - now[row, 1], now[:, 2] - now[row, 2]
        cos, sin = math.cos(now[row, 4]), math.sin(now[row, 4])
        along, aside = dx * cos + dy * sin, np.abs(dy * cos - dx * sin)
        gap = along - now[:, 6] - now[row, 6]
        queue = (along > 0.5) & (aside < 2.2) & (gap < QUEUE) & (now[:, 5] < CREEP)
        queue[row] = False
        if queue.any():
            found[int(row)] = int(np.argmin(np.where(queue, gap, np.inf)))
    return found


if __name__ == "__main__":
    print(json.dumps(Drive(sys.argv[1:]).run()), flush=True)
    os._exit(0)  # the Traffic Manager's threads may take their process with them
