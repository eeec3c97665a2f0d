"""Actions that are nobody's: weather, entities that come and go, parameters, lights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roadworthy.sim.openscenario.doing import Doing
from roadworthy.sim.openscenario.elements import number, word
from roadworthy.sim.openscenario.environment import Environment
from roadworthy.sim.openscenario.positions import Where
from roadworthy.sim.openscenario.reading import Node
from roadworthy.sim.world.columns import Light

if TYPE_CHECKING:
    from roadworthy.sim.openscenario.stage import Stage

_LIGHTS = {"red": Light.RED, "yellow": Light.YELLOW, "green": Light.GREEN, "off": Light.OFF}


def light_of(node: Node) -> Light:
    """The state that a traffic light is to have or is asked for.

    Raises:
        OpenScenarioError: there is no such state.
    """
    state = word(node, "state").lower()
    if state not in _LIGHTS:
        raise node.fault(f"state={state!r} is none of {', '.join(_LIGHTS)}")
    return _LIGHTS[state]


class SetEnvironment(Doing):
    """EnvironmentAction."""

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self.environment = Environment.of(node.child("Environment"))

    def step(self, stage: Stage, dt: float) -> bool:
        """Let it be so from now on."""
        stage.set_environment(self.environment)
        return True


class AddEntity(Doing):
    """AddEntityAction."""

    def __init__(self, node: Node, left_handed: bool) -> None:
        super().__init__(node, "")
        self.entity = word(node, "entityRef")
        self.where = Where.of(node.child("AddEntityAction").child("Position"), left_handed)

    def step(self, stage: Stage, dt: float) -> bool:
        """Let it appear; where it is there already, put it there."""
        stage.appear(self.entity, self.where.pose(stage.roads, stage.pose_of))
        return True


class DeleteEntity(Doing):
    """DeleteEntityAction."""

    def __init__(self, node: Node) -> None:
        super().__init__(node, "")
        self.entity = word(node, "entityRef")

    def step(self, stage: Stage, dt: float) -> bool:
        """Take it away."""
        stage.vanish(self.entity)
        return True


class SetParameter(Doing):
    """ParameterAction: what ParameterConditions see from now on."""

    def step(self, stage: Stage, dt: float) -> bool:
        """Set or change it.

        Raises:
            OpenScenarioError: it is no number and shall be added to.
        """
        name = word(self.node, "parameterRef").lstrip("$")
        action = self.node.children[0]
        if action.tag == "SetAction":
            stage.parameters[name] = word(action, "value")
            return True
        rule = action.child("Rule").children[0]
        try:
            before = float(stage.parameters.get(name, ""))
        except ValueError:
            raise self.node.fault(f"the parameter {name!r} is no number") from None
        value = number(rule, "value")
        stage.parameters[name] = repr(before + value if rule.tag == "AddValue" else before * value)
        return True


class SetSignal(Doing):
    """TrafficSignalStateAction."""

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self._light = light_of(node)

    def step(self, stage: Stage, dt: float) -> bool:
        """Let it show that until it is set again."""
        stage.world.batch.set_light(0, stage.signal(self.node), self._light)
        return True
