"""The route of the ego: an OpenSCENARIO file has none, but agents drive along one.

It begins where the ego stands. Where the file sends the ego somewhere (AcquirePosition,
AssignRoute), it leads there. Otherwise it goes straight on, and turns only where the story waits
for the ego at places that it would not come to else.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from roadworthy.sim.errors import OpenScenarioError, RouteError
from roadworthy.sim.openscenario.document import Document
from roadworthy.sim.openscenario.elements import number, word
from roadworthy.sim.openscenario.positions import Where
from roadworthy.sim.openscenario.reading import Node
from roadworthy.sim.openscenario.roads import Pose, RoadFrame
from roadworthy.sim.road.network import LaneType, Point
from roadworthy.sim.road.route import Route
from roadworthy.sim.road.route_geometry import Run, build_route
from roadworthy.sim.road.routing import plan_route

LENGTH = 400.0  # [m] of a route, where nothing asks for more
LONGEST = 1500.0  # [m]
ROOM = 60.0  # [m] beyond what the story waits for the ego to drive
FAR, LONG = 1400.0, 600.0  # [m], [s] conditions beyond these are meant never to be met
CHOICES = 4  # junctions at which other ways than straight on are looked at


@dataclass(frozen=True, slots=True)
class Spot:
    """A place near which the story waits for the ego."""

    x: float  # [m]
    y: float
    radius: float  # [m] within which the ego must come


def route_of(document: Document, roads: RoadFrame, ego: str, poses: Mapping[str, Pose]) -> Route:
    """Find the ego's route.

    Args:
        document: the scenario.
        roads: of its town.
        ego: the entity that is tested.
        poses: where everybody stands at the beginning.

    Raises:
        OpenScenarioError: the ego stands nowhere, or beside the roads, or cannot come to where
            the file sends it.
    """
    if ego not in poses:
        raise document.storyboard.child("Init").fault(
            f"puts the entity {ego!r} nowhere, which is to be driven; give it a <TeleportAction>"
        )
    start = poses[ego]
    targets = _targets(document, roads, ego, poses)
    name = f"{document.name}"
    if targets:
        points = np.array([(p.x, p.y, p.z) for p in (start, *targets)])
        yaws = np.array([start.yaw, *(math.nan for _ in targets)])
        try:
            return plan_route(roads.network, points, id=name, yaws=yaws)
        except RouteError as error:
            raise document.storyboard.fault(f"the way of {ego!r}: {error}") from None
    place = roads.locate(start.x, start.y, start.z, start.yaw)
    if place is None:
        raise document.storyboard.child("Init").fault(
            f"puts {ego!r} at x={start.x:.1f}, y={start.y:.1f}, where {roads.network.name} has no "
            "driving lane"
        )
    length = _length(document, roads, ego, place.lane)
    lanes = _choose(roads, place.lane, place.s, length, _spots(document, roads, ego, poses))
    return build_route(roads.network, _runs(roads, lanes, place.s, length), name)


def _runs(roads: RoadFrame, lanes: Sequence[int], s: float, length: float) -> list[Run]:
    runs: list[Run] = []
    left = length
    for lane in lanes:
        whole = float(roads.network.lane_length[lane])
        end = min(s + left, whole)
        if end - s > 0.01 or not runs:
            runs.append(Run.along((lane,), s / whole, max(end, s + 0.01) / whole))
        left -= end - s
        s = 0.0
        if left <= 0.0:
            break
    return runs


def _choose(
    roads: RoadFrame, lane: int, s: float, length: float, spots: Sequence[Spot]
) -> list[int]:
    """Choose among the ways ahead: by spots that are missed, then by how much they turn."""
    best: tuple[tuple[int, float], list[int]] | None = None
    for lanes in _ways(roads, [lane], length + s, CHOICES if spots else 0):
        points = np.concatenate([roads.network.lane_points(k) for k in lanes])[:, :2]
        missed = sum(
            not bool((np.hypot(points[:, 0] - p.x, points[:, 1] - p.y) <= p.radius).any())
            for p in spots
        )
        turned = round(sum(_turn(roads, k) for k in lanes), 3)
        if best is None or (missed, turned) < best[0]:
            best = (missed, turned), lanes
    assert best is not None
    return best[1]


def _turn(roads: RoadFrame, lane: int) -> float:
    points = roads.network.lane_points(lane)
    return abs(float(points[-1, Point.YAW] - points[0, Point.YAW]))


def _ways(roads: RoadFrame, lanes: list[int], left: float, choices: int) -> list[list[int]]:
    """All ways on from the last of some lanes, straight on after so many choices."""
    network, lane = roads.network, lanes[-1]
    left -= float(network.lane_length[lane])
    first, last = network.successor_start[lane], network.successor_start[lane + 1]
    followers = [
        int(k)
        for k in network.successors[first:last].tolist()
        if network.lane_type[k] == LaneType.DRIVING and k not in lanes
    ]
    straight = roads.next_lane(lane)
    if choices <= 0:
        followers = [k for k in followers if k == straight]
    if left <= 0.0 or not followers:
        return [lanes]
    fewer = choices - (len(followers) > 1)
    return [way for k in followers for way in _ways(roads, [*lanes, k], left, fewer)]


def _targets(
    document: Document, roads: RoadFrame, ego: str, poses: Mapping[str, Pose]
) -> list[Pose]:
    """Where the file sends the ego, in the file's order."""
    found: list[Pose] = []
    for holder in _acts_of(document, ego):
        for node in holder.walk():
            if node.tag in ("AcquirePositionAction", "Waypoint"):
                where = Where.of(node.child("Position"), document.left_handed)
                found.append(_known(where, roads, poses))
    return found


