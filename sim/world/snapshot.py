"""Snapshots: the whole state of one world or of several, to go on from later.

A snapshot holds copies of all arrays of State, so a world that is restored goes the same way to
the byte. It does not hold the town, the routes and the settings, but a digest of them: it fits
only where they are the same. Which world of which seed it came from is not part of it either: a
drive begun after the one that was kept is drawn by the world that it was restored into.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.errors import WorldError
from roadworthy.sim.physics.profile import VehicleProfile
from roadworthy.sim.road.route import RouteSet
from roadworthy.sim.scenario.script import Script
from roadworthy.sim.town import Town
from roadworthy.sim.world.settings import WorldSettings

FORMAT = 1  # of the bytes; another number means that older snapshots cannot be read
_MAGIC = b"roadworthy snapshot\n"


@dataclass(frozen=True, eq=False)
class WorldSnapshot:
    """One or several worlds at one moment."""

    town: str
    digest: str  # of town, routes, events, settings and vehicle
    arrays: dict[str, NDArray[Any]]  # [worlds, ...] by name of the field of State, and more

    @property
    def worlds(self) -> int:
        """How many worlds it holds."""
        return len(self.arrays["key"])

    def to_bytes(self) -> bytes:
        """Pack; `from_bytes` is the way back. Equal snapshots give equal bytes."""
        parts = {n: np.ascontiguousarray(a) for n, a in sorted(self.arrays.items())}
        head = {
            "format": FORMAT,
            "town": self.town,
            "digest": self.digest,
            "arrays": [[n, a.dtype.str, list(a.shape)] for n, a in parts.items()],
        }
        data = [a.tobytes() for a in parts.values()]
        return b"".join([_MAGIC, json.dumps(head).encode(), b"\n", *data])

    @classmethod
    def from_bytes(cls, data: bytes) -> WorldSnapshot:
        """Unpack.

        Raises:
            WorldError: these are not the bytes of a snapshot, or not of this format.
        """
        if not data.startswith(_MAGIC):
            raise WorldError("these bytes are no snapshot of a world")
        line, _, rest = data[len(_MAGIC) :].partition(b"\n")
        try:
            head = json.loads(line)
            if head["format"] != FORMAT:
                raise WorldError(
                    f"the snapshot has format {head['format']}, this version reads {FORMAT}; "
                    "take it anew"
                )
            arrays, at = {}, 0
            for name, kind, shape in head["arrays"]:
                count = int(np.prod(shape))
                arrays[str(name)] = np.frombuffer(rest, kind, count, at).reshape(shape).copy()
                at += count * np.dtype(kind).itemsize
            if at != len(rest):
                raise WorldError("the snapshot holds more bytes than it tells of; take it anew")
            return cls(str(head["town"]), str(head["digest"]), arrays)
        except (ValueError, KeyError, TypeError) as error:
            raise WorldError(f"the snapshot is damaged ({error}); take it anew") from None


def _feed(digest: Any, value: Any) -> None:
    """Add a value to a digest: arrays and dataclasses by content."""
    if isinstance(value, np.ndarray):
        digest.update(f"{value.dtype.str}{value.shape}".encode())
        digest.update(np.ascontiguousarray(value).tobytes())
    elif is_dataclass(value) and not isinstance(value, type):
        for part in fields(value):
            digest.update(part.name.encode())
            _feed(digest, getattr(value, part.name))
    elif isinstance(value, tuple | list):
        digest.update(str(len(value)).encode())
        for item in value:
            _feed(digest, item)
    else:
        digest.update(repr(value).encode())


def world_digest(
    town: Town, routes: RouteSet, settings: WorldSettings, profile: VehicleProfile, script: Script
) -> str:
    """Digest of what the worlds of a batch have in common, 32 hexadecimal digits."""
    way = (routes.points, routes.start)
    return digest_of(town.network, town.scenery, *way, settings, profile, tuple(script))


def digest_of(*parts: Any) -> str:
    """Digest of arrays, dataclasses and what they hold by their content, 32 hexadecimal digits."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        _feed(digest, part)
    return digest.hexdigest()


def keep(
    town: str, digest: str, arrays: dict[str, NDArray[Any]], worlds: Sequence[int]
) -> WorldSnapshot:
    """Copy the rows of `worlds` out of `arrays` [W, ...]."""
    rows = np.asarray(worlds, np.intp)
    return WorldSnapshot(town, digest, {name: array[rows] for name, array in arrays.items()})


def put_back(
    snapshot: WorldSnapshot, digest: str, arrays: dict[str, NDArray[Any]], worlds: Sequence[int]
) -> None:
    """Copy a snapshot into the rows `worlds` of `arrays` [W, ...].

    Raises:
        WorldError: the snapshot is of another town, settings or routes, or holds another number
            of worlds than are to take it.
    """
    if snapshot.digest != digest:
        raise WorldError(
            f"the snapshot is of {snapshot.town} with its own routes, settings and vehicle; this "
            "batch has others, and a drive cannot go on among them"
        )
    if snapshot.worlds not in (1, len(worlds)):
        raise WorldError(
            f"the snapshot holds {snapshot.worlds} worlds, but {len(worlds)} are to take it; "
            "name as many, or restore a snapshot of one world"
        )
    rows = np.asarray(worlds, np.intp)
    for name, array in arrays.items():
        kept = snapshot.arrays.get(name)
        if kept is None or kept.dtype != array.dtype or kept.shape[1:] != array.shape[1:]:
            raise WorldError(f"the snapshot's {name} does not fit this version; take it anew")
    for name, array in arrays.items():
        array[rows] = snapshot.arrays[name]
