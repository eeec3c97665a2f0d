from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from roadworthy.control.controller import Controller
from roadworthy.control.loop import ClosedLoop
from roadworthy.control.policy import PolicyPlanner
from roadworthy.perception.scene import ROUTE_DISTANCES, EgoCol, RouteCol, Scene
from roadworthy.planning.action import RISE_LIMIT
from roadworthy.planning.observation import OBSERVATION_SIZE
from roadworthy.sim.frame import Frame, Gnss, Imu

FRAME = Frame(
    0,
    0.0,
    {},
    np.zeros((0, 4), np.float32),
    Imu((0, 0, 9.81), (0, 0, 0), 0),
    Gnss(0, 0, 0),
    5.0,
    {},
    {},
)


@pytest.fixture
def scene() -> Scene:
    """A straight road at 5 m/s."""
    made = Scene.empty()
    made.route[:, RouteCol.X] = ROUTE_DISTANCES
    made.route[:, RouteCol.COS] = 1.0
    made.route[:, RouteCol.WIDTH] = 3.5
    made.route[:, RouteCol.SPEED_LIMIT] = 10.0
    made.ego[[EgoCol.SPEED, EgoCol.SPEED_LIMIT, EgoCol.REMAINING]] = 5.0, 10.0, 100.0
    made.ego[[EgoCol.LENGTH, EgoCol.WIDTH]] = 4.9, 1.8
    return made


class Policy:
    """Stands for an exported policy; remembers what it was given."""

    def __init__(self, acceleration: float, offset: float = 0.0) -> None:
        self.out = {
            "acceleration": np.array([acceleration], np.float32),
            "curvature_offset": np.array([offset], np.float32),
        }
        self.seen: list[NDArray[np.float32]] = []

    def __call__(self, inputs: Mapping[str, NDArray[Any]]) -> Mapping[str, NDArray[Any]]:
        self.seen.append(inputs["observation"].copy())
        return self.out


def test_the_policy_gets_the_observation_and_its_wish_becomes_the_plan(scene: Scene) -> None:
    policy = Policy(2.4)
    planner = PolicyPlanner(policy)
    plans = [planner.plan(scene) for _ in range(4)]
    assert policy.seen[0].shape == (1, OBSERVATION_SIZE)
    assert plans[0].acceleration == pytest.approx(RISE_LIMIT)  # rate limit, as in training
    assert plans[-1].acceleration == pytest.approx(2.4)
    assert abs(plans[-1].curvature) < 0.01
    assert not np.array_equal(policy.seen[0], policy.seen[1])  # it sees the action in force


def test_a_new_drive_begins_without_the_action_of_the_old_one(scene: Scene) -> None:
    policy = Policy(-5.0)
    planner = PolicyPlanner(policy)
    planner.plan(scene)
    planner.plan(scene)
    planner.start()
    planner.plan(scene)
    np.testing.assert_array_equal(policy.seen[0], policy.seen[2])


def test_the_loop_runs_every_stage_and_times_it(scene: Scene, controller: Controller) -> None:
    loop = ClosedLoop(lambda frame: scene, PolicyPlanner(Policy(2.4)), controller)
    loop.start()
    controls = [loop.step(FRAME) for _ in range(20)]
    assert controls[-1].throttle > 0.2
    assert controls[-1].brake == 0.0
    assert loop.scene is scene
    assert loop.plan is not None
    rows = {row.stage: row for row in loop.clock.table()}
    assert set(rows) == {"loop", "perception", "planning", "control"}
    assert all(row.count == 20 for row in rows.values())
    parts = sum(rows[stage].mean for stage in ("perception", "planning", "control"))
    assert 0.0 < parts <= rows["loop"].mean


def test_a_loop_without_perception_says_so(scene: Scene, controller: Controller) -> None:
    loop = ClosedLoop(None, PolicyPlanner(Policy(1.0)), controller)
    with pytest.raises(RuntimeError, match="step_scene"):
        loop.step(FRAME)
    assert loop.step_scene(scene).throttle > 0.0