def _acts_of(document: Document, ego: str) -> list[Node]:
    """Elements whose actions are the ego's."""
    init = document.storyboard.child("Init").child("Actions")
    holders = [node for node in init.all("Private") if word(node, "entityRef") == ego]
    for node in document.storyboard.walk():
        if node.tag == "ManeuverGroup":
            actors = [word(entry, "entityRef") for entry in node.child("Actors").all("EntityRef")]
            holders += node.all("Maneuver") if ego in actors else []
    return holders


def moves_ego(document: Document, ego: str) -> bool:
    """Whether the story itself has actions that move the ego."""
    tags = ("LongitudinalAction", "LateralAction", "SynchronizeAction", "FollowTrajectoryAction")
    return any(node.tag in tags for holder in _acts_of(document, ego) for node in holder.walk())


def _known(where: Where, roads: RoadFrame, poses: Mapping[str, Pose]) -> Pose:
    def pose_of(name: str, node: Node) -> Pose:
        if name not in poses:
            raise node.fault(f"the entity {name!r} is nowhere at the beginning")
        return poses[name]

    return where.pose(roads, pose_of)


def _entity_conditions(document: Document, ego: str) -> list[tuple[Node, bool]]:
    """The conditions of entities, each with whether the ego is who triggers."""
    found = []
    for node in document.storyboard.walk():
        if node.tag == "ByEntityCondition":
            names = [word(e, "entityRef") for e in node.child("TriggeringEntities").children]
            found.append((node.child("EntityCondition").children[0], ego in names))
    return found


def _spots(document: Document, roads: RoadFrame, ego: str, poses: Mapping[str, Pose]) -> list[Spot]:
    spots = []
    for node, by_ego in _entity_conditions(document, ego):
        try:
            if node.tag == "ReachPositionCondition" and by_ego:
                where = Where.of(node.child("Position"), document.left_handed)
                radius = number(node, "tolerance")
            elif node.tag == "DistanceCondition" and by_ego and word(node, "rule") == "lessThan":
                where = Where.of(node.child("Position"), document.left_handed)
                radius = number(node, "value")
            elif node.tag == "RelativeDistanceCondition" and word(node, "rule") == "lessThan":
                other = poses.get(word(node, "entityRef"))
                if by_ego and other and word(node, "relativeDistanceType") != "longitudinal":
                    spots.append(Spot(other.x, other.y, number(node, "value")))
                continue
            else:
                continue
            pose = _known(where, roads, poses)
        except OpenScenarioError:
            continue  # a place that is not known before the story is told
        spots.append(Spot(pose.x, pose.y, radius))
    return spots


def _length(document: Document, roads: RoadFrame, ego: str, lane: int) -> float:
    """A route long enough that the story ends before it does."""
    length = LENGTH
    for node, by_ego in _entity_conditions(document, ego):
        if node.tag == "TraveledDistanceCondition" and by_ego and number(node, "value") <= FAR:
            length = max(length, number(node, "value") + ROOM)
    limit = float(roads.network.lane_speed_limit[lane])
    for node in document.storyboard.walk():
        if node.tag == "SimulationTimeCondition" and number(node, "value") <= LONG:
            length = max(length, number(node, "value") * limit + ROOM)
    return min(length, LONGEST)
