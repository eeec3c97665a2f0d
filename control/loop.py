"""The closed loop: Frame, Scene, Plan, Control, with the time of every stage."""

from __future__ import annotations

from typing import Protocol

from roadworthy.control.controller import Controller
from roadworthy.control.timing import StageClock
from roadworthy.perception.scene import EgoCol, Scene
from roadworthy.planning.plan import Plan
from roadworthy.sim.frame import Control, Frame


class Perceives(Protocol):
    """Frame to Scene."""

    def __call__(self, frame: Frame) -> Scene:
        """Perceive one frame."""
        ...


class Plans(Protocol):
    """Scene to Plan."""

    def plan(self, scene: Scene) -> Plan:
        """Decide on one Scene without a world axis."""
        ...


class ClosedLoop:
    """Runs the stages for one vehicle and keeps what they last said."""

    def __init__(self, perceive: Perceives | None, planner: Plans, controller: Controller) -> None:
        self.clock = StageClock()
        self.scene: Scene | None = None
        self.plan: Plan | None = None
        self._perceive = perceive
        self._planner = planner
        self._controller = controller

    def start(self) -> None:
        """Begin a drive; the times go on being collected."""
        self._controller.reset()
        self.scene = self.plan = None

    def step(self, frame: Frame) -> Control:
        """Go once around the loop, from what is sensed.

        Raises:
            ModelError: a model of the loop cannot be run.
        """
        if self._perceive is None:
            raise RuntimeError("this loop has no perception: give it Scenes with step_scene")
        with self.clock.measure("loop"):
            with self.clock.measure("perception"):
                scene = self._perceive(frame)
            return self._decide(scene)

    def step_scene(self, scene: Scene) -> Control:
        """Go around the loop from a Scene that is known already."""
        with self.clock.measure("loop"):
            return self._decide(scene)

    def _decide(self, scene: Scene) -> Control:
        with self.clock.measure("planning"):
            plan = self._planner.plan(scene)
        with self.clock.measure("control"):
            ego = scene.ego
            control = self._controller.step(
                plan,
                float(ego[EgoCol.SPEED]),
                float(ego[EgoCol.ACCEL]),
                float(ego[EgoCol.CURVATURE]),
            )
        self.scene, self.plan = scene, plan
        return control
