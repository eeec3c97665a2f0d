"""What entities make of those around them: how fast the autopilot drives, who cannot go on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from roadworthy.sim.openscenario.cast import Driver
from roadworthy.sim.openscenario.distances import between
from roadworthy.sim.openscenario.player import Player
from roadworthy.sim.world.columns import Actor, Light

if TYPE_CHECKING:
    from roadworthy.sim.openscenario.stage import Stage

LIMIT_SHARE = 0.7  # of the speed limit: CARLA's Traffic Manager drives 30 % below it by default
SIGHT = 60.0  # [m]
SPACE = 0.3  # [m] beside the body that is kept free
# Intelligent Driver Model (Treiber, Hennecke, Helbing 2000), with the values for city traffic.
ACCEL, COMFORT, HEADWAY, STANDSTILL = 2.0, 3.0, 1.2, 2.5  # [m/s^2], [m/s^2], [s], [m]
TOUCH = 0.05  # [m] between bodies that touch; the world's physics parts them exactly
ARM = 0.8  # [m] that walkers stay away from what is before them
HARDEST = 9.0  # [m/s^2] of braking


def choose_speed(stage: Stage, player: Player) -> float:
    """The speed that a player is after for the next tick [m/s]: its order, or less."""
    simple = player.driver is Driver.SIMPLE
    if player.autopilot:
        desired, obstacles, lights = _limit(stage, player) * LIMIT_SHARE, True, True
    elif simple:  # ScenarioRunner's simple_vehicle_control has these switches
        desired = player.order
        obstacles = _on(player, "consider_obstacles")
        lights = _on(player, "consider_trafficlights")
    else:
        return player.order
    if player.track is None or not (obstacles or lights):
        return desired
    gap, speed = _leader(stage, player) if obstacles else (math.inf, 0.0)
    red = _red_line(stage, player) if lights else math.inf
    accel = _idm(player.speed, desired, gap, speed)
    accel = max(min(accel, _idm(player.speed, desired, red, 0.0)), -HARDEST)
    return max(player.speed + accel * stage.dt, 0.0)


def _on(player: Player, name: str) -> bool:
    return str(player.properties.get(name, "false")).lower() in ("true", "1", "yes")


def _idm(speed: float, desired: float, gap: float, leader: float) -> float:
    free = 1.0 - (speed / max(desired, 0.1)) ** 4
    if math.isinf(gap):
        return ACCEL * free
    closing = speed * (speed - leader) / (2.0 * math.sqrt(ACCEL * COMFORT))
    wanted = STANDSTILL + max(speed * HEADWAY + closing, 0.0)
    return ACCEL * (free - (wanted / max(gap, 0.1)) ** 2)


def _limit(stage: Stage, player: Player) -> float:
    place = player.lane_place()
    if place is None:
        return player.order
    return float(stage.roads.network.lane_speed_limit[place.lane])


def _leader(stage: Stage, player: Player) -> tuple[float, float]:
    """Gap to the nearest body on the line ahead [m], and its speed along it [m/s]."""
    assert player.track is not None
    actors, pose, body = stage.world.actors, player.pose, player.role.body
    near = np.hypot(actors[:, Actor.X] - pose.x, actors[:, Actor.Y] - pose.y) < SIGHT
    best, speed = math.inf, 0.0
    for row in np.flatnonzero(near & (actors[:, Actor.ALIVE] > 0.0)).tolist():
        if row == player.slot:
            continue
        other = actors[row]
        ahead, beside = player.track.way_to(float(other[Actor.X]), float(other[Actor.Y]), SIGHT)
        line = player.track.pose(0.0, max(ahead, 0.0))
        turn = float(other[Actor.YAW]) - line.yaw
        length, width = float(other[Actor.LENGTH]), float(other[Actor.WIDTH])
        wide = 0.5 * (abs(math.sin(turn)) * length + abs(math.cos(turn)) * width)
        long = 0.5 * (abs(math.cos(turn)) * length + abs(math.sin(turn)) * width)
        if ahead <= 0.0 or beside > wide + 0.5 * body.width + SPACE:
            continue
        gap = ahead - long - 0.5 * body.length
        if gap < best:
            best, speed = gap, float(other[Actor.SPEED]) * math.cos(turn)
    return best, speed


def _red_line(stage: Stage, player: Player) -> float:
    """Way to the next stop line whose light is not green [m]."""
    assert player.track is not None
    network, lights = stage.roads.network, stage.world.batch.lights[0]
    front = 0.5 * player.role.body.length
    best = math.inf
    for begin, lane in player.track.lanes_ahead(SIGHT):
        for k in range(network.stop_start[lane], network.stop_start[lane + 1]):
            signal = int(network.stop_signal[k])
            if network.signal_group[signal] < 0 or lights[signal] in (Light.GREEN, Light.OFF):
                continue
            way = begin + float(network.stop_s[k]) - front
            if way > -1.0:
                best = min(best, max(way, 0.1) + STANDSTILL)  # the front stops at the line
    return best


def blocked(stage: Stage, player: Player) -> bool:
    """Whether somebody before a player keeps it from going on.

    Nobody goes through others, and walkers do not walk into what is in their way.
    """
    c, s = math.cos(player.pose.yaw), math.sin(player.pose.yaw)
    size = (player.role.body.length, player.role.body.width)
    walks = player.driver is Driver.WALKER
    for other in stage.players.values():
        dx, dy = other.pose.x - player.pose.x, other.pose.y - player.pose.y
        body = other.role.body
        near = abs(dx) + abs(dy) < size[0] + size[1] + body.length + body.width
        if other is player or not other.present or not near or c * dx + s * dy <= 0.0:
            continue
        room = ARM if walks else TOUCH
        if between(player.pose, size, other.pose, (body.length, body.width)) > room:
            continue
        # Who is aside by more than half of both lets it pass.
        turn = other.pose.yaw - player.pose.yaw
        wide = abs(math.sin(turn)) * body.length + abs(math.cos(turn)) * body.width
        if abs(c * dy - s * dx) < 0.5 * (wide + size[1]):
            return True
    return False
