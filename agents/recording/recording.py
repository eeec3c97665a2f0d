"""Recording: one drive as a file keeps it, read piece by piece."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from roadworthy.agents.evaluation.results import Incident, Record
from roadworthy.agents.recording.beliefs import check_decisions, control_of, plan_of, scene_of
from roadworthy.agents.recording.codec import Arrays, unpack
from roadworthy.agents.recording.container import Chunk, RecordingError, list_chunks, read_chunk
from roadworthy.agents.recording.head import Head, check_points
from roadworthy.agents.recording.states import KEPT
from roadworthy.perception.scene import Scene
from roadworthy.planning.plan import Plan
from roadworthy.sim.errors import RoadworthyError
from roadworthy.sim.frame import Control
from roadworthy.sim.scenario.scenario import Scenario
from roadworthy.sim.scenario.story import Story

_KINDS = ("<f4", "<f4", "|u1", "<i4", "<f4", "<f4", "<i4", "<f8", "<i8")
_TYPES = dict(zip(KEPT, _KINDS, strict=True))
_MOST_CHUNKS = 100_000  # of steps: six days of driving


class RecordedResult(BaseModel):
    """How the drive went, as it was told then."""

    model_config = ConfigDict(frozen=True)

    record: Record
    log: list[tuple[float, str]] = Field(default_factory=list)
    score_2_1: float = 0.0
    trajectory: str = ""


@dataclass(frozen=True, eq=False)
class RecordedMoment:
    """One step of a drive: the world as it was, and what the agent made of it.

    The arrays are views of what was read: do not change them.
    """

    index: int
    time: float  # [s] since the drive began
    frame: int  # ticks since then
    actors: NDArray[np.float32]  # [A, Actor]
    ego: NDArray[np.float32]  # [Ego]
    lights: NDArray[np.uint8]  # [K]
    events: NDArray[np.int32]  # [Event] since the moment before
    weather: NDArray[np.float32]  # [WeatherColumn]
    hits: NDArray[np.float32]  # [N, Hit]
    control: Control | None  # what was done from here on; None where the drive ended here
    plan: Plan | None
    belief: Scene | None  # None where the agent drove on the truth
    completion: float  # [%] of the route by now
    score: float  # driving score (leaderboard 2.0) by now


class Recording:
    """A recorded drive. Made by `read`; holds no more than a few seconds of it in memory.

    Attributes:
        path: the file.
        head: what the drive was made of.
        points: of the route, float32 [N, RoutePoint].
        damage: what is wrong with the file in words; "" where it is whole. What stands before
            the damage can be read.
        result: how the drive went; None where it was broken off.
        incidents: infractions with time and place.
        digests: of everything in the world, by frame.
    """

    def __init__(self, path: Path, head: Head, points: NDArray[np.float32]) -> None:
        self.path, self.head, self.points = path, head, points
        self.damage = ""
        self.result: RecordedResult | None = None
        self.incidents: list[Incident] = []
        self.digests: dict[int, str] = {}
        self._chunks: list[Chunk] = []
        self._starts: list[int] = []  # index of the first moment of each chunk
        self._times: list[float] = []
        self._count = 0
        self._load = lru_cache(maxsize=2)(self._decode)

    @classmethod
    def read(cls, path: str | Path) -> Recording:
        """Read a recording: checks all of it, keeps only where things are.

        Raises:
            RecordingError: the file cannot be read, is no recording, or is so damaged that not
                even its beginning is left.
        """
        path = Path(path)
        chunks, damage = list_chunks(path)
        if [chunk.kind for chunk in chunks[:2]] != ["HEAD", "ROUT"]:
            raise RecordingError(
                f"recording {path}: its beginning is missing ({damage or 'no head'}); nothing "
                "of the drive can be read"
            )
        head = Head.read(read_chunk(path, chunks[0]))
        route = unpack(read_chunk(path, chunks[1])).get("route")
        if route is None or route.ndim != 2 or route.dtype != np.float32:
            raise RecordingError(f"recording {path}: it has no route")
        found = cls(path, head, check_points(head.own_columns("route", route)))
        found.damage = found._index(chunks[2:]) or damage
        if not found._count:
            raise RecordingError(
                f"recording {path}: it ends before the first moment of the drive"
                + (f" ({found.damage})" if found.damage else "")
            )
        return found

    def _index(self, chunks: list[Chunk]) -> str:
        """Take in the chunks behind the head; returns what is wrong with them."""
        last = -1
        for chunk in chunks[:_MOST_CHUNKS]:
            try:
                if chunk.kind == "STEP":
                    arrays = self._decode(chunk)
                    if int(arrays["frame"][0]) <= last:
                        return "its moments do not follow each other"
                    last = int(arrays["frame"][-1])
                    self._chunks.append(chunk)
                    self._starts.append(self._count)
                    self._times += arrays["time"].tolist()
                    self._count += len(arrays["frame"])
                elif chunk.kind == "NOTE":
                    self._note(json.loads(read_chunk(self.path, chunk)))
                elif chunk.kind == "DONE":
                    text = read_chunk(self.path, chunk)
                    self.result = RecordedResult.model_validate_json(text)
                    self.incidents = list(self.result.record.meta.incidents)
            except (RoadworthyError, ValidationError, ValueError, RecursionError) as error:
                return f"the chunk at byte {chunk.start} is damaged ({str(error).splitlines()[0]})"
        return ""

    def _note(self, note: Any) -> None:
        if not isinstance(note, dict):
            raise ValueError("a note is none")
        if type(note.get("frame")) is int and isinstance(note.get("digest"), str):
            self.digests[note["frame"]] = note["digest"]
        self.incidents += [Incident.model_validate(each) for each in note.get("incidents", [])]

    def _decode(self, chunk: Chunk) -> Arrays:
        """Arrays of one chunk, checked, with the columns of this version.

        Raises:
            RecordingError: they are not what a chunk of this drive holds.
        """
        arrays = unpack(read_chunk(self.path, chunk))
        head = self.head
        steps = len(arrays.get("frame", ()))
        wide = {name: len(head.columns.get(name, ())) for name in ("actors", "ego", "events")}
        expected: dict[str, tuple[int, ...]] = {
            "actors": (steps, head.actors, wide["actors"]),
            "ego": (steps, wide["ego"]),
            "lights": (steps, head.signals),
            "events": (steps, wide["events"]),
            "weather": (steps, len(head.columns.get("weather", ()))),
            "hit_count": (steps,),
            "time": (steps,),
            "frame": (steps,),
        }
        hits = arrays.get("hits")
        most = 0 if hits is None or hits.ndim != 3 else hits.shape[1]
        expected["hits"] = (steps, most, len(head.columns.get("hits", ())))
        for name, shape in expected.items():
            array = arrays.get(name)
            if array is None or array.shape != shape or array.dtype.str != _TYPES[name]:
                raise RecordingError(f"its {name} have another shape than its head says")
        if not steps or (np.diff(arrays["frame"]) <= 0).any() or arrays["frame"][0] < 0:
            raise RecordingError("its moments do not follow each other")
        if not np.isfinite(arrays["time"]).all() or (np.diff(arrays["time"]) < 0.0).any():
            raise RecordingError("its times do not rise")
        check_decisions(arrays, steps)
        for name in ("actors", "ego", "events", "weather", "hits"):
            arrays[name] = head.own_columns(name, arrays[name])
        return arrays

    def __len__(self) -> int:
        """Number of moments: one more than steps were driven."""
        return self._count

    @property
    def duration(self) -> float:
        """Seconds of the world's time that were recorded."""
        return self._times[-1]

    @cached_property
    def whole(self) -> bool:
        """Whether the drive was recorded to its end."""
        return not self.damage and self.result is not None

    def scenario(self, story: Story | None = None) -> Scenario:
        """The drive's scenario, with all events that happened; see `Head.scenario`."""
        return self.head.scenario(self.points, story)

    def index_at(self, time: float) -> int:
        """Index of the moment at, or last before, a time [s]; the first one for less than 0."""
        return max(bisect_right(self._times, time + 1e-6) - 1, 0)

    def arrays(self, index: int) -> tuple[Arrays, int]:
        """The chunk that holds a moment, and the moment's row in it.

        Raises:
            IndexError: there is no such moment.
            RecordingError: the file has changed since it was read.
        """
        if not 0 <= index < self._count:
            raise IndexError(f"moment {index} asked for; there are {self._count}")
        k = bisect_right(self._starts, index) - 1
        return self._load(self._chunks[k]), index - self._starts[k]

    def __getitem__(self, index: int) -> RecordedMoment:
        """One moment; negative indices count from the end.

        Raises:
            IndexError: there is no such moment.
        """
        if index < 0:
            index += self._count
        arrays, row = self.arrays(index)
        decided = row < len(arrays.get("control", ()))
        hits = min(max(int(arrays["hit_count"][row]), 0), arrays["hits"].shape[1])
        return RecordedMoment(
            index=index,
            time=float(arrays["time"][row]),
            frame=int(arrays["frame"][row]),
            actors=arrays["actors"][row],
            ego=arrays["ego"][row],
            lights=arrays["lights"][row],
            events=arrays["events"][row],
            weather=arrays["weather"][row],
            hits=arrays["hits"][row, :hits],
            control=control_of(arrays, row) if decided else None,
            plan=plan_of(arrays, row) if decided else None,
            belief=scene_of(arrays, row) if decided else None,
            completion=float(arrays["completion"][row]) if decided else self._final("score_route"),
            score=float(arrays["score"][row]) if decided else self._final("score_composed"),
        )

    def _final(self, name: str) -> float:
        return float(getattr(self.result.record.scores, name)) if self.result else 0.0

    def __iter__(self) -> Iterator[RecordedMoment]:
        """All moments, from the first to the last."""
        return (self[i] for i in range(self._count))
