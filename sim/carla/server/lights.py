"""Traffic lights as CARLA has them: groups, clocks that can be set and frozen, and stop zones.

Source: CARLA 0.9.16, TrafficLightGroup.cpp, TrafficLightController.cpp and
TrafficLightComponent.cpp: the controllers of a group take turns; each shows green, yellow and red
for its own times, and while it does, the others of its group show red.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.carla.server.motors import Motor
from roadworthy.sim.carla.server.values import Pose
from roadworthy.sim.kernel import kernel
from roadworthy.sim.physics.boxes import boxes_overlap
from roadworthy.sim.road.network import Point, RoadNetwork, SignalKind
from roadworthy.sim.world.columns import Actor, Kind, Light

FloatArray = NDArray[np.float32]

GREEN, YELLOW, RED = 10.0, 3.0, 2.0  # [s] CARLA's times
BEFORE, BEYOND = 6.0, 1.0  # [m] of a stop zone, along its lane, from the stop line
ZONE_HEIGHT = 2.0  # [m] half
STAGES = (Light.GREEN, Light.YELLOW, Light.RED)
_LIGHT, _ALIVE, _KIND = int(Motor.LIGHT), int(Actor.ALIVE), int(Actor.KIND)
_WALKER = int(Kind.WALKER)
_X, _Y, _Z, _YAW, _LENGTH, _WIDTH = (
    int(Actor.X),
    int(Actor.Y),
    int(Actor.Z),
    int(Actor.YAW),
    int(Actor.LENGTH),
    int(Actor.WIDTH),
)
STOREY = 3.0  # [m]
HEAD = 3.0  # [m] of a light's or sign's head above its post's foot


class Lights:
    """All lights of a town; signals are indices into RoadNetwork.signals.

    Attributes:
        signals: the lights among the signals.
        shown: uint8 [K] Light that each signal shows; signs show OFF.
        zones: float32 [Z, 6] x, y, yaw, length, width, z of the stop zones.
        zone_signal: int32 [Z].
    """

    def __init__(self, network: RoadNetwork) -> None:
        self.network = network
        kinds = network.signal_kind
        self.signals = [k for k in range(len(kinds)) if kinds[k] == SignalKind.LIGHT]
        groups: dict[int, dict[int, list[int]]] = {}
        for k in self.signals:
            group = groups.setdefault(int(network.signal_group[k]), {})
            group.setdefault(int(network.signal_phase[k]), []).append(k)
        # Groups as lists of controllers, each a list of signals.
        self.groups = [
            [turn for p in sorted(phases) for turn in _turns(network, phases[p])]
            for _, phases in sorted(groups.items())
        ]
        self.group_of = {k: g for g, group in enumerate(self.groups) for c in group for k in c}
        count = max(len(kinds), 1)  # bulk copies read an entry even in towns without signals
        self.times = np.tile(np.array([GREEN, YELLOW, RED], np.float32), (count, 1))
        self.frozen = np.zeros(count, np.bool_)
        self.shown = np.full(count, Light.OFF, np.uint8)
        self.since = np.zeros(count, np.float32)
        self.zones, self.zone_signal = _zones(network, self.signals)
        self.reset()

    def reset(self) -> None:
        """Begin all cycles anew."""
        self._turn = [0] * len(self.groups)  # which controller's turn it is
        self._stage = [0] * len(self.groups)
        self._left = [0.0] * len(self.groups)
        self.frozen[:] = False
        for group in range(len(self.groups)):
            self.reset_group(group)

    def reset_group(self, group: int) -> None:
        """Begin one group's cycle anew."""
        self._turn[group] = self._stage[group] = 0
        for controller in self.groups[group]:
            self._show(controller, Light.RED)
        self._enter(group)

    def _enter(self, group: int) -> None:
        controller = self.groups[group][self._turn[group]]
        stage = self._stage[group]
        self._show(controller, STAGES[stage])
        self._left[group] = float(self.times[controller[0], stage])

    def _show(self, controller: list[int], light: int) -> None:
        for k in controller:
            self.show(k, light)

    def show(self, signal: int, light: int) -> None:
        """Let one light show something until its controller's next change."""
        if self.shown[signal] != light:
            self.since[signal] = 0.0
        self.shown[signal] = light

    def freeze(self, signal: int, frozen: bool) -> None:
        """Let the clock of a light's group stand still, or run again."""
        for controller in self.groups[self.group_of[signal]]:
            self.frozen[controller] = frozen

    def set_time(self, signal: int, stage: int, seconds: float) -> None:
        """Set how long a light's controller shows green (0), yellow (1) or red (2)."""
        for controller in self.groups[self.group_of[signal]]:
            if signal in controller:
                self.times[controller, stage] = max(seconds, 0.0)

    def fellows(self, signal: int) -> list[int]:
        """All lights of a light's group."""
        return [k for controller in self.groups[self.group_of[signal]] for k in controller]

    def advance(self, dt: float) -> None:
        """Let the clocks run by dt [s]."""
        self.since[~self.frozen] += dt
        for group, controllers in enumerate(self.groups):
            if self.frozen[controllers[0][0]]:
                continue
            self._left[group] -= dt
            for _ in range(3 * len(controllers)):  # times of 0 s must not hold us for ever
                if self._left[group] > 1e-6:
                    break
                rest = self._left[group]
                self._stage[group] += 1
                if self._stage[group] == len(STAGES):
                    self._stage[group] = 0
                    self._turn[group] = (self._turn[group] + 1) % len(controllers)
                self._enter(group)
                self._left[group] += rest

    def pose(self, signal: int) -> Pose:
        """Where a light or a sign stands."""
        x, y, z, yaw = (float(value) for value in self.network.signals[signal])
        mine = np.flatnonzero(self.zone_signal == signal)
        z = float(self.zones[mine[0], 5]) if len(mine) else z - HEAD  # the foot of its post
        return Pose(x, y, z, 0.0, math.degrees(yaw), 0.0)

    def trigger(self, signal: int) -> list[list[float]]:
        """The box around a light's stop zones, in its own axes: centre, half sizes, rotation."""
        mine = np.flatnonzero(self.zone_signal == signal)
        if len(mine) == 0:
            return [[0.0, 0.0, 0.0], [0.5, 0.5, ZONE_HEIGHT], [0.0, 0.0, 0.0]]
        x0, y0, z0, _, turned, _ = self.pose(signal)
        yaw0 = math.radians(turned)
        turn = float(self.zones[mine[0], 2])
        c, s = math.cos(turn), math.sin(turn)
        centre = self.zones[mine, :2].astype(np.float64)
        along, aside = centre @ [c, s], centre @ [-s, c]
        half = 0.5 * self.zones[mine, 3:5].astype(np.float64)
        low = np.min([along - half[:, 0], aside - half[:, 1]], axis=1)
        high = np.max([along + half[:, 0], aside + half[:, 1]], axis=1)
        u, v = 0.5 * (low + high)
        dx, dy = u * c - v * s - x0, u * s + v * c - y0
        c0, s0 = math.cos(yaw0), math.sin(yaw0)
        z = float(self.zones[mine[0], 5]) + 0.5 * ZONE_HEIGHT - z0
        place = [dx * c0 + dy * s0, dy * c0 - dx * s0, z]
        extent = [*(0.5 * (high - low)).tolist(), ZONE_HEIGHT]
        return [place, extent, [0.0, math.degrees(math.remainder(turn - yaw0, 2 * math.pi)), 0.0]]

    def find(self, actors: FloatArray, motors: FloatArray) -> None:
        """Note in Motor.LIGHT which signal's stop zone each vehicle is in; -1: in none."""
        _find(actors, motors, self.zones, self.zone_signal)


