from __future__ import annotations

import importlib.util
from pathlib import Path

import cv2
import numpy as np
import pytest

from roadworthy.agents.evaluation.picture import HEIGHT, WIDTH, Caption, compose, from_above
from roadworthy.agents.evaluation.video import VideoWriter
from roadworthy.perception.scene import (
    ROUTE_DISTANCES,
    EgoCol,
    LightCol,
    LightState,
    RouteCol,
    Scene,
    User,
)
from roadworthy.planning.plan import Plan
from roadworthy.sim.errors import SettingsError
from roadworthy.sim.frame import Control


@pytest.fixture
def scene() -> Scene:
    made = Scene.empty()
    made.route[:, RouteCol.X] = ROUTE_DISTANCES
    made.route[:, RouteCol.COS] = 1.0
    made.route[:, RouteCol.WIDTH] = 3.5
    made.ego[[EgoCol.LENGTH, EgoCol.WIDTH]] = 4.9, 1.8
    made.users[0, [User.X, User.Y, User.COS, User.LENGTH, User.WIDTH]] = 20.0, 5.0, 1.0, 4.5, 1.9
    made.valid[0] = True
    made.light[:] = LightState.RED, 25.0, 1.0
    return made


def caption() -> Caption:
    return Caption("a test", 1.0, 5.0, 10.0, 90.0, ["collided with a vehicle"])


def test_a_user_ahead_and_to_the_right_is_drawn_up_and_to_the_right(scene: Scene) -> None:
    with_user = from_above(scene, None).astype(int)
    scene.valid[0] = False
    changed = np.argwhere(np.abs(with_user - from_above(scene, None)).sum(2) > 0)
    row, column = changed.mean(0)
    assert (column - 160) / 6.5 == pytest.approx(5.0, abs=0.3)
    assert (380 - row) / 6.5 == pytest.approx(20.0, abs=0.3)


def test_a_red_light_is_drawn_red_where_the_line_is(scene: Scene) -> None:
    red = from_above(scene, None).astype(int)
    scene.light[LightCol.STATE] = LightState.NONE
    changed = np.argwhere(np.abs(red - from_above(scene, None)).sum(2) > 60)
    line = changed[changed[:, 0] > 60]
    assert (380 - line[:, 0].mean()) / 6.5 == pytest.approx(25.0 + 4.9 / 2, abs=0.5)


@pytest.mark.parametrize("camera", [None, np.full((160, 320, 3), 200, np.uint8)])
def test_a_picture_has_its_size_with_and_without_its_parts(
    camera: np.ndarray | None, scene: Scene
) -> None:
    plan = Plan(1.0, 0.0, np.array([[5, 0], [10, 0]], np.float32))
    full = compose(camera, scene, scene, plan, Control(0.5, 0.0, -0.2), caption())
    bare = compose(camera, None, None, None, Control(), caption())
    assert full.shape == bare.shape == (HEIGHT, WIDTH, 3)
    assert (full != bare).any()


@pytest.mark.parametrize("without_av", [False, True])
def test_a_video_can_be_read_back(
    tmp_path: Path, scene: Scene, without_av: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if without_av:
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    picture = compose(
        np.full((80, 160, 3), 120, np.uint8), scene, scene, None, Control(), caption()
    )
    with VideoWriter(tmp_path / "deep" / "drive.mp4") as video:
        for _ in range(5):
            video.add(picture)
    assert [p.name for p in video.path.parent.iterdir()] == [video.path.name]
    if without_av:
        assert video.path.suffix == ".webm"
    capture = cv2.VideoCapture(str(video.path))
    frames = 0
    while True:
        ok, image = capture.read()
        if not ok:
            break
        frames += 1
        assert abs(float(image[100, 100].mean()) - 120) < 8
    assert frames == 5


def test_a_name_that_is_no_video_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"\.mp4 or \.webm"):
        VideoWriter(tmp_path / "drive.gif")


def test_what_is_there_and_what_is_believed_are_shown_side_by_side(scene: Scene) -> None:
    nothing = compose(None, scene, Scene.empty(), None, Control(), caption())
    both = compose(None, scene, scene, None, Control(), caption())
    assert (both[:, :960] == nothing[:, :960]).all()
    # Below the labels both views are the same picture.
    assert (both[24:, 641:960] == both[24:, 961:]).all()
