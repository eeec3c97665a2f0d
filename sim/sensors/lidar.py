"""A rotating lidar: rays against exactly the triangles that the cameras see (but no paint).

The rays are cast in `rays`; this module holds their tables, noise and points.
"""

from __future__ import annotations

import weakref

import numpy as np
from numba import njit
from numpy.typing import NDArray

from roadworthy.sim.rng import mix
from roadworthy.sim.scenery.mesh import TownMesh, town_mesh
from roadworthy.sim.sensors.camera import axes, mounted
from roadworthy.sim.sensors.lanes import LANES
from roadworthy.sim.sensors.panels import find_panels
from roadworthy.sim.sensors.rays import BINS, cast_all
from roadworthy.sim.sensors.scene import ActorSoup
from roadworthy.sim.sensors.specs import LidarSpec
from roadworthy.sim.town import Town

FloatArray = NDArray[np.float32]

ATTENUATION = 0.004  # [1/m] of the intensity: CARLA's `atmosphere_attenuation_rate`


_PANELS: weakref.WeakKeyDictionary[TownMesh, NDArray[np.uint8]] = weakref.WeakKeyDictionary()


def _mesh_panels(mesh: TownMesh) -> NDArray[np.uint8]:
    """Panels of a town's mesh, see `panels`; none reaches over the border of a cell."""
    panels = _PANELS.get(mesh)
    if panels is None:
        soup = mesh.soup
        alike = (soup.tag[1:, 2:5] == soup.tag[:-1, 2:5]).all(axis=1)
        alike &= soup.intensity[1:] == soup.intensity[:-1]
        alike[mesh.start[1:-1] - 1] = False
        panels = _PANELS[mesh] = find_panels(soup.corners, alike, 1e-3)
    return panels


class _Faces:
    """Tables of the columns of each face; face f looks along azimuth f * 90 degrees."""

    def __init__(self, azimuth: NDArray[np.float64]) -> None:
        quarter = np.floor((azimuth + 0.25 * np.pi) / (0.5 * np.pi)).astype(int) % 4
        local = (azimuth - quarter * 0.5 * np.pi + np.pi) % (2.0 * np.pi) - np.pi
        order = np.lexsort((local, quarter))
        local = local[order]
        self.step = order.astype(np.int32)  # ray step of each column
        self.start = np.searchsorted(quarter[order], np.arange(5)).astype(np.int32)
        self.x = np.tan(local)
        # Horizontal distance per depth along the axis, and the other way round.
        self.stretch = np.stack([1.0 / np.cos(local), np.cos(local)], 1)
        edges = np.linspace(-1.0, 1.0, BINS + 1)
        # First column at or beyond the lower edge of each bin of x.
        self.first = np.stack(
            [
                begin + np.searchsorted(self.x[begin:end], edges)
                for begin, end in zip(self.start[:-1], self.start[1:], strict=True)
            ]
        ).astype(np.int32)


