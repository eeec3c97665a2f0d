"""Deferred shading: the colour, depth and label of every pixel, once it is known what it sees.

Pixels are taken in runs of one triangle, so that what belongs to the triangle is read once.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.kernel import kernel
from roadworthy.sim.sensors.air import Air
from roadworthy.sim.sensors.beams import Beams, lamp_light
from roadworthy.sim.sensors.inlined import inlined
from roadworthy.sim.sensors.raster import NUMBER, SHADED, UNDER
from roadworthy.sim.sensors.rows import Rows, reach
from roadworthy.sim.sensors.scene import Triangles
from roadworthy.sim.sensors.sky import sky_row
from roadworthy.sim.sensors.surface import Ground, Still
from roadworthy.sim.sensors.texture import (
    asphalt,
    grass,
    leaves,
    lit_rooms,
    plain,
    slabs,
    slats,
    windows,
)

FloatArray = NDArray[np.float32]

SKY_DEPTH = 1000.0  # [m] as CARLA's depth camera has it

_F = np.float32
_ONE, _ZERO, _FULL = _F(1.0), _F(0.0), _F(255.0)
_KNOT = 4  # [pixels] light is asked for this often, and taken as linear in between
_CONTACT = _F(0.72)  # light of the sky that reaches the ground below a vehicle


class Picture(NamedTuple):
    """What a camera makes, and what it needs to make it; all [height, width]."""

    recip: FloatArray  # see `raster`
    number: NDArray[np.int32]
    rgb: NDArray[np.uint8]  # [height, width, 3]
    depth: FloatArray
    semantic: NDArray[np.uint8]


@inlined
def _sunny(ground: Ground, x: np.float32, y: np.float32, z: np.float32) -> np.float32:
    """Share of the sun's light at a place, softened over one cell of the field of shadows."""
    u = (x - ground.shadow_x) * _F(2.0) - _F(0.5)
    v = (y - ground.shadow_y) * _F(2.0) - _F(0.5)
    column, row = math.floor(u), math.floor(v)
    rows, columns = ground.shadow.shape
    if column < 0 or row < 0 or column >= columns - 1 or row >= rows - 1:
        return _ONE
    u -= _F(column)
    v -= _F(row)
    height = (z + _F(0.2)) * _F(20.0)
    light = _ZERO
    if height >= _F(ground.shadow[row, column]):
        light += (_ONE - u) * (_ONE - v)
    if height >= _F(ground.shadow[row, column + 1]):
        light += u * (_ONE - v)
    if height >= _F(ground.shadow[row + 1, column]):
        light += (_ONE - u) * v
    if height >= _F(ground.shadow[row + 1, column + 1]):
        light += u * v
    return light


@kernel
def shade(
    picture: Picture,
    pose: FloatArray,
    focal: np.float32,
    still: Still,
    actors: Triangles,
    air: Air,
    ground: Ground,
    beams: Beams,
    noise: NDArray[np.uint8],
    lights: NDArray[np.uint8],
    lamp_on: FloatArray,
    bias: FloatArray,
    rows: Rows,
) -> None:
    """Shade all pixels; `rows` is scratch."""
    height, width = picture.recip.shape
    count = len(still.dim)
    for row in range(height):
        up = (_F(0.5) * _F(height) - _F(row) - _F(0.5)) / focal
        numbers = picture.number[row]
        reach(rows, picture.recip[row], pose, focal, up, air)
        begin = 0
        while begin < width:
            value = numbers[begin]
            end = begin + 1
            while end < width and numbers[end] == value:
                end += 1
            t = value & NUMBER
            if value < 0:
                _label(picture, row, begin, end, 11, _ZERO, rows)
                sky_row(picture.rgb[row], begin, end, pose, focal, up, air, noise)
            elif t >= count:
                t -= count
                tag = actors.tag[t]
                _label(picture, row, begin, end, tag[0], bias[tag[2]], rows)
                _actor_run(picture.rgb[row], begin, end, t, value, actors, air, ground, beams, rows)
            else:
                tag = still.tag[t]
                _label(picture, row, begin, end, tag[0], bias[tag[2]], rows)
                if tag[1] == 6:
                    _lamp_run(picture.rgb[row], begin, end, t, still, air, lights, lamp_on, rows)
                else:
                    _still_run(
                        picture.rgb[row], begin, end, t, value, focal, still, air, ground, beams,
                        rows,
                    )  # fmt: skip
            begin = end


