"""Signals and their stop lines, from CARLA's landmarks and the file's controllers.

What CARLA's towns hold: a light is one `<signal>` beside a road, and one `<signalReference>` on
each connecting road (inside of the junction) that it governs, with the lanes in `<validity>`. The
stop line belongs on the lanes that lead into those connecting lanes, where the junction begins.
The orientation attribute is of no use: RoadRunner writes it against the standard, so the lanes
come from the validity, and where there is none, from the way the signal faces.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from roadworthy.sim.road.crossings import CrossLane
from roadworthy.sim.road.network import LaneType, Point, SignalKind
from roadworthy.sim.road.opendrive import MapSpec
from roadworthy.sim.road.sample import Lane

STOP_SETBACK = 1.0  # [m] from the junction's edge to the stop line
IN_SIGHT = 4.4  # [m] from a stop line to its light: who waits at the line must see the lamps
NEAR_JUNCTION = 12.0  # [m] a signal so close before a junction stops traffic at the junction
_LIGHT = re.compile(r"^10000\d\d$")  # 1000001 light, 1000007 ..., 1000011 arrow lights
_HEAD_HEIGHT = {  # [m] above the road
    SignalKind.LIGHT: 3.0,
    SignalKind.STOP: 2.2,
    SignalKind.YIELD: 2.2,
    SignalKind.SPEED_LIMIT: 2.2,
}
_SIGNS = {"206": SignalKind.STOP, "205": SignalKind.YIELD, "274": SignalKind.SPEED_LIMIT}


@dataclass(eq=False)
class Signal:
    """One signal."""

    id: str
    kind: SignalKind
    pose: tuple[float, float, float, float]  # x, y, z, yaw it shines to
    value: float  # [m/s] of a speed limit, else 0
    group: int = -1
    phase: int = 0
    stops: dict[int, float] = field(default_factory=dict)  # lane -> s [m]
    limits: list[tuple[int, float]] = field(default_factory=list)  # lane, s [m] of a speed sign
    enters: Counter[int] = field(default_factory=Counter)  # junctions (OpenDRIVE ids) it guards


def kind_of(code: str) -> SignalKind | None:
    """Return what a signal of CARLA's type code tells; None where it is nothing we know."""
    return SignalKind.LIGHT if _LIGHT.match(code) else _SIGNS.get(code)


def read_signals(
    carla_map: Any, spec: MapSpec, lanes: Sequence[Lane], predecessors: Sequence[Sequence[int]]
) -> tuple[list[Signal], list[int]]:
    """Collect signals, their stop lines, groups and phases.

    Args:
        carla_map: a `carla.Map`.
        spec: what the file says.
        lanes: all lanes.
        predecessors: of each lane, indices into `lanes`.

    Returns:
        The signals that govern a lane, and the number of phases of each group.
    """
    roads: dict[int, list[int]] = defaultdict(list)
    for index, lane in enumerate(lanes):
        if lane.type == LaneType.DRIVING:
            roads[lane.key[0]].append(index)
    signals: dict[str, Signal] = {}
    for landmark in carla_map.get_all_landmarks():
        kind = kind_of(str(landmark.type))
        if kind is None:
            continue
        signal = signals.get(landmark.id)
        if signal is None:
            signal = signals[landmark.id] = _signal(landmark, kind)
        for index in _governed(landmark, lanes, roads.get(landmark.road_id, []), signal):
            _add_stops(signal, index, float(landmark.s), lanes, predecessors)
    found = [signals[key] for key in sorted(signals, key=_natural)]
    _one_light_per_lane(found)
    found = [s for s in found if s.stops or s.kind == SignalKind.SPEED_LIMIT]
    return found, _group(found, spec, lanes)


