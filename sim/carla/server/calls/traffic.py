"""Methods by which clients find each other's Traffic Managers; they run in the clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roadworthy.sim.carla.server.methods import method
from roadworthy.sim.carla.server.values import RefusedError, row, text, whole

if TYPE_CHECKING:
    from roadworthy.sim.carla.server.server import Server

MOST = 1000


@method("is_traffic_manager_running", whole)
def is_traffic_manager_running(server: Server, port: int) -> bool:
    """Whether a client has announced one at a port."""
    return port in server.managers


@method("get_traffic_manager_running", whole)
def get_traffic_manager_running(server: Server, port: int) -> list[str | int]:
    """Where it is."""
    return [server.managers.get(port, ""), port if port in server.managers else 0]


@method("add_traffic_manager_running", row(text, whole))
def add_traffic_manager_running(server: Server, where: tuple[str, int]) -> bool:
    """Announce one. Clients give their outward address; who talks to us locally has it locally."""
    host, port = where
    if port in server.managers:
        return False
    if len(server.managers) >= MOST:
        raise RefusedError(f"{MOST} Traffic Managers are announced already")
    server.managers[port] = "127.0.0.1" if server.local else host[:256]
    return True


@method("destroy_traffic_manager", whole)
def destroy_traffic_manager(server: Server, port: int) -> bool:
    """Forget one."""
    return server.managers.pop(port, None) is not None
