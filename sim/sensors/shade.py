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
from roadworthy.sim.sensors.raster import NUMBER, SHADED, UNDER
from roadworthy.sim.sensors.scene import Triangles
from roadworthy.sim.sensors.sky import sky_row
from roadworthy.sim.sensors.surface import Ground, Still
from roadworthy.sim.sensors.texture import pattern, window

FloatArray = NDArray[np.float32]

SKY_DEPTH = 1000.0  # [m] as CARLA's depth camera has it

_F = np.float32
_ONE, _ZERO, _FULL = _F(1.0), _F(0.0), _F(255.0)
_CONTACT = _F(0.72)  # light of the sky that reaches the ground below a vehicle


class Picture(NamedTuple):
    """What a camera makes, and what it needs to make it; all [height, width]."""

    recip: FloatArray  # see `raster`
    number: NDArray[np.int32]
    rgb: NDArray[np.uint8]  # [height, width, 3]
    depth: FloatArray
    semantic: NDArray[np.uint8]


@kernel
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
    far: FloatArray,
    keep: FloatArray,
) -> None:
    """Shade all pixels; `far` and `keep` [width] are scratch."""
    height, width = picture.recip.shape
    count = len(still.dim)
    for row in range(height):
        up = (_F(0.5) * _F(height) - _F(row) - _F(0.5)) / focal
        _reach(picture.recip[row], pose, up, air, far, keep)
        column = 0
        while column < width:
            value = picture.number[row, column]
            end = column + 1
            while end < width and picture.number[row, end] == value:
                end += 1
            if value < 0:
                picture.depth[row, column:end] = _F(SKY_DEPTH)
                picture.semantic[row, column:end] = 11
                sky_row(picture.rgb, row, column, end, pose, focal, up, air, noise)
            elif value & NUMBER >= count:
                _actor_run(
                    picture, row, column, end, (value & NUMBER) - count, value, pose, focal, up,
                    actors, air, ground, beams, bias, far, keep,
                )  # fmt: skip
            else:
                _still_run(
                    picture, row, column, end, value & NUMBER, value, pose, focal, up,
                    still, air, ground, beams, lights, lamp_on, bias, far, keep,
                )  # fmt: skip
            column = end


@kernel
def _reach(
    recip: FloatArray, pose: FloatArray, up: np.float32, air: Air, far: FloatArray, keep: FloatArray
) -> None:
    """Depth of each pixel of a row, and the share of its colour that comes through the air."""
    half2 = air.fog_half * air.fog_half
    # Fog thins out with height: a ray that climbs by h meets about 1 / (1 + rise h / 2) of it.
    climb = max(_ZERO, pose[1, 2] + up * pose[3, 2]) * air.fog_rise * _F(0.5)
    if air.fog_half > _F(150.0):
        climb = _ZERO
    for column in range(len(recip)):
        d = _ONE / max(recip[column], _F(1e-4))
        far[column] = d
        thick = max(_ZERO, d - air.fog_start) / (_ONE + climb * d)
        keep[column] = half2 / (half2 + thick * thick)


@kernel
def _actor_run(
    picture: Picture,
    row: int,
    begin: int,
    end: int,
    t: int,
    value: int,
    pose: FloatArray,
    focal: np.float32,
    up: np.float32,
    actors: Triangles,
    air: Air,
    ground: Ground,
    beams: Beams,
    bias: FloatArray,
    far: FloatArray,
    keep: FloatArray,
) -> None:
    """Shade one run of pixels of an actor: triangles are small, so its light is taken once."""
    tag = actors.tag[t, 0]
    r, g, b = actors.color[t, 0], actors.color[t, 1], actors.color[t, 2]
    middle = (begin + end) // 2
    d = far[middle]
    right = (_F(middle) + _F(0.5) - _F(0.5) * _F(picture.recip.shape[1])) / focal
    x = pose[0, 0] + d * (pose[1, 0] + right * pose[2, 0] + up * pose[3, 0])
    y = pose[0, 1] + d * (pose[1, 1] + right * pose[2, 1] + up * pose[3, 1])
    z = pose[0, 2] + d * (pose[1, 2] + right * pose[2, 2] + up * pose[3, 2])
    dim = actors.dim[t]
    if dim < _F(0.95):
        shine = dim + (_ONE - dim) * _sunny(ground, x, y, z)
        r, g, b = r * shine, g * shine, b * shine
    if air.lamps > _ZERO:
        lr, lg, lb = lamp_light(beams, ground, air, x, y, z, _F(0.8))
        r = min(_FULL, r + actors.albedo[t, 0] * lr)
        g = min(_FULL, g + actors.albedo[t, 1] * lg)
        b = min(_FULL, b + actors.albedo[t, 2] * lb)
    factor = bias[actors.tag[t, 2]]
    hr, hg, hb = air.haze[0], air.haze[1], air.haze[2]
    r, g, b = r - hr, g - hg, b - hb
    for column in range(begin, end):
        k = keep[column]
        picture.depth[row, column] = far[column] * factor
        picture.semantic[row, column] = tag
        picture.rgb[row, column, 0] = np.uint8(hr + k * r)
        picture.rgb[row, column, 1] = np.uint8(hg + k * g)
        picture.rgb[row, column, 2] = np.uint8(hb + k * b)


