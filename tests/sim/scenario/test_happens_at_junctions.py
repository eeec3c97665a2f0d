"""Events at junctions and along the lane happen, as facts that anyone could observe show."""

from __future__ import annotations

import numpy as np
import pytest

from roadworthy.sim.road.network import SignalKind
from roadworthy.sim.scenario.kinds import EventKind
from roadworthy.sim.scenario.street import Street
from roadworthy.sim.world.columns import Actor, Kind, Lamp, Light

from .drill import Log, drill, town_of
from .test_happens import frame, log_of

K = EventKind


def lights_ahead(log: Log) -> list[int]:
    """Lights of the route's next junction behind the event's trigger."""
    network = log.world.network
    street = Street(network, log.route)
    found = street.junction_after(log.event.s)
    assert found is not None
    lane = street.lane(found[0] - 2.0)
    span = range(network.stop_start[lane], network.stop_start[lane + 1])
    return [int(network.stop_signal[k]) for k in span]


@pytest.mark.parametrize(
    "kind", [K.OPPOSITE_VEHICLE_RUNNING_RED_LIGHT, K.OPPOSITE_VEHICLE_TAKING_PRIORITY]
)
def test_a_vehicle_from_the_side_crosses_right_before_the_ego(kind: EventKind) -> None:
    log = log_of(kind)
    ahead, right = frame(log)
    who = log.cast()[:, 0]
    crosses = np.flatnonzero(np.diff(np.sign(right[:, 0])) != 0)
    crosses = [t for t in crosses if abs(right[t, 0]) < 3.0 and abs(right[t + 1, 0]) < 3.0]
    assert crosses
    t = crosses[0]
    assert -6.0 < ahead[t, 0] < 40.0
    assert who[t, Actor.SPEED] > 3.0
    turn = who[t, Actor.YAW] - np.stack(log.ego)[t, Actor.YAW]
    assert abs(np.sin(turn)) > 0.4


def test_the_one_who_runs_the_red_light_has_red_and_the_ego_green() -> None:
    log = log_of(K.OPPOSITE_VEHICLE_RUNNING_RED_LIGHT)
    world = drill(log.kind, seconds=0.0).world
    network = world.network
    mine = [k for k in lights_ahead(log) if network.signal_kind[k] == SignalKind.LIGHT]
    assert mine
    script = world.batch._script
    held = {int(signal): int(light) for signal, light in script.lights}
    assert all(held[k] == Light.GREEN for k in mine)
    lanes = [int(p) for p in script.points[:, 5] if p >= 0]
    theirs = {
        int(network.stop_signal[k])
        for lane in lanes
        for k in range(network.stop_start[lane], network.stop_start[lane + 1])
    }
    assert any(held.get(k) == Light.RED for k in theirs)


@pytest.mark.parametrize("kind", [K.PRIORITY_AT_JUNCTION, K.SIGNALIZED_JUNCTION_LEFT_TURN])
def test_the_ego_finds_its_light_green(kind: EventKind) -> None:
    log = log_of(kind)
    assert "RED_LIGHT" not in [event.name for event in log.counts]
    begin = int(np.searchsorted(log.route_s, log.event.s + 5.0))
    junction = Street(town_of("Rivertown").network, log.route).junction_after(log.event.s)
    assert junction is not None
    enters = int(np.searchsorted(log.route_s, junction[0]))
    world = drill(kind, seconds=begin * 0.1 + 1.0).world
    lights = [int(world.batch.lights[0, k]) for k in lights_ahead(log)]
    assert lights == [int(Light.GREEN)] * len(lights)
    assert enters > begin


