"""A rotating lidar: rays against exactly the triangles that the cameras see (but no paint).

The rays are cast in `rays`; this module holds their tables, noise and points.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.kernel import kernel
from roadworthy.sim.rng import mix
from roadworthy.sim.scenery.mesh import TownMesh, town_mesh
from roadworthy.sim.sensors.camera import axes, mounted
from roadworthy.sim.sensors.lanes import LANES
from roadworthy.sim.sensors.panels import town_panels
from roadworthy.sim.sensors.rays import Bodies, Fan, cast_all, make_fan, make_hits
from roadworthy.sim.sensors.scene import ActorSoup
from roadworthy.sim.sensors.specs import LidarSpec
from roadworthy.sim.town import Town

FloatArray = NDArray[np.float32]

ATTENUATION = 0.004  # [1/m] of the intensity: CARLA's `atmosphere_attenuation_rate`
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_S12, _S24, _S36, _S48 = np.uint64(12), np.uint64(24), np.uint64(36), np.uint64(48)
_LOW12 = np.uint64(0xFFF)


class Lidar:
    """One lidar in one town. Not shared between threads: it owns its buffers.

    Ray (channel c, step k) has elevation `elevation[c]` (channel 0 is the highest) and azimuth
    `azimuth[k]` [rad], positive to the right of the sensor's x axis, rising from -pi.
    """

    def __init__(self, town: Town, spec: LidarSpec) -> None:
        """Prepare tables; the town's mesh is built if this is its first sensor."""
        self.spec = spec
        self._mesh: TownMesh = town_mesh(town)
        self._panels = town_panels(self._mesh)
        self._axes = axes(spec.yaw, 0.0)
        self.elevation = np.linspace(spec.upper_fov, spec.lower_fov, spec.channels)
        self.azimuth = (np.arange(spec.steps) + 0.5) * (2.0 * np.pi / spec.steps) - np.pi
        self._fan = make_fan((-np.pi, 2.0 * np.pi), spec.steps, self.elevation, spec.range)
        self._hits = make_hits(self._fan, len(self._mesh.bounds))
        self._points = np.empty((spec.steps * spec.channels, 4), np.float32)
        self._scratch = np.empty((6, spec.steps), np.float32)
        decay = np.exp(-ATTENUATION * np.arange(int(spec.range) + 2))
        self._decay = decay.astype(np.float32)  # by whole metres

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
            One row per return, float32 [N, 4]: x, y, z [m] in the sensor's axes and intensity,
            channel by channel.
        """
        self._cast(others, ego)
        spec = self.spec
        count = _collect(
            self._hits.recip, self._hits.number, self._fan, self._mesh.soup.intensity,
            others.intensity, self._decay, spec.noise, spec.dropout, key, self._scratch,
            self._points,
        )  # fmt: skip
        return self._points[:count].copy()

    def ranges(self, others: ActorSoup, ego: FloatArray) -> FloatArray:
        """Cast all rays once, without noise.

        Returns:
            Distance along each ray [m], float32 [channels, steps]; 0 where nothing is hit.
        """
        self._cast(others, ego)
        recip = self._hits.recip[:, : self.spec.steps]
        hit = recip > 0.0
        stretch = np.sqrt(1.0 + self._fan.tangent**2)[:, None]
        distance = stretch / np.where(hit, recip, 1.0)
        return np.where(hit & (distance <= self.spec.range), distance, 0.0).astype(np.float32)

    def _cast(self, others: ActorSoup, ego: FloatArray) -> None:
        bodies = Bodies(
            others.corners.reshape(-1, 3), others.normal, others.tag, others.panel, others.start,
            others.sphere,
        )  # fmt: skip
        still = len(self._mesh.soup.normal)
        cast_all(self._panels, still, bodies, self.pose(ego), self._fan, self._hits)


@kernel
def _collect(
    recip: FloatArray,
    number: NDArray[np.int32],
    fan: Fan,
    intensity: FloatArray,
    actor_intensity: FloatArray,
    decay: FloatArray,
    noise: float,
    dropout: float,
    key: np.uint64,
    scratch: FloatArray,
    points: FloatArray,
) -> int:
    """Turn hits into points with noise; returns how many."""
    steps = recip.shape[1] - LANES
    still = len(intensity)
    lost = np.uint64(dropout * 65536.0)
    count = 0
    x, y, z, away = scratch[0], scratch[1], scratch[2], scratch[3]
    for channel in range(len(recip)):
        slope = fan.tangent[channel]
        stretch = np.float32(np.sqrt(1.0 + slope * slope))
        # The sum of four uniform numbers is nearly normal: variance 4 / 12 of their range.
        gain = np.float32(noise * 1.7320508 / stretch)
        reach = np.float32(fan.reach) / stretch
        begin = np.uint64(channel * steps + 1)
        # Without branches, so that the compiler does several rays at once.
        for step in range(steps):
            bits = mix(key + _GOLDEN * (begin + np.uint64(step)))
            total = (bits & _LOW12) + ((bits >> _S12) & _LOW12)
            total += ((bits >> _S24) & _LOW12) + ((bits >> _S36) & _LOW12)
            h = np.float32(1.0) / recip[channel, step]
            keep = (h <= reach) & ((bits >> _S48) >= lost)
            away[step] = h * stretch if keep else np.float32(-1.0)
            h += gain * (np.float32(np.int64(total)) * np.float32(1.0 / 4096.0) - np.float32(2.0))
            x[step], y[step], z[step] = h * fan.cosine[step], h * fan.sine[step], h * slope
        for step in range(steps):
            if away[step] < 0.0:
                continue
            t = number[channel, step]
            value = intensity[t] if t < still else actor_intensity[t - still]
            points[count, 0], points[count, 1], points[count, 2] = x[step], y[step], z[step]
            points[count, 3] = value * decay[int(away[step])]
            count += 1
    return count
