"""The plain reward of the gymnasium environments. Planning has a richer one of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.world.columns import Event


@dataclass(frozen=True, slots=True)
class RewardSettings:
    """Reward per step: progress along the route, less a penalty for each thing done wrong."""

    per_metre: float = 0.1
    collision: float = 10.0
    red_light: float = 5.0
    off_road: float = 0.2  # per step outside of the lanes or on the wrong side
    end_on_collision: bool = True


def rewards(
    progress: NDArray[np.float32], events: NDArray[np.int32], settings: RewardSettings
) -> NDArray[np.float32]:
    """Rewards of all worlds, float32 [W].

    Args:
        progress: [W] metres won on the route in this step.
        events: [W, Event] of this step.
        settings: weights.
    """
    outside = np.maximum(events[:, Event.OFF_ROAD], events[:, Event.WRONG_LANE])
    wrong = (
        settings.collision * collisions(events)
        + settings.red_light * events[:, Event.RED_LIGHT]
        + settings.off_road * outside
    )
    return np.asarray(settings.per_metre * progress - wrong, np.float32)


def collisions(events: NDArray[np.int32]) -> NDArray[np.int32]:
    """Number of collisions of each world in this step, int32 [W]."""
    kinds = [Event.COLLISION_VEHICLE, Event.COLLISION_WALKER, Event.COLLISION_STATIC]
    return np.asarray(events[:, kinds].sum(1), np.int32)


def terminated(events: NDArray[np.int32], settings: RewardSettings) -> NDArray[np.bool_]:
    """Whether the drive of each world is over by what happened in it, bool [W]."""
    over = (events[:, Event.FINISHED] > 0) | (events[:, Event.ROUTE_DEVIATION] > 0)
    if settings.end_on_collision:
        over |= collisions(events) > 0
    return np.asarray(over, np.bool_)


def truncated(events: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Whether a time limit of the world ended its drive, bool [W]."""
    return np.asarray((events[:, Event.BLOCKED] > 0) | (events[:, Event.TIMEOUT] > 0), np.bool_)