@kernel
def _still_run(
    picture: Picture,
    row: int,
    begin: int,
    end: int,
    t: int,
    value: int,
    pose: FloatArray,
    focal: np.float32,
    up: np.float32,
    still: Still,
    air: Air,
    ground: Ground,
    beams: Beams,
    lights: NDArray[np.uint8],
    lamp_on: FloatArray,
    bias: FloatArray,
    far: FloatArray,
    keep: FloatArray,
) -> None:
    """Shade one run of pixels of a triangle of the town."""
    tag, texture, layer = still.tag[t, 0], still.tag[t, 1], still.tag[t, 2]
    factor = bias[layer]
    for column in range(begin, end):
        picture.depth[row, column] = far[column] * factor
        picture.semantic[row, column] = tag
    r, g, b = still.color[t, 0], still.color[t, 1], still.color[t, 2]
    hr, hg, hb = air.haze[0], air.haze[1], air.haze[2]
    if texture == 6:  # LAMP
        state = lights[still.signal[t]] if still.signal[t] >= 0 else 3
        lit = state == still.tag[t, 5]
        if lit:
            r, g, b = lamp_on[state, 0], lamp_on[state, 1], lamp_on[state, 2]
        for column in range(begin, end):
            k = keep[column]
            if lit:
                k = _ONE if air.fog_half > _F(100.0) else math.sqrt(k)
            picture.rgb[row, column, 0] = np.uint8(hr + k * (r - hr))
            picture.rgb[row, column, 1] = np.uint8(hg + k * (g - hg))
            picture.rgb[row, column, 2] = np.uint8(hb + k * (b - hb))
        return
    dim = still.dim[t]
    # The sun's share is asked for pixel by pixel on the ground and on walls that face it.
    sunlit = dim < _F(0.95) and texture != 5
    shaded = value & SHADED != 0
    sky = _CONTACT if value & UNDER != 0 else _ONE
    dark = air.lamps > _ZERO
    upright = layer == 0 and texture != 3
    nx, ny = still.normal[t, 0], still.normal[t, 1]
    ar, ag, ab = still.albedo[t, 0], still.albedo[t, 1], still.albedo[t, 2]
    if tag == 8 or tag == 24:  # signs and paint throw the light back to where it came from
        ar, ag, ab = _F(1.7) * ar, _F(1.7) * ag, _F(1.7) * ab
    facing = _F(0.65) if upright else _ONE
    px, py, pz = pose[0, 0], pose[0, 1], pose[0, 2]
    vx, vy = pose[1, 0] + up * pose[3, 0], pose[1, 1] + up * pose[3, 1]
    vz = pose[1, 2] + up * pose[3, 2]
    half = _F(0.5) - _F(0.5) * _F(picture.recip.shape[1])
    per_pixel = texture != 0 or layer > 0 or dark
    light, glow = _ONE, _ZERO
    for column in range(begin, end):
        d = far[column] * factor
        lr, lg, lb = _ZERO, _ZERO, _ZERO
        if per_pixel or column == begin:
            right = (_F(column) + half) / focal
            x = px + d * (vx + right * pose[2, 0])
            y = py + d * (vy + right * pose[2, 1])
            z = pz + d * (vz + right * pose[2, 2])
            light = _ONE
            if sunlit:
                sun = _ZERO
                if not shaded:
                    if upright:
                        sun = _sunny(ground, x + _F(0.8) * nx, y + _F(0.8) * ny, z)
                    else:
                        sun = _sunny(ground, x, y, z)
                light = sky * dim + (_ONE - dim) * sun
            else:
                light = sky
            grain, glow = _ONE, _ZERO
            if texture == 1:
                along = y * nx - x * ny
                grain, glow = window(along, z - still.base[t], d / focal, still.base[t], nx)
            elif texture != 0:
                grain = pattern(texture, x, y, z, d, nx, ny)
            if dark:
                lr, lg, lb = lamp_light(beams, ground, air, x, y, z, facing)
            light *= grain
            lr, lg, lb = lr * grain, lg * grain, lb * grain
        k = keep[column]
        cr, cg, cb = r * light + ar * lr, g * light + ag * lg, b * light + ab * lb
        if texture == 1:
            cb += (_ONE - min(_ONE, grain)) * _F(34.0) * (_ONE - air.night)
            if glow > _ZERO and air.night > _F(0.02):
                shine = glow * min(_ONE, _F(1.3) * air.night)
                cr += shine * _F(228.0)
                cg += shine * _F(178.0)
                cb += shine * _F(112.0)
        picture.rgb[row, column, 0] = np.uint8(hr + k * (min(_FULL, cr) - hr))
        picture.rgb[row, column, 1] = np.uint8(hg + k * (min(_FULL, cg) - hg))
        picture.rgb[row, column, 2] = np.uint8(hb + k * (min(_FULL, cb) - hb))
