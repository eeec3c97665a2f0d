"""Road users keep their identity and get their velocity, however the ego moves."""

from __future__ import annotations

import math

import numpy as np
import pytest

from roadworthy.perception.scene import User, UserClass
from roadworthy.perception.tracker import Tracker

DT = 0.1


def detection(x: float, y: float, yaw: float = 0.0, kind: int = 0, score: float = 0.9) -> list:
    return [x, y, math.cos(yaw), math.sin(yaw), 4.5, 1.9, kind, score]


def update(tracker: Tracker, rows: list, pose: tuple = (0.0, 0.0, 0.0), dt: float = DT) -> None:
    rows_ = np.array(rows, np.float32).reshape(-1, 8)
    tracker.update(rows_, np.array(pose), dt)


def test_a_thing_counts_once_it_was_seen_twice() -> None:
    tracker = Tracker()
    update(tracker, [detection(10, 0)])
    assert not tracker.valid.any()
    update(tracker, [detection(10, 0)])
    assert tracker.valid.sum() == 1


def test_a_thing_is_kept_for_half_a_second_and_then_forgotten() -> None:
    tracker = Tracker()
    for _ in range(3):
        update(tracker, [detection(10, 0)])
    seen = float(tracker.users[0, User.CONFIDENCE])
    for _ in range(5):
        update(tracker, [])
    assert tracker.valid.sum() == 1
    assert tracker.users[0, User.CONFIDENCE] < seen
    update(tracker, [])
    assert not tracker.valid.any()
    assert not tracker.users.any()


@pytest.mark.parametrize("direction", [1.0, -1.0])
def test_velocity_is_over_ground_while_the_ego_drives_and_turns(direction: float) -> None:
    rng = np.random.default_rng(1)
    tracker = Tracker()
    for k in range(30):
        t = k * DT
        pose = (8.0 * t, 0.0, 0.15 * t)
        # In the town it drives along +y at 6 m/s (or stands behind a sign), 30 m ahead.
        dx, dy = 30.0 - pose[0], 6.0 * direction * t - pose[1]
        c, s = math.cos(pose[2]), math.sin(pose[2])
        x, y = rng.normal([c * dx + s * dy, c * dy - s * dx], 0.15)
        update(tracker, [detection(x, y, direction * math.pi / 2 - pose[2])], pose)
    row, yaw = tracker.users[0], 0.15 * 29 * DT
    expected = 6.0 * direction * np.array([math.sin(yaw), math.cos(yaw)])
    assert row[[User.VX, User.VY]] == pytest.approx(expected, abs=0.7)


def test_what_stands_still_has_hardly_any_speed() -> None:
    rng = np.random.default_rng(2)
    tracker = Tracker()
    for k in range(40):
        x, y = rng.normal([40.0 - 1.2 * k * DT * 10, 3.0], 0.15)
        update(tracker, [detection(x, y)], (1.2 * k * DT * 10, 0.0, 0.0))
    assert np.hypot(*tracker.users[0, [User.VX, User.VY]]) < 0.8


def test_two_that_pass_each_other_are_not_mixed_up() -> None:
    tracker = Tracker()
    for k in range(21):
        t = k * DT
        update(tracker, [detection(10 + 10 * t, 0), detection(30 - 10 * t, 3.5, math.pi)])
    near = tracker.users[:2]
    forward = near[near[:, User.Y] < 1.75][0]
    oncoming = near[near[:, User.Y] > 1.75][0]
    assert forward[User.VX] == pytest.approx(10.0, abs=0.5)
    assert oncoming[User.VX] == pytest.approx(-10.0, abs=0.5)


def test_front_and_back_mixed_up_by_the_network_is_settled_by_the_motion() -> None:
    tracker = Tracker()
    for k in range(15):
        update(tracker, [detection(10 + k * DT * 8, 0, yaw=math.pi)])
    assert tracker.users[0, User.COS] > 0.9


def test_a_vehicle_next_to_a_walker_does_not_take_its_place() -> None:
    tracker = Tracker()
    for _ in range(3):
        update(tracker, [detection(10, 0, kind=UserClass.WALKER)])
    update(tracker, [detection(10.3, 0, kind=UserClass.VEHICLE)])
    kinds = tracker.users[tracker.valid, User.CLASS]
    assert kinds.tolist() == [UserClass.WALKER]


def test_a_weak_detection_begins_nothing_but_keeps_what_is_followed() -> None:
    tracker = Tracker()
    for _ in range(3):
        update(tracker, [detection(10, 0, score=0.3)])
    assert not tracker.valid.any()
    for score in (0.8, 0.8, *[0.3] * 10):
        update(tracker, [detection(10, 0, score=score)])
    assert tracker.valid.sum() == 1
    assert tracker.users[0, User.CONFIDENCE] < 0.4


def test_users_come_nearest_first_and_none_beyond_range() -> None:
    tracker = Tracker()
    for _ in range(2):
        update(tracker, [detection(x, 0) for x in (40, 10, 25, 61)])
    assert tracker.users[tracker.valid, User.X] == pytest.approx([10, 25, 40], abs=0.1)


def test_more_detections_than_there_is_room_for_do_no_harm() -> None:
    tracker = Tracker()
    rows = [detection(x, y, score=0.5) for x in range(0, 45, 5) for y in range(-30, 30, 5)]
    for _ in range(3):
        update(tracker, rows)
    assert tracker.valid.all()
