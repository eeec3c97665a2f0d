"""What worlds read of a town, arranged once for all worlds in it.

Arranging takes tens of milliseconds, as long as a whole drive of a minute. Nobody writes into
these arrays, so worlds, threads and drives share them; they go with the town.
"""

from __future__ import annotations

import threading
from weakref import WeakKeyDictionary

from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.scenery.layout import Scenery
from roadworthy.sim.world.build import build_roads, build_statics
from roadworthy.sim.world.layout import Roads, Statics

_roads: WeakKeyDictionary[RoadNetwork, Roads] = WeakKeyDictionary()
_statics: WeakKeyDictionary[Scenery, Statics] = WeakKeyDictionary()
_lock = threading.Lock()


def roads_of(network: RoadNetwork) -> Roads:
    """A network as the traffic reads it."""
    with _lock:
        found = _roads.get(network)
        if found is None:
            found = _roads[network] = build_roads(network)
        return found


def statics_of(scenery: Scenery) -> Statics:
    """A town's solid boxes by the cells from which a vehicle can touch them."""
    with _lock:
        found = _statics.get(scenery)
        if found is None:
            found = _statics[scenery] = build_statics(scenery)
        return found
