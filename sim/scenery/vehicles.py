"""Prototypes of everything that moves: one soup per Kind and level of detail.

A prototype fills the box x, y in [-0.5, 0.5], z in [0, 1] and is scaled to an actor's length,
width and height. Its column 5 of `Soup.tag` holds a Role instead of a lamp.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from roadworthy.sim.scenery.material import Label, Material
from roadworthy.sim.scenery.soup import Soup, SoupMaker, box, fan, loft, outside, ring
from roadworthy.sim.world.columns import Kind

FloatArray = NDArray[np.float32]

HIP, SHOULDER = 0.49, 0.81  # heights of the joints of walkers, of their height


class Role(IntEnum):
    """Where a triangle of an actor gets its colour from."""

    FIXED = 0
    BODY = 1  # the actor's colour
    TAIL = 2  # glows while the actor brakes


class Part(IntEnum):
    """Moving parts."""

    BODY = 0
    LEFT_LEG = 1
    RIGHT_LEG = 2
    LEFT_ARM = 3
    RIGHT_ARM = 4


@dataclass(frozen=True, eq=False)
class Prototypes:
    """All prototypes in one soup; level 0 is near, level 1 far."""

    soup: Soup
    start: NDArray[np.int32]  # [2 * kinds + 1]: kind k at level l is row 2 * k + l


class _Body:
    """Collects one prototype in metres of a reference size and scales it to the unit box."""

    def __init__(self, length: float, width: float, height: float, label: Label) -> None:
        self._size = np.array([length, width, height], np.float32)
        self._label = label
        self._maker = SoupMaker()

    def add(
        self,
        corners: ArrayLike,
        material: Material,
        role: Role = Role.FIXED,
        *,
        part: Part = Part.BODY,
        label: Label | None = None,
        color: ArrayLike | None = None,
    ) -> None:
        """Add triangles that already point outward."""
        self._maker.add(
            np.asarray(corners, np.float32) / self._size,
            material,
            lamp=role,
            part=part,
            label=self._label if label is None else label,
            color=color,
        )

    def wheels(self, places: ArrayLike, radius: float, thick: float, *, fine: bool) -> None:
        """Add wheels at (x, y of the outer face); the sign of y tells the side."""
        for x, y in np.asarray(places, np.float32):
            rim = ring(8, radius, 0.0, 0.5)
            outer = np.stack([x + rim[:, 0], np.full(8, y), radius + rim[:, 1]], 1)
            inner = outer - np.array([0.0, np.sign(y) * thick, 0.0], np.float32)
            if fine:
                self.add(outside(np.concatenate([loft(inner, outer), fan(outer)])), Material.TYRE)
                hub = 0.5 * (outer - outer.mean(axis=0)) + outer.mean(axis=0)
                hub[:, 1] += 0.01 * np.sign(y)
                self.add(_facing(fan(hub), (0, y, 0)), Material.METAL, color=(150, 152, 156))
            else:
                self.add(_facing(fan(outer), (0, y, 0)), Material.TYRE)

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
            self.add(_facing(fan(corners), (x, 0, 0)), material, role, color=color)

    def soup(self) -> Soup:
        return self._maker.soup()


def _facing(corners: FloatArray, direction: ArrayLike) -> FloatArray:
    """Turn triangles so that their cross products point along a direction."""
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    away = normal @ np.asarray(direction, np.float32) < 0
    return np.where(away[:, None, None], corners[:, ::-1], corners)


def _profile(side: ArrayLike, half_width: float, taper: float = 1.0) -> FloatArray:
    """Extrude a convex side view [(x, z), ...] to both sides; `taper` narrows the upper edge."""
    side = np.asarray(side, np.float32)
    z = side[:, 1]
    width = half_width * (1.0 - (1.0 - taper) * (z - z.min()) / np.ptp(z))
    left = np.stack([side[:, 0], -width, z], 1)
    right = left * np.array([1.0, -1.0, 1.0], np.float32)
    return outside(np.concatenate([loft(left, right), fan(left), fan(right)]))


def _cabin(
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


def _car(fine: bool) -> Soup:
    body = _Body(4.6, 1.9, 1.5, Label.CAR)
    hull = [(-2.26, 0.26), (-2.3, 0.6), (-2.22, 0.9), (-1.5, 0.96), (0.9, 0.94), (2.1, 0.76)]
    hull += [(2.3, 0.56), (2.26, 0.24)]
    coarse = [hull[0], hull[2], hull[4], hull[5], hull[7]]
    body.add(_profile(hull if fine else coarse, 0.95, 0.93), Material.BODY, Role.BODY)
    glass = _cabin((-1.75, 1.05), (-1.0, 0.2), (0.84, 0.66), (0.92, 1.42))
    body.add(glass, Material.GLASS)
    roof = box((-1.08, -0.68, 1.4), (0.26, 0.68, 1.5))
    body.add(roof if fine else roof[8:], Material.BODY, Role.BODY)
    if fine:
        for y in (-0.76, 0.76):  # pillars between the doors
            pillar = _cabin((-0.55, -0.4), (-0.48, -0.36), (0.04, 0.04), (0.92, 1.42))
            lean = np.where(pillar[..., 2:] > 1.0, 0.0, 0.1) * np.sign(y)
            body.add(
                pillar + np.array([0, y - 0.04 * np.sign(y), 0]) + lean * [0, 1, 0],
                Material.BODY,
                Role.BODY,
            )
        body.plate(2.305, (-0.35, 0.35), (0.4, 0.58), Material.TYRE, both=False)
        body.plate(
            -2.315, (-0.26, 0.26), (0.5, 0.62), Material.METAL, color=(225, 225, 220), both=False
        )
    wheels = [(x, y) for x in (1.42, -1.4) for y in (0.95, -0.95)]
    body.wheels(wheels, 0.34, 0.24, fine=fine)
    body.plate(2.31, (0.5, 0.86), (0.58, 0.72), Material.HEADLIGHT)
    body.plate(-2.32, (0.48, 0.9), (0.64, 0.82), Material.TAILLIGHT, Role.TAIL)
    return body.soup()


def _van(fine: bool) -> Soup:
    body = _Body(5.4, 2.05, 2.4, Label.CAR)
    hull = [(-2.7, 0.35), (-2.66, 2.34), (0.9, 2.38), (1.7, 1.35), (2.5, 1.12), (2.7, 0.75)]
    body.add(_profile([*hull, (2.66, 0.3)], 1.02, 0.9), Material.BODY, Role.BODY)
    y = 0.97
    wind = np.array([[1.68, -0.8, 1.4], [1.68, 0.8, 1.4], [0.98, 0.76, 2.3], [0.98, -0.76, 2.3]])
    body.add(_facing(fan(wind + np.array([0.04, 0, 0.03])), (1, 0, 0.5)), Material.GLASS)
    for sign in (1.0, -1.0):
        side = np.array(
            [[0.2, y + 0.02, 1.4], [1.5, y + 0.02, 1.4], [0.9, 0.95, 2.15], [0.2, 0.95, 2.15]]
        ) * [1, sign, 1]
        body.add(_facing(fan(side), (0, sign, 0)), Material.GLASS)
    body.plate(-2.71, (0.1, 0.85), (1.45, 2.1), Material.GLASS)
    body.plate(-2.72, (0.72, 1.0), (0.75, 1.25), Material.TAILLIGHT, Role.TAIL)
    body.plate(2.71, (0.55, 0.95), (0.7, 0.92), Material.HEADLIGHT)
    wheels = [(x, y) for x in (1.75, -1.7) for y in (1.02, -1.02)]
    body.wheels(wheels, 0.37, 0.26, fine=fine)
    return body.soup()


def _truck(fine: bool) -> Soup:
    body = _Body(8.4, 2.6, 3.4, Label.TRUCK)
    body.add(
        box((-4.2, -1.3, 1.05), (2.2, 1.3, 3.4), bottom=fine), Material.METAL, color=(206, 208, 204)
    )
    cab = [(2.35, 0.5), (2.35, 2.9), (3.5, 2.9), (4.15, 1.75), (4.2, 0.5)]
    body.add(_profile(cab, 1.25, 0.94), Material.BODY, Role.BODY)
    body.add(box((-4.1, -0.5, 0.6), (2.4, 0.5, 1.05)), Material.TYRE)
    wind = np.array([[4.17, -1.05, 1.8], [4.17, 1.05, 1.8], [3.56, 1.0, 2.8], [3.56, -1.0, 2.8]])
    body.add(_facing(fan(wind + np.array([0.03, 0, 0.02])), (1, 0, 0.3)), Material.GLASS)
    for sign in (1.0, -1.0):
        side = np.array([[2.7, 1.24, 1.8], [3.9, 1.24, 1.8], [3.4, 1.21, 2.6], [2.7, 1.21, 2.6]])
        body.add(_facing(fan(side * [1, sign, 1]), (0, sign, 0)), Material.GLASS)
    body.plate(4.215, (0.7, 1.15), (0.75, 1.0), Material.HEADLIGHT)
    body.plate(-4.215, (0.8, 1.28), (0.75, 1.15), Material.TAILLIGHT, Role.TAIL)
    wheels = [(x, y) for x in (3.2, -1.9, -3.1) for y in (1.28, -1.28)]
    body.wheels(wheels, 0.48, 0.34, fine=fine)
    return body.soup()


def _bus(fine: bool) -> Soup:
    body = _Body(11.0, 2.6, 3.1, Label.BUS)
    body.add(box((-5.5, -1.3, 0.35), (5.5, 1.3, 3.1)), Material.BODY, Role.BODY)
    for sign in (1.0, -1.0):
        band = np.array(
            [[-5.2, 1.31, 1.35], [5.2, 1.31, 1.35], [5.2, 1.31, 2.45], [-5.2, 1.31, 2.45]]
        ) * [1, sign, 1]
        body.add(_facing(fan(band), (0, sign, 0)), Material.GLASS)
        if fine:
            for x in (-3.4, -1.6, 0.2, 2.0, 3.8):
                post = np.array(
                    [
                        [x, 1.32, 1.35],
                        [x + 0.14, 1.32, 1.35],
                        [x + 0.14, 1.32, 2.45],
                        [x, 1.32, 2.45],
                    ]
                ) * [1, sign, 1]
                body.add(_facing(fan(post), (0, sign, 0)), Material.BODY, Role.BODY)
    body.plate(5.51, (-1.2, 1.2), (1.1, 2.6), Material.GLASS, both=False)
    body.plate(-5.51, (-1.1, 1.1), (1.5, 2.5), Material.GLASS, both=False)
    body.plate(5.515, (0.75, 1.2), (0.6, 0.88), Material.HEADLIGHT)
    body.plate(-5.515, (0.85, 1.22), (0.8, 1.25), Material.TAILLIGHT, Role.TAIL)
    wheels = [(x, y) for x in (3.6, -3.4) for y in (1.31, -1.31)]
    body.wheels(wheels, 0.48, 0.34, fine=fine)
    return body.soup()


def _rider(body: _Body, x: float, seat: float, lean: float, fine: bool) -> None:
    """A seated person: torso, head, arms to the bars and legs to the pedals."""
    torso = _cabin(
        (x - 0.12, x + 0.12), (x + lean - 0.1, x + lean + 0.14), (0.17, 0.22), (seat, seat + 0.55)
    )
    top = np.array(
        [
            [x + lean - 0.1, -0.22, seat + 0.55],
            [x + lean + 0.14, -0.22, seat + 0.55],
            [x + lean + 0.14, 0.22, seat + 0.55],
            [x + lean - 0.1, 0.22, seat + 0.55],
        ]
    )
    body.add(
        np.concatenate([torso, _facing(fan(top), (0, 0, 1))]),
        Material.CLOTH,
        Role.BODY,
        label=Label.RIDER,
    )
    sides = 6 if fine else 4
    head = ring(sides, 0.13, 0.0) + np.array([x + lean + 0.06, 0.0, seat + 0.72], np.float32)
    middle = head.mean(axis=0)
    ball = np.concatenate(
        [fan(head, middle + np.array([0, 0, 0.16])), fan(head, middle - np.array([0, 0, 0.15]))]
    )
    body.add(outside(ball), Material.TYRE, color=(60, 62, 70), label=Label.RIDER)
    if not fine:
        legs = box((x - 0.05, -0.25, seat - 0.5), (x + 0.2, 0.25, seat + 0.08))
        body.add(legs[:8], Material.TROUSERS, label=Label.RIDER)
        return
    for y in (-0.2, 0.2):
        arm = box((x + lean, y - 0.05, seat + 0.3), (x + lean + 0.42, y + 0.05, seat + 0.42))
        leg = box((x - 0.05, y - 0.07, seat - 0.55), (x + 0.22, y + 0.07, seat + 0.08))
        body.add(arm, Material.CLOTH, Role.BODY, label=Label.RIDER)
        body.add(leg, Material.TROUSERS, label=Label.RIDER)


def _two_wheeler(motor: bool, fine: bool) -> Soup:
    if motor:
        body = _Body(2.2, 0.8, 1.65, Label.MOTORCYCLE)
        frame = [(-0.95, 0.75), (-0.5, 0.35), (0.4, 0.3), (0.75, 0.75), (0.45, 0.98), (-0.3, 0.85)]
        body.add(_profile(frame, 0.16), Material.BODY, Role.BODY)
        body.plate(-0.97, (-0.12, 0.12), (0.62, 0.78), Material.TAILLIGHT, Role.TAIL, both=False)
        body.plate(0.86, (-0.11, 0.11), (0.72, 0.92), Material.HEADLIGHT, both=False)
        radius, thick, wheels = 0.32, 0.14, (-0.76, 0.76)
    else:
        body = _Body(1.8, 0.6, 1.75, Label.BICYCLE)
        body.add(box((-0.5, -0.03, 0.5), (0.45, 0.03, 0.6), bottom=True), Material.METAL)
        body.add(box((-0.06, -0.03, 0.3), (0.02, 0.03, 0.92)), Material.METAL)
        radius, thick, wheels = 0.33, 0.05, (-0.56, 0.56)
    if fine:
        body.add(box((0.42, -0.3, 1.0), (0.5, 0.3, 1.05), bottom=True), Material.METAL)
    body.add(box((0.46, -0.04, 0.4), (0.54, 0.04, 1.0)), Material.METAL)
    for x in wheels:
        rim = ring(8 if fine else 4, radius, 0.0, 0.5)
        outer = np.stack([x + rim[:, 0], np.full(len(rim), 0.5 * thick), radius + rim[:, 1]], 1)
        inner = outer * [1, -1, 1]
        body.add(
            outside(np.concatenate([loft(inner, outer), fan(inner), fan(outer)])), Material.TYRE
        )
    _rider(body, -0.15, 0.85 if motor else 0.95, 0.14 if motor else 0.2, fine)
    return body.soup()


def _walker(fine: bool) -> Soup:
    body = _Body(0.5, 0.5, 1.75, Label.PEDESTRIANS)
    torso = _cabin((-0.11, 0.11), (-0.12, 0.12), (0.16, 0.21), (0.82, 1.46))
    body.add(
        np.concatenate([torso, box((-0.12, -0.21, 1.44), (0.12, 0.21, 1.46))[8:]]),
        Material.CLOTH,
        Role.BODY,
    )
    sides = 6 if fine else 4
    head = ring(sides, 0.115, 1.6)
    face = np.concatenate([loft(ring(sides, 0.07, 1.47), head), fan(head, (0, 0, 1.75))])
    body.add(outside(face), Material.SKIN)
    hair = fan(ring(sides, 0.125, 1.64), (-0.02, 0, 1.765))
    body.add(outside(hair), Material.TYRE, color=(66, 48, 36))
    for sign, leg, arm in (
        (-1.0, Part.LEFT_LEG, Part.LEFT_ARM),
        (1.0, Part.RIGHT_LEG, Part.RIGHT_ARM),
    ):
        low, high = sorted((sign * 0.02, sign * 0.17))
        if not fine:
            leg_box = box((-0.09, low, 0.0), (0.1, high, 0.86))
            body.add(leg_box[:8], Material.TROUSERS, part=leg)
            low, high = sorted((sign * 0.2, sign * 0.28))
            sleeve = box((-0.055, low, 0.8), (0.055, high, 1.43))
            body.add(sleeve[:8], Material.CLOTH, Role.BODY, part=arm)
            continue
        body.add(box((-0.085, low, 0.06), (0.085, high, 0.86)), Material.TROUSERS, part=leg)
        body.add(box((-0.09, low, 0.0), (0.17, high, 0.08)), Material.TYRE, part=leg)
        low, high = sorted((sign * 0.2, sign * 0.3))
        body.add(
            box((-0.055, low, 0.8), (0.055, high, 1.43), bottom=True),
            Material.CLOTH,
            Role.BODY,
            part=arm,
        )
    return body.soup()


def prototypes() -> Prototypes:
    """Build the prototypes of all kinds."""
    soups: list[Soup] = []
    for kind in Kind:
        for fine in (True, False):
            if kind == Kind.CAR:
                soups.append(_car(fine))
            elif kind == Kind.VAN:
                soups.append(_van(fine))
            elif kind == Kind.TRUCK:
                soups.append(_truck(fine))
            elif kind == Kind.BUS:
                soups.append(_bus(fine))
            elif kind == Kind.WALKER:
                soups.append(_walker(fine))
            else:
                soups.append(_two_wheeler(kind == Kind.MOTORCYCLE, fine))
    start = np.cumsum([0] + [len(soup.base) for soup in soups]).astype(np.int32)
    return Prototypes(Soup.joined(soups), start)
