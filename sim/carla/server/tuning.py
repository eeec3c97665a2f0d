"""What changes how vehicles hold the road: physics controls of clients, and friction triggers.

Source of the triggers: CARLA 0.9.16, FrictionTrigger.cpp; the extents of the blueprint are
centimetres. A vehicle is in such a box while its middle is.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from roadworthy.sim.carla.server.bodies import Bodies
from roadworthy.sim.carla.server.handling import (
    Physics,
    default_physics,
    steer_share,
    tuned,
    tyre_share,
)
from roadworthy.sim.carla.server.motors import Motor
from roadworthy.sim.carla.server.values import Description, Pose, Vector
from roadworthy.sim.carla.server.vehicles import Model
from roadworthy.sim.physics.profile import VehicleProfile
from roadworthy.sim.world.columns import Actor


class Patch(NamedTuple):
    """One friction trigger."""

    pose: Pose
    half: Vector  # [m]
    share: float  # of the usual grip


class Tuned(NamedTuple):
    """A vehicle whose physics a client has changed."""

    row: int
    physics: Physics  # as set
    usual: Physics  # as it was before
    profile: VehicleProfile  # as it was before


class Tuning:
    """All changes of one episode, by the ids of vehicles and triggers."""

    def __init__(self) -> None:
        self._tuned: dict[int, Tuned] = {}
        self._patches: dict[int, Patch] = {}

    def physics(self, number: int) -> Physics | None:
        """What a client has set; None where none has."""
        found = self._tuned.get(number)
        return None if found is None else found.physics

    def tune(
        self, bodies: Bodies, number: int, row: int, model: Model, physics: Physics
    ) -> None:  # fmt: skip
        """Let a physics control act on a vehicle."""
        before = self._tuned.get(number)
        profile = bodies.profile(row) if before is None else before.profile
        usual = default_physics(model, profile)
        self._tuned[number] = Tuned(row, physics, usual, profile)
        bodies.tune(row, tuned(physics, usual, profile))
        if physics.mass > 1.0:
            bodies.actors[row, Actor.MASS] = min(physics.mass, 1e6)
        grips = [float(wheel[0]) for wheel in physics.wheels]
        bodies.motors[row, Motor.TYRES] = tyre_share(sum(grips) / max(len(grips), 1))

    def lay(self, number: int, asked: Description, pose: Pose) -> None:
        """Let there be a friction trigger."""
        x, y, z = (abs(asked.number(f"extent_{axis}", 100.0)) / 100.0 for axis in "xyz")
        self._patches[number] = Patch(pose, (x, y, z), tyre_share(asked.number("friction", 3.5)))

    def forget(self, number: int) -> None:
        """Drop what was destroyed."""
        self._tuned.pop(number, None)
        self._patches.pop(number, None)

    def act(self, bodies: Bodies) -> None:
        """Note what patches and steering curves do to vehicles where they are now."""
        motors, actors = bodies.motors, bodies.actors
        motors[:, Motor.HOLD] = motors[:, Motor.TYRES]
        for pose, half, share in self._patches.values():
            c, s = math.cos(math.radians(pose.yaw)), math.sin(math.radians(pose.yaw))
            dx, dy = actors[:, Actor.X] - pose.x, actors[:, Actor.Y] - pose.y
            inside = (
                (np.abs(c * dx + s * dy) <= half[0])
                & (np.abs(c * dy - s * dx) <= half[1])
                & (np.abs(actors[:, Actor.Z] - pose.z) <= half[2])
            )
            motors[inside, Motor.HOLD] = share
        for row, physics, usual, _ in self._tuned.values():
            speed = float(actors[row, Actor.SPEED])
            motors[row, Motor.STEER_SHARE] = steer_share(physics, usual, speed)
