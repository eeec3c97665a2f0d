"""Actions in files of our own, on a straight road of three hundred metres."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from roadworthy.sim.town import Town
from roadworthy.sim.world.columns import Actor

from .scripts import at, entity, event
from .told import DT, Told, speed


@pytest.mark.parametrize("shape", ["linear", "cubic", "sinusoidal"])
def test_a_speed_changes_in_its_time(stage: Callable[..., Told], shape: str) -> None:
    told = stage(event("go", speed(8.0, shape, 4.0), at(1.0)))
    assert told.to(1.0).player().speed == 0.0
    # All shapes are symmetric: half of it in half of the time, and 16 m in 4 s.
    assert told.to(3.0).player().speed == pytest.approx(4.0, abs=0.01)
    assert told.to(4.95).state("go") == "runningState"
    assert told.to(5.1).state("go") == "completeState"
    assert told.player().speed == pytest.approx(8.0)
    assert told.player().travelled == pytest.approx(16.0 + 0.8, abs=0.05)
    assert told.player().accel == pytest.approx(0.0, abs=1e-6)


def test_a_speed_changes_over_its_distance_and_at_its_rate(stage: Callable[..., Told]) -> None:
    begin = event("go", speed(10.0, "linear", 20.0, "distance"), at(0.0))
    told = stage(begin + event("slow", speed(4.0, "linear", 2.0, "rate"), at(6.0)))
    told.to(4.0)  # 20 m at a mean of 5 m/s
    assert told.player().travelled == pytest.approx(20.0, abs=0.3)
    assert told.player().speed == pytest.approx(10.0, abs=0.05)
    assert told.to(7.5).player().speed == pytest.approx(7.0, abs=0.11)
    assert told.to(9.2).player().speed == pytest.approx(4.0)
    assert told.player().pose.y == pytest.approx(told.stage.ego.pose.y, abs=40.0)


def test_a_step_holds_its_speed_and_the_vehicle_has_its_limits(stage: Callable[..., Told]) -> None:
    told = stage(event("go", speed(5.0, "step", 3.0, "time"), at(0.0)))
    assert told.to(0.05).player().speed == pytest.approx(5.0)  # 200 m/s^2 at most
    assert told.to(2.95).state("go") == "runningState"
    assert told.to(3.1).state("go") == "completeState"
    limited = stage(event("go", speed(90.0), at(0.0)))
    assert limited.to(2.0).player().speed == 60.0
    assert limited.to(0.3).state("go") == "completeState"


def test_a_speed_follows_that_of_another(stage: Callable[..., Told]) -> None:
    follow = (
        '<LongitudinalAction><SpeedAction><SpeedActionDynamics dynamicsShape="step" value="0" '
        'dynamicsDimension="time"/><SpeedActionTarget><RelativeTargetSpeed entityRef="hero" '
        'value="2" speedTargetValueType="delta" continuous="true"/></SpeedActionTarget>'
        "</SpeedAction></LongitudinalAction>"
    )
    told = stage(event("go", follow, at(0.0)), push=0.5)
    for time in (1.0, 2.0, 3.0):
        hero = told.to(time).stage.ego
        assert told.player().speed == pytest.approx(hero.speed + 2.0, abs=0.3)
    assert told.state("go") == "runningState"


def change(target: str, amount: float = 2.0, shape: str = "sinusoidal") -> str:
    return (
        f'<LateralAction><LaneChangeAction><LaneChangeActionDynamics dynamicsShape="{shape}" '
        f'value="{amount}" dynamicsDimension="time"/><LaneChangeTarget>{target}</LaneChangeTarget>'
        "</LaneChangeAction></LateralAction>"
    )


@pytest.mark.parametrize(
    "target",
    ['<RelativeTargetLane entityRef="other" value="1"/>', '<AbsoluteTargetLane value="-1"/>'],
)
def test_a_lane_is_changed_smoothly(stage: Callable[..., Told], target: str) -> None:
    told = stage(event("go", speed(10.0), at(0.0)) + event("over", change(target), at(1.0)))
    place = told.to(1.0).player().lane_place()
    network = told.world.network
    assert int(network.lane_road[place.lane, 2]) == -2
    yaws = []
    while told.world.time < 3.2:
        told.to(told.world.time + DT)
        yaws.append(told.player().pose.yaw)
    after = told.player().lane_place()
    assert int(network.lane_road[after.lane, 2]) == -1
    assert abs(after.lateral) < 0.02
    assert told.state("over") == "completeState"
    turned = np.abs(np.remainder(np.array(yaws) - yaws[-1] + math.pi, math.tau) - math.pi)
    assert 0.2 < turned.max() < 0.6  # it turns on its way over, by atan(lateral / forward speed)
    assert turned[-1] < 0.01
    slot = told.player().slot
    assert told.world.actors[slot, Actor.LANE] == after.lane  # and the traffic sees it there


def test_a_lane_that_is_not_there_is_told_with_its_line(stage: Callable[..., Told]) -> None:
    lost = '<RelativeTargetLane entityRef="other" value="-1"/>'
    told = stage(event("over", change(lost), at(0.5)))
    with pytest.raises(Exception, match=r"line \d+, <RelativeTargetLane>.*no driving lane"):
        told.to(1.0)


@pytest.mark.parametrize(("description", "side"), [("CARLA:ours", 1.0), ("ours", -1.0)])
def test_offsets_are_to_the_right_in_files_of_carla_and_to_the_left_in_others(
    stage: Callable[..., Told], description: str, side: float
) -> None:
    shift = (
        '<LateralAction><LaneOffsetAction continuous="false"><LaneOffsetActionDynamics '
        'maxLateralAcc="2" dynamicsShape="cubic"/><LaneOffsetTarget><AbsoluteTargetLaneOffset '
        'value="1.0"/></LaneOffsetTarget></LaneOffsetAction></LateralAction>'
    )
    told = stage(event("shift", shift, at(0.0)), description=description)
    assert told.to(2.0).player().offset == pytest.approx(side * 1.0)
    assert told.player().lane_place().lateral == pytest.approx(side * 1.0, abs=1e-3)
    assert told.state("shift") == "completeState"  # sqrt(6 * 1 m / 2 m/s^2) = 1.73 s


def test_a_world_position_is_mirrored_outside_of_carla(
    write: Callable[..., Path], carriden: Town
) -> None:
    told = Told(write(), carriden)
    hero = told.stage.ego.pose
    place = '<WorldPosition x="{x}" y="{y}" z="0" h="{h}"/>'
    mirrored = place.format(x=hero.x, y=-hero.y, h=-hero.yaw)
    again = Told(write(place=mirrored, description="ours"), carriden)
    assert again.stage.ego.pose.y == pytest.approx(hero.y)
    assert math.cos(again.stage.ego.pose.yaw - hero.yaw) == pytest.approx(1.0)


def test_a_trajectory_is_at_its_vertices_at_their_times(stage: Callable[..., Told]) -> None:
    vertex = (
        '<Vertex time="{t}"><Position><RelativeObjectPosition entityRef="hero" dx="{x}" dy="{y}"/>'
        "</Position></Vertex>"
    )
    line = "".join(vertex.format(t=t, x=x, y=y) for t, x, y in ((0, 30, 0), (2, 40, 0), (3, 50, 5)))
    follow = (
        '<RoutingAction><FollowTrajectoryAction><Trajectory name="t" closed="false"><Shape>'
        f"<Polyline>{line}</Polyline></Shape></Trajectory><TimeReference><Timing "
        'domainAbsoluteRelative="relative" scale="1" offset="0"/></TimeReference>'
        '<TrajectoryFollowingMode followingMode="position"/></FollowTrajectoryAction>'
        "</RoutingAction>"
    )
    told = stage(event("go", follow, at(1.0)))
    hero = told.stage.ego.pose

    def ahead() -> tuple[float, float]:
        dx, dy = told.player().pose.x - hero.x, told.player().pose.y - hero.y
        c, s = math.cos(hero.yaw), math.sin(hero.yaw)
        return c * dx + s * dy, c * dy - s * dx

    told.to(2.0)
    assert ahead() == pytest.approx((35.0, 0.0), abs=0.02)
    assert told.player().speed == pytest.approx(5.0, abs=0.01)
    told.to(3.5)
    assert ahead() == pytest.approx((45.0, 2.5), abs=0.05)
    assert told.to(4.1).state("go") == "completeState"


def test_entities_come_go_and_jump(stage: Callable[..., Told]) -> None:
    add = (
        '<GlobalAction><EntityAction entityRef="third"><AddEntityAction><Position>'
        '<RelativeRoadPosition entityRef="hero" ds="60" dt="0"/></Position></AddEntityAction>'
        "</EntityAction></GlobalAction>"
    )
    gone = (
        '<GlobalAction><EntityAction entityRef="other"><DeleteEntityAction/></EntityAction>'
        "</GlobalAction>"
    )
    jump = (
        '<TeleportAction><Position><RelativeWorldPosition entityRef="hero" dx="0" dy="0"/>'
        "</Position></TeleportAction>"
    )
    told = stage(
        event("jump", jump, at(0.5)) + event("add", add, at(1.0)) + event("gone", gone, at(2.0)),
        entities=entity("third"),
    )
    assert not told.player("third").present
    slot = told.player().slot
    assert told.to(0.6).player().pose.x == pytest.approx(told.stage.ego.pose.x, abs=0.01)
    third = told.to(1.1).player("third")
    away = math.hypot(third.pose.x - told.stage.ego.pose.x, third.pose.y - told.stage.ego.pose.y)
    assert away == pytest.approx(60.0, abs=0.1)
    assert told.world.actors[slot, Actor.ALIVE] == 1.0
    assert not told.to(2.1).player().present
    assert told.world.actors[slot, Actor.ALIVE] == 0.0
