"""Methods about sensors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from roadworthy.sim.carla.server.methods import method
from roadworthy.sim.carla.server.values import RefusedError, anything, flag, many, whole

if TYPE_CHECKING:
    from roadworthy.sim.carla.server.server import Server


@method("set_ignored_vehicles", whole, many(whole), honoured="no")
def set_ignored_vehicles(server: Server, number: int, vehicles: list[int]) -> None:
    """Sensors see all vehicles here."""
    server.episode.find(number)


@method("enable_gbuffers", whole, flag, honoured="no")
def enable_gbuffers(server: Server, number: int, enabled: bool) -> None:
    """Accepted; there are no g-buffers to send."""


@method("are_gbuffers_enabled", whole, honoured="no")
def are_gbuffers_enabled(server: Server, number: int) -> bool:
    """There are no g-buffers."""
    return False


@method("get_gbuffer_token", whole, whole, honoured="no")
def get_gbuffer_token(server: Server, number: int, buffer: int) -> bytes:
    """There are no g-buffers."""
    raise RefusedError("this server renders without g-buffers; listen to the camera itself")


@method("enable_sensor_for_ros", whole, honoured="no")
def enable_sensor_for_ros(server: Server, stream: int) -> None:
    """There is no ROS bridge."""


@method("disable_sensor_for_ros", whole, honoured="no")
def disable_sensor_for_ros(server: Server, stream: int) -> None:
    """There is no ROS bridge."""


@method("is_sensor_enabled_for_ros", whole, honoured="no")
def is_sensor_enabled_for_ros(server: Server, stream: int) -> bool:
    """There is no ROS bridge."""
    return False


@method("send", whole, anything, honoured="no")
def send(server: Server, number: int, message: Any) -> None:
    """There is no V2X sensor."""
