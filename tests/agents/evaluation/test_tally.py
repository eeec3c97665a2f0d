from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roadworthy.agents.evaluation.course import Emergency, Line
from roadworthy.agents.evaluation.tally import Tally
from roadworthy.sim.world.columns import Actor, Hit, Kind

Begin = Callable[..., Tally]
Go = Callable[..., None]


def test_a_clean_finish_is_perfect(tally: Tally, go: Go) -> None:
    for progress in range(0, 200, 10):
        go(tally, float(progress))
        assert not tally.over
    go(tally, 199.0, FINISHED=1)
    tally.close()
    assert tally.over
    assert tally.status() == "Perfect"
    assert tally.score().composed == 100.0


def test_infractions_multiply_and_are_told_with_their_place(tally: Tally, go: Go) -> None:
    go(tally, 0.0)
    go(tally, 50.0, COLLISION_VEHICLE=1)
    go(tally, 60.0, RED_LIGHT=2)
    go(tally, 199.0, FINISHED=1)
    tally.close()
    assert tally.status() == "Completed"
    assert tally.score().penalty == pytest.approx(0.6 * 0.7**2)
    assert tally.infractions["collisions_vehicle"] == [
        "Agent collided against a vehicle at (x=50.00, y=0.00, z=0.00)"
    ]
    assert len(tally.infractions["red_light"]) == 2


@pytest.mark.parametrize(
    ("event", "infraction", "status"),
    [
        ("ROUTE_DEVIATION", "route_dev", "Failed - Agent deviated from the route"),
        ("BLOCKED", "vehicle_blocked", "Failed - Agent got blocked"),
        ("TIMEOUT", "route_timeout", "Failed - Agent timed out"),
    ],
)
def test_each_ending_has_the_leaderboards_status_and_keeps_the_completion(
    tally: Tally, go: Go, event: str, infraction: str, status: str
) -> None:
    go(tally, 0.0)
    go(tally, 100.0, **{event: 1})
    tally.close()
    assert tally.over
    assert tally.status() == status
    assert len(tally.infractions[infraction]) == 1
    assert tally.score().route == pytest.approx(50.0)
    assert tally.score().penalty == 1.0


def test_driving_outside_counts_by_its_share_of_what_was_driven(tally: Tally, go: Go) -> None:
    go(tally, 0.0)
    go(tally, 100.0, outside=25.0)
    go(tally, 200.0, outside=50.0, FINISHED=1)
    tally.close()
    assert tally.score().penalty == pytest.approx(0.75)
    assert tally.status() == "Completed"
    assert "50.000 meters (25.00%" in tally.infractions["outside_route_lanes"][0]


def test_a_crash_of_the_agent_is_its_own_status(tally: Tally, go: Go) -> None:
    go(tally, 20.0)
    tally.fail(2.0, "Agent crashed", "ValueError: no")
    tally.close()
    assert tally.over
    assert tally.status() == "Failed - Agent crashed"
    assert tally.log == [(2.0, "Agent crashed: ValueError: no")]


def test_the_trajectory_hash_tells_drives_apart(tally: Tally, begin: Begin, go: Go) -> None:
    other, same = begin(), begin()
    for one, at in ((tally, 10.0), (same, 10.0), (other, 10.001)):
        go(one, 0.0)
        go(one, at)
    assert tally.trajectory == same.trajectory != other.trajectory


def test_every_infraction_has_its_time_and_place(tally: Tally, go: Go) -> None:
    go(tally, 0.0)
    go(tally, 30.0, outside=2.0)
    go(tally, 50.0, outside=9.0, COLLISION_VEHICLE=1)
    go(tally, 60.0, outside=9.0, BLOCKED=1)
    tally.close()
    assert len(tally.incidents) == sum(len(found) for found in tally.infractions.values()) == 3
    told = {one.kind: (one.time, one.x, one.y) for one in tally.incidents}
    assert told == {
        "collisions_vehicle": (5.0, 50.0, 0.0),
        "vehicle_blocked": (6.0, 60.0, 0.0),
        "outside_route_lanes": (3.0, 30.0, 0.0),  # where it first left them
    }
    assert all(one.message in tally.infractions[one.kind] for one in tally.incidents)


def test_smoothness_is_told_of_drives_that_are_long_enough(tally: Tally, go: Go) -> None:
    for k in range(6):
        go(tally, float(k))
    assert tally.smoothness() is None
    for k in range(6, 40):
        go(tally, float(k))
    assert tally.smoothness() == 1.0


def test_a_drive_slower_than_the_traffic_is_penalised_at_each_checkpoint(
    tally: Tally, go: Go
) -> None:
    for progress in range(0, 200, 2):
        go(tally, float(progress), speed=5.0, traffic=10.0)
    go(tally, 199.5, FINISHED=1)
    tally.close()
    assert tally.pace.percents == [50.0, 50.0, 50.0, pytest.approx(50.0, abs=0.1)]
    assert len(tally.infractions["min_speed_infractions"]) == 4
    assert tally.score().penalty == pytest.approx((1.0 - 0.3 * 0.5) ** 4, abs=1e-3)


def test_who_was_hit_is_told_with_the_decision_and_the_place_on_the_route(
    tally: Tally, go: Go
) -> None:
    go(tally, 0.0)
    car = {Hit.ACTOR: 3, Hit.KIND: Kind.VAN}
    post = {Hit.ACTOR: -8, Hit.KIND: 0}
    go(tally, 50.0, hits=[post, car], COLLISION_VEHICLE=1, COLLISION_STATIC=1)
    one, other = tally.incidents
    assert (one.kind, one.route_s, one.decision) == ("collisions_vehicle", 50.0, 1)
    assert [(who.kind, who.index) for who in one.actors] == [("VAN", 3)]
    assert other.kind == "collisions_layout"
    assert [who.index for who in other.actors] == [7]


