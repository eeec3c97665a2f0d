"""What is recorded is played again as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from carla_client import run, spawn

carla = pytest.importorskip("carla")


def drive(world: Any, car: Any, ticks: int) -> list[Any]:
    """Where a car is at each tick."""
    car.apply_control(carla.VehicleControl(throttle=0.7, steer=0.1))
    places = []
    for _ in range(ticks):
        world.tick()
        places.append(car.get_location())
    return places


def test_a_replay_goes_where_the_recording_went(client: Any, world: Any, car: Any) -> None:
    path = client.start_recorder("drive.log", True)
    assert Path(path).name == "drive.log"
    places = drive(world, car, 60)
    client.stop_recorder()
    fresh = client.reload_world(False)
    fresh.tick()
    client.replay_file("drive.log", 0.0, 0.0, 0)
    again = []
    for _ in range(59):
        fresh.tick()
        actors = fresh.get_actors().filter("vehicle.*")
        assert len(actors) == 1
        again.append(actors[0].get_location())
    away = [a.distance(b) for a, b in zip(again, places[1:], strict=True)]
    assert max(away) < 1e-3
    assert actors[0].get_velocity().length() > 3.0


def test_the_file_info_tells_who_was_there(client: Any, world: Any, car: Any) -> None:
    client.start_recorder("info.log")
    run(world, 21)
    client.stop_recorder()
    said = client.show_recorder_file_info("info.log", False)
    assert "Map: Rivertown" in said
    assert f"Create {car.id}: vehicle.tesla.model3" in said
    assert "Frames: 21" in said
    assert "Duration: 1 seconds" in said


def test_collisions_and_who_stood_still_can_be_queried(client: Any, world: Any, car: Any) -> None:
    transform = car.get_transform()
    forward = transform.get_forward_vector()
    place = transform.location + carla.Location(forward.x * 8.0, forward.y * 8.0, 0.3)
    blueprint = world.get_blueprint_library().find("vehicle.audi.tt")
    other = world.spawn_actor(blueprint, carla.Transform(place, transform.rotation))
    still = spawn(world, 60)
    client.start_recorder("crash.log")
    car.set_target_velocity(forward * 12.0)
    run(world, 60)
    client.stop_recorder()
    said = client.show_recorder_collisions("crash.log", "v", "v")
    assert str(car.id) in said
    assert str(other.id) in said
    said = client.show_recorder_actors_blocked("crash.log", 2.0, 100.0)
    assert str(still.id) in said.split("Actor", 1)[1]


def test_a_recording_lies_in_the_servers_folder_whatever_a_client_says(
    client: Any, world: Any, tmp_path: Path
) -> None:
    path = Path(client.start_recorder(str(tmp_path / ".." / "escaped.log")))
    client.stop_recorder()
    assert path.parent.name.startswith("recordings")
    assert not (tmp_path.parent / "escaped.log").exists()


def test_a_recording_that_is_not_there_is_an_error(client: Any, world: Any) -> None:
    with pytest.raises(RuntimeError, match="not found"):
        client.replay_file("nothing.log", 0.0, 0.0, 0)
    with pytest.raises(RuntimeError, match="not found"):
        client.show_recorder_file_info("nothing.log", False)


def test_a_replay_begins_where_it_is_told_lasts_as_long_and_is_followed(
    client: Any, world: Any, car: Any
) -> None:
    client.start_recorder("parts.log")
    places = drive(world, car, 60)
    client.stop_recorder()
    fresh = client.reload_world(False)
    offset = carla.Transform(carla.Location(x=-8.0, z=4.0), carla.Rotation(pitch=-20.0))
    client.replay_file("parts.log", 1.0, 0.5, car.id, False, offset)
    spectator, seen = fresh.get_spectator(), []
    for _ in range(10):
        fresh.tick()
        me = fresh.get_actors().filter("vehicle.*")[0]
        seen.append(me.get_location())
        behind = spectator.get_location() - me.get_location()
        assert behind.dot(me.get_transform().get_forward_vector()) == pytest.approx(-8.0, abs=0.05)
        assert behind.z == pytest.approx(4.0, abs=0.05)
    gone = [a.distance(b) for a, b in zip(seen, places[21:31], strict=True)]
    assert max(gone) < 0.01
    me.apply_control(carla.VehicleControl(brake=1.0))
    run(fresh, 40)  # half a second is over: it is anybody's again
    assert me.get_location().distance(places[31]) < 15.0
    assert me.get_velocity().length() < 0.1


def test_a_time_factor_set_before_a_replay_makes_it_faster(
    client: Any, world: Any, car: Any
) -> None:
    # start_replaying.py sets it, and whom to ignore, before it calls replay_file.
    client.start_recorder("fast.log")
    places = drive(world, car, 60)
    client.stop_recorder()
    fresh = client.reload_world(False)
    client.set_replayer_time_factor(2.0)
    client.replay_file("fast.log", 0.0, 0.0, 0)
    for k in range(1, 25):
        fresh.tick()
        me = fresh.get_actors().filter("vehicle.*")[0]
        assert me.get_location().distance(places[2 * k]) < 0.01
    client.set_replayer_time_factor(1.0)
    client.stop_replayer(False)


def test_an_ignored_hero_goes_its_own_way_and_the_spectator_where_it_was(
    client: Any, world: Any
) -> None:
    blueprint = world.get_blueprint_library().find("vehicle.tesla.model3")
    blueprint.set_attribute("role_name", "hero")
    points = world.get_map().get_spawn_points()
    hero, other = world.spawn_actor(blueprint, points[3]), spawn(world, 40)
    run(world, 10)
    client.start_recorder("hero.log")
    for each in (hero, other):
        each.apply_control(carla.VehicleControl(throttle=0.7))
    for k in range(40):
        world.get_spectator().set_location(carla.Location(float(k), 7.0, 50.0))
        world.tick()
    client.stop_recorder()
    start, end = points[3].location, other.get_location()
    fresh = client.reload_world(False)
    client.set_replayer_ignore_hero(True)
    client.set_replayer_ignore_spectator(False)
    client.replay_file("hero.log", 0.0, 0.0, 0)
    run(fresh, 38)
    mine = {a.attributes["role_name"]: a for a in fresh.get_actors().filter("vehicle.*")}
    assert mine.pop("hero").get_location().distance(start) < 1.0
    assert next(iter(mine.values())).get_location().distance(end) < 2.0
    assert fresh.get_spectator().get_location().x == pytest.approx(38.0, abs=1.01)
    client.set_replayer_ignore_hero(False)
    client.set_replayer_ignore_spectator(True)
    client.stop_replayer(False)


def test_walkers_and_lights_are_replayed_and_who_left_leaves(
    client: Any, world: Any, car: Any
) -> None:
    blueprint = world.get_blueprint_library().find("walker.pedestrian.0002")
    place = car.get_transform()
    place.location += 12.0 * place.get_forward_vector() + carla.Location(z=1.0)
    walker = world.spawn_actor(blueprint, place)
    light = world.get_actors().filter("traffic.traffic_light")[0]
    sign = light.get_opendrive_id()
    client.start_recorder("all.log", True)
    walker.apply_control(carla.WalkerControl(carla.Vector3D(1.0, 0.0, 0.0), 1.2))
    places, shown = [], []
    for k in range(40):
        light.set_state([carla.TrafficLightState.Red, carla.TrafficLightState.Green][k // 20])
        if k == 30:
            car.destroy()
        world.tick()
        places.append(walker.get_location())
        shown.append(light.state)
    client.stop_recorder()
    fresh = client.reload_world(False)
    client.replay_file("all.log", 0.0, 0.0, 0)
    for k in range(1, 39):
        fresh.tick()
        mine = fresh.get_actors().filter("walker.*")[0]
        assert mine.get_location().distance(places[k]) < 0.01
        assert len(fresh.get_actors().filter("vehicle.*")) == (k < 30)
        again = fresh.get_traffic_light_from_opendrive_id(sign)
        assert again.state == shown[k]
