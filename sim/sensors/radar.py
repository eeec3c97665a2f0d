"""A radar: single rays into a cone, and how fast what they meet comes nearer.

Source: CARLA, Radar.cpp (SendLineTraces, CalculateRelativeVelocity): rays go to random places of
a disc across the cone, uniform in angle and in distance from its middle.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.kernel import kernel
from roadworthy.sim.rng import uniform
from roadworthy.sim.scenery.mesh import town_mesh
from roadworthy.sim.sensors.camera import axes
from roadworthy.sim.sensors.fan import Hits, bodies_of, make_hits, make_slanted
from roadworthy.sim.sensors.lanes import LANES
from roadworthy.sim.sensors.lidar import mount
from roadworthy.sim.sensors.panels import town_panels
from roadworthy.sim.sensors.rays import cast_all
from roadworthy.sim.sensors.returns import owner_of
from roadworthy.sim.sensors.scene import ActorSoup
from roadworthy.sim.sensors.specs import TICK, RadarSpec
from roadworthy.sim.town import Town
from roadworthy.sim.world.columns import Actor, Mover

FloatArray = NDArray[np.float32]


class Radar:
    """One radar in one town. Not shared between threads: it owns its buffers."""

    def __init__(self, town: Town, spec: RadarSpec, tick: float = TICK) -> None:
        """Prepare buffers; the town's mesh is built if this is its first sensor.

        Args:
            town: where it drives.
            spec: of the radar.
            tick: [s] of the world; a frame holds the points of one tick.

        Raises:
            SettingsError: a setting is out of range.
        """
        self.spec = spec.validate()
        self.rays = max(1, int(spec.points_per_second * tick))
        self._mesh = town_mesh(town)
        self._panels = town_panels(self._mesh)
        self._axes = axes(spec.yaw, spec.pitch)
        self._place = np.array([spec.x, spec.y, spec.z])
        self._pose = np.empty((4, 3))
        self._hits: Hits | None = None

    def sense(self, others: ActorSoup, actors: FloatArray, key: np.uint64) -> FloatArray:
        """Cast the rays of one tick.

        Args:
            others: triangles of all actors but the first, which carries the radar.
            actors: one world's actors, [A, Actor].
            key: picks the rays; the same key picks the same.

        Returns:
            One row per return, float32 [N, 4]: velocity [m/s] of the target relative to the
            sensor along the ray (negative: it comes nearer), azimuth [rad] to the right, altitude
            [rad] upward and depth [m] along the ray.
        """
        azimuth, tangent = self._directions(key)
        half = min(3.0, 0.55 * self.spec.horizontal_fov + 0.05)
        fan = make_slanted(azimuth, tangent, half, self.spec.range)
        if self._hits is None:
            self._hits = make_hits(fan, len(self._mesh.bounds))
        hits = self._hits
        mount(actors[0], self._place, self._axes, self._pose)
        still = len(self._mesh.soup.normal)
        cast_all(self._panels, still, bodies_of(others), self._pose, fan, hits)
        recip, number = hits.recip[0, :-LANES], hits.number[0, :-LANES]
        depth = np.sqrt(1.0 + tangent**2) / np.maximum(recip, 1e-9)
        met = (recip > 0.0) & (depth <= self.spec.range)
        flat = np.stack([np.cos(azimuth), np.sin(azimuth), tangent], 1)[met]
        ray = flat @ self._pose[1:] / np.linalg.norm(flat, axis=1)[:, None]
        target = np.zeros((len(ray), 3))
        for row, triangle in enumerate(number[met]):
            if triangle >= still:
                target[row] = velocity_of(actors[owner_of(others.start, triangle - still)])
        closing = ((target - velocity_of(actors[0])) * ray).sum(axis=1)
        return np.stack(
            [closing, azimuth[met], np.arctan(tangent[met]), depth[met]], axis=1
        ).astype(np.float32)

    def _directions(self, key: np.uint64) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Azimuths [rad] and tangents of elevation of a tick's rays, by azimuth."""
        spec = self.spec
        draws = np.empty((self.rays, 2))
        _draw(np.uint64(key), draws)
        radius, turn = draws[:, 0], 2.0 * math.pi * draws[:, 1]
        right = math.tan(0.5 * spec.horizontal_fov) * radius * np.cos(turn)
        up = math.tan(0.5 * spec.vertical_fov) * radius * np.sin(turn)
        order = np.argsort(right, kind="stable")
        azimuth = np.arctan(right)
        return azimuth[order], (up * np.cos(azimuth))[order]


@kernel
def _draw(key: np.uint64, out: NDArray[np.float64]) -> None:
    for i in range(len(out)):
        out[i, 0], out[i, 1] = uniform(key, 2 * i), uniform(key, 2 * i + 1)


def velocity_of(actor: FloatArray) -> NDArray[np.float64]:
    """Velocity over ground of an actor's row [Actor], [3] m/s in world axes."""
    if int(actor[Actor.MOVER]) == Mover.LOOSE:
        return np.array([actor[Actor.SLIDE_X], actor[Actor.SLIDE_Y], 0.0], np.float64)
    speed, yaw = float(actor[Actor.SPEED]), float(actor[Actor.YAW])
    pitch = float(actor[Actor.PITCH])
    level = math.cos(pitch) * speed
    return np.array([level * math.cos(yaw), level * math.sin(yaw), math.sin(pitch) * speed])
