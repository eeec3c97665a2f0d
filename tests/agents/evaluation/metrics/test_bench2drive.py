"""Bench2Drive's figures, by records that were counted by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.agents.evaluation.metrics.bench2drive import (
    ABILITIES,
    Bench2Drive,
    ability,
    driving_score,
    efficiency,
    success,
)
from roadworthy.agents.evaluation.metrics.offences import INFRACTIONS, Offences
from roadworthy.agents.evaluation.results import Incident, Record, RecordMeta, Scores
from roadworthy.sim.scenario.kinds import EventKind


def record(
    *events: EventKind,
    status: str = "Perfect",
    route: float = 100.0,
    score: float = 100.0,
    percents: tuple[float, ...] = (),
    smooth: float | None = None,
    incidents: tuple[tuple[str, float], ...] = (),
    **infractions: int,
) -> Record:
    """A drive of 400 m whose first junction ends at 100 m."""
    return Record(
        index=0,
        route_id="RouteScenario_1_rep0",
        status=status,
        infractions={name: ["x"] * count for name, count in infractions.items()},
        scores=Scores(score_route=route),
        meta=RecordMeta(
            route_length=400.0,
            events=[f"{event} at {50 * k} m" for k, event in enumerate(events)],
            min_speed_percents=list(percents),
            smoothness=smooth,
            metrics={"bench2drive_score": score},
            first_junction=100.0,
            incidents=[
                Incident(kind=kind, time=1.0, x=0.0, y=0.0, z=0.0, message="x", route_s=s)
                for kind, s in incidents
            ],
        ),
    )


def test_the_driving_score_forgives_a_slow_drive_and_nothing_else() -> None:
    done = Offences({"red_light": 1}, 10.0, (50.0, 20.0))
    assert driving_score(80.0, done) == pytest.approx(80.0 * 0.7 * 0.9)


def test_success_is_an_arrival_without_infraction_but_of_the_minimum_speed() -> None:
    assert success(record())
    assert success(record(status="Completed", min_speed_infractions=2))
    assert not success(record(status="Completed", red_light=1))
    assert not success(record(status="Completed", outside_route_lanes=1))
    assert not success(record(status="Failed - Agent got blocked"))


def test_every_kind_of_event_belongs_to_an_ability() -> None:
    named = frozenset[str]().union(*ABILITIES.values())
    assert {str(kind) for kind in EventKind} - named <= {"EnterActorFlowV2", "PriorityAtJunction"}
    assert [len(kinds) for kinds in ABILITIES.values()] == [9, 16, 12, 2, 18]


def test_an_ability_is_asked_only_by_its_scenarios() -> None:
    drive = record(EventKind.ACCIDENT, EventKind.INVADING_TURN)
    shown = {name: ability(drive, name) for name in ABILITIES}
    assert shown == {
        "overtaking": 1.0,
        "merging": None,
        "emergency_brake": None,
        "give_way": 1.0,
        "traffic_signs": None,
    }


@pytest.mark.parametrize(
    ("route", "incidents", "shown"),
    [
        (50.0, (), 1.0),  # it came 200 m far
        (24.0, (), 0.0),  # 96 m: the junction was not passed
        (50.0, (("red_light", 90.0),), 0.0),
        (50.0, (("red_light", 190.0), ("collisions_vehicle", 50.0)), 1.0),
        (50.0, (("stop_infraction", 100.0),), 0.0),
    ],
)
def test_traffic_signs_forgives_what_happens_elsewhere(
    route: float, incidents: tuple[tuple[str, float], ...], shown: float
) -> None:
    drive = record(
        EventKind.CROSSING_BICYCLE_FLOW,
        status="Failed - Agent got blocked",
        route=route,
        incidents=incidents,
    )
    assert ability(drive, "traffic_signs") == shown
    assert ability(drive, "merging") == 0.0


def test_efficiency_leaves_out_what_nobody_believes() -> None:
    assert efficiency([50.0, 150.0, 1000.0]) == 400.0
    assert efficiency([50.0, 1000.1]) == 50.0
    assert efficiency([]) is None


def test_a_set_of_drives_by_hand() -> None:
    records = [
        record(EventKind.ACCIDENT, score=90.0, percents=(80.0, 100.0), smooth=0.5),
        record(EventKind.ACCIDENT, status="Completed", score=60.0, percents=(60.0,), red_light=1),
        record(EventKind.HARD_BREAK_ROUTE, percents=(2000.0,), smooth=1.0),
        record(EventKind.HARD_BREAK_ROUTE, status="Failed - Agent timed out", score=0.0),
    ]
    found = Bench2Drive.of(records)
    assert found.driving_score == 62.5
    assert found.success == 50.0
    assert found.efficiency == 80.0  # of three checkpoints, not of two drives
    assert found.smoothness == 0.75
    assert found.abilities["overtaking"] == found.abilities["emergency_brake"] == 50.0
    assert found.abilities["give_way"] is None
    assert found.ability_mean == 50.0


def test_no_drives_have_no_figures() -> None:
    found = Bench2Drive.of([])
    assert found.success == 0.0
    assert found.driving_score is found.efficiency is found.smoothness is found.ability_mean is None


@given(
    st.dictionaries(st.sampled_from(INFRACTIONS), st.integers(0, 3)),
    st.sampled_from(["Perfect", "Completed", "Failed - Agent crashed"]),
)
def test_a_success_shows_every_ability_that_was_asked(
    infractions: dict[str, int], status: str
) -> None:
    drive = record(*EventKind, status=status, route=10.0, **infractions)
    shown = {ability(drive, name) for name in ABILITIES}
    assert shown == ({1.0} if success(drive) else {0.0})
