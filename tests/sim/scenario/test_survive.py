"""The expert survives every kind of event: it drives the route to its end and touches nobody."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from roadworthy.sim.scenario.catalogue import CATALOGUE
from roadworthy.sim.scenario.kinds import EventKind, Support

from .drill import TOWNS, drill

KINDS = [kind for kind, entry in CATALOGUE.items() if entry.support != Support.NO]
# Which of the routes that have a place for the kind; the first one where none is named.
ROUTE: dict[EventKind, int] = {
    EventKind.HIGHWAY_CUT_IN: 1,
    EventKind.CONSTRUCTION_OBSTACLE: 1,
    EventKind.HAZARD_AT_SIDE_LANE: 1,
    EventKind.CONSTRUCTION_OBSTACLE_TWO_WAYS: 2,
    EventKind.ACCIDENT_TWO_WAYS: 2,
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_expert_survives(kind: EventKind) -> None:
    town = TOWNS.get(kind, "Rivertown")
    data = os.environ.get("ROADWORTHY_DATA", "")
    if town.startswith("Town") and not (Path(data) / "maps" / f"{town}.xodr").is_file():
        pytest.skip(f"needs {town}; ROADWORTHY_DATA does not have it")
    log = drill(kind, number=ROUTE.get(kind, 0))
    assert log.survived, str(log)
