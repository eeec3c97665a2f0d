"""Events, conditions and who drives, in files of our own on a straight road."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from roadworthy.sim.town import Town

from .scripts import at, condition, entity, event
from .told import DT, Told, speed


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
