from __future__ import annotations

import hashlib

import numpy as np
import pytest

from roadworthy.sim.errors import RouteError, SettingsError, WorldError
from roadworthy.sim.road.route import Route, RoutePoint, RouteSet
from roadworthy.sim.town import Town
from roadworthy.sim.weather import Weather, WeatherColumn
from roadworthy.sim.world.batch import BatchWorld
from roadworthy.sim.world.columns import Actor, Ego, Event, Kind, Light
from roadworthy.sim.world.settings import WorldSettings

from ..walls import wall_in

SETTINGS = WorldSettings(vehicles=12, walkers=6)


def make(town: Town, routes: RouteSet, worlds: int, **more: object) -> BatchWorld:
    return BatchWorld(town, routes, worlds, settings=SETTINGS, **more)  # type: ignore[arg-type]


def drive_hash(batch: BatchWorld, worlds: range, steps: int = 80) -> str:
    """Digest of all states of `worlds` over a drive with resets in it."""
    digest = hashlib.sha256()
    for k in range(steps):
        number = np.arange(batch.worlds) + batch.first_index
        accel = np.where((k + number) % 40 < 30, 1.5, -3.0).astype(np.float32)
        batch.step_plan(accel, 0.01 * np.sin(0.1 * k + number).astype(np.float32))
        if k == steps // 2:
            batch.reset(number % 2 == 0)
        for w in worlds:
            row = w - batch.first_index
            for part in (batch.actors, batch.ego, batch.events, batch.lights, batch.time):
                digest.update(np.ascontiguousarray(part[row]).tobytes())
    return digest.hexdigest()


def test_the_same_seed_gives_the_same_bytes_twice(rivertown: Town, river_routes: RouteSet) -> None:
    one, two = (make(rivertown, river_routes, 3, seed=4) for _ in range(2))
    assert drive_hash(one, range(3)) == drive_hash(two, range(3))


def test_another_seed_gives_another_drive(rivertown: Town, river_routes: RouteSet) -> None:
    one, two = (make(rivertown, river_routes, 2, seed=s) for s in (4, 5))
    assert drive_hash(one, range(2)) != drive_hash(two, range(2))


def test_a_world_goes_the_same_way_in_any_batch(rivertown: Town, river_routes: RouteSet) -> None:
    large = make(rivertown, river_routes, 40, seed=9)
    small = make(rivertown, river_routes, 2, seed=9, first_index=20)
    assert drive_hash(large, range(20, 22)) == drive_hash(small, range(20, 22))


def test_the_thread_count_changes_no_byte(rivertown: Town, river_routes: RouteSet) -> None:
    one, three = (make(rivertown, river_routes, 48, seed=9, threads=n) for n in (1, 3))
    assert drive_hash(one, range(48)) == drive_hash(three, range(48))


def test_no_value_is_ever_not_a_number(rivertown: Town, river_routes: RouteSet) -> None:
    batch = make(rivertown, river_routes, 8, seed=1)
    rng = np.random.default_rng(0)
    for _ in range(300):
        batch.step(rng.uniform([0, 0, -1], 1, (8, 3)).astype(np.float32))
    assert np.isfinite(batch.actors).all()
    assert np.isfinite(batch.ego).all()
    assert (np.abs(batch.actors[..., Actor.SPEED]) < 60).all()


def test_full_throttle_and_full_brake_move_and_stop_the_ego(
    rivertown: Town, river_routes: RouteSet
) -> None:
    empty = WorldSettings(vehicles=0, walkers=0)
    batch = BatchWorld(rivertown, river_routes, 1, settings=empty)
    go, halt = np.array([[1, 0, 0]], np.float32), np.array([[0, 1, 0]], np.float32)
    for _ in range(10):
        batch.step(go)
    assert batch.actors[0, 0, Actor.SPEED] > 4.0
    for _ in range(20):
        batch.step(halt)
    assert batch.actors[0, 0, Actor.SPEED] == 0.0
    place = batch.actors[0, 0, [Actor.X, Actor.Y]].copy()
    batch.step(halt)
    assert (batch.actors[0, 0, [Actor.X, Actor.Y]] == place).all()


def test_reverse_drives_backwards(rivertown: Town, river_routes: RouteSet) -> None:
    batch = BatchWorld(rivertown, river_routes, 1, settings=WorldSettings(vehicles=0, walkers=0))
    for _ in range(10):
        batch.step(np.array([[0.7, 0, 0, 1]], np.float32))
    assert -8.0 <= batch.actors[0, 0, Actor.SPEED] < -1.0


