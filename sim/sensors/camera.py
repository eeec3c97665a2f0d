"""A pinhole camera: RGB, planar depth and semantic labels of a town and its actors."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from roadworthy.sim.scenery.material import LAMP_ON
from roadworthy.sim.scenery.mesh import TownMesh, town_mesh
from roadworthy.sim.scenery.props import LAMP_RADIUS, lamps
from roadworthy.sim.sensors.raster import BIAS, draw, shade_quad
from roadworthy.sim.sensors.scene import ActorSoup
from roadworthy.sim.sensors.shade import bloom, shade
from roadworthy.sim.sensors.specs import CameraSpec
from roadworthy.sim.town import Town
from roadworthy.sim.world.columns import Actor

FloatArray = NDArray[np.float32]

VIEW_RANGE = 150.0  # [m] cells of the town farther away are not drawn
DETAIL_RANGE = 75.0  # [m] paint, kerbs and other small things


def axes(yaw: float, pitch: float, roll: float = 0.0) -> NDArray[np.float64]:
    """Forward, right and up of a pose, rows of [3, 3] (Unreal's and CARLA's rotation order)."""
    cy, sy, cp, sp = math.cos(yaw), math.sin(yaw), math.cos(pitch), math.sin(pitch)
    cr, sr = math.cos(roll), math.sin(roll)
    return np.array(
        [
            [cp * cy, cp * sy, sp],
            [cy * sp * sr - sy * cr, sy * sp * sr + cy * cr, -cp * sr],
            [-cy * sp * cr - sy * sr, -sy * sp * cr + cy * sr, cp * cr],
        ]
    )


def mounted(
    actor: FloatArray, spec_position: tuple[float, float, float], spec_axes: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Pose [4, 3] (position, forward, right, up) of a sensor that is fixed to an actor."""
    body = axes(float(actor[Actor.YAW]), float(actor[Actor.PITCH]))
    origin = actor[[Actor.X, Actor.Y, Actor.Z]].astype(np.float64)
    return np.vstack([origin + np.array(spec_position) @ body, spec_axes @ body])


class Camera:
    """One camera in one town. Not shared between threads: it owns its buffers."""

    def __init__(self, town: Town, spec: CameraSpec) -> None:
        """Prepare buffers; the town's mesh is built if this is its first sensor."""
        self.spec = spec.validate()
        self._mesh: TownMesh = town_mesh(town)
        self._lit = self._mesh.soup.lit_color
        self._lamps = lamps(town.scenery.boxes)
        self._axes = axes(spec.yaw, spec.pitch, spec.roll)
        self.focal = 0.5 * spec.width / math.tan(0.5 * spec.fov)
        shape = (spec.height, spec.width)
        self._recip = np.zeros(shape, np.float32)
        self._number = np.zeros(shape, np.int32)
        self._scratch = np.zeros(shape, np.float32)
        self._scratch_number = np.zeros(shape, np.int32)

    def pose(self, ego: FloatArray) -> NDArray[np.float64]:
        """Position, forward, right and up in world axes, [4, 3], for an ego row [Actor]."""
        return mounted(ego, (self.spec.x, self.spec.y, self.spec.z), self._axes)

    def render(
        self, others: ActorSoup, ego: FloatArray, lights: NDArray[np.uint8]
    ) -> tuple[NDArray[np.uint8], FloatArray, NDArray[np.uint8]]:
        """Take a picture.

        Args:
            others: triangles of all actors but the ego.
            ego: the actor row that carries the camera, [Actor].
            lights: Light state of each signal, [K].

        Returns:
            rgb uint8 [height, width, 3]; planar depth [m], float32 [height, width], 1000 for
            the sky; CARLA's labels, uint8 [height, width]. Fresh arrays each time.
        """
        shape = (self.spec.height, self.spec.width)
        rgb = np.empty((*shape, 3), np.uint8)
        depth = np.empty(shape, np.float32)
        semantic = np.empty(shape, np.uint8)
        mesh, soup = self._mesh, self._mesh.soup
        _render(
            soup.corners, soup.normal, self._lit, soup.base, soup.tag, soup.signal,
            mesh.start, mesh.detail_start, mesh.bounds,
            others.corners, others.normal, others.color, others.tag, others.start, others.sphere,
            others.shadow,
            self.pose(ego), self.focal, lights, LAMP_ON, self._lamps, BIAS,
            self._recip, self._number, self._scratch, self._scratch_number,
            rgb, depth, semantic,
        )  # fmt: skip
        return rgb, depth, semantic


