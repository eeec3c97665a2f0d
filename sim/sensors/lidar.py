"""A rotating lidar: rays against exactly the triangles that the cameras see (but no paint).

All rays of one azimuth lie in one upright half plane of the sensor. A triangle cuts that plane in
a segment, so the horizontal work is shared by all channels: the segment's two ends give the
channels that it covers, and each channel needs one division (DEPENDENCIES, section 7: this beats
a test per ray by far).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from roadworthy.sim.rng import mix
from roadworthy.sim.scenery.mesh import TownMesh, town_mesh
from roadworthy.sim.sensors.camera import axes, mounted
from roadworthy.sim.sensors.scene import ActorSoup
from roadworthy.sim.sensors.specs import LidarSpec
from roadworthy.sim.town import Town

FloatArray = NDArray[np.float32]

ATTENUATION = 0.004  # [1/m] of the intensity: CARLA's `atmosphere_attenuation_rate`
_BINS = 1024  # of the table from the tangent of an elevation to channels
_FAR = np.float32(1e9)


class Lidar:
    """One lidar in one town. Not shared between threads: it owns its buffers.

    Ray (channel c, step k) has elevation `elevation[c]` (channel 0 is the highest) and azimuth
    `azimuth[k]` [rad], positive to the right of the sensor's x axis, rising from -pi.
    """

    def __init__(self, town: Town, spec: LidarSpec) -> None:
        """Prepare tables; the town's mesh is built if this is its first sensor."""
        self.spec = spec
        self._mesh: TownMesh = town_mesh(town)
        self._axes = axes(spec.yaw, 0.0)
        self.elevation = np.linspace(spec.upper_fov, spec.lower_fov, spec.channels)
        self.azimuth = (np.arange(spec.steps) + 0.5) * (2.0 * np.pi / spec.steps) - np.pi
        self._tangent = np.tan(self.elevation).astype(np.float32)
        low, high = float(self._tangent[-1]), float(self._tangent[0])
        edges = low + (high - low) * (np.arange(_BINS + 1)) / _BINS
        # First channel at or below the upper edge of each bin: a start for the exact search.
        self._first = np.searchsorted(-self._tangent, -edges[1:], side="left").astype(np.int32)
        self._column = np.stack([np.cos(self.azimuth), np.sin(self.azimuth)], 1)
        self._near = np.empty((spec.steps, spec.channels), np.float32)
        self._number = np.empty((spec.steps, spec.channels), np.int32)
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
            self._near, self._number, self._column, self._tangent, intensity, others.intensity,
            spec.range, spec.noise, spec.dropout, key, self._points,
        )  # fmt: skip
        return self._points[:count].copy()

    def ranges(self, others: ActorSoup, ego: FloatArray) -> FloatArray:
        """Cast all rays once, without noise.

        Returns:
            Distance along each ray [m], float32 [channels, steps]; 0 where nothing is hit.
        """
        self._cast(others, ego)
        distance = self._near.T * np.sqrt(1.0 + self._tangent**2)[:, None]
        return np.where(distance <= self.spec.range, distance, 0.0).astype(np.float32)

    def _cast(self, others: ActorSoup, ego: FloatArray) -> None:
        mesh, soup = self._mesh, self._mesh.soup
        _cast_all(
            soup.corners, soup.normal, soup.tag, mesh.start, mesh.bounds,
            others.corners, others.normal, others.tag, others.start, others.sphere,
            self.pose(ego), self.spec.range, self._column, self._tangent, self._first,
            self._near, self._number,
        )  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
def _cast_all(
    corners: FloatArray,
    normal: FloatArray,
    tag: NDArray[np.uint8],
    start: NDArray[np.int32],
    bounds: FloatArray,
    actor_corners: FloatArray,
    actor_normal: FloatArray,
    actor_tag: NDArray[np.uint8],
    actor_start: NDArray[np.int32],
    sphere: FloatArray,
    pose: NDArray[np.float64],
    reach: float,
    column: NDArray[np.float64],
    tangent: FloatArray,
    first: NDArray[np.int32],
    near: FloatArray,
    number: NDArray[np.int32],
) -> None:
    near[:] = _FAR
    for a in range(len(sphere)):
        dx, dy = sphere[a, 0] - pose[0, 0], sphere[a, 1] - pose[0, 1]
        limit = reach + sphere[a, 3]
        if actor_start[a] < actor_start[a + 1] and dx * dx + dy * dy < limit * limit:
            _cast_range(
                actor_corners, actor_normal, actor_tag, actor_start[a], actor_start[a + 1],
                len(corners), pose, reach, column, tangent, first, near, number,
            )  # fmt: skip
    for c in range(len(bounds)):
        dx = max(bounds[c, 0] - pose[0, 0], pose[0, 0] - bounds[c, 3], 0.0)
        dy = max(bounds[c, 1] - pose[0, 1], pose[0, 1] - bounds[c, 4], 0.0)
        if dx * dx + dy * dy < reach * reach:
            _cast_range(
                corners, normal, tag, start[c], start[c + 1], 0,
                pose, reach, column, tangent, first, near, number,
            )  # fmt: skip


