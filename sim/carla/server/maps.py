"""The towns that a server offers, as CARLA names them."""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from roadworthy.sim.carla.server.lost_lights import has_lost_lights, with_lights
from roadworthy.sim.carla.server.values import Pose
from roadworthy.sim.errors import MapError
from roadworthy.sim.road.compile import compile_xodr
from roadworthy.sim.road.network import LaneType, Point, RoadNetwork
from roadworthy.sim.road.opendrive import read_text
from roadworthy.sim.road.towns import canonical_name, find_map, load_town, town_names
from roadworthy.sim.scenery.place import place_scenery
from roadworthy.sim.town import Town

SPAWN_GAP = 14.0  # [m] between spawn points along a lane
SPAWN_MARGIN = 6.0  # [m] kept from the ends of a lane
SPAWN_LIFT = 0.3  # [m] above the road, as CARLA's
COMPILE_TIME = 60.0  # [s] that the OpenDRIVE text of a client may hold the others up
FOLDER = "Carla/Maps/"


@dataclass(frozen=True, eq=False)
class Map:
    """A town with what clients ask about it."""

    name: str  # "Carla/Maps/Town01"
    town: Town
    xodr: str
    spawns: tuple[Pose, ...]


def spawn_points(network: RoadNetwork) -> tuple[Pose, ...]:
    """Places on driving lanes outside of junctions where a vehicle can be spawned."""
    found = []
    for lane in range(network.n_lanes):
        if network.lane_type[lane] != LaneType.DRIVING or network.lane_junction[lane] >= 0:
            continue
        points, length = network.lane_points(lane), float(network.lane_length[lane])
        for s in np.arange(SPAWN_MARGIN, length - SPAWN_MARGIN, SPAWN_GAP):
            x, y, z, yaw = (
                float(np.interp(s, points[:, Point.S], points[:, column]))
                for column in (Point.X, Point.Y, Point.Z, Point.YAW)
            )
            turn = math.degrees(math.remainder(yaw, 2.0 * math.pi))
            found.append(Pose(x, y, z + SPAWN_LIFT, 0.0, turn, 0.0))
    return tuple(found)


def load_map(name: str, map_dir: Path | None = None) -> Map:
    """Load a town by any name that CARLA's clients use, or an OpenDRIVE file.

    Raises:
        MapError: there is none of this name.
    """
    if not name.lower().endswith(".xodr"):
        name = canonical_name(name)
    path = find_map(name, map_dir)
    town = load_town(path if path.suffix != ".npz" else name, map_dir)
    if path.suffix == ".xodr" and has_lost_lights(town.name, xodr := read_text(path)):
        return _lit(town.name, with_lights(xodr))
    source = path.with_suffix(".xodr")
    if not source.is_file():
        raise MapError(f"the town {town.name} has no OpenDRIVE file beside {path}")
    return Map(FOLDER + town.name, town, read_text(source), spawn_points(town.network))


def _lit(name: str, xodr: str) -> Map:
    """Make the map of a town whose lights we have put up; it is kept in the cache like others."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.xodr"
        path.write_text(xodr, encoding="utf-8")
        town = load_town(path)
    return Map(FOLDER + name, town, xodr, spawn_points(town.network))


def map_of_text(xodr: str, folder: Path) -> Map:
    """Make a map of OpenDRIVE text that a client has sent, by way of a file in `folder`.

    Raises:
        MapError: it cannot be compiled.
    """
    path = folder / "OpenDriveMap.xodr"
    path.write_text(xodr, encoding="utf-8")
    network = compile_xodr(path, cache=False, timeout=COMPILE_TIME)
    town = Town(network.name, network, place_scenery(network))
    return Map(FOLDER + "OpenDriveMap", town, xodr, spawn_points(network))


def available(map_dir: Path | None = None) -> list[str]:
    """Names of all towns, as `get_available_maps` gives them."""
    names = set(town_names())
    if map_dir is not None and map_dir.is_dir():
        names |= {path.stem for path in map_dir.glob("*.xodr")}
    return [f"/Game/{FOLDER}{name}" for name in sorted(names)]
