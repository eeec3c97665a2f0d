"""Which doing an element <Action> or <PrivateAction> makes, for which actor."""

from __future__ import annotations

from collections.abc import Sequence

from roadworthy.sim.openscenario.across import LaneChange, LaneOffset, LateralDistance
from roadworthy.sim.openscenario.along import KeepDistance, Speed, Synchronize
from roadworthy.sim.openscenario.doing import Doing
from roadworthy.sim.openscenario.reading import Node
from roadworthy.sim.openscenario.routing import Activate, Assign, FollowTrajectory, GoTo, Teleport
from roadworthy.sim.openscenario.surroundings import (
    AddEntity,
    DeleteEntity,
    SetEnvironment,
    SetParameter,
    SetSignal,
)


def doings(action: Node, actors: Sequence[str], left_handed: bool) -> list[Doing]:
    """Make what an <Action> does; one for each actor where it is a private one.

    Raises:
        OpenScenarioError: it asks for what does not go together.
    """
    made: list[Doing] = []
    for part in action.children:
        if part.tag == "GlobalAction":
            made.append(global_doing(part, left_handed))
        elif part.tag == "PrivateAction":
            made += [d for actor in actors for d in private_doings(part, actor, left_handed)]
    return made


def global_doing(node: Node, left_handed: bool) -> Doing:
    """Make what a <GlobalAction> does.

    Raises:
        OpenScenarioError: it asks for what does not go together.
    """
    action = node.children[0]
    if action.tag == "EnvironmentAction":
        return SetEnvironment(action)
    if action.tag == "EntityAction":
        if action.find("AddEntityAction") is not None:
            return AddEntity(action, left_handed)
        return DeleteEntity(action)
    if action.tag == "ParameterAction":
        return SetParameter(action)
    return SetSignal(action.child("TrafficSignalAction").child("TrafficSignalStateAction"))


def private_doings(node: Node, actor: str, left_handed: bool) -> list[Doing]:
    """Make what a <PrivateAction> does.

    Raises:
        OpenScenarioError: it asks for what does not go together.
    """
    return [d for part in node.children for d in _private(part, actor, left_handed)]


def _private(part: Node, actor: str, left_handed: bool) -> list[Doing]:
    side = 1.0 if left_handed else -1.0
    if part.tag == "TeleportAction":
        return [Teleport(part, actor, left_handed)]
    if part.tag == "SynchronizeAction":
        return [Synchronize(part, actor, left_handed)]
    if part.tag == "ActivateControllerAction":
        return [Activate(part, actor)]
    made: list[Doing] = []
    for action in part.children:
        if action.tag == "SpeedAction":
            made.append(Speed(action, actor))
        elif action.tag == "LongitudinalDistanceAction":
            made.append(KeepDistance(action, actor))
        elif action.tag == "LaneChangeAction":
            made.append(LaneChange(action, actor, side))
        elif action.tag == "LaneOffsetAction":
            made.append(LaneOffset(action, actor, side))
        elif action.tag == "LateralDistanceAction":
            made.append(LateralDistance(action, actor, side))
        elif action.tag == "FollowTrajectoryAction":
            made.append(FollowTrajectory(action, actor, left_handed))
        elif action.tag in ("AcquirePositionAction", "AssignRouteAction"):
            made.append(GoTo(action, actor, left_handed))
        elif action.tag == "AssignControllerAction":
            made.append(Assign(action, actor))
        elif action.tag == "ActivateControllerAction":
            made.append(Activate(action, actor))
    return made
