"""The scene of one moment: the town's still triangles, and those of its actors in world axes.

All sensors of a vehicle read one ActorSoup, so that what the camera sees is what the lidar hits.
Shape law: D triangles of actors, A actors.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.kernel import kernel
from roadworthy.sim.scenery.kinds import prototypes
from roadworthy.sim.scenery.material import BODY_COLORS
from roadworthy.sim.scenery.prototype import HIP, SHOULDER
from roadworthy.sim.sensors.air import CLEAR_NOON, Air
from roadworthy.sim.sensors.lamps import LAMPS, add_lamp, lamp_color
from roadworthy.sim.sensors.panels import find_panels

FloatArray = NDArray[np.float32]

ACTOR_RANGE = 110.0  # [m] actors farther from the ego are not drawn
FINE_RANGE = 25.0  # [m] actors farther away are drawn with fewer triangles
SWING = 0.55  # [rad] of the legs of walkers
DOOR_ANGLE = 1.1  # [rad] of an open door
HULL = 6  # corners of a shadow on the ground

_PROTOTYPES = prototypes()


def _prototype_panels() -> NDArray[np.uint8]:
    """Panels within each moving part of each prototype, see `panels`."""
    soup = _PROTOTYPES.soup
    alike = (soup.tag[1:, 2:] == soup.tag[:-1, 2:]).all(axis=1)
    alike &= (soup.part[1:] == soup.part[:-1]) & (soup.intensity[1:] == soup.intensity[:-1])
    alike[_PROTOTYPES.start[1:-1] - 1] = False
    # In shares of an actor's size: 1 mm at 10 m.
    return find_panels(soup.corners, alike, 1e-4)


_PANELS = _prototype_panels()


class _Models(NamedTuple):
    """The prototypes as the kernel reads them; see `scenery.soup.Soup`."""

    corners: FloatArray
    color: FloatArray
    tag: NDArray[np.uint8]
    part: NDArray[np.uint8]
    intensity: FloatArray
    panel: NDArray[np.uint8]
    start: NDArray[np.int32]
    pivot: FloatArray
    palette: FloatArray


class Triangles(NamedTuple):
    """The triangles of actors, and what lies on the ground beside them."""

    corners: FloatArray  # [D, 3, 3]
    normal: FloatArray  # [D, 3]
    color: FloatArray  # [D, 3] in the light of sun and sky
    albedo: FloatArray  # [D, 3] before light; 0 where a lamp shines by itself
    dim: FloatArray  # [D] share of `color` that is left in a shadow
    tag: NDArray[np.uint8]  # [D, 6]
    intensity: FloatArray  # [D]
    panel: NDArray[np.uint8]  # [D] see `panels`
    start: NDArray[np.int32]  # [A + 1] triangles of each actor
    sphere: FloatArray  # [A, 4] centre, radius
    foot: FloatArray  # [A, 4, 3] what a body covers of the ground
    shadow: FloatArray  # [A, HULL, 3] where it keeps the sun away from the ground
    lamps: FloatArray  # [N, LAMPS columns] lamps that shine, see `lamps`
    lamp_count: NDArray[np.int32]  # [1] rows of `lamps` that are in use


_MODELS = _Models(
    _PROTOTYPES.soup.corners,
    _PROTOTYPES.soup.color,
    _PROTOTYPES.soup.tag,
    _PROTOTYPES.soup.part,
    _PROTOTYPES.soup.intensity,
    _PANELS,
    _PROTOTYPES.start,
    _PROTOTYPES.pivot,
    BODY_COLORS,
)


class ActorSoup:
    """Buffers for the triangles of up to `actors` actors; filled again at every frame."""

    def __init__(self, actors: int) -> None:
        """Allocate for the number of rows of the actors' array."""
        most = actors * int(np.diff(_PROTOTYPES.start).max())
        self.triangles = Triangles(
            corners=np.zeros((most, 3, 3), np.float32),
            normal=np.zeros((most, 3), np.float32),
            color=np.zeros((most, 3), np.float32),
            albedo=np.zeros((most, 3), np.float32),
            dim=np.zeros(most, np.float32),
            tag=np.zeros((most, 6), np.uint8),
            intensity=np.zeros(most, np.float32),
            panel=np.zeros(most, np.uint8),
            start=np.zeros(actors + 1, np.int32),
            sphere=np.zeros((actors, 4), np.float32),
            foot=np.zeros((actors, 4, 3), np.float32),
            shadow=np.zeros((actors, HULL, 3), np.float32),
            lamps=np.zeros((actors * LAMPS, 10), np.float32),
            lamp_count=np.zeros(1, np.int32),
        )
        # What the lidar reads, by the names that it knows.
        self.corners, self.normal = self.triangles.corners, self.triangles.normal
        self.tag, self.intensity = self.triangles.tag, self.triangles.intensity
        self.panel, self.start = self.triangles.panel, self.triangles.start
        self.sphere = self.triangles.sphere

    def fill(
        self,
        actors: FloatArray,
        first: int,
        x: float,
        y: float,
        air: Air = CLEAR_NOON,
        time: float = 0.0,
    ) -> None:
        """Expand the actors that live within ACTOR_RANGE of (x, y), from row `first` on.

        Args:
            actors: [A, Actor].
            first: rows before it have a shadow, but no triangles: who carries the sensors.
            x: middle of what is expanded [m].
            y: the same [m].
            air: the light; only cameras need it.
            time: [s] since the world began; blinkers and flashing lights go by it.
        """
        _expand(actors, first, x, y, _MODELS, air, time, self.triangles)


