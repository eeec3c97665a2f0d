"""Frames of a real drive become Scenes like the true ones, given a network that sees well."""

from __future__ import annotations

import numpy as np
import pytest

from roadworthy.perception import grid
from roadworthy.perception import signature as net
from roadworthy.perception.collect import collect
from roadworthy.perception.dataset import Samples, load
from roadworthy.perception.follower import Follower
from roadworthy.perception.labels import draw_targets
from roadworthy.perception.oracle import Oracle
from roadworthy.perception.pipeline import Perceiver
from roadworthy.perception.scene import (
    EgoCol,
    LightCol,
    LightState,
    RouteCol,
    Scene,
    User,
    UserClass,
)
from roadworthy.perception.user_box import UserBox
from roadworthy.sim.errors import ModelError, SettingsError
from roadworthy.sim.frame import Frame
from roadworthy.sim.road.route import RouteSet
from roadworthy.sim.road.routing import random_routes
from roadworthy.sim.road.towns import load_town
from roadworthy.sim.sensors.specs import LidarSpec, SensorRig
from roadworthy.sim.sensors.suite import SensorSuite
from roadworthy.sim.town import Town
from roadworthy.sim.world.batch import BatchWorld
from roadworthy.sim.world.settings import WorldSettings

STEPS = 120


class Seeing:
    """A network that says what the Scene given to it says, with some error in the places."""

    def __init__(self) -> None:
        self.truth = Scene.empty()
        self._rng = np.random.default_rng(0)

    def __call__(self, inputs):  # type: ignore[no-untyped-def]
        labels = np.zeros((1, len(self.truth.users), len(UserBox)), np.float32)
        columns = [User.X, User.Y, User.COS, User.SIN, User.LENGTH, User.WIDTH, User.CLASS]
        labels[0, :, : UserBox.HITS] = self.truth.users[:, columns]
        labels[0, :, UserBox.HITS] = self.truth.valid
        labels[0, self.truth.valid, :2] += self._rng.normal(0, 0.1, (self.truth.valid.sum(), 2))
        heat = np.zeros((1, len(UserClass), grid.SIZE, grid.SIZE), np.float32)
        box = np.zeros((1, len(net.BoxCol), grid.SIZE, grid.SIZE), np.float32)
        weight, centre = np.zeros_like(heat), np.zeros((1, grid.SIZE, grid.SIZE), np.float32)
        draw_targets(labels, heat, box, weight, centre)
        light = np.full((1, 4), 0.05, np.float32)
        light[0, int(self.truth.light[LightCol.STATE])] = 0.85
        return {
            net.HEAT: heat * (heat >= 1.0),
            net.BOX: box,
            net.LIGHT: light,
            net.LIGHT_DISTANCE: np.array([30.0], np.float32),
        }


@pytest.fixture(scope="module")
def town() -> Town:
    return load_town("Marlow")


@pytest.fixture(scope="module")
def pairs(town: Town) -> list[tuple[Scene, Scene]]:
    """(true, perceived) Scenes of a drive."""
    routes = RouteSet.of(random_routes(town.network, 1, 3, min_length=200.0, max_length=500.0))
    batch = BatchWorld(town, routes, 1, seed=2, settings=WorldSettings(vehicles=15, walkers=8))
    suite = SensorSuite(town, SensorRig(), 0)
    seeing = Seeing()
    perceiver = Perceiver(seeing)
    perceiver.start(town.network, routes.routes[0])
    oracle, driver = Oracle(batch), Follower(1, np.random.default_rng(0))
    out = []
    for _ in range(STEPS):
        truth = oracle.scene()
        seeing.truth = truth.of_world(0)
        frame = suite.sense(
            batch.actors[0],
            batch.ego[0],
            batch.lights[0],
            int(batch.frame[0]),
            float(batch.time[0]),
            batch.key[0],
        )
        scene = perceiver.perceive(frame).validate()
        out.append((copy(truth.of_world(0)), copy(scene)))
        batch.step_plan(*driver.act(truth, batch.time))
    return out


def copy(scene: Scene) -> Scene:
    return Scene(*(getattr(scene, f).copy() for f in ("users", "valid", "light", "route", "ego")))


def test_the_route_is_where_it_is(pairs: list[tuple[Scene, Scene]]) -> None:
    for truth, scene in pairs[20:]:
        off = scene.route[:8] - truth.route[:8]
        assert np.hypot(off[:, RouteCol.X], off[:, RouteCol.Y]).max() < 1.5
    error = [np.abs(b.ego[EgoCol.LATERAL] - a.ego[EgoCol.LATERAL]) for a, b in pairs[20:]]
    assert np.mean(error) < 0.3


