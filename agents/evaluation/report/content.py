"""What a report is made of, and the words that its parts share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from roadworthy.agents.evaluation.compare import Comparison
from roadworthy.agents.evaluation.picture import Image
from roadworthy.agents.evaluation.results import GlobalRecord, Incident, Record, summarize
from roadworthy.agents.evaluation.score import INFRACTIONS
from roadworthy.agents.evaluation.series import Series
from roadworthy.control.loop import ClosedLoop
from roadworthy.control.timing import StageTimes
from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.road.route import Route

DOT = " \N{MIDDLE DOT} "
TIMES = " \N{MULTIPLICATION SIGN} "
MORE = "\N{HORIZONTAL ELLIPSIS}"
NONE = "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class Group:
    """Infractions that look alike in a report: one colour and one shape."""

    key: str  # name of its style
    words: str


COLLISION = Group("hit", "collisions")
SIGN = Group("signal", "lights and signs")
PLACE = Group("place", "off the route or its lanes")
PACE = Group("pace", "too slow, stuck, or out of time")
GROUPS = (COLLISION, SIGN, PLACE, PACE)

# Of each infraction: its group, its name for one and for several.
_KINDS: Mapping[str, tuple[Group, str, str]] = {
    "collisions_layout": (COLLISION, "collision with scenery", "collisions with scenery"),
    "collisions_pedestrian": (COLLISION, "collision with a walker", "collisions with walkers"),
    "collisions_vehicle": (COLLISION, "collision with a vehicle", "collisions with vehicles"),
    "red_light": (SIGN, "red light", "red lights"),
    "stop_infraction": (SIGN, "stop sign", "stop signs"),
    "outside_route_lanes": (PLACE, "outside the route's lanes", "outside the route's lanes"),
    "min_speed_infractions": (PACE, "slower than the traffic", "slower than the traffic"),
    "yield_emergency_vehicle_infractions": (
        SIGN,
        "emergency vehicle not let by",
        "emergency vehicles not let by",
    ),
    "scenario_timeouts": (PACE, "scenario time-out", "scenario time-outs"),
    "route_dev": (PLACE, "left the route", "left the route"),
    "vehicle_blocked": (PACE, "blocked", "blocked"),
    "route_timeout": (PACE, "route time-out", "route time-outs"),
}


@dataclass(frozen=True, slots=True)
class Clip:
    """A video of some seconds of a drive."""

    source: str  # data URI, or a path relative to the page
    shows: str  # what one sees, in a sentence
    poster: str = ""  # a picture of it, in the same way


@dataclass(frozen=True, slots=True)
class GateLine:
    """One condition that the run had to meet."""

    expression: str  # "driving_score>=80"
    holds: bool
    told: str = ""  # the figure that it was held against, in words


@dataclass(frozen=True, slots=True)
class Driven:
    """What one agent did."""

    agent: str
    records: Sequence[Record]
    note: str = ""  # who it is, in a sentence
    stages: Sequence[StageTimes] = ()  # of its loop, in this process
    series: Mapping[str, Series] = field(default_factory=dict)  # by Record.route_id
    clips: Mapping[str, Sequence[Clip]] = field(default_factory=dict)  # by Record.route_id

    @property
    def total(self) -> GlobalRecord:
        """The sum over its records."""
        return summarize(self.records)


@dataclass(frozen=True, slots=True)
class Report:
    """What a page is made of."""

    title: str
    parts: Sequence[Driven]
    routes: Sequence[Route]
    networks: Mapping[str, RoadNetwork]  # by town; a town that is missing gets no map
    settings: Mapping[str, Any] = field(default_factory=dict)
    about: str = ""  # what was done, in a sentence or two
    curve: Sequence[dict[str, Any]] | None = None  # rows of a training; see learning_curve
    pictures: Sequence[tuple[str, Image]] = ()  # what it shows, picture
    video: str | None = None  # path relative to the page
    video_shows: str = ""
    gates: Sequence[GateLine] = ()
    baseline: str = ""  # name of the run that `comparison` is with
    comparison: Comparison | None = None
    missing: Mapping[str, Sequence[str]] = field(default_factory=dict)  # by id of the route


@dataclass(frozen=True, slots=True)
class Mark:
    """One infraction that has a place: a number in the lists and on the map."""

    number: str  # "7"; "B7" where several agents drove
    town: str
    told: str  # "roadworthy, route 2, seed 0"
    anchor: str  # of the lines that tell of its drive
    incident: Incident

    @property
    def group(self) -> Group:
        """How it looks."""
        return group_of(self.incident.kind)


def stages_of(agent: object) -> list[StageTimes]:
    """Tell how long the stages of an agent's loop took; nothing where it has no such loop."""
    loop = getattr(agent, "loop", None)
    return loop.clock.table() if isinstance(loop, ClosedLoop) else []


def route_of(record: Record) -> str:
    """Id of the route of a record: "RouteScenario_12_rep0" is of "12"."""
    return record.route_id.removeprefix("RouteScenario_").rsplit("_rep", 1)[0]


def routes_driven(parts: Sequence[Driven]) -> list[tuple[str, str]]:
    """(town, id) of all routes, in the order in which they were driven."""
    return list(dict.fromkeys((r.meta.town, route_of(r)) for part in parts for r in part.records))


def letter(part: int, parts: Sequence[Driven]) -> str:
    """Letter of an agent; nothing where there is but one."""
    return chr(ord("A") + part % 26) if len(parts) > 1 else ""


def group_of(kind: str) -> Group:
    """Group of an infraction; a kind that is unknown here counts as PACE, whose shape is plain."""
    return _KINDS[kind][0] if kind in _KINDS else PACE


def name_of(kind: str, count: int = 1) -> str:
    """Name of an infraction for people."""
    if kind not in _KINDS:
        return kind.replace("_", " ")
    _, one, many = _KINDS[kind]
    return one if count == 1 else many


def counted(records: Iterable[Record]) -> dict[str, int]:
    """Infractions by kind, in the order of the result file; none that did not happen."""
    counts: Counter[str] = Counter()
    for record in records:
        counts.update({kind: len(found) for kind, found in record.infractions.items() if found})
    known = {kind: counts.pop(kind) for kind in INFRACTIONS if kind in counts}
    return {**known, **dict(sorted(counts.items()))}


def arrived(record: Record) -> bool:
    """Whether the drive reached the end of its route."""
    return record.scores.score_route >= 100.0 and not record.status.startswith("Failed")


def kilometres(records: Iterable[Record]) -> float:
    """Length of what was driven of the routes [km]."""
    return sum(r.meta.route_length * r.scores.score_route / 1e5 for r in records)


def several(count: int, word: str) -> str:
    """Count things: 1 drive, 2 drives."""
    return f"{count:,} {word}{'s' * (count != 1)}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def incidents_of(record: Record) -> list[tuple[Incident | None, str, str]]:
    """(incident, kind, message) of all infractions; those of older files have no incident."""
    listed: list[tuple[Incident | None, str, str]] = [
        (incident, incident.kind, incident.message) for incident in record.meta.incidents
    ]
    placed = Counter((incident.kind, incident.message) for incident in record.meta.incidents)
    for kind, found in record.infractions.items():
        for message in found:
            if placed[kind, message] > 0:
                placed[kind, message] -= 1
            else:
                listed.append((None, kind, message))
    return listed
