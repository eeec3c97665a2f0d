"""Agents that need no skill: the floor that every score is read against."""

from __future__ import annotations

import numpy as np

from roadworthy.perception.scene import Scene
from roadworthy.planning.plan import Plan
from roadworthy.sim import rng
from roadworthy.sim.frame import Control, Frame
from roadworthy.sim.road.route import Route
from roadworthy.sim.sensors.specs import SensorRig
from roadworthy.sim.town import Town


class _Blind:
    """Looks at nothing."""

    privileged = False

    def rig(self) -> SensorRig | None:
        """No sensors."""
        return None

    def last_plan(self) -> Plan | None:
        """No plan."""
        return None

    def last_scene(self) -> Scene | None:
        """No scene."""
        return None


class BrakeAgent(_Blind):
    """Stands on the brake."""

    name = "brake"

    def start(self, town: Town, route: Route, seed: int) -> None:
        """Begin a drive."""

    def act(self, frame: Frame, truth: Scene | None) -> Control:
        """Brake."""
        return Control(brake=1.0)


class RandomAgent(_Blind):
    """Moves pedals and wheel at random, holding each choice for half a second."""

    name = "random"
    hold = 5  # steps

    def __init__(self) -> None:
        self._key = np.uint64(0)
        self._step = 0

    def start(self, town: Town, route: Route, seed: int) -> None:
        """Begin a drive; equal seeds drive equally."""
        self._key = np.uint64(rng.derive(np.uint64(seed), 7))
        self._step = 0

    def act(self, frame: Frame, truth: Scene | None) -> Control:
        """Draw a control."""
        draw = 2 * (self._step // self.hold)
        self._step += 1
        pedal = 2.0 * float(rng.uniform(self._key, draw)) - 0.8
        steer = 0.6 * float(rng.uniform(self._key, draw + 1)) - 0.3
        return Control(min(max(pedal, 0.0), 1.0), min(max(-pedal, 0.0), 1.0), steer)
