"""How fast CARLA's own client ticks our server: `python -m roadworthy.agents.wire_rates PORT`.

A process of its own, because the client is native code with threads of its own. Prints one JSON
object of rates per second.
"""

from __future__ import annotations

import json
import queue
import sys
import time
from collections.abc import Callable
from typing import Any

CARS = 50
WARM_UP = 200
STRETCH = 100  # ticks for which the cars drive ahead, then they begin again where they were
SPELLS = 5  # the best one counts: others on the machine only ever slow it
PATIENCE = 30.0  # [s]


def best_rate(
    world: Any, ticks: int, again: Callable[[], None], heard: queue.Queue[Any] | None = None
) -> float:
    """Ticks per second, waiting for the sensor at each where there is one."""
    rates = []
    for _ in range(SPELLS):
        begin = time.perf_counter()
        for tick in range(ticks):
            if tick % STRETCH == 0:
                again()
            world.tick()
            if heard is not None:
                heard.get(timeout=PATIENCE)
        rates.append(ticks / (time.perf_counter() - begin))
    return max(rates)


def main(port: int) -> None:
    """Measure, and print."""
    import carla

    client = carla.Client("127.0.0.1", port)
    client.set_timeout(PATIENCE)
    world = client.get_world()
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, 0.05
    world.apply_settings(settings)
    library = world.get_blueprint_library()
    blueprint = library.find("vehicle.tesla.model3")
    cars: list[Any] = []
    for point in world.get_map().get_spawn_points():
        if len(cars) == CARS:
            break
        car = world.try_spawn_actor(blueprint, point)
        if car is not None:
            cars.append(car)
    for car in cars:
        car.apply_control(carla.VehicleControl(throttle=0.6))
    world.tick()
    command = carla.command
    begin = [command.ApplyTransform(car, car.get_transform()) for car in cars]
    begin += [command.ApplyTargetVelocity(car, carla.Vector3D()) for car in cars]

    def again() -> None:
        client.apply_batch(begin)

    best_rate(world, WARM_UP, again)
    rates = {"cars": len(cars), "ticks": best_rate(world, 1000, again)}
    rates["moving"] = sum(car.get_velocity().length() > 0.5 for car in cars)
    lidar = library.find("sensor.lidar.ray_cast")
    for name, value in {
        "channels": 32, "points_per_second": 640_000, "rotation_frequency": 20, "range": 100,
        "dropoff_general_rate": 0.0, "dropoff_zero_intensity": 0.0,
    }.items():  # fmt: skip
        lidar.set_attribute(name, str(value))
    camera = library.find("sensor.camera.rgb")
    for key, sensor, ticks in (("lidar", lidar, 200), ("camera", camera, 40)):
        where = carla.Transform(carla.Location(x=0.5, z=2.4))
        actor = world.spawn_actor(sensor, where, attach_to=cars[0])
        heard: queue.Queue[Any] = queue.Queue()
        actor.listen(heard.put)
        for _ in range(5):
            world.tick()
            last = heard.get(timeout=PATIENCE)
        if key == "lidar":
            rates["points"] = len(last)
        rates[key] = best_rate(world, ticks, again, heard)
        actor.stop()
        actor.destroy()
    print(json.dumps(rates), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
