"""A camera: RGB, planar depth, semantic and instance labels of a town and its actors."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.kernel import kernel
from roadworthy.sim.scenery.material import LAMP_ON
from roadworthy.sim.scenery.mesh import TownMesh, town_mesh
from roadworthy.sim.scenery.props import lamps
from roadworthy.sim.sensors.air import CLEAR_NOON, Air
from roadworthy.sim.sensors.beams import Beams, aim, new_beams
from roadworthy.sim.sensors.glow import lamps_glow, signals_glow, streets_glow
from roadworthy.sim.sensors.lens import Lens, expose
from roadworthy.sim.sensors.rain import mirror, streaks
from roadworthy.sim.sensors.raster import BIAS, NUMBER, SHADED, UNDER, draw, mark
from roadworthy.sim.sensors.rows import Rows, new_rows
from roadworthy.sim.sensors.scene import ActorSoup, Triangles
from roadworthy.sim.sensors.shade import Picture, shade
from roadworthy.sim.sensors.sky import cloud_noise
from roadworthy.sim.sensors.specs import CameraSpec
from roadworthy.sim.sensors.surface import Ground, Still, ground_of, relight, still_of
from roadworthy.sim.town import Town
from roadworthy.sim.world.columns import Actor

FloatArray = NDArray[np.float32]

VIEW_RANGE = 150.0  # [m] cells of the town farther away are not drawn
DETAIL_RANGE = 75.0  # [m] paint, kerbs and other small things
FIRST_BOX = 4096  # number of the first box of the scenery in instance pictures

_STREET_LAMP = np.array([255.0, 206.0, 140.0], np.float32)
_NOISE = cloud_noise()
_NO_KEY = np.uint64(0)


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


class _Mesh(NamedTuple):
    """What of a TownMesh the kernel reads."""

    corners: FloatArray
    start: NDArray[np.int32]
    detail_start: NDArray[np.int32]
    bounds: FloatArray
    signal_lamps: FloatArray
    street_lamps: FloatArray


class _Buffers(NamedTuple):
    """Scratch of one camera."""

    recip: FloatArray
    number: NDArray[np.int32]
    rows: Rows
    clip: NDArray[np.float64]


class Camera:
    """One camera in one town. Not shared between threads: it owns its buffers."""

    def __init__(self, town: Town, spec: CameraSpec) -> None:
        """Prepare buffers; the town's mesh is built if this is its first sensor."""
        self.spec = spec.validate()
        bent = any((spec.lens_k, spec.lens_kcube, spec.k1, spec.k2))
        self._lens = Lens(spec) if bent else None
        if self._lens is not None:
            spec = self._lens.wide
        self._shape = (spec.height, spec.width)
        self._town: TownMesh = town_mesh(town)
        mesh = self._town
        self._mesh = _Mesh(
            mesh.soup.corners, mesh.start, mesh.detail_start, mesh.bounds,
            lamps(town.scenery.boxes), mesh.lamplight.lamps,
        )  # fmt: skip
        self._axes = axes(spec.yaw, spec.pitch, spec.roll)
        self.focal = 0.5 * spec.width / math.tan(0.5 * spec.fov)
        shape = self._shape
        self._buffers = _Buffers(
            np.zeros(shape, np.float32),
            np.zeros(shape, np.int32),
            new_rows(spec.width),
            np.zeros((20, 3), np.float64),
        )
        self._still: Still = still_of(mesh)
        self._beams: Beams = new_beams()
        self._air: Air | None = None
        self._ground: Ground

    def pose(self, ego: FloatArray) -> NDArray[np.float64]:
        """Position, forward, right and up in world axes, [4, 3], for an ego row [Actor]."""
        return mounted(ego, (self.spec.x, self.spec.y, self.spec.z), self._axes)

    def render(
        self,
        others: ActorSoup,
        ego: FloatArray,
        lights: NDArray[np.uint8],
        air: Air = CLEAR_NOON,
        key: np.uint64 = _NO_KEY,
    ) -> tuple[NDArray[np.uint8], FloatArray, NDArray[np.uint8]]:
        """Take a picture.

        Args:
            others: triangles of all actors but the ego, filled with the same `air`.
            ego: the actor row that carries the camera, [Actor].
            lights: Light state of each signal, [K].
            air: the weather, see `air.air_of`.
            key: picks drops and noise.

        Returns:
            rgb uint8 [height, width, 3]; planar depth [m], float32 [height, width], 1000 for
            the sky; CARLA's labels, uint8 [height, width]. Fresh arrays each time.
        """
        if air is not self._air:
            relight(self._still, air)
            self._ground = ground_of(self._town, air)
            self._air = air
        shape, buffers = self._shape, self._buffers
        picture = Picture(
            buffers.recip,
            buffers.number,
            np.empty((*shape, 3), np.uint8),
            np.empty(shape, np.float32),
            np.empty(shape, np.uint8),
        )
        pose = self.pose(ego).astype(np.float32)
        focal = np.float32(self.focal)
        _draw_all(self._mesh, self._still, others.triangles, pose, focal, air.sun[2], buffers, BIAS)
        _finish(
            picture, pose, focal, self._mesh, self._still, others.triangles, ego, air,
            self._ground, self._beams, _NOISE, lights, LAMP_ON, _STREET_LAMP, BIAS, buffers, key,
        )  # fmt: skip
        rgb, depth, semantic = picture.rgb, picture.depth, picture.semantic
        if self._lens is not None:
            rgb = self._lens.bend(rgb, blend=True)
            depth = self._lens.bend(depth, blend=False)
            semantic = self._lens.bend(semantic, blend=False)
        expose(rgb, self.spec, key)
        return rgb, depth, semantic

    def instances(self, others: ActorSoup, semantic: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Objects in the last picture, in the code of CARLA's instance segmentation camera.

        Source: CARLA 0.9.16, docs, ref_sensors: the red channel holds the semantic label, green
        and blue the object's number, low byte first (ATagger::GetActorLabelColor).

        Args:
            others: what `render` drew.
            semantic: what `render` returned.

        Returns:
            uint8 [height, width, 3]. Numbers: 0 what is no single object (ground, sky); 1 to 4095
            the actor's row; from FIRST_BOX on the box of the Scenery.
        """
        numbers = np.zeros(self._shape, np.int32)
        starts = others.triangles.start
        _number(self._buffers.number, self._town.owner, starts, numbers)
        if self._lens is not None:
            numbers = self._lens.bend(numbers.astype(np.uint16), blend=False)
        return np.stack([semantic, numbers & 255, numbers >> 8], axis=2).astype(np.uint8)


@kernel
def _number(
    seen: NDArray[np.int32],
    owner: NDArray[np.int32],
    start: NDArray[np.int32],
    out: NDArray[np.int32],
) -> None:
    height, width = seen.shape
    still = len(owner)
    for row in range(height):
        for column in range(width):
            value = seen[row, column]
            if value < 0:
                continue
            value &= NUMBER
            if value < still:
                if owner[value] >= 0:
                    out[row, column] = min(65535, FIRST_BOX + owner[value])
                continue
            low, high = 0, len(start) - 1
            while high - low > 1:  # the last actor whose first triangle is not beyond
                middle = (low + high) // 2
                if start[middle] <= value - still:
                    low = middle
                else:
                    high = middle
            out[row, column] = min(FIRST_BOX - 1, low)


@kernel
def _sees(
    x: float, y: float, z: float, radius: float, pose: FloatArray, side: float, rise: float
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


@kernel
def _draw_all(
    mesh: _Mesh,
    still: Still,
    actors: Triangles,
    pose: FloatArray,
    focal: float,
    sun: float,
    buffers: _Buffers,
    bias: FloatArray,
) -> None:
    """Find out what each pixel sees."""
    recip, number, clip = buffers.recip, buffers.number, buffers.clip
    recip[:] = 0.0
    number[:] = -1
    height, width = recip.shape
    side, rise = 0.5 * width / focal, 0.5 * height / focal
    count = len(mesh.corners)
    sphere, start, bounds = actors.sphere, actors.start, mesh.bounds
    for a in range(len(sphere)):
        if start[a] < start[a + 1] and _sees(
            sphere[a, 0], sphere[a, 1], sphere[a, 2], sphere[a, 3], pose, side, rise
        ):
            draw(
                actors.corners, actors.normal, actors.tag, start[a], start[a + 1],
                count, pose, focal, recip, number, bias, clip,
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
        last = mesh.start[c + 1] if away < DETAIL_RANGE * DETAIL_RANGE else mesh.detail_start[c]
        draw(
            mesh.corners, still.normal, still.tag, mesh.start[c], last, 0, pose, focal,
            recip, number, bias, clip,
        )  # fmt: skip
    for a in range(len(sphere)):
        if sphere[a, 3] <= 0.0:
            continue
        reach = 2.0 * sphere[a, 3] + 8.0
        if not _sees(sphere[a, 0], sphere[a, 1], sphere[a, 2], reach, pose, side, rise):
            continue
        if start[a] < start[a + 1]:
            mark(actors.foot[a], UNDER, pose, focal, recip, number, clip)
        if sun > 0.0:
            mark(actors.shadow[a], SHADED, pose, focal, recip, number, clip)


@kernel
def _finish(
    picture: Picture,
    pose: FloatArray,
    focal: np.float32,
    mesh: _Mesh,
    still: Still,
    actors: Triangles,
    ego: FloatArray,
    air: Air,
    ground: Ground,
    beams: Beams,
    noise: NDArray[np.uint8],
    lights: NDArray[np.uint8],
    lamp_on: FloatArray,
    street_lamp: FloatArray,
    bias: FloatArray,
    buffers: _Buffers,
    key: np.uint64,
) -> None:
    """Colour what each pixel sees."""
    aim(beams, ego, actors.lamps, actors.lamp_count[0], air.lamps * (0.1 + 0.9 * air.night))
    shade(
        picture, pose, focal, still, actors, air, ground, beams, noise, lights, lamp_on, bias,
        buffers.rows,
    )  # fmt: skip
    signals_glow(picture, pose, focal, mesh.signal_lamps, lights, lamp_on)
    if air.lamps > 0.0:
        streets_glow(picture, pose, focal, mesh.street_lamps, street_lamp, air)
    lamps_glow(picture, pose, focal, actors.lamps, actors.lamp_count[0], air)
    if air.wet > 0.02:
        mirror(picture, pose, focal, air, noise)
    if air.rain > 0.02:
        streaks(picture.rgb, air, air.wind, key)
