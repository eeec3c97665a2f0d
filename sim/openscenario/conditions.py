"""What conditions ask: of entities, of values, of the story itself."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from roadworthy.sim.errors import OpenScenarioError
from roadworthy.sim.openscenario.distances import POINT, Extent, distance
from roadworthy.sim.openscenario.elements import flag, number, word
from roadworthy.sim.openscenario.environment import moment_of
from roadworthy.sim.openscenario.positions import Where
from roadworthy.sim.openscenario.reading import Node
from roadworthy.sim.openscenario.roads import Pose
from roadworthy.sim.openscenario.surroundings import light_of

if TYPE_CHECKING:
    from roadworthy.sim.openscenario.player import Player
    from roadworthy.sim.openscenario.stage import Stage

Check = Callable[["Stage"], bool]
EntityCheck = Callable[["Stage", "Player"], bool]
NEARLY = 1e-6  # numbers that differ by less are equal


def check_of(node: Node, left_handed: bool) -> Check:
    """What a <Condition> asks.

    Raises:
        OpenScenarioError: it asks for what does not go together.
    """
    value = node.find("ByValueCondition")
    if value is not None:
        return _by_value(value.children[0])
    holder = node.child("ByEntityCondition")
    triggering = holder.child("TriggeringEntities")
    names = [word(entry, "entityRef") for entry in triggering.all("EntityRef")]
    every = word(triggering, "triggeringEntitiesRule") == "all"
    ask = _by_entity(holder.child("EntityCondition").children[0], left_handed)

    def check(stage: Stage) -> bool:
        answers = [
            stage.players[name].present and ask(stage, stage.players[name]) for name in names
        ]
        return all(answers) if every else any(answers)

    return check


def compare(rule: str, actual: float, wanted: float, nearly: float = NEARLY) -> bool:
    """Whether a number stands in a relation to another, as OpenSCENARIO's Rule names it."""
    if rule in ("equalTo", "notEqualTo"):
        return (abs(actual - wanted) <= nearly) == (rule == "equalTo")
    if rule == "greaterThan":
        return actual > wanted
    if rule == "lessThan":
        return actual < wanted
    return actual >= wanted if rule == "greaterOrEqual" else actual <= wanted


# --- by value


def _by_value(node: Node) -> Check:
    if node.tag == "SimulationTimeCondition":
        rule, wanted = word(node, "rule"), number(node, "value")
        return lambda stage: compare(rule, stage.time, wanted, 0.5 * stage.dt + NEARLY)
    if node.tag == "StoryboardElementStateCondition":
        kind, state = word(node, "storyboardElementType"), word(node, "state")
        name = word(node, "storyboardElementRef").rsplit("::", 1)[-1].rsplit("/", 1)[-1]
        return lambda stage: any(
            part.is_in(state, stage.tick_number) for part in stage.parts.get((kind, name), ())
        )
    if node.tag == "ParameterCondition":
        return _parameter(node)
    if node.tag == "TimeOfDayCondition":
        rule, moment = word(node, "rule"), moment_of(node)
        return lambda stage: compare(
            rule, (stage.moment() - moment).total_seconds(), 0.0, 0.5 * stage.dt
        )
    light = light_of(node)
    return lambda stage: int(stage.world.batch.lights[0, stage.signal(node)]) == int(light)


def _parameter(node: Node) -> Check:
    name, wanted = word(node, "parameterRef").lstrip("$"), word(node, "value")
    rule = word(node, "rule")

    def check(stage: Stage) -> bool:
        actual = stage.parameters.get(name)
        if actual is None:
            return False
        try:
            return compare(rule, float(actual), float(wanted))
        except ValueError:
            if rule not in ("equalTo", "notEqualTo"):
                raise node.fault(
                    f"the parameter {name!r} is {actual!r}, which is not less or greater"
                ) from None
            return (actual == wanted) == (rule == "equalTo")

    return check


# --- by entity


def _by_entity(node: Node, left_handed: bool) -> EntityCheck:
    make = _MAKERS.get(node.tag)
    if make is not None:
        return make(node, left_handed)
    wanted = number(node, "duration", number(node, "value", 0.0))
    if node.tag == "StandStillCondition":
        return lambda stage, player: player.stood >= wanted - NEARLY and player.stood > 0.0
    if node.tag == "EndOfRoadCondition":
        return lambda stage, player: player.ended >= wanted - NEARLY and player.ended > 0.0
    if node.tag == "OffroadCondition":
        return lambda stage, player: player.strayed >= wanted - NEARLY and player.strayed > 0.0
    if node.tag == "TraveledDistanceCondition":
        return lambda stage, player: player.travelled >= wanted
    rule = word(node, "rule")
    if node.tag == "SpeedCondition":
        return lambda stage, player: compare(rule, player.speed, wanted)
    if node.tag == "AccelerationCondition":
        return lambda stage, player: compare(rule, player.accel, wanted)
    other = word(node, "entityRef")  # RelativeSpeedCondition
    return _guarded(
        lambda stage, player: compare(rule, player.speed - _present(stage, other).speed, wanted)
    )


