"""What the expert keeps: its memory of each world, and the arrays that its kernels work in."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadworthy.perception.scene import MAX_USERS, ROUTE_DISTANCES
from roadworthy.planning.corridor import POINTS, Line
from roadworthy.planning.forecast import COLUMNS, STEPS, Lateral
from roadworthy.planning.passing import Block
from roadworthy.planning.threats import Relation

_N_ROUTE = len(ROUTE_DISTANCES)


class Memory(IntEnum):
    """What the expert remembers of one world from decision to decision, float64 [Memory]."""

    OFFSET = 0  # [m] from the line, that it steers for now
    PASSING = 1  # 1 while it drives around a block
    TARGET = 2  # [m] offset of that
    UNTIL = 3  # [m] remaining route at which it is past the block
    TOP = 4  # [m/s] while passing
    REMAINING = 5  # [m] of the route, at the decision before; -1 at the beginning
    CAP = 6  # [m/s^2] limit in force
    WAITED = 7  # [s] before a block
    HELD = 8  # [s] for which it has stood because of others' futures
    SLOPE = 9  # metres aside for each metre along, just now
    EXPOSED = 10  # 1 while it is on an oncoming lane


class Scratch(NamedTuple):
    """Arrays that the kernel works in: it allocates nothing."""

    node: NDArray[np.float64]  # [5, rows + 1]
    line: NDArray[np.float64]  # [Line, POINTS]
    allowed: NDArray[np.float64]  # [POINTS]
    rel: NDArray[np.float64]  # [MAX_USERS, Relation]
    places: NDArray[np.float64]  # [MAX_USERS, STEPS, COLUMNS]
    role: NDArray[np.int64]  # [MAX_USERS] Role
    lateral: NDArray[np.float64]  # [Lateral]
    block: NDArray[np.float64]  # [Block]
    way: NDArray[np.float64]  # [3]
    pose: NDArray[np.float64]  # [4]
    found: NDArray[np.float64]  # [4] leader: gap, speed, standstill, walker

    @classmethod
    def make(cls) -> Scratch:
        """Allocate."""
        return cls(
            np.zeros((5, _N_ROUTE + 1)),
            np.zeros((len(Line), POINTS)),
            np.zeros(POINTS),
            np.zeros((MAX_USERS, len(Relation))),
            np.zeros((MAX_USERS, STEPS, COLUMNS)),
            np.zeros(MAX_USERS, np.int64),
            np.zeros(len(Lateral)),
            np.zeros(len(Block)),
            np.zeros(3),
            np.zeros(4),
            np.zeros(4),
        )
