"""Methods about traffic lights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from roadworthy.sim.carla.server.methods import method
from roadworthy.sim.carla.server.values import RefusedError, flag, real, whole

if TYPE_CHECKING:
    from roadworthy.sim.carla.server.server import Server

LONGEST = 1e6  # [s]


def _signal(server: Server, number: int) -> int:
    """The signal of a light.

    Raises:
        RefusedError: it is none.
    """
    entry = server.episode.find(number)
    if entry.type_id != "traffic.traffic_light":
        raise RefusedError(f"actor {number} ({entry.type_id}) is no traffic light")
    return entry.signal


@method("set_traffic_light_state", whole, whole)
def set_traffic_light_state(server: Server, number: int, state: int) -> None:
    """Let a light show something until its clock changes it."""
    if not 0 <= state <= 4:
        raise RefusedError(f"{state} is no state of a traffic light")
    server.episode.lights.show(_signal(server, number), min(state, 3))


def _time(server: Server, number: int, stage: int, seconds: float) -> None:
    server.episode.lights.set_time(_signal(server, number), stage, min(seconds, LONGEST))


@method("set_traffic_light_green_time", whole, real)
def set_traffic_light_green_time(server: Server, number: int, seconds: float) -> None:
    """Set how long a light is green."""
    _time(server, number, 0, seconds)


@method("set_traffic_light_yellow_time", whole, real)
def set_traffic_light_yellow_time(server: Server, number: int, seconds: float) -> None:
    """Set how long a light is yellow."""
    _time(server, number, 1, seconds)


@method("set_traffic_light_red_time", whole, real)
def set_traffic_light_red_time(server: Server, number: int, seconds: float) -> None:
    """Set how long a light is red before the next controller's turn."""
    _time(server, number, 2, seconds)


@method("freeze_traffic_light", whole, flag)
def freeze_traffic_light(server: Server, number: int, frozen: bool) -> None:
    """Let the clock of a light's group stand still."""
    server.episode.lights.freeze(_signal(server, number), frozen)


@method("freeze_all_traffic_lights", flag)
def freeze_all_traffic_lights(server: Server, frozen: bool) -> None:
    """Let all clocks stand still."""
    server.episode.lights.frozen[:] = frozen


@method("reset_traffic_light_group", whole)
def reset_traffic_light_group(server: Server, number: int) -> None:
    """Begin the cycle of a light's group anew."""
    lights = server.episode.lights
    lights.reset_group(lights.group_of[_signal(server, number)])


@method("reset_all_traffic_lights")
def reset_all_traffic_lights(server: Server) -> None:
    """Begin all cycles anew."""
    server.episode.lights.reset()


@method("get_group_traffic_lights", whole)
def get_group_traffic_lights(server: Server, number: int) -> list[int]:
    """All lights of a light's group."""
    episode = server.episode
    signals = episode.lights.fellows(_signal(server, number))
    return [int(episode.ledger.signal_id[k]) for k in signals]


@method("get_light_boxes", whole)
def get_light_boxes(server: Server, number: int) -> list[Any]:
    """The box of a light's lamps."""
    pose = server.episode.lights.pose(_signal(server, number))
    return [[[pose.x, pose.y, pose.z], [0.2, 0.2, 0.5], [0.0, pose.yaw, 0.0], number]]
