"""Variety: a town with stop lines and speed limits other than it was built with.

In each generator's towns the stop lines lie at one distance before the junction, and limits are
few. A policy that learns there stops by the junction rather than by the line, and drives over the
lines of towns built otherwise; and it has never braked from the speeds of their country roads.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from roadworthy.sim.road.network import RoadNetwork, SignalKind
from roadworthy.sim.town import Town

_KEPT = 0.5  # [m] of a lane before its stop line, at least


@dataclass(frozen=True)
class Variety:
    """How far a varied town may be from the one it was made of."""

    # [m] along the lane, negative is back: CARLA's lights stand 2 m (Town10HD) to 11 m (Town02)
    # before the junction, those of generated towns 6 to 7 m.
    light_shift: tuple[float, float] = (-5.0, 4.0)
    sign_shift: tuple[float, float] = (-3.0, 1.0)
    # One factor is drawn for each road; CARLA's towns have up to 25 m/s.
    limit_factors: tuple[float, ...] = (1.0, 1.0, 1.0, 1.8)
    greatest_limit: float = 25.0  # [m/s]


def vary(town: Town, seed: int, variety: Variety | None = None) -> Town:
    """A copy of a town with other stop lines and limits; the same seed gives the same copy.

    All lines of one signal are shifted alike; none leaves its lane. Junctions keep their limits.
    """
    v, rng, net = variety or Variety(), np.random.default_rng(seed), town.network
    roads, number = np.unique(net.lane_road[:, 0], return_inverse=True)
    factor = rng.choice(np.array(v.limit_factors), len(roads))[number.reshape(-1)]
    open_road = net.lane_junction < 0
    before = net.lane_speed_limit
    ceiling = np.maximum(before, v.greatest_limit)
    limit = np.where(open_road, np.minimum(before * factor, ceiling), before)
    return replace(
        town,
        network=replace(
            net,
            lane_speed_limit=limit.astype(np.float32),
            stop_s=_shifted(net, v, rng),
        ),
    )


def _shifted(net: RoadNetwork, v: Variety, rng: np.random.Generator) -> np.ndarray:
    """Places of all stop lines [m] along their lanes, float32 [T], moved within the lanes."""
    count = len(net.signal_kind)
    shift = np.where(
        net.signal_kind == SignalKind.LIGHT,
        rng.uniform(*v.light_shift, count),
        rng.uniform(*v.sign_shift, count),
    )
    lane = np.repeat(np.arange(net.n_lanes), np.diff(net.stop_start))
    own = np.where(net.stop_signal >= 0, shift[net.stop_signal], 0.0)
    low = np.minimum(net.stop_s, _KEPT)
    high = np.maximum(net.stop_s, net.lane_length[lane] - _KEPT)
    return np.clip(net.stop_s + own, low, high).astype(np.float32)
