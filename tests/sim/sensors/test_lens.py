from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from roadworthy.sim.errors import SettingsError
from roadworthy.sim.sensors.camera import Camera
from roadworthy.sim.sensors.lens import Lens, expose
from roadworthy.sim.sensors.specs import CameraSpec


def grid(lens: Lens) -> np.ndarray:
    """Columns of the straight picture, in pixels from its middle, as a picture."""
    width, height = lens.wide.width, lens.wide.height
    x = np.arange(width, dtype=np.float32) + 0.5 - 0.5 * width
    return np.broadcast_to(x, (height, width)).copy()


def test_browns_terms_move_a_point_as_the_formula_says() -> None:
    spec = CameraSpec(k1=-0.2, k2=0.03)
    lens = Lens(spec)
    focal = 0.5 * spec.width / np.tan(0.5 * spec.fov)
    bent = lens.bend(grid(lens), blend=True)
    row = spec.height // 2
    for column in (170, 220, 300):
        straight = bent[row, column] / focal
        radius = straight**2 + (0.5 / focal) ** 2
        shown = straight * (1.0 + spec.k1 * radius + spec.k2 * radius**2) * focal
        assert shown == pytest.approx(column + 0.5 - 160, abs=0.3)


def test_carlas_terms_scale_by_the_radius_in_picture_heights() -> None:
    spec = CameraSpec(lens_k=0.1, lens_kcube=0.05)
    lens = Lens(spec)
    bent = lens.bend(grid(lens), blend=True)
    for column in (170, 250, 310):
        x = column + 0.5 - 160
        r = np.hypot(x, 0.5) / spec.height
        assert bent[80, column] == pytest.approx(x * (1 + 0.1 * r**2 + 0.05 * r**3), abs=0.3)


def test_labels_are_never_blended(street: Any) -> None:
    actors = street.actors(street.row(110.0, 1.75))
    bent = Camera(street.town, CameraSpec(k1=-0.15, instance=True))
    soup = street.soup(actors)
    rgb, depth, semantic = bent.render(soup, actors[0], street.red)
    straight = Camera(street.town, CameraSpec())
    _, _, labels = straight.render(soup, actors[0], street.red)
    assert rgb.shape == (160, 320, 3)
    assert depth.shape == semantic.shape == (160, 320)
    assert set(np.unique(semantic)) <= set(np.unique(labels)) | {6, 7, 9}
    assert semantic.tobytes() != labels.tobytes()
    assert bent.instances(soup, semantic).shape == (160, 320, 3)


def test_noise_has_the_deviation_that_was_asked_for_and_follows_its_key() -> None:
    grey = np.full((200, 200, 3), 128, np.uint8)
    out = [grey.copy() for _ in range(3)]
    for picture, key in zip(out, (1, 1, 2), strict=True):
        expose(picture, CameraSpec(noise=6.0), np.uint64(key))
    assert out[0].std() == pytest.approx(6.0, rel=0.05)
    assert out[0].mean() == pytest.approx(128.0, abs=0.3)
    assert out[0].tobytes() == out[1].tobytes()
    assert out[0].tobytes() != out[2].tobytes()


def test_exposure_doubles_by_the_stop_and_adapts_by_itself() -> None:
    dark = np.full((40, 40, 3), 30, np.uint8)
    brighter, adapted = dark.copy(), dark.copy()
    expose(brighter, CameraSpec(exposure=1.0), np.uint64(0))
    expose(adapted, CameraSpec(auto_exposure=True), np.uint64(0))
    assert (brighter == 60).all()
    assert abs(int(adapted[0, 0, 0]) - 112) <= 2


@pytest.mark.parametrize(
    "wrong", [{"noise": -1.0}, {"exposure": 99.0}, {"lens_k": 0.1, "k1": 0.1}, {"k2": 50.0}]
)
def test_a_camera_that_makes_no_picture_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match="front"):
        CameraSpec(**wrong).validate()  # type: ignore[arg-type]
