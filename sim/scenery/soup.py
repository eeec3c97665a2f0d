"""Triangle soup: loose triangles with what the sensors must know of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray

from roadworthy.sim.scenery.material import TABLE, Material

FloatArray = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Soup:
    """T triangles. `tag` holds Label, Texture, Layer, solid, detail, lamp (0..2) of each."""

    corners: FloatArray  # [T, 3, 3] x, y, z; counter-clockwise by the cross product's outward side
    normal: FloatArray  # [T, 3] outward
    color: FloatArray  # [T, 3] 0..255 before light
    base: FloatArray  # [T] z [m] where the texture begins (a building's foot)
    tag: NDArray[np.uint8]  # [T, 6]
    intensity: FloatArray  # [T] lidar intensity
    signal: NDArray[np.int16]  # [T] index of the light that a lamp belongs to, else -1
    part: NDArray[np.uint8]  # [T] moving part of an actor, see vehicles.Part
    anchor: FloatArray  # [T, 2] x, y that decide about a triangle's cell: those of its object

    @classmethod
    def joined(cls, soups: Sequence[Soup]) -> Soup:
        """Put soups one after the other."""
        names = [field.name for field in fields(cls)]
        return cls(*(np.concatenate([getattr(soup, name) for soup in soups]) for name in names))

    def take(self, rows: NDArray[np.intp]) -> Soup:
        """Pick triangles."""
        return Soup(
            self.corners[rows],
            self.normal[rows],
            self.color[rows],
            self.base[rows],
            self.tag[rows],
            self.intensity[rows],
            self.signal[rows],
            self.part[rows],
            self.anchor[rows],
        )


class SoupMaker:
    """Collects triangles of many surfaces into one Soup."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._soups: list[Soup] = []

    def add(
        self,
        corners: ArrayLike,
        material: Material,
        outward: ArrayLike | None = None,
        *,
        color: ArrayLike | None = None,
        base: ArrayLike = 0.0,
        detail: bool = False,
        signal: ArrayLike = -1,
        lamp: int = 0,
        part: int = 0,
        label: int | None = None,
        anchor: ArrayLike | None = None,
    ) -> None:
        """Add triangles of one material.

        Args:
            corners: [T, 3, 3].
            material: row of the material table.
            outward: [3] or [T, 3] a direction on the side of the triangles that is seen; None
                where the cross product of the first two edges already points outward.
            color: [3] or [T, 3], 0..255, instead of the material's.
            base: z where the texture begins [m].
            detail: drawn only nearby.
            signal: index of the light, for lamps.
            lamp: 0 red, 1 yellow, 2 green, for lamps.
            part: moving part of an actor.
            label: semantic label instead of the material's.
            anchor: [T, 2] place of the object that a triangle is part of; default its middle.
        """
        corners = np.array(corners, np.float32).reshape(-1, 3, 3)
        n = len(corners)
        if n == 0:
            return
        normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        if outward is not None:
            flip = (normal * np.asarray(outward, np.float32)).sum(axis=1) < 0
            corners[flip] = corners[flip][:, ::-1]
            normal[flip] *= -1.0
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
        row = TABLE[material]
        tag = np.zeros((n, 6), np.uint8)
        tag[:] = (row[3] if label is None else label, row[5], row[6], row[7], detail, lamp)
        self._soups.append(
            Soup(
                corners,
                normal.astype(np.float32),
                np.broadcast_to(row[:3] if color is None else color, (n, 3)).astype(np.float32),
                np.broadcast_to(base, n).astype(np.float32),
                tag,
                np.full(n, row[4], np.float32),
                np.broadcast_to(signal, n).astype(np.int16),
                np.full(n, part, np.uint8),
                np.asarray(corners.mean(axis=1)[:, :2] if anchor is None else anchor, np.float32),
            )
        )

    def quads(
        self, quads: ArrayLike, material: Material, outward: ArrayLike, **more: object
    ) -> None:
        """Add quadrilaterals [n, 4, 3] (corners in order); `more` as in `add`, one value each."""
        quads = np.asarray(quads, np.float32).reshape(-1, 4, 3)
        corners = quads[:, [0, 1, 2, 0, 2, 3]].reshape(-1, 3, 3)
        more.setdefault("anchor", np.repeat(quads.mean(axis=1)[:, :2], 2, axis=0))
        outward = np.asarray(outward, np.float32)
        if outward.ndim == 2:
            outward = np.repeat(outward, 2, axis=0)
        for name in ("color", "base", "signal"):
            value = np.asarray(more[name]) if more.get(name) is not None else None
            if value is not None and value.ndim and len(value) == len(quads) and value.size > 3:
                more[name] = np.repeat(value, 2, axis=0)
        self.add(corners, material, outward, **more)  # type: ignore[arg-type]

    def convex(self, corners: ArrayLike, material: Material, **more: object) -> None:
        """Add the triangles [n, 3, 3] of one convex body: outward is away from its middle."""
        self.add(outside(corners), material, **more)  # type: ignore[arg-type]

    def soup(self) -> Soup:
        """Join everything that was added."""
        return Soup.joined(self._soups)