def test_too_much_of_the_route_far_beside_it_is_a_deviation(tally: Tally, go: Go) -> None:
    go(tally, 0.0)
    go(tally, 59.0, lateral=16.0)
    go(tally, 100.0, lateral=14.0)
    go(tally, 101.0, lateral=16.0)
    assert not tally.over
    go(tally, 101.5, lateral=16.0)
    assert tally.status() == "Failed - Agent deviated from the route"
    assert len(tally.infractions["route_dev"]) == 1


def test_the_time_limit_grows_with_the_way(begin: Begin, go: Go) -> None:
    tally = begin(limit=10.0)  # 300 s and 1 s for each metre
    go(tally, 0.0, time=300.0)
    go(tally, 50.0, time=349.9)
    assert not tally.over
    go(tally, 50.5, time=350.1)
    assert tally.status() == "Failed - Agent timed out"
    assert begin(timeout_share=0.0).over is False
    endless = begin(timeout_share=0.0)
    go(endless, 0.0, time=1e6)
    assert not endless.over


def test_an_event_that_is_not_cleared_in_4_minutes_times_out_once(begin: Begin, go: Go) -> None:
    tally = begin(stages=("Accident", "ControlLoss"))
    go(tally, 1.0, stages=[(1.0, 240.0), (0.0, 0.0)])
    assert not tally.infractions["scenario_timeouts"]
    go(tally, 2.0, stages=[(1.0, 240.1), (1.0, 3.0)])
    go(tally, 3.0, stages=[(1.0, 240.2), (1.0, 3.1)])
    assert tally.infractions["scenario_timeouts"] == ["Agent timed out a scenario (Accident)"]
    assert tally.score().penalty == 0.7
    assert not tally.over


def test_an_emergency_vehicle_that_is_held_up_counts_once(begin: Begin, go: Go) -> None:
    course = {"stages": ("YieldToEmergencyVehicle",), "emergencies": (Emergency(0, 1, 14.0),)}
    held, free = begin(**course), begin(**course)
    for tally, lateral in ((held, 0.0), (free, 0.7)):
        for k in range(20):
            other = {Actor.X: 0.5 * k - 14.0, Actor.SPEED: 7.0}
            go(tally, 0.5 * k, speed=5.0, lateral=lateral, others=[other], stages=[(1.0, 1.0)])
        go(tally, 11.0, others=[{}], stages=[(2.0, 9.0)])
        go(tally, 12.0, others=[{}], stages=[(2.0, 9.0)])
        tally.close()
    (told,) = held.infractions["yield_emergency_vehicle_infractions"]
    assert "at 50.0% of its wanted speed" in told
    assert held.incidents[0].actors[0].index == 1
    assert not free.infractions["yield_emergency_vehicle_infractions"]


counts = st.dictionaries(
    st.sampled_from(["COLLISION_VEHICLE", "COLLISION_WALKER", "RED_LIGHT", "STOP_SIGN"]),
    st.integers(0, 2),
)
steps = st.lists(st.tuples(st.floats(0.0, 9.0), st.floats(0.0, 3.0), counts), max_size=20)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps, last=st.sampled_from(["", "FINISHED", "BLOCKED", "TIMEOUT"]))
def test_whatever_happens_all_is_told_and_the_score_stays_within_bounds(
    begin: Begin, go: Go, steps: list[tuple[float, float, dict[str, int]]], last: str
) -> None:
    tally, progress, outside = begin(), 0.0, 0.0
    for forward, beside, happened in steps:
        progress, outside = progress + forward, outside + beside
        before = tally.score()
        go(tally, progress, outside=outside, speed=5.0, traffic=6.0, **happened)
        if any(happened.values()):  # what is counted never pays
            assert tally.score().penalty <= before.penalty or outside > 0.0
    go(tally, progress, outside=outside, **({last: 1} if last else {}))
    tally.close()
    told = sum(len(found) for found in tally.infractions.values())
    assert len(tally.incidents) == told
    assert [one.time for one in tally.incidents] == sorted(one.time for one in tally.incidents)
    assert all(0 <= one.decision <= len(steps) for one in tally.incidents)
    for version in ("2.0", "2.1"):
        score = tally.score(version)
        assert 0.0 <= score.composed <= score.route + 1e-6 <= 100.0 + 1e-6
    assert (tally.status() == "Perfect") == (last == "FINISHED" and told == 0)
    found = tally.metrics()
    assert all(0.0 <= found[name] <= 100.0 for name in ("pdms", "epdms", "bench2drive_score"))


def test_a_red_light_and_a_stop_sign_are_told_by_their_signal(begin: Begin, go: Go) -> None:
    lines = (Line(50.0, 4, True), Line(60.0, 9, False), Line(120.0, 5, True))
    tally = begin(lines=lines)
    go(tally, 52.0, RED_LIGHT=1)
    go(tally, 61.0, STOP_SIGN=1)
    go(tally, 122.0, RED_LIGHT=1)
    told = [(who.kind, who.index) for one in tally.incidents for who in one.actors]
    assert told == [("LIGHT", 4), ("STOP_SIGN", 9), ("LIGHT", 5)]
