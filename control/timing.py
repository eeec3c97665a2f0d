"""Times of the stages of the loop, kept in a ring and told as percentiles."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class StageTimes:
    """How long one stage took [ms]."""

    stage: str
    count: int
    mean: float
    p50: float
    p99: float
    most: float


class StageClock:
    """Measures named stages; keeps the last `size` times of each."""

    def __init__(self, size: int = 4096) -> None:
        self._size = size
        self._times: dict[str, NDArray[np.float64]] = {}
        self._count: dict[str, int] = {}

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Measure what runs inside."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.add(stage, (time.perf_counter() - begin) * 1e3)

    def add(self, stage: str, milliseconds: float) -> None:
        """Note one time [ms]."""
        ring = self._times.get(stage)
        if ring is None:
            ring = self._times[stage] = np.zeros(self._size)
            self._count[stage] = 0
        ring[self._count[stage] % self._size] = milliseconds
        self._count[stage] += 1

    def clear(self) -> None:
        """Forget everything, after a warm-up for example."""
        self._times.clear()
        self._count.clear()

    def table(self) -> list[StageTimes]:
        """Tell every stage's times, in the order in which they first came."""
        rows = []
        for stage, ring in self._times.items():
            count = self._count[stage]
            seen = ring[: min(count, self._size)]
            p50, p99 = np.percentile(seen, [50, 99])
            rows.append(
                StageTimes(
                    stage, count, float(seen.mean()), float(p50), float(p99), float(seen.max())
                )
            )
        return rows