@inlined
def _label(
    picture: Picture, row: int, begin: int, end: int, tag: int, factor: np.float32, rows: Rows
) -> None:
    """Write label and depth of a run; `factor` is the bias of its layer, 0 for the sky."""
    depth, semantic = picture.depth[row], picture.semantic[row]
    if factor == _ZERO:
        for column in range(begin, end):
            depth[column] = _F(SKY_DEPTH)
    else:
        for column in range(begin, end):
            depth[column] = rows.far[column] * factor
    for column in range(begin, end):
        semantic[column] = tag


@inlined
def _actor_run(
    rgb: NDArray[np.uint8],
    begin: int,
    end: int,
    t: int,
    value: int,
    actors: Triangles,
    air: Air,
    ground: Ground,
    beams: Beams,
    rows: Rows,
) -> None:
    """Shade one run of pixels of an actor: triangles are small, so its light is taken once."""
    r, g, b = actors.color[t, 0], actors.color[t, 1], actors.color[t, 2]
    middle = (begin + end) // 2
    x, y, z = rows.x[middle], rows.y[middle], rows.z[middle]
    dim = actors.dim[t]
    if dim < _F(0.95):
        shine = dim + (_ONE - dim) * _sunny(ground, x, y, z)
        r, g, b = r * shine, g * shine, b * shine
    if air.lamps > _ZERO:
        lr, lg, lb = lamp_light(beams, ground, air, x, y, z, _F(0.8))
        r = min(_FULL, r + actors.albedo[t, 0] * lr)
        g = min(_FULL, g + actors.albedo[t, 1] * lg)
        b = min(_FULL, b + actors.albedo[t, 2] * lb)
    _flat(rgb, begin, end, r, g, b, air, rows)


@inlined
def _flat(
    rgb: NDArray[np.uint8],
    begin: int,
    end: int,
    r: np.float32,
    g: np.float32,
    b: np.float32,
    air: Air,
    rows: Rows,
) -> None:
    """Paint a run in one colour, seen through the air."""
    hr, hg, hb = air.haze[0], air.haze[1], air.haze[2]
    r, g, b = r - hr, g - hg, b - hb
    for column in range(begin, end):
        k = rows.keep[column]
        rgb[column, 0] = np.uint8(hr + k * r)
        rgb[column, 1] = np.uint8(hg + k * g)
        rgb[column, 2] = np.uint8(hb + k * b)


@inlined
def _lamp_run(
    rgb: NDArray[np.uint8],
    begin: int,
    end: int,
    t: int,
    still: Still,
    air: Air,
    lights: NDArray[np.uint8],
    lamp_on: FloatArray,
    rows: Rows,
) -> None:
    """Shade one run of pixels of a traffic light's lamp; a lit one is seen through thin haze."""
    state = lights[still.signal[t]] if still.signal[t] >= 0 else 3
    if state != still.tag[t, 5]:
        _flat(rgb, begin, end, still.color[t, 0], still.color[t, 1], still.color[t, 2], air, rows)
        return
    for column in range(begin, end):
        k = _ONE if air.fog_half > _F(100.0) else math.sqrt(rows.keep[column])
        for c in range(3):
            rgb[column, c] = np.uint8(air.haze[c] + k * (lamp_on[state, c] - air.haze[c]))


@inlined
def _sunlight(
    begin: int,
    end: int,
    dim: np.float32,
    sky: np.float32,
    dx: np.float32,
    dy: np.float32,
    ground: Ground,
    rows: Rows,
) -> None:
    """Light of a run that faces the sun, asked for dx, dy [m] beside each place."""
    at = begin
    sun = _sunny(ground, rows.x[at] + dx, rows.y[at] + dy, rows.z[at])
    before = sky * dim + (_ONE - dim) * sun
    rows.light[at] = before
    while at < end - 1:
        to = min(at + _KNOT, end - 1)
        sun = _sunny(ground, rows.x[to] + dx, rows.y[to] + dy, rows.z[to])
        light = sky * dim + (_ONE - dim) * sun
        step = (light - before) / _F(to - at)
        for column in range(at + 1, to + 1):
            before += step
            rows.light[column] = before
        before, at = light, to