def test_the_ego_row_is_the_true_one_but_for_noise(pairs: list[tuple[Scene, Scene]]) -> None:
    truth = np.array([a.ego for a, _ in pairs[20:]])
    seen = np.array([b.ego for _, b in pairs[20:]])
    error = np.abs(truth - seen).mean(0)
    assert error[EgoCol.SPEED] < 0.05
    assert error[EgoCol.ACCEL] < 0.5
    assert error[EgoCol.YAW_RATE] < 0.01
    assert error[EgoCol.HEADING] < 0.02
    assert error[EgoCol.REMAINING] < 1.0
    np.testing.assert_allclose(truth[:, EgoCol.LENGTH], seen[:, EgoCol.LENGTH], atol=1e-3)
    np.testing.assert_allclose(truth[:, EgoCol.WIDTH], seen[:, EgoCol.WIDTH], atol=1e-3)
    assert (truth[:, EgoCol.SPEED] > 1.0).mean() > 0.5  # the drive was one


def test_road_users_are_found_with_their_velocities(pairs: list[tuple[Scene, Scene]]) -> None:
    errors, found, asked = [], 0, 0
    for (truth, scene), (before, _) in zip(pairs[10:], pairs[8:], strict=False):
        inside = np.abs(truth.users[:, User.Y]) < 25
        inside &= (truth.users[:, User.X] > -10) & (truth.users[:, User.X] < 40)
        for user in truth.users[truth.valid & inside]:
            away = scene.users[:, [User.X, User.Y]] - user[[User.X, User.Y]]
            away = np.where(scene.valid, np.hypot(*away.T), np.inf)
            was = before.users[before.valid][:, [User.X, User.Y]] - user[[User.X, User.Y]]
            if not len(was) or np.hypot(*was.T).min() > 4.0:
                continue  # new in the grid
            asked += 1
            if away.min() < 1.0:
                found += 1
                seen = scene.users[away.argmin()]
                errors.append(
                    np.hypot(seen[User.VX] - user[User.VX], seen[User.VY] - user[User.VY])
                )
    assert asked > 50
    assert found / asked > 0.9
    assert np.median(errors) < 0.6


def test_the_light_is_told_soon_and_its_distance_comes_from_the_map(
    pairs: list[tuple[Scene, Scene]],
) -> None:
    right, governed = 0, 0
    for truth, scene in pairs[5:]:
        if truth.light[LightCol.STATE] == LightState.NONE:
            continue
        governed += 1
        if scene.light[LightCol.STATE] == truth.light[LightCol.STATE]:
            right += 1
            gap = scene.light[LightCol.DISTANCE] - truth.light[LightCol.DISTANCE]
            assert abs(gap) < 1.5
    assert governed > 10
    assert right / governed > 0.85


def frame(image: tuple[int, ...] = (160, 320, 3)) -> Frame:
    from roadworthy.sim.frame import Gnss, Imu

    imu = Imu((0.0, 0.0, 9.81), (0.0, 0.0, 0.0), 0.0)
    picture = {"front": np.zeros(image, np.uint8)}
    return Frame(0, 0.0, picture, np.zeros((0, 4), np.float32), imu, Gnss(0, 0, 0), 0.0, {}, {})


def test_misuse_is_named(town: Town) -> None:
    with pytest.raises(SettingsError, match="camera and a lidar"):
        Perceiver(Seeing(), SensorRig(lidar=None))
    with pytest.raises(SettingsError, match="start"):
        Perceiver(Seeing()).perceive(frame())
    (route,) = random_routes(town.network, 1, 3, min_length=100.0, max_length=500.0)
    perceiver = Perceiver(Seeing())
    perceiver.start(town.network, route)
    with pytest.raises(SettingsError, match="320x160"):
        perceiver.perceive(frame((100, 100, 3)))
    mute = Perceiver(lambda inputs: {})
    mute.start(town.network, route)
    with pytest.raises(ModelError, match="heat"):
        mute.perceive(frame())


def test_a_collection_cut_off_goes_on_with_the_same_frames(town: Town, tmp_path) -> None:  # type: ignore[no-untyped-def]
    assert collect(town, 6, tmp_path / "a", seed=5, quiet=True) == 6
    assert collect(town, 12, tmp_path / "a", seed=5, quiet=True) == 6
    first = load([tmp_path / "a"])
    assert collect(town, 12, tmp_path / "a", seed=5, quiet=True) == 0
    assert collect(town, 6, tmp_path / "a", seed=5, quiet=True) == 0
    assert collect(town, 12, tmp_path / "b", seed=5, quiet=True) == 12
    assert_same(first, load([tmp_path / "b"]))
    assert (first.labels[:, :, UserBox.HITS] > 0).any()
    assert first.image.std() > 10
    assert len({image.tobytes() for image in first.image}) == 12


def assert_same(a: Samples, b: Samples) -> None:
    for name in ("image", "raster", "route", "hint", "labels", "light"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


def test_lidar_on_a_turned_mount_lands_where_it_looks() -> None:
    spec = LidarSpec(yaw=np.pi / 2)  # its x axis points right
    raster = grid.Rasteriser(spec).raster(np.array([[10.2, 0.0, -1.5, 1.0]], np.float32))
    row, column = int((0.0 - grid.X_MIN) / 0.5), int((10.2 - grid.Y_MIN) / 0.5)
    assert raster[grid.LOW, row - 1 : row + 1, column].any()
