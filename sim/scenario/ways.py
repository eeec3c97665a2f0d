"""The ways through a junction, and how each lies to that of the ego."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from roadworthy.sim.road.network import LaneType, RoadNetwork, SignalKind
from roadworthy.sim.scenario.street import Array, Mark, Street, lane_line, wrap

NEAR = 1.6  # [m] two lines that come so near meet
MERGED = 1.2  # [m]
DEEPEST = 5  # lanes of one way through a junction
REACH = 6.0  # [m] beyond the junction on the ego's way that still belongs to it


@dataclass(frozen=True, eq=False)
class Way:
    """A way of others through the ego's junction.

    Attributes:
        entry: lane that leads to it.
        lanes: inside of the junction.
        exit: lane that it leads to; -1 for none.
        line: [n, Mark], S from 0 where the junction begins.
        angle: heading at its entry against the ego's [rad]: 0 beside it, pi/2 from the left,
            -pi/2 from the right, pi from ahead.
        turn: [rad] positive to the right.
        meet: [m] along `line` where it first meets the ego's way; nan where it does not.
        meet_s: [m] along the ego's route there.
        merges: it leads to the ego's exit lane.
    """

    entry: int
    lanes: tuple[int, ...]
    exit: int
    line: Array
    angle: float
    turn: float
    meet: float
    meet_s: float
    merges: bool


def _through(
    network: RoadNetwork, lane: int, so_far: tuple[int, ...] = ()
) -> list[tuple[int, ...]]:
    """All sequences of junction lanes that begin with `lane`."""
    own = (*so_far, lane)
    ways: list[tuple[int, ...]] = []
    following = network.successors[
        network.successor_start[lane] : network.successor_start[lane + 1]
    ]
    for other in following.tolist():
        if network.lane_junction[other] == network.lane_junction[lane] and len(own) < DEEPEST:
            ways += _through(network, other, own)
        else:
            ways.append(own)
    return sorted(set(ways)) if ways else [own]


def joined(network: RoadNetwork, lanes: tuple[int, ...]) -> Array:
    """The line of several lanes, one after the other, S from 0."""
    parts, total = [], 0.0
    for lane in lanes:
        line = lane_line(network, lane)
        line[:, Mark.S] += total
        parts.append(line)
        total += float(network.lane_length[lane])
    line = np.concatenate(parts)
    keep = np.concatenate([[True], np.diff(line[:, Mark.S]) > 0.02])
    return line[keep]


def ways_of(street: Street, begin: float, end: float) -> list[Way]:
    """All other ways through the junction that the route is in from `begin` to `end`."""
    network = street.network
    at = street.line[:, Mark.S]
    ego = street.line[(at >= begin - 1.0) & (at <= end + REACH)]
    junction = int(network.lane_junction[street.lane(0.5 * (begin + end))])
    mine, ahead = street.lane(begin - 2.0), street.lane(end + 2.0)
    inside = np.flatnonzero(
        (network.lane_junction == junction) & (network.lane_type == LaneType.DRIVING)
    )
    heading = float(street.at(begin)[Mark.YAW])
    ways: list[Way] = []
    for lane in inside.tolist():
        before = network.predecessors[
            network.predecessor_start[lane] : network.predecessor_start[lane + 1]
        ]
        for entry in before.tolist():
            if network.lane_junction[entry] == junction or entry == mine:
                continue
            for lanes in _through(network, lane):
                ways.append(_way(network, ego, heading, entry, lanes, ahead))
    return ways


def _way(
    network: RoadNetwork, ego: Array, heading: float, entry: int, lanes: tuple[int, ...], ahead: int
) -> Way:
    line = joined(network, lanes)
    last = lanes[-1]
    following = network.successors[
        network.successor_start[last] : network.successor_start[last + 1]
    ]
    merges = ahead in following.tolist()
    gaps = np.hypot(
        line[:, None, Mark.X] - ego[None, :, Mark.X], line[:, None, Mark.Y] - ego[None, :, Mark.Y]
    )
    meet = meet_s = float("nan")
    hits = np.flatnonzero(gaps.min(1) < (MERGED if merges else NEAR))
    if len(hits):
        i = int(hits[0])
        meet, meet_s = float(line[i, Mark.S]), float(ego[int(gaps[i].argmin()), Mark.S])
    elif merges:
        meet, meet_s = float(line[-1, Mark.S]), float(ego[int(gaps[-1].argmin()), Mark.S])
    return Way(
        entry,
        lanes,
        int(following[0]) if len(following) else -1,
        line,
        wrap(float(line[0, Mark.YAW]) - heading),
        wrap(float(line[-1, Mark.YAW] - line[0, Mark.YAW])),
        meet,
        meet_s,
        merges,
    )


def lights_of(network: RoadNetwork, lanes: tuple[int, ...]) -> list[int]:
    """Lights that govern any of some lanes."""
    found: list[int] = []
    for lane in lanes:
        for k in range(network.stop_start[lane], network.stop_start[lane + 1]):
            signal = int(network.stop_signal[k])
            if network.signal_kind[signal] == SignalKind.LIGHT and signal not in found:
                found.append(signal)
    return found
