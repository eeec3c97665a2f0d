"""What a recording keeps of a world at each step: which arrays, and how rows of them are collected.

Shape law: a state is the first (and only) world's row of the arrays below; over time the step
comes first. S is the number of steps in a chunk, A actors, K signals.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.world.driven import DrivenWorld

Arrays = dict[str, NDArray[Any]]

# Arrays of BatchWorld.state that are kept at each step; a proof compares all of them. Whatever
# else decides how the world goes on is covered by `hidden_digest`.
KEPT = (
    "actors",  # float32 [S, A, Actor]
    "ego",  # float32 [S, Ego]
    "lights",  # uint8 [S, K]
    "events",  # int32 [S, Event] since the step before
    "weather",  # float32 [S, WeatherColumn]
    "hits",  # float32 [S, MAX_HITS, Hit]; the first `hit_count` count
    "hit_count",  # int32 [S]
    "time",  # float64 [S] seconds
    "frame",  # int64 [S] ticks
)
STEPS = 50  # of a chunk, at most: five seconds of the world's time
_RAW = 1 << 22  # bytes of states in a chunk, about


def hidden_digest(world: DrivenWorld) -> str:
    """Digest of everything in a world that changes, seen or not, 32 hexadecimal digits."""
    digest = hashlib.blake2b(digest_size=16)
    for array in world.batch.state:
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def steps_of_chunk(world: DrivenWorld) -> int:
    """How many steps of this world make a chunk."""
    return max(1, min(STEPS, _RAW // max(world.actors.nbytes, 1)))


class States:
    """States of one world, collected until a chunk is full."""

    def __init__(self, world: DrivenWorld, most: int) -> None:
        """Make room for `most` states."""
        state = world.batch.state
        self._from = [getattr(state, name) for name in KEPT]
        self._rows = [np.zeros((most, *a.shape[1:]), a.dtype) for a in self._from]
        self._pairs = list(zip(self._rows, self._from, strict=True))
        self.count = 0

    def add(self) -> None:
        """Copy the world's state."""
        at = self.count
        for rows, source in self._pairs:
            rows[at] = source[0]
        self.count = at + 1

    def take(self) -> Arrays:
        """The states so far, which are forgotten here; views that the next `add` overwrites."""
        count, self.count = self.count, 0
        return {name: rows[:count] for name, rows in zip(KEPT, self._rows, strict=True)}
