"""What an agent of the gymnasium environments observes, and its space.

Shape law: observations are dicts of arrays; batched ones carry the world axis first.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from roadworthy.sim.frame import Frame
from roadworthy.sim.road.route import RoutePoint
from roadworthy.sim.sensors.specs import SensorRig
from roadworthy.sim.sensors.suite import SensorSuite
from roadworthy.sim.world.batch import BatchWorld
from roadworthy.sim.world.columns import Actor, Ego, Tuning

Observation = dict[str, NDArray[Any]]

# [m] ahead along the route at which `route` gives a point in the ego's frame (x forward, y right).
ROUTE_AHEAD = np.array([2.5, 5, 7.5, 10, 15, 20, 30, 40, 50, 60], np.float32)
# Throttle and brake in [0, 1], steer in [-1, 1]: the fields of Control in their order.
ACTION_LOW = np.array([0.0, 0.0, -1.0], np.float32)
ACTION_HIGH = np.array([1.0, 1.0, 1.0], np.float32)


def action_space() -> spaces.Space[Any]:
    """Throttle, brake, steer."""
    return spaces.Box(ACTION_LOW, ACTION_HIGH, dtype=np.float32)


def observation_space(rig: SensorRig) -> spaces.Space[Any]:
    """Space of one world's observation for a rig."""
    parts: dict[str, spaces.Space[Any]] = {}
    for camera in rig.cameras:
        shape = (camera.height, camera.width, 3)
        parts[f"camera_{camera.name}"] = spaces.Box(0, 255, shape, np.uint8)
    if rig.lidar is not None:
        rays = rig.lidar.channels * rig.lidar.columns()
        reach = 1.5 * rig.lidar.range
        parts["lidar"] = spaces.Box(-reach, reach, (rays, 4), np.float32)
    parts["speed"] = spaces.Box(-100.0, 100.0, (1,), np.float32)  # m/s
    # acceleration x, y, z [m/s^2]; gyroscope x, y, z [rad/s]; compass [rad]
    parts["imu"] = spaces.Box(-1e3, 1e3, (7,), np.float32)
    # latitude, longitude [degrees], altitude [m]
    edge = np.array([90.0, 180.0, 1e4])
    parts["gnss"] = spaces.Box(-edge, edge, dtype=np.float64)
    parts["route"] = spaces.Box(-1e4, 1e4, (len(ROUTE_AHEAD), 2), np.float32)
    return spaces.Dict(parts)


def route_ahead(batch: BatchWorld, world: int) -> NDArray[np.float32]:
    """Route points at ROUTE_AHEAD metres in the ego's frame, [N, 2]; the last one repeats."""
    route = batch.routes.routes[int(batch.route_index[world])].points
    me, ego = batch.actors[world, 0], batch.ego[world]
    stations = ego[Ego.ROUTE_S] + ROUTE_AHEAD
    x = np.interp(stations, route[:, RoutePoint.S], route[:, RoutePoint.X]) - me[Actor.X]
    y = np.interp(stations, route[:, RoutePoint.S], route[:, RoutePoint.Y]) - me[Actor.Y]
    c, s = np.cos(me[Actor.YAW]), np.sin(me[Actor.YAW])
    return np.stack([c * x + s * y, c * y - s * x], 1).astype(np.float32)


def observe(batch: BatchWorld, world: int, suite: SensorSuite) -> tuple[Observation, Frame]:
    """Observe one world.

    Returns:
        The observation (an element of `observation_space(suite.rig)`) and the Frame behind it.
    """
    frame = suite.sense(
        batch.actors[world],
        batch.ego[world],
        batch.lights[world],
        int(batch.frame[world]),
        float(batch.time[world]),
        batch.key[world],
        batch.weather[world],
        batch.hits[world, : batch.state.hit_count[world]],
        batch.events[world],
        float(batch.state.tuning[world, Tuning.NOISE]),
    )
    return observation_of(frame, suite.rig, batch, world), frame


def observation_of(frame: Frame, rig: SensorRig, batch: BatchWorld, world: int) -> Observation:
    """What an agent observes of a Frame, an element of `observation_space(rig)`.

    Args:
        frame: of the rig.
        rig: the sensors.
        batch: that has the route.
        world: index of the world in it.
    """
    parts: Observation = {f"camera_{name}": image for name, image in frame.images.items()}
    if rig.lidar is not None:
        rays = rig.lidar.channels * rig.lidar.columns()
        sweep = np.zeros((rays, 4), np.float32)
        count = min(len(frame.lidar), rays)
        sweep[:count] = frame.lidar[:count]
        parts["lidar"] = sweep
    parts["speed"] = np.array([frame.speed], np.float32)
    parts["imu"] = np.array(
        [*frame.imu.acceleration, *frame.imu.gyroscope, frame.imu.compass], np.float32
    )
    gnss = frame.gnss
    parts["gnss"] = np.array([gnss.latitude, gnss.longitude, gnss.altitude], np.float64)
    parts["route"] = route_ahead(batch, world)
    return parts
