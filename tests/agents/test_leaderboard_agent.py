"""The leaderboard loads the trained agent and drives with it, by its own interface."""

from __future__ import annotations

import importlib
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from roadworthy.agents.evaluation.routes import random_route
from roadworthy.sim.errors import InputError
from roadworthy.sim.frame import Control, Frame
from roadworthy.sim.road.route import Route, RoutePoint
from roadworthy.sim.road.towns import find_map, load_town
from roadworthy.sim.sensors.specs import LidarSpec, SensorRig
from roadworthy.sim.world.columns import Ego, Event
from roadworthy.sim.world.settings import WorldSettings
from roadworthy.sim.world.world import World

carla = pytest.importorskip("carla", reason="the carla wheel is not installed")

# leaderboard 2.x, agent_wrapper.py
LIMITS = {
    "sensor.camera.rgb": 8,
    "sensor.lidar.ray_cast": 2,
    "sensor.other.radar": 4,
    "sensor.other.gnss": 1,
    "sensor.other.imu": 1,
    "sensor.opendrive_map": 1,
    "sensor.speedometer": 1,
}
LIDAR = LidarSpec.carla(
    x=0.0, z=2.2, channels=64, range=85.0, points_per_second=600_000, rotation_frequency=10.0,
    upper_fov=math.radians(10.0), lower_fov=math.radians(-30.0),
)  # fmt: skip
SECONDS = 12.0


@pytest.fixture(scope="module")
def module() -> Iterator[ModuleType]:
    folder = str(Path(__file__).parent / "stand_in")
    sys.path.insert(0, folder)
    try:
        yield importlib.import_module("roadworthy.agents.leaderboard_agent")
    finally:
        sys.path.remove(folder)


@pytest.fixture
def agent(module: ModuleType) -> Any:
    made = getattr(module, module.get_entry_point())("localhost", 2000, False)
    made.setup("")
    return made


def plan_of(route: Route) -> list[tuple[Any, None]]:
    """A global plan: a pose about every 50 m, as the leaderboard thins it."""
    points = route.points
    rows = [*range(0, len(points) - 1, 50), len(points) - 1]
    return [
        (
            carla.Transform(
                carla.Location(*(float(points[i, c]) for c in range(3))),
                carla.Rotation(yaw=math.degrees(points[i, RoutePoint.YAW])),
            ),
            None,
        )
        for i in rows
    ]


def data_of(frame: Frame, opendrive: str) -> dict[str, tuple[int, Any]]:
    image = frame.images["front"]
    bgra = np.dstack([image[:, :, ::-1], np.full(image.shape[:2], 255, np.uint8)])
    imu = np.array([*frame.imu.acceleration, *frame.imu.gyroscope, frame.imu.compass])
    gnss = np.array([frame.gnss.latitude, frame.gnss.longitude, frame.gnss.altitude])
    number = frame.number
    return {
        "front": (number, bgra),
        "lidar": (number, frame.lidar),
        "imu": (number, imu),
        "gnss": (number, gnss),
        "speed": (number, {"speed": frame.speed}),
        "map": (number, {"opendrive": opendrive}),
    }


def test_its_sensors_are_within_the_leaderboards_limits(agent: Any) -> None:
    assert agent.track.value == "MAP"
    kinds: dict[str, int] = {}
    for sensor in agent.sensors():
        kinds[sensor["type"]] = kinds.get(sensor["type"], 0) + 1
        place = [sensor.get(axis, 0.0) for axis in "xyz"]
        assert math.hypot(*place) < 3.0  # MAX_ALLOWED_RADIUS_SENSOR
    assert all(count <= LIMITS[kind] for kind, count in kinds.items())
    names = [sensor["id"] for sensor in agent.sensors()]
    assert len(set(names)) == len(names)


def test_it_drives_along_the_plan_on_what_the_leaderboard_hands_it(agent: Any) -> None:
    town, route = load_town("Marlow"), random_route("Marlow", 2)
    opendrive = find_map("Marlow").with_suffix(".xodr").read_text()
    settings = WorldSettings(vehicles=0, walkers=0)
    world = World(town, route, settings=settings)
    read = world.attach(SensorRig(lidar=LIDAR), 1)
    agent.set_global_plan([], plan_of(route))
    events = np.zeros(len(Event), int)
    while world.time < SECONDS:
        agent.data, agent.time = data_of(read(), opendrive), world.time
        control = agent()
        assert not control.manual_gear_shift
        world.step(Control(control.throttle, control.brake, control.steer), 1)
        events += world.batch.events[0]
        assert abs(world.ego[Ego.ROUTE_LATERAL]) < 1.0
    assert world.ego[Ego.ROUTE_S] > 20.0
    assert events[[Event.COLLISION_STATIC, Event.RED_LIGHT, Event.OFF_ROAD]].sum() == 0
    agent.destroy()


def test_an_agent_that_needs_the_truth_is_refused(module: ModuleType) -> None:
    made = module.LeaderboardAgent("localhost", 2000)
    with pytest.raises(InputError, match="the leaderboard has sensors"):
        made.setup("expert")


def test_a_sweep_is_thinned_to_what_the_network_knows(module: ModuleType) -> None:
    points = np.zeros((60_000, 4), np.float32)
    points[:, 0] = np.arange(60_000)
    found = module.thinned(points, SensorRig())
    assert len(found) == pytest.approx(32 * 360, rel=0.01)
    steps = np.diff(found[:, 0])  # the points that stay are whole, in order, and evenly spread
    assert set(np.unique(steps)) <= {5.0, 6.0}
