"""The client's own Traffic Manager and walker AI.

They are native threads of the client's, which may take their process with them when it ends: each
runs in a child, and says in JSON what it saw.
"""

from __future__ import annotations

import pytest
from carla_client import Served, told

pytest.importorskip("carla")

HEAD = """
import carla, json, os, random, sys
random.seed(3)
client = carla.Client("127.0.0.1", int(sys.argv[1]))
client.set_timeout(30.0)
client.set_files_base_folder(sys.argv[2])
client.load_world("Rivertown")
world = client.get_world()
settings = world.get_settings()
settings.synchronous_mode, settings.fixed_delta_seconds = True, 0.05
world.apply_settings(settings)
library = world.get_blueprint_library()

def say(**seen):
    print(json.dumps(seen), flush=True)
    os._exit(0)
"""
TRAFFIC = """
import socket
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
manager = client.get_trafficmanager(port)
manager.set_synchronous_mode(True)
manager.set_random_device_seed(1)
points = world.get_map().get_spawn_points()
random.shuffle(points)
spawn, autopilot = carla.command.SpawnActor, carla.command.SetAutopilot
blueprint = library.find("vehicle.tesla.model3")
answers = client.apply_batch_sync(
    [spawn(blueprint, p).then(autopilot(carla.command.FutureActor, True, port))
     for p in points[:25]], True)
ids = [a.actor_id for a in answers if not a.error]
cars = [world.get_actor(i) for i in ids]
went, before = [0.0] * len(cars), [c.get_location() for c in cars]
map_ = world.get_map()
aside = []
for light in world.get_actors().filter("traffic.traffic_light"):
    light.set_green_time(3.0)
    light.set_yellow_time(2.0)
    light.set_red_time(1.0)
    light.reset_group()
for tick in range(500):
    world.tick()
    if tick % 20 == 19:
        now = [c.get_location() for c in cars]
        went = [w + a.distance(b) for w, a, b in zip(went, before, now)]
        before = now
        for place in now:
            lane = map_.get_waypoint(place)
            if not lane.is_junction:
                aside.append(place.distance(lane.transform.location))
for light in world.get_actors().filter("traffic.traffic_light"):
    light.freeze(True)
    light.set_state(carla.TrafficLightState.Red)
for _ in range(500):
    world.tick()
waiting = [c.get_velocity().length() for c in cars if c.is_at_traffic_light()]
say(cars=len(cars), went=went, aside=sorted(aside), waiting=waiting)
"""
WALKERS = """
world.set_pedestrians_seed(3)
walkers = []
for _ in range(12):
    place = world.get_random_location_from_navigation()
    blueprint = random.choice(list(library.filter("walker.pedestrian.*")))
    walker = world.try_spawn_actor(blueprint, carla.Transform(place))
    if walker is not None:
        walkers.append(walker)
world.tick()
brain = library.find("controller.ai.walker")
leaders = [world.spawn_actor(brain, carla.Transform(), walker) for walker in walkers]
world.tick()
for leader in leaders:
    leader.start()
    leader.go_to_location(world.get_random_location_from_navigation())
    leader.set_max_speed(1.4)
went, before = [0.0] * len(walkers), [w.get_location() for w in walkers]
for tick in range(300):
    world.tick()
    if tick % 20 == 19:
        now = [w.get_location() for w in walkers]
        went = [a + p.distance(q) for a, p, q in zip(went, before, now)]
        before = now
speeds = [w.get_velocity().length() for w in walkers]
say(walkers=len(walkers), went=went, speeds=speeds)
"""


def test_the_traffic_manager_drives_in_lane_and_stops_at_red(served: Served) -> None:
    found = told(served, ["-c", HEAD + TRAFFIC])
    assert found["cars"] == 25
    went = sorted(found["went"])
    assert went[0] > 10.0  # nobody is stuck: the longest red is 18 s of these 25
    assert sum(went) / len(went) > 60.0
    aside = found["aside"]
    assert aside[len(aside) // 2] < 0.3
    assert aside[int(0.95 * len(aside))] < 1.0
    assert len(found["waiting"]) >= 5
    assert max(found["waiting"]) < 0.1


def test_the_walker_ai_finds_its_way_on_sidewalks(served: Served) -> None:
    found = told(served, ["-c", HEAD + WALKERS])
    assert found["walkers"] >= 10
    went = sorted(found["went"])
    assert went[len(went) // 2] > 15.0  # of 21 m at 1.4 m/s
    assert max(found["speeds"]) < 2.0
