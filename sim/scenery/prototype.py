"""What prototypes of actors are built with: bodies in metres, their moving parts and lamps.

A prototype fills the box x, y in [-0.5, 0.5], z in [0, 1] and is scaled to an actor's length,
width and height. Its column 5 of `Soup.tag` holds a Role instead of a lamp.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from roadworthy.sim.scenery.material import Label, Material
from roadworthy.sim.scenery.soup import Soup, SoupMaker, box, fan, loft, outside, ring

FloatArray = NDArray[np.float32]

HIP, SHOULDER = 0.49, 0.81  # heights of the joints of walkers, of their height


class Role(IntEnum):
    """Where a triangle of an actor gets its colour from."""

    FIXED = 0
    BODY = 1  # the actor's colour
    TAIL = 2  # dim red with the lamps on, bright while the actor brakes
    HEAD = 3  # bright with the lamps on
    BLINK_LEFT = 4
    BLINK_RIGHT = 5
    REVERSE = 6
    SPECIAL = 7  # drawn on emergency vehicles only: the light bar's left half
    SPECIAL_RIGHT = 8  # and its right half
    LIVERY = 9  # drawn on emergency vehicles only: their stripes


class Part(IntEnum):
    """Moving parts."""

    BODY = 0
    LEFT_LEG = 1
    RIGHT_LEG = 2
    LEFT_ARM = 3
    RIGHT_ARM = 4
    FRONT_WHEEL = 5  # turns by Actor.STEER, rolls by Actor.PHASE
    REAR_WHEEL = 6  # rolls
    DOOR_LEFT = 7  # drawn open or not at all
    DOOR_RIGHT = 8
    HOLE_LEFT = 9  # what is seen behind an open door
    HOLE_RIGHT = 10


class Body:
    """Collects one prototype in metres of a reference size and scales it to the unit box."""

    def __init__(self, length: float, width: float, height: float, label: Label) -> None:
        """Begin with nothing; `label` is the default of `add`."""
        self._size = np.array([length, width, height], np.float32)
        self._label = label
        self._maker = SoupMaker()
        self._pivots: list[FloatArray] = []

    def add(
        self,
        corners: ArrayLike,
        material: Material,
        role: Role = Role.FIXED,
        *,
        part: Part = Part.BODY,
        label: Label | None = None,
        color: ArrayLike | None = None,
        pivot: ArrayLike = (0.0, 0.0, 0.0),
    ) -> None:
        """Add triangles that already point outward; `pivot` [m] is what their part turns about."""
        corners = np.asarray(corners, np.float32)
        self._maker.add(
            corners / self._size,
            material,
            lamp=role,
            part=part,
            label=self._label if label is None else label,
            color=color,
        )
        self._pivots.append(
            np.broadcast_to(np.asarray(pivot, np.float32) / self._size, (len(corners), 3))
        )

    def wheels(self, places: ArrayLike, radius: float, thick: float, *, fine: bool) -> None:
        """Add wheels at (x, y of the outer face); the sign of y tells the side."""
        for x, y in np.asarray(places, np.float32):
            part = Part.FRONT_WHEEL if x > 0 else Part.REAR_WHEEL
            pivot = (x, y - 0.5 * np.sign(y) * thick, radius)
            rim = ring(8, radius, 0.0, 0.5)
            outer = np.stack([x + rim[:, 0], np.full(8, y), radius + rim[:, 1]], 1)
            inner = outer - np.array([0.0, np.sign(y) * thick, 0.0], np.float32)
            if not fine:
                self.add(facing(fan(outer), (0, y, 0)), Material.TYRE, part=part, pivot=pivot)
                continue
            tyre = outside(np.concatenate([loft(inner, outer), fan(outer)]))
            self.add(tyre, Material.TYRE, part=part, pivot=pivot)
            # Five spokes' worth of hub: a pentagon shows that the wheel rolls.
            hub = ring(5, 0.62 * radius, 0.0)
            disc = np.stack([x + hub[:, 0], np.full(5, y + 0.01 * np.sign(y)), radius + hub[:, 1]])
            face = facing(fan(disc.T), (0, y, 0))
            self.add(face, Material.METAL, part=part, pivot=pivot, color=(150, 152, 156))

    def plate(
        self,
        x: float,
        y: tuple[float, float],
        z: tuple[float, float],
        material: Material,
        role: Role = Role.FIXED,
        color: ArrayLike | None = None,
        *,
        both: bool = True,
    ) -> None:
        """Add a rectangle across the front (x > 0) or rear, on both sides if `both`."""
        for sign in (1.0, -1.0) if both else (1.0,):
            low, high = sorted((sign * y[0], sign * y[1]))
            corners = np.array([[x, low, z[0]], [x, high, z[0]], [x, high, z[1]], [x, low, z[1]]])
            self.add(facing(fan(corners), (x, 0, 0)), material, role, color=color)

    def blinkers(self, x: float, y: tuple[float, float], z: tuple[float, float]) -> None:
        """Add a pair of blinkers across the front (x > 0) or rear."""
        for sign, role in ((1.0, Role.BLINK_RIGHT), (-1.0, Role.BLINK_LEFT)):
            low, high = sorted((sign * y[0], sign * y[1]))
            corners = np.array([[x, low, z[0]], [x, high, z[0]], [x, high, z[1]], [x, low, z[1]]])
            self.add(facing(fan(corners), (x, 0, 0)), Material.BLINKER, role)

    def flank(
        self,
        x: tuple[float, float],
        y: float,
        z: tuple[float, float],
        material: Material,
        role: Role = Role.FIXED,
        color: ArrayLike | None = None,
    ) -> None:
        """Add an upright rectangle on both sides, `y` from the middle."""
        for sign in (1.0, -1.0):
            side = np.array([[x[0], y, z[0]], [x[1], y, z[0]], [x[1], y, z[1]], [x[0], y, z[1]]])
            self.add(facing(fan(side * [1, sign, 1]), (0, sign, 0)), material, role, color=color)

    def doors(
        self, x: tuple[float, float], y: float, z: tuple[float, float, float], color: ArrayLike
    ) -> None:
        """Add front doors: rear and front edge, distance from the middle, foot, sill and top."""
        parts = ((-1.0, Part.DOOR_LEFT, Part.HOLE_LEFT), (1.0, Part.DOOR_RIGHT, Part.HOLE_RIGHT))
        for sign, door, hole in parts:
            for low, high, material, role in (
                (z[0], z[1], Material.BODY, Role.BODY),
                (z[1], z[2], Material.GLASS, Role.FIXED),
            ):
                leaf = np.array(
                    [[x[0], y, low], [x[1], y, low], [x[1], y, high], [x[0], y, high]]
                ) * [1, sign, 1]
                both = np.concatenate([fan(leaf), fan(leaf)[:, ::-1]])
                self.add(both, material, role, part=door, pivot=(x[1], sign * y, 0.0))
            gap = np.array([[x[0], y, z[0]], [x[1], y, z[0]], [x[1], y, z[1]], [x[0], y, z[1]]])
            gap = (gap + np.array([0.0, 0.006, 0.0])) * [1, sign, 1]
            self.add(facing(fan(gap), (0, sign, 0)), Material.TYRE, part=hole, color=color)

    def bar(self, x: tuple[float, float], half_width: float, z: tuple[float, float]) -> None:
        """Add the light bar of an emergency vehicle on its roof."""
        for sign, role in ((-1.0, Role.SPECIAL), (1.0, Role.SPECIAL_RIGHT)):
            low, high = sorted((sign * 0.08, sign * half_width))
            from_, to = (x[0], low, z[0]), (x[1], high, z[1])
            self.add(box(from_, to), Material.BLUE_LAMP, role)

    def soup(self) -> Soup:
        """All triangles."""
        return self._maker.soup()

    def pivots(self) -> FloatArray:
        """What each triangle's part turns about, in the unit box, [T, 3]."""
        return np.concatenate(self._pivots)


