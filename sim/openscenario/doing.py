"""What all actions have in common while they run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roadworthy.sim.openscenario.reading import Node

if TYPE_CHECKING:
    from roadworthy.sim.openscenario.player import Player
    from roadworthy.sim.openscenario.stage import Stage

ALONG, ACROSS, ROUTE, PLACE = "along", "across", "route", "place"  # domains


class Doing:
    """One action of one actor on its way; by itself it does nothing and is done at once.

    Two doings of one actor and one domain contradict each other: the later ends the earlier.

    Attributes:
        node: the element that asks for it.
        actor: the entity that acts; "" for actions that are nobody's.
        domain: what it is about; "" where it contradicts nothing.
        ended: it was ended by another one.
    """

    domain = ""

    def __init__(self, node: Node, actor: str = "") -> None:
        self.node, self.actor = node, actor
        self.ended = False

    def begin(self, stage: Stage) -> None:
        """Start to act."""

    def step(self, stage: Stage, dt: float) -> bool:
        """Act for the tick of `dt` seconds that comes; whether it is done."""
        return True

    def me(self, stage: Stage) -> Player:
        """The actor."""
        return stage.players[self.actor]

    def other(self, stage: Stage, name: str) -> Player:
        """Another entity that is on stage.

        Raises:
            OpenScenarioError: it is not.
        """
        player = stage.players[name]
        if not player.present:
            raise self.node.fault(f"the entity {name!r} is not there at {stage.time:.2f} s")
        return player
