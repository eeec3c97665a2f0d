"""What a record keeps of a drive, of one that never began as well."""

from __future__ import annotations

import numpy as np

from roadworthy.agents.evaluation.drive_result import SIMULATION_CRASHED, undriven
from roadworthy.agents.evaluation.metrics.bench2drive import ability
from roadworthy.sim.road.route import Route, RoutePoint
from roadworthy.sim.scenario.event import ScenarioEvent
from roadworthy.sim.scenario.kinds import EventKind
from roadworthy.sim.scenario.scenario import Scenario


def test_a_drive_that_never_began_keeps_what_was_asked_of_it() -> None:
    points = np.zeros((101, len(RoutePoint)), np.float32)
    points[:, RoutePoint.S] = np.arange(101)
    scenario = Scenario(
        Route("7", "Nowhere", points),
        events=(ScenarioEvent(EventKind.ACCIDENT, 20.0),),
        missing=("HighwayExit_1: HighwayExit is not supported",),
    )
    record = undriven("who", scenario, 3, SIMULATION_CRASHED, "the worker was killed").record(0, 1)
    assert record.status == "Failed - Simulation crashed"
    assert record.meta.missing == ["HighwayExit_1: HighwayExit is not supported"]
    assert record.meta.events == ["Accident at 20 m"]
    assert ability(record, "overtaking") == 0.0
    assert record.scores.score_composed == 0.0
    assert record.meta.metrics == {"bench2drive_score": 0.0, "pdms": 0.0, "epdms": 0.0}
    assert (record.meta.town, record.meta.seed) == ("Nowhere", 3)
