"""How episodes of training ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roadworthy.sim.road.route import RoutePoint
from roadworthy.sim.world.columns import Ego, Event

if TYPE_CHECKING:
    from roadworthy.planning.env import Worlds

_VEHICLE, _WALKER, _STATIC, _RED, _DEVIATION, _BLOCKED, _FINISHED = (
    int(Event.COLLISION_VEHICLE),
    int(Event.COLLISION_WALKER),
    int(Event.COLLISION_STATIC),
    int(Event.RED_LIGHT),
    int(Event.ROUTE_DEVIATION),
    int(Event.BLOCKED),
    int(Event.FINISHED),
)
_LATERAL, _BLOCKED_TIME, _PROGRESS = (
    int(Ego.ROUTE_LATERAL),
    int(Ego.BLOCKED_TIME),
    int(Ego.PROGRESS),
)
_S = int(RoutePoint.S)


def describe_end(worlds: Worlds, world: int, blocked_time: float = 180.0) -> dict[str, float]:
    """Tell how a world's drive ended, as numbers 0 or 1, and the share of the route done."""
    # Lists and plain numbers: arrays and enumerations take ten times as long to look at.
    event, ego = worlds.events[world].tolist(), worlds.ego[world].tolist()
    routes = worlds.routes
    last = routes.start.item(worlds.route_index.item(world) + 1) - 1
    length = routes.points.item(last, _S)
    finished = float(event[_FINISHED] > 0)
    return {
        "finished": finished,
        "collision_vehicle": float(event[_VEHICLE] > 0),
        "collision_walker": float(event[_WALKER] > 0),
        "collision_static": float(event[_STATIC] > 0),
        "red_light": float(event[_RED] > 0),
        "off_route": float(event[_DEVIATION] > 0 or abs(ego[_LATERAL]) > 4.0),
        "blocked": float(event[_BLOCKED] > 0 or ego[_BLOCKED_TIME] > blocked_time),
        "completion": 1.0 if finished else min(ego[_PROGRESS] / max(length, 1.0), 1.0),
    }
