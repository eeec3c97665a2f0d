from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.agents.evaluation.drive import DriveResult
from roadworthy.agents.recording import Recording, Replay, right_handed
from roadworthy.agents.recording.film import Film, beside
from roadworthy.agents.recording.foxglove import write_mcap
from roadworthy.agents.recording.frames import write_frames
from roadworthy.agents.recording.rerun_file import write_rerun
from roadworthy.agents.recording.sights import library
from roadworthy.agents.recording.views import VIEWS, parse_sensors, parse_view
from roadworthy.sim.errors import InputError, SettingsError, StorageError
from roadworthy.sim.sensors.specs import CameraSpec, LidarSpec, SensorRig
from roadworthy.sim.town import Town
from roadworthy.sim.world.columns import Actor

RIG = SensorRig(
    cameras=(CameraSpec(width=96, height=48), CameraSpec(name="away", x=-8.0, width=64, height=32)),
    lidar=LidarSpec(channels=4, steps=60),
)
angle = st.floats(-3.0, 3.0)


@pytest.fixture(scope="module")
def replay(recording: Recording, town: Town) -> Replay:
    return Replay(recording, town)


def turned(q: right_handed.Quaternion, v: tuple[float, float, float]) -> np.ndarray:
    """A vector turned by a quaternion x, y, z, w."""
    axis, w = np.array(q[:3]), q[3]
    vector = np.array(v)
    return vector + 2.0 * np.cross(axis, np.cross(axis, vector) + w * vector)


@given(angle, st.floats(-1.4, 1.4), angle)
def test_a_rotation_means_the_same_on_either_side(yaw: float, pitch: float, roll: float) -> None:
    q = right_handed.quaternion(yaw, pitch, roll)
    forward, left, up = (turned(q, axis) for axis in ((1, 0, 0), (0, 1, 0), (0, 0, 1)))
    # CARLA: forward is (cos p cos y, cos p sin y, sin p); y is to the right there.
    c = math.cos(pitch)
    expected = (c * math.cos(yaw), -c * math.sin(yaw), math.sin(pitch))
    np.testing.assert_allclose(forward, expected, atol=1e-9)
    np.testing.assert_allclose(np.cross(forward, left), up, atol=1e-9)  # right-handed


def test_a_roll_to_the_right_lowers_the_right_side() -> None:
    left = turned(right_handed.quaternion(0.0, 0.0, 0.2), (0, 1, 0))
    assert left[2] == pytest.approx(math.sin(0.2))


def test_the_optical_axis_looks_forward() -> None:
    np.testing.assert_allclose(turned(right_handed.OPTICAL, (0, 0, 1)), (1, 0, 0), atol=1e-12)
    np.testing.assert_allclose(turned(right_handed.OPTICAL, (1, 0, 0)), (0, -1, 0), atol=1e-12)