@njit(cache=True, inline="always", error_model="numpy")
def _angle(y: float, x: float) -> float:
    """atan2 to 2e-4 rad, without branches on the quadrant's tables (a minimax polynomial)."""
    ax, ay = abs(x), abs(y)
    low, high = min(ax, ay), max(ax, ay)
    r = low / max(high, 1e-12)
    q = r * r
    a = r * (0.99978784 + q * (-0.32580840 + q * (0.15557865 - q * 0.04432655)))
    if ay > ax:
        a = 0.5 * math.pi - a
    if x < 0.0:
        a = math.pi - a
    return a if y >= 0.0 else -a


@njit(cache=True, nogil=True, error_model="numpy")
def _cast_range(
    corners: FloatArray,
    normal: FloatArray,
    tag: NDArray[np.uint8],
    begin: int,
    end: int,
    offset: int,
    pose: NDArray[np.float64],
    reach: float,
    column: NDArray[np.float64],
    tangent: FloatArray,
    first: NDArray[np.int32],
    near: FloatArray,
    number: NDArray[np.int32],
) -> None:
    """Test the triangles `begin`..`end` of a soup; nearer hits replace those in `near`."""
    steps, channels = near.shape
    high, low = tangent[0], tangent[channels - 1]
    high2 = high * high if high > 0.0 else 0.0
    low2 = low * low if low < 0.0 else 0.0
    per_step = 2.0 * math.pi / steps
    px, py, pz = pose[0, 0], pose[0, 1], pose[0, 2]
    fx, fy, fz = pose[1, 0], pose[1, 1], pose[1, 2]
    rx, ry, rz = pose[2, 0], pose[2, 1], pose[2, 2]
    ux, uy, uz = pose[3, 0], pose[3, 1], pose[3, 2]
    for t in range(begin, end):
        if tag[t, 3] == 0:
            continue
        ax, ay, az = corners[t, 0, 0] - px, corners[t, 0, 1] - py, corners[t, 0, 2] - pz
        if tag[t, 2] == 0 and ax * normal[t, 0] + ay * normal[t, 1] + az * normal[t, 2] >= 0.0:
            continue
        bx, by, bz = corners[t, 1, 0] - px, corners[t, 1, 1] - py, corners[t, 1, 2] - pz
        cx, cy, cz = corners[t, 2, 0] - px, corners[t, 2, 1] - py, corners[t, 2, 2] - pz
        x0, y0, z0 = ax * fx + ay * fy + az * fz, ax * rx + ay * ry + az * rz, 0.0
        x1, y1, z1 = bx * fx + by * fy + bz * fz, bx * rx + by * ry + bz * rz, 0.0
        x2, y2, z2 = cx * fx + cy * fy + cz * fz, cx * rx + cy * ry + cz * rz, 0.0
        z0 = ax * ux + ay * uy + az * uz
        z1 = bx * ux + by * uy + bz * uz
        z2 = cx * ux + cy * uy + cz * uz
        h0, h1, h2 = x0 * x0 + y0 * y0, x1 * x1 + y1 * y1, x2 * x2 + y2 * y2
        # Above the highest and below the lowest channel the free space is a convex cone: a
        # triangle with all corners in it is never hit.
        if z0 > 0 and z1 > 0 and z2 > 0:
            if z0 * z0 > high2 * h0 and z1 * z1 > high2 * h1 and z2 * z2 > high2 * h2:
                continue
        elif (
            z0 < 0 and z1 < 0 and z2 < 0
            and z0 * z0 > low2 * h0 and z1 * z1 > low2 * h1 and z2 * z2 > low2 * h2
        ):  # fmt: skip
            continue
        a0, a1, a2 = _angle(y0, x0), _angle(y1, x1), _angle(y2, x2)
        if a1 < a0:
            a0, a1 = a1, a0
        if a2 < a1:
            a1, a2 = a2, a1
            if a1 < a0:
                a0, a1 = a1, a0
        # The triangle spans what the widest gap between its corners' angles leaves.
        g0, g1, g2 = a1 - a0, a2 - a1, a0 + 2.0 * math.pi - a2
        widest = max(g0, g1, g2)
        if widest < math.pi:
            from_angle, to_angle = -math.pi, math.pi - 1e-9
        elif widest == g2:
            from_angle, to_angle = a0, a2
        elif widest == g1:
            from_angle, to_angle = a2, a1 + 2.0 * math.pi
        else:
            from_angle, to_angle = a1, a0 + 2.0 * math.pi
        # The angles are good to 2e-4 rad; the test of each column below is exact.
        k0 = math.ceil((from_angle - 4e-4 + math.pi) / per_step - 0.5)
        k1 = math.floor((to_angle + 4e-4 + math.pi) / per_step - 0.5)
        if k1 - k0 >= steps:
            k1 = k0 + steps - 1
        for k in range(k0, k1 + 1):
            step = k
            if step < 0:
                step += steps
            elif step >= steps:
                step -= steps
            c, s = column[step, 0], column[step, 1]
            l0, l1, l2 = c * y0 - s * x0, c * y1 - s * x1, c * y2 - s * x2
            # Corner A is alone on its side of the plane; the edges A-B and A-C cross it.
            if (l0 > 0) == (l1 > 0):
                if (l0 > 0) == (l2 > 0):
                    continue
                la, lb, lc = l2, l0, l1
                ha, hb, hc = c * x2 + s * y2, c * x0 + s * y0, c * x1 + s * y1
                za, zb, zc = z2, z0, z1
            elif (l0 > 0) == (l2 > 0):
                la, lb, lc = l1, l0, l2
                ha, hb, hc = c * x1 + s * y1, c * x0 + s * y0, c * x2 + s * y2
                za, zb, zc = z1, z0, z2
            else:
                la, lb, lc = l0, l1, l2
                ha, hb, hc = c * x0 + s * y0, c * x1 + s * y1, c * x2 + s * y2
                za, zb, zc = z0, z1, z2
            u, v = la / (la - lb), la / (la - lc)
            hp, zp = ha + u * (hb - ha), za + u * (zb - za)
            hq, zq = ha + v * (hc - ha), za + v * (zc - za)
            if hp < hq:
                hp, zp, hq, zq = hq, zq, hp, zp
            if hp <= 0.05 or hq > reach:
                continue
            if hq < 0.05:  # the segment passes below or above the sensor: keep what is ahead
                zq += (0.05 - hq) / (hp - hq) * (zp - zq)
                hq = 0.05
            tp, tq = zp / hp, zq / hq
            top, bottom = (tp, tq) if tp > tq else (tq, tp)
            if top < low or bottom > high:
                continue
            channel = 0
            if top < high:
                channel = first[min(_BINS - 1, int((top - low) / (high - low) * _BINS))]
                while channel < channels and tangent[channel] > top:
                    channel += 1
            row, row_number = near[step], number[step]
            dh, dz = hq - hp, zq - zp
            while channel < channels and tangent[channel] >= bottom:
                slope = tangent[channel]
                below = slope * dh - dz
                # Along an edge-on segment every point is on the ray: take the nearer end.
                h = hp + (zp - slope * hp) / below * dh if abs(below) > 1e-9 else hq
                if h < row[channel] and h > 0.0:
                    row[channel] = h
                    row_number[channel] = t + offset
                channel += 1


@njit(cache=True, nogil=True, error_model="numpy")
def _collect(
    near: FloatArray,
    number: NDArray[np.int32],
    column: NDArray[np.float64],
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
    steps, channels = near.shape
    still = len(intensity)
    count = 0
    lost = int(dropout * 65536.0)
    for step in range(steps):
        c, s = column[step, 0], column[step, 1]
        for channel in range(channels):
            h = near[step, channel]
            if h > reach:
                continue
            slope = tangent[channel]
            stretch = math.sqrt(1.0 + slope * slope)
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
            points[count, 3] = value * math.exp(-ATTENUATION * distance)
            count += 1
    return count