@njit(cache=True, nogil=True, error_model="numpy")
def _sees(
    x: float, y: float, z: float, radius: float, pose: NDArray[np.float64], side: float, rise: float
) -> bool:
    """Does a sphere reach into the pyramid of view? `side`, `rise`: half widths at depth 1."""
    x, y, z = x - pose[0, 0], y - pose[0, 1], z - pose[0, 2]
    d = x * pose[1, 0] + y * pose[1, 1] + z * pose[1, 2]
    if d < -radius:
        return False
    right = abs(x * pose[2, 0] + y * pose[2, 1] + z * pose[2, 2])
    up = abs(x * pose[3, 0] + y * pose[3, 1] + z * pose[3, 2])
    return right - side * d <= radius * math.sqrt(1.0 + side * side) and (
        up - rise * d <= radius * math.sqrt(1.0 + rise * rise)
    )


@njit(cache=True, nogil=True, error_model="numpy")
def _render(
    corners: FloatArray,
    normal: FloatArray,
    color: FloatArray,
    base: FloatArray,
    tag: NDArray[np.uint8],
    signal: NDArray[np.int16],
    start: NDArray[np.int32],
    detail_start: NDArray[np.int32],
    bounds: FloatArray,
    actor_corners: FloatArray,
    actor_normal: FloatArray,
    actor_color: FloatArray,
    actor_tag: NDArray[np.uint8],
    actor_start: NDArray[np.int32],
    sphere: FloatArray,
    shadow: FloatArray,
    pose: NDArray[np.float64],
    focal: float,
    lights: NDArray[np.uint8],
    lamp_on: FloatArray,
    lamp_rows: FloatArray,
    bias: FloatArray,
    recip: FloatArray,
    number: NDArray[np.int32],
    scratch: FloatArray,
    scratch_number: NDArray[np.int32],
    rgb: NDArray[np.uint8],
    depth: FloatArray,
    semantic: NDArray[np.uint8],
) -> None:
    recip[:] = 0.0
    number[:] = 0
    height, width = recip.shape
    side, rise = 0.5 * width / focal, 0.5 * height / focal
    still = len(corners)
    for a in range(len(sphere)):
        if actor_start[a] < actor_start[a + 1] and _sees(
            sphere[a, 0], sphere[a, 1], sphere[a, 2], sphere[a, 3], pose, side, rise
        ):
            draw(
                actor_corners, actor_normal, actor_tag, actor_start[a], actor_start[a + 1],
                still, pose, focal, recip, number, bias,
            )  # fmt: skip
    for c in range(len(bounds)):
        dx = max(bounds[c, 0] - pose[0, 0], pose[0, 0] - bounds[c, 3], 0.0)
        dy = max(bounds[c, 1] - pose[0, 1], pose[0, 1] - bounds[c, 4], 0.0)
        away = dx * dx + dy * dy
        if away > VIEW_RANGE * VIEW_RANGE:
            continue
        x, y = 0.5 * (bounds[c, 0] + bounds[c, 3]), 0.5 * (bounds[c, 1] + bounds[c, 4])
        z = 0.5 * (bounds[c, 2] + bounds[c, 5])
        ex, ey, ez = bounds[c, 3] - x, bounds[c, 4] - y, bounds[c, 5] - z
        radius = math.sqrt(ex * ex + ey * ey + ez * ez)
        if not _sees(x, y, z, radius, pose, side, rise):
            continue
        last = start[c + 1] if away < DETAIL_RANGE * DETAIL_RANGE else detail_start[c]
        draw(corners, normal, tag, start[c], last, 0, pose, focal, recip, number, bias)
    for a in range(len(sphere)):
        if actor_start[a] < actor_start[a + 1] and _sees(
            sphere[a, 0], sphere[a, 1], sphere[a, 2], 2.0 * sphere[a, 3], pose, side, rise
        ):
            shade_quad(shadow[a], pose, focal, recip, number, scratch, scratch_number)
    shade(
        recip, number, pose, focal, normal, color, base, tag, signal, actor_color, actor_tag,
        lights, lamp_on, bias, rgb, depth, semantic,
    )  # fmt: skip
    bloom(recip, pose, focal, lamp_rows, lights, lamp_on, LAMP_RADIUS, rgb)
