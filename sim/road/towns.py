"""Find towns by name and load them: shipped ones, CARLA's from a folder, or any OpenDRIVE file."""

from __future__ import annotations

import os
from pathlib import Path

from roadworthy.sim.errors import MapError
from roadworthy.sim.road.compile import compile_xodr
from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.road.store import load_network
from roadworthy.sim.scenery.place import place_scenery
from roadworthy.sim.town import Town

TRAINING_TOWNS = ("Rivertown", "Hillcrest")
HELD_OUT_TOWN = "Marlow"  # nothing is trained or tuned on it
BENCH_TOWN = "Hillcrest"  # what `bench` measures in, so that its figures stay comparable
_DATA = Path(__file__).parent / "data"


def town_names() -> list[str]:
    """Return the names of the shipped towns."""
    return sorted(path.stem for path in _DATA.glob("*.npz"))


def canonical_name(name: str) -> str:
    """Return a town's name without CARLA's suffix for layered maps ("Town10HD_Opt")."""
    return name.rsplit("/", 1)[-1].removesuffix("_Opt")


def find_map(name_or_path: str | os.PathLike[str], map_dir: str | Path | None = None) -> Path:
    """Find the file of a town: the .npz of a shipped one, else an .xodr.

    Args:
        name_or_path: "Rivertown", "Town01", "Town10HD_Opt", or the path of an .xodr file.
        map_dir: folder with TOWN.xodr files; None takes $ROADWORTHY_MAPS.

    Raises:
        MapError: there is no such town; the message lists those that exist.
    """
    text = os.fspath(name_or_path)
    if text.lower().endswith(".xodr"):
        path = Path(text).expanduser()
        if path.is_file():
            return path
        raise MapError(f"the map file {text} does not exist; check the path")
    name = canonical_name(text)
    folder_text = str(map_dir) if map_dir is not None else os.environ.get("ROADWORTHY_MAPS", "")
    folder = Path(folder_text).expanduser() if folder_text else None
    if folder is not None and not folder.is_dir():
        raise MapError(f"the map folder {folder} does not exist; check --map-dir (ROADWORTHY_MAPS)")
    known = {town.lower(): _DATA / f"{town}.npz" for town in town_names()}
    names = town_names()
    if folder is not None:
        for path in sorted(folder.glob("*.xodr")):
            known[path.stem.lower()] = path
            names.append(path.stem)
    if name.lower() in known:
        return known[name.lower()]
    hint = f" (looked in {folder} too)" if folder else ""
    raise MapError(
        f"unknown town {text!r}{hint}; known are {', '.join(sorted(set(names)))}. Give "
        "--map-dir DIR (or ROADWORTHY_MAPS) with a folder that holds "
        f"{name or 'TOWN'}.xodr, or the path of an .xodr file"
    )


def load_network_of(
    name_or_path: str | os.PathLike[str], map_dir: str | Path | None = None
) -> RoadNetwork:
    """Load the roads of a town without its scenery; see `load_town`."""
    path = find_map(name_or_path, map_dir)
    return load_network(path) if path.suffix == ".npz" else compile_xodr(path)


def load_town(name_or_path: str | os.PathLike[str], map_dir: str | Path | None = None) -> Town:
    """Load a town by its name or from an .xodr file.

    Args:
        name_or_path: "Rivertown", "Town01", "Town10HD_Opt", or the path of an .xodr file.
        map_dir: folder with TOWN.xodr files; None takes $ROADWORTHY_MAPS.

    Raises:
        MapError: there is no such town, or its file cannot be compiled.
    """
    network = load_network_of(name_or_path, map_dir)
    return Town(network.name, network, place_scenery(network))
