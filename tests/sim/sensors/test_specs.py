from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from roadworthy.sim.errors import SettingsError
from roadworthy.sim.sensors.specs import (
    CameraSpec,
    InertialSpec,
    LidarSpec,
    ObstacleSpec,
    RadarSpec,
    SensorRig,
)

NAN = math.nan


@pytest.mark.parametrize("wrong", [NAN, math.inf, 1e30])
@pytest.mark.parametrize("field", ["x", "y", "yaw"])
@pytest.mark.parametrize("spec", [CameraSpec(), LidarSpec(), RadarSpec()])
def test_a_sensor_that_is_nowhere_is_refused(spec: Any, field: str, wrong: float) -> None:
    with pytest.raises(SettingsError, match=f"{field} is"):
        replace(spec, **{field: wrong}).validate()


def test_lens_terms_that_are_not_numbers_are_refused() -> None:
    for name in ("lens_k", "lens_kcube", "k1", "k2"):
        with pytest.raises(SettingsError, match="lens terms"):
            CameraSpec(**{name: NAN}).validate()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong", [{"distance": -1.0}, {"distance": NAN}, {"hit_radius": -0.5}, {"x": NAN}]
)
def test_a_rig_refuses_a_ball_that_goes_nowhere(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match="obstacle sensor"):
        SensorRig(obstacle=ObstacleSpec(**wrong)).validate()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong",
    [
        {"gnss_noise": NAN},
        {"speed_noise": -1.0},
        {"seed": -1},
        {"seed": 1 << 64},
        {"noise_gyro_stddev": (0.0, 0.0)},
        {"noise_gyro_bias": (0.0, math.inf, 0.0)},
    ],
)
def test_a_rig_refuses_noise_that_is_none(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="inertial sensors"):
        SensorRig(inertial=InertialSpec(**wrong)).validate()


def test_a_bias_may_have_either_sign() -> None:
    spec = InertialSpec(noise_lat_bias=-1e-5, noise_gyro_bias=(-0.1, 0.0, 0.1))
    assert spec.validate() is spec
