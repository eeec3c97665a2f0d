"""Agents that see the world's true Scene: the rule-based expert and the policy as an oracle."""

from __future__ import annotations

from functools import partial

from roadworthy.control.controller import Controller
from roadworthy.control.loop import ClosedLoop, Plans
from roadworthy.perception.scene import Scene
from roadworthy.planning.expert import Expert
from roadworthy.planning.plan import Plan
from roadworthy.sim.errors import WorldError
from roadworthy.sim.frame import Control, Frame
from roadworthy.sim.physics.bicycle import inverse
from roadworthy.sim.physics.profile import VehicleProfile, carla_mkz
from roadworthy.sim.road.route import Route
from roadworthy.sim.sensors.specs import SensorRig
from roadworthy.sim.town import Town


class PrivilegedAgent:
    """Drives on the true Scene with any planner."""

    privileged = True
    far = False  # whether the planner needs Scenes with an Outlook

    def __init__(self, name: str, planner: Plans, profile: VehicleProfile | None = None) -> None:
        self.name = name
        self.loop = ClosedLoop(None, planner, Controller(partial(inverse, profile or carla_mkz())))

    def rig(self) -> SensorRig | None:
        """No sensors."""
        return None

    def start(self, town: Town, route: Route, seed: int) -> None:
        """Begin a drive."""
        self.loop.start()

    def act(self, frame: Frame, truth: Scene | None) -> Control:
        """Decide for one step.

        Raises:
            WorldError: there is no true Scene.
        """
        if truth is None:
            raise WorldError(f"agent {self.name} drives on the true Scene, and none was given")
        return self.loop.step_scene(truth)

    def last_plan(self) -> Plan | None:
        """Plan behind the last control."""
        return self.loop.plan

    def last_scene(self) -> Scene | None:
        """Scene behind the last control."""
        return self.loop.scene


class ExpertAgent(PrivilegedAgent):
    """The rule-based expert on the true Scene."""

    far = True

    def __init__(self, profile: VehicleProfile | None = None) -> None:
        self._expert = Expert()
        super().__init__("expert", self._expert, profile)

    def start(self, town: Town, route: Route, seed: int) -> None:
        """Begin a drive."""
        super().start(town, route, seed)
        self._expert.start()
