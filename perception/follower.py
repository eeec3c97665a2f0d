"""Follower: a plain driver that brings the ego past many sights while data are collected.

It follows the route by pure pursuit, keeps distance and stops at red lights, and swerves within
its lane on purpose, so that the network learns from more than the lane's middle. It is not meant
to drive well: `planning` has drivers for that, and perception may not import planning.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from roadworthy.perception.scene import (
    ROUTE_DISTANCES,
    EgoCol,
    LightCol,
    LightState,
    RouteCol,
    Scene,
    User,
)

_DISTANCES: Final = np.array(ROUTE_DISTANCES, np.float32)
_LATERAL_ACCEL: Final = 2.5  # [m/s^2] in bends
_BRAKING: Final = 2.5  # [m/s^2] comfortable, IDM
_PUSH: Final = 2.0  # [m/s^2] largest acceleration, IDM
_HEADWAY: Final = 1.2  # [s]
_STANDOFF: Final = 3.0  # [m]
_SWERVE: Final = 0.7  # [m] to either side of the lane's middle
_SWERVE_TIME: Final = 9.0  # [s] period


class Follower:
    """Drives the egos of a batch."""

    def __init__(self, worlds: int, rng: np.random.Generator) -> None:
        self._phase = rng.uniform(0.0, 2.0 * np.pi, worlds)
        self._reach = rng.uniform(0.0, _SWERVE, worlds)
        self._haste = rng.uniform(0.6, 1.1, worlds)

    def act(
        self, scene: Scene, time: NDArray[np.float64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return acceleration [m/s^2] and curvature [1/m], float32 [W].

        Args:
            scene: of all worlds.
            time: [W] s.
        """
        speed = scene.ego[:, EgoCol.SPEED]
        curvature = self._steer(scene, speed, time)
        gap, lead_speed = self._leader(scene)
        wanted = np.minimum(scene.ego[:, EgoCol.SPEED_LIMIT] * self._haste, self._bend_speed(scene))
        free = 1.0 - (speed / np.maximum(wanted, 0.5)) ** 4
        closing = speed * (speed - lead_speed) / (2.0 * np.sqrt(_PUSH * _BRAKING))
        needed = _STANDOFF + np.maximum(speed * _HEADWAY + closing, 0.0)
        accel = _PUSH * (free - (needed / np.maximum(gap, 0.3)) ** 2)
        return np.clip(accel, -7.0, _PUSH).astype(np.float32), curvature

    def _steer(
        self, scene: Scene, speed: NDArray[np.float32], time: NDArray[np.float64]
    ) -> NDArray[np.float32]:
        """Pure pursuit of a point that sways to the sides of the route."""
        ahead = np.clip(0.8 * speed + 3.0, 4.0, 15.0)
        row = np.searchsorted(_DISTANCES, ahead)
        point = scene.route[np.arange(len(row)), row]
        sway = self._reach * np.sin(2.0 * np.pi * time / _SWERVE_TIME + self._phase)
        x = point[:, RouteCol.X] - sway * point[:, RouteCol.SIN]
        y = point[:, RouteCol.Y] + sway * point[:, RouteCol.COS]
        return np.clip(2.0 * y / np.maximum(x * x + y * y, 1.0), -0.2, 0.2).astype(np.float32)

    @staticmethod
    def _bend_speed(scene: Scene) -> NDArray[np.float32]:
        """Speed [m/s] at which the bends of the next 20 m are comfortable."""
        yaw = np.unwrap(
            np.arctan2(scene.route[:, :7, RouteCol.SIN], scene.route[:, :7, RouteCol.COS]), axis=1
        )
        bend = np.abs(np.diff(yaw, axis=1) / np.diff(_DISTANCES[:7])).max(1)
        return np.asarray(np.sqrt(_LATERAL_ACCEL / np.maximum(bend, 1e-3)), np.float32)

    @staticmethod
    def _leader(scene: Scene) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Gap [m] and speed [m/s] of what is next on the route: a road user or a stop line."""
        users, route = scene.users, scene.route
        away = np.hypot(
            users[:, :, None, User.X] - route[:, None, :, RouteCol.X],
            users[:, :, None, User.Y] - route[:, None, :, RouteCol.Y],
        )
        nearest = away.argmin(2)
        row = np.take_along_axis(route, nearest[:, :, None], 1)
        dx = users[:, :, User.X] - row[:, :, RouteCol.X]
        dy = users[:, :, User.Y] - row[:, :, RouteCol.Y]
        along = row[:, :, RouteCol.COS] * dx + row[:, :, RouteCol.SIN] * dy
        across = np.abs(row[:, :, RouteCol.COS] * dy - row[:, :, RouteCol.SIN] * dx)
        size = scene.ego[:, EgoCol.LENGTH, None] + users[:, :, User.LENGTH]
        gap = _DISTANCES[nearest] + along - 0.5 * size
        room = 0.5 * (scene.ego[:, EgoCol.WIDTH, None] + users[:, :, User.WIDTH]) + 0.4
        in_way = scene.valid & (across < room) & (users[:, :, User.X] > 1.0)
        gap = np.where(in_way, gap, 200.0)
        first = gap.argmin(1)
        pick = np.arange(len(first))
        row = row[pick, first]
        lead = users[pick, first]
        speed = row[:, RouteCol.COS] * lead[:, User.VX] + row[:, RouteCol.SIN] * lead[:, User.VY]
        state, distance = scene.light[:, LightCol.STATE], scene.light[:, LightCol.DISTANCE]
        braking = scene.ego[:, EgoCol.SPEED] ** 2 / (2.0 * np.maximum(distance, 0.1))
        stop = (state == LightState.RED) | ((state == LightState.YELLOW) & (braking < 3.5))
        # The standing-off distance counts from the line's far side: stop close to it.
        line = np.where(stop & (distance > -1.0), distance + _STANDOFF - 1.0, 200.0)
        nearer = line < gap[pick, first]
        return (
            np.where(nearer, line, gap[pick, first]).astype(np.float32),
            np.where(nearer, 0.0, np.maximum(speed, 0.0)).astype(np.float32),
        )