def _present(stage: Stage, name: str) -> Player:
    player = stage.players[name]
    if not player.present:
        raise _AbsentError(f"the entity {name!r} is not there")
    return player


class _AbsentError(OpenScenarioError):
    """A condition asks about somebody who is not on stage; its answer is no."""


def _guarded(ask: EntityCheck) -> EntityCheck:
    def check(stage: Stage, player: Player) -> bool:
        try:
            return ask(stage, player)
        except _AbsentError:
            return False

    return check


def _size(player: Player) -> Extent:
    return player.role.body.length, player.role.body.width


def _collision(node: Node, left_handed: bool) -> EntityCheck:
    partner, kind = node.find("EntityRef"), node.find("ByType")
    name = word(partner, "entityRef") if partner is not None else None
    category = word(kind, "type") if kind is not None else None

    def check(stage: Stage, player: Player) -> bool:
        for other in stage.players.values():
            wanted = other.name == name if name else other.role.category == category
            if other is player or not other.present or not wanted:
                continue
            if (
                distance(
                    "cartesianDistance", player.pose, _size(player), other.pose, _size(other), True
                )
                <= 0.0
            ):
                return True
        return name is None and stage.touched(player, category or "")

    return check


def _reach(node: Node, left_handed: bool) -> EntityCheck:
    where = Where.of(node.child("Position"), left_handed)
    tolerance = number(node, "tolerance")

    def check(stage: Stage, player: Player) -> bool:
        goal = where.pose(stage.roads, stage.pose_of)
        return math.hypot(goal.x - player.pose.x, goal.y - player.pose.y) <= tolerance

    return check


def _distance(node: Node, left_handed: bool) -> EntityCheck:
    where = Where.of(node.child("Position"), left_handed)
    rule, wanted, free = word(node, "rule"), number(node, "value"), flag(node, "freespace")
    kind = word(node, "relativeDistanceType", "cartesianDistance")

    def check(stage: Stage, player: Player) -> bool:
        goal = where.pose(stage.roads, stage.pose_of)
        away = distance(kind, player.pose, _size(player), goal, POINT, free)
        return compare(rule, away, wanted)

    return check


def _relative_distance(node: Node, left_handed: bool) -> EntityCheck:
    rule, wanted, free = word(node, "rule"), number(node, "value"), flag(node, "freespace")
    kind, name = word(node, "relativeDistanceType"), word(node, "entityRef")

    def check(stage: Stage, player: Player) -> bool:
        other = _present(stage, name)
        return compare(
            rule,
            distance(kind, player.pose, _size(player), other.pose, _size(other), free),
            wanted,
        )

    return _guarded(check)


def _headway(node: Node, left_handed: bool) -> EntityCheck:
    """Time in which the actor is where the other is now: distance over its own speed."""
    rule, wanted, free = word(node, "rule"), number(node, "value"), flag(node, "freespace")
    kind, name = word(node, "relativeDistanceType", "longitudinal"), word(node, "entityRef")

    def check(stage: Stage, player: Player) -> bool:
        other = _present(stage, name)
        away = distance(kind, player.pose, _size(player), other.pose, _size(other), free)
        return compare(rule, away / player.speed if player.speed > NEARLY else math.inf, wanted)

    return _guarded(check)


def _collision_time(node: Node, left_handed: bool) -> EntityCheck:
    """Time until both meet if they go on as they do: distance over the speed of approach."""
    rule, wanted, free = word(node, "rule"), number(node, "value"), flag(node, "freespace")
    kind = word(node, "relativeDistanceType", "cartesianDistance")
    target = node.child("TimeToCollisionConditionTarget").children[0]
    where = Where.of(target, left_handed) if target.tag == "Position" else None
    name = word(target, "entityRef")

    def check(stage: Stage, player: Player) -> bool:
        vx, vy = _velocity(player)
        if where is not None:
            goal, size, speed = where.pose(stage.roads, stage.pose_of), POINT, (0.0, 0.0)
        else:
            other = _present(stage, name)
            goal, size, speed = other.pose, _size(other), _velocity(other)
        dx, dy = goal.x - player.pose.x, goal.y - player.pose.y
        apart = math.hypot(dx, dy)
        closing = ((vx - speed[0]) * dx + (vy - speed[1]) * dy) / max(apart, NEARLY)
        away = distance(kind, player.pose, _size(player), goal, size, free)
        return compare(rule, away / closing if closing > NEARLY else math.inf, wanted)

    return _guarded(check)


def _velocity(player: Player) -> tuple[float, float]:
    pose: Pose = player.pose
    return player.speed * math.cos(pose.yaw), player.speed * math.sin(pose.yaw)


_MAKERS: dict[str, Callable[[Node, bool], EntityCheck]] = {
    "CollisionCondition": _collision,
    "ReachPositionCondition": _reach,
    "DistanceCondition": _distance,
    "RelativeDistanceCondition": _relative_distance,
    "TimeHeadwayCondition": _headway,
    "TimeToCollisionCondition": _collision_time,
}