def straight_route(town: Town, routes: RouteSet) -> int:
    """Index of a route with a light on its first stretch."""
    for i, route in enumerate(routes.routes):
        lane = int(route.points[0, RoutePoint.LANE])
        if town.network.stop_start[lane] < town.network.stop_start[lane + 1]:
            return i
    pytest.fail("no route of the fixture begins before a light")


def follow(batch: BatchWorld, speed: float) -> None:
    """One step along the route at about `speed`."""
    route = batch.routes.routes[int(batch.route_index[0])].points
    ego, me = batch.ego[0], batch.actors[0, 0]
    ahead = route[min(int(ego[Ego.ROUTE_INDEX]) + 3, len(route) - 1), RoutePoint.CURVATURE]
    bend = ahead - 0.15 * ego[Ego.ROUTE_HEADING] - 0.03 * ego[Ego.ROUTE_LATERAL]
    accel = np.clip(speed - me[Actor.SPEED], -5, 2)
    batch.step_plan(np.array([accel], np.float32), np.array([bend], np.float32))


def test_a_red_light_is_counted_once_and_a_green_one_never(
    rivertown: Town, river_routes: RouteSet
) -> None:
    index = straight_route(rivertown, river_routes)
    counts = {Light.RED: 0, Light.GREEN: 0}
    for state in counts:
        # Phases so long that the state at the start holds for the whole drive.
        settings = WorldSettings(vehicles=0, walkers=0, green_time=1e4)
        batch = BatchWorld(rivertown, river_routes, 1, settings=settings)
        batch.reset(routes=np.array([index]))
        line_signal = int(batch._paths.stop_signal[batch._paths.stop_start[index]])
        group = rivertown.network.signal_group[line_signal]
        phase = int(rivertown.network.signal_phase[line_signal])
        slot = float(batch.state.light_times[0, group].sum())
        shift = 0 if state == Light.GREEN else 1
        batch.state.light_clock[0, group] = slot * (phase + shift) + 1.0
        line = float(batch._paths.stop_s[batch._paths.stop_start[index]])
        while batch.ego[0, Ego.ROUTE_S] < line + 6.0:
            follow(batch, 6.0)
            counts[state] += int(batch.events[0, Event.RED_LIGHT])
    assert counts == {Light.RED: 1, Light.GREEN: 0}


def test_driving_off_the_road_is_seen_and_ends_the_drive_at_30_metres(
    rivertown: Town, river_routes: RouteSet
) -> None:
    batch = BatchWorld(rivertown, river_routes, 1, settings=WorldSettings(vehicles=0, walkers=0))
    seen_off_road = False
    wall_in(batch)  # no houses
    for _ in range(400):
        batch.step_plan(np.array([1.0], np.float32), np.array([0.01], np.float32))
        seen_off_road |= bool(batch.events[0, Event.OFF_ROAD])
        if batch.done[0]:
            break
    assert seen_off_road
    assert batch.events[0, Event.ROUTE_DEVIATION] or batch.events[0, Event.FINISHED]


@pytest.mark.parametrize(
    ("kind", "event"),
    [(Kind.CAR, Event.COLLISION_VEHICLE), (Kind.WALKER, Event.COLLISION_WALKER)],
)
def test_a_collision_is_counted_once_while_the_bodies_touch(
    rivertown: Town, river_routes: RouteSet, kind: Kind, event: Event
) -> None:
    batch = make(rivertown, river_routes, 1, seed=2)
    batch.actors[0, 1:, Actor.ALIVE] = 0.0
    ego = batch.actors[0, 0]
    other = batch.actors[0, 1]
    other[:] = ego
    place = float(ego[Actor.S]) + 12.0
    count = 0
    for _ in range(40):
        # Hold the victim where it is: only the ego moves.
        other[Actor.S], other[Actor.SPEED], other[Actor.ALIVE] = place, 0.0, 1.0
        other[Actor.KIND] = kind
        batch.step_plan(np.array([2.0], np.float32), np.array([0.0], np.float32))
        count += int(batch.events[0, event])
    assert count == 1


def test_a_house_holds_the_ego_until_it_counts_as_blocked(
    rivertown: Town, river_routes: RouteSet
) -> None:
    settings = WorldSettings(vehicles=0, walkers=0, blocked_time=5.0)
    batch = BatchWorld(rivertown, river_routes, 1, settings=settings)
    me = batch.actors[0, 0]
    yaw = float(me[Actor.YAW])
    ahead = me[[Actor.X, Actor.Y]] + 8.0 * np.array([np.cos(yaw), np.sin(yaw)])
    wall_in(batch, [*ahead, yaw, 2.0, 8.0, me[Actor.Z], me[Actor.Z] + 9.0])
    hits, places = 0, []
    for _ in range(90):
        batch.step(np.array([[1, 0, 0]], np.float32))
        hits += int(batch.events[0, Event.COLLISION_STATIC])
        places.append(me[[Actor.X, Actor.Y]].copy())
    assert hits == 1
    assert np.hypot(*(places[-1] - places[30])) < 0.2
    assert batch.events[0, Event.BLOCKED] == 1


