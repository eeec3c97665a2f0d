"""Read what clients send, and write what they expect: CARLA's structs are positional arrays.

Everything that comes in is hostile: a reader returns a value that it has checked, or raises
`MalformedError`. Source of the layouts: LibCarla, rpc/*.h, MSGPACK_DEFINE_ARRAY.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from roadworthy.sim.errors import RoadworthyError

MOST_TEXT = 1 << 26  # characters of one string; Town12's OpenDRIVE file has 60 MB
FARTHEST = 1e7  # [m] a coordinate beyond is a mistake, and would spoil float32 sums

Reader = Callable[[Any], Any]
Vector = tuple[float, float, float]


class MalformedError(RoadworthyError):
    """An argument is not what its method takes."""


class RefusedError(RoadworthyError):
    """A call that CARLA answers with an error; the client raises a RuntimeError of this text."""


class Pose(NamedTuple):
    """A transform as CARLA has it: metres and degrees."""

    x: float
    y: float
    z: float
    pitch: float
    yaw: float
    roll: float

    def wire(self) -> list[list[float]]:
        """Write it as rpc::Transform."""
        return [[self.x, self.y, self.z], [self.pitch, self.yaw, self.roll]]


def real(value: Any) -> float:
    """Read a float; whole numbers count."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise MalformedError(f"{value!r:.60} is no number")
    if not math.isfinite(value):
        raise MalformedError(f"{value} is not finite")
    return float(value)


def whole(value: Any) -> int:
    """Read an integer of up to 64 bits."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise MalformedError(f"{value!r:.60} is no whole number")
    return value


def flag(value: Any) -> bool:
    """Read a bool."""
    if not isinstance(value, bool | int):
        raise MalformedError(f"{value!r:.60} is no bool")
    return bool(value)


def text(value: Any) -> str:
    """Read a string."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str) or len(value) > MOST_TEXT:
        raise MalformedError(f"{value!r:.60} is no string")
    return value


def anything(value: Any) -> Any:
    """Read nothing: the method does not look at this argument."""
    return value


def parts(value: Any, least: int) -> list[Any]:
    """Read a struct of at least so many elements."""
    if not isinstance(value, list | tuple) or len(value) < least:
        raise MalformedError(f"{value!r:.60} is no struct of {least} elements")
    return list(value)


def vector(value: Any) -> Vector:
    """Read three numbers."""
    if not isinstance(value, list | tuple) or len(value) < 3:
        raise MalformedError(f"{value!r:.60} is no vector")
    x, y, z = real(value[0]), real(value[1]), real(value[2])
    if max(abs(x), abs(y), abs(z)) > FARTHEST:
        raise MalformedError(f"{value!r:.60} is beyond {FARTHEST:g}")
    return x, y, z


def pose(value: Any) -> Pose:
    """Read a transform."""
    place, turn = parts(value, 2)[:2]
    return Pose(*vector(place), *vector(turn))


def optional(reader: Reader) -> Reader:
    """Read [false] or [true, value]."""

    def read(value: Any) -> Any:
        items = parts(value, 1)
        return reader(parts(value, 2)[1]) if flag(items[0]) else None

    return read


def many(reader: Reader, most: int = 100_000) -> Reader:
    """Read an array of up to `most` values of a kind."""

    def read(value: Any) -> list[Any]:
        items = parts(value, 0)
        if len(items) > most:
            raise MalformedError(f"an array of {len(items)} entries; at most {most} are taken")
        return [reader(item) for item in items]

    return read


def row(*readers: Reader, least: int | None = None) -> Reader:
    """Read a struct of these fields; those behind `least` may be missing, further ones may come."""
    needed = len(readers) if least is None else least

    def read(value: Any) -> tuple[Any, ...]:
        items = parts(value, needed)
        return tuple(reader(item) for reader, item in zip(readers, items, strict=False))

    return read


def pair(value: Any) -> tuple[float, float]:
    """Read a Vector2D."""
    x, y = parts(value, 2)[:2]
    return real(x), real(y)


class Description(NamedTuple):
    """What a client wants to have spawned."""

    uid: int
    id: str
    attributes: dict[str, tuple[int, str]]  # type and value by id

    def wire(self) -> list[Any]:
        """Write it as rpc::ActorDescription."""
        values = [[name, kind, value] for name, (kind, value) in self.attributes.items()]
        return [self.uid, self.id, values]

    def get(self, name: str, default: str) -> str:
        """Value of an attribute."""
        return self.attributes.get(name, (0, default))[1]

    def number(self, name: str, default: float) -> float:
        """Value of an attribute as a number; the default where it is none."""
        try:
            value = float(self.get(name, ""))
        except ValueError:
            return default
        return value if math.isfinite(value) else default


def description(value: Any) -> Description:
    """Read an ActorDescription."""
    uid, name, values = parts(value, 3)[:3]
    attributes: dict[str, tuple[int, str]] = {}
    for item in parts(values, 0)[:256]:
        key, kind, held = parts(item, 3)[:3]
        attributes[text(key)[:256]] = (whole(kind), text(held)[:4096])
    return Description(whole(uid), text(name)[:256], attributes)


read_control = row(real, real, real, flag, flag, flag, whole)
read_ackermann = row(real, real, real, real, real)
read_walk = row(vector, real, flag)