def _turns(network: RoadNetwork, phase: list[int]) -> list[list[int]]:
    """The signals of a phase as turns of a controller each, whose ways do not cross.

    Where a left turn and what comes towards it are green together, CARLA's Traffic Manager stops
    both in the middle of the junction for good; at CARLA's junctions each approach has its turn.
    """
    after = {k: _lanes_behind(network, k) for k in phase}
    turns: list[list[int]] = []
    for k in phase:
        for turn in turns:
            if not any(_cross(network, after[k], after[other]) for other in turn):
                turn.append(k)
                break
        else:
            turns.append([k])
    return turns


def _lanes_behind(network: RoadNetwork, signal: int) -> set[int]:
    """The lanes inside of the junction behind a light's stop lines."""
    stops = np.searchsorted(
        network.stop_start, np.flatnonzero(network.stop_signal == signal), side="right"
    )
    frontier, found = [int(stop) - 1 for stop in stops], set()
    while frontier:
        lane = frontier.pop()
        for k in range(network.successor_start[lane], network.successor_start[lane + 1]):
            ahead = int(network.successors[k])
            if network.lane_junction[ahead] >= 0 and ahead not in found:
                found.add(ahead)
                frontier.append(ahead)
    return found


def _cross(network: RoadNetwork, mine: set[int], others: set[int]) -> bool:
    """Whether any two lanes of two approaches come too close to each other."""
    start = network.conflict_start
    return any(
        not others.isdisjoint(network.conflict_lane[start[lane] : start[lane + 1]].tolist())
        for lane in mine
    )


def _zones(network: RoadNetwork, signals: list[int]) -> tuple[FloatArray, NDArray[np.int32]]:
    rows, owners = [], []
    lights = set(signals)
    for lane in range(network.n_lanes):
        for k in range(network.stop_start[lane], network.stop_start[lane + 1]):
            signal = int(network.stop_signal[k])
            if signal not in lights:
                continue
            points, s = network.lane_points(lane), float(network.stop_s[k])
            x, y, z, yaw, width = (
                float(np.interp(s, points[:, Point.S], points[:, column]))
                for column in (Point.X, Point.Y, Point.Z, Point.YAW, Point.WIDTH)
            )
            ahead = 0.5 * (BEYOND - BEFORE)
            x, y = x + ahead * math.cos(yaw), y + ahead * math.sin(yaw)
            rows.append([x, y, yaw, BEFORE + BEYOND, 0.8 * width, z])
            owners.append(signal)
    return np.array(rows, np.float32).reshape(-1, 6), np.array(owners, np.int32)


@kernel
def _find(
    actors: FloatArray, motors: FloatArray, zones: FloatArray, zone_signal: NDArray[np.int32]
) -> None:
    for a in range(len(actors)):
        me = actors[a]
        if me[_ALIVE] == 0.0 or me[_KIND] >= _WALKER:
            continue
        motors[a, _LIGHT] = -1.0
        reach = me[_LENGTH] + BEFORE + BEYOND
        for k in range(len(zones)):
            zone = zones[k]
            dx, dy = zone[0] - me[_X], zone[1] - me[_Y]
            if dx * dx + dy * dy > reach * reach or abs(zone[5] - me[_Z]) > STOREY:
                continue
            if math.cos(me[_YAW] - zone[2]) < 0.5:
                continue
            if boxes_overlap(
                me[_X], me[_Y], me[_YAW], me[_LENGTH], me[_WIDTH],
                zone[0], zone[1], zone[2], zone[3], zone[4],
            ):  # fmt: skip
                motors[a, _LIGHT] = zone_signal[k]
                break
