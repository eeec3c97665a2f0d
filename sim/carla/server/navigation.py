"""A navigation mesh for the walkers that CARLA's client leads, made of sidewalks and crosswalks.

Sidewalks become strips of quads; a crosswalk is a quad between the edges of two of them, so that
all neighbours share corners. Source of the format: CARLA_PROTOCOL notes; Recast & Detour,
DetourNavMesh.h (dtMeshHeader, dtPoly, dtPolyDetail, version 7) and CARLA's Navigation.cpp (the
head of the file). Detour's axes are CARLA's with y and z exchanged.
"""

from __future__ import annotations

import hashlib
import struct

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.road.network import KERB_HEIGHT, LaneType, Point, RoadNetwork
from roadworthy.sim.traffic.crossings import find_crossings

STEP = 3.0  # [m] between the cuts of a strip; it is a crosswalk's width as well
JOIN = 0.8  # [m] ends of strips that are so near are one
MOST_VERTICES = 60_000  # Detour counts them with 16 bits
SIDEWALK, CROSSWALK = (1, 0x02), (2, 0x04)  # area and flags
_HEAD = struct.Struct("<3i5f2i")
_TILE = struct.Struct("<Ii")
_MESH = struct.Struct("<5iI9i3f3f3ff")
_MAGIC = ord("M") << 24 | ord("S") << 16 | ord("E") << 8 | ord("T")
_TILE_MAGIC = ord("D") << 24 | ord("N") << 16 | ord("A") << 8 | ord("V")
_POLY = np.dtype(
    [("link", "<u4"), ("verts", "<u2", 6), ("neis", "<u2", 6), ("flags", "<u2"), ("count", "u1"),
     ("area", "u1")]
)  # fmt: skip
_DETAIL = np.dtype([("vert", "<u4"), ("tri", "<u4"), ("verts", "u1"), ("tris", "u1"),
                    ("pad", "<u2")])  # fmt: skip
_NO_LINK = 0xFFFFFFFF
_HEIGHT, _RADIUS, _CLIMB = 1.8, 0.3, 0.5  # [m] of a walker


class _Strips:
    """The sidewalks as rows of vertices, left and right."""

    def __init__(self, network: RoadNetwork, step: float) -> None:
        self.vertices: list[tuple[float, float, float]] = []
        self.left: dict[int, list[int]] = {}  # by lane
        self.right: dict[int, list[int]] = {}
        self.stations: dict[int, NDArray[np.float64]] = {}
        for lane in range(network.n_lanes):
            if network.lane_type[lane] == LaneType.SIDEWALK and network.lane_length[lane] > 0.5:
                self._add(lane, network, step)
        self.same = list(range(len(self.vertices)))
        self._join()

    def _add(self, lane: int, network: RoadNetwork, step: float) -> None:
        points, length = network.lane_points(lane), float(network.lane_length[lane])
        s = np.linspace(0.0, length, max(1, round(length / step)) + 1)
        x, y, z, yaw, width = (
            np.interp(s, points[:, Point.S], points[:, column])
            for column in (Point.X, Point.Y, Point.Z, Point.YAW, Point.WIDTH)
        )
        half = np.maximum(0.5 * width, 0.3)
        self.stations[lane] = s
        for side, rows in ((-1.0, self.left), (1.0, self.right)):
            first = len(self.vertices)
            px, py = x - side * half * np.sin(yaw), y + side * half * np.cos(yaw)
            self.vertices += list(zip(px.tolist(), py.tolist(), (z + KERB_HEIGHT).tolist(),
                                      strict=True))  # fmt: skip
            rows[lane] = list(range(first, len(self.vertices)))

    def _join(self) -> None:
        """Give the ends of strips that meet the same vertices."""
        ends = [
            (row_left[end], row_right[end], lane)
            for lane, row_left in self.left.items()
            for row_right in (self.right[lane],)
            for end in (0, -1)
        ]
        if not ends:
            return
        at = np.array(self.vertices, np.float64)
        pairs = np.array(ends, np.int64)
        left, right, lanes = at[pairs[:, 0]], at[pairs[:, 1]], pairs[:, 2]
        taken = np.zeros(len(ends), np.bool_)
        for i in range(len(ends)):
            if taken[i]:
                continue
            others = (lanes != lanes[i]) & ~taken
            others[: i + 1] = False
            for near, far, turned in ((left, right, False), (right, left, True)):
                meets = others & (np.abs(near - left[i]).max(1) < JOIN)
                meets &= np.abs(far - right[i]).max(1) < JOIN
                for j in np.flatnonzero(meets):
                    a, b = pairs[j, 1 if turned else 0], pairs[j, 0 if turned else 1]
                    self.same[a] = self.same[pairs[i, 0]]
                    self.same[b] = self.same[pairs[i, 1]]
                    taken[j] = True

    def quads(self) -> list[list[int]]:
        """All quads, as vertices."""
        return [
            [left[i], left[i + 1], right[i + 1], right[i]]
            for lane, left in self.left.items()
            for right in (self.right[lane],)
            for i in range(len(left) - 1)
        ]

    def edge(self, lane: int, s: float, x: float, y: float) -> tuple[int, int]:
        """The edge of a strip at s that faces (x, y)."""
        at = int(np.searchsorted(self.stations[lane], s)) - 1
        at = min(max(at, 0), len(self.stations[lane]) - 2)
        rows = (self.left[lane], self.right[lane])
        away = [np.hypot(self.vertices[r[at]][0] - x, self.vertices[r[at]][1] - y) for r in rows]
        row = rows[int(np.argmin(away))]
        return row[at], row[at + 1]


