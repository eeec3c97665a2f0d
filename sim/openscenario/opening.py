"""The opening: where everybody stands when a scenario begins."""

from __future__ import annotations

from dataclasses import dataclass

from roadworthy.sim.openscenario.acting import global_doing, private_doings
from roadworthy.sim.openscenario.document import Document
from roadworthy.sim.openscenario.doing import Doing
from roadworthy.sim.openscenario.elements import word
from roadworthy.sim.openscenario.positions import Where
from roadworthy.sim.openscenario.reading import Node
from roadworthy.sim.openscenario.roads import Pose, RoadFrame
from roadworthy.sim.openscenario.routing import Assign, Teleport
from roadworthy.sim.openscenario.surroundings import AddEntity, DeleteEntity


@dataclass(frozen=True, eq=False)
class Opening:
    """The <Init> of a scenario: places first, then what is done."""

    places: tuple[tuple[str, Where, Node], ...]  # entity, where it appears, the element
    deleted: frozenset[str]
    others: tuple[Doing, ...]

    @classmethod
    def of(cls, document: Document) -> Opening:
        """Read it.

        Raises:
            OpenScenarioError: an action asks for what does not go together.
        """
        made: list[Doing] = []
        for node in document.storyboard.child("Init").child("Actions").children:
            if node.tag == "GlobalAction":
                made.append(global_doing(node, document.left_handed))
            elif node.tag == "Private":
                for part in node.all("PrivateAction"):
                    made += private_doings(part, word(node, "entityRef"), document.left_handed)
        places, others, deleted = [], [], set()
        for doing in made:
            if isinstance(doing, Teleport):
                places.append((doing.actor, doing.where, doing.node))
            elif isinstance(doing, AddEntity):
                places.append((doing.entity, doing.where, doing.node))
            elif isinstance(doing, DeleteEntity):
                deleted.add(doing.entity)
            elif not isinstance(doing, Assign):  # the players have their drivers already
                others.append(doing)
        return cls(tuple(places), frozenset(deleted), tuple(others))

    def poses(self, roads: RoadFrame) -> dict[str, Pose]:
        """Where everybody stands, in the order in which the places depend on each other.

        Raises:
            OpenScenarioError: a place is not in the town, or counts from somebody who has none.
        """
        found: dict[str, Pose] = {}
        waiting = list(self.places)

        def pose_of(name: str, node: Node) -> Pose:
            return found[name]

        while waiting:
            ready = [p for p in waiting if p[1].reference is None or p[1].reference in found]
            if not ready:
                _, where, _ = waiting[0]
                raise where.node.fault(
                    f"counts from the entity {where.reference!r}, which <Init> puts nowhere"
                )
            for entry in ready:
                found[entry[0]] = entry[1].pose(roads, pose_of)
                waiting.remove(entry)
        return found
