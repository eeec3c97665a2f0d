"""What viewers show of a recording, in right-handed axes: boxes, lights, ways and the sensors.

Frames are called `map` (the town), `ego` (on the ground below the vehicle's centre) and by the
sensors' names.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roadworthy.agents.evaluation.drive import VIDEO_CAMERA
from roadworthy.agents.evaluation.results import Incident
from roadworthy.agents.recording import right_handed
from roadworthy.agents.recording.recording import RecordedMoment, Recording
from roadworthy.agents.recording.replay import Replay
from roadworthy.agents.recording.right_handed import Quaternion
from roadworthy.perception.scene import Scene, User, UserClass
from roadworthy.sim.errors import InputError
from roadworthy.sim.frame import Frame
from roadworthy.sim.road.draw import edges_of
from roadworthy.sim.road.network import LaneType, RoadNetwork, SignalKind
from roadworthy.sim.road.route import RoutePoint
from roadworthy.sim.sensors.specs import SensorRig
from roadworthy.sim.world.columns import Actor, Kind, Light

Colour = tuple[float, float, float, float]  # red, green, blue, opacity, all in [0, 1]

EGO: Colour = (0.36, 0.78, 0.47, 0.9)
ROUTE: Colour = (0.25, 0.52, 0.84, 1.0)
PLAN: Colour = (0.96, 0.96, 0.96, 1.0)
ROADS: Colour = (0.55, 0.58, 0.62, 0.8)
_KINDS: dict[int, Colour] = {
    int(Kind.WALKER): (0.92, 0.38, 0.51, 0.9),
    int(Kind.BICYCLE): (0.74, 0.51, 0.94, 0.9),
    int(Kind.MOTORCYCLE): (0.74, 0.51, 0.94, 0.9),
    int(Kind.PROP): (0.75, 0.70, 0.60, 0.9),
}
_VEHICLE: Colour = (0.94, 0.63, 0.24, 0.9)
_CLASSES: dict[int, Colour] = {
    int(UserClass.VEHICLE): (0.94, 0.63, 0.24, 0.45),
    int(UserClass.WALKER): (0.92, 0.38, 0.51, 0.45),
    int(UserClass.CYCLIST): (0.74, 0.51, 0.94, 0.45),
}
_HEIGHTS = {int(UserClass.VEHICLE): 1.6, int(UserClass.WALKER): 1.8, int(UserClass.CYCLIST): 1.7}
_LIGHTS: dict[int, Colour] = {
    int(Light.RED): (0.94, 0.25, 0.22, 1.0),
    int(Light.YELLOW): (0.98, 0.80, 0.24, 1.0),
    int(Light.GREEN): (0.31, 0.82, 0.39, 1.0),
    int(Light.OFF): (0.2, 0.2, 0.2, 1.0),
}


@dataclass(frozen=True, slots=True)
class Box:
    """One road user or thing."""

    id: str
    label: str
    centre: tuple[float, float, float]  # [m]
    rotation: Quaternion
    size: tuple[float, float, float]  # [m] along, across, up
    colour: Colour


@dataclass(frozen=True, eq=False)
class Sight:
    """One moment for a viewer."""

    moment: RecordedMoment
    nanoseconds: int  # of the world's time
    frame: Frame
    place: tuple[float, float, float]  # of the ego [m], map
    rotation: Quaternion  # of the ego
    boxes: list[Box]  # all actors, map; the first is the ego
    lights: list[tuple[tuple[float, float, float], Colour]]  # heads of the lights, map
    plan: NDArray[np.float32]  # [N, 3] ego
    belief: list[Box]  # what the agent took to be there, ego


def look(
    replay: Replay, rig: SensorRig, first: int, last: int, outside: Collection[str] = ()
) -> Iterator[Sight]:
    """Go through the moments from `first` to `last` with some sensors; see `Replay.frames`."""
    recording = replay.recording
    begin, end = recording[first].time, recording[last].time
    heads = right_handed.points(replay.town.network.signals)
    lamps = np.flatnonzero(replay.town.network.signal_kind == SignalKind.LIGHT)
    for moment, frame in replay.frames(rig, begin, end, outside=outside):
        row = moment.actors[0]
        plan = np.zeros((0, 3), np.float32)
        if moment.plan is not None and len(moment.plan.path):
            path = right_handed.points(moment.plan.path)
            plan = np.concatenate([path, np.full((len(path), 1), 0.3, np.float32)], 1)
        yield Sight(
            moment=moment,
            nanoseconds=round(moment.time * 1e9),
            frame=frame,
            place=(float(row[Actor.X]), -float(row[Actor.Y]), float(row[Actor.Z])),
            rotation=right_handed.quaternion(float(row[Actor.YAW]), float(row[Actor.PITCH])),
            boxes=_boxes(moment.actors),
            lights=[
                (
                    (float(heads[k, 0]), float(heads[k, 1]), float(heads[k, 2])),
                    _LIGHTS[int(moment.lights[k])],
                )
                for k in lamps
            ],
            plan=plan,
            belief=[] if moment.belief is None else _believed(moment.belief),
        )


def happened(recording: Recording, since: float | None, until: float) -> list[Incident]:
    """Infractions after one moment [s] and up to another; since None: just before `until`."""
    begin = until - 0.051 if since is None else since
    return [one for one in recording.incidents if begin + 1e-6 < one.time <= until + 1e-6]


def rig_of(replay: Replay, rig: SensorRig | None) -> SensorRig:
    """The sensors to look with: those given, else the agent's, else one camera."""
    if rig is not None:
        return rig
    own = replay.recording.head.driver.rig
    return own if own is not None else SensorRig(cameras=(VIDEO_CAMERA,), lidar=None)