@inlined
def _lamplight(
    begin: int,
    end: int,
    facing: np.float32,
    beams: Beams,
    ground: Ground,
    air: Air,
    rows: Rows,
) -> None:
    """Light of the lamps on a run."""
    at = begin
    r, g, b = lamp_light(beams, ground, air, rows.x[at], rows.y[at], rows.z[at], facing)
    rows.red[at], rows.green[at], rows.blue[at] = r, g, b
    while at < end - 1:
        to = min(at + _KNOT, end - 1)
        r1, g1, b1 = lamp_light(beams, ground, air, rows.x[to], rows.y[to], rows.z[to], facing)
        part = _ONE / _F(to - at)
        dr, dg, db = (r1 - r) * part, (g1 - g) * part, (b1 - b) * part
        for column in range(at + 1, to + 1):
            r, g, b = r + dr, g + dg, b + db
            rows.red[column], rows.green[column], rows.blue[column] = r, g, b
        r, g, b, at = r1, g1, b1, to


@inlined
def _grain(
    texture: int, begin: int, end: int, t: int, focal: np.float32, still: Still, rows: Rows
) -> None:
    """Fill the pattern of a run."""
    nx, ny = still.normal[t, 0], still.normal[t, 1]
    if texture == 1:
        windows(rows, begin, end, still.base[t], nx, ny, focal)
    elif texture == 2:
        asphalt(rows, begin, end)
    elif texture == 3:
        grass(rows, begin, end)
    elif texture == 4:
        slabs(rows, begin, end)
    elif texture == 5:
        leaves(rows, begin, end)
    elif texture == 8:
        slats(rows, begin, end, nx, ny)
    else:
        plain(rows.grain, begin, end, _ONE)


@inlined
def _still_run(
    rgb: NDArray[np.uint8],
    begin: int,
    end: int,
    t: int,
    value: int,
    focal: np.float32,
    still: Still,
    air: Air,
    ground: Ground,
    beams: Beams,
    rows: Rows,
) -> None:
    """Shade one run of pixels of a triangle of the town."""
    texture, layer = still.tag[t, 1], still.tag[t, 2]
    nx, ny, dim = still.normal[t, 0], still.normal[t, 1], still.dim[t]
    upright = layer == 0 and texture != 3
    sky = _CONTACT if value & UNDER != 0 else _ONE
    if dim > _F(0.95) or texture == 5:  # crowns would lie in their own shadow
        plain(rows.light, begin, end, sky)
    elif value & SHADED != 0:
        plain(rows.light, begin, end, sky * dim)
    else:
        out = _F(0.8) if upright else _ZERO  # a wall does not shade itself
        _sunlight(begin, end, dim, sky, out * nx, out * ny, ground, rows)
    _grain(texture, begin, end, t, focal, still, rows)
    r, g, b = still.color[t, 0], still.color[t, 1], still.color[t, 2]
    hr, hg, hb = air.haze[0], air.haze[1], air.haze[2]
    if air.lamps <= _ZERO:
        blue = _F(34.0) if texture == 1 else _ZERO
        for column in range(begin, end):
            k, grain = rows.keep[column], rows.grain[column]
            v = rows.light[column] * grain
            rgb[column, 0] = np.uint8(hr + k * (min(_FULL, r * v) - hr))
            rgb[column, 1] = np.uint8(hg + k * (min(_FULL, g * v) - hg))
            rgb[column, 2] = np.uint8(
                hb + k * (min(_FULL, b * v + blue * max(_ZERO, _ONE - grain)) - hb)
            )
        return
    _lamplight(begin, end, _F(0.65) if upright else _ONE, beams, ground, air, rows)
    if texture == 1:
        lit_rooms(rows, begin, end, still.base[t], nx, ny, focal)
    else:
        plain(rows.glow, begin, end, _ZERO)
    # Signs and paint throw light back to where it came from.
    gain = _F(1.7) if still.tag[t, 0] == 8 or still.tag[t, 0] == 24 else _ONE
    ar, ag, ab = gain * still.albedo[t, 0], gain * still.albedo[t, 1], gain * still.albedo[t, 2]
    room = min(_ONE, _F(1.3) * air.night)
    for column in range(begin, end):
        k, grain, glow = rows.keep[column], rows.grain[column], room * rows.glow[column]
        light = rows.light[column]
        cr = grain * (r * light + ar * rows.red[column]) + _F(228.0) * glow
        cg = grain * (g * light + ag * rows.green[column]) + _F(178.0) * glow
        cb = grain * (b * light + ab * rows.blue[column]) + _F(112.0) * glow
        rgb[column, 0] = np.uint8(hr + k * (min(_FULL, cr) - hr))
        rgb[column, 1] = np.uint8(hg + k * (min(_FULL, cg) - hg))
        rgb[column, 2] = np.uint8(hb + k * (min(_FULL, cb) - hb))