def stop_before_crossings(
    signals: Sequence[Signal], lanes: Sequence[Lane], passed: Sequence[Sequence[CrossLane]]
) -> None:
    """Move stop lines at a junction back, where a crosswalk lies between them and the junction."""
    for signal in signals:
        for lane, s in signal.stops.items():
            length = lanes[lane].length
            for _, enter, _ in passed[lane]:
                if length - NEAR_JUNCTION < enter < s + STOP_SETBACK:
                    signal.stops[lane] = max(min(signal.stops[lane], enter - STOP_SETBACK), 0.0)


def stop_before_heads(signals: Sequence[Signal], lanes: Sequence[Lane]) -> None:
    """Move stop lines back from lights that stand beside or before them.

    CARLA's Town01 and Town02 have their posts on the near side of the junction; a camera that
    waits at the junction's edge would have the lamps beside or behind it.
    """
    for signal in signals:
        if signal.kind != SignalKind.LIGHT:
            continue
        for lane, s in signal.stops.items():
            points = lanes[lane].points
            x, y, yaw = (
                float(np.interp(s, points[:, Point.S], points[:, column]))
                for column in (Point.X, Point.Y, Point.YAW)
            )
            ahead = math.cos(yaw) * (signal.pose[0] - x) + math.sin(yaw) * (signal.pose[1] - y)
            back = min(max(IN_SIGHT - ahead, 0.0), NEAR_JUNCTION)
            signal.stops[lane] = max(s - back, 0.0)


def _natural(text: str) -> tuple[int, str]:
    return (int(text), "") if text.isdigit() else (2**62, text)


def _signal(landmark: Any, kind: SignalKind) -> Signal:
    location, rotation = landmark.transform.location, landmark.transform.rotation
    value = 0.0
    if kind == SignalKind.SPEED_LIMIT:
        for candidate in (landmark.value, landmark.sub_type):
            try:
                value = float(candidate)
            except (TypeError, ValueError):
                continue
            if value > 0:
                break
        # CARLA's speed signs count in km/h whatever their unit says.
        value = max(value, 0.0) / 3.6
    # The yaw and the height are settled once the governed lanes are known (see _face).
    return Signal(
        landmark.id, kind, (location.x, location.y, location.z, math.radians(rotation.yaw)), value
    )


def _governed(
    landmark: Any, lanes: Sequence[Lane], candidates: Sequence[int], signal: Signal
) -> list[int]:
    s = float(landmark.s)
    here = [
        i
        for i in candidates
        if min(lanes[i].road_s[0], lanes[i].road_s[-1]) - 0.1
        <= s
        <= max(lanes[i].road_s[0], lanes[i].road_s[-1]) + 0.1
    ]
    here.sort(key=lambda i: abs(float(lanes[i].road_s.mean()) - s))
    ranges = [(min(r), max(r)) for r in landmark.get_lane_validities() if tuple(r) != (0, 0)]
    chosen: dict[int, int] = {}
    for i in here:
        lane_id = lanes[i].key[2]
        if ranges:
            if any(low <= lane_id <= high for low, high in ranges):
                chosen.setdefault(lane_id, i)
        else:
            # Without lanes, it governs the traffic on whose right-hand side it stands.
            points = lanes[i].points
            nearest = points[np.argmin(np.abs(lanes[i].road_s - s))]
            dx, dy = signal.pose[0] - nearest[Point.X], signal.pose[1] - nearest[Point.Y]
            yaw = nearest[Point.YAW]
            if -math.sin(yaw) * dx + math.cos(yaw) * dy > 0:
                chosen.setdefault(lane_id, i)
    return list(chosen.values())


