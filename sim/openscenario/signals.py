"""Traffic lights by the names that scenarios give them."""

from __future__ import annotations

import numpy as np

from roadworthy.sim.openscenario.elements import word
from roadworthy.sim.openscenario.reading import Node
from roadworthy.sim.road.network import RoadNetwork

REACH = 10.0  # [m] that "pos=X,Y" may lie beside a light


def signal_named(network: RoadNetwork, node: Node, left_handed: bool) -> int:
    """Index of the traffic light that an element names by id, "id=ID" or "pos=X,Y".

    Raises:
        OpenScenarioError: there is none.
    """
    name = word(node, "name")
    lights = np.flatnonzero(network.signal_group >= 0)
    if name.startswith("pos="):
        try:
            x, y = (float(part) for part in name[4:].split(","))
        except ValueError:
            raise node.fault(f"name={name!r} should be pos=X,Y") from None
        y = y if left_handed else -y
        away = np.hypot(network.signals[lights, 0] - x, network.signals[lights, 1] - y)
        if len(away) and float(away.min()) <= REACH:
            return int(lights[np.argmin(away)])
        raise node.fault(f"{network.name} has no traffic light within {REACH:g} m of {name!r}")
    wanted = name.removeprefix("id=")
    for index in lights.tolist():
        if network.signal_id[index] == wanted:
            return int(index)
    known = ", ".join(sorted({network.signal_id[k] for k in lights.tolist()})[:20]) or "none"
    raise node.fault(f"{network.name} has no traffic light {wanted!r}; it has {known}")
