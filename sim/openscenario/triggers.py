"""Triggers: conditions with edges and delays, put together in groups."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from roadworthy.sim.openscenario.conditions import check_of
from roadworthy.sim.openscenario.elements import number, word
from roadworthy.sim.openscenario.reading import Node

if TYPE_CHECKING:
    from roadworthy.sim.openscenario.stage import Stage

CRITERIA = "criteria_"  # how the names of conditions begin that are ScenarioRunner's criteria


class Watch:
    """One condition as it is looked at tick after tick; once met it stays met."""

    def __init__(self, node: Node, left_handed: bool) -> None:
        self.name = word(node, "name")
        self._check = check_of(node, left_handed)
        self._edge = word(node, "conditionEdge")
        self._delay = max(number(node, "delay", 0.0), 0.0)
        self.reset()

    def reset(self) -> None:
        """Forget what was."""
        self._before: bool | None = None
        self._due = math.inf
        self.met = False

    def look(self, stage: Stage) -> bool:
        """Look at it in this tick; whether it is met by now."""
        now, before = self._check(stage), self._before
        self._before = now
        rises, falls = now and not before, before is True and not now
        fires = {
            "none": now,
            "rising": rises,
            "falling": falls,
            "risingOrFalling": rises or falls,
        }[self._edge]
        if fires:
            self._due = min(self._due, stage.time + self._delay)
        if stage.time >= self._due - 1e-9:
            self.met = True
        return self.met


class Trigger:
    """A <StartTrigger> or <StopTrigger>: met where all conditions of one group are.

    Attributes:
        empty: it has no conditions, so it never fires.
        cause: names of the conditions that made it fire.
    """

    def __init__(self, node: Node | None, left_handed: bool) -> None:
        self._groups = [
            [
                Watch(condition, left_handed)
                for condition in group.all("Condition")
                if not word(condition, "name").startswith(CRITERIA)
            ]
            for group in (node.all("ConditionGroup") if node is not None else ())
        ]
        self._groups = [group for group in self._groups if group]
        self.empty = not self._groups
        self.cause = ""

    def reset(self) -> None:
        """Forget what was."""
        for group in self._groups:
            for watch in group:
                watch.reset()

    def fires(self, stage: Stage) -> bool:
        """Look at all conditions in this tick; whether the trigger fires."""
        fired = False
        for group in self._groups:
            met = [watch.look(stage) for watch in group]  # all, so that none misses its edge
            if all(met) and not fired:
                fired, self.cause = True, " and ".join(watch.name for watch in group)
        return fired