def test_who_drives_into_a_standing_ego_is_not_the_egos_fault(
    rivertown: Town, river_routes: RouteSet
) -> None:
    batch = make(rivertown, river_routes, 1, seed=2)
    batch.actors[0, 1:, Actor.ALIVE] = 0.0
    batch.actors[0, 1] = batch.actors[0, 0]
    batch.step(np.array([[0, 1, 0]], np.float32))
    assert batch.events[0, Event.COLLISION_VEHICLE] == 0


def test_commands_beyond_their_range_are_held_to_it(
    rivertown: Town, river_routes: RouteSet
) -> None:
    empty = WorldSettings(vehicles=0, walkers=0)
    one, two = (BatchWorld(rivertown, river_routes, 1, settings=empty) for _ in range(2))
    for _ in range(20):
        one.step(np.array([[9, 0, 5]], np.float32))
        two.step(np.array([[1, 0, 1]], np.float32))
    np.testing.assert_array_equal(one.actors[0, 0], two.actors[0, 0])


def test_traffic_stays_in_the_ring_around_the_ego(rivertown: Town, river_routes: RouteSet) -> None:
    batch = make(rivertown, river_routes, 2, seed=3)
    for _ in range(300):
        batch.step_plan(np.full(2, -3.0, np.float32), np.zeros(2, np.float32))
    vehicles = batch.actors[:, 1:13]
    away = np.hypot(
        vehicles[..., Actor.X] - batch.actors[:, :1, Actor.X],
        vehicles[..., Actor.Y] - batch.actors[:, :1, Actor.Y],
    )
    alive = vehicles[..., Actor.ALIVE] > 0
    assert alive.mean() > 0.9
    assert (away[alive] < 1.3 * SETTINGS.spawn_far).all()


def test_wrong_use_is_a_sentence(rivertown: Town, river_routes: RouteSet) -> None:
    with pytest.raises(WorldError, match="at least 1 world"):
        make(rivertown, river_routes, 0)
    with pytest.raises(SettingsError, match="must be"):
        BatchWorld(rivertown, river_routes, 1, settings=WorldSettings(vehicles=-1))
    elsewhere = Route("x", "Nowhere", river_routes.routes[0].points)
    with pytest.raises(RouteError, match="Nowhere"):
        make(rivertown, RouteSet.of([elsewhere]), 1)
    for seed in (-1, 1 << 63):
        with pytest.raises(WorldError, match="seed"):
            make(rivertown, river_routes, 1, seed=seed)
    for wrong in ({"green_time": float("nan")}, {"spawn_far": float("inf")}, {"blocked_time": -1}):
        with pytest.raises(SettingsError):
            WorldSettings(**wrong).validate()
    batch = make(rivertown, river_routes, 1)
    with pytest.raises(WorldError, match="not finite"):
        batch.step(np.full((1, 3), np.nan, np.float32))
    with pytest.raises(WorldError, match="route 99"):
        batch.reset(routes=np.array([99]))


def test_arguments_of_the_wrong_shape_are_told(rivertown: Town, river_routes: RouteSet) -> None:
    batch = make(rivertown, river_routes, 3)
    for wrong in (np.array([True]), np.ones(4, np.bool_)):
        with pytest.raises(WorldError, match="each of the 3 worlds"):
            batch.reset(wrong)
    with pytest.raises(WorldError, match="routes has the shape"):
        batch.reset(routes=np.zeros(2, np.int32))
    batch.reset([True, False, False])  # type: ignore[arg-type]  # what an array can be made of
    with pytest.raises(WorldError, match="no state of a light"):
        batch.set_light(0, 0, 7)  # type: ignore[arg-type]
    assert batch.snapshot(np.int64(1)).worlds == 1  # type: ignore[arg-type]


def test_weather_is_changed_by_hand_and_checked(rivertown: Town, river_routes: RouteSet) -> None:
    batch = make(rivertown, river_routes, 2)
    batch.set_weather(1, Weather(wetness=80.0))
    assert batch.weather[:, WeatherColumn.WETNESS].tolist() == [0.0, 80.0]
    with pytest.raises(SettingsError, match="wetness"):
        batch.set_weather(0, Weather(wetness=float("nan")))
    with pytest.raises(WorldError):
        batch.set_weather(2, Weather())
