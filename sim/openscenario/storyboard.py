"""The storyboard: stories of acts of maneuver groups of maneuvers of events of actions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from roadworthy.sim.openscenario.acting import doings
from roadworthy.sim.openscenario.doing import Doing
from roadworthy.sim.openscenario.elements import whole, word
from roadworthy.sim.openscenario.reading import Node
from roadworthy.sim.openscenario.triggers import Trigger

if TYPE_CHECKING:
    from roadworthy.sim.openscenario.stage import Stage

STANDBY, RUNNING, COMPLETE = "standbyState", "runningState", "completeState"
START, END, STOP, SKIP = "startTransition", "endTransition", "stopTransition", "skipTransition"


class Part:
    """A part of a story with its state; transitions last until the next tick."""

    def __init__(self, kind: str, node: Node, stage: Stage) -> None:
        self.kind, self.name = kind, word(node, "name")
        self.state = STANDBY
        self._when: dict[str, int] = {}
        stage.parts.setdefault((kind, self.name), []).append(self)

    def is_in(self, state: str, tick: int) -> bool:
        """Whether it is in a state, or made a transition in this tick or the one before."""
        if state in (STANDBY, RUNNING, COMPLETE):
            return self.state == state
        return tick - self._when.get(state, -10) <= 1

    def turn(self, transition: str, stage: Stage) -> None:
        """Make a transition."""
        self._when[transition] = stage.tick_number
        if transition != SKIP:
            self.state = RUNNING if transition == START else COMPLETE


class Action(Part):
    """One <Action>."""

    def __init__(self, node: Node, actors: Sequence[str], stage: Stage) -> None:
        super().__init__("action", node, stage)
        self._node, self._actors = node, actors
        self._running: list[Doing] = []
        self._cut = False

    def start(self, stage: Stage) -> None:
        """Begin what it does."""
        self.turn(START, stage)
        self._cut = False
        self._running = stage.begin(doings(self._node, self._actors, stage.left_handed))

    def tick(self, stage: Stage) -> None:
        """Act for a tick."""
        self._running, cut = stage.step(self._running)
        self._cut = self._cut or cut
        if not self._running:
            self.turn(STOP if self._cut else END, stage)

    def stop(self, stage: Stage) -> None:
        """End it before its time."""
        if self.state == RUNNING:
            stage.drop(self._running)
            self._running = []
            self.turn(STOP, stage)


class Event(Part):
    """One <Event>."""

    def __init__(self, node: Node, actors: Sequence[str], stage: Stage) -> None:
        super().__init__("event", node, stage)
        self._trigger_node = node.find("StartTrigger")
        self._trigger = Trigger(self._trigger_node, stage.left_handed)
        self._priority = word(node, "priority")
        self._most = max(whole(node, "maximumExecutionCount", 1), 1)
        self._count = 0
        self.actions = [Action(entry, actors, stage) for entry in node.all("Action")]

    def reset(self) -> None:
        """Stand by for another time."""
        self.state = STANDBY
        self._count = 0
        self._trigger.reset()

    def tick(self, stage: Stage, others: Sequence[Event]) -> None:
        """Start where it is time to, and act."""
        if self.state == STANDBY and self._is_time(stage):
            busy = any(other.state == RUNNING for other in others if other is not self)
            if self._priority == "skip" and busy:
                self.turn(SKIP, stage)
                self._trigger.reset()
                return
            self.turn(START, stage)
            for action in self.actions:
                action.start(stage)
        if self.state == RUNNING:
            for action in self.actions:
                if action.state == RUNNING:
                    action.tick(stage)
            if all(action.state == COMPLETE for action in self.actions):
                self.turn(END, stage)
                self._count += 1
                if self._count < self._most:
                    self.state = STANDBY
                    self._trigger.reset()

    def _is_time(self, stage: Stage) -> bool:
        # In OpenSCENARIO 1.2 an event without a trigger starts with its maneuver.
        return self._trigger_node is None or self._trigger.fires(stage)

    def stop(self, stage: Stage) -> None:
        """End it before its time."""
        for action in self.actions:
            action.stop(stage)
        if self.state != COMPLETE:
            self.turn(STOP, stage)


class Maneuver(Part):
    """One <Maneuver>."""

    def __init__(self, node: Node, actors: Sequence[str], stage: Stage) -> None:
        super().__init__("maneuver", node, stage)
        self.events = [Event(entry, actors, stage) for entry in node.all("Event")]

    def tick(self, stage: Stage) -> None:
        """Let its events act."""
        if self.state == STANDBY:
            self.turn(START, stage)
        for event in self.events:
            event.tick(stage, self.events)
        if self.state == RUNNING and all(event.state == COMPLETE for event in self.events):
            self.turn(END, stage)

    def stop(self, stage: Stage) -> None:
        """End it before its time."""
        for event in self.events:
            event.stop(stage)
        if self.state == RUNNING:
            self.turn(STOP, stage)


class Group(Part):
    """One <ManeuverGroup>."""

    def __init__(self, node: Node, stage: Stage) -> None:
        super().__init__("maneuverGroup", node, stage)
        actors = [word(entry, "entityRef") for entry in node.child("Actors").all("EntityRef")]
        self.maneuvers = [Maneuver(entry, actors, stage) for entry in node.all("Maneuver")]
        self._most = max(whole(node, "maximumExecutionCount"), 1)
        self._count = 0

    def tick(self, stage: Stage) -> None:
        """Let its maneuvers act, as often as they may."""
        if self.state == STANDBY:
            self.turn(START, stage)
        for maneuver in self.maneuvers:
            if maneuver.state != COMPLETE:
                maneuver.tick(stage)
        if all(maneuver.state == COMPLETE for maneuver in self.maneuvers):
            self._count += 1
            if self._count >= self._most or not self.maneuvers:
                self.turn(END, stage)
                return
            for maneuver in self.maneuvers:
                maneuver.state = STANDBY
                for event in maneuver.events:
                    event.reset()

    def stop(self, stage: Stage) -> None:
        """End it before its time."""
        for maneuver in self.maneuvers:
            maneuver.stop(stage)
        if self.state == RUNNING:
            self.turn(STOP, stage)


class Act(Part):
    """One <Act>."""

    def __init__(self, node: Node, stage: Stage) -> None:
        super().__init__("act", node, stage)
        self._start_node = node.find("StartTrigger")
        self._start = Trigger(self._start_node, stage.left_handed)
        self._stop = Trigger(node.find("StopTrigger"), stage.left_handed)
        self._groups = [Group(entry, stage) for entry in node.all("ManeuverGroup")]
        self.reason = ""

    def tick(self, stage: Stage) -> None:
        """Start, act, and end when it is time to."""
        if self.state == STANDBY and (self._start_node is None or self._start.fires(stage)):
            self.turn(START, stage)
        if self.state != RUNNING:
            return
        if self._stop.fires(stage):
            self.reason = f"act {self.name}: {self._stop.cause}"
            for group in self._groups:
                group.stop(stage)
            self.turn(STOP, stage)
            return
        for group in self._groups:
            if group.state != COMPLETE:
                group.tick(stage)
        if all(group.state == COMPLETE for group in self._groups):
            self.reason = f"act {self.name}: all its maneuvers are done"
            self.turn(END, stage)


class Story(Part):
    """One <Story>."""

    def __init__(self, node: Node, stage: Stage) -> None:
        super().__init__("story", node, stage)
        self.acts = [Act(entry, stage) for entry in node.all("Act")]

    def tick(self, stage: Stage) -> None:
        """Let its acts act."""
        if self.state == STANDBY:
            self.turn(START, stage)
        for act in self.acts:
            if act.state != COMPLETE:
                act.tick(stage)
        if self.state == RUNNING and all(act.state == COMPLETE for act in self.acts):
            self.turn(END, stage)


class Storyboard:
    """All stories of a scenario, on one stage."""

    def __init__(self, node: Node, stage: Stage) -> None:
        self.stories = [Story(entry, stage) for entry in node.all("Story")]
        self._stop = Trigger(node.find("StopTrigger"), stage.left_handed)
        self.over: str | None = None

    def tick(self, stage: Stage) -> None:
        """Act for a tick."""
        if self.over is not None:
            return
        if self._stop.fires(stage):
            self.over = f"the storyboard's stop trigger: {self._stop.cause}"
            return
        for story in self.stories:
            if story.state != COMPLETE:
                story.tick(stage)
        if self.stories and all(story.state == COMPLETE for story in self.stories):
            reasons = [act.reason for story in self.stories for act in story.acts]
            self.over = f"all acts have ended ({'; '.join(reasons)})"