def _crossings(network: RoadNetwork, strips: _Strips) -> list[list[int]]:
    """A quad for each marked crosswalk that leads from one sidewalk to another."""
    found = find_crossings(network)
    quads = []
    for c in range(found.marked):
        (lane_a, s_a), (lane_b, s_b) = found.ends[c]
        a, b = int(lane_a), int(lane_b)
        if a < 0 or b < 0 or a == b or a not in strips.left or b not in strips.left:
            continue
        x0, y0, x1, y1 = (float(value) for value in found.points[c])
        middle = (0.5 * (x0 + x1), 0.5 * (y0 + y1))
        first, second = strips.edge(a, float(s_a), *middle), strips.edge(b, float(s_b), *middle)
        quads.append([*first, *second])
    return quads


def _around(quad: list[int], at: NDArray[np.float64]) -> list[int] | None:
    """Corners in the order that Detour wants, seen in x and y; None where they enclose nothing."""
    corners = at[quad, :2]
    centre = corners.mean(axis=0)
    turn = np.arctan2(corners[:, 1] - centre[1], corners[:, 0] - centre[0])
    order = [quad[k] for k in np.argsort(-turn)]
    if len(set(order)) < 4:
        return None
    x, y = at[order, 0], at[order, 1]
    area = 0.5 * float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)))
    return order if area < -0.2 else None


def _polygons(
    quads: list[tuple[list[int], tuple[int, int]]], at: NDArray[np.float64]
) -> NDArray[np.void]:
    """Detour's polygons, each knowing its neighbours."""
    kept = [(order, kind) for quad, kind in quads if (order := _around(quad, at)) is not None]
    rows = np.zeros(len(kept), _POLY)
    edges: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for p, (order, (area, flags)) in enumerate(kept):
        rows["verts"][p, :4] = order
        rows["count"][p], rows["area"][p], rows["flags"][p] = 4, area, flags
        for k in range(4):
            a, b = order[k], order[(k + 1) % 4]
            edges.setdefault((min(a, b), max(a, b)), []).append((p, k))
    rows["link"] = _NO_LINK
    for shared in edges.values():
        if len(shared) == 2:
            (p, k), (q, m) = shared
            rows["neis"][p, k], rows["neis"][q, m] = q + 1, p + 1
    return rows


def navigation_mesh(network: RoadNetwork) -> bytes:
    """The file that a client's crowd loads; empty where the town has no sidewalks."""
    step = STEP
    while True:
        strips = _Strips(network, step)
        if len(strips.vertices) <= MOST_VERTICES:
            break
        step *= 1.5
    if not strips.left:
        return b""
    at = np.array(strips.vertices, np.float64)
    quads = [([strips.same[v] for v in quad], SIDEWALK) for quad in strips.quads()]
    quads += [([strips.same[v] for v in quad], CROSSWALK) for quad in _crossings(network, strips)]
    polygons = _polygons(quads, at)
    tile = _tile(polygons, at[:, [0, 2, 1]].astype("<f4"))
    bits = max(1, int(len(polygons) - 1).bit_length())
    low = at.min(axis=0)
    size = float((at.max(axis=0) - low)[:2].max()) + 2.0
    head = _HEAD.pack(
        _MAGIC, 1, 1, low[0] - 1.0, low[2] - 5.0, low[1] - 1.0, size, size, 1, 1 << bits
    )
    return head + _TILE.pack(1 << bits, len(tile)) + tile


def _tile(polygons: NDArray[np.void], vertices: NDArray[np.float32]) -> bytes:
    count = len(polygons)
    links = 8 * count + 64
    detail = np.zeros(count, _DETAIL)
    detail["tri"], detail["tris"] = 2 * np.arange(count), 2
    # Two triangles each; two bits for each edge, 1 where it is one of the polygon's own.
    pair = np.array([[0, 1, 2, 0b000101], [0, 2, 3, 0b010100]], np.uint8)
    triangles = np.tile(pair, (count, 1))
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    margin = np.array([1.0, 5.0, 1.0])
    low, high = low - margin, high + margin
    header = _MESH.pack(
        _TILE_MAGIC, 7, 0, 0, 0, 0, count, len(vertices), links, count, 0, 2 * count, 0, 0, count,
        _HEIGHT, _RADIUS, _CLIMB, *low.tolist(), *high.tolist(), 1.0,
    )  # fmt: skip
    return b"".join(
        (header, vertices.tobytes(), polygons.tobytes(), bytes(12 * links), detail.tobytes(),
         triangles.tobytes())
    )  # fmt: skip


def file_name(town: str, content: bytes) -> str:
    """Name under which clients keep it: another content, another name."""
    return f"Carla/Maps/Nav/{town}-{hashlib.sha256(content).hexdigest()[:12]}.bin"
