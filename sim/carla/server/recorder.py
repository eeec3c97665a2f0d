"""Record what happens in an episode, and read it back.

A file is a row of msgpack values: a head, then one value for each frame. It is written as the
frames come, so that what was recorded before an end without notice can be read; a last frame that
is cut off is left out.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import msgpack  # type: ignore[import-untyped]
import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.carla.server.motors import Motor
from roadworthy.sim.carla.server.touching import HIT_A, HIT_B
from roadworthy.sim.carla.server.values import Description, Pose, RefusedError, description

if TYPE_CHECKING:
    from roadworthy.sim.carla.server.episode import Episode

FORMAT = "roadworthy.carla.recording"
VERSION = 1
MOST_BYTES = 4 << 30  # of one file
POSE = 9  # numbers of an actor in a frame: pose [m, degrees], velocity [m/s]


@dataclass(frozen=True, slots=True)
class Begin:
    """An actor that appears in a recording."""

    id: int
    description: Description
    pose: Pose


@dataclass(frozen=True, slots=True)
class Frame:
    """One recorded frame."""

    time: float  # [s] since the recording began
    begun: list[Begin]
    ended: list[int]
    ids: NDArray[np.uint32]
    poses: NDArray[np.float32]  # [N, POSE]
    controls: NDArray[np.float32]  # [N, Motor.THROTTLE..GEAR]
    lights: NDArray[np.uint8]  # what each signal shows
    hits: list[tuple[int, int]]  # ids that touched; 0 is the map
    eye: Pose | None  # where the spectator was


@dataclass(frozen=True, slots=True)
class Recording:
    """A whole file."""

    map: str
    frames: list[Frame]

    @property
    def duration(self) -> float:
        """Seconds from the first to the last frame."""
        return self.frames[-1].time if self.frames else 0.0


class Recorder:
    """Writes one file."""

    def __init__(self, path: Path, episode: Episode) -> None:
        """Begin a file.

        Raises:
            RefusedError: it cannot be written.
        """
        self.path = path
        self._known: set[int] = set()
        self._began: float | None = None
        self._size = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: BinaryIO | None = path.open("wb")
        except OSError as error:
            raise RefusedError(f"cannot record into {path.name}: {error.strerror}") from None
        self._write({"format": FORMAT, "version": VERSION, "map": episode.map.name})

    def _write(self, value: Any) -> None:
        data = msgpack.packb(value)
        self._size += len(data)
        if self._file is None:
            return
        try:
            self._file.write(data)
        except OSError:
            self.end()
        if self._size > MOST_BYTES:
            self.end()

    def note(self, episode: Episode) -> None:
        """Write this frame."""
        if self._file is None:
            return
        if self._began is None:
            self._began = episode.time
        ledger = episode.ledger
        entries = sorted(ledger.row_entry.values(), key=lambda entry: entry.id)
        ids = {entry.id for entry in entries}
        rows = [entry.row for entry in entries]
        hits = [
            [int(ledger.row_entry[int(row[HIT_A])].id),
             int(ledger.row_entry[int(row[HIT_B])].id) if row[HIT_B] >= 0 else 0]
            for row in episode.bodies.hits
        ]  # fmt: skip
        self._write([
            episode.time - self._began,
            [[e.id, e.description.wire(), list(ledger.pose(e))]
             for e in entries if e.id not in self._known],
            sorted(self._known - ids),
            np.array([e.id for e in entries], "<u4").tobytes(),
            ledger.motion[[e.slot for e in entries], :POSE].astype("<f4").tobytes(),
            episode.bodies.motors[rows, : Motor.PEDAL_ACTUAL].astype("<f4").tobytes(),
            episode.lights.shown.tobytes(), hits, list(ledger.pose(episode.spectator)),
        ])  # fmt: skip
        self._known = ids

    def end(self) -> None:
        """Close the file."""
        if self._file is not None:
            with contextlib.suppress(OSError):  # the disk is full: what fits is there
                self._file.close()
            self._file = None


def read_recording(path: Path) -> Recording:
    """Read a file.

    Raises:
        RefusedError: it is no recording, or there is none.
    """
    try:
        with path.open("rb") as file:
            values = _values(file)
            head = next(values, None)
            if not isinstance(head, dict) or head.get("format") != FORMAT:
                raise RefusedError(f"{path.name} is no recording of this server")
            frames = [_frame(value) for value in values]
    except OSError:
        raise RefusedError(f"File {path.name} not found on server") from None
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise RefusedError(f"{path.name} is damaged: {error}") from None
    return Recording(str(head.get("map", "")), frames)


def _values(file: BinaryIO) -> Iterator[Any]:
    """The values of a file, up to its end or to one that is cut off."""
    unpacker = msgpack.Unpacker(file, raw=False, strict_map_key=False, max_buffer_size=1 << 28)
    yield from unpacker


def _frame(value: list[Any]) -> Frame:
    time, begun, ended, ids, poses, controls, lights, hits, *more = value
    number = np.frombuffer(ids, "<u4")
    return Frame(
        float(time),
        [Begin(int(i), description(asked), Pose(*pose)) for i, asked, pose in begun],
        [int(i) for i in ended],
        number,
        np.frombuffer(poses, "<f4").reshape(len(number), POSE),
        np.frombuffer(controls, "<f4").reshape(len(number), Motor.PEDAL_ACTUAL),
        np.frombuffer(lights, np.uint8),
        [(int(a), int(b)) for a, b in hits],
        Pose(*(float(part) for part in more[0])) if more else None,
    )
