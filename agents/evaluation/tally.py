"""Tally: what a drive adds up to, from the counters of the world."""

from __future__ import annotations

import hashlib
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roadworthy.agents.evaluation.metrics.min_speed import MinimumSpeed
from roadworthy.agents.evaluation.results import Incident
from roadworthy.agents.evaluation.score import INFRACTIONS, Offences, Score, Version, score_route
from roadworthy.agents.evaluation.series import Sample, Series
from roadworthy.sim.road.route import Route
from roadworthy.sim.world.columns import Actor, Ego, Event

# World counter -> infraction of the result file, with the leaderboard's wording.
_COUNTED = (
    (Event.COLLISION_VEHICLE, "collisions_vehicle", "Agent collided against a vehicle"),
    (Event.COLLISION_WALKER, "collisions_pedestrian", "Agent collided against a pedestrian"),
    (Event.COLLISION_STATIC, "collisions_layout", "Agent collided against a static object"),
    (Event.RED_LIGHT, "red_light", "Agent ran a red light"),
    (Event.STOP_SIGN, "stop_infraction", "Agent ran a stop"),
)
# Endings -> infraction, sentence, status of the result file.
_ENDINGS = (
    (Event.ROUTE_DEVIATION, "route_dev", "Agent deviated from the route"),
    (Event.BLOCKED, "vehicle_blocked", "Agent got blocked"),
    (Event.TIMEOUT, "route_timeout", "Agent timed out"),
)


STEP = 0.1  # [s] between two notes: agents decide every second tick
Place = tuple[float, float, float]  # x, y, z [m]


