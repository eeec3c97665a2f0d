"""Meshes of what stands beside the road, stamped from templates onto the boxes of a Scenery."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from roadworthy.sim.road.network import RoadNetwork, SignalKind
from roadworthy.sim.scenery.layout import Box, Prop
from roadworthy.sim.scenery.material import FACADE_COLORS, LAMP_OFF, Label, Material
from roadworthy.sim.scenery.soup import SoupMaker, box, fan, loft, outside, ring

FloatArray = NDArray[np.float32]

LAMP_RADIUS = 0.2  # [m]
LAMP_HEIGHTS = (3.5, 3.05, 2.6)  # [m] of red, yellow and green above the foot
CROWN_RADIUS = 0.27  # of a tree's height
_LENS = 0.315  # [m] from a mast's axis to the lenses
_SUNK = 2.0  # [m] that buildings reach below their foot, for slopes


def add_props(maker: SoupMaker, boxes: FloatArray, network: RoadNetwork) -> None:
    """Add the meshes of all boxes of a Scenery."""
    prop = boxes[:, Box.PROP].astype(int)
    _add_buildings(maker, boxes[prop == Prop.BUILDING])
    _add_trees(maker, boxes[prop == Prop.TREE])
    _add_street_lights(maker, boxes[prop == Prop.POLE])
    _add_traffic_lights(maker, boxes[prop == Prop.LIGHT])
    signs = boxes[prop == Prop.SIGN]
    kinds = network.signal_kind[signs[:, Box.SIGNAL].astype(int)]
    for kind in (SignalKind.STOP, SignalKind.YIELD, SignalKind.SPEED_LIMIT):
        _add_signs(maker, signs[kinds == kind], kind)
    unit = box((-0.5, -0.5, -0.3), (0.5, 0.5, 1.0))
    for which, material in ((Prop.WALL, Material.WALL), (Prop.FENCE, Material.FENCE)):
        rows = boxes[prop == which]
        _stamp(maker, unit, rows, material, scale=_size(rows), base=rows[:, Box.Z])
    benches = boxes[prop == Prop.BENCH]
    seat = np.concatenate(
        [box((-0.5, -0.5, 0.4), (0.5, 0.4, 0.55)), box((-0.5, -0.5, 0.4), (0.5, -0.35, 1.0))]
        + [box((x - 0.04, -0.4, 0.0), (x + 0.04, 0.4, 0.4)) for x in (-0.4, 0.4)]
    )
    _stamp(maker, seat, benches, Material.BENCH, scale=_size(benches), detail=True)


def _size(rows: FloatArray) -> FloatArray:
    return rows[:, [Box.LENGTH, Box.WIDTH, Box.HEIGHT]]


def _stamp(
    maker: SoupMaker,
    template: FloatArray,
    rows: FloatArray,
    material: Material,
    *,
    scale: ArrayLike = 1.0,
    color: FloatArray | None = None,
    base: ArrayLike = 0.0,
    signal: ArrayLike = -1,
    detail: bool = False,
    lamp: int = 0,
    label: int | None = None,
) -> None:
    """Copy a template [n, 3, 3] in box axes to each row's pose, scaled by `scale` [N, 3] or 1.

    `color` [N, 3], `base` [N] and `signal` [N] hold one value per row.
    """
    if not len(rows):
        return
    n = len(template)
    size = np.broadcast_to(scale, (len(rows), 3))
    local = template[None] * size[:, None, None, :]
    c, s = np.cos(rows[:, Box.YAW])[:, None, None], np.sin(rows[:, Box.YAW])[:, None, None]
    world = np.stack(
        [
            rows[:, Box.X, None, None] + c * local[..., 0] - s * local[..., 1],
            rows[:, Box.Y, None, None] + s * local[..., 0] + c * local[..., 1],
            rows[:, Box.Z, None, None] + local[..., 2],
        ],
        3,
    )
    maker.add(
        world.reshape(-1, 3, 3),
        material,
        color=None if color is None else np.repeat(color, n, axis=0),
        base=np.repeat(np.broadcast_to(base, len(rows)), n),
        signal=np.repeat(np.broadcast_to(signal, len(rows)), n),
        detail=detail,
        lamp=lamp,
        label=label,
        anchor=np.repeat(rows[:, [Box.X, Box.Y]], n, axis=0),
    )


def _add_buildings(maker: SoupMaker, rows: FloatArray) -> None:
    """Walls with windows; low houses get a hipped roof, high ones a flat one with a plant room."""
    style = rows[:, Box.STYLE]
    color = FACADE_COLORS[(style * 997.0).astype(int) % len(FACADE_COLORS)]
    color = color * (0.9 + 0.2 * ((style * 131.0) % 1.0))[:, None]
    size = _size(rows)
    walls = _size(rows).copy()
    low = size[:, 2] < 9.5
    walls[low, 2] *= 0.72
    unit = box((-0.5, -0.5, 0.0), (0.5, 0.5, 1.0))
    # The walls' foot is sunk: stretch the template below 0 by scaling a second, plain box.
    _stamp(maker, unit[:8], rows, Material.FACADE, scale=walls, color=color, base=rows[:, Box.Z])
    plinth = walls * np.array([1.004, 1.004, 0.0]) + np.array([0.0, 0.0, _SUNK + 0.4])
    sunk = rows.copy()
    sunk[:, Box.Z] -= _SUNK
    _stamp(maker, unit[:8], sunk, Material.ROOF, scale=plinth, color=color * 0.62, detail=True)
    high, flat = rows[~low], walls[~low]
    roof = unit[8:10] + np.array([0.0, 0.0, -0.01], np.float32)
    _stamp(maker, roof, high, Material.ROOF, scale=flat, color=color[~low] * 0.6)
    cube = box((-0.25, -0.2, 0.0), (0.15, 0.25, 1.0))
    above = high.copy()
    above[:, Box.Z] += flat[:, 2]
    block = flat * np.array([1.0, 1.0, 0.0]) + np.array([0.0, 0.0, 2.6])
    _stamp(maker, cube, above, Material.ROOF, scale=block, color=color[~low] * 0.75)
    houses, eaves = rows[low].copy(), size[low] * np.array([1.06, 1.06, 0.28])
    houses[:, Box.Z] += walls[low, 2]
    corners = np.array([[-0.5, -0.5, 0], [0.5, -0.5, 0], [0.5, 0.5, 0], [-0.5, 0.5, 0]])
    ridge = np.array([[-0.22, 0, 1], [0.22, 0, 1], [0.22, 0, 1], [-0.22, 0, 1.0]])
    tiles = np.array([[150, 78, 58], [112, 82, 72], [92, 92, 98], [134, 96, 74]], np.float32)
    pick = tiles[(style[low] * 613.0).astype(int) % len(tiles)]
    hip = loft(corners, ridge)
    edges = np.cross(hip[:, 1] - hip[:, 0], hip[:, 2] - hip[:, 0])
    hip = np.concatenate([hip[np.linalg.norm(edges, axis=1) > 1e-6], fan(corners)])
    _stamp(maker, outside(hip), houses, Material.ROOF, scale=eaves, color=pick)


def _add_trees(maker: SoupMaker, rows: FloatArray) -> None:
    """Broad crowns on most trunks, cones on the others."""
    style = rows[:, Box.STYLE]
    height = rows[:, Box.HEIGHT]
    trunk = outside(loft(ring(3, 0.5, 0.0), ring(3, 0.32, 1.0)))
    stems = np.stack([rows[:, Box.LENGTH], rows[:, Box.WIDTH], 0.45 * height], 1)
    _stamp(maker, trunk, rows, Material.TRUNK, scale=stems)
    tone = (0.8 + 0.4 * ((style * 37.0) % 1.0))[:, None]
    green = np.stack([58 + 34 * ((style * 7.0) % 1.0), 108 + 0 * style, 46 + 0 * style], 1) * tone
    round_, cone = style < 0.72, style >= 0.72
    middle, upper = ring(6, 1.0, 0.5), ring(6, 0.8, 0.78, 0.5)
    crown = np.concatenate(
        [
            fan(ring(6, 0.62, 0.3, 0.5)),
            loft(ring(6, 0.62, 0.3, 0.5), middle),
            loft(middle, upper),
            fan(upper, (0.0, 0.0, 1.0)),
        ]
    )
    spread = np.stack([CROWN_RADIUS * height, CROWN_RADIUS * height, height], 1)
    _stamp(
        maker,
        outside(crown),
        rows[round_],
        Material.LEAVES,
        scale=spread[round_],
        color=green[round_].astype(np.float32),
        base=style[round_],
    )
    tiers = [
        np.concatenate([outside(fan(ring(6, r, z0), (0.0, 0.0, z1)))])
        for r, z0, z1 in ((0.8, 0.2, 0.68), (0.6, 0.45, 1.0))
    ]
    floor = [fan(ring(6, r, z))[:, ::-1] for r, z in ((0.8, 0.2), (0.6, 0.45))]
    dark = (green * np.array([0.7, 0.86, 0.9])).astype(np.float32)
    _stamp(
        maker,
        np.concatenate(tiers + floor),
        rows[cone],
        Material.LEAVES,
        scale=spread[cone],
        color=dark[cone],
        base=style[cone],
    )


def _add_street_lights(maker: SoupMaker, rows: FloatArray) -> None:
    """A mast with an arm towards the road (+y of the box) and a lamp at its end."""
    mast = outside(loft(ring(4, 0.09, -0.3, 0.5), ring(4, 0.05, 7.0, 0.5)))
    arm = box((-0.04, 0.0, 6.85), (0.04, 1.5, 6.95), bottom=True)
    lamp = box((-0.13, 1.2, 6.76), (0.13, 1.9, 6.9), bottom=True)
    _stamp(maker, mast, rows, Material.POLE)
    _stamp(maker, np.concatenate([arm, lamp]), rows, Material.POLE, detail=True)


def _add_traffic_lights(maker: SoupMaker, rows: FloatArray) -> None:
    """A mast, a dark housing with a back board, and three lamps that look along +x of the box."""
    signal = rows[:, Box.SIGNAL]
    mast = outside(loft(ring(6, 0.08, -0.3), ring(6, 0.08, 3.9)))
    _stamp(maker, mast, rows, Material.POLE, scale=1.0)
    head = np.concatenate(
        [
            box((0.02, -0.36, 2.2), (0.08, 0.36, 3.9), bottom=True),
            box((0.08, -0.27, 2.3), (0.3, 0.27, 3.8), bottom=True),
        ]
    )
    _stamp(maker, head, rows, Material.HOUSING)
    for state, z in enumerate(LAMP_HEIGHTS):
        polygon = ring(8, LAMP_RADIUS, 0.0, 0.5)
        # The polygon lies in the x-y plane; stand it up to look along +x.
        disc = np.stack([np.full(8, _LENS), polygon[:, 0], z + polygon[:, 1]], 1)
        lens = fan(disc)
        normal = np.cross(lens[:, 1] - lens[:, 0], lens[:, 2] - lens[:, 0])
        lens = np.where((normal[:, 0] < 0)[:, None, None], lens[:, ::-1], lens)
        color = np.broadcast_to(LAMP_OFF[state], (len(rows), 3))
        _stamp(maker, lens, rows, Material.LAMP, color=color, signal=signal, lamp=state)


def lamps(boxes: FloatArray) -> FloatArray:
    """Lamps of the traffic lights among boxes, [N, 7].

    Columns: x, y, z of the lens, x and y of the direction it shines, signal, Light state.
    """
    rows = boxes[boxes[:, Box.PROP] == Prop.LIGHT]
    out = np.zeros((len(rows), len(LAMP_HEIGHTS), 7), np.float32)
    c, s = np.cos(rows[:, Box.YAW])[:, None], np.sin(rows[:, Box.YAW])[:, None]
    out[..., 0], out[..., 1] = rows[:, Box.X, None] + _LENS * c, rows[:, Box.Y, None] + _LENS * s
    out[..., 2] = rows[:, Box.Z, None] + np.array(LAMP_HEIGHTS)
    out[..., 3], out[..., 4] = c, s
    out[..., 5] = rows[:, Box.SIGNAL, None]
    out[..., 6] = np.arange(len(LAMP_HEIGHTS))
    return out.reshape(-1, 7)


def _add_signs(maker: SoupMaker, rows: FloatArray, kind: SignalKind) -> None:
    """A post with a plate that looks along +x: octagon, triangle or round plate."""
    post = outside(loft(ring(4, 0.04, -0.3), ring(4, 0.04, 2.55)))
    _stamp(maker, post, rows, Material.POLE, detail=True, label=Label.POLES)
    red, white = (196, 24, 30), (240, 240, 238)
    if kind == SignalKind.STOP:
        plates = [(ring(8, 0.44, 0.0, 0.5), white), (ring(8, 0.4, 0.0, 0.5), red)]
    elif kind == SignalKind.YIELD:
        plates = [(ring(3, 0.52, 0.0, 2.25), red), (ring(3, 0.3, 0.0, 2.25), white)]
    else:
        plates = [(ring(10, 0.4, 0.0), red), (ring(10, 0.29, 0.0), white)]
    for depth, (polygon, color) in enumerate(plates):
        x = 0.05 + 0.015 * depth
        disc = np.stack([np.full(len(polygon), x), polygon[:, 0], 2.2 + polygon[:, 1]], 1)
        _plate(maker, disc, rows, color)
    if kind == SignalKind.STOP:  # the word, as a bar
        bar = [[0.085, -0.28, 2.13], [0.085, 0.28, 2.13], [0.085, 0.28, 2.27], [0.085, -0.28, 2.27]]
        _plate(maker, np.array(bar), rows, white)
    if kind == SignalKind.SPEED_LIMIT:  # two digits, as bars
        for y in (-0.09, 0.09):
            low, high = y - 0.055, y + 0.055
            digit = [
                [0.085, low, 2.08],
                [0.085, high, 2.08],
                [0.085, high, 2.32],
                [0.085, low, 2.32],
            ]
            _plate(maker, np.array(digit), rows, (30, 30, 32))


def _plate(
    maker: SoupMaker, polygon: NDArray[np.floating], rows: FloatArray, color: tuple[int, ...]
) -> None:
    """Both sides of a flat polygon in front of a post: the face, and a grey back."""
    face = fan(polygon)
    normal = np.cross(face[:, 1] - face[:, 0], face[:, 2] - face[:, 0])
    face = np.where((normal[:, 0] < 0)[:, None, None], face[:, ::-1], face)
    paint = np.broadcast_to(np.array(color, np.float32), (len(rows), 3))
    _stamp(maker, face, rows, Material.SIGN, color=paint)
    grey = np.full((len(rows), 3), 120.0, np.float32)
    _stamp(maker, face[:, ::-1], rows, Material.SIGN, color=grey)
