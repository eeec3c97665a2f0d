"""The ego knows where it is, more exactly than its receiver tells."""

from __future__ import annotations

import math

import numpy as np
import pytest

from roadworthy.perception.localise import Localiser, position, wrap
from roadworthy.sim.frame import Frame, Imu
from roadworthy.sim.sensors.inertial import compass, to_gnss

REFERENCE = (49.0, 8.0)
REAR = 1.4178275


@pytest.mark.parametrize("reference", [(0.0, 0.0), REFERENCE, (-33.0, 151.0)])
def test_a_gnss_reading_gives_back_the_place_it_was_made_from(reference: tuple) -> None:
    assert position(to_gnss(312.5, -847.25, 3.0, reference), reference) == pytest.approx(
        (312.5, -847.25), abs=1e-5
    )


def frame(k: int, x: float, y: float, yaw: float, speed: float, rate: float) -> Frame:
    empty = np.zeros((0, 4), np.float32)
    imu = Imu((0.0, 0.0, 9.81), (0.0, 0.0, rate), compass(yaw))
    return Frame(k, 0.1 * k, {}, empty, imu, to_gnss(x, y, 0, REFERENCE), speed, {}, {})


def drive(noise: float, seconds: float = 40.0) -> tuple[Localiser, np.ndarray, np.ndarray]:
    """A bend to the right at 10 m/s; returns errors of pose and odometry, [n, 3]."""
    rng = np.random.default_rng(4)
    localiser = Localiser(REFERENCE, rear=REAR)
    x, y, yaw, speed, rate = 100.0, 50.0, 0.3, 10.0, 0.1
    begin, slip = (x, y, yaw), math.asin(0.1 * REAR / 10.0)
    errors, drift = [], []
    for k in range(int(seconds * 10)):
        gx, gy = rng.normal([x, y], 0.5 * noise)
        pose = localiser.update(
            frame(
                k,
                gx,
                gy,
                yaw + noise * rng.normal(0, 0.005),
                speed + noise * rng.normal(0, 0.02),
                rate + noise * rng.normal(0, 0.005),
            )
        )
        errors.append([pose[0] - x, pose[1] - y, wrap(pose[2] - yaw)])
        ox, oy, oyaw = localiser.odometry
        c, s = math.cos(begin[2]), math.sin(begin[2])
        drift.append(
            [begin[0] + c * ox - s * oy - x, begin[1] + s * ox + c * oy - y, begin[2] + oyaw - yaw]
        )
        for _ in range(10):
            x += speed * math.cos(yaw + slip) * 0.01
            y += speed * math.sin(yaw + slip) * 0.01
            yaw += rate * 0.01
    return localiser, np.array(errors), np.array(drift)


def test_without_noise_the_pose_is_right() -> None:
    _, errors, _ = drive(noise=0.0)
    assert np.abs(errors[:, :2]).max() < 0.05
    assert np.abs(errors[:, 2]).max() < 0.01


def test_with_noise_the_pose_is_better_than_the_receiver() -> None:
    localiser, errors, _ = drive(noise=1.0)
    settled = errors[100:]
    assert np.sqrt((settled[:, :2] ** 2).mean()) < 0.2  # the receiver has 0.5
    assert np.abs(settled[:, 2]).max() < 0.02
    assert localiser.deviation < 0.3


def test_odometry_moves_smoothly() -> None:
    _, errors, drift = drive(noise=1.0)
    jumps = np.abs(np.diff(drift[:, :2], axis=0)).max()
    assert jumps < 0.03
    assert jumps < np.abs(np.diff(errors[:, :2], axis=0)).max()


def test_the_first_frame_sets_the_pose() -> None:
    localiser = Localiser(REFERENCE)
    pose = localiser.update(frame(0, 12.0, -7.0, -3.0, 0.0, 0.0))
    assert pose == pytest.approx([12.0, -7.0, -3.0], abs=1e-6)