class Tally:
    """Collects what happens to one ego on one route."""

    def __init__(self, route: Route) -> None:
        self._route = route
        self._length = max(route.length, 1e-3)
        self._finished = False
        self._failure: str | None = None
        self.reason = ""  # of a failure that is no infraction, in detail
        self._progress = 0.0  # [m]
        self._outside = 0.0  # [m]
        self.pace = MinimumSpeed(self._length)
        self._driven = 0.0  # [m]
        self._last: tuple[float, float] | None = None
        self._hash = hashlib.blake2b(digest_size=16)
        self._motion: list[tuple[float, float, float]] = []  # accelerations and yaw, each step
        self._samples: list[Sample] = []  # what the report's plots are made of
        self.infractions: dict[str, list[str]] = {name: [] for name in INFRACTIONS}
        self.incidents: list[Incident] = []  # all infractions, with time and place
        self.log: list[tuple[float, str]] = []  # (time [s], what happened)
        self._here: tuple[float, Place] | None = None
        self._left: tuple[float, Place] | None = None  # when and where it first left its lanes

    def note(
        self,
        time: float,
        events: NDArray[Any],
        ego: NDArray[np.float32],
        row: NDArray[np.float32],
        traffic: float = math.nan,
    ) -> None:
        """Take in one step.

        Args:
            time: of the world [s].
            events: [Event] what happened in this step.
            ego: [Ego] after it.
            row: [Actor] the ego's row after it.
            traffic: mean speed of the background traffic [m/s]; NaN where there is none.
        """
        x, y, z = place = float(row[Actor.X]), float(row[Actor.Y]), float(row[Actor.Z])
        self._here = time, place
        where = f"at (x={x:.2f}, y={y:.2f}, z={z:.2f})"
        for event, name, sentence in _COUNTED:
            for _ in range(int(events[event])):
                self._add(time, name, f"{sentence} {where}", place)
        self._progress = max(self._progress, float(ego[Ego.PROGRESS]))
        self._outside = float(ego[Ego.OFFROAD_DISTANCE])
        self._pace(time, self.pace.note(self._progress, float(row[Actor.SPEED]), traffic), place)
        if self._outside > 0.0 and self._left is None:
            self._left = time, place
        if self._last is not None:
            self._driven += float(np.hypot(x - self._last[0], y - self._last[1]))
        self._last = (x, y)
        self._motion.append(
            (float(row[Actor.ACCEL]), float(ego[Ego.LATERAL_ACCEL]), float(row[Actor.YAW]))
        )
        speed, (accel, lateral, _) = float(row[Actor.SPEED]), self._motion[-1]
        self._samples.append((time, float(ego[Ego.ROUTE_S]), speed, accel, lateral, x, y))
        self._hash.update(np.ascontiguousarray(row[: int(Actor.LENGTH)], np.float32).tobytes())
        if events[Event.FINISHED]:
            self._finished = True
            return
        for event, name, sentence in _ENDINGS:
            if events[event] and self._failure is None:
                self._failure = sentence
                self._add(time, name, f"{sentence} {where}", place)

    def finish(self) -> None:
        """The drive is over because its story is; the route counts as driven."""
        self._finished = True

    def fail(self, time: float, sentence: str, reason: str = "") -> None:
        """End the drive for a reason of the caller's.

        Args:
            time: of the world [s].
            sentence: of the status, such as "Agent crashed".
            reason: what happened in detail; kept in the log and in `reason`.
        """
        self._failure, self.reason = sentence, reason
        self.log.append((time, f"{sentence}: {reason}" if reason else sentence))

    @property
    def over(self) -> bool:
        """Whether the drive has ended."""
        return self._finished or self._failure is not None

    @property
    def completion(self) -> float:
        """Share of the route that was driven [%]."""
        if self._finished:
            return 100.0
        return min(max(100.0 * self._progress / self._length, 0.0), 100.0)

    @property
    def trajectory(self) -> str:
        """Hash of all the states of the ego."""
        return self._hash.hexdigest()

    def series(self) -> Series:
        """How it went so far, sample by sample."""
        return Series.of(self._samples, self._route)

    def smoothness(self) -> float | None:
        """Share of the drive [0, 1] that was comfortable; None where it was too short to tell."""
        # Imported here: SciPy takes a while, and nobody should wait for it before a drive.
        from roadworthy.agents.evaluation.metrics.comfort import FILTER_WINDOW, Motion, smoothness

        if len(self._motion) < FILTER_WINDOW:
            return None
        along, across, yaw = np.array(self._motion).T
        return smoothness(Motion(STEP, along, across, yaw))

    def offences(self) -> Offences:
        """What the penalty is made of, so far."""
        counts = {name: len(found) for name, found in self.infractions.items() if found}
        counts.pop("outside_route_lanes", None)  # enters by its share, not by its count
        share = 100.0 * self._outside / self._driven if self._driven > 1.0 else 0.0
        slow = tuple(p for p in self.pace.percents if p < 100.0)
        return Offences(counts, min(max(share, 0.0), 100.0), slow)

    def score(self, version: Version = "2.0") -> Score:
        """Score so far."""
        return score_route(self.completion, self.offences(), version)

    def close(self) -> None:
        """Add what is known only at the end."""
        if self._here is not None:
            self._pace(self._here[0], self.pace.close(self.completion), self._here[1])
        share = self.offences().outside_percent
        if share > 0.0 and not self.infractions["outside_route_lanes"]:
            message = (
                f"Agent went outside its route lanes for about {self._outside:.3f} meters "
                f"({share:.2f}% of the completed route)"
            )
            self.infractions["outside_route_lanes"].append(message)
            if self._left is not None:
                self._note("outside_route_lanes", *self._left, message)
        self.incidents.sort(key=lambda incident: incident.time)

    def status(self) -> str:
        """Status of the result file."""
        if self._finished:
            return "Completed" if any(self.infractions.values()) else "Perfect"
        return f"Failed - {self._failure}" if self._failure else "Failed"

    def _pace(self, time: float, percent: float | None, place: Place) -> None:
        """Tell that a checkpoint was passed more slowly than the traffic drives."""
        if percent is not None:
            message = f"Average speed is {percent}% of the surrounding traffic's one"
            self._add(time, "min_speed_infractions", message, place)

    def _add(self, time: float, name: str, message: str, place: Place) -> None:
        self.infractions[name].append(message)
        self._note(name, time, place, message)
        self.log.append((time, message))

    def _note(self, name: str, time: float, place: Place, message: str) -> None:
        x, y, z = (round(value, 2) for value in place)
        self.incidents.append(
            Incident(kind=name, time=round(time, 2), x=x, y=y, z=z, message=message)
        )
