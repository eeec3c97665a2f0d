"""Prototypes of vehicles, near (fine) and far."""

from __future__ import annotations

import numpy as np

from roadworthy.sim.scenery.material import Label, Material
from roadworthy.sim.scenery.people import rider
from roadworthy.sim.scenery.prototype import Body, Part, Role, cabin, extruded, facing
from roadworthy.sim.scenery.soup import box, fan, loft, outside, ring


def car(fine: bool) -> Body:
    """A saloon of 4.6 m; light bar and stripe appear on emergency vehicles."""
    body = Body(4.6, 1.9, 1.5, Label.CAR)
    hull = [(-2.26, 0.26), (-2.3, 0.6), (-2.22, 0.9), (-1.5, 0.96), (0.9, 0.94), (2.1, 0.76)]
    hull += [(2.3, 0.56), (2.26, 0.24)]
    coarse = [hull[0], hull[2], hull[4], hull[5], hull[7]]
    body.add(extruded(hull if fine else coarse, 0.95, 0.93), Material.BODY, Role.BODY)
    glass = cabin((-1.75, 1.05), (-1.0, 0.2), (0.84, 0.66), (0.92, 1.42))
    body.add(glass, Material.GLASS)
    roof = box((-1.08, -0.68, 1.4), (0.26, 0.68, 1.5))
    body.add(roof if fine else roof[8:], Material.BODY, Role.BODY)
    if fine:
        for y in (-0.76, 0.76):  # pillars between the doors
            pillar = cabin((-0.55, -0.4), (-0.48, -0.36), (0.04, 0.04), (0.92, 1.42))
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
    body.plate(2.31, (0.5, 0.86), (0.58, 0.72), Material.HEADLIGHT, Role.HEAD)
    body.plate(-2.32, (0.48, 0.9), (0.64, 0.82), Material.TAILLIGHT, Role.TAIL)
    body.blinkers(2.315, (0.8, 0.93), (0.5, 0.6))
    body.blinkers(-2.325, (0.8, 0.94), (0.54, 0.64))
    body.bar((-0.55, -0.25), 0.55, (1.5, 1.585))
    if fine:
        body.plate(-2.325, (0.3, 0.46), (0.66, 0.74), Material.REVERSE_LAMP, Role.REVERSE)
        body.flank((-2.2, 2.2), 0.956, (0.5, 0.66), Material.BODY, Role.LIVERY, (24, 70, 178))
        body.doors((-0.35, 0.75), 0.93, (0.3, 0.94, 1.36), (22, 22, 24))
    return body


def van(fine: bool) -> Body:
    """A delivery van of 5.4 m."""
    body = Body(5.4, 2.05, 2.4, Label.CAR)
    hull = [(-2.7, 0.35), (-2.66, 2.34), (0.9, 2.38), (1.7, 1.35), (2.5, 1.12), (2.7, 0.75)]
    body.add(extruded([*hull, (2.66, 0.3)], 1.02, 0.9), Material.BODY, Role.BODY)
    y = 0.97
    wind = np.array([[1.68, -0.8, 1.4], [1.68, 0.8, 1.4], [0.98, 0.76, 2.3], [0.98, -0.76, 2.3]])
    body.add(facing(fan(wind + np.array([0.04, 0, 0.03])), (1, 0, 0.5)), Material.GLASS)
    for sign in (1.0, -1.0):
        side = np.array(
            [[0.2, y + 0.02, 1.4], [1.5, y + 0.02, 1.4], [0.9, 0.95, 2.15], [0.2, 0.95, 2.15]]
        ) * [1, sign, 1]
        body.add(facing(fan(side), (0, sign, 0)), Material.GLASS)
    body.plate(-2.71, (0.1, 0.85), (1.45, 2.1), Material.GLASS)
    body.plate(-2.72, (0.72, 1.0), (0.75, 1.25), Material.TAILLIGHT, Role.TAIL)
    body.plate(2.71, (0.55, 0.95), (0.7, 0.92), Material.HEADLIGHT, Role.HEAD)
    body.blinkers(2.715, (0.8, 0.98), (0.6, 0.7))
    body.blinkers(-2.725, (0.75, 1.0), (0.6, 0.74))
    body.bar((0.3, 0.65), 0.6, (2.4, 2.5))
    if fine:
        body.flank((-2.6, 1.6), 1.025, (0.95, 1.15), Material.BODY, Role.LIVERY, (196, 24, 30))
        body.doors((0.25, 1.35), 1.0, (0.45, 1.4, 2.1), (22, 22, 24))
    wheels = [(x, y) for x in (1.75, -1.7) for y in (1.02, -1.02)]
    body.wheels(wheels, 0.37, 0.26, fine=fine)
    return body


