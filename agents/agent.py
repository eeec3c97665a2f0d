"""The Agent contract: Frame in, Control out; a whole driver."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from roadworthy.perception.scene import Scene
from roadworthy.planning.plan import Plan
from roadworthy.sim.frame import Control, Frame
from roadworthy.sim.road.route import Route
from roadworthy.sim.sensors.specs import SensorRig
from roadworthy.sim.town import Town


@runtime_checkable
class Agent(Protocol):
    """A driver. One instance drives one vehicle, one route after another.

    An agent that sets `privileged` gets the world's true Scene in `act`; all others get None and
    must make do with the Frame. A privileged one that sets `far` gets it with an Outlook.
    """

    name: str
    privileged: bool

    def rig(self) -> SensorRig | None:
        """Sensors that the agent wants on its vehicle; None for none."""
        ...

    def start(self, town: Town, route: Route, seed: int) -> None:
        """Begin a drive. Forget the one before."""
        ...

    def act(self, frame: Frame, truth: Scene | None) -> Control:
        """Decide for one step (two ticks, 0.1 s)."""
        ...

    def last_plan(self) -> Plan | None:
        """Plan behind the last control, for pictures and records; None where there is none."""
        ...

    def last_scene(self) -> Scene | None:
        """Scene behind the last control; None where there is none."""
        ...
