"""ScenarioRunner's criteria: conditions named criteria_NAME in the storyboard's stop trigger."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from roadworthy.sim.openscenario.elements import word
from roadworthy.sim.openscenario.reading import Node
from roadworthy.sim.openscenario.triggers import CRITERIA
from roadworthy.sim.road.network import LaneType, Point
from roadworthy.sim.scenario.story import Verdict
from roadworthy.sim.world.columns import Event

if TYPE_CHECKING:
    from roadworthy.sim.openscenario.stage import Stage

SIDEWALK_REACH = 0.5  # of a sidewalk's width, from its middle


@dataclass
class Drive:
    """What the criteria look at, summed up tick by tick."""

    counts: dict[Event, int] = field(default_factory=dict)
    onsets: dict[Event, int] = field(default_factory=dict)  # times that something began
    seconds: dict[Event, float] = field(default_factory=dict)
    distance: float = 0.0  # [m]
    top_speed: float = 0.0  # [m/s]
    time: float = 0.0  # [s]
    on_sidewalk: float = 0.0  # [m] driven there
    _before: frozenset[Event] = frozenset()

    def note(self, stage: Stage) -> None:
        """Take in a tick."""
        events = stage.world.batch.events[0]
        now = frozenset(event for event in Event if events[event])
        for event in now:
            self.counts[event] = self.counts.get(event, 0) + int(events[event])
            self.seconds[event] = self.seconds.get(event, 0.0) + stage.dt
            if event not in self._before:
                self.onsets[event] = self.onsets.get(event, 0) + 1
        self._before = now
        ego = stage.ego
        way = abs(ego.speed) * stage.dt
        self.distance += way
        self.top_speed = max(self.top_speed, abs(ego.speed))
        self.time += stage.dt
        if Event.OFF_ROAD in now and _on_sidewalk(stage):
            self.on_sidewalk += way

    def collisions(self) -> int:
        """Touches with anything."""
        kinds = (Event.COLLISION_VEHICLE, Event.COLLISION_WALKER, Event.COLLISION_STATIC)
        return sum(self.counts.get(event, 0) for event in kinds)


def _on_sidewalk(stage: Stage) -> bool:
    network, pose = stage.roads.network, stage.ego.pose
    rows = network.points[network.lane_type[network.point_lane] == LaneType.SIDEWALK]
    away = np.hypot(rows[:, Point.X] - pose.x, rows[:, Point.Y] - pose.y)
    near = int(np.argmin(away)) if len(away) else -1
    return near >= 0 and bool(away[near] <= SIDEWALK_REACH * rows[near, Point.WIDTH])


@dataclass(frozen=True)
class _Test:
    """One of ScenarioRunner's tests: what it measures, and what passes."""

    actual: Callable[[Drive], float]
    expected: float  # where the file gives no value
    at_least: bool = False  # actual >= expected passes; else actual <= expected
    parameter: str = ""  # that the file may give


_TESTS: dict[str, _Test] = {
    "CollisionTest": _Test(lambda drive: drive.collisions(), 0.0),
    "RunningRedLightTest": _Test(lambda drive: drive.counts.get(Event.RED_LIGHT, 0), 0.0),
    "RunningStopTest": _Test(lambda drive: drive.counts.get(Event.STOP_SIGN, 0), 0.0),
    "WrongLaneTest": _Test(lambda drive: drive.onsets.get(Event.WRONG_LANE, 0), 0.0),
    "OnSidewalkTest": _Test(lambda drive: drive.on_sidewalk, 0.0),
    "KeepLaneTest": _Test(lambda drive: drive.counts.get(Event.LANE_INVASION, 0), 0.0),
    "OffRoadTest": _Test(
        lambda drive: drive.seconds.get(Event.OFF_ROAD, 0.0), 0.0, False, "duration"
    ),
    "DrivenDistanceTest": _Test(lambda drive: drive.distance, 0.0, True, "distance_success"),
    "MaxVelocityTest": _Test(
        lambda drive: drive.top_speed, math.inf, False, "max_velocity_allowed"
    ),
    "AverageVelocityTest": _Test(
        lambda drive: drive.distance / max(drive.time, 1e-6), 0.0, True, "avg_velocity_success"
    ),
}
KNOWN = tuple(_TESTS)


@dataclass(frozen=True)
class Criterion:
    """One criterion of a file."""

    name: str  # as the file writes it
    test: str
    expected: float

    @classmethod
    def of(cls, node: Node) -> Criterion:
        """Read a <Condition> whose name begins with criteria_.

        Raises:
            OpenScenarioError: there is no such criterion, or its value is no number.
        """
        name = word(node, "name")
        test = _TESTS.get(name.removeprefix(CRITERIA))
        if test is None:
            raise node.fault(
                f"the criterion {name!r} is not known here; known are "
                + ", ".join(CRITERIA + known for known in KNOWN)
            )
        asked = next((n for n in node.walk() if n.tag == "ParameterCondition"), None)
        text = word(asked, "value") if asked is not None else ""
        if not text:
            return cls(name, name.removeprefix(CRITERIA), test.expected)
        try:
            expected = float(text)
        except ValueError:
            expected = math.nan
        if not math.isfinite(expected):
            assert asked is not None
            raise asked.fault(f"value={text!r} is no number that a criterion can ask for")
        if word(asked or node, "parameterRef") not in ("", test.parameter):
            assert asked is not None
            raise asked.fault(
                f"{name} takes {test.parameter or 'no parameter'}, not "
                f"{word(asked, 'parameterRef')!r}"
            )
        return cls(name, name.removeprefix(CRITERIA), expected)

    def verdict(self, drive: Drive) -> Verdict:
        """What it says of a drive by now."""
        test = _TESTS[self.test]
        actual = float(test.actual(drive))
        passed = actual >= self.expected if test.at_least else actual <= self.expected
        return Verdict(self.name, passed, actual, self.expected)


def criteria_of(storyboard: Node) -> list[Criterion]:
    """All criteria of a storyboard, wherever in its triggers they stand.

    Raises:
        OpenScenarioError: one is not known.
    """
    return [
        Criterion.of(node)
        for node in storyboard.walk()
        if node.tag == "Condition" and word(node, "name").startswith(CRITERIA)
    ]
