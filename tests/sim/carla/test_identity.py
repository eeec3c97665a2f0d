"""Over the wire and in process: the same scenario, seed and controls, the same bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from carla_client import Served
from numpy.typing import NDArray

from roadworthy.agents.evaluation.drive import DriveObserver, DriveResult, Moment, OpenWorld
from roadworthy.agents.evaluation.drive import drive as run_drive
from roadworthy.agents.evaluation.routes import random_route
from roadworthy.agents.evaluation.tally import Tally
from roadworthy.agents.registry import make_agent
from roadworthy.sim.carla.client.link import Address, Link
from roadworthy.sim.carla.client.rig import CarlaRig
from roadworthy.sim.carla.client.shadow import shape_of
from roadworthy.sim.carla.client.world import CarlaWorld
from roadworthy.sim.carla.server.motion import end_tick
from roadworthy.sim.carla.server.motors import N_MOTOR
from roadworthy.sim.carla.server.records import MOTION, export_bodies
from roadworthy.sim.frame import Control, Frame
from roadworthy.sim.road.towns import load_town
from roadworthy.sim.scenario.scenario import Scenario
from roadworthy.sim.sensors.inertial import forward_speed
from roadworthy.sim.sensors.specs import CameraSpec, SensorRig
from roadworthy.sim.town import Town
from roadworthy.sim.world.columns import Actor, Ego, Kind
from roadworthy.sim.world.driven import DrivenWorld
from roadworthy.sim.world.settings import WorldSettings
from roadworthy.sim.world.world import World

pytest.importorskip("carla", reason="the carla wheel is not installed")

SEED = 7
RIG = SensorRig(cameras=(CameraSpec(width=160, height=80, semantic=True, depth=True),))


@pytest.fixture(scope="module")
def staged() -> Iterator[Served]:
    server = Served(
        "--town", "Rivertown", "--seed", str(SEED), "--vehicles", "15", "--walkers", "6"
    )
    yield server
    server.end()


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return Scenario(random_route("Rivertown", SEED), WorldSettings(vehicles=15, walkers=6))


def controls(tick: int) -> Control:
    """Start, weave, brake; float32, as the wire has it."""
    draw = np.random.default_rng([SEED, tick // 20])
    throttle, steer = draw.uniform(0.2, 0.7), draw.uniform(-0.05, 0.05)
    brake = 0.6 if tick // 20 % 7 == 6 else 0.0
    throttle, steer, brake = (float(np.float32(v)) for v in (throttle, steer, brake))
    return Control(0.0 if brake else throttle, brake, steer)


class Told:
    """What a client would be told of a world in process."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._motors = np.zeros((len(world.actors), N_MOTOR), np.float32)
        end_tick(world.actors, self._motors, 0.05)

    def motion(self) -> NDArray[np.float32]:
        rows = np.flatnonzero(self._world.actors[:, Actor.ALIVE] > 0.0).astype(np.int32)
        out = np.zeros((len(rows), MOTION), np.float32)
        walks = self._world.actors[rows, Actor.KIND] == Kind.WALKER
        lifts = np.where(walks, 0.5 * self._world.actors[rows, Actor.HEIGHT], 0.0)
        slots = np.arange(len(rows), dtype=np.int32)
        export_bodies(rows, slots, lifts.astype(np.float32), self._world.actors, self._motors, out)
        return out

    def ticked(self) -> NDArray[np.float32]:
        end_tick(self._world.actors, self._motors, 0.05)
        return self.motion()


