"""Light of lamps on what they shine at: the ego's beams, those of others, and street lamps.

Patterns are chosen by eye after low beams as UN regulation 112 shapes them: far along the road,
narrow, and cut off above the height of the lamps.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.kernel import kernel
from roadworthy.sim.sensors.air import Air
from roadworthy.sim.sensors.inlined import inlined
from roadworthy.sim.sensors.surface import Ground

FloatArray = NDArray[np.float32]

CELL = 0.5  # [m] of the map of other lamps' light
SIDE = 192  # cells of that map along each axis, around a point ahead of the ego
_AHEAD = 34.0  # [m] from the ego to the map's middle

_F = np.float32
_ONE, _ZERO, _HALF = _F(1.0), _F(0.0), _F(0.5)
_BEAM = (_F(1.5), _F(1.46), _F(1.36))  # strength and colour of the ego's low beams
_STREET = (_F(0.80), _F(0.62), _F(0.38))  # and of street lamps


class Beams(NamedTuple):
    """Light of one moment."""

    level: FloatArray  # [SIDE, SIDE, 3] light of the lamps of other vehicles on the ground
    place: FloatArray  # [8] corner x, y of `level`; the ego's x, y, z, cos and sin of yaw, nose


def new_beams() -> Beams:
    """Make room."""
    return Beams(np.zeros((SIDE, SIDE, 3), np.float32), np.zeros(8, np.float32))


@kernel
def aim(beams: Beams, ego: FloatArray, lamps: FloatArray, count: int, dark: np.float32) -> None:
    """Set the light of one moment: `ego` [Actor], the first `count` rows of `lamps`."""
    place = beams.place
    c, s = _F(math.cos(ego[3])), _F(math.sin(ego[3]))
    place[2], place[3], place[4] = ego[0], ego[1], ego[2]
    place[5], place[6], place[7] = c, s, _HALF * ego[8]
    if dark <= _ZERO:
        return
    middle = _F(0.5 * SIDE * CELL)
    place[0] = ego[0] + c * _F(_AHEAD) - middle
    place[1] = ego[1] + s * _F(_AHEAD) - middle
    beams.level[:] = _ZERO
    for n in range(count):
        role = int(lamps[n, 9])
        if role == 3:
            _throw(beams, lamps[n], _F(26.0), _F(1.0), _F(0.55) * dark)
        elif role == 2 or role == 6:
            _throw(beams, lamps[n], _F(6.0), _F(1.2), _F(0.5) * dark)
        else:
            _throw(beams, lamps[n], _F(9.0), _F(9.0), _F(0.35) * dark)


@kernel
def _throw(
    beams: Beams, lamp: FloatArray, reach: np.float32, width: np.float32, gain: np.float32
) -> None:
    """Add one lamp's light: a cone along its direction, or a disc where it has none."""
    gain *= lamp[8] * _F(1.0 / 255.0)
    spread = lamp[3] == _ZERO and lamp[4] == _ZERO
    ahead = _ZERO if spread else _HALF * reach
    half = reach if spread else _F(0.6) * reach
    x = (lamp[0] + ahead * lamp[3] - beams.place[0]) * _F(1.0 / CELL)
    y = (lamp[1] + ahead * lamp[4] - beams.place[1]) * _F(1.0 / CELL)
    span = half * _F(1.0 / CELL)
    for row in range(max(0, int(y - span)), min(SIDE, int(y + span) + 1)):
        dy = (_F(row) + _HALF - y) * _F(CELL) + ahead * lamp[4]
        for column in range(max(0, int(x - span)), min(SIDE, int(x + span) + 1)):
            dx = (_F(column) + _HALF - x) * _F(CELL) + ahead * lamp[3]
            if spread:
                away = (dx * dx + dy * dy) / (reach * reach)
                light = max(_ZERO, _ONE - away) ** 2
            else:
                along = dx * lamp[3] + dy * lamp[4]
                if along < _ZERO or along > reach:
                    continue
                across = (dy * lamp[3] - dx * lamp[4]) / (width + _F(0.2) * along)
                light = _ONE / (_ONE + across * across)
                light *= light * (_ONE - along / reach) * min(_ONE, along * _HALF)
            light *= gain
            for k in range(3):
                beams.level[row, column, k] += light * lamp[5 + k]


@inlined
def lamp_light(
    beams: Beams,
    ground: Ground,
    air: Air,
    x: np.float32,
    y: np.float32,
    z: np.float32,
    facing: np.float32,
) -> tuple[np.float32, np.float32, np.float32]:
    """Light of all lamps at a place, by channel; `facing` is below 1 for upright surfaces."""
    place = beams.place
    dx, dy, dz = x - place[2], y - place[3], z - place[4]
    along = dx * place[5] + dy * place[6] - place[7]
    own = _ZERO
    if along > _ZERO:
        across = (dy * place[5] - dx * place[6]) / (_F(1.9) + _F(0.24) * along)
        own = _ONE / (_ONE + across * across)
        far = along * _F(1.0 / 21.0)
        own *= own * min(_ONE, _F(0.25) + along * _F(0.16)) / (_ONE + far * far)
        over = dz - _F(0.9)
        if over > _ZERO:
            own *= _F(0.06) + _F(0.94) / (_ONE + _F(5.0) * over * over)
    own *= facing * air.lamps * (_F(0.08) + _F(0.92) * air.night)
    u, v = x - ground.street_x - _HALF, y - ground.street_y - _HALF
    column, row = math.floor(u), math.floor(v)
    rows, columns = ground.street.shape
    street = _ZERO
    if 0 <= column < columns - 1 and 0 <= row < rows - 1:
        u -= _F(column)
        v -= _F(row)
        upper = _F(ground.street[row, column]) * (_ONE - u) + _F(ground.street[row, column + 1]) * u
        lower = _F(ground.street[row + 1, column]) * (_ONE - u)
        lower += _F(ground.street[row + 1, column + 1]) * u
        street = (upper + v * (lower - upper)) * _F(1.0 / 255.0) * facing
        if dz > _F(7.0):  # nothing shines up from a street lamp
            street *= max(_ZERO, _ONE - (dz - _F(7.0)) * _HALF)
        street *= air.lamps * air.night
    r, g, b = own * _BEAM[0] + street * _STREET[0], own * _BEAM[1] + street * _STREET[1], _ZERO
    b = own * _BEAM[2] + street * _STREET[2]
    column, row = (
        int((x - place[0]) * _F(1.0 / CELL)),
        int((y - place[1]) * _F(1.0 / CELL)),
    )
    if 0 <= column < SIDE and 0 <= row < SIDE and dz < _F(2.5):
        r += facing * beams.level[row, column, 0]
        g += facing * beams.level[row, column, 1]
        b += facing * beams.level[row, column, 2]
    return r, g, b
