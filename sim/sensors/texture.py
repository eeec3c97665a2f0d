"""Procedural patterns of surfaces: what asphalt, grass, slabs, leaves and windows look like."""

from __future__ import annotations

import math

import numpy as np

from roadworthy.sim.kernel import kernel

_F = np.float32
_ONE, _ZERO, _HALF = _F(1.0), _F(0.0), _F(0.5)
_BYTE = _F(1.0 / 256.0)


@kernel
def hashed(ix: int, iy: int) -> np.float32:
    """Hash two integers to [0, 1)."""
    h = (ix * 374761393 + iy * 668265263) & 0xFFFFFFFF
    h = ((h ^ (h >> 13)) * 1274126177) & 0xFFFFFFFF
    return _F((h ^ (h >> 16)) & 255) * _BYTE


@kernel
def _cell(value: np.float32) -> int:
    return math.floor(value)


@kernel
def pattern(
    texture: int,
    x: np.float32,
    y: np.float32,
    z: np.float32,
    d: np.float32,
    nx: np.float32,
    ny: np.float32,
) -> np.float32:
    """Factor of a surface's colour at a place [m] of a Texture other than WINDOWS."""
    near = max(_ZERO, _ONE - d * _F(1.0 / 32.0))
    if texture == 2:  # ASPHALT
        grain = hashed(_cell(x * _F(0.23)), _cell(y * _F(0.23))) - _HALF
        shine = _ONE + _F(0.035) * grain
        if near > _ZERO:
            shine += _F(0.16) * near * (hashed(_cell(x * _F(9.0)), _cell(y * _F(9.0))) - _HALF)
        return shine
    if texture == 3:  # GRASS
        tuft = hashed(_cell(x * _F(0.7)), _cell(y * _F(0.7))) - _HALF
        shine = _ONE + _F(0.14) * tuft * min(_ONE, _F(40.0) / d)
        if near > _ZERO:
            shine += _F(0.36) * near * (hashed(_cell(x * _F(6.0)), _cell(y * _F(6.0))) - _HALF)
        return shine
    if texture == 4:  # SLABS
        u, v = x * _F(0.8), y * _F(0.8)
        iu, iv = _cell(u), _cell(v)
        shine = _ONE + _F(0.08) * (hashed(iu, iv) - _HALF)
        if d < _F(25.0) and (u - _F(iu) < _F(0.06) or v - _F(iv) < _F(0.06)):
            shine *= _F(0.86)
        return shine
    if texture == 5:  # LEAVES
        fine = hashed(_cell((x + _F(0.6) * z) * _F(3.5)), _cell((y - _F(0.8) * z) * _F(3.5)))
        return _ONE + (_HALF * fine - _F(0.28)) * max(_F(0.25), min(_ONE, _F(30.0) / d))
    if texture == 8:  # SLATS
        u = (x * ny - y * nx) * _F(4.0)
        if d < _F(30.0) and u - math.floor(u) < _F(0.3):
            return _F(0.55)
    return _ONE


@kernel
def window(
    u: np.float32, v: np.float32, size: np.float32, base: np.float32, side: np.float32
) -> tuple[np.float32, np.float32]:
    """Share of a facade's own colour at u [m] along it and v [m] above its foot.

    Args:
        u: place along the facade [m].
        v: and above its foot [m].
        size: what one pixel covers [m].
        base: with `side` it tells facades apart.
        side: any number of the facade.

    Returns:
        The share (the rest is glass; above 1 is bright glass), and the light of a lit room.
    """
    if v < _HALF:
        return _F(0.8), _ZERO
    across, up = u * _F(1.0 / 2.6), v * _F(1.0 / 3.1)
    column, floor = _cell(across), _cell(up)
    fu, fv = across - _F(column), up - _F(floor)
    blur = min(_ONE, max(_ZERO, _F(1.6) - _F(1.4) * size))
    inside = _ZERO
    if floor == 0:
        if _F(0.08) < fu < _F(0.92) and fv < _F(0.78):
            inside = _ONE
    elif _F(0.22) < fu < _F(0.78) and _F(0.28) < fv < _F(0.82):
        inside = _ONE
    dice = hashed(column, floor)
    glass = _F(0.30) + _F(0.35) * dice + (_F(0.12) if fv > _F(0.6) else _ZERO)
    sharp = _ONE - inside * (_ONE - glass)
    room = hashed(column + 7919 + int(base * _F(8.0)), 31 * floor + int(side * _F(50.0)))
    glow = _ZERO
    if room > _F(0.66):
        glow = (_F(0.45) + _F(1.4) * (room - _F(0.66))) * (blur * inside + (_ONE - blur) * _F(0.3))
    return blur * sharp + (_ONE - blur) * _F(0.84), glow