def ordered(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    return rows[np.lexsort(rows[:, :12].T)]


def told(snapshot: Any, ids: set[int]) -> NDArray[np.float32]:
    rows = []
    for state in snapshot:
        if state.id in ids:
            at, v = state.get_transform(), state.get_velocity()
            w, a = state.get_angular_velocity(), state.get_acceleration()
            rows.append([at.location.x, at.location.y, at.location.z, at.rotation.pitch,
                         at.rotation.yaw, at.rotation.roll, v.x, v.y, v.z, w.x, w.y, w.z,
                         a.x, a.y, a.z])  # fmt: skip
    return np.array(rows, np.float32)


def differences(mine: Frame, theirs: Frame) -> list[str]:
    found = [
        name
        for name in ("images", "semantics")
        for key, picture in getattr(mine, name).items()
        if not np.array_equal(picture, getattr(theirs, name)[key])
    ]
    for name, depth in mine.depths.items():  # 24 bits for 1,000 m
        if not np.allclose(depth, theirs.depths[name], rtol=1e-6, atol=1e-4):
            found.append("depths")
    if not np.array_equal(mine.lidar, theirs.lidar):
        found.append("lidar")
    for name in ("imu", "gnss", "speed", "number", "time"):
        if getattr(mine, name) != getattr(theirs, name):
            found.append(f"{name}: {getattr(mine, name)} {getattr(theirs, name)}")
    return found


@pytest.mark.parametrize("ticks", [200, pytest.param(1000, marks=pytest.mark.slow)])
def test_states_and_sensors_are_those_of_the_world_in_process(
    staged: Served, scenario: Scenario, ticks: int
) -> None:
    link = Link(Address("127.0.0.1", staged.port))
    there = link.client.get_world()
    there.apply_settings(fixed(there))
    server = link.reload()
    server.tick()
    hero = next(a for a in server.get_actors() if a.attributes.get("role_name") == "hero")
    assert hero.type_id == "vehicle.lincoln.mkz_2020"
    world = World.of(scenario, load_town("Rivertown"), SEED)
    read, expected = world.attach(RIG, SEED), Told(world)
    shape = shape_of(hero)
    assert shape is not None
    rig = CarlaRig(link, server, hero, shape, RIG, SEED)
    known: dict[int, bool] = {}
    try:
        frame = server.tick()
        for tick in range(ticks):
            mine = read()
            theirs = rig.read(frame, world.frame, world.time, speed(hero), world.batch.key[0])
            assert not differences(mine, theirs), tick
            control = controls(tick)
            hero.apply_control(
                link.carla.VehicleControl(control.throttle, control.steer, control.brake)
            )
            frame = server.tick()
            world.step(control, 1)
            snapshot = server.get_snapshot()
            new = [state.id for state in snapshot if state.id not in known]
            if new:
                known |= dict.fromkeys(new, False)
                known |= {
                    a.id: a.type_id.startswith(("vehicle.", "walker.", "static."))
                    for a in server.get_actors(new)
                }
            mine_, theirs_ = expected.ticked(), told(snapshot, {n for n in known if known[n]})
            assert np.array_equal(ordered(mine_), ordered(theirs_)), tick
    finally:
        rig.close()
    assert world.ego[Ego.PROGRESS] > 10.0


def speed(hero: Any) -> float:
    at, v = hero.get_transform(), hero.get_velocity()
    return forward_speed(at.rotation.yaw, v.x, v.y)


def fixed(world: Any) -> Any:
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, 0.05
    return settings


@pytest.mark.parametrize("seconds", [10.0, pytest.param(60.0, marks=pytest.mark.slow)])
def test_the_same_agent_drives_the_same_way_over_the_wire(
    staged: Served, scenario: Scenario, seconds: float
) -> None:
    link, town = Link(Address("127.0.0.1", staged.port)), load_town("Rivertown")

    def opened(scenario: Scenario, town: Town, seed: int) -> CarlaWorld:
        return CarlaWorld(link, scenario, town, seed)

    def drive(where: OpenWorld) -> tuple[list[tuple[float, ...]], DriveResult]:
        agent = make_agent("roadworthy", device="cpu")
        seen = Seen()
        result = run_drive(
            agent, town, scenario, seed=SEED, observers=[seen], time_limit=seconds,
            open_world=where,
        )  # fmt: skip
        return seen.moments, result

    (here, mine), (there, theirs) = drive(World.of), drive(opened)
    assert len(here) > 90
    assert here == there
    assert mine.score == theirs.score


class Seen(DriveObserver):
    """Notes what the agent was told and did, and where its vehicle went."""

    def __init__(self) -> None:
        self.moments: list[tuple[float, ...]] = []

    def decided(self, moment: Moment) -> None:
        frame, control = moment.frame, moment.control
        self.moments.append((
            frame.time, frame.speed, *frame.imu.acceleration, frame.imu.compass,
            frame.gnss.latitude, float(frame.lidar.sum()), float(frame.images["front"].sum()),
            control.throttle, control.brake, control.steer,
        ))  # fmt: skip

    def stepped(self, world: DrivenWorld, tally: Tally) -> None:
        row = world.actors[0]
        self.moments.append(tuple(float(row[c]) for c in (Actor.X, Actor.Y, Actor.Z)))
