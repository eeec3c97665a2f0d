from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from roadworthy.sim.scenery.layout import Box, Prop, Scenery
from roadworthy.sim.scenery.material import Label
from roadworthy.sim.scenery.sunlight import CELL, NONE, UNIT, Shadows
from roadworthy.sim.sensors.air import CLEAR_NOON, air_of
from roadworthy.sim.sensors.camera import FIRST_BOX, Camera
from roadworthy.sim.sensors.scene import ActorSoup
from roadworthy.sim.sensors.specs import CameraSpec, SensorRig
from roadworthy.sim.sensors.suite import SensorSuite
from roadworthy.sim.town import Town
from roadworthy.sim.weather import PRESETS, Weather
from roadworthy.sim.world.columns import Actor, Ego, Kind, Lamp, PropModel

NIGHT = PRESETS["ClearNight"]


@pytest.fixture(scope="module")
def open_camera(street: Any) -> Camera:
    """The same road without houses."""
    nothing = Scenery(np.zeros((0, len(Box)), np.float32))
    return Camera(Town("Bare", street.town.network, nothing), CameraSpec())


@pytest.fixture(scope="module")
def camera(street: Any) -> Camera:
    return Camera(street.town, CameraSpec())


def picture(
    street: Any,
    camera: Camera,
    weather: Weather,
    *rows: Any,
    time: float = 0.0,
    key: int = 0,
    ego_x: float = 100.0,
) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.uint8]]:
    """RGB, depth and labels of the street with further actors."""
    actors = street.actors(*rows, ego_x=ego_x)
    air = air_of(weather.row())
    soup = ActorSoup(len(actors))
    soup.fill(actors, 1, float(actors[0, Actor.X]), float(actors[0, Actor.Y]), air, time)
    return camera.render(soup, actors[0], street.red, air, np.uint64(key))


def light(rgb: NDArray[np.uint8]) -> float:
    return float(rgb.astype(float).mean())


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_weather_changes_no_depth_and_no_label(street: Any, camera: Camera, name: str) -> None:
    car = street.row(112.0, 1.75)
    _, depth, semantic = picture(street, camera, Weather(), car)
    _, other_depth, other_semantic = picture(street, camera, PRESETS[name], car)
    np.testing.assert_array_equal(depth, other_depth)
    np.testing.assert_array_equal(semantic, other_semantic)


def test_night_is_darker_than_dusk_and_dusk_than_noon(street: Any, camera: Camera) -> None:
    noon, dusk, night = (
        picture(street, camera, Weather(sun_altitude_angle=altitude))[0]
        for altitude in (45.0, 4.0, -90.0)
    )
    assert light(noon) > 1.3 * light(dusk)
    assert light(dusk) > 1.1 * light(night)


def test_the_ego_lights_the_road_ahead_at_night(street: Any, camera: Camera) -> None:
    rgb, depth, semantic = picture(street, camera, NIGHT)
    middle = slice(130, 190)
    road = semantic[:, middle] == Label.ROADS
    near = road & (depth[:, middle] > 6.0) & (depth[:, middle] < 14.0)
    far = road & (depth[:, middle] > 60.0)
    assert rgb[:, middle][near].mean() > 3.0 * rgb[:, middle][far].mean()


@pytest.mark.parametrize("density", [20.0, 80.0])
def test_fog_hides_what_is_far_and_spares_what_is_near(
    street: Any, camera: Camera, density: float
) -> None:
    clear, depth, _ = picture(street, camera, Weather())
    foggy, _, _ = picture(street, camera, Weather(fog_density=density))
    change = np.abs(foggy.astype(int) - clear).max(axis=2)
    near, far = (depth < 5.0), (depth > 90.0) & (depth < 500.0)
    assert change[far].mean() > change[near].mean() + 10.0
    assert foggy[far].astype(float).std(axis=0).mean() < 0.8 * clear[far].std(axis=0).mean()


def test_a_shadow_lies_on_the_side_away_from_the_sun(street: Any, open_camera: Camera) -> None:
    lanes = []
    for azimuth in (90.0, -90.0):  # the sun to the right (+y), then to the left
        weather = Weather(sun_azimuth_angle=azimuth, sun_altitude_angle=40.0)
        tall = street.row(112.0, 0.0, Kind.VAN)
        tall[[Actor.HEIGHT, Actor.WIDTH]] = 3.0, 1.0
        rgb, _, semantic = picture(street, open_camera, weather, tall)
        bare, _, _ = picture(street, open_camera, weather)
        darker = (bare.astype(int) - rgb).max(axis=2) > 15
        dark = np.nonzero(darker & (semantic != Label.CAR))[1]
        body = np.nonzero(semantic == Label.CAR)[1]
        assert len(dark) > 50
        lanes.append(dark.mean() - body.mean())
    assert lanes[0] < -10.0
    assert lanes[1] > 10.0


