"""Procedural patterns of surfaces: what asphalt, grass, slabs, leaves and windows look like.

Each function works on the pixels `begin`..`end` of one row, without branches, so that the
compiler can take eight of them at a time.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.sensors.inlined import inlined
from roadworthy.sim.sensors.rows import Rows

_F = np.float32
_ONE, _ZERO, _HALF = _F(1.0), _F(0.0), _F(0.5)
_BYTE = _F(1.0 / 256.0)
_P1, _P2, _P3 = np.uint32(374761393), np.uint32(668265263), np.uint32(1274126177)
_S13, _S16, _LAST = np.uint32(13), np.uint32(16), np.uint32(255)


@inlined
def hashed(u: np.float32, v: np.float32) -> np.float32:
    """Hash two whole numbers to [0, 1), in 32 bits as the vector units have them."""
    ix, iy = np.uint32(np.int32(u)), np.uint32(np.int32(v))
    h = np.uint32(np.uint32(ix * _P1) + np.uint32(iy * _P2))
    h = np.uint32(np.uint32(h ^ np.uint32(h >> _S13)) * _P3)
    return _F(np.int32(np.uint32(h ^ np.uint32(h >> _S16)) & _LAST)) * _BYTE


@inlined
def asphalt(rows: Rows, begin: int, end: int) -> None:
    """Fine grain nearby, large patches everywhere."""
    for c in range(begin, end):
        x, y = rows.x[c], rows.y[c]
        near = max(_ZERO, _ONE - rows.far[c] * _F(1.0 / 32.0))
        patch = hashed(np.floor(x * _F(0.23)), np.floor(y * _F(0.23))) - _HALF
        grain = hashed(np.floor(x * _F(9.0)), np.floor(y * _F(9.0))) - _HALF
        rows.grain[c] = _ONE + _F(0.035) * patch + _F(0.16) * near * grain


@inlined
def grass(rows: Rows, begin: int, end: int) -> None:
    """Blades nearby, tufts farther away."""
    for c in range(begin, end):
        x, y, d = rows.x[c], rows.y[c], rows.far[c]
        near = max(_ZERO, _ONE - d * _F(1.0 / 32.0))
        tuft = hashed(np.floor(x * _F(0.7)), np.floor(y * _F(0.7))) - _HALF
        grain = hashed(np.floor(x * _F(6.0)), np.floor(y * _F(6.0))) - _HALF
        rows.grain[c] = _ONE + _F(0.14) * tuft * min(_ONE, _F(40.0) / d) + _F(0.36) * near * grain


@inlined
def slabs(rows: Rows, begin: int, end: int) -> None:
    """Slabs of 1.25 m with joints."""
    for c in range(begin, end):
        u, v = rows.x[c] * _F(0.8), rows.y[c] * _F(0.8)
        iu, iv = np.floor(u), np.floor(v)
        joint = min(u - iu, v - iv) < _F(0.06) and rows.far[c] < _F(25.0)
        shine = _ONE + _F(0.08) * (hashed(iu, iv) - _HALF)
        rows.grain[c] = shine * (_F(0.86) if joint else _ONE)


@inlined
def leaves(rows: Rows, begin: int, end: int) -> None:
    """Dapples of a crown."""
    for c in range(begin, end):
        x, y, z = rows.x[c], rows.y[c], rows.z[c]
        fine = hashed(np.floor((x + _F(0.6) * z) * _F(3.5)), np.floor((y - _F(0.8) * z) * _F(3.5)))
        calm = max(_F(0.25), min(_ONE, _F(30.0) / rows.far[c]))
        rows.grain[c] = _ONE + (_HALF * fine - _F(0.28)) * calm


@inlined
def slats(rows: Rows, begin: int, end: int, nx: np.float32, ny: np.float32) -> None:
    """Gaps of a wooden fence whose normal is nx, ny."""
    for c in range(begin, end):
        u = (rows.x[c] * ny - rows.y[c] * nx) * _F(4.0)
        gap = u - np.floor(u) < _F(0.3) and rows.far[c] < _F(30.0)
        rows.grain[c] = _F(0.55) if gap else _ONE


@inlined
def windows(
    rows: Rows,
    begin: int,
    end: int,
    base: np.float32,
    nx: np.float32,
    ny: np.float32,
    focal: np.float32,
) -> None:
    """Facades: `grain` is the share of the wall's own colour, the rest is glass.

    `base` [m] is the building's foot, nx and ny its normal.
    """
    for c in range(begin, end):
        v = rows.z[c] - base
        across = (rows.y[c] * nx - rows.x[c] * ny) * _F(1.0 / 2.6)
        up = v * _F(1.0 / 3.1)
        column, floor = np.floor(across), np.floor(up)
        fu, fv = across - column, up - floor
        blur = min(_ONE, max(_ZERO, _F(1.6) - _F(1.4) * rows.far[c] / focal))
        shop = floor == _ZERO
        edge = _F(0.08) if shop else _F(0.22)
        low = _F(-1.0) if shop else _F(0.28)
        high = _F(0.78) if shop else _F(0.82)
        inside = min(fu, _ONE - fu) > edge and min(fv - low, high - fv) > _ZERO
        glass = _F(0.30) + _F(0.35) * hashed(column, floor)
        glass += _F(0.12) if fv > _F(0.6) else _ZERO
        sharp = glass if inside else _ONE
        share = blur * sharp + (_ONE - blur) * _F(0.84)
        rows.grain[c] = _F(0.8) if v < _HALF else share


@inlined
def lit_rooms(
    rows: Rows,
    begin: int,
    end: int,
    base: np.float32,
    nx: np.float32,
    ny: np.float32,
    focal: np.float32,
) -> None:
    """Light of the rooms behind some of the windows that `windows` draws, into `glow`."""
    seed, side = np.floor(base * _F(8.0)) + _F(7919.0), np.floor(nx * _F(50.0))
    for c in range(begin, end):
        v = rows.z[c] - base
        across = (rows.y[c] * nx - rows.x[c] * ny) * _F(1.0 / 2.6)
        up = v * _F(1.0 / 3.1)
        column, floor = np.floor(across), np.floor(up)
        fu, fv = across - column, up - floor
        blur = min(_ONE, max(_ZERO, _F(1.6) - _F(1.4) * rows.far[c] / focal))
        shop = floor == _ZERO
        edge = _F(0.08) if shop else _F(0.22)
        low = _F(-1.0) if shop else _F(0.28)
        high = _F(0.78) if shop else _F(0.82)
        inside = min(fu, _ONE - fu) > edge and min(fv - low, high - fv) > _ZERO and v > _HALF
        room = hashed(column + seed, _F(31.0) * floor + side)
        level = _F(0.45) + _F(1.4) * (room - _F(0.66))
        seen = blur * (_ONE if inside else _ZERO) + (_ONE - blur) * _F(0.3)
        rows.glow[c] = level * seen if room > _F(0.66) else _ZERO


@inlined
def plain(values: NDArray[np.float32], begin: int, end: int, value: np.float32) -> None:
    """Set a stretch of one array."""
    for c in range(begin, end):
        values[c] = value