@kernel
def _expand(
    actors: FloatArray,
    first: int,
    ego_x: float,
    ego_y: float,
    models: _Models,
    air: Air,
    time: float,
    out: Triangles,
) -> None:
    n = 0
    out.lamp_count[0] = 0
    for a in range(len(actors)):
        out.start[a] = n
        row = actors[a]
        dx, dy = row[0] - ego_x, row[1] - ego_y
        distance = math.sqrt(dx * dx + dy * dy)
        out.sphere[a, 3] = 0.0
        if row[14] < 0.5 or distance > ACTOR_RANGE:
            continue
        _cover(row, air.sun, a, out)
        if a < first:
            continue
        level = 1 if distance > FINE_RANGE else 0
        kind = int(row[11])
        proto = 2 * kind + level
        if kind == 7:  # Kind.PROP: COLOR is the PropModel
            proto += 2 * min(4, max(0, int(row[12])))
        n = _emit(row, proto, n, models, air, time, out)
    out.start[len(actors)] = n


@kernel
def _emit(
    row: FloatArray,
    proto: int,
    n: int,
    models: _Models,
    air: Air,
    time: float,
    out: Triangles,
) -> int:
    """Write the triangles of one actor from row n on; returns the next free row."""
    kind, lamps = int(row[11]), int(row[26])
    length, width, height = row[8], row[9], row[10]
    cy, sy = math.cos(row[3]), math.sin(row[3])
    cp, sp = math.cos(row[4]), math.sin(row[4])
    swing = SWING * math.sin(row[19]) if kind == 6 else 0.0
    body = models.palette[int(row[12]) & 15]
    special = lamps & 0x100
    before, seen = -1, 0
    for t in range(models.start[proto], models.start[proto + 1]):
        p, role = models.part[t], models.tag[t, 5]
        if role >= 7 and not special:
            continue
        if p >= 7 and not lamps & (0x1000 if p == 7 or p == 9 else 0x2000):
            continue
        # Joints turn in the x-z plane (legs, arms, rolling wheels), then in the x-y plane.
        turn, steer = 0.0, 0.0
        jx, jy, jz = 0.0, 0.0, 0.0
        if p > 0:
            jx, jy = models.pivot[t, 0] * length, models.pivot[t, 1] * width
            jz = models.pivot[t, 2] * height
            if p <= 4:
                turn = swing if p == 1 or p == 4 else -swing
                jz = HIP * height if p <= 2 else SHOULDER * height
            elif p <= 6:
                turn = -float(row[19])
                if p == 5:
                    steer = float(row[31])
            elif p <= 8:
                steer = DOOR_ANGLE if p == 7 else -DOOR_ANGLE
        ct, st = math.cos(turn), math.sin(turn)
        cs, ss = math.cos(steer), math.sin(steer)
        for k in range(3):
            x = models.corners[t, k, 0] * length
            y = models.corners[t, k, 1] * width
            z = models.corners[t, k, 2] * height
            if turn != 0.0:
                ox, oz = x - jx, z - jz
                x, z = jx + ct * ox - st * oz, jz + st * ox + ct * oz
            if steer != 0.0:
                ox, oy = x - jx, y - jy
                x, y = jx + cs * ox - ss * oy, jy + ss * ox + cs * oy
            forward, up = cp * x - sp * z, sp * x + cp * z
            out.corners[n, k, 0] = row[0] + cy * forward - sy * y
            out.corners[n, k, 1] = row[1] + sy * forward + cy * y
            out.corners[n, k, 2] = row[2] + up
        _finish(n, out.corners, out.normal)
        r, g, b = models.color[t, 0], models.color[t, 1], models.color[t, 2]
        shines = False
        if role == 1:
            r, g, b = body[0], body[1], body[2]
            if special:  # white with stripes
                r, g, b = np.float32(236.0), np.float32(238.0), np.float32(240.0)
        elif role > 1 and role < 9:
            strength, r, g, b = lamp_color(role, lamps, row[13], air.lamps, time, r, g, b)
            shines = strength > 0.0
            seen = seen + 1 if role == before else 0
            if shines and seen % 2 == 0 and (role < 7 or seen == 0):
                add_lamp(out.lamps, out.lamp_count, out.corners[n], row[3], role, strength, r, g, b)
        before = role
        _light(n, r, g, b, shines or (models.tag[t, 1] == 7 and role != 4 and role != 5), air, out)
        for k in range(6):
            out.tag[n, k] = models.tag[t, k]
        out.intensity[n] = models.intensity[t]
        out.panel[n] = models.panel[t]
        n += 1
    return n


