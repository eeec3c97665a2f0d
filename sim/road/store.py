"""Write a RoadNetwork into one .npz file and read it back."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from roadworthy.sim.errors import MapError
from roadworthy.sim.files import whole
from roadworthy.sim.road.network import RoadNetwork

FORMAT = 2  # of the file; raise it when the columns of RoadNetwork change
_PLAIN = ("name", "signal_id", "cell", "geo_reference")  # what is no array travels as JSON


def save_network(network: RoadNetwork, path: Path) -> None:
    """Write a network; the file appears whole or not at all.

    Raises:
        StorageError: the disk is full or the folder is not ours.
    """
    arrays: dict[str, Any] = {
        field.name: getattr(network, field.name)
        for field in fields(network)
        if field.name not in _PLAIN
    }
    header = {"format": FORMAT, **{name: getattr(network, name) for name in _PLAIN}}
    with whole(path, what="the compiled map") as beside, beside.open("wb") as stream:
        np.savez_compressed(stream, header=np.array(json.dumps(header)), **arrays)


def load_network(path: Path) -> RoadNetwork:
    """Read a network.

    Raises:
        MapError: the file is missing, damaged, or of another version.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            header = json.loads(str(archive["header"]))
            if header["format"] != FORMAT:
                raise MapError(
                    f"{path} has the format {header['format']}, this version reads {FORMAT}; "
                    "delete it and compile the map again"
                )
            arrays = {
                field.name: archive[field.name]
                for field in fields(RoadNetwork)
                if field.name not in _PLAIN
            }
        latitude, longitude = header["geo_reference"]
        return RoadNetwork(
            name=header["name"],
            signal_id=tuple(header["signal_id"]),
            cell=float(header["cell"]),
            geo_reference=(float(latitude), float(longitude)),
            **arrays,
        ).validate()
    except MapError:
        raise
    except Exception as error:  # zipfile, zlib and NumPy's reader raise anything for such a file
        raise MapError(
            f"{path} is no compiled map or is damaged ({error}); delete it and compile it again"
        ) from None
