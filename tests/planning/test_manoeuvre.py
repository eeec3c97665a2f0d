"""What the expert does with an Outlook, in situations that anyone can judge."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from roadworthy.perception.scene import (
    FUTURE_STEP,
    FUTURES,
    LightState,
    Outlook,
    Room,
    Scene,
    Trait,
    User,
    UserClass,
)
from roadworthy.planning.expert import ExpertDriver, expert, new_memory
from roadworthy.planning.expert_state import Memory
from roadworthy.planning.passing import pass_time
from roadworthy.planning.rules import MAX_ACCELERATION, MAX_BRAKING

from .conftest import add_user, make_scene


def see(scene: Scene, *, oncoming: float = 1.0, left: float = 5.25) -> Scene:
    """Add an Outlook: lanes of 3.5 m, one beside ours at the left; all go straight on."""
    outlook = Outlook.empty()
    outlook.room[:, Room.LEFT], outlook.room[:, Room.RIGHT] = left, 1.75
    outlook.room[:, Room.LEFT_CENTRE] = 3.5 if left > 1.75 else 0.0
    outlook.room[:, Room.LEFT_ONCOMING] = oncoming
    t = FUTURE_STEP * np.arange(1, FUTURES + 1)
    for column, velocity in ((User.X, User.VX), (User.Y, User.VY)):
        outlook.future[:, :, column] = (
            scene.users[:, column, None] + scene.users[:, velocity, None] * t
        )
    return replace(scene, outlook=outlook)


def decide(scene: Scene, times: int = 3) -> tuple[float, float, np.ndarray]:
    """Acceleration, curvature and memory after some decisions on one Scene."""
    driver = ExpertDriver()
    for _ in range(times):
        accel, curvature = driver.act(scene.batched())
    return float(accel[0]), float(curvature[0]), driver.memory[0]


def blocked(distance: float = 18.0, speed: float = 5.0, *, still: bool = True) -> Scene:
    """A car stands in our lane."""
    scene = make_scene(speed)
    add_user(scene, distance, 0.0)
    scene = see(scene)
    assert scene.outlook is not None
    scene.outlook.traits[0, [Trait.STILL, Trait.STOOD]] = still, 20.0
    return scene


def with_oncoming(scene: Scene, x: float, speed: float) -> Scene:
    traits = scene.outlook.traits if scene.outlook else None
    add_user(scene, x, -3.5, vx=-speed, yaw=np.pi)
    scene = see(replace(scene, outlook=None))
    assert scene.outlook is not None
    assert traits is not None
    scene.outlook.traits[:] = traits
    return scene


def test_a_block_is_passed_at_the_left_where_nobody_comes() -> None:
    _, curvature, memory = decide(blocked())
    assert memory[Memory.PASSING] == 1
    # Half of both cars and half a metre between: 0.95 + 0.95 + 0.5.
    assert memory[Memory.TARGET] == pytest.approx(-2.4, abs=0.01)
    assert curvature < 0.0


@pytest.mark.parametrize(("x", "speed", "passes"), [(45.0, 10.0, 0), (95.0, 5.0, 1), (-10, 8, 1)])
def test_an_oncoming_car_is_let_by_unless_there_is_time(x: float, speed: float, passes: int):
    accel, _, memory = decide(with_oncoming(blocked(), x, speed))
    assert memory[Memory.PASSING] == passes
    if not passes:
        assert accel < -0.5


def test_a_block_without_room_beside_it_is_waited_for() -> None:
    scene = blocked(distance=11.0, speed=0.0)
    assert scene.outlook is not None
    scene.outlook.room[:, Room.LEFT] = 1.75
    scene.outlook.room[:, Room.LEFT_CENTRE] = 0.0
    accel, _, memory = decide(scene)
    assert memory[Memory.PASSING] == 0
    assert accel <= 0.0  # 6.2 m between the bumpers are left to turn out


def test_what_leaves_room_within_the_lane_is_passed_within_it() -> None:
    scene = make_scene(3.0)
    add_user(scene, 14.0, 2.0)
    scene = see(scene, left=1.75)
    assert scene.outlook is not None
    scene.outlook.traits[0, [Trait.STILL, Trait.STOOD]] = 1.0, 20.0
    accel, curvature, memory = decide(scene)
    assert memory[Memory.OFFSET] < 0.0
    assert curvature < 0.0
    assert accel > 0.3


def test_a_queue_at_a_red_light_is_not_passed() -> None:
    scene = blocked(still=False)
    assert scene.outlook is not None
    scene.outlook.traits[0, Trait.STOOD] = 60.0
    scene.light[:] = LightState.RED, 30.0, 1.0
    assert decide(scene)[2][Memory.PASSING] == 0
    scene.light[0] = LightState.NONE
    assert decide(scene)[2][Memory.PASSING] == 1


def test_the_lane_of_the_same_direction_is_entered_when_nobody_comes_from_behind() -> None:
    for x, vx, passes in ((-30.0, 6.0, 1), (-12.0, 12.0, 0), (1.0, 5.0, 0)):
        scene = make_scene(5.0)
        add_user(scene, 18.0, 0.0)
        add_user(scene, x, -3.5, vx=vx)
        scene = see(scene, oncoming=0.0)
        assert scene.outlook is not None
        scene.outlook.traits[0, Trait.STILL] = 1.0
        memory = decide(scene)[2]
        assert memory[Memory.PASSING] == passes
        if passes:
            assert memory[Memory.TARGET] == pytest.approx(-3.2, abs=0.01)


def crossing(*, stops: bool) -> Scene:
    scene = make_scene(8.0)
    add_user(scene, 20.0, -14.0, vy=6.0, yaw=np.pi / 2)
    scene = see(scene)
    assert scene.outlook is not None
    if stops:
        scene.outlook.future[0, :, 1] = -9.0
    return scene


def test_who_will_cross_is_yielded_to_and_who_will_stop_is_not() -> None:
    assert decide(crossing(stops=False))[0] < -0.4
    assert decide(crossing(stops=True))[0] > 0.5


def test_it_brakes_for_a_car_that_stands_across_the_lane() -> None:
    scene = make_scene(8.0)
    add_user(scene, 15.0, 0.5, yaw=np.pi / 2)
    assert decide(see(scene))[0] < -3.0


def test_it_brakes_as_hard_as_it_can_where_nothing_helps() -> None:
    scene = make_scene(10.0)
    add_user(scene, 6.0, -2.5, vy=3.0, yaw=np.pi / 2, kind=UserClass.WALKER)
    assert decide(see(scene))[0] == -MAX_BRAKING


def test_an_emergency_vehicle_from_behind_is_let_by_at_the_right() -> None:
    scene = make_scene(8.0)
    add_user(scene, -25.0, 0.0, vx=12.0)
    scene = see(scene)
    free = decide(scene)
    assert scene.outlook is not None
    scene.outlook.traits[0, Trait.SPECIAL] = 1.0
    accel, curvature, memory = decide(scene)
    assert accel < free[0] - 1.0
    assert curvature > free[1]
    assert memory[Memory.OFFSET] > 0.0


def test_worlds_do_not_share_their_memory() -> None:
    one, two = blocked(), see(make_scene(8.0))
    both = Scene.empty(2)
    outlook = Outlook.empty(2)
    for w, scene in enumerate((one, two)):
        for name in ("users", "valid", "light", "route", "ego"):
            getattr(both, name)[w] = getattr(scene, name)
        assert scene.outlook is not None
        for name in ("room", "future", "traits"):
            getattr(outlook, name)[w] = getattr(scene.outlook, name)
    driver = ExpertDriver()
    for _ in range(3):
        accel, curvature = driver.act(replace(both, outlook=outlook))
    for w, scene in enumerate((one, two)):
        a, k, memory = decide(scene)
        assert (a, k) == (float(accel[w]), float(curvature[w]))
        np.testing.assert_array_equal(memory, driver.memory[w])


def test_every_decision_stays_within_the_limits_whatever_the_scene() -> None:
    rng = np.random.default_rng(3)
    scene = replace(Scene.empty(64), outlook=Outlook.empty(64))
    assert scene.outlook is not None
    for array in (scene.users, scene.outlook.future, scene.outlook.room):
        array[:] = rng.normal(0.0, 20.0, array.shape)
    scene.outlook.traits[:] = rng.integers(0, 2, scene.outlook.traits.shape)
    scene.valid[:] = rng.random(scene.valid.shape) < 0.5
    scene.route[:] = rng.normal(0.0, 30.0, scene.route.shape)
    scene.ego[:] = rng.normal(0.0, 5.0, scene.ego.shape)
    scene.light[:, 0] = rng.integers(0, 4, 64)
    a, k = np.empty(64, np.float32), np.empty(64, np.float32)
    memory = new_memory(64)
    for _ in range(5):
        expert(scene, a, k, memory)
        assert np.isfinite(a).all()
        assert np.isfinite(k).all()
        assert a.min() >= -MAX_BRAKING
        assert a.max() <= MAX_ACCELERATION
        assert np.abs(k).max() <= 0.2 + 1e-6


def test_the_time_of_a_pass_is_that_of_constant_acceleration() -> None:
    # From 0 with 1.8 m/s^2: 3.6 m in 2 s; from 8 m/s at most 8: distance / speed.
    assert pass_time(3.6, 0.0, 10.0) == pytest.approx(2.0)
    assert pass_time(16.0, 8.0, 8.0) == pytest.approx(2.0)
