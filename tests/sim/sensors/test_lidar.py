from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from roadworthy.sim.errors import SettingsError
from roadworthy.sim.road.towns import load_town
from roadworthy.sim.scenery.material import Label
from roadworthy.sim.scenery.mesh import town_mesh
from roadworthy.sim.sensors.bench import TOWN, busy_street
from roadworthy.sim.sensors.camera import Camera
from roadworthy.sim.sensors.lidar import Lidar
from roadworthy.sim.sensors.scene import ActorSoup
from roadworthy.sim.sensors.specs import CameraSpec, LidarSpec
from roadworthy.sim.weather import PRESETS, Weather
from roadworthy.sim.world.columns import Actor, Kind

KEY = np.uint64(7)


@pytest.fixture(scope="module")
def lidar(street: Any) -> Lidar:
    """The default lidar: above the ego's centre, 2.2 m up, 32 x 360."""
    return Lidar(street.town, LidarSpec())


def brute_force(
    corners: NDArray[np.float64], origin: NDArray[np.float64], rays: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Nearest hit along each ray [n, 3] by Moeller and Trumbore's test with every triangle."""
    a = corners[:, 0] - origin
    e1, e2 = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    best = np.full(len(rays), np.inf)
    for i, ray in enumerate(rays):
        p = np.cross(ray, e2)
        det = (e1 * p).sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            u = -(a * p).sum(axis=1) / det
            q = np.cross(-a, e1)
            v = (q @ ray) / det
            t = (e2 * q).sum(axis=1) / det
            hit = (np.abs(det) > 1e-12) & (u >= 0) & (v >= 0) & (u + v <= 1) & (t > 0.05)
        if hit.any():
            best[i] = t[hit].min()
    return best


def test_every_ray_hits_what_a_test_with_all_triangles_hits(street: Any, lidar: Lidar) -> None:
    actors = street.actors(
        street.row(110.0, 1.75),
        street.row(97.0, -1.75, Kind.VAN, 3.0),
        street.row(104.0, 4.6, Kind.WALKER),
    )
    actors[0, [Actor.YAW, Actor.PITCH]] = 0.3, 0.05
    soup = street.soup(actors)
    ranges = lidar.ranges(soup, actors[0])
    still = town_mesh(street.town).soup
    corners = np.concatenate(
        [still.corners[still.tag[:, 3] > 0], soup.corners[: soup.start[-1]]]
    ).astype(np.float64)
    pose = lidar.pose(actors[0])
    generator = np.random.default_rng(0)
    channel = generator.integers(32, size=300)
    step = generator.integers(360, size=300)
    elevation, azimuth = lidar.elevation[channel], lidar.azimuth()[step]
    local = np.stack(
        [
            np.cos(elevation) * np.cos(azimuth),
            np.cos(elevation) * np.sin(azimuth),
            np.sin(elevation),
        ],
        1,
    )
    true = brute_force(corners, pose[0], local @ pose[1:])
    true = np.where(true <= lidar.spec.range, true, 0.0)
    found = ranges[channel, step]
    # A ray that grazes the very edge of a triangle may fall on either side of it.
    agree = np.abs(found - true) < 0.01 + 1e-3 * true
    assert agree.mean() >= 0.99
    assert (true > 0).mean() > 0.5


def test_rays_in_a_busy_town_hit_what_a_test_with_all_triangles_hits() -> None:
    town = load_town(TOWN)
    # Within 38 m of the sensor details are seen, too.
    lidar = Lidar(town, LidarSpec(range=38.0, yaw=0.4))
    still = town_mesh(town).soup
    solid = still.corners[still.tag[:, 3] > 0].astype(np.float64)
    generator = np.random.default_rng(1)
    agree = []
    for place in range(4):
        actors = busy_street(town.network, place)
        soup = ActorSoup(len(actors))
        soup.fill(actors, 1, float(actors[0, Actor.X]), float(actors[0, Actor.Y]))
        pose, ranges = lidar.pose(actors[0]), lidar.ranges(soup, actors[0])
        near = np.abs(solid - pose[0])[..., :2].min(axis=1).max(axis=1) < 80.0
        corners = np.concatenate([solid[near], soup.corners[: soup.start[-1]]]).astype(np.float64)
        channel, step = generator.integers(32, size=80), generator.integers(360, size=80)
        elevation, azimuth = lidar.elevation[channel], lidar.azimuth()[step]
        flat = np.stack([np.cos(azimuth), np.sin(azimuth), np.tan(elevation)], 1)
        local = flat * np.cos(elevation)[:, None]
        true = brute_force(corners, pose[0], local @ pose[1:])
        found = ranges[channel, step]
        agree.append(np.abs(found - np.where(true <= 38.0, true, 0.0)) < 0.01 + 1e-3 * found)
    assert np.mean(agree) >= 0.99


def test_a_car_ten_metres_ahead_is_hit_at_the_right_distance(street: Any, lidar: Lidar) -> None:
    actors = street.actors(street.row(112.0, 1.75))  # rear at x = 110, sensor at x = 100
    points = lidar.sweep(street.soup(actors), actors[0], KEY)
    on_car = (np.abs(points[:, 1]) < 0.9) & (points[:, 0] > 8.0) & (points[:, 0] < 13.9)
    on_car &= points[:, 2] > -1.9
    rear = points[on_car & (points[:, 2] < -1.4)]
    assert len(rear) >= 10
    assert np.median(rear[:, 0]) == pytest.approx(10.0, abs=0.08)


def test_the_ego_is_not_hit_and_the_ground_is_where_it_is(street: Any, lidar: Lidar) -> None:
    actors = street.actors()
    points = lidar.sweep(street.soup(actors), actors[0], KEY)
    near = points[np.hypot(points[:, 0], points[:, 1]) < 5.0]
    lane = near[np.abs(near[:, 1]) < 1.7]
    assert len(lane) > 100
    np.testing.assert_allclose(lane[:, 2], -2.2, atol=0.1)
    walk = near[(near[:, 1] > 2.0) & (near[:, 1] < 4.0)]  # the sidewalk is 0.12 m higher
    np.testing.assert_allclose(walk[:, 2], -2.08, atol=0.1)


def test_positive_y_of_a_return_is_to_the_right(street: Any, lidar: Lidar) -> None:
    actors = street.actors(street.row(100.0, 4.75, Kind.WALKER))
    points = lidar.sweep(street.soup(actors), actors[0], KEY)
    empty = lidar.sweep(street.soup(street.actors()), actors[0], KEY)

    def count(rows: NDArray[np.float32], sign: float) -> int:
        box = (np.abs(rows[:, 0]) < 0.4) & (np.abs(sign * rows[:, 1] - 3.0) < 0.4)
        return int((box & (rows[:, 2] > -1.9)).sum())

    assert count(points, 1.0) > 10
    assert count(points, -1.0) == count(empty, 1.0) == 0


def test_noise_and_dropout_follow_the_key(street: Any, lidar: Lidar) -> None:
    actors = street.actors()
    soup = street.soup(actors)
    first, again = (lidar.sweep(soup, actors[0], KEY) for _ in range(2))
    assert first.tobytes() == again.tobytes()
    other = lidar.sweep(soup, actors[0], np.uint64(8))
    assert first.tobytes() != other.tobytes()
    hits = int((lidar.ranges(soup, actors[0]) > 0).sum())
    assert len(first) / hits == pytest.approx(0.98, abs=0.01)
    assert first[:, 3].min() > 0.0
    assert first[:, 3].max() <= 1.0


def test_noise_has_the_deviation_that_was_asked_for(street: Any) -> None:
    actors = street.actors()
    soup = street.soup(actors)
    clean = Lidar(street.town, LidarSpec(noise=0.0, dropout=0.0))
    noisy = Lidar(street.town, LidarSpec(noise=0.05, dropout=0.0))
    exact = np.linalg.norm(clean.sweep(soup, actors[0], KEY)[:, :3], axis=1)
    error = np.linalg.norm(noisy.sweep(soup, actors[0], KEY)[:, :3], axis=1) - exact
    assert error.std() == pytest.approx(0.05, rel=0.05)
    assert abs(error.mean()) < 0.003
    ranges = np.sort(clean.ranges(soup, actors[0]).ravel())
    np.testing.assert_allclose(np.sort(exact), ranges[ranges > 0], rtol=1e-4)


@pytest.mark.parametrize(("channels", "steps"), [(1, 7), (16, 90), (64, 1024)])
def test_any_number_of_channels_and_steps_works(street: Any, channels: int, steps: int) -> None:
    spec = LidarSpec(channels=channels, steps=steps, upper_fov=-0.1, lower_fov=-0.4, yaw=0.5)
    actors = street.actors()
    ranges = Lidar(street.town, spec).ranges(street.soup(actors), actors[0])
    assert ranges.shape == (channels, steps)
    # All rays look down onto flat ground within range: nothing is missed, nothing is too far.
    assert (ranges > 0).all()
    assert ranges.max() <= 2.31 / math.sin(0.1) + 0.1


def test_camera_and_lidar_see_the_same_scene(street: Any) -> None:
    lidar = Lidar(street.town, LidarSpec(noise=0.0, dropout=0.0))
    camera = Camera(street.town, CameraSpec(width=640, height=480))
    actors = street.actors(
        street.row(112.0, 1.75),
        street.row(109.0, -1.75, Kind.BUS, math.pi),
        street.row(106.0, 4.5, Kind.WALKER),
        street.row(125.0, 2.0, Kind.BICYCLE),
    )
    soup = street.soup(actors)
    _, depth, _ = camera.render(soup, actors[0], street.red)
    points = lidar.sweep(soup, actors[0], KEY)[:, :3].astype(np.float64)
    pose, mount = camera.pose(actors[0]), lidar.pose(actors[0])
    x, right, up = pose[1:] @ (points @ mount[1:] + mount[0] - pose[0]).T
    ahead = x > 1.0
    column = np.floor(320 + camera.focal * right[ahead] / x[ahead]).astype(int)
    row = np.floor(240 - camera.focal * up[ahead] / x[ahead]).astype(int)
    inside = (column > 0) & (column < 639) & (row > 0) & (row < 479)
    column, row, seen = column[inside], row[inside], x[ahead][inside]
    # Away from edges: the depth's neighbours differ by little.
    patch = np.stack([depth[row + dr, column + dc] for dr in (-1, 0, 1) for dc in (-1, 0, 1)])
    smooth = np.ptp(patch, axis=0) < 0.02 * seen + 0.1
    assert smooth.sum() > 1000
    error = np.abs(depth[row, column] - seen)[smooth]
    assert (error < 0.3).mean() > 0.95


def test_a_slow_head_sweeps_its_part_of_the_turn_tick_by_tick(street: Any) -> None:
    whole = Lidar(street.town, LidarSpec(noise=0.0, dropout=0.0))
    slow = Lidar(street.town, LidarSpec(rotation_frequency=5.0), tick=0.05)
    actors = street.actors(street.row(110.0, 1.75), street.row(96.0, -1.75, Kind.VAN))
    soup = street.soup(actors)
    assert slow.columns == 90
    parts = [slow.ranges(soup, actors[0], number) for number in range(4, 8)]
    np.testing.assert_allclose(
        np.concatenate(parts, axis=1), whole.ranges(soup, actors[0]), rtol=1e-3, atol=1e-3
    )
    np.testing.assert_array_equal(parts[0], slow.ranges(soup, actors[0], 8))


def test_a_narrow_head_begins_again_where_it_ends(street: Any) -> None:
    spec = LidarSpec(rotation_frequency=8.0, horizontal_fov=math.pi / 2, steps=100)
    lidar = Lidar(street.town, spec, tick=0.1)  # four fifths of 90 degrees a tick
    first, second = lidar.azimuth(0), lidar.azimuth(1)
    assert len(first) == len(second) == lidar.columns == 80
    gap = math.pi / 200
    np.testing.assert_allclose(first[[0, -1]], [-50 * gap + gap / 2, 30 * gap - gap / 2])
    np.testing.assert_allclose(second[:20], 30 * gap + gap * (np.arange(20) + 0.5))
    np.testing.assert_allclose(second[20:], -50 * gap + gap * (np.arange(60) + 0.5))
    actors = street.actors()
    points = lidar.sweep(street.soup(actors), actors[0], KEY, 1)
    assert np.abs(np.arctan2(points[:, 1], points[:, 0])).max() < math.pi / 4


def test_carlas_defaults_are_carlas(street: Any) -> None:
    spec = LidarSpec.carla(channels=16)
    assert spec.columns(0.05) == round(56_000 * 0.05 / 16)
    assert spec.turn(0.05) == pytest.approx(0.5)
    lidar = Lidar(street.town, spec)
    actors = street.actors()
    soup = street.soup(actors)
    points = lidar.sweep(soup, actors[0], KEY)
    hits = lidar.ranges(soup, actors[0]) > 0
    # 45 % at random; of the rest 40 % (1 - intensity / 0.8), as nothing here is brighter.
    dim = 0.4 * (1.0 - points[:, 3] / 0.8)
    kept = hits.sum() * 0.55 / (1.0 / (1.0 - dim)).mean()
    assert len(points) == pytest.approx(kept, rel=0.08)
    assert np.linalg.norm(points[:, :3], axis=1).max() <= 10.001


def test_fog_shortens_the_range_and_rain_takes_some_returns(street: Any) -> None:
    lidar = Lidar(street.town, LidarSpec(noise=0.0, dropout=0.0))
    actors = street.actors(street.row(108.0, 1.75))
    soup = street.soup(actors)
    clear = lidar.sweep(soup, actors[0], KEY, 0, PRESETS["ClearNoon"].row())
    assert clear.tobytes() == lidar.sweep(soup, actors[0], KEY).tobytes()
    fog = lidar.sweep(soup, actors[0], KEY, 0, Weather(fog_density=100.0).row())
    rain = lidar.sweep(soup, actors[0], KEY, 0, Weather(precipitation=100.0).row())
    far, near = (np.linalg.norm(rows[:, :3], axis=1).max() for rows in (clear, fog))
    assert far > 55.0
    assert 10.0 < near < 35.0
    assert 0.9 < len(rain) / len(clear) < 0.97


def test_a_semantic_lidar_tells_what_it_met(street: Any) -> None:
    actors = street.actors(
        street.row(110.0, 1.75), street.row(108.0, 4.5, Kind.WALKER), street.row(94.0, -1.75)
    )
    soup = street.soup(actors)
    lidar = Lidar(street.town, LidarSpec(noise=0.5, dropout=0.5))
    rows = lidar.semantics(soup, actors[0])
    assert len(rows) == (lidar.ranges(soup, actors[0]) > 0).sum()
    x, y, z, cosine, thing, tag = rows.T
    assert cosine.min() >= 0.0
    assert cosine.max() <= 1.0 + 1e-5
    car, walker = thing == 1, thing == 2
    assert set(tag[car]) == {Label.CAR}
    assert set(tag[walker]) == {Label.PEDESTRIANS}
    assert x[car].min() == pytest.approx(8.0, abs=0.1)
    lane = (tag == Label.ROADS) & (np.hypot(x, y) < 15.0)
    assert not thing[lane].any()
    # Flat ground 2.2 m below: the cosine is the height's share of the distance.
    distance = np.sqrt(x * x + y * y + z * z)
    np.testing.assert_allclose(cosine[lane], 2.2 / distance[lane], rtol=1e-3)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"channels": 0}, "channels"), ({"range": -1.0}, "range"), ({"lower_fov": 0.5}, "lower_fov")],
)
def test_settings_without_sense_are_refused(street: Any, wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(SettingsError, match=field):
        Lidar(street.town, LidarSpec(**wrong))