def outside(corners: ArrayLike) -> FloatArray:
    """Turn the triangles of one convex body so that their cross products point outward."""
    corners = np.array(corners, np.float32).reshape(-1, 3, 3)
    middle = 0.5 * (corners.min(axis=(0, 1)) + corners.max(axis=(0, 1)))
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    flip = (normal * (corners.mean(axis=1) - middle)).sum(axis=1) < 0
    corners[flip] = corners[flip][:, ::-1]
    return corners


# Corners of the six sides of a box, in order around each side.
_BOX_SIDES = np.array(
    [
        [[-1, -1, -1], [1, -1, -1], [1, -1, 1], [-1, -1, 1]],
        [[1, 1, -1], [-1, 1, -1], [-1, 1, 1], [1, 1, 1]],
        [[1, -1, -1], [1, 1, -1], [1, 1, 1], [1, -1, 1]],
        [[-1, 1, -1], [-1, -1, -1], [-1, -1, 1], [-1, 1, 1]],
        [[-1, -1, 1], [1, -1, 1], [1, 1, 1], [-1, 1, 1]],
        [[-1, -1, -1], [-1, 1, -1], [1, 1, -1], [1, -1, -1]],
    ],
    np.float32,
)


def box(low: ArrayLike, high: ArrayLike, *, bottom: bool = False) -> FloatArray:
    """Triangles of an axis-parallel box, [10 or 12, 3, 3]."""
    low, high = np.asarray(low, np.float32), np.asarray(high, np.float32)
    sides = _BOX_SIDES if bottom else _BOX_SIDES[:5]
    quads = 0.5 * (low + high) + 0.5 * (high - low) * sides
    return np.asarray(quads[:, [0, 1, 2, 0, 2, 3]].reshape(-1, 3, 3), np.float32)


def ring(sides: int, radius: float, z: float, turn: float = 0.0) -> FloatArray:
    """Corners of a regular polygon around the z axis, [sides, 3]."""
    angle = 2.0 * np.pi * (np.arange(sides) + turn) / sides
    flat = np.full(sides, z)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), flat], 1).astype(np.float32)


def loft(lower: ArrayLike, upper: ArrayLike) -> FloatArray:
    """Triangles between two polygons with the same number of corners, [2 n, 3, 3]."""
    a, b = np.asarray(lower, np.float32), np.asarray(upper, np.float32)
    a1, b1 = np.roll(a, -1, axis=0), np.roll(b, -1, axis=0)
    return np.concatenate([np.stack([a, a1, b1], 1), np.stack([a, b1, b], 1)])


def fan(polygon: ArrayLike, apex: ArrayLike | None = None) -> FloatArray:
    """Triangles from a polygon to an apex (default: its first corner), [n or n - 2, 3, 3]."""
    a = np.asarray(polygon, np.float32)
    if apex is None:
        return np.stack([np.broadcast_to(a[0], (len(a) - 2, 3)), a[1:-1], a[2:]], 1)
    top = np.broadcast_to(np.asarray(apex, np.float32), a.shape)
    return np.stack([a, np.roll(a, -1, axis=0), top], 1)
