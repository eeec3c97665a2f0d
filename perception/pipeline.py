"""Perceiver: Frame in, Scene out; everything between the sensors and the planner.

What an agent knows that drives by this, and from where:

- From the sensors of its rig: road users (lidar and camera, through the network and the tracker),
  the colour of the light (camera), where it is (GNSS, compass, gyroscope, speedometer), its speed,
  acceleration and yaw rate.
- From the route and the town's HD map along it, without looking (`guide.Guide`): the course of the
  route, the width of its lane, speed limits, whether it runs through a junction, the slope, which
  traffic light governs it, where that light's stop line is and where its lamps hang. The network
  gets these as its inputs `route` and `hint`; the Scene's route, speed limit, remaining way and
  place beside the route are computed from them and from the pose.
- From its own vehicle: length and width.

So of a traffic light the colour alone is perceived (or that none can be seen). Which one governs
and how far its line is come from the map; the network's own estimate of that distance is not used
where the map gives one. Nothing of the simulated world's state is read: no other road user's pose,
no true pose of the ego, no state of a light.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from roadworthy.perception import signature as net
from roadworthy.perception.decode import WEAK_THRESHOLDS, Decoder
from roadworthy.perception.grid import Rasteriser
from roadworthy.perception.guide import Guide
from roadworthy.perception.light_filter import LightFilter
from roadworthy.perception.localise import Localiser
from roadworthy.perception.scene import LIGHT_RANGE, EgoCol, LightCol, LightState, Scene
from roadworthy.perception.signature import HintCol
from roadworthy.perception.tracker import Tracker
from roadworthy.sim.errors import ModelError, SettingsError
from roadworthy.sim.frame import Frame
from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.road.route import Route
from roadworthy.sim.sensors.specs import LidarSpec, SensorRig

_ACCEL_KEPT: Final = 0.6  # of the acceleration before; the accelerometer is noisy
_GRAVITY: Final = 9.81  # [m/s^2]
_MAX_DT: Final = 0.5  # [s] a longer gap is a new beginning for the tracker
_STANDING: Final = 1.0  # [m/s] below, the path's curvature is not defined by yaw rate and speed


class Backend(Protocol):
    """Whatever runs the network: an ONNX session of the control room, or torch in a test."""

    def __call__(self, inputs: Mapping[str, NDArray[Any]]) -> Mapping[str, NDArray[Any]]:
        """Map the arrays named `network.INPUTS`, batch 1, to those named `network.OUTPUTS`."""
        ...


def show_stop_sign(light: NDArray[np.float32], distance: float) -> None:
    """Show a stop sign `distance` metres ahead as a red light, as the oracle does.

    Args:
        light: [LightCol], overwritten where the sign comes before what must be obeyed there.
        distance: [m] from the ego's front; LIGHT_RANGE where there is no sign to obey.
    """
    open_ = light[LightCol.STATE] in (LightState.NONE, LightState.GREEN)
    if distance < LIGHT_RANGE and (open_ or distance < light[LightCol.DISTANCE]):
        light[:] = LightState.RED, distance, 1.0


class Perceiver:
    """Perceives for one vehicle. Call `start` before each drive, then `perceive` per Frame."""

    def __init__(
        self,
        backend: Backend,
        rig: SensorRig | None = None,
        *,
        ego_length: float = 4.892,
        ego_width: float = 1.837,
    ) -> None:
        """Prepare.

        Args:
            backend: runs the network.
            rig: the sensors that the Frames come from; the first camera is the one looked at.
            ego_length: [m] (the defaults are those of CARLA's Lincoln MKZ).
            ego_width: [m].

        Raises:
            SettingsError: the rig lacks a camera or a lidar.
        """
        rig = rig or SensorRig()
        if not rig.cameras or rig.lidar is None:
            raise SettingsError("perception needs a rig with a camera and a lidar")
        self._backend, self._camera = backend, rig.cameras[0]
        self._rasteriser = Rasteriser(rig.lidar if rig.lidar else LidarSpec())
        self._gnss_noise = rig.inertial.gnss_noise
        self._size = ego_length, ego_width
        self._decoder, self._tracker, self._light = (
            Decoder(WEAK_THRESHOLDS),
            Tracker(),
            LightFilter(),
        )
        self._scene = Scene.empty()
        self._guide: Guide | None = None
        self._localiser: Localiser | None = None
        self._time, self._accel = 0.0, 0.0

    def start(self, network: RoadNetwork, route: Route) -> None:
        """Begin a drive along `route`; forget the one before."""
        self._guide = Guide(network, route, ego_length=self._size[0])
        self._localiser = Localiser(network.geo_reference, gnss_noise=max(self._gnss_noise, 0.05))
        self._tracker.reset()
        self._light.reset()
        self._time, self._accel = -np.inf, 0.0

    def perceive(self, frame: Frame) -> Scene:
        """Return what is believed after this Frame.

        The Scene is overwritten by the next call.

        Raises:
            SettingsError: `start` was not called, or the Frame lacks the camera's picture.
            ModelError: the network's outputs are not what they should be.
        """
        if self._guide is None or self._localiser is None:
            raise SettingsError("Perceiver.start(network, route) must be called before perceive")
        guide, localiser = self._guide, self._localiser
        dt = frame.time - self._time
        self._time = frame.time
        x, y, yaw = localiser.update(frame)
        guide.update(x, y, yaw, frame.speed)
        out = self._look(frame, guide)
        if not 0.0 <= dt <= _MAX_DT:
            self._tracker.reset()
            dt = 0.1
        detections = self._decoder(out[net.HEAT][0], out[net.BOX][0])
        self._tracker.update(detections, localiser.odometry, dt)
        scene = self._scene
        scene.users[:], scene.valid[:] = self._tracker.users, self._tracker.valid
        scene.route[:] = guide.route
        self._fill_light(out, guide, localiser.moved)
        show_stop_sign(scene.light, guide.stop)
        self._fill_ego(frame, guide)
        return scene

    def _look(self, frame: Frame, guide: Guide) -> Mapping[str, NDArray[Any]]:
        """Run the network."""
        image = frame.images.get(self._camera.name)
        if image is None or image.shape[:2] != (self._camera.height, self._camera.width):
            raise SettingsError(
                f"the Frame has no picture {self._camera.name!r} of "
                f"{self._camera.width}x{self._camera.height}; give the vehicle the agent's rig"
            )
        inputs: dict[str, NDArray[Any]] = {
            net.IMAGE: image[None],
            net.RASTER: self._rasteriser.raster(frame.lidar)[None],
            net.ROUTE: guide.route[None],
            net.HINT: guide.hint[None],
        }
        out = self._backend(inputs)
        missing = [name for name in net.OUTPUTS if name not in out]
        if missing:
            raise ModelError(f"the perception network gives no {', '.join(missing)}")
        return out

    def _fill_light(self, out: Mapping[str, NDArray[Any]], guide: Guide, moved: float) -> None:
        """Fill the Scene's light: the map says whether and where, the camera which state."""
        light = self._scene.light
        if guide.hint[HintCol.PRESENT] == 0.0:
            self._light.reset()
            light[:] = LightState.NONE, LIGHT_RANGE, 1.0
            return
        probabilities = out[net.LIGHT][0].copy()
        # The map knows a light here: that the camera sees none is more likely a thing in the way.
        probabilities[LightState.NONE] *= 0.3
        seen = float(out[net.LIGHT_DISTANCE][0])
        distance = float(guide.hint[HintCol.DISTANCE])
        light[:] = self._light.update(probabilities, seen, distance, moved)
        if light[LightCol.STATE] == LightState.NONE:
            light[LightCol.DISTANCE] = LIGHT_RANGE

    def _fill_ego(self, frame: Frame, guide: Guide) -> None:
        """Fill the Scene's ego row."""
        # On a slope the accelerometer feels a share of gravity; the map knows the slope.
        felt = frame.imu.acceleration[0] - _GRAVITY * math.sin(guide.pitch)
        self._accel = _ACCEL_KEPT * self._accel + (1 - _ACCEL_KEPT) * felt
        rate = frame.imu.gyroscope[2]
        row = self._scene.ego
        row[EgoCol.SPEED], row[EgoCol.ACCEL], row[EgoCol.YAW_RATE] = frame.speed, self._accel, rate
        row[EgoCol.LATERAL], row[EgoCol.HEADING] = guide.lateral, guide.heading
        row[EgoCol.SPEED_LIMIT], row[EgoCol.REMAINING] = guide.speed_limit, guide.remaining
        row[EgoCol.CURVATURE] = rate / frame.speed if frame.speed > _STANDING else 0.0
        row[EgoCol.LENGTH], row[EgoCol.WIDTH] = self._size
