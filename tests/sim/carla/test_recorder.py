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