def facing(corners: FloatArray, direction: ArrayLike) -> FloatArray:
    """Turn triangles so that their cross products point along a direction."""
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    away = normal @ np.asarray(direction, np.float32) < 0
    return np.where(away[:, None, None], corners[:, ::-1], corners)


def extruded(side: ArrayLike, half_width: float, taper: float = 1.0) -> FloatArray:
    """Extrude a convex side view [(x, z), ...] to both sides; `taper` narrows the upper edge."""
    side = np.asarray(side, np.float32)
    z = side[:, 1]
    width = half_width * (1.0 - (1.0 - taper) * (z - z.min()) / np.ptp(z))
    left = np.stack([side[:, 0], -width, z], 1)
    right = left * np.array([1.0, -1.0, 1.0], np.float32)
    return outside(np.concatenate([loft(left, right), fan(left), fan(right)]))


def cabin(
    low: tuple[float, float],
    high: tuple[float, float],
    widths: tuple[float, float],
    heights: tuple[float, float],
) -> FloatArray:
    """Sides of a cabin: rear and front x at its foot and top, half widths and heights there."""
    rings = []
    for (rear, front), y, z in zip((low, high), widths, heights, strict=True):
        rings.append([[rear, -y, z], [front, -y, z], [front, y, z], [rear, y, z]])
    return outside(loft(rings[0], rings[1]))
