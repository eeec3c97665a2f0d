from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from roadworthy.sim.errors import SettingsError
from roadworthy.sim.sensors.lidar import Lidar
from roadworthy.sim.sensors.radar import Radar, velocity_of
from roadworthy.sim.sensors.specs import LidarSpec, RadarSpec
from roadworthy.sim.world.columns import Actor, Kind, Mover

KEY = np.uint64(11)


def test_a_bus_that_comes_nearer_is_seen_with_its_closing_speed(street: Any) -> None:
    bus = street.row(122.0, 1.75, Kind.BUS)  # its rear is at x = 120
    bus[Actor.SPEED] = 4.0
    actors = street.actors(bus)
    actors[0, Actor.SPEED] = 10.0
    rows = Radar(street.town, RadarSpec(points_per_second=20_000)).sense(
        street.soup(actors), actors, KEY
    )
    velocity, azimuth, altitude, depth = rows.T
    moving = np.abs(velocity + 10.0 * np.cos(azimuth) * np.cos(altitude)) > 0.5
    assert moving.sum() > 20
    # Sensor at x = 102: 18 m ahead; both drive along x, the ego 6 m/s faster.
    ahead = np.cos(azimuth[moving]) * np.cos(altitude[moving])
    rear = np.abs(depth[moving] * ahead - 18.0) < 0.1
    assert rear.mean() > 0.9  # some pass below it and meet its axles
    np.testing.assert_allclose(velocity[moving], -6.0 * ahead, atol=1e-4)
    # What stands still comes nearer as fast as the ego drives.
    assert (velocity[~moving] < 0.0).all()


def test_rays_stay_within_the_cone_and_hit_the_ground_where_it_is(street: Any) -> None:
    spec = RadarSpec(points_per_second=40_000, range=60.0, z=1.5)
    actors = street.actors()
    rows = Radar(street.town, spec).sense(street.soup(actors), actors, KEY)
    velocity, azimuth, altitude, depth = rows.T
    half = math.radians(15.0) + 1e-6
    assert np.abs(azimuth).max() <= half
    assert np.abs(altitude).max() <= half
    assert depth.max() <= 60.0
    assert not velocity.any()
    # On the lane ahead: 1.5 m below the sensor.
    lane = (altitude < -0.05) & (np.abs(depth * np.cos(altitude) * np.sin(azimuth)) < 1.5)
    assert lane.sum() > 50
    np.testing.assert_allclose((depth * np.sin(altitude))[lane], -1.5, atol=0.02)


def test_the_key_picks_the_rays(street: Any) -> None:
    actors = street.actors(street.row(115.0, 1.75))
    soup, radar = street.soup(actors), Radar(street.town, RadarSpec())
    first, again = (radar.sense(soup, actors, KEY).tobytes() for _ in range(2))
    assert first == again
    assert radar.sense(soup, actors, np.uint64(12)).tobytes() != first
    assert radar.rays == 75  # CARLA: 1500 points per second, 20 ticks per second


def test_what_slides_has_the_velocity_of_its_slide() -> None:
    row = np.zeros(len(Actor), np.float32)
    row[[Actor.SPEED, Actor.YAW, Actor.SLIDE_X, Actor.SLIDE_Y]] = 3.0, 1.0, -2.0, 5.0
    np.testing.assert_allclose(velocity_of(row)[:2], [3 * math.cos(1.0), 3 * math.sin(1.0)])
    row[Actor.MOVER] = Mover.LOOSE
    np.testing.assert_allclose(velocity_of(row), [-2.0, 5.0, 0.0])


def test_a_cone_wider_than_half_a_circle_is_refused() -> None:
    with pytest.raises(SettingsError, match="horizontal_fov"):
        RadarSpec(horizontal_fov=3.2).validate()


def test_a_radars_rays_go_as_far_as_a_lidars_of_the_same_direction(street: Any) -> None:
    actors = street.actors(
        street.row(112.0, 1.75), street.row(118.0, 4.5, Kind.WALKER), street.row(125.0, -1.75)
    )
    soup = street.soup(actors)
    spec = RadarSpec(x=0.0, z=1.5, points_per_second=4_000, range=60.0)
    rows = Radar(street.town, spec).sense(soup, actors, KEY)
    assert len(rows) > 100
    for _, azimuth, altitude, depth in rows[::7]:
        # One channel and one column, aimed at the ray.
        aimed = LidarSpec(
            z=1.5, channels=1, steps=1, upper_fov=altitude, lower_fov=altitude,
            horizontal_fov=1e-3, yaw=azimuth, range=60.0,
        )  # fmt: skip
        (far,) = Lidar(street.town, aimed).ranges(soup, actors[0]).ravel()
        assert far == pytest.approx(depth, rel=2e-3)
