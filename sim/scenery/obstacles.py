"""Prototypes of what stands in the way: cones, barriers, warnings, debris and crates.

Their label is CARLA's Dynamic (21), "elements whose position is susceptible to change over
time", as its documentation of the semantic segmentation camera (0.9.16, ref_sensors) has it.
"""

from __future__ import annotations

import numpy as np

from roadworthy.sim.scenery.material import Label, Material
from roadworthy.sim.scenery.prototype import Body, Role, facing
from roadworthy.sim.scenery.soup import box, fan, loft, outside, ring
from roadworthy.sim.world.columns import PropModel

_ORANGE, _WHITE, _RED, _DARK = (236, 92, 20), (238, 238, 234), (204, 30, 30), (40, 40, 42)
_YELLOW = (246, 196, 30)


def obstacle(model: PropModel, fine: bool) -> Body:
    """Make the prototype of one model."""
    return _MAKERS[model](fine)


def _cone(fine: bool) -> Body:
    body = Body(0.5, 0.5, 0.75, Label.DYNAMIC)
    body.add(box((-0.25, -0.25, 0.0), (0.25, 0.25, 0.05)), Material.METAL, color=_DARK)
    sides = 8 if fine else 5
    bands = ((0.05, 0.19, 0.3, _ORANGE), (0.3, 0.14, 0.5, _WHITE), (0.5, 0.09, 0.75, _ORANGE))
    for (low, radius, high, color), upper in zip(bands, (0.14, 0.09, 0.03), strict=True):
        side = loft(ring(sides, radius, low), ring(sides, upper, high))
        body.add(outside(side), Material.METAL, color=color)
    return body


def _barrier(fine: bool) -> Body:
    body = Body(0.4, 2.0, 1.1, Label.DYNAMIC)
    for y in (-0.8, 0.8):
        leg = box((-0.2, y - 0.05, 0.0), (0.2, y + 0.05, 0.1))
        post = box((-0.04, y - 0.04, 0.1), (0.04, y + 0.04, 1.1))
        body.add(np.concatenate([leg, post]), Material.METAL)
    for low, high in ((0.35, 0.6), (0.78, 1.08)):
        board = box((-0.05, -1.0, low), (0.05, 1.0, high), bottom=True)
        body.add(board, Material.METAL, color=_WHITE)
        for y in np.arange(-0.98, 0.9, 0.5) if fine else (-0.9, -0.1):
            for x in (0.055, -0.055):
                stripe = np.array(
                    [[x, y, low], [x, y + 0.26, low], [x, y + 0.36, high], [x, y + 0.1, high]]
                )
                body.add(facing(fan(stripe), (x, 0, 0)), Material.METAL, color=_RED)
    return body


def _warning(fine: bool) -> Body:
    body = Body(2.2, 1.8, 2.6, Label.DYNAMIC)
    body.add(box((-0.9, -0.8, 0.4), (1.1, 0.8, 0.75), bottom=True), Material.METAL, color=_YELLOW)
    wheels = [(0.0, y) for y in (0.9, -0.9)]
    body.wheels(wheels, 0.3, 0.18, fine=fine)
    board = box((-1.0, -0.9, 1.0), (-0.9, 0.9, 2.6), bottom=True)
    body.add(board, Material.METAL, color=_YELLOW)
    body.add(box((-0.95, -0.06, 0.5), (-0.85, 0.06, 1.0)), Material.METAL)
    # An arrow of lamps, seen by those who come from behind.
    arrow = np.array([[-1.01, 0.45, 1.8], [-1.01, -0.35, 2.3], [-1.01, -0.35, 1.3]])
    shaft = np.array(
        [[-1.01, -0.35, 1.65], [-1.01, -0.75, 1.65], [-1.01, -0.75, 1.95], [-1.01, -0.35, 1.95]]
    )
    for polygon in (arrow, shaft):
        body.add(facing(fan(polygon), (-1, 0, 0)), Material.TYRE, color=_DARK)
    for y in (-0.8, 0.8):
        low, high = y - 0.1, y + 0.1
        lamp = np.array(
            [[-1.02, low, 2.4], [-1.02, high, 2.4], [-1.02, high, 2.58], [-1.02, low, 2.58]]
        )
        body.add(facing(fan(lamp), (-1, 0, 0)), Material.BLINKER, Role.BLINK_RIGHT)
    return body


def _debris(fine: bool) -> Body:
    del fine
    body = Body(1.0, 1.0, 0.4, Label.DYNAMIC)
    for low, high, color in (
        ((-0.5, -0.3, 0.0), (0.1, 0.5, 0.18), (120, 96, 70)),
        ((-0.1, -0.5, 0.0), (0.5, 0.0, 0.4), (96, 98, 102)),
        ((-0.35, -0.45, 0.0), (-0.15, 0.1, 0.3), (70, 66, 64)),
    ):
        body.add(box(low, high), Material.METAL, color=color)
    return body


def _crate(fine: bool) -> Body:
    body = Body(1.0, 1.0, 2.0, Label.DYNAMIC)
    body.add(box((-0.5, -0.5, 0.0), (0.5, 0.5, 2.0)), Material.METAL, color=(158, 34, 40))
    for x in (-0.505, 0.505):
        front = np.array([[x, -0.4, 0.8], [x, 0.4, 0.8], [x, 0.4, 1.8], [x, -0.4, 1.8]])
        body.add(facing(fan(front), (x, 0, 0)), Material.GLASS)
        if fine:
            band = np.array([[x, -0.4, 0.3], [x, 0.4, 0.3], [x, 0.4, 0.6], [x, -0.4, 0.6]])
            body.add(facing(fan(band), (x, 0, 0)), Material.METAL, color=_WHITE)
    return body


_MAKERS = {
    PropModel.CONE: _cone,
    PropModel.BARRIER: _barrier,
    PropModel.WARNING: _warning,
    PropModel.DEBRIS: _debris,
    PropModel.CRATE: _crate,
}