def truck(fine: bool) -> Body:
    """A box truck of 8.4 m."""
    body = Body(8.4, 2.6, 3.4, Label.TRUCK)
    body.add(
        box((-4.2, -1.3, 1.05), (2.2, 1.3, 3.4), bottom=fine), Material.METAL, color=(206, 208, 204)
    )
    cab = [(2.35, 0.5), (2.35, 2.9), (3.5, 2.9), (4.15, 1.75), (4.2, 0.5)]
    body.add(extruded(cab, 1.25, 0.94), Material.BODY, Role.BODY)
    body.add(box((-4.1, -0.5, 0.6), (2.4, 0.5, 1.05)), Material.TYRE)
    wind = np.array([[4.17, -1.05, 1.8], [4.17, 1.05, 1.8], [3.56, 1.0, 2.8], [3.56, -1.0, 2.8]])
    body.add(facing(fan(wind + np.array([0.03, 0, 0.02])), (1, 0, 0.3)), Material.GLASS)
    for sign in (1.0, -1.0):
        side = np.array([[2.7, 1.24, 1.8], [3.9, 1.24, 1.8], [3.4, 1.21, 2.6], [2.7, 1.21, 2.6]])
        body.add(facing(fan(side * [1, sign, 1]), (0, sign, 0)), Material.GLASS)
    body.plate(4.215, (0.7, 1.15), (0.75, 1.0), Material.HEADLIGHT, Role.HEAD)
    body.blinkers(4.22, (0.9, 1.2), (0.55, 0.7))
    body.blinkers(-4.22, (0.85, 1.28), (0.6, 0.74))
    body.bar((2.6, 3.0), 0.9, (2.9, 3.05))
    body.flank((-4.15, 2.15), 1.305, (1.1, 1.35), Material.BODY, Role.LIVERY, (196, 24, 30))
    if fine:
        body.doors((2.5, 3.6), 1.22, (0.7, 1.75, 2.6), (22, 22, 24))
    body.plate(-4.215, (0.8, 1.28), (0.75, 1.15), Material.TAILLIGHT, Role.TAIL)
    wheels = [(x, y) for x in (3.2, -1.9, -3.1) for y in (1.28, -1.28)]
    body.wheels(wheels, 0.48, 0.34, fine=fine)
    return body


def bus(fine: bool) -> Body:
    """A city bus of 11 m."""
    body = Body(11.0, 2.6, 3.1, Label.BUS)
    body.add(box((-5.5, -1.3, 0.35), (5.5, 1.3, 3.1)), Material.BODY, Role.BODY)
    for sign in (1.0, -1.0):
        band = np.array(
            [[-5.2, 1.31, 1.35], [5.2, 1.31, 1.35], [5.2, 1.31, 2.45], [-5.2, 1.31, 2.45]]
        ) * [1, sign, 1]
        body.add(facing(fan(band), (0, sign, 0)), Material.GLASS)
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
                body.add(facing(fan(post), (0, sign, 0)), Material.BODY, Role.BODY)
    body.plate(5.51, (-1.2, 1.2), (1.1, 2.6), Material.GLASS, both=False)
    body.plate(-5.51, (-1.1, 1.1), (1.5, 2.5), Material.GLASS, both=False)
    body.plate(5.515, (0.75, 1.2), (0.6, 0.88), Material.HEADLIGHT, Role.HEAD)
    body.blinkers(5.52, (0.9, 1.25), (0.45, 0.57))
    body.blinkers(-5.52, (0.9, 1.25), (0.55, 0.75))
    body.plate(-5.515, (0.85, 1.22), (0.8, 1.25), Material.TAILLIGHT, Role.TAIL)
    wheels = [(x, y) for x in (3.6, -3.4) for y in (1.31, -1.31)]
    body.wheels(wheels, 0.48, 0.34, fine=fine)
    return body


def two_wheeler(motor: bool, fine: bool) -> Body:
    """A motorcycle or a bicycle with its rider."""
    if motor:
        body = Body(2.2, 0.8, 1.65, Label.MOTORCYCLE)
        frame = [(-0.95, 0.75), (-0.5, 0.35), (0.4, 0.3), (0.75, 0.75), (0.45, 0.98), (-0.3, 0.85)]
        body.add(extruded(frame, 0.16), Material.BODY, Role.BODY)
        body.plate(-0.97, (-0.12, 0.12), (0.62, 0.78), Material.TAILLIGHT, Role.TAIL, both=False)
        body.blinkers(-0.972, (0.16, 0.26), (0.64, 0.74))
        body.plate(0.86, (-0.11, 0.11), (0.72, 0.92), Material.HEADLIGHT, Role.HEAD, both=False)
        radius, thick, wheels = 0.32, 0.14, (-0.76, 0.76)
    else:
        body = Body(1.8, 0.6, 1.75, Label.BICYCLE)
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
        wheel = outside(np.concatenate([loft(inner, outer), fan(inner), fan(outer)]))
        part = Part.FRONT_WHEEL if x > 0 else Part.REAR_WHEEL
        body.add(wheel, Material.TYRE, part=part, pivot=(x, 0.0, radius))
    rider(body, -0.15, 0.85 if motor else 0.95, 0.14 if motor else 0.2, fine)
    return body
