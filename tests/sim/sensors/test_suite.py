from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from roadworthy.sim.errors import SettingsError
from roadworthy.sim.frame import Frame
from roadworthy.sim.road.network import MarkType
from roadworthy.sim.sensors.specs import (
    CameraSpec,
    InertialSpec,
    LidarSpec,
    ObstacleSpec,
    RadarSpec,
    SensorRig,
)
from roadworthy.sim.sensors.suite import SensorSuite
from roadworthy.sim.world.columns import Ego, Event, Hit

KEY = np.uint64(99)
RIG = SensorRig(
    cameras=(CameraSpec(depth=True, semantic=True), CameraSpec("left", yaw=-1.0, width=64))
)


def sense(suite: SensorSuite, street: Any, number: int = 4, key: np.uint64 = KEY) -> Frame:
    actors = street.actors(street.row(112.0, 1.75))
    ego = np.zeros(len(Ego), np.float32)
    return suite.sense(actors, ego, street.red, number, 0.2, key)


def content(frame: Frame) -> tuple[object, ...]:
    images = tuple((name, image.tobytes()) for name, image in frame.images.items())
    return (*images, frame.lidar.tobytes(), frame.imu, frame.gnss, frame.speed)


def test_a_frame_holds_what_the_rig_asks_for(street: Any) -> None:
    frame = sense(SensorSuite(street.town, RIG, 0), street).validate()
    assert frame.number == 4
    assert frame.time == 0.2
    assert frame.images["front"].shape == (160, 320, 3)
    assert frame.images["left"].shape == (160, 64, 3)
    assert set(frame.depths) == set(frame.semantics) == {"front"}
    assert frame.depths["front"].shape == frame.semantics["front"].shape == (160, 320)
    assert len(frame.lidar) > 5000


def test_the_same_tick_gives_the_same_bytes_in_any_suite(street: Any) -> None:
    one, two = SensorSuite(street.town, RIG, 5), SensorSuite(street.town, RIG, 5)
    sense(one, street, number=3)  # what was sensed before does not matter
    assert content(sense(one, street)) == content(sense(two, street))


def test_seed_key_and_tick_change_the_noise_but_not_the_picture(street: Any) -> None:
    base = sense(SensorSuite(street.town, RIG, 5), street)
    suite = SensorSuite(street.town, RIG, 5)
    for other in (
        sense(SensorSuite(street.town, RIG, 6), street),
        sense(suite, street, number=5),
        sense(suite, street, key=np.uint64(100)),
    ):
        assert other.images["front"].tobytes() == base.images["front"].tobytes()
        assert other.lidar.tobytes() != base.lidar.tobytes()
        assert other.gnss != base.gnss
        assert other.imu != base.imu


def test_frames_do_not_share_memory(street: Any) -> None:
    suite = SensorSuite(street.town, RIG, 0)
    first = sense(suite, street)
    kept = content(first)
    actors = street.actors(ego_x=150.0)
    suite.sense(actors, np.zeros(len(Ego), np.float32), street.green, 5, 0.25, KEY)
    assert content(first) == kept


def test_a_rig_without_sensors_still_has_its_inertial_ones(street: Any) -> None:
    rig = SensorRig(cameras=(), lidar=None, inertial=InertialSpec(0, 0, 0, 0, 0))
    frame = sense(SensorSuite(street.town, rig, 0), street).validate()
    assert not frame.images
    assert frame.lidar.shape == (0, 4)
    assert frame.speed == 0.0


def test_cameras_that_share_a_name_are_refused(street: Any) -> None:
    with pytest.raises(SettingsError, match="front"):
        SensorSuite(street.town, SensorRig(cameras=(CameraSpec(), CameraSpec())), 0)


def test_any_number_of_sensors_speaks_of_the_same_tick(street: Any) -> None:
    rig = SensorRig(
        cameras=(),
        lidars=(LidarSpec(name="roof", steps=90), LidarSpec(name="bumper", z=0.5, channels=4)),
        semantic_lidars=(LidarSpec(name="truth", steps=90),),
        radars=(RadarSpec(), RadarSpec("rear", x=-2.0, yaw=3.14)),
        obstacle=ObstacleSpec(distance=20.0),
    )
    actors = street.actors(street.row(112.0, 1.75))
    ego = np.zeros(len(Ego), np.float32)
    ego[Ego.LINE_CROSSED] = MarkType.BROKEN
    events, hits = np.zeros(len(Event), np.int32), np.zeros((1, len(Hit)), np.float32)
    events[Event.LANE_INVASION] = 1
    frame = SensorSuite(street.town, rig, 0).sense(
        actors, ego, street.red, 4, 0.2, KEY, None, hits, events
    )
    assert set(frame.lidars) == {"roof", "bumper"}
    assert frame.semantic_lidars["truth"].shape[1] == 6
    assert set(frame.radars) == {"radar", "rear"}
    assert all(rows.shape[1] == 4 for rows in frame.radars.values())
    assert frame.crossed_marks == (MarkType.BROKEN,)
    assert len(frame.touches) == 1
    assert frame.obstacle is not None
    assert frame.obstacle.distance == pytest.approx(9.5)
    with pytest.raises(SettingsError, match="radars"):
        SensorSuite(street.town, SensorRig(radars=(RadarSpec(), RadarSpec())), 0)
