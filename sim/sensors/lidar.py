"""A rotating lidar: rays against exactly the triangles that the cameras see (but no paint).

The horizon is cut into four faces of 90 degrees. On a face a triangle is drawn as a camera would
draw it (see `raster`), but its samples are the rays: column k of a face lies at
`x = tan(azimuth)`, and channel c of that column at `y = tan(elevation) / cos(azimuth)`, both
measured from the face's axis. Straight edges stay straight and the reciprocal of the depth is
linear, so the hit of each ray is exact and costs one addition and one comparison.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from roadworthy.sim.rng import mix
from roadworthy.sim.scenery.mesh import TownMesh, town_mesh
from roadworthy.sim.sensors.camera import axes, mounted
from roadworthy.sim.sensors.raster import NEAR, clip_near
from roadworthy.sim.sensors.scene import ActorSoup
from roadworthy.sim.sensors.specs import LidarSpec
from roadworthy.sim.town import Town

FloatArray = NDArray[np.float32]

ATTENUATION = 0.004  # [1/m] of the intensity: CARLA's `atmosphere_attenuation_rate`
_BINS = 1024  # of the tables from tangents to channels and columns


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
        edges = np.linspace(-1.0, 1.0, _BINS + 1)[:-1]
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
        self._axes = axes(spec.yaw, 0.0)
        self.elevation = np.linspace(spec.upper_fov, spec.lower_fov, spec.channels)
        self.azimuth = (np.arange(spec.steps) + 0.5) * (2.0 * np.pi / spec.steps) - np.pi
        self._tangent = np.tan(self.elevation).astype(np.float32)
        low, high = float(self._tangent[-1]), float(self._tangent[0])
        edges = low + (high - low) * (np.arange(_BINS + 1)) / _BINS
        # Row b + 1: the first channel at or below the upper edge of bin b, where the exact search
        # begins. Row 0 is for all below the lowest channel, the last for all above the highest.
        found = np.searchsorted(-self._tangent, -edges[1:], side="left")
        self._first = np.concatenate([[spec.channels], found, [0]]).astype(np.int32)
        self._column = np.stack([np.cos(self.azimuth), np.sin(self.azimuth)], 1)
        self._faces = _Faces(self.azimuth.astype(np.float64))
        self._stretch = np.empty(spec.steps)  # horizontal distance per depth, by step
        self._stretch[self._faces.step] = self._faces.stretch[:, 0]
        self._recip = np.empty((spec.steps, spec.channels), np.float32)
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
            self._recip, self._number, self._column, self._stretch, self._tangent,
            intensity, others.intensity, spec.range, spec.noise, spec.dropout, key, self._points,
        )  # fmt: skip
        return self._points[:count].copy()

    def ranges(self, others: ActorSoup, ego: FloatArray) -> FloatArray:
        """Cast all rays once, without noise.

        Returns:
            Distance along each ray [m], float32 [channels, steps]; 0 where nothing is hit.
        """
        self._cast(others, ego)
        hit = self._recip.T > 0.0
        stretch = self._stretch * np.sqrt(1.0 + self._tangent**2)[:, None]
        distance = stretch / np.where(hit, self._recip.T, 1.0)
        return np.where(hit & (distance <= self.spec.range), distance, 0.0).astype(np.float32)

    def _cast(self, others: ActorSoup, ego: FloatArray) -> None:
        mesh, soup, faces = self._mesh, self._mesh.soup, self._faces
        _cast_all(
            soup.corners, soup.normal, soup.tag, mesh.start, mesh.bounds,
            others.corners, others.normal, others.tag, others.start, others.sphere,
            self.pose(ego), self.spec.range, self._tangent, self._first,
            faces.step, faces.start, faces.x, faces.stretch, faces.first,
            self._recip, self._number,
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
    tangent: FloatArray,
    first: NDArray[np.int32],
    face_step: NDArray[np.int32],
    face_start: NDArray[np.int32],
    face_x: NDArray[np.float64],
    face_stretch: NDArray[np.float64],
    face_first: NDArray[np.int32],
    recip: FloatArray,
    number: NDArray[np.int32],
) -> None:
    recip[:] = 0.0
    for a in range(len(sphere)):
        dx, dy = sphere[a, 0] - pose[0, 0], sphere[a, 1] - pose[0, 1]
        limit = reach + sphere[a, 3]
        if actor_start[a] < actor_start[a + 1] and dx * dx + dy * dy < limit * limit:
            _cast_range(
                actor_corners, actor_normal, actor_tag, actor_start[a], actor_start[a + 1],
                len(corners), pose, tangent, first,
                face_step, face_start, face_x, face_stretch, face_first, recip, number,
            )  # fmt: skip
    for c in range(len(bounds)):
        dx = max(bounds[c, 0] - pose[0, 0], pose[0, 0] - bounds[c, 3], 0.0)
        dy = max(bounds[c, 1] - pose[0, 1], pose[0, 1] - bounds[c, 4], 0.0)
        if dx * dx + dy * dy < reach * reach:
            _cast_range(
                corners, normal, tag, start[c], start[c + 1], 0, pose, tangent, first,
                face_step, face_start, face_x, face_stretch, face_first, recip, number,
            )  # fmt: skip


@njit(cache=True, inline="always", error_model="numpy")
def _face_of(x: float, y: float) -> int:
    """Face that sees a direction: 0 ahead, 1 right, 2 behind, 3 left."""
    left, right = y <= x, y <= -x
    return (2 if right else 1) if not left else (3 if right else 0)


@njit(cache=True, nogil=True, error_model="numpy")
def _cast_range(
    corners: FloatArray,
    normal: FloatArray,
    tag: NDArray[np.uint8],
    begin: int,
    end: int,
    offset: int,
    pose: NDArray[np.float64],
    tangent: FloatArray,
    first: NDArray[np.int32],
    face_step: NDArray[np.int32],
    face_start: NDArray[np.int32],
    face_x: NDArray[np.float64],
    face_stretch: NDArray[np.float64],
    face_first: NDArray[np.int32],
    recip: FloatArray,
    number: NDArray[np.int32],
) -> None:
    """Test the triangles `begin`..`end` of a soup; nearer hits replace those in `recip`."""
    high, low = tangent[0], tangent[len(tangent) - 1]
    high2 = high * high if high > 0.0 else 0.0
    low2 = low * low if low < 0.0 else 0.0
    px, py, pz = pose[0, 0], pose[0, 1], pose[0, 2]
    fx, fy, fz = pose[1, 0], pose[1, 1], pose[1, 2]
    rx, ry, rz = pose[2, 0], pose[2, 1], pose[2, 2]
    ux, uy, uz = pose[3, 0], pose[3, 1], pose[3, 2]
    clip = np.empty((4, 3), np.float64)
    for t in range(begin, end):
        if tag[t, 3] == 0:
            continue
        ax, ay, az = corners[t, 0, 0] - px, corners[t, 0, 1] - py, corners[t, 0, 2] - pz
        if tag[t, 2] == 0 and ax * normal[t, 0] + ay * normal[t, 1] + az * normal[t, 2] >= 0.0:
            continue
        bx, by, bz = corners[t, 1, 0] - px, corners[t, 1, 1] - py, corners[t, 1, 2] - pz
        cx, cy, cz = corners[t, 2, 0] - px, corners[t, 2, 1] - py, corners[t, 2, 2] - pz
        x0, y0 = ax * fx + ay * fy + az * fz, ax * rx + ay * ry + az * rz
        x1, y1 = bx * fx + by * fy + bz * fz, bx * rx + by * ry + bz * rz
        x2, y2 = cx * fx + cy * fy + cz * fz, cx * rx + cy * ry + cz * rz
        z0 = ax * ux + ay * uy + az * uz
        z1 = bx * ux + by * uy + bz * uz
        z2 = cx * ux + cy * uy + cz * uz
        # Above the highest and below the lowest channel the free space is a convex cone: a
        # triangle with all corners in it is never hit.
        if z0 > 0.0 and z1 > 0.0 and z2 > 0.0:
            if (
                z0 * z0 > high2 * (x0 * x0 + y0 * y0)
                and z1 * z1 > high2 * (x1 * x1 + y1 * y1)
                and z2 * z2 > high2 * (x2 * x2 + y2 * y2)
            ):
                continue
        elif (
            z0 < 0.0 and z1 < 0.0 and z2 < 0.0
            and z0 * z0 > low2 * (x0 * x0 + y0 * y0)
            and z1 * z1 > low2 * (x1 * x1 + y1 * y1)
            and z2 * z2 > low2 * (x2 * x2 + y2 * y2)
        ):  # fmt: skip
            continue
        # Faces are convex wedges: with all corners in one, the others see nothing of it.
        face0, face1, face2 = _face_of(x0, y0), _face_of(x1, y1), _face_of(x2, y2)
        only = face0 == face1 and face0 == face2
        for turn in range(1 if only else 4):
            face = face0 if only else turn
            # Turn by multiples of 90 degrees: the axis of the face becomes x.
            if only and face == 2:
                x0, y0, x1, y1, x2, y2 = -x0, -y0, -x1, -y1, -x2, -y2
            elif only and face == 3:
                x0, y0, x1, y1, x2, y2 = -y0, x0, -y1, x1, -y2, x2
            elif face > 0:
                x0, y0, x1, y1, x2, y2 = y0, -x0, y1, -x1, y2, -x2
            if x0 < NEAR and x1 < NEAR and x2 < NEAR:
                continue
            if (y0 > x0 and y1 > x1 and y2 > x2) or (-y0 > x0 and -y1 > x1 and -y2 > x2):
                continue
            count = 3
            if x0 >= NEAR and x1 >= NEAR and x2 >= NEAR:
                clip[0, 0], clip[0, 1], clip[0, 2] = 1.0 / x0, y0, z0
                clip[1, 0], clip[1, 1], clip[1, 2] = 1.0 / x1, y1, z1
                clip[2, 0], clip[2, 1], clip[2, 2] = 1.0 / x2, y2, z2
            else:
                count = clip_near(x0, y0, z0, x1, y1, z1, x2, y2, z2, clip)
                for k in range(count):
                    clip[k, 0] = 1.0 / clip[k, 0]
            low_x, high_x = 2.0, -2.0
            for k in range(count):
                w = clip[k, 0]
                clip[k, 1] *= w
                clip[k, 2] *= w
                low_x, high_x = min(low_x, clip[k, 1]), max(high_x, clip[k, 1])
            # Most small triangles fall between two columns.
            k = face_first[face, min(_BINS - 1, max(0, int((low_x + 1.0) * (0.5 * _BINS))))]
            while k < face_start[face + 1] and face_x[k] < low_x:
                k += 1
            if k >= face_start[face + 1] or face_x[k] > high_x:
                continue
            for corner in range(1, count - 1):
                _fill_face(
                    clip[0, 1], clip[0, 2], clip[0, 0],
                    clip[corner, 1], clip[corner, 2], clip[corner, 0],
                    clip[corner + 1, 1], clip[corner + 1, 2], clip[corner + 1, 0],
                    t + offset, k, face_start[face + 1], tangent, first,
                    face_step, face_x, face_stretch, recip, number,
                )  # fmt: skip


@njit(cache=True, inline="always", error_model="numpy")
def _fill_face(
    x0: float,
    y0: float,
    w0: float,
    x1: float,
    y1: float,
    w1: float,
    x2: float,
    y2: float,
    w2: float,
    value: int,
    k: int,
    last: int,
    tangent: FloatArray,
    first: NDArray[np.int32],
    face_step: NDArray[np.int32],
    face_x: NDArray[np.float64],
    face_stretch: NDArray[np.float64],
    recip: FloatArray,
    number: NDArray[np.int32],
) -> None:
    """Give the rays of a face that a projected triangle covers its reciprocal depth, if nearer.

    `k` is the first column that may see it, `last` ends the face's columns.
    """
    if x1 < x0:
        x0, y0, w0, x1, y1, w1 = x1, y1, w1, x0, y0, w0
    if x2 < x1:
        x1, y1, w1, x2, y2, w2 = x2, y2, w2, x1, y1, w1
        if x1 < x0:
            x0, y0, w0, x1, y1, w1 = x1, y1, w1, x0, y0, w0
    while k < last and face_x[k] < x0:
        k += 1
    if k >= last or face_x[k] > x2:
        return
    area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
    if abs(area) < 1e-12:
        return
    per_x = ((w1 - w0) * (y2 - y0) - (w2 - w0) * (y1 - y0)) / area
    per_y = ((w2 - w0) * (x1 - x0) - (w1 - w0) * (x2 - x0)) / area
    # The lower border of a triangle is the greater of its lower edges, the upper border the lesser
    # of its upper ones: minima and maxima instead of branches, which are hard to predict here.
    slope02 = (y2 - y0) / (x2 - x0)
    above = area < 0.0  # the middle corner lies above the long edge
    none = 1e30 if above else -1e30
    slope01 = (y1 - y0) / (x1 - x0) if x1 > x0 else 0.0
    slope12 = (y2 - y1) / (x2 - x1) if x2 > x1 else 0.0
    base01 = y0 - slope01 * x0 if x1 > x0 else none
    base12 = y1 - slope12 * x1 if x2 > x1 else none
    base02 = y0 - slope02 * x0
    most = np.float32(max(w0, w1, w2))
    base_w = w0 - per_x * x0 - per_y * y0
    low = float(tangent[len(tangent) - 1])
    per_bin = _BINS / max(1e-9, tangent[0] - low)
    while k < last:
        x = face_x[k]
        if x > x2:
            break
        long = base02 + slope02 * x
        edge01, edge12 = base01 + slope01 * x, base12 + slope12 * x
        stretch, shrink = face_stretch[k, 0], face_stretch[k, 1]
        top = (min(edge01, edge12) if above else long) * shrink
        bottom = (long if above else max(edge01, edge12)) * shrink
        # Channels `from_` to `to` - 1 have tangents in [bottom, top].
        bin_top = min(max((top - low) * per_bin, -1.0), _BINS)
        bin_bottom = min(max((bottom - low) * per_bin, -1.0), _BINS)
        from_, to = first[int(bin_top) + 1], first[int(bin_bottom) + 1]
        while from_ < len(tangent) and tangent[from_] > top:
            from_ += 1
        while to < len(tangent) and tangent[to] >= bottom:
            to += 1
        step = face_step[k]
        w_column, per_tangent = np.float32(base_w + per_x * x), np.float32(per_y * stretch)
        for channel in range(from_, to):
            # Slivers have steep gradients: hold the value within the corners' range.
            w = min(w_column + per_tangent * tangent[channel], most)
            if w > recip[step, channel]:
                recip[step, channel] = w
                number[step, channel] = value
        k += 1


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
    steps, channels = recip.shape
    still = len(intensity)
    count = 0
    lost = int(dropout * 65536.0)
    for step in range(steps):
        c, s = column[step, 0], column[step, 1]
        for channel in range(channels):
            w = recip[step, channel]
            if w <= 0.0:
                continue
            h = face_stretch[step] / w
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