def test_clouds_take_the_shadows_away(street: Any, open_camera: Camera) -> None:
    cast = []
    for clouds in (0.0, 100.0):
        weather = Weather(cloudiness=clouds, sun_azimuth_angle=90.0, sun_altitude_angle=30.0)
        rgb, _, semantic = picture(street, open_camera, weather, street.row(112.0, 2.5))
        bare, _, _ = picture(street, open_camera, weather)
        darker = (bare.astype(int) - rgb).max(axis=2) > 12
        cast.append(int((darker & (semantic == Label.ROADS)).sum()))
    assert cast[0] > 100
    assert cast[1] < 0.5 * cast[0]


def test_a_house_throws_a_shadow_as_long_as_the_sun_is_low() -> None:
    box = np.zeros((1, len(Box)), np.float32)
    box[0, [Box.LENGTH, Box.WIDTH, Box.HEIGHT]] = 10.0, 10.0, 20.0
    box[0, Box.PROP] = Prop.BUILDING
    shadows = Shadows.of(box)
    altitude = math.radians(45.0)
    sun = np.array([math.cos(altitude), 0.0, math.sin(altitude)], np.float32)  # over +x
    field = shadows.under(sun)
    row = int((0.0 - shadows.origin[1]) / CELL)

    def height(x: float) -> float:
        return float(field[row, int((x - shadows.origin[0]) / CELL)]) * UNIT

    assert height(0.0) == pytest.approx(20.0, abs=0.1)
    # 45 degrees: the shadow falls by a metre for each metre away from the wall at x = -5.
    assert height(-10.0) == pytest.approx(15.0, abs=1.0)
    assert height(-20.0) == pytest.approx(5.0, abs=1.0)
    assert height(-30.0) < 0.0
    assert height(6.0) == NONE * UNIT


def test_blinkers_blink_and_doors_open(street: Any, camera: Camera) -> None:
    car = street.row(110.0, 1.75)
    dark, _, _ = picture(street, camera, Weather(), car)
    car[Actor.LAMPS] = int(Lamp.RIGHT_BLINKER)
    shown = [picture(street, camera, Weather(), car, time=t)[0] for t in (0.1, 0.4, 0.1 + 2 / 3)]
    orange = [
        int(((p[60:130, 140:] > [230, 110, -1]) & (p[60:130, 140:] < [256, 256, 90])).all(2).sum())
        for p in shown
    ]
    assert orange[0] >= orange[1] + 2
    assert orange[2] == orange[0]
    right = np.nonzero(np.abs(shown[0].astype(int) - dark).max(axis=2) > 40)[1]
    assert (right > 160).all()
    car[Actor.LAMPS] = int(Lamp.DOOR_RIGHT)
    closed, _, before = picture(street, camera, Weather(), street.row(110.0, 1.75))
    _, _, after = picture(street, camera, Weather(), car)
    wider = np.nonzero((after == Label.CAR) & (before != Label.CAR))[1]
    assert len(wider) > 5
    assert wider.min() > 160
    assert closed.shape == dark.shape


def test_an_emergency_vehicle_flashes_blue(street: Any, camera: Camera) -> None:
    car = street.row(110.0, 1.75)
    car[Actor.LAMPS] = int(Lamp.SPECIAL)
    rgb, _, _ = picture(street, camera, Weather(), car)
    plain, _, _ = picture(street, camera, Weather(), street.row(110.0, 1.75))

    def blue(p: NDArray[np.uint8]) -> int:
        middle = p[40:90, 120:200].astype(int)
        return int(((middle[..., 2] > 150) & (middle[..., 0] < 120)).sum())

    assert blue(rgb) > blue(plain) + 5


def test_front_wheels_turn_with_the_steering(street: Any, camera: Camera) -> None:
    labels = []
    for steer in (0.0, 0.6):
        car = street.row(108.0, -3.0)
        car[Actor.STEER] = steer
        labels.append(picture(street, camera, Weather(), car)[0].astype(int))
    assert (np.abs(labels[1] - labels[0]).max(axis=2) > 20).sum() > 5


