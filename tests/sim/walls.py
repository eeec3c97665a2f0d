"""Worlds whose houses are those that a test puts there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from roadworthy.sim.scenery.layout import Prop
from roadworthy.sim.world.batch import BatchWorld


def wall_in(batch: BatchWorld, *boxes: Sequence[float]) -> None:
    """Let these boxes be all that can be hit, (x, y, yaw, length, width, foot, top) each.

    The batch gets arrays of its own: those of the town are shared by all worlds in it.
    """
    statics = batch._statics
    count, cells = len(boxes), len(statics.start) - 1
    batch._statics = statics._replace(
        boxes=np.array(boxes, np.float32).reshape(count, 7),
        prop=np.full(count, Prop.WALL, np.int32),
        start=np.arange(cells + 1, dtype=np.int32) * count,  # each cell lists them all
        listed=np.tile(np.arange(count, dtype=np.int32), cells),
    )
