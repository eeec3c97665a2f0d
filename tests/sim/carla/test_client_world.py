"""The same agent drives on a server: here ours, through the real wheel."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from carla_client import Served

from roadworthy.agents.evaluation.drive import Drive, SensorsError
from roadworthy.agents.expert import ExpertAgent
from roadworthy.agents.simple import BrakeAgent
from roadworthy.sim.carla.client import world as world_module
from roadworthy.sim.carla.client.link import Address, Link
from roadworthy.sim.carla.client.world import CarlaWorld
from roadworthy.sim.errors import NoTownError
from roadworthy.sim.frame import Control
from roadworthy.sim.road.routing import random_routes
from roadworthy.sim.road.towns import load_town
from roadworthy.sim.scenario.scenario import Scenario
from roadworthy.sim.sensors.specs import CameraSpec, SensorRig
from roadworthy.sim.town import Town
from roadworthy.sim.world.columns import Actor, Ego, Light
from roadworthy.sim.world.settings import WorldSettings

pytest.importorskip("carla", reason="the carla wheel is not installed")


@pytest.fixture(scope="module")
def town() -> Town:
    return load_town("Rivertown")


@pytest.fixture
def link(emptied: Served) -> Link:
    return Link(Address("127.0.0.1", emptied.port))


def scenario(town: Town, vehicles: int = 0) -> Scenario:
    route = random_routes(town.network, 1, 5, min_length=120.0, max_length=250.0)[0]
    return Scenario(route, WorldSettings(vehicles=vehicles, walkers=0))


def present(link: Link) -> list[str]:
    """Vehicles and sensors of the server's world as it is now."""
    world = link.client.get_world()
    if world.get_settings().synchronous_mode:
        world.tick()
    else:
        world.wait_for_tick(5.0)
    names = [actor.type_id for actor in world.get_actors()]
    return [name for name in names if name.startswith(("vehicle.", "sensor."))]


def test_the_expert_drives_on_a_server_and_leaves_nothing_behind(link: Link, town: Town) -> None:
    def opened(scenario: Scenario, town: Town, seed: int) -> CarlaWorld:
        return CarlaWorld(link, scenario, town, seed)

    drive = Drive(ExpertAgent(), town, scenario(town), open_world=opened)
    result = drive.run()
    drive.world.close()
    assert result.score.route == 100.0
    assert not any(name.startswith("collisions") and found
                   for name, found in result.infractions.items())  # fmt: skip
    assert present(link) == []


def test_who_the_server_moves_is_seen_where_it_is(link: Link, town: Town) -> None:
    world = CarlaWorld(link, scenario(town, vehicles=8), town)
    try:
        for _ in range(20):
            world.step(Control(throttle=0.5))
        server = link.client.get_world()
        states = {state.id: state for state in server.get_snapshot()}
        others = [a for a in server.get_actors() if a.type_id.startswith("vehicle.")]
        rows = world.actors[world.actors[:, Actor.ALIVE] > 0.0]
        assert len(rows) == len(others) > 4
        places = rows[:, [Actor.X, Actor.Y]]
        for actor in others:
            at = states[actor.id].get_transform().location
            assert np.hypot(*(places - [at.x, at.y]).T).min() < 0.5
        assert world.speed > 1.0
        assert world.ego[Ego.ROUTE_S] > 0.5
        assert set(np.unique(world.batch.lights[0])) <= {int(light) for light in Light}
    finally:
        world.close()


def test_all_sensors_of_a_frame_are_of_one_tick(link: Link, town: Town) -> None:
    rig = SensorRig(cameras=(CameraSpec(width=96, height=48, depth=True, semantic=True),))
    world = CarlaWorld(link, scenario(town), town)
    try:
        read = world.attach(rig, 1)
        frames = []
        for _ in range(3):
            frames.append(read().validate())
            world.step(Control(throttle=0.4))
        assert [frame.number for frame in frames] == [0, 2, 4]
        first = frames[0]
        assert first.images["front"].shape == (48, 96, 3)
        assert first.depths["front"].shape == first.semantics["front"].shape == (48, 96)
        assert len(first.lidar) > 1000
        assert first.imu.acceleration[2] == pytest.approx(9.81, abs=0.5)
        assert (first.semantics["front"] == 1).mean() > 0.05  # the road
        assert (first.images["front"] != frames[2].images["front"]).any()
    finally:
        world.close()


def test_a_town_that_the_server_lacks_is_told(link: Link) -> None:
    with pytest.raises(NoTownError, match="has no town Atlantis; it has"):
        link.world_of("Atlantis")


def test_a_drive_that_cannot_begin_leaves_the_server_as_it_was(
    link: Link, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Unmade(CarlaWorld):
        def _begin(self) -> None:
            super()._begin()
            raise ValueError("not today")

    def no_shadow(*_: object) -> None:
        raise ValueError("not today")

    free = link.client.get_world().get_settings()
    free.synchronous_mode = False
    link.client.get_world().apply_settings(free)
    with pytest.raises(ValueError, match="not today"):
        Unmade(link, scenario(town), town)
    assert not link.client.get_world().get_settings().synchronous_mode
    assert present(link) == []
    monkeypatch.setattr(world_module, "Shadow", no_shadow)
    with pytest.raises(ValueError, match="not today"):
        CarlaWorld(link, scenario(town), town)
    assert not link.client.get_world().get_settings().synchronous_mode


def test_an_agent_whose_sensors_are_invalid_leaves_nothing_behind(link: Link, town: Town) -> None:
    class Odd(BrakeAgent):
        def rig(self) -> SensorRig:
            return SensorRig(cameras=(CameraSpec(k1=0.1),))

    with pytest.raises(SensorsError, match="lens_k"):
        Drive(Odd(), town, scenario(town), open_world=partial(CarlaWorld, link))
    assert present(link) == []


def test_what_a_client_left_behind_that_died_is_cleared_away(link: Link, town: Town) -> None:
    dead = CarlaWorld(link, scenario(town, vehicles=3), town)
    dead._background.close()  # as good as dead: nobody asks for its ticks any more
    spawned = link.client.get_world().get_blueprint_library().find("vehicle.tesla.model3")
    spawned.set_attribute("role_name", "background")
    point = link.client.get_world().get_map().get_spawn_points()[0]
    link.client.get_world().spawn_actor(spawned, point)
    world = CarlaWorld(link, scenario(town), town)
    try:
        assert len(present(link)) == 3  # the agent's vehicle and two sensors
    finally:
        world.close()
    assert not link.client.get_world().get_settings().synchronous_mode
    assert present(link) == []