def _add_stops(
    signal: Signal,
    lane: int,
    road_s: float,
    lanes: Sequence[Lane],
    predecessors: Sequence[Sequence[int]],
) -> None:
    sampled = lanes[lane]
    order = np.argsort(sampled.road_s)
    s = float(np.interp(road_s, sampled.road_s[order], sampled.points[order, Point.S]))
    if signal.kind == SignalKind.SPEED_LIMIT:
        signal.limits.append((lane, s))
        return
    if sampled.junction < 0:
        if sampled.length - s < NEAR_JUNCTION:
            s = sampled.length - STOP_SETBACK
        signal.stops[lane] = min(max(s, 0.0), max(sampled.length - STOP_SETBACK, 0.0))
        return
    signal.enters[sampled.junction] += 1
    frontier, seen = [lane], {lane}
    while frontier:
        for before in predecessors[frontier.pop()]:
            if before in seen:
                continue
            seen.add(before)
            if lanes[before].junction >= 0:
                frontier.append(before)
            else:
                signal.stops[before] = max(lanes[before].length - STOP_SETBACK, 0.0)


def _one_light_per_lane(signals: Sequence[Signal]) -> None:
    """Let each lane obey one light: the one that shines against its traffic most squarely."""
    claims: dict[int, list[Signal]] = defaultdict(list)
    for signal in signals:
        if signal.kind == SignalKind.LIGHT:
            for lane in signal.stops:
                claims[lane].append(signal)
    for lane, claimants in claims.items():
        claimants.sort(key=lambda s: (-sum(s.enters.values()), _natural(s.id)))
        for loser in claimants[1:]:
            del loser.stops[lane]


def _group(signals: Sequence[Signal], spec: MapSpec, lanes: Sequence[Lane]) -> list[int]:
    """Give lights their group (junction) and phase (controller, else approach); count phases."""
    by_junction: dict[int, list[Signal]] = defaultdict(list)
    for signal in signals:
        _face(signal, lanes)
        if signal.kind != SignalKind.LIGHT:
            continue
        controller = spec.controller_of.get(signal.id, "")
        junction = spec.junction_of_controller.get(controller)
        if junction is None:
            junction = signal.enters.most_common(1)[0][0] if signal.enters else None
        if junction is None:
            junction = _junction_ahead(signal, lanes)
        by_junction[junction].append(signal)
    phases: list[int] = []
    for group, junction in enumerate(sorted(by_junction)):
        members = by_junction[junction]
        keys: dict[tuple[int, str], list[Signal]] = defaultdict(list)
        for signal in members:
            controller = spec.controller_of.get(signal.id, "")
            axis = _axis(signal, members[0])
            key = _natural(controller) if controller else (2**62 + axis, "")
            keys[key].append(signal)
        for phase, key in enumerate(sorted(keys)):
            for signal in keys[key]:
                signal.group, signal.phase = group, phase
        phases.append(len(keys))
    return phases


def _face(signal: Signal, lanes: Sequence[Lane]) -> None:
    """Turn the signal against the traffic that it governs, and lift it to its head."""
    x, y, z, yaw = signal.pose
    if signal.stops:
        lane, s = min(signal.stops.items())
        points = lanes[lane].points
        yaw = float(np.interp(s, points[:, Point.S], points[:, Point.YAW])) + math.pi
        ground = float(np.interp(s, points[:, Point.S], points[:, Point.Z]))
        # Maps give the foot of a post or the middle of a sign, and some bury it by half a metre.
        z = max(z, ground + _HEAD_HEIGHT[signal.kind])
    signal.pose = (x, y, z, math.remainder(yaw, 2 * math.pi))


def _axis(signal: Signal, first: Signal) -> int:
    """Return 0 where a signal faces along the axis of the junction's first one, 1 across it."""
    return int(abs(math.cos(signal.pose[3] - first.pose[3])) < math.sqrt(0.5))


def _junction_ahead(signal: Signal, lanes: Sequence[Lane]) -> int:
    index = {lane.key: i for i, lane in enumerate(lanes)}
    for start in sorted(signal.stops):
        frontier = [start]
        for _ in range(4):
            frontier = [index[k] for i in frontier for k in lanes[i].successors]
            for i in frontier:
                if lanes[i].junction >= 0:
                    return lanes[i].junction
    return -2 - (int(signal.id) if signal.id.isdigit() else 0)
