"""Tally: what a drive adds up to, from what the world counts and what is seen of it."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import fields

import numpy as np

from roadworthy.agents.evaluation.course import Course, Step
from roadworthy.agents.evaluation.metrics import bench2drive, pdm
from roadworthy.agents.evaluation.metrics.comfort import FILTER_WINDOW, Motion, smoothness
from roadworthy.agents.evaluation.metrics.emergency import EmergencyYield
from roadworthy.agents.evaluation.metrics.in_route import InRoute
from roadworthy.agents.evaluation.metrics.min_speed import MinimumSpeed
from roadworthy.agents.evaluation.metrics.outside_lanes import OutsideLanes
from roadworthy.agents.evaluation.metrics.route_completion import RouteCompletion
from roadworthy.agents.evaluation.metrics.route_timeout import RouteTimeout
from roadworthy.agents.evaluation.metrics.scenario_timeout import LIMIT, ScenarioTimeouts
from roadworthy.agents.evaluation.results import Incident, Involved
from roadworthy.agents.evaluation.score import INFRACTIONS, Offences, Score, Version, score_route
from roadworthy.agents.evaluation.series import Sample, Series
from roadworthy.agents.evaluation.sight import Sight
from roadworthy.sim.scenario.script import Progress
from roadworthy.sim.scenery.layout import Prop
from roadworthy.sim.world.columns import Actor, Ego, Event, Hit, Kind

# World counter -> infraction of the result file, with the leaderboard's wording.
_COUNTED = (
    (Event.COLLISION_VEHICLE, "collisions_vehicle", "Agent collided against a vehicle"),
    (Event.COLLISION_WALKER, "collisions_pedestrian", "Agent collided against a pedestrian"),
    (Event.COLLISION_STATIC, "collisions_layout", "Agent collided against a static object"),
    (Event.RED_LIGHT, "red_light", "Agent ran a red light"),
    (Event.STOP_SIGN, "stop_infraction", "Agent ran a stop"),
)
_DEVIATED, _TIMED_OUT = "Agent deviated from the route", "Agent timed out"
# Endings that the world judges -> infraction, sentence.
_ENDINGS = (
    (Event.ROUTE_DEVIATION, "route_dev", _DEVIATED),
    (Event.BLOCKED, "vehicle_blocked", "Agent got blocked"),
    (Event.TIMEOUT, "route_timeout", _TIMED_OUT),
)
_COLLISIONS: Mapping[str, Callable[[int, int], bool]] = {
    "collisions_vehicle": lambda kind, actor: actor >= 0 and kind not in (Kind.WALKER, Kind.PROP),
    "collisions_pedestrian": lambda kind, actor: actor >= 0 and kind == Kind.WALKER,
    "collisions_layout": lambda kind, actor: actor < 0 or kind == Kind.PROP,
}
_STATE = 4 * int(Actor.LENGTH)  # bytes of a row that are the ego's state
_COLUMNS = len(fields(pdm.Trace)) - 1  # those that are series
_ON_STAGE = 1.0  # Progress.STATE
Place = tuple[float, float, float]  # x, y, z [m]


class Tally:
    """Collects what happens to one ego on one route."""

    def __init__(self, course: Course) -> None:
        """Begin a drive; `Witness.tally` makes the course."""
        self.course = course
        route, length = course.route, max(course.route.length, 1e-3)
        self._finished = False
        self._failure: str | None = None
        self.reason = ""  # of a failure that is no infraction, in detail
        self.pace = MinimumSpeed(length)
        self._completion = RouteCompletion(length)
        self._outside = OutsideLanes()
        self._in_route = InRoute(length)
        self._timeout = RouteTimeout(route, course.timeout_base, course.timeout_share)
        self._scenarios = ScenarioTimeouts(len(course.stages))
        self._emergencies = [EmergencyYield(one.wanted) for one in course.emergencies]
        self._last: tuple[float, float] | None = None
        self._hash = hashlib.blake2b(digest_size=16)
        self._trace: list[tuple[float, ...]] = []  # columns of metrics.pdm.Trace
        self._samples: list[Sample] = []  # what the report's plots are made of
        self.infractions: dict[str, list[str]] = {name: [] for name in INFRACTIONS}
        self.incidents: list[Incident] = []  # all infractions, with time and place
        self.log: list[tuple[float, str]] = []  # (time [s], what happened)
        self.decisions = 0  # steps taken in
        self._place: Place = (0.0, 0.0, 0.0)
        self._time = self._s = 0.0  # [s], [m] along the route, now
        self._left: Incident | None = None  # where it first left its lanes

    def note(self, step: Step) -> None:
        """Take in one step."""
        row, ego, events = step.actors[0], step.ego.tolist(), step.events.tolist()
        x, y, z = row[: Actor.Z + 1].tolist()
        self._place = x, y, z
        speed, sight = float(row[Actor.SPEED]), step.sight.tolist()
        self._time, self._s = step.time, ego[Ego.ROUTE_S]
        self.decisions += 1
        if any(events):
            self._count(step, events)
        self._completion.note(ego[Ego.PROGRESS], bool(events[Event.FINISHED]))
        progress = self._completion.progress
        self._pace(self.pace.note(progress, speed, sight[Sight.TRAFFIC]))
        before = self._last or (x, y)
        self._outside.note(math.hypot(x - before[0], y - before[1]), ego[Ego.OFFROAD_DISTANCE])
        self._last = (x, y)
        if self._outside.outside > 0.0 and self._left is None:
            self._left = self._incident("outside_route_lanes", "")
        accel, lateral = float(row[Actor.ACCEL]), ego[Ego.LATERAL_ACCEL]
        self._keep(step, events, ego, (accel, lateral, float(row[Actor.YAW]), progress), sight)
        self._samples.append((step.time, ego[Ego.ROUTE_S], speed, accel, lateral, x, y))
        self._hash.update(row.tobytes()[:_STATE])
        if self.course.stages:
            self._watch_events(step, sight[Sight.STAGE_CLOCK])
        if events[Event.FINISHED]:
            self._finished = True
            return
        for event, name, sentence in _ENDINGS:
            if events[event]:
                self._end(name, sentence)
        if self._in_route.note(ego[Ego.ROUTE_S], ego[Ego.ROUTE_LATERAL]):
            self._end("route_dev", _DEVIATED)
        if self._timeout.note(step.time, progress):
            self._end("route_timeout", _TIMED_OUT)

    def finish(self) -> None:
        """The drive is over because its story is; the route counts as driven."""
        self._finished = self._completion.finished = True

    def fail(self, time: float, sentence: str, reason: str = "") -> None:
        """End the drive for a reason of the caller's.

        Args:
            time: of the world [s].
            sentence: of the status, such as "Agent crashed".
            reason: what happened in detail; kept in the log and in `reason`.
        """
        # Names of files may hold half a pair of UTF-16, which JSON readers refuse.
        reason = reason.encode("utf-8", "replace").decode()
        self._failure, self.reason = sentence, reason
        self.log.append((time, f"{sentence}: {reason}" if reason else sentence))

    @property
    def over(self) -> bool:
        """Whether the drive has ended."""
        return self._finished or self._failure is not None

    @property
    def completion(self) -> float:
        """Share of the route that was driven [%]."""
        return self._completion.percent

    @property
    def trajectory(self) -> str:
        """Hash of all the states of the ego."""
        return self._hash.hexdigest()

    def series(self) -> Series:
        """How it went so far, sample by sample."""
        return Series.of(self._samples, self.course.route)

    def trace(self) -> pdm.Trace:
        """What the measures of `metrics/` are taken of, so far."""
        columns = np.array(self._trace, np.float64).reshape(len(self._trace), _COLUMNS).T
        return pdm.Trace(self.course.step, *columns)

    def smoothness(self) -> float | None:
        """Share of the drive [0, 1] that was comfortable; None where it was too short to tell."""
        trace = self.trace()
        if len(trace) < FILTER_WINDOW:
            return None
        return smoothness(Motion(trace.step, trace.longitudinal, trace.lateral, trace.yaw))

    def metrics(self) -> dict[str, float | None]:
        """Figures of the drive by names of METRICS, besides those that the result file has."""
        found: dict[str, float | None] = {
            "bench2drive_score": bench2drive.driving_score(self.completion, self.offences()),
            **pdm.measure(self.trace()),
        }
        return {name: None if v is None else round(v, 6) for name, v in found.items()}

    def offences(self) -> Offences:
        """What the penalty is made of, so far."""
        counts = {name: len(found) for name, found in self.infractions.items() if found}
        counts.pop("outside_route_lanes", None)  # enters by its share, not by its count
        slow = tuple(p for p in self.pace.percents if p < 100.0)
        return Offences(counts, self._outside.percent, slow)

    def score(self, version: Version = "2.0") -> Score:
        """Score so far."""
        return score_route(self.completion, self.offences(), version)

    def close(self) -> None:
        """Add what is known only at the end."""
        self._pace(self.pace.close(self.completion))
        for number in range(len(self._emergencies)):
            self._judge_yielding(number)
        share = self._outside.percent
        if share > 0.0 and not self.infractions["outside_route_lanes"]:
            message = (
                f"Agent went outside its route lanes for about {self._outside.outside:.3f} meters "
                f"({share:.2f}% of the completed route)"
            )
            self.infractions["outside_route_lanes"].append(message)
            if self._left is not None:
                self.incidents.append(self._left.model_copy(update={"message": message}))
        self.incidents.sort(key=lambda incident: incident.time)

    def status(self) -> str:
        """Status of the result file."""
        if self._finished:
            return "Completed" if any(self.infractions.values()) else "Perfect"
        return f"Failed - {self._failure}" if self._failure else "Failed"

    def _keep(
        self,
        step: Step,
        events: list[int],
        ego: list[float],
        motion: tuple[float, float, float, float],
        sight: list[float],
    ) -> None:
        """Keep what `trace` gives back; columns are those of metrics.pdm.Trace."""
        row, fault, against = step.actors[0], 0.0, 0.0
        if len(step.hits):
            blame = step.hits[step.hits[:, Hit.FAULT] > 0.0]
            users = (blame[:, Hit.ACTOR] >= 0.0) & (blame[:, Hit.KIND] != Kind.PROP)
            fault = pdm.HIT_USER if users.any() else pdm.HIT_THING if len(blame) else 0.0
        if events[Event.WRONG_LANE]:
            against = abs(float(row[Actor.SPEED])) * self.course.step
        on_lane = row[Actor.LANE] >= 0.0
        self._trace.append(
            (
                *motion,
                sight[Sight.TRAFFIC],
                sight[Sight.LIMIT],
                sight[Sight.JUNCTION],
                sight[Sight.ON_ROAD],
                sight[Sight.CLOSING],
                float(row[Actor.LATERAL]) if on_lane else ego[Ego.ROUTE_LATERAL],
                against,
                fault,
                float(events[Event.RED_LIGHT]),
            )
        )

    def _count(self, step: Step, events: list[int]) -> None:
        """Add what the world counted in this step, with who was hit."""
        for event, name, sentence in _COUNTED:
            if not events[event]:
                continue
            touched = self._involved(step, name)
            for k in range(events[event]):
                actors = touched[k : k + 1] if k < events[event] - 1 else touched[k:]
                self._add(name, f"{sentence} {self._where()}", actors)

    def _involved(self, step: Step, name: str) -> list[Involved]:
        """Who or what an infraction of this step was about."""
        if name in _COLLISIONS:
            return _touched(step, _COLLISIONS[name])
        light = name == "red_light"
        signal = self.course.signal_near(self._s, light)
        return (
            []
            if signal is None
            else [Involved(kind="LIGHT" if light else "STOP_SIGN", index=signal)]
        )

    def _watch_events(self, step: Step, longest: float) -> None:
        """Follow the events of the route: time-outs, and who comes with a siren."""
        if longest > LIMIT:
            clocks = step.stages[:, Progress.CLOCK].tolist()
            for e in self._scenarios.note(clocks):
                kind = self.course.stages[e]
                self._add("scenario_timeouts", f"Agent timed out a scenario ({kind})")
        for number, one in enumerate(self.course.emergencies):
            state = float(step.stages[one.event, Progress.STATE])
            if state > _ON_STAGE:
                self._judge_yielding(number)
            elif state == _ON_STAGE:
                self._follow(number, step)

    def _follow(self, number: int, step: Step) -> None:
        """Note how an emergency vehicle gets on behind the ego."""
        me, other = step.actors[0], step.actors[self.course.emergencies[number].actor]
        if other[Actor.ALIVE] == 0.0:
            return
        dx, dy = float(me[Actor.X] - other[Actor.X]), float(me[Actor.Y] - other[Actor.Y])
        yaw = float(me[Actor.YAW])
        along = math.cos(yaw) * dx + math.sin(yaw) * dy
        gap = along - 0.5 * float(me[Actor.LENGTH] + other[Actor.LENGTH])
        aside = float(step.ego[Ego.ROUTE_LATERAL])
        speeds = float(other[Actor.SPEED]), float(me[Actor.SPEED])
        self._emergencies[number].note(gap, *speeds, aside)

    def _judge_yielding(self, number: int) -> None:
        percent = self._emergencies[number].close()
        if percent is not None:
            one = Involved(kind="EMERGENCY", index=self.course.emergencies[number].actor)
            message = (
                "Agent failed to yield to an emergency vehicle, which drove at "
                f"{percent}% of its wanted speed behind it"
            )
            self._add("yield_emergency_vehicle_infractions", message, [one])

    def _end(self, name: str, sentence: str) -> None:
        """End the drive, unless it has ended already."""
        if self._failure is None:
            self._failure = sentence
            self._add(name, f"{sentence} {self._where()}")

    def _pace(self, percent: float | None) -> None:
        """Tell that a checkpoint was passed more slowly than the traffic drives."""
        if percent is not None:
            message = f"Average speed is {percent}% of the surrounding traffic's one"
            self._add("min_speed_infractions", message)

    def _where(self) -> str:
        x, y, z = self._place
        return f"at (x={x:.2f}, y={y:.2f}, z={z:.2f})"

    def _add(self, name: str, message: str, actors: list[Involved] | None = None) -> None:
        self.infractions[name].append(message)
        self.incidents.append(self._incident(name, message, actors))
        self.log.append((self._time, message))

    def _incident(self, name: str, message: str, actors: list[Involved] | None = None) -> Incident:
        x, y, z = (round(value, 2) for value in self._place)
        return Incident(
            kind=name,
            time=round(self._time, 2),
            x=x,
            y=y,
            z=z,
            message=message,
            route_s=round(self._s, 2),
            decision=max(self.decisions - 1, 0),
            actors=actors or [],
        )


def _touched(step: Step, fits: Callable[[int, int], bool]) -> list[Involved]:
    """Whom or what the ego touched in a step, of those that a kind of collision is about."""
    found = []
    for hit in step.hits:
        actor, kind = int(hit[Hit.ACTOR]), int(hit[Hit.KIND])
        if fits(kind, actor):
            name = Kind(kind).name if actor >= 0 else Prop(kind).name
            found.append(Involved(kind=name, index=actor if actor >= 0 else -1 - actor))
    return found
