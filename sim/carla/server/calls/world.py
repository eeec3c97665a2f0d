"""Methods that ask about the world around the actors, or draw into it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from roadworthy.sim.carla.server.methods import method
from roadworthy.sim.carla.server.queries import box_tag, cast, level_boxes, scenery_box
from roadworthy.sim.carla.server.values import (
    Vector,
    anything,
    flag,
    many,
    real,
    text,
    vector,
    whole,
)
from roadworthy.sim.scenery.layout import Box

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


@method("cast_ray", vector, vector)
def cast_ray(server: Server, begin: Vector, end: Vector) -> list[Any]:
    """All that lies between two places, nearest first, with its label."""
    return cast(server.episode, begin, end)


@method("project_point", vector, vector, real)
def project_point(server: Server, begin: Vector, direction: Vector, distance: float) -> list[Any]:
    """The first thing in a direction: whether there is one, and where."""
    size = sum(part * part for part in direction) ** 0.5
    reach = min(max(distance, 0.0), 1e5)
    if size > 0.0:
        x, y, z = (
            start + part / size * reach for start, part in zip(begin, direction, strict=True)
        )
        met = cast(server.episode, begin, (x, y, z))
        if met:
            return [True, met[0]]
    return [False, [[0.0, 0.0, 0.0], 0]]


@method("get_all_level_BBs", whole)
def get_all_level_bbs(server: Server, tag: int) -> list[Any]:
    """Boxes of the map's things of a label, in world axes."""
    return level_boxes(server.episode, tag)


@method("get_environment_objects", whole)
def get_environment_objects(server: Server, tag: int) -> list[Any]:
    """The map's things of a label."""
    boxes = server.episode.town.scenery.boxes
    found = []
    for index, box in enumerate(boxes):
        label = box_tag(int(box[Box.PROP]))
        if tag in (255, label):
            place, half, turn = scenery_box(box)
            foot = [place[0], place[1], float(box[Box.Z])]
            found.append(
                [[foot, turn], [place, half, turn, 0], index + 1, f"thing_{index + 1}", label]
            )
    return found


@method("enable_environment_objects", many(whole), flag, honoured="no")
def enable_environment_objects(server: Server, numbers: list[int], enabled: bool) -> None:
    """What stands beside the road stays there."""


@method("get_names_of_all_objects")
def get_names_of_all_objects(server: Server) -> list[str]:
    """Names of the map's things."""
    return [f"thing_{index + 1}" for index in range(len(server.episode.town.scenery.boxes))]


@method("apply_color_texture_to_objects", anything, anything, anything, honoured="no")
def apply_color_texture_to_objects(server: Server, *_: Any) -> None:
    """Surfaces are as they are."""


@method("apply_float_color_texture_to_objects", anything, anything, anything, honoured="no")
def apply_float_color_texture_to_objects(server: Server, *_: Any) -> None:
    """Surfaces are as they are."""
