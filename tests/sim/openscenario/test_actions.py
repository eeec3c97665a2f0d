"""Actions and conditions in files of our own, on a straight road of three hundred metres."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from roadworthy.sim.frame import Control
from roadworthy.sim.openscenario import load
from roadworthy.sim.openscenario.play import OscTelling
from roadworthy.sim.road.towns import load_town
from roadworthy.sim.town import Town
from roadworthy.sim.world.columns import Actor
from roadworthy.sim.world.world import World

from .scripts import at, condition, entity, event

DT = 0.05


@pytest.fixture(scope="module")
def carriden() -> Town:
    return load_town("Carriden")


class Told:
    """A story that is told tick by tick while the hero stands."""

    def __init__(self, path: Path, town: Town, push: float = 0.0) -> None:
        self.scenario = load(path)
        self.world = World.of(self.scenario, town, 0)
        assert isinstance(self.world.telling, OscTelling)
        self.telling = self.world.telling
        self.stage = self.telling.stage
        self._control = Control(throttle=push, brake=0.0 if push else 1.0)

    def to(self, time: float) -> Told:
        while self.world.time < time - 0.5 * DT:
            self.world.step(self._control, 1)
        return self

    def player(self, name: str = "other"):  # type: ignore[no-untyped-def]
        return self.stage.players[name]

    def state(self, name: str, kind: str = "action") -> str:
        return self.stage.parts[(kind, name)][0].state


@pytest.fixture
def stage(write: Callable[..., Path], carriden: Town) -> Callable[..., Told]:
    def make(events: str = "", push: float = 0.0, **rest: str) -> Told:
        return Told(write(events, **rest), carriden, push)

    return make


def speed(value: float, shape: str = "step", amount: float = 0.0, dimension: str = "time") -> str:
    return (
        f'<LongitudinalAction><SpeedAction><SpeedActionDynamics dynamicsShape="{shape}" '
        f'value="{amount}" dynamicsDimension="{dimension}"/><SpeedActionTarget>'
        f'<AbsoluteTargetSpeed value="{value}"/></SpeedActionTarget></SpeedAction>'
        "</LongitudinalAction>"
    )


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


def test_an_event_that_may_be_skipped_waits_and_one_may_come_again(
    stage: Callable[..., Told],
) -> None:
    long = event("long", speed(3.0, "step", 5.0), at(0.0))
    skipped = event("skipped", speed(9.0), at(1.0), "skip")
    told = stage(long + skipped).to(2.0)
    assert told.player().speed == 3.0
    assert told.state("skipped", "event") == "standbyState"
    twice = event("twice", speed(3.0, "step", 1.0), at(0.5), more='maximumExecutionCount="2"')
    told = stage(twice + event("hold", speed(1.0), at(9.0)))
    assert told.to(1.0).state("twice", "event") == "runningState"
    assert told.to(2.0).state("twice", "event") == "runningState"  # again, as it is still met
    assert told.to(3.0).state("twice", "event") == "completeState"


def test_an_action_ends_what_it_contradicts_and_tells_that_it_was_stopped(
    stage: Callable[..., Told],
) -> None:
    after = condition(
        '<StoryboardElementStateCondition storyboardElementType="action" '
        'storyboardElementRef="first" state="stopTransition"/>'
    )
    told = stage(
        event("first", speed(3.0, "step", 60.0), at(0.0))
        + event("second", speed(7.0, "step", 1.0), at(1.0), "overwrite")
        + event("third", speed(5.0), after)
    )
    assert told.to(0.9).player().speed == 3.0
    assert told.to(1.2).state("first") == "completeState"
    assert told.to(2.0).player().speed == 5.0  # the third saw the stop, and ended the second


def test_conditions_of_entities(stage: Callable[..., Told]) -> None:
    def by(body: str, who: str = "other") -> str:
        return condition(
            '<ByEntityCondition><TriggeringEntities triggeringEntitiesRule="any"><EntityRef '
            f'entityRef="{who}"/></TriggeringEntities><EntityCondition>{body}</EntityCondition>'
            "</ByEntityCondition>"
        )

    pairs = {
        "stood": '<StandStillCondition duration="1.0"/>',
        "fast": '<SpeedCondition value="5" rule="greaterThan"/>',
        "went": '<TraveledDistanceCondition value="20"/>',
        "headway": '<TimeHeadwayCondition entityRef="third" value="3" freespace="true" '
        'rule="lessThan"/>',
        "ttc": '<TimeToCollisionCondition value="3" freespace="true" rule="lessThan">'
        '<TimeToCollisionConditionTarget><EntityRef entityRef="third"/>'
        "</TimeToCollisionConditionTarget></TimeToCollisionCondition>",
        "touch": '<CollisionCondition><EntityRef entityRef="third"/></CollisionCondition>',
        "near": '<RelativeDistanceCondition entityRef="third" value="10" freespace="true" '
        'relativeDistanceType="euclidianDistance" rule="lessThan"/>',
    }
    third = (
        '<Private entityRef="third"><PrivateAction><TeleportAction><Position>'
        '<RelativeRoadPosition entityRef="hero" ds="130" dt="0"/></Position></TeleportAction>'
        "</PrivateAction></Private>"
    )
    marks = "".join(
        event(name, '<ActivateControllerAction lateral="true"/>', by(body))
        for name, body in pairs.items()
    )
    told = stage(event("go", speed(10.0), at(2.0)) + marks, entities=entity("third"), init=third)
    when = {}
    while told.world.time < 13.0:
        told.to(told.world.time + DT)
        for name in pairs:
            if name not in when and told.state(name) == "completeState":
                when[name] = told.world.time
    # 100 m to go at 10 m/s from 2 s on, minus 4.5 m of two half cars: 95.5 m.
    expected = {"stood": 1.0, "fast": 2.1, "went": 4.0, "headway": 2.0 + 6.55, "ttc": 2.0 + 6.55}
    expected |= {"near": 2.0 + 8.55, "touch": 2.0 + 9.55}
    for name, time in expected.items():
        assert when[name] == pytest.approx(time, abs=0.12), name


def test_a_story_can_drive_the_ego_itself(write: Callable[..., Path], carriden: Town) -> None:
    ahead = '<LanePosition roadId="12" laneId="-2" s="200"/>'
    path = write(event("go", speed(8.0, "linear", 2.0), at(0.0)), actors="hero", other=ahead)
    text = path.read_text("utf-8").replace("external_control", "npc_vehicle_control")
    path.write_text(text, "utf-8")
    told = Told(path, carriden)  # whose agent brakes all the time
    assert any("drives hero itself" in what for what in told.scenario.missing)
    told.to(6.0)
    assert told.world.speed == pytest.approx(8.0, abs=0.5)
    assert told.stage.ego.travelled == pytest.approx(8.0 + 32.0, abs=0.5)
    hero = told.stage.ego.pose
    assert math.hypot(told.world.actors[0, 0] - hero.x, told.world.actors[0, 1] - hero.y) < 0.1


def test_the_autopilot_keeps_behind_who_stands(stage: Callable[..., Told]) -> None:
    third = (
        '<Private entityRef="third"><PrivateAction><TeleportAction><Position>'
        '<RelativeRoadPosition entityRef="hero" ds="130" dt="0"/></Position></TeleportAction>'
        "</PrivateAction></Private>"
    )
    go = event("go", '<ActivateControllerAction longitudinal="true" lateral="true"/>', at(0.0))
    told = stage(go, entities=entity("third"), init=third)
    assert told.to(8.0).player().speed > 6.0
    told.to(30.0)
    gap = 100.0 - told.player().travelled - 4.5
    assert told.player().speed < 0.2
    assert 1.0 < gap < 5.0


def test_parameters_and_expressions_are_put_in(stage: Callable[..., Told]) -> None:
    declared = (
        '<ParameterDeclaration name="v" parameterType="double" value="3"/>'
        '<ParameterDeclaration name="w" parameterType="double" value="${$v * 2 + 1}"/>'
    )
    go = speed(0.0).replace('value="0.0"/></SpeedActionTarget>', 'value="$w"/></SpeedActionTarget>')
    told = stage(event("go", go, at(0.0)), parameters=declared)
    assert told.to(0.5).player().speed == 7.0


def test_setting_a_parameter_is_seen_by_conditions(stage: Callable[..., Told]) -> None:
    declared = '<ParameterDeclaration name="n" parameterType="double" value="1"/>'
    add = (
        '<GlobalAction><ParameterAction parameterRef="n"><ModifyAction><Rule><AddValue value="2"/>'
        "</Rule></ModifyAction></ParameterAction></GlobalAction>"
    )
    sees = condition(
        '<ByValueCondition><ParameterCondition parameterRef="n" value="3" rule="equalTo"/>'
        "</ByValueCondition>"
    )
    told = stage(event("add", add, at(1.0)) + event("go", speed(4.0), sees), parameters=declared)
    assert told.to(0.9).player().speed == 0.0
    assert told.to(1.2).player().speed == 4.0


def test_the_storyboard_ends_by_its_stop_trigger(stage: Callable[..., Told]) -> None:
    told = stage(event("go", speed(4.0), at(50.0)), stop=at(2.0))
    assert told.to(1.9).telling.over is None
    assert "stop trigger" in (told.to(2.2).telling.over or "")


def test_nobody_goes_through_others_and_walkers_keep_away(stage: Callable[..., Told]) -> None:
    third = (
        '<Private entityRef="third"><PrivateAction><TeleportAction><Position>'
        '<RelativeRoadPosition entityRef="hero" ds="60" dt="0"/></Position></TeleportAction>'
        "</PrivateAction></Private>"
    )
    told = stage(event("go", speed(10.0), at(0.0)), entities=entity("third"), init=third).to(5.0)
    gap = told.player("third").pose.x - told.player().pose.x
    away = math.hypot(gap, told.player("third").pose.y - told.player().pose.y)
    assert away == pytest.approx(4.5, abs=0.5)  # it ran into the other, and stands there
    assert told.player().speed == 0.0
    assert told.player("third").travelled == 0.0
    walker = (
        '<ScenarioObject name="third"><Pedestrian name="walker.pedestrian.0001" mass="80" '
        'pedestrianCategory="pedestrian"><BoundingBox><Center x="0" y="0" z="0"/><Dimensions '
        'width="2" length="4" height="1"/></BoundingBox></Pedestrian></ScenarioObject>'
    )
    aside = (
        '<Private entityRef="third"><PrivateAction><TeleportAction><Position>'
        '<RelativeObjectPosition entityRef="hero" dx="30" dy="4"><Orientation type="relative" '
        f'h="{-math.pi / 2}"/></RelativeObjectPosition></Position></TeleportAction>'
        "</PrivateAction></Private>"
    )
    told = stage(event("go", speed(1.5), at(0.0)), entities=walker, init=aside, actors="third")
    told.to(6.0)
    assert told.player("third").speed == 0.0
    # 4 m, less 0.8 m, half a car of 1.9 m and half a walker of 0.5 m.
    assert told.player("third").travelled == pytest.approx(4.0 - 0.8 - 0.95 - 0.25, abs=0.1)