def route_line(replay: Replay) -> NDArray[np.float32]:
    """The route [N, 3], a little above the road."""
    line = right_handed.points(replay.recording.points)[
        :, [RoutePoint.X, RoutePoint.Y, RoutePoint.Z]
    ]
    return np.asarray(line + np.array([0.0, 0.0, 0.15]), np.float32)


def road_lines(network: RoadNetwork) -> list[NDArray[np.float32]]:
    """Edges of the driving lanes, each [N, 3]."""
    lines = []
    for lane in np.flatnonzero(network.lane_type == LaneType.DRIVING):
        points = network.lane_points(int(lane))
        thin = np.concatenate([points[:-1:3], points[-1:]])
        height = thin[:, 2:3]
        lines += [
            np.asarray(np.concatenate([right_handed.points(edge), height], 1), np.float32)
            for edge in edges_of(thin)
        ]
    return lines


def _boxes(rows: NDArray[np.float32]) -> list[Box]:
    boxes = []
    for number in np.flatnonzero(rows[:, Actor.ALIVE] > 0.0):
        row = rows[number]
        kind = int(row[Actor.KIND])
        size = tuple(float(row[c]) for c in (Actor.LENGTH, Actor.WIDTH, Actor.HEIGHT))
        yaw, pitch = float(row[Actor.YAW]), float(row[Actor.PITCH])
        colour = EGO if number == 0 else _KINDS.get(kind, _VEHICLE)
        up = float(row[Actor.Z]) + 0.5 * size[2]
        name = "ego" if number == 0 else Kind(kind).name.lower()
        boxes.append(
            Box(
                str(number),
                f"{name} {number}",
                (float(row[Actor.X]), -float(row[Actor.Y]), up),
                right_handed.quaternion(yaw, pitch),
                (size[0], size[1], size[2]),
                colour,
            )
        )
    return boxes


def _believed(scene: Scene) -> list[Box]:
    boxes = []
    for number in np.flatnonzero(scene.valid):
        row = scene.users[number]
        kind = int(row[User.CLASS])
        height = _HEIGHTS.get(kind, 1.6)
        yaw = math.atan2(float(row[User.SIN]), float(row[User.COS]))
        boxes.append(
            Box(
                str(number),
                f"{float(row[User.CONFIDENCE]):.2f}",
                (float(row[User.X]), -float(row[User.Y]), 0.5 * height),
                right_handed.quaternion(yaw),
                (float(row[User.LENGTH]), float(row[User.WIDTH]), height),
                _CLASSES.get(kind, _VEHICLE),
            )
        )
    return boxes


def library(name: str, extra: str) -> Any:
    """Import a module of an optional library.

    Raises:
        InputError: it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise InputError(
            f"{name.partition('.')[0]} is not installed ({error}); install roadworthy[{extra}]"
        ) from None