@pytest.mark.parametrize("model", list(PropModel))
def test_props_are_seen_as_dynamic(street: Any, camera: Camera, model: PropModel) -> None:
    prop = street.row(108.0, 1.75, Kind.PROP)
    prop[[Actor.LENGTH, Actor.WIDTH, Actor.HEIGHT]] = 0.6, 0.8, 1.0
    prop[Actor.COLOR] = model
    _, _, semantic = picture(street, camera, Weather(), prop)
    assert (semantic == Label.DYNAMIC).sum() > 30


def test_rain_falls_by_its_key_and_dry_pictures_ignore_it(street: Any, camera: Camera) -> None:
    rain = PRESETS["HardRainNoon"]
    one, same, other = (picture(street, camera, rain, key=k)[0] for k in (1, 1, 2))
    assert one.tobytes() == same.tobytes()
    assert one.tobytes() != other.tobytes()
    dry = [picture(street, camera, Weather(), key=k)[0].tobytes() for k in (1, 2)]
    assert dry[0] == dry[1]


def test_a_wet_road_mirrors_and_is_darker(street: Any, camera: Camera) -> None:
    bus = street.row(118.0, 1.75, Kind.BUS)
    bus[[Actor.LENGTH, Actor.WIDTH, Actor.HEIGHT, Actor.COLOR]] = 11.0, 2.6, 3.1, 2  # red
    noon = Weather(cloudiness=100.0)
    wet = Weather(cloudiness=100.0, wetness=100.0, precipitation_deposits=100.0)
    alone, _, _ = picture(street, camera, wet)
    dry_picture, _, semantic = picture(street, camera, noon, bus)
    wet_picture, _, _ = picture(street, camera, wet, bus)
    below = np.zeros_like(semantic, bool)
    foot = np.nonzero((semantic == Label.BUS).any(axis=1))[0].max()
    below[foot + 3 : foot + 16, 145:175] = True
    below &= semantic == Label.ROADS
    red = wet_picture[below].astype(float).mean(axis=0)
    grey = alone[below].astype(float).mean(axis=0)
    assert red[0] - red[2] > grey[0] - grey[2] + 5.0
    assert wet_picture[140:][semantic[140:] == Label.ROADS].mean() < 0.95 * (
        dry_picture[140:][semantic[140:] == Label.ROADS].mean()
    )


def test_instances_name_actors_and_boxes(street: Any) -> None:
    camera = Camera(street.town, CameraSpec(instance=True))
    actors = street.actors(street.row(112.0, 1.75), street.row(112.0, -3.0, Kind.WALKER))
    soup = street.soup(actors)
    _, _, semantic = camera.render(soup, actors[0], street.red)
    code = camera.instances(soup, semantic)
    number = code[..., 1].astype(int) + 256 * code[..., 2].astype(int)
    np.testing.assert_array_equal(code[..., 0], semantic)
    assert set(np.unique(number[semantic == Label.CAR])) == {1}
    assert set(np.unique(number[semantic == Label.PEDESTRIANS])) == {2}
    assert (number[np.isin(semantic, [Label.SKY, Label.ROADS])] == 0).all()
    poles = number[semantic == Label.TRAFFIC_LIGHT]
    assert len(poles)
    boxes = street.town.scenery.boxes
    assert all(boxes[n - FIRST_BOX, Box.PROP] == Prop.LIGHT for n in np.unique(poles))


def test_a_rig_with_instances_fills_the_frame(street: Any) -> None:
    rig = SensorRig(cameras=(CameraSpec(width=64, height=32, instance=True),), lidar=None)
    suite = SensorSuite(street.town, rig, 0)
    actors, ego = street.actors(), np.zeros(len(Ego), np.float32)
    frame = suite.sense(actors, ego, street.red, 3, 0.1, np.uint64(1))
    assert frame.instances["front"].shape == (32, 64, 3)
    night = suite.sense(actors, ego, street.red, 3, 0.1, np.uint64(1), NIGHT.row())
    assert light(night.images["front"]) < 0.7 * light(frame.images["front"])
    again = suite.sense(actors, ego, street.red, 3, 0.1, np.uint64(1), Weather().row())
    assert again.images["front"].tobytes() == frame.images["front"].tobytes()


def test_the_clear_noon_is_the_default() -> None:
    for mine, default in zip(air_of(Weather().row()), CLEAR_NOON, strict=True):
        np.testing.assert_array_equal(mine, default)
