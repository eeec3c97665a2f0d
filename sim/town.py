"""A town: its roads and what stands beside them."""

from __future__ import annotations

from dataclasses import dataclass

from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.scenery.layout import Scenery


@dataclass(frozen=True, eq=False)
class Town:
    """One place to drive in."""

    name: str
    network: RoadNetwork
    scenery: Scenery