@pytest.mark.parametrize(
    "kind",
    [
        K.SIGNALIZED_JUNCTION_LEFT_TURN,
        K.NON_SIGNALIZED_JUNCTION_LEFT_TURN,
        K.SIGNALIZED_JUNCTION_RIGHT_TURN,
        K.NON_SIGNALIZED_JUNCTION_RIGHT_TURN,
    ],
)
def test_a_flow_comes_through_the_junction_that_the_ego_turns_in(kind: EventKind) -> None:
    log = log_of(kind)
    cast = log.cast()
    junction = Street(log.world.network, log.route).junction_after(log.event.s)
    assert junction is not None
    route = log.route.points
    inside = route[(route[:, 4] > junction[0]) & (route[:, 4] < junction[1] + 4.0)]
    passed = 0
    for slot in range(cast.shape[1]):
        there = cast[cast[:, slot, Actor.ALIVE] > 0][:, slot, :2]
        if len(there):
            gap = np.hypot(*(there[:, None] - inside[None, :, :2]).transpose(2, 0, 1)).min()
            passed += gap < 2.5
    assert passed >= 2


def test_somebody_stands_behind_the_junction_until_the_ego_has_waited() -> None:
    # A drive in which the expert waits; where the other side is free it drives round.
    log = drill(K.BLOCKED_INTERSECTION, number=1, seed=2, seconds=80.0)
    who = log.cast()[:, 0]
    moves = int(np.flatnonzero(who[:, Actor.SPEED] > 0.2)[0])
    ego = np.stack(log.ego)[:, Actor.SPEED]
    waited = (ego[max(moves - 60, 0) : moves] < 0.4).sum()
    assert waited >= 30
    ahead, _ = frame(log)
    assert 0.0 < ahead[moves, 0] < 60.0


def test_cyclists_ride_straight_on_over_the_street_that_the_ego_turns_into() -> None:
    log = log_of(K.CROSSING_BICYCLE_FLOW)
    cast = log.cast()
    for slot in range(3):
        rides = cast[cast[:, slot, Actor.SPEED] > 0.5][:, slot]
        assert (rides[:, Actor.KIND] == Kind.BICYCLE).all()
        gap = np.hypot(*(rides[:, None, :2] - log.route.points[None, :, :2]).transpose(2, 0, 1))
        assert gap.min() < 1.0


def test_cyclists_ride_at_the_side_of_the_lane_and_leave() -> None:
    log = log_of(K.HAZARD_AT_SIDE_LANE_TWO_WAYS)
    ahead, right = frame(log)
    assert np.nanmin(np.abs(right[:, 0] - 1.15)) < 0.2
    assert np.nanmax(right[:, 0]) > 2.5
    rides = log.cast()[:, 0, Actor.SPEED]
    assert rides.max() == pytest.approx(3.0, abs=0.1)
    assert np.nanmax(ahead[:, 0]) > 35.0


def test_oncoming_vehicles_invade_the_lane_of_the_ego() -> None:
    log = log_of(K.INVADING_TURN)
    cast = log.cast()
    _, right = frame(log)
    # The street's middle is 1.75 m left of the ego's line; a body reaches half a width over it.
    nearest = np.nanmax(np.where(cast[..., Actor.SPEED] > 2.0, right, np.nan), axis=0)
    assert (nearest[:3] + 0.5 * cast[:, :3, Actor.WIDTH].max(0) > -1.75 + 0.05).sum() >= 2


def test_an_ambulance_comes_from_behind_and_passes() -> None:
    log = log_of(K.YIELD_TO_EMERGENCY_VEHICLE)
    who = log.cast()[:, 0]
    ahead, right = frame(log)
    there = np.flatnonzero(who[:, Actor.ALIVE] > 0)
    assert (who[there, Actor.LAMPS].astype(int) & Lamp.SPECIAL).all()
    assert ahead[there[0], 0] < -40.0
    close = (ahead[:, 0] < -4.0) & (ahead[:, 0] > -30.0)
    assert close.any()
    assert np.nanmax(ahead[:, 0]) > 8.0
    beside = np.abs(ahead[:, 0]) < 3.0
    assert beside.any()
    assert (right[beside, 0] < -0.9).all()