@kernel
def _light(n: int, r: float, g: float, b: float, own: bool, air: Air, out: Triangles) -> None:
    """Colours of triangle n in the light of sun and sky; lamps keep their own."""
    if own:
        out.color[n, 0], out.color[n, 1], out.color[n, 2] = r, g, b
        out.albedo[n] = 0.0
        out.dim[n] = 1.0
        return
    nx, ny, nz = out.normal[n, 0], out.normal[n, 1], out.normal[n, 2]
    facing = max(np.float32(0.0), nx * air.sun[0] + ny * air.sun[1] + nz * air.sun[2])
    open_ = np.float32(0.86) + np.float32(0.14) * nz
    out.albedo[n, 0], out.albedo[n, 1], out.albedo[n, 2] = r, g, b
    for k in range(3):
        shine = air.ambient[k] * open_ + air.direct[k] * facing
        out.color[n, k] = min(np.float32(255.0), out.albedo[n, k] * shine)
    whole = air.ambient[1] * open_ + air.direct[1] * facing
    out.dim[n] = air.ambient[1] * open_ / max(whole, np.float32(1e-6))


@kernel
def _cover(row: FloatArray, sun: FloatArray, a: int, out: Triangles) -> None:
    """Bounding sphere of an actor, the ground below it and its shadow."""
    length, width, height = row[8], row[9], row[10]
    out.sphere[a, 0], out.sphere[a, 1] = row[0], row[1]
    out.sphere[a, 2] = row[2] + 0.5 * height
    out.sphere[a, 3] = 0.5 * math.sqrt(length * length + width * width + height * height) + 0.3
    cy, sy, rise = math.cos(row[3]), math.sin(row[3]), math.sin(row[4])
    # The shadow of a box on level ground: its foot, and its top moved away from the sun.
    fall = min(0.9 * height / max(0.06, sun[2]), 25.0) if sun[2] > 0.0 else 0.0
    flat = max(1e-3, math.sqrt(sun[0] * sun[0] + sun[1] * sun[1]))
    reach = fall * flat
    px, py = -sun[0] / flat * reach, -sun[1] / flat * reach
    along, side = cy * px + sy * py, cy * py - sy * px
    m = 0
    for k in range(4):  # corners in order: rear left, front left, front right, rear right
        x = 0.5 * length * (1.0 if k == 1 or k == 2 else -1.0)
        y = 0.5 * width * (1.0 if k >= 2 else -1.0)
        fx, fy = x + (0.12 if x > 0 else -0.12), y + (0.12 if y > 0 else -0.12)
        out.foot[a, k, 0] = row[0] + cy * fx - sy * fy
        out.foot[a, k, 1] = row[1] + sy * fx + cy * fy
        out.foot[a, k, 2] = row[2] + rise * fx
        # The edge before corner k and the one behind it: does the shadow move out over them?
        before = -along if k == 0 else (-side if k == 1 else (along if k == 2 else side))
        behind = -side if k == 0 else (along if k == 1 else (side if k == 2 else -along))
        for turn in range(2):
            moved = before > 0.0 if turn == 0 else behind > 0.0
            if turn == 1 and moved == (before > 0.0):
                continue
            sx, s = (x + along, y + side) if moved else (x, y)
            if m < HULL:
                out.shadow[a, m, 0] = row[0] + cy * sx - sy * s
                out.shadow[a, m, 1] = row[1] + sy * sx + cy * s
                out.shadow[a, m, 2] = row[2] + rise * sx
                m += 1
    for k in range(m, HULL):
        for c in range(3):
            out.shadow[a, k, c] = out.shadow[a, m - 1, c]


@kernel
def _finish(n: int, corners: FloatArray, normal: FloatArray) -> None:
    """Normal of triangle n from its corners."""
    ax, ay = corners[n, 1, 0] - corners[n, 0, 0], corners[n, 1, 1] - corners[n, 0, 1]
    az = corners[n, 1, 2] - corners[n, 0, 2]
    bx, by = corners[n, 2, 0] - corners[n, 0, 0], corners[n, 2, 1] - corners[n, 0, 1]
    bz = corners[n, 2, 2] - corners[n, 0, 2]
    nx, ny, nz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    size = 1.0 / max(1e-9, math.sqrt(nx * nx + ny * ny + nz * nz))
    normal[n, 0], normal[n, 1], normal[n, 2] = nx * size, ny * size, nz * size
