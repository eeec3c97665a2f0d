"""What an evaluation and its workers tell each other: pickled, one after the other, on a pipe."""

from __future__ import annotations

import pickle
import threading
from dataclasses import dataclass
from enum import StrEnum
from typing import IO, Any

from roadworthy.agents.evaluation.drive_result import DriveResult
from roadworthy.agents.evaluation.tasks import Task
from roadworthy.control.timing import StageTimes
from roadworthy.sim import errors
from roadworthy.sim.errors import InputError, RoadworthyError


class Doing(StrEnum):
    """What a worker is at."""

    LOADING = "loading"  # the agent or a town
    SETTING_UP = "setting up"  # the agent, for a drive
    DECIDING = "deciding"
    DRIVING = "driving"  # the world moves, sensors sense
    IDLE = "idle"


@dataclass(frozen=True, slots=True)
class Outfit:
    """What a worker needs to know before it drives."""

    agent: str  # as `make_agent` takes it
    device: str = "auto"
    map_dir: str | None = None
    step_limit: float = 60.0  # [s] of wall time, for one decision
    record: str | None = None  # folder that gets a recording of each drive
    world: str = "embedded"  # where to drive, or the address of a server
    patience: float = 0.0  # [s] that a server may take to come


@dataclass(frozen=True, slots=True)
class Job:
    """Tasks for one worker, all of one town."""

    tasks: tuple[Task, ...]


@dataclass(frozen=True, slots=True)
class About:
    """The agent that a worker has made."""

    name: str
    fingerprint: dict[str, Any]
    sensors: list[str]  # by the leaderboard's names


@dataclass(frozen=True, slots=True)
class Beat:
    """A sign of life."""

    task: int  # index; -1 for none
    doing: Doing
    share: float  # [0, 1] of the route


@dataclass(frozen=True, slots=True)
class Driven:
    """A drive is over."""

    task: int  # index
    result: DriveResult


@dataclass(frozen=True, slots=True)
class Finished:
    """A job is done; the worker waits for the next one."""

    stages: list[StageTimes]


@dataclass(frozen=True, slots=True)
class Refused:
    """The worker cannot go on, and nor could another one: the input is wrong."""

    kind: str  # name of a class of `sim.errors`
    sentence: str

    @classmethod
    def of(cls, error: RoadworthyError) -> Refused:
        """Tell an error."""
        known = next(
            (kind.__name__ for kind in type(error).__mro__ if hasattr(errors, kind.__name__)),
            RoadworthyError.__name__,
        )
        return cls(known, str(error))

    def error(self) -> RoadworthyError:
        """The error, on the other side."""
        kind = getattr(errors, self.kind, InputError)
        return kind(self.sentence)


@dataclass(frozen=True, slots=True)
class Lost:
    """The server that the worker drives on is gone; so is the worker, after this."""

    sentence: str


Answer = About | Beat | Driven | Finished | Refused | Lost
Order = Outfit | Job


class Post:
    """Writes messages; any thread may."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def send(self, message: Answer | Order) -> None:
        """Write one.

        Raises:
            OSError: nobody reads any more.
        """
        content = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        with self._lock:
            self._stream.write(content)
            self._stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """Read one message.

    Raises:
        EOFError: the other side is gone.
    """
    try:
        return pickle.load(stream)
    except (EOFError, OSError, pickle.UnpicklingError, ValueError) as error:
        # A process that was killed while it wrote leaves half a message.
        raise EOFError(str(error)) from None
