"""The row that stands for a road user's box, in the labels and in what the network finds."""

from __future__ import annotations

from enum import IntEnum


class UserBox(IntEnum):
    """Columns of a labelled or detected road user, ego frame.

    The last column says how well it is seen: a label has HITS there, a detection its SCORE.
    """

    X = 0  # [m]
    Y = 1
    COS = 2
    SIN = 3
    LENGTH = 4  # [m]
    WIDTH = 5
    CLASS = 6  # UserClass
    HITS = 7  # lidar returns on it; 0: nothing of it is seen, so nothing is asked about it
    SCORE = 7  # [0, 1]