@pytest.fixture(scope="module")
def messages(replay: Replay, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """All messages of an MCAP file of five moments, decoded, by topic."""
    reader = pytest.importorskip("mcap.reader")
    decoder = pytest.importorskip("mcap_protobuf.decoder")
    path = tmp_path_factory.mktemp("mcap") / "drive.mcap"
    write_mcap(replay, path, RIG, 10, 14, outside=["away"])
    found: dict[str, list[Any]] = {}
    with path.open("rb") as file:
        for schema, channel, message in reader.make_reader(file).iter_messages():
            one: Any = message.data
            if channel.message_encoding == "protobuf":
                one = decoder.DecoderFactory().decoder_for("protobuf", schema)(message.data)
            found.setdefault(channel.topic, []).append((message.log_time, schema.name, one))
    return found


def test_an_mcap_file_holds_every_moment_with_the_worlds_time(
    messages: dict[str, list[Any]],
) -> None:
    each = {"/tf", "/actors", "/lights", "/plan", "/state", "/camera/front", "/lidar/lidar"}
    for topic in each:
        assert [when for when, _, _ in messages[topic]] == [
            round(0.1 * i * 1e9) for i in range(10, 15)
        ], topic
    assert messages["/camera/front"][0][1] == "foxglove.CompressedImage"
    assert messages["/lidar/lidar"][0][1] == "foxglove.PointCloud"
    assert messages["/actors"][0][1] == "foxglove.SceneUpdate"
    assert len(messages["/route"]) == len(messages["/roads"]) == 1


def test_boxes_stand_where_the_actors_are(
    messages: dict[str, list[Any]], recording: Recording
) -> None:
    row = recording[10].actors[0]
    ego = messages["/actors"][0][2].entities[0]
    cube = ego.cubes[0]
    assert ego.frame_id == "map"
    assert cube.pose.position.x == pytest.approx(row[Actor.X])
    assert cube.pose.position.y == pytest.approx(-row[Actor.Y])
    assert cube.pose.position.z == pytest.approx(row[Actor.Z] + 0.5 * row[Actor.HEIGHT])
    assert cube.size.x == pytest.approx(row[Actor.LENGTH])
    alive = int((recording[10].actors[:, Actor.ALIVE] > 0).sum())
    assert len(messages["/actors"][0][2].entities) == alive
    tf = messages["/tf"][0][2].transforms
    assert [one.child_frame_id for one in tf] == ["ego", "front", "away", "lidar"]
    assert tf[0].translation.y == pytest.approx(-row[Actor.Y])


def test_pictures_and_clouds_are_those_of_the_sensors(
    messages: dict[str, list[Any]], replay: Replay
) -> None:
    _, frame = next(iter(replay.frames(RIG, 1.0, outside=["away"])))
    data = np.frombuffer(messages["/camera/front"][0][2].data, np.uint8)
    picture = cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    assert np.abs(picture.astype(float) - frame.images["front"]).mean() < 8.0  # JPEG
    cloud = messages["/lidar/lidar"][0][2]
    points = np.frombuffer(cloud.data, "<f4").reshape(-1, 4)
    np.testing.assert_array_equal(points[:, 1], -frame.lidar[:, 1])
    np.testing.assert_array_equal(points[:, [0, 2, 3]], frame.lidar[:, [0, 2, 3]])


def test_a_camera_outside_shows_the_vehicle(replay: Replay) -> None:
    rig = SensorRig(cameras=(parse_view("chase,width=96,height=48").camera,), lidar=None)
    _, with_it = next(iter(replay.frames(rig, 3.0, outside=["chase"])))
    _, without = next(iter(replay.frames(rig, 3.0)))
    assert (with_it.images["chase"] != without.images["chase"]).any(2).mean() > 0.02


def test_a_rerun_file_holds_the_same(replay: Replay, tmp_path: Path) -> None:
    chunk = pytest.importorskip("rerun.chunk")
    path = tmp_path / "drive.rrd"
    write_rerun(replay, path, RIG, 10, 14)
    store = chunk.RrdReader(str(path)).store()
    text = str(store.schema())
    for entity in ("map/ego/camera/front", "map/ego/lidar/lidar", "map/actors", "map/lights"):
        assert f"/{entity}" in text, entity
    assert "timeline:world" in text
    assert "log_time" not in text


def test_a_disk_that_fills_up_leaves_no_half_file(
    replay: Replay, tmp_path: Path, full_disk: Callable[[], AbstractContextManager[None]]
) -> None:
    pytest.importorskip("mcap.writer")
    with full_disk(), pytest.raises(StorageError, match="cannot write the MCAP file"):
        write_mcap(replay, tmp_path / "drive.mcap", RIG, 10, 30)
    assert not list(tmp_path.iterdir())


def test_a_library_that_is_missing_is_named_with_its_extra() -> None:
    with pytest.raises(InputError, match=r"roadworthy\[mcap\]"):
        library("mcap_that_is_not_there.writer", "mcap")


def test_frames_become_files(replay: Replay, tmp_path: Path) -> None:
    assert write_frames(replay, tmp_path, RIG, 10, 11) == 2
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names[:4] == [
        "000020_away.png",
        "000020_frame.json",
        "000020_front.png",
        "000020_lidar.npy",
    ]
    assert np.load(tmp_path / "000020_lidar.npy").shape[1] == 4


def test_a_film_of_the_recording_is_the_film_of_the_drive(
    driven: tuple[Path, DriveResult], replay: Replay, town: Town
) -> None:
    from roadworthy.agents.evaluation.drive import DriveObserver, Moment, drive
    from roadworthy.agents.expert import ExpertAgent

    from .conftest import SEED, scenario

    class Drawing(DriveObserver):
        needs_camera = True
        picture: Any = None

        def decided(self, moment: Moment) -> None:
            if moment.frame.number == 30:
                self.picture = moment.picture()

    drawing = Drawing()
    drive(ExpertAgent(), town, scenario(), seed=SEED, observers=[drawing], time_limit=2.0)
    np.testing.assert_array_equal(Film(replay).picture(15), drawing.picture)


def test_two_drives_are_shown_one_above_the_other(replay: Replay) -> None:
    film = Film(replay, parse_view("width=64,height=32"))
    last = len(replay.recording) - 1
    pictures = list(beside(film, film, last, last + 1))
    assert [picture.shape for picture in pictures] == [(960, 1280, 3)] * 2
    np.testing.assert_array_equal(pictures[0][:480], pictures[0][480:])


def test_views_in_words() -> None:
    assert parse_view("chase") == VIEWS["chase"]
    view = parse_view("y=-0.4,yaw=-30,width=80,ego=1")
    assert view.camera.yaw == pytest.approx(-math.pi / 6.0)
    assert (view.camera.y, view.camera.width, view.ego) == (-0.4, 80, True)
    rig = parse_sensors(["lidar,channels=16,upper_fov=5", "radar", "camera,name=b"], [view])
    assert rig.lidar is not None
    assert (rig.lidar.channels, rig.lidar.upper_fov) == (16, pytest.approx(math.radians(5.0)))
    assert [camera.name for camera in rig.cameras] == ["front", "b"]


@pytest.mark.parametrize(
    "text", ["nowhere", "chase,top", "foo=1", "width=wide", "width=0", "x=nan", "fov=400", ""]
)
def test_a_view_that_is_none_is_told(text: str) -> None:
    with pytest.raises(SettingsError):
        parse_view(text)


@pytest.mark.parametrize("text", ["sonar", "lidar,channels=-1", "", "channels=3"])
def test_a_sensor_that_is_none_is_told(text: str) -> None:
    with pytest.raises(SettingsError):
        parse_sensors([text])
