"""The trained agent for CARLA's official leaderboard (track MAP): hand this file to it.

    leaderboard_evaluator.py --agent agents/leaderboard_agent.py --track MAP [--agent-config DIR]

`DIR` is a folder with an exported agent; without it the shipped one drives. It works with
leaderboard 1.0 and 2.x, whose package must be importable. What differs from an embedded world is
put right here: the leaderboard's lidar turns ten times a second, so two ticks make a sweep, and
has more points than the network was trained with.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from leaderboard.autoagents.autonomous_agent import AutonomousAgent, Track
from numpy.typing import NDArray

from roadworthy.agents.registry import make_agent
from roadworthy.sim.errors import InputError
from roadworthy.sim.frame import Control, Frame, Gnss, Imu
from roadworthy.sim.road.compile import compile_xodr
from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.road.routing import plan_route
from roadworthy.sim.scenery.place import place_scenery
from roadworthy.sim.sensors.specs import CameraSpec, SensorRig
from roadworthy.sim.town import Town

TICK = 0.05  # [s] of the leaderboard's world; the agent decides at every second tick
LIDAR_POINTS = 600_000.0  # a second, of the leaderboard's lidar (agent_wrapper.py)
LIDAR_TURNS = 10.0  # a second


def get_entry_point() -> str:
    """Name of the agent's class, which the leaderboard asks for."""
    return "LeaderboardAgent"


class LeaderboardAgent(AutonomousAgent):  # type: ignore[misc]  # the leaderboard has no types
    """Translates between the leaderboard's agent interface and ours."""

    def setup(self, path_to_conf_file: str) -> None:
        """Load the models.

        Raises:
            InputError: the agent wants the world's truth, which the leaderboard does not give.
            ModelError: a model is missing or does not fit.
        """
        self.track = Track.MAP
        self.agent = make_agent(path_to_conf_file or "roadworthy")
        rig = self.agent.rig()
        if self.agent.privileged or rig is None:
            raise InputError(
                f"agent {self.agent.name} drives on the world's truth; the leaderboard has sensors"
            )
        self.rig = rig
        self._started = False
        self._ticks = 0
        self._control = Control(brake=1.0)
        self._half: NDArray[np.float32] = np.zeros((0, 4), np.float32)

    def sensors(self) -> list[dict[str, Any]]:
        """What the agent wants on its vehicle, as the leaderboard writes it."""
        found = [camera_of(spec) for spec in self.rig.cameras]
        lidar = self.rig.lidar
        if lidar is not None:
            found.append(
                {
                    "type": "sensor.lidar.ray_cast",
                    "id": "lidar",
                    **{axis: float(getattr(lidar, axis)) for axis in "xyz"},
                    **{
                        axis: math.degrees(getattr(lidar, axis))
                        for axis in ("roll", "pitch", "yaw")
                    },
                }
            )
        level = dict.fromkeys(("x", "y", "z", "roll", "pitch", "yaw"), 0.0)
        return [
            *found,
            {"type": "sensor.other.imu", "id": "imu", **level},
            {"type": "sensor.other.gnss", "id": "gnss", **level},
            {"type": "sensor.speedometer", "id": "speed", "reading_frequency": 1.0 / TICK},
            {"type": "sensor.opendrive_map", "id": "map", "reading_frequency": 1.0},
        ]

    def run_step(self, input_data: Mapping[str, tuple[int, Any]], timestamp: float) -> Any:
        """Decide for one tick of the leaderboard's world; a carla.VehicleControl."""
        lidar = self.rig.lidar
        swept = np.zeros((0, 4), np.float32)
        if lidar is not None:
            swept = np.asarray(input_data["lidar"][1], np.float32)[:, :4]
        if not self._started:
            self._begin(str(input_data["map"][1]["opendrive"]))
        if self._ticks % 2 == 0:
            both = np.concatenate([self._half, swept])
            self._control = self.agent.act(self._frame(input_data, both, timestamp), None)
            self._control.validate()
        self._half = swept
        self._ticks += 1
        return vehicle_control(self._control)

    def destroy(self) -> None:
        """Forget the drive and the models."""
        self.__dict__.pop("agent", None)

    def _begin(self, opendrive: str) -> None:
        """Plan the route on the leaderboard's map."""
        network = network_of(opendrive)
        places = [at for at, _ in self._global_plan_world_coord]
        route = plan_route(
            network,
            [[at.location.x, at.location.y, at.location.z] for at in places],
            id="leaderboard",
            yaws=[math.radians(at.rotation.yaw) for at in places],
        )
        self.agent.start(Town(network.name, network, place_scenery(network)), route, 0)
        self._started = True

    def _frame(
        self, data: Mapping[str, tuple[int, Any]], points: NDArray[np.float32], seconds: float
    ) -> Frame:
        """Make a Frame of the leaderboard's input tuple."""
        images = {
            spec.name: np.ascontiguousarray(np.asarray(data[spec.name][1])[:, :, 2::-1])
            for spec in self.rig.cameras
        }
        felt = [float(value) for value in data["imu"][1]]
        place = [float(value) for value in data["gnss"][1]]
        return Frame(
            self._ticks,
            seconds,
            images,
            thinned(points, self.rig),
            Imu((felt[0], felt[1], felt[2]), (felt[3], felt[4], felt[5]), felt[6]),
            Gnss(place[0], place[1], place[2]),
            float(data["speed"][1]["speed"]),
            {},
            {},
        )


def camera_of(spec: CameraSpec) -> dict[str, Any]:
    """A camera as the leaderboard writes it."""
    return {
        "type": "sensor.camera.rgb",
        "id": spec.name,
        **{axis: float(getattr(spec, axis)) for axis in "xyz"},
        **{axis: math.degrees(getattr(spec, axis)) for axis in ("roll", "pitch", "yaw")},
        "width": spec.width,
        "height": spec.height,
        "fov": math.degrees(spec.fov),
    }


def thinned(points: NDArray[np.float32], rig: SensorRig) -> NDArray[np.float32]:
    """Take as many points of a sweep as the rig's own lidar makes, evenly."""
    if rig.lidar is None or len(points) == 0:
        return points
    share = rig.lidar.channels * rig.lidar.columns() * LIDAR_TURNS / LIDAR_POINTS
    count = max(round(len(points) * min(share, 1.0)), 1)
    rows: NDArray[np.float32] = points[np.linspace(0, len(points) - 1, count).astype(int)]
    return rows


def network_of(opendrive: str) -> RoadNetwork:
    """Compile a map from its text, in a child process and with our cache.

    Raises:
        MapError: it cannot be compiled.
    """
    with TemporaryDirectory(prefix="roadworthy-") as folder:
        path = Path(folder) / "leaderboard.xodr"
        path.write_text(opendrive, "utf-8")
        return compile_xodr(path)


def vehicle_control(control: Control) -> Any:
    """A carla.VehicleControl of ours."""
    import carla

    return carla.VehicleControl(
        throttle=float(control.throttle),
        steer=float(control.steer),
        brake=float(control.brake),
        hand_brake=bool(control.hand_brake),
        reverse=bool(control.reverse),
    )
