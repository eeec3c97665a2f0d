"""What the worlds do under a fixed sequence of controls, as one short digest.

    python tests/sim/envs/trajectory.py

prints the line for the table in `test_version.py`. Places are averaged over actors and rounded
to 0.1 m, so that another processor's last digits do not matter but a changed behaviour does.
"""

from __future__ import annotations

import hashlib

import numpy as np

from roadworthy.sim.envs import DRIVE_ID
from roadworthy.sim.road.route import RouteSet
from roadworthy.sim.road.routing import random_routes
from roadworthy.sim.road.towns import load_town
from roadworthy.sim.world.batch import BatchWorld
from roadworthy.sim.world.columns import Actor, Event
from roadworthy.sim.world.randomisation import Randomisation
from roadworthy.sim.world.settings import WorldSettings

WORLDS, STEPS, LOOK = 8, 150, 30
KINDS = [Event.COLLISION_VEHICLE, Event.COLLISION_WALKER, Event.COLLISION_STATIC, Event.RED_LIGHT]


def trajectory_digest(randomisation: Randomisation | None = None) -> str:
    """Drive 8 worlds of Rivertown for 15 s; 16 hexadecimal digits."""
    town = load_town("Rivertown")
    routes = RouteSet.of(random_routes(town.network, 16, 7))
    settings = WorldSettings(vehicles=20, walkers=8)
    batch = BatchWorld(
        town, routes, WORLDS, seed=11, settings=settings, randomisation=randomisation, threads=1
    )
    world, seen = np.arange(WORLDS), np.zeros(len(KINDS), np.int64)
    digest = hashlib.sha256()
    for k in range(STEPS):
        # Half of them brake now and then, half go on until something stops them.
        brake = np.where((k % 50 > 40) & (world % 2 == 0), 0.6, 0.0)
        throttle = np.where(brake > 0, 0.0, 0.35 + 0.05 * (world % 4))
        steer = 0.05 * np.sin(0.07 * k + world)
        batch.step(np.stack([throttle, brake, steer], 1).astype(np.float32))
        seen += batch.events[:, KINDS].sum(0)
        if k % LOOK == LOOK - 1:
            groups = (slice(0, 1), slice(1, 21), slice(21, None))
            places = [batch.actors[:, g, [Actor.X, Actor.Y]].mean(1) for g in groups]
            digest.update(np.round(10.0 * np.stack(places)).astype(np.int32).tobytes())
            digest.update(batch.lights.tobytes())
    digest.update(seen.tobytes())
    return digest.hexdigest()[:16]


if __name__ == "__main__":
    print(f'    "{DRIVE_ID}": "{trajectory_digest()}",')
