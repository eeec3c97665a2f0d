"""Prototypes of people: on foot, and on two wheels."""

from __future__ import annotations

import numpy as np

from roadworthy.sim.scenery.material import Label, Material
from roadworthy.sim.scenery.prototype import Body, Part, Role, cabin, facing
from roadworthy.sim.scenery.soup import box, fan, loft, outside, ring


def rider(body: Body, x: float, seat: float, lean: float, fine: bool) -> None:
    """A seated person: torso, head, arms to the bars and legs to the pedals."""
    torso = cabin(
        (x - 0.12, x + 0.12), (x + lean - 0.1, x + lean + 0.14), (0.17, 0.22), (seat, seat + 0.55)
    )
    top = np.array(
        [
            [x + lean - 0.1, -0.22, seat + 0.55],
            [x + lean + 0.14, -0.22, seat + 0.55],
            [x + lean + 0.14, 0.22, seat + 0.55],
            [x + lean - 0.1, 0.22, seat + 0.55],
        ]
    )
    body.add(
        np.concatenate([torso, facing(fan(top), (0, 0, 1))]),
        Material.CLOTH,
        Role.BODY,
        label=Label.RIDER,
    )
    sides = 6 if fine else 4
    head = ring(sides, 0.13, 0.0) + np.array([x + lean + 0.06, 0.0, seat + 0.72], np.float32)
    middle = head.mean(axis=0)
    ball = np.concatenate(
        [fan(head, middle + np.array([0, 0, 0.16])), fan(head, middle - np.array([0, 0, 0.15]))]
    )
    body.add(outside(ball), Material.TYRE, color=(60, 62, 70), label=Label.RIDER)
    if not fine:
        legs = box((x - 0.05, -0.25, seat - 0.5), (x + 0.2, 0.25, seat + 0.08))
        body.add(legs[:8], Material.TROUSERS, label=Label.RIDER)
        return
    for y in (-0.2, 0.2):
        arm = box((x + lean, y - 0.05, seat + 0.3), (x + lean + 0.42, y + 0.05, seat + 0.42))
        leg = box((x - 0.05, y - 0.07, seat - 0.55), (x + 0.22, y + 0.07, seat + 0.08))
        body.add(arm, Material.CLOTH, Role.BODY, label=Label.RIDER)
        body.add(leg, Material.TROUSERS, label=Label.RIDER)


def walker(fine: bool) -> Body:
    """A person on foot, 1.75 m tall."""
    body = Body(0.5, 0.5, 1.75, Label.PEDESTRIANS)
    torso = cabin((-0.11, 0.11), (-0.12, 0.12), (0.16, 0.21), (0.82, 1.46))
    body.add(
        np.concatenate([torso, box((-0.12, -0.21, 1.44), (0.12, 0.21, 1.46))[8:]]),
        Material.CLOTH,
        Role.BODY,
    )
    sides = 6 if fine else 4
    head = ring(sides, 0.115, 1.6)
    face = np.concatenate([loft(ring(sides, 0.07, 1.47), head), fan(head, (0, 0, 1.75))])
    body.add(outside(face), Material.SKIN)
    hair = fan(ring(sides, 0.125, 1.64), (-0.02, 0, 1.765))
    body.add(outside(hair), Material.TYRE, color=(66, 48, 36))
    for sign, leg, arm in (
        (-1.0, Part.LEFT_LEG, Part.LEFT_ARM),
        (1.0, Part.RIGHT_LEG, Part.RIGHT_ARM),
    ):
        low, high = sorted((sign * 0.02, sign * 0.17))
        if not fine:
            leg_box = box((-0.09, low, 0.0), (0.1, high, 0.86))
            body.add(leg_box[:8], Material.TROUSERS, part=leg)
            low, high = sorted((sign * 0.2, sign * 0.28))
            sleeve = box((-0.055, low, 0.8), (0.055, high, 1.43))
            body.add(sleeve[:8], Material.CLOTH, Role.BODY, part=arm)
            continue
        body.add(box((-0.085, low, 0.06), (0.085, high, 0.86)), Material.TROUSERS, part=leg)
        body.add(box((-0.09, low, 0.0), (0.17, high, 0.08)), Material.TYRE, part=leg)
        low, high = sorted((sign * 0.2, sign * 0.3))
        body.add(
            box((-0.055, low, 0.8), (0.055, high, 1.43), bottom=True),
            Material.CLOTH,
            Role.BODY,
            part=arm,
        )
    return body
