from __future__ import annotations

import numpy as np
import pytest

from roadworthy.agents.evaluation.tally import Tally
from roadworthy.sim.road.route import Route, RoutePoint
from roadworthy.sim.world.columns import Actor, Ego, Event


@pytest.fixture
def tally() -> Tally:
    points = np.zeros((201, len(RoutePoint)), np.float32)
    points[:, RoutePoint.X] = points[:, RoutePoint.S] = np.arange(201)
    return Tally(Route("7", "Nowhere", points))


def step(tally: Tally, progress: float, outside: float = 0.0, **events: int) -> None:
    """One step that ends at `progress` metres of a straight route."""
    counts = np.zeros(len(Event), np.int32)
    for name, count in events.items():
        counts[Event[name]] = count
    ego, row = np.zeros(len(Ego), np.float32), np.zeros(len(Actor), np.float32)
    ego[Ego.PROGRESS], ego[Ego.OFFROAD_DISTANCE], row[Actor.X] = progress, outside, progress
    tally.note(progress / 10.0, counts, ego, row)


def test_a_clean_finish_is_perfect(tally: Tally) -> None:
    for progress in range(0, 200, 10):
        step(tally, float(progress))
        assert not tally.over
    step(tally, 199.0, FINISHED=1)
    tally.close()
    assert tally.over
    assert tally.status() == "Perfect"
    assert tally.score().composed == 100.0


def test_infractions_multiply_and_are_told_with_their_place(tally: Tally) -> None:
    step(tally, 0.0)
    step(tally, 50.0, COLLISION_VEHICLE=1)
    step(tally, 60.0, RED_LIGHT=2)
    step(tally, 199.0, FINISHED=1)
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
    tally: Tally, event: str, infraction: str, status: str
) -> None:
    step(tally, 0.0)
    step(tally, 100.0, **{event: 1})
    tally.close()
    assert tally.over
    assert tally.status() == status
    assert len(tally.infractions[infraction]) == 1
    assert tally.score().route == pytest.approx(50.0)
    assert tally.score().penalty == 1.0


def test_driving_outside_counts_by_its_share_of_what_was_driven(tally: Tally) -> None:
    step(tally, 0.0)
    step(tally, 100.0, outside=25.0)
    step(tally, 200.0, outside=50.0, FINISHED=1)
    tally.close()
    assert tally.score().penalty == pytest.approx(0.75)
    assert tally.status() == "Completed"
    assert "50.000 meters (25.00%" in tally.infractions["outside_route_lanes"][0]


def test_a_crash_of_the_agent_is_its_own_status(tally: Tally) -> None:
    step(tally, 20.0)
    tally.fail(2.0, "Agent crashed", "ValueError: no")
    tally.close()
    assert tally.over
    assert tally.status() == "Failed - Agent crashed"
    assert tally.log == [(2.0, "Agent crashed: ValueError: no")]


def test_the_trajectory_hash_tells_drives_apart(tally: Tally) -> None:
    other, same = (Tally(Route("7", "Nowhere", np.ones((2, 10), np.float32))) for _ in range(2))
    for one, at in ((tally, 10.0), (same, 10.0), (other, 10.001)):
        step(one, 0.0)
        step(one, at)
    assert tally.trajectory == same.trajectory != other.trajectory


def test_every_infraction_has_its_time_and_place(tally: Tally) -> None:
    step(tally, 0.0)
    step(tally, 30.0, outside=2.0)
    step(tally, 50.0, outside=9.0, COLLISION_VEHICLE=1)
    step(tally, 60.0, outside=9.0, BLOCKED=1)
    tally.close()
    assert len(tally.incidents) == sum(len(found) for found in tally.infractions.values()) == 3
    told = {one.kind: (one.time, one.x, one.y) for one in tally.incidents}
    assert told == {
        "collisions_vehicle": (5.0, 50.0, 0.0),
        "vehicle_blocked": (6.0, 60.0, 0.0),
        "outside_route_lanes": (3.0, 30.0, 0.0),  # where it first left them
    }
    assert all(one.message in tally.infractions[one.kind] for one in tally.incidents)


def test_smoothness_is_told_of_drives_that_are_long_enough(tally: Tally) -> None:
    for k in range(6):
        step(tally, float(k))
    assert tally.smoothness() is None
    for k in range(6, 40):
        step(tally, float(k))
    assert tally.smoothness() == 1.0


def test_a_drive_slower_than_the_traffic_is_penalised_at_each_checkpoint(tally: Tally) -> None:
    ego, row = np.zeros(len(Ego), np.float32), np.zeros(len(Actor), np.float32)
    for progress in range(0, 200, 2):
        ego[Ego.PROGRESS], row[Actor.SPEED] = progress, 5.0
        tally.note(progress / 10.0, np.zeros(len(Event), np.int32), ego, row, traffic=10.0)
    step(tally, 199.5, FINISHED=1)
    tally.close()
    assert tally.pace.percents == [50.0, 50.0, 50.0, pytest.approx(50.0, abs=0.1)]
    assert len(tally.infractions["min_speed_infractions"]) == 4
    assert tally.score().penalty == pytest.approx((1.0 - 0.3 * 0.5) ** 4, abs=1e-3)
