"""The guard: no policy rolls over a red line or into a leader where there is room to stop."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.perception.scene import EgoCol, LightCol, LightState, Scene
from roadworthy.planning.decision import DecisionState
from roadworthy.planning.rules import MAX_ACCELERATION, MAX_BRAKING

from .conftest import add_user, make_scene

FULL = np.array([2.4], np.float32)  # what the worst of policies always asks for
STRAIGHT = np.zeros(1, np.float32)


def scene_at(
    speed: float, light: LightState = LightState.NONE, line: float = 50.0, leader: float = 0.0
) -> Scene:
    """A Scene with a line [m] ahead of the front, or a standing vehicle's centre ahead."""
    scene = make_scene(speed)
    scene.light[:] = light, line, 1.0
    if leader:
        add_user(scene, leader, 0.0)
    return scene


def allowed(state: DecisionState, scene: Scene) -> float:
    state.observe(scene)
    return float(state.decide(FULL, STRAIGHT)[0][0])


def drive(speed: float, light: LightState, line: float, leader: float = 0.0) -> tuple[float, float]:
    """Drive for 30 s with the pedal down; return the way made [m] and the speed at the end."""
    state, way = DecisionState(1), 0.0
    for _ in range(300):
        scene = scene_at(speed, light, line - way, leader - way if leader else 0.0)
        accel = allowed(state, scene)
        after = max(speed + 0.1 * accel, 0.0)
        way, speed = way + 0.05 * (speed + after), after
    return way, speed


@given(speed=st.floats(0.0, 15.0), line=st.floats(2.0, 50.0))
def test_with_room_to_stop_nobody_passes_a_red_line(speed, line):
    if speed**2 / (2.0 * max(line - 0.7, 0.1)) > 4.0:
        return  # too late to stop within 6 m/s^2 and the time that braking takes to build up
    way, end = drive(speed, LightState.RED, line)
    assert end < 0.05
    assert way < line
    if line > 10.0:
        assert way > line - 2.0  # and it does drive up to the line


@given(speed=st.floats(0.0, 15.0), gap=st.floats(2.0, 50.0))
def test_with_room_to_stop_nobody_touches_a_standing_leader(speed, gap):
    if speed**2 / (2.0 * max(gap - 1.0, 0.1)) > 4.0:
        return
    centre = gap + 0.5 * 4.9 + 0.5 * 4.6
    way, end = drive(speed, LightState.NONE, 50.0, leader=centre)
    assert end < 0.05
    assert way < gap


@pytest.mark.parametrize("speed", [4.0, 8.0, 12.0])
def test_who_crosses_is_let_pass_where_there_is_room_to_stop(speed):
    state, way, x, y = DecisionState(1), 0.0, 30.0, -12.0
    far = 0.0  # of the front, as long as the other is in the way
    for _ in range(100):
        scene = scene_at(speed)
        add_user(scene, x - way, y, vy=3.0, yaw=np.pi / 2)
        accel = allowed(state, scene)
        after = max(speed + 0.1 * accel, 0.0)
        way, speed, y = way + 0.05 * (speed + after), after, y + 0.3
        if abs(y) < 1.0 + 2.3:
            far = max(far, way + 0.5 * 4.9)
    assert far < x - 0.95  # half of the other's width
    assert way > 30.0  # and then it goes


def test_at_green_and_on_an_open_road_the_policy_has_its_way():
    for light in (LightState.GREEN, LightState.NONE):
        state = DecisionState(1)
        for _ in range(3):
            accel = allowed(state, scene_at(8.0, light, 5.0))
        assert accel == pytest.approx(2.4)


def test_a_gentle_stop_is_left_to_the_policy():
    state, braking = DecisionState(1), np.array([-1.5], np.float32)
    state.observe(scene_at(8.0, LightState.RED, 40.0))
    assert state.decide(braking, STRAIGHT)[0][0] == pytest.approx(-1.5)


def test_a_yellow_light_that_is_too_near_is_passed():
    state = DecisionState(1)
    for _ in range(3):
        accel = allowed(state, scene_at(10.0, LightState.YELLOW, 8.0))
    assert accel == pytest.approx(2.4)


def test_who_stands_beside_the_ego_does_not_hold_it():
    state = DecisionState(1)
    scene = scene_at(0.0)
    add_user(scene, 1.3, 1.6)  # a walker at its flank, who waits for it to go
    for _ in range(3):
        accel = allowed(state, scene)
    assert accel == pytest.approx(2.4)


@given(
    speed=st.floats(0.0, 30.0),
    distance=st.floats(-1.0, 50.0),
    light=st.sampled_from(list(LightState)),
    leader=st.floats(3.0, 60.0),
    asked=st.sampled_from([-5.0, -1.5, 0.0, 2.4]),
)
def test_it_only_takes_away_and_never_asks_for_more_than_full_braking(
    speed, distance, light, leader, asked
):
    state, wish = DecisionState(1), np.array([asked], np.float32)
    scene = scene_at(speed, light, distance, leader)
    state.observe(scene)
    accel = float(state.decide(wish, STRAIGHT)[0][0])
    assert -MAX_BRAKING - 1e-5 <= accel <= min(float(state.last[0, 0]), MAX_ACCELERATION) + 1e-5
    assert scene.ego[EgoCol.SPEED] == pytest.approx(speed)
    assert scene.light[LightCol.STATE] == light


def test_worlds_are_guarded_each_for_itself():
    red, free = scene_at(3.0, LightState.RED, 2.0), scene_at(3.0)
    both = Scene(*(np.stack(pair) for pair in zip(arrays(red), arrays(free), strict=True)))
    state = DecisionState(2)
    for _ in range(3):
        state.observe(both)
        accel, _ = state.decide(np.full(2, 2.4, np.float32), np.zeros(2, np.float32))
    assert accel[0] < -3.0
    assert accel[1] == pytest.approx(2.4)


def arrays(scene: Scene):
    return scene.users, scene.valid, scene.light, scene.route, scene.ego