class Lidar:
    """One lidar in one town. Not shared between threads: it owns its buffers.

    Ray (channel c, step k) has elevation `elevation[c]` (channel 0 is the highest) and azimuth
    `azimuth[k]` [rad], positive to the right of the sensor's x axis, rising from -pi.
    """

    def __init__(self, town: Town, spec: LidarSpec) -> None:
        """Prepare tables; the town's mesh is built if this is its first sensor."""
        self.spec = spec
        self._mesh: TownMesh = town_mesh(town)
        self._panels = _mesh_panels(self._mesh)
        self._axes = axes(spec.yaw, 0.0)
        self.elevation = np.linspace(spec.upper_fov, spec.lower_fov, spec.channels)
        self.azimuth = (np.arange(spec.steps) + 0.5) * (2.0 * np.pi / spec.steps) - np.pi
        # Channels are padded to whole vectors with rays that nothing covers.
        padded = -(-spec.channels // LANES) * LANES
        self._tangent = np.full(padded, np.inf, np.float32)
        tangent = self._tangent[: spec.channels]
        tangent[:] = np.tan(self.elevation)
        low, high = float(tangent[-1]), float(tangent[0])
        edges = low + (high - low) * (np.arange(BINS + 1)) / BINS
        # Row b + 1: the first channel at or below the upper edge of bin b, where the exact search
        # begins. Row 0 is for all below the lowest channel, the last for all above the highest.
        found = np.searchsorted(-tangent, -edges[1:], side="left")
        self._first = np.concatenate([[spec.channels], found, [0]]).astype(np.int32)
        self._column = np.stack([np.cos(self.azimuth), np.sin(self.azimuth)], 1)
        self._faces = _Faces(self.azimuth.astype(np.float64))
        self._stretch = np.empty(spec.steps)  # horizontal distance per depth, by step
        self._stretch[self._faces.step] = self._faces.stretch[:, 0]
        self._recip = np.empty((spec.steps, padded), np.float32)
        self._number = np.empty((spec.steps, padded), np.int32)
        self._points = np.empty((spec.steps * spec.channels, 4), np.float32)

    def pose(self, ego: FloatArray) -> NDArray[np.float64]:
        """Position, forward, right and up in world axes, [4, 3], for an ego row [Actor]."""
        return mounted(ego, (self.spec.x, self.spec.y, self.spec.z), self._axes)

    def sweep(self, others: ActorSoup, ego: FloatArray, key: np.uint64) -> FloatArray:
        """Cast all rays once.

        Args:
            others: triangles of all actors but the ego.
            ego: the actor row that carries the lidar, [Actor].
            key: of the noise; the same key gives the same noise.

        Returns:
            One row per return, float32 [N, 4]: x, y, z [m] in the sensor's axes and intensity.
        """
        self._cast(others, ego)
        spec = self.spec
        intensity = self._mesh.soup.intensity
        count = _collect(
            self._recip, self._number, self._column, self._stretch,
            self._tangent[: spec.channels], intensity, others.intensity,
            spec.range, spec.noise, spec.dropout, key, self._points,
        )  # fmt: skip
        return self._points[:count].copy()

    def ranges(self, others: ActorSoup, ego: FloatArray) -> FloatArray:
        """Cast all rays once, without noise.

        Returns:
            Distance along each ray [m], float32 [channels, steps]; 0 where nothing is hit.
        """
        self._cast(others, ego)
        recip, tangent = (
            array[..., : self.spec.channels] for array in (self._recip, self._tangent)
        )
        hit = recip.T > 0.0
        stretch = self._stretch * np.sqrt(1.0 + tangent**2)[:, None]
        distance = stretch / np.where(hit, recip.T, 1.0)
        return np.where(hit & (distance <= self.spec.range), distance, 0.0).astype(np.float32)

    def _cast(self, others: ActorSoup, ego: FloatArray) -> None:
        mesh, soup, faces = self._mesh, self._mesh.soup, self._faces
        cast_all(
            soup.corners.reshape(-1, 3), soup.normal, soup.tag, self._panels,
            mesh.start, mesh.detail_start, mesh.bounds,
            others.corners.reshape(-1, 3), others.normal, others.tag, others.panel,
            others.start, others.sphere,
            self.pose(ego), self.spec.range, self._tangent, self.spec.channels, self._first,
            faces.step, faces.start, faces.x, faces.stretch, faces.first, self._stretch,
            self._recip, self._number,
        )  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
def _collect(
    recip: FloatArray,
    number: NDArray[np.int32],
    column: NDArray[np.float64],
    face_stretch: NDArray[np.float64],
    tangent: FloatArray,
    intensity: FloatArray,
    actor_intensity: FloatArray,
    reach: float,
    noise: float,
    dropout: float,
    key: np.uint64,
    points: FloatArray,
) -> int:
    """Turn hits into points with noise; returns how many."""
    steps, channels = len(recip), len(tangent)
    still = len(intensity)
    count = 0
    decay = np.exp(-ATTENUATION * np.arange(int(reach) + 2))  # by whole metres
    stretches = np.sqrt(1.0 + tangent * tangent)
    lost = int(dropout * 65536.0)
    for step in range(steps):
        c, s = column[step, 0], column[step, 1]
        for channel in range(channels):
            w = recip[step, channel]
            if w <= 0.0:
                continue
            h = face_stretch[step] / w
            slope = tangent[channel]
            stretch = stretches[channel]
            distance = h * stretch
            if distance > reach:
                continue
            ray = np.uint64(step * channels + channel + 1)
            bits = mix(key + np.uint64(0x9E3779B97F4A7C15) * ray)
            if int(mix(bits) & np.uint64(0xFFFF)) < lost:
                continue
            # The sum of four uniform numbers is nearly normal: variance 4 / 12 of their range.
            total = 0
            for _ in range(4):
                total += int(bits & np.uint64(0xFFFF))
                bits >>= np.uint64(16)
            h += noise * (total / 65536.0 - 2.0) * 1.7320508 / stretch
            t = number[step, channel]
            value = intensity[t] if t < still else actor_intensity[t - still]
            points[count, 0], points[count, 1], points[count, 2] = h * c, h * s, h * slope
            points[count, 3] = value * decay[int(distance)]
            count += 1
    return count
