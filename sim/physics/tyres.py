"""Tyres on the road: how much they can hold, wet or dry, and what a skid costs."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.kernel import kernel
from roadworthy.sim.weather import WeatherColumn

PRECIPITATION, DEPOSITS, WETNESS = (
    int(WeatherColumn.PRECIPITATION),
    int(WeatherColumn.PRECIPITATION_DEPOSITS),
    int(WeatherColumn.WETNESS),
)
GRAVITY = 9.81  # [m/s^2]
# Wong, Theory of Ground Vehicles, 4th ed., table 1.3: peak adhesion of asphalt 0.8..0.9 dry and
# 0.5..0.7 wet, sliding 0.75 dry. The middle of the ranges: wet holds 0.6 / 0.85 of dry.
WET_SHARE = 0.6 / 0.85
SLIDING = 0.75  # coefficient of friction of locked wheels, dry


@kernel
def road_friction(weather: NDArray[np.float32]) -> float:
    """What a wet road leaves of the dry grip, in [WET_SHARE, 1].

    CARLA tells wetness, rain and puddles apart; the wettest of the three counts.

    Args:
        weather: [WeatherColumn].
    """
    water = max(weather[WETNESS], weather[PRECIPITATION], weather[DEPOSITS])
    return 1.0 - (1.0 - WET_SHARE) * min(max(0.01 * water, 0.0), 1.0)


@kernel
def grip_share(along: float, across: float, reach_along: float, reach_across: float) -> float:
    """Share of a wanted acceleration that the tyres carry: 1 inside the friction ellipse.

    Outside, both parts shrink alike: who brakes in a bend loses some of either, and the car runs
    wide instead of snapping round (Pacejka, Tire and Vehicle Dynamics, 1.3: friction circle).

    Args:
        along: wanted acceleration of the tyres along the car [m/s^2].
        across: wanted lateral acceleration [m/s^2].
        reach_along: the most that they hold along the car alone [m/s^2], above 0.
        reach_across: likewise across.
    """
    x, y = along / reach_along, across / reach_across
    load = x * x + y * y
    return 1.0 if load <= 1.0 else 1.0 / math.sqrt(load)


@kernel
def slowed(speed: float, by: float) -> float:
    """Take `by` >= 0 from the size of `speed`, not beyond zero."""
    if speed > by:
        return speed - by
    return speed + by if speed < -by else 0.0
