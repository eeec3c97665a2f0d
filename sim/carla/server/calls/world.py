"""Methods that ask about the world around the actors, or draw into it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from roadworthy.sim.carla.server.methods import method
from roadworthy.sim.carla.server.values import anything, flag, text

if TYPE_CHECKING:
    from roadworthy.sim.carla.server.server import Server


@method("query_lights_state", text, honoured="partly")
def query_lights_state(server: Server, client: str) -> list[Any]:
    """Street lights follow the sun here; none of them can be switched."""
    return []


@method("update_lights_state", text, anything, flag, honoured="no")
def update_lights_state(server: Server, client: str, lights: Any, discard: bool) -> None:
    """Street lights follow the sun here."""


@method("update_day_night_cycle", text, flag, honoured="no")
def update_day_night_cycle(server: Server, client: str, active: bool) -> None:
    """Street lights follow the sun here."""


@method("draw_debug_shape", anything, honoured="no")
def draw_debug_shape(server: Server, shape: Any) -> None:
    """Accepted; there is no screen to draw on."""


@method("clear_debug_shape", honoured="no")
def clear_debug_shape(server: Server) -> None:
    """Nothing was drawn."""


@method("clear_debug_string", honoured="no")
def clear_debug_string(server: Server) -> None:
    """Nothing was drawn."""


@method("set_annotations_traverse_translucency", flag, honoured="no")
def set_annotations_traverse_translucency(server: Server, enabled: bool) -> None:
    """Nothing is translucent here."""
