"""The sixteen files of ScenarioRunner: what each is about happens when it is driven."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from roadworthy.agents.evaluation.drive import drive
from roadworthy.agents.recording import Replay, record
from roadworthy.agents.registry import make_agent
from roadworthy.sim.frame import Control
from roadworthy.sim.openscenario import load, story_of, validate
from roadworthy.sim.openscenario.play import OscStory, OscTelling
from roadworthy.sim.road.towns import load_town
from roadworthy.sim.weather import WeatherColumn
from roadworthy.sim.world.columns import Actor, Event, Kind, PropModel
from roadworthy.sim.world.world import World

FILES = (
    "CatalogExample",
    "ChangingWeather",
    "CyclistCrossing",
    "FollowLeadingVehicle",
    "InitAddEntityAction",
    "InitDeleteEntityAction",
    "IntersectionCollisionAvoidance",
    "LaneChangeSimple",
    "LaneOffsetActionExample",
    "OscControllerExample",
    "PedestrianCrossingFront",
    "Slalom",
    "StoryAddEntityAction",
    "StoryDeleteEntityAction",
    "SyncArrivalIntersection",
    "VehicleLateralDistance",
)
USUAL = [
    "RunningStopTest",
    "RunningRedLightTest",
    "WrongLaneTest",
    "OnSidewalkTest",
    "KeepLaneTest",
    "CollisionTest",
    "DrivenDistanceTest",
]


@pytest.mark.parametrize("name", FILES)
def test_each_file_is_checked_without_its_town_and_loads_with_it(data: Path, name: str) -> None:
    path = data / "openscenario" / f"{name}.xosc"
    assert validate(path).name == name
    scenario = load(path, data / "maps")
    assert isinstance(scenario.story, OscStory)
    assert not scenario.story.played
    assert scenario.route.length >= 400.0 - 1.0
    assert scenario.settings.vehicles == scenario.settings.walkers == 0


def test_these_are_all_files(data: Path) -> None:
    assert sorted(path.stem for path in (data / "openscenario").glob("*.xosc")) == list(FILES)


def test_a_leader_drives_slowly_and_stops(told: Callable[..., object]) -> None:
    trace = told("FollowLeadingVehicle")
    begins = trace.when("LeadingVehicleKeepsVelocity", "runningState")
    ends = trace.when("LeadingVehicleKeepsVelocity", "completeState")
    leader, hero = trace.of("adversary"), trace.of("hero")
    assert leader[: begins - 1, 3].max() == 0.0
    # Free space of 40 m between a leader of 4.79 m and a hero of 4.89 m.
    assert trace.gap("hero", "adversary")[begins] == pytest.approx(40.0 + 4.84, abs=1.0)
    assert leader[begins + 1 : ends, 3] == pytest.approx(2.0)
    assert trace.way("adversary", begins, ends) == pytest.approx(20.0, abs=0.4)
    assert leader[-1, 3] == 0.0
    assert hero[-1, 3] < 0.1
    assert 5.0 < trace.gap("hero", "adversary")[-1] < 12.0
    assert trace.times[-1] - trace.times[ends] == pytest.approx(10.0, abs=0.2)
    assert "all its maneuvers are done" in trace.telling.over
    assert list(trace.verdicts) == USUAL
    assert trace.verdicts["CollisionTest"]
    driven = trace.telling.verdicts()[-1]
    assert not driven.success
    assert driven.actual == pytest.approx(trace.way("hero", 0, len(trace.times)), abs=0.3)
    assert driven.expected == 100.0
    assert [v.name for v in trace.result.verdicts] == [f"criteria_{name}" for name in USUAL]
    assert trace.result.status == "Perfect"


def test_a_pedestrian_crosses_in_front_of_a_hero_who_stops(told: Callable[..., object]) -> None:
    trace = told("PedestrianCrossingFront")
    starts = trace.when("PedestrianStartsWalking", "runningState")
    waits = trace.when("PedestrianStopsAndWaits", "runningState")
    leaves = trace.when("PedestrianStartsWalkingAway", "runningState")
    hero, walker = trace.of("hero"), trace.of("adversary")
    assert math.hypot(hero[starts, 0] - 140.0, hero[starts, 1] - 55.0) <= 2.0
    assert walker[waits, 1] - 52.0 == pytest.approx(1.5, abs=0.01)  # 3 ticks at 10 m/s
    assert trace.times[leaves] - trace.times[waits] == pytest.approx(10.0, abs=0.2)
    assert walker[-1, 1] - walker[leaves, 1] == pytest.approx(6.5, abs=0.2)
    middle = 55.5  # of the hero's lane, which is 4 m wide
    assert abs(walker[waits, 1] - middle) <= 2.0  # half a body within
    assert walker[-1, 1] > middle + 2.0  # it has crossed the whole lane
    assert hero[waits, 0] > walker[waits, 0] + 25.0  # in front of the hero
    assert hero[waits:leaves, 3].min() < 0.05  # who slows down and stands
    assert trace.gap("hero", "adversary").min() > 1.2  # a car is 1.84 m wide
    assert trace.verdicts["CollisionTest"]
    assert trace.collisions == 0
    assert trace.weather[0][WeatherColumn.PRECIPITATION] == pytest.approx(20.0)


def test_a_cyclist_crosses_behind_the_turn(told: Callable[..., object]) -> None:
    trace = told("CyclistCrossing")
    starts = trace.when("CyclistStartsWalking", "runningState")
    ends = trace.when("CyclistStartsWalking", "completeState")
    leaves = trace.when("CyclistStartsWalkingAway", "runningState")
    assert (
        trace.gap("hero", "adversary")[starts] < 14.0 <= trace.gap("hero", "adversary")[starts - 2]
    )
    assert trace.way("adversary", starts, ends) == pytest.approx(1.5, abs=0.3)
    assert trace.times[leaves] - trace.times[ends] == pytest.approx(10.0, abs=0.2)
    cyclist = trace.of("adversary")
    assert cyclist[0, 0] == pytest.approx(95.5)
    assert cyclist[-1, 0] < 90.4  # over the lane in which it was met, whose middle is x = 92.4
    assert (np.abs(cyclist[:, 1] - 41.0) < 0.05).all()  # straight across
    row = trace.world.actors[trace.telling.stage.players["adversary"].slot]
    assert row[Actor.KIND] == Kind.BICYCLE
    assert row[Actor.LENGTH] == pytest.approx(1.64)
    assert all(trace.verdicts.values())


def test_a_vehicle_changes_lanes_past_one_that_stands(told: Callable[..., object]) -> None:
    trace = told("LaneChangeSimple")
    starts = trace.when("AdversaryAccelerates", "runningState")
    begins = trace.when("AdversaryChangesLane", "runningState")
    ends = trace.when("AdversaryChangesLane", "completeState")
    other = trace.of("adversary")
    assert trace.gap("hero", "adversary")[starts] < 40.0
    assert trace.way("adversary", starts, begins) == pytest.approx(50.0, abs=0.6)
    assert trace.way("adversary", begins, ends) == pytest.approx(25.3, abs=0.6)
    stage = trace.telling.stage
    lanes = [
        int(stage.world.network.lane_road[stage.roads.locate(x, y, 0.0, yaw).lane, 2])
        for x, y, yaw, _ in (other[begins], other[-1])
    ]
    assert lanes == [4, 5]  # to the right: lanes of the left side of a road count outward
    assert abs(stage.players["adversary"].offset) < 0.02
    assert (trace.gap("adversary", "standing") > 5.0).all()
    assert all(trace.verdicts.values())


def test_the_weather_changes_at_its_time(told: Callable[..., object]) -> None:
    trace = told("ChangingWeather")
    rain = np.array(trace.weather)[:, WeatherColumn.PRECIPITATION]
    sun = np.array(trace.weather)[:, WeatherColumn.SUN_ALTITUDE_ANGLE]
    times = np.array(trace.times)
    assert (rain[times < 20.0] == 0.0).all()
    assert rain[times > 20.15] == pytest.approx(90.0)
    assert np.array(trace.weather)[-1, WeatherColumn.WETNESS] == pytest.approx(90.0)
    # Both are animated: the sun stands where it does on 1 January over the town.
    assert (sun[times < 20.0] > 10.0).all()
    assert (sun[times > 20.15] < -10.0).all()
    assert len(np.unique(sun[times < 20.0])) > 10  # and moves on
    assert trace.telling.over is None  # the file waits for ten million seconds
    assert trace.result.status == "Perfect"


def test_entities_are_added_and_deleted_at_the_beginning(told: Callable[..., object]) -> None:
    trace = told("InitAddEntityAction")
    first = trace.seen[0]
    assert first["adversary2"][0] - 150.0 == pytest.approx(120.0, abs=0.2)
    assert first["adversary3"][0] - first["adversary2"][0] == pytest.approx(30.0, abs=0.2)
    assert first["adversary2"][1] == pytest.approx(first["adversary"][1], abs=0.1)
    deleted = told("InitDeleteEntityAction")
    assert set(deleted.seen[0]) == set(deleted.seen[-1]) == {"hero", "adversary"}
    assert (deleted.world.actors[1:, Actor.ALIVE] > 0.0).sum() == 1


def test_entities_are_added_by_the_story(told: Callable[..., object]) -> None:
    trace = told("StoryAddEntityAction")
    assert set(trace.seen[0]) == {"hero", "adversary"}
    begins = trace.when("LeadingVehicleKeepsVelocity", "runningState")
    for name, action, after, base, ahead in (
        ("adversary2", "AddEntityA2", 10.0, "hero", 120.0),
        ("C1", "AddEntityC1", 20.0, "adversary", 100.0),
    ):
        appears = next(i for i, seen in enumerate(trace.seen) if name in seen)
        assert appears == trace.when(action, "completeState")
        assert trace.way("adversary", begins - 1, appears) == pytest.approx(after, abs=0.8)
        there = trace.of(name)[appears, 0] - trace.of(base)[appears, 0]
        assert there == pytest.approx(ahead, abs=1.5)
    row = trace.world.actors[trace.telling.stage.players["C1"].slot]
    assert (row[Actor.KIND], row[Actor.COLOR]) == (Kind.PROP, PropModel.CRATE)


def test_entities_are_deleted_by_the_story_and_the_leader_drives_on(
    told: Callable[..., object],
) -> None:
    trace = told("StoryDeleteEntityAction")
    assert {"adversary2", "adversary3"} <= set(trace.seen[0])
    gone = trace.when("DeleteEntityA2", "completeState")
    assert {"adversary2", "adversary3"} & set(trace.seen[gone]) == set()
    assert (trace.world.actors[1:, Actor.ALIVE] > 0.0).sum() == 1
    # The events of one maneuver overwrite each other, but not what does not contradict.
    ends = trace.when("LeadingVehicleKeepsVelocity", "completeState")
    begins = trace.when("LeadingVehicleKeepsVelocity", "runningState")
    assert ends > gone
    assert trace.way("adversary", begins, ends) == pytest.approx(50.0, abs=0.8)
    assert trace.of("adversary")[-1, 3] == 0.0


@pytest.mark.parametrize("name", ["IntersectionCollisionAvoidance", "SyncArrivalIntersection"])
def test_two_arrive_at_the_intersection_at_the_same_time(
    told: Callable[..., object], name: str
) -> None:
    trace = told(name)
    ends = trace.when("ActorSynchronization", "completeState")
    hero, other = trace.of("hero")[ends], trace.of("adversary")[ends]
    assert math.hypot(hero[0] - 103.0, hero[1] - 55.0) < 1.5
    assert math.hypot(other[0] - 92.0, other[1] - 63.8) < 2.0
    assert other[3] == pytest.approx(hero[3] + 3.0, abs=0.5)
    starts = trace.when("ActorSynchronization", "runningState")
    if name == "SyncArrivalIntersection":
        assert math.hypot(*(trace.of("hero")[starts, :2] - (92.5, 91.0))) < 52.0
    assert trace.way("adversary", starts, ends) > 24.0
    assert trace.verdicts["CollisionTest"]
    assert trace.verdicts["RunningRedLightTest"]


def test_a_vehicle_keeps_its_offset_and_speeds_up(told: Callable[..., object]) -> None:
    straight, shifted = told("OscControllerExample"), told("LaneOffsetActionExample")
    for trace in (straight, shifted):
        begins = trace.when("LeadingVehicleKeepsVelocity", "runningState")
        other = trace.of("adversary")
        assert trace.gap("hero", "adversary")[begins] == pytest.approx(20.0, abs=0.6)
        assert other[: begins - 1, 3] == pytest.approx(1.0)
        assert other[begins + 1, 3] == pytest.approx(10.0)
    middle = 133.45
    assert (straight.of("adversary")[:50, 1] - middle) == pytest.approx(-0.45, abs=0.05)
    offsets = shifted.of("adversary")[:50, 1] - middle
    # 2 m at up to 1 m/s^2 take 2 * sqrt(2 m / 1 m/s^2) = 2.8 s.
    times = np.array(shifted.times)[:50]
    assert offsets[0] > -0.6
    assert offsets[times > 2.9] == pytest.approx(-2.45, abs=0.05)
    assert offsets[np.argmin(np.abs(times - 1.414))] == pytest.approx(-1.45, abs=0.1)
    assert "LaneOffsetAction of hero (line 92)" in shifted.result.missing[0]


def test_a_vehicle_keeps_beside_another(told: Callable[..., object]) -> None:
    trace = told("VehicleLateralDistance")
    begins = trace.when("LateralDistanceActionEtity", "runningState")
    other, hero = trace.of("adversary"), trace.of("hero")
    settled = slice(begins + 45, begins + 80)  # 2.7 m at 1 m/s^2 and 2 m/s take under 4 s
    assert (other[settled, 1] - hero[settled, 1]) == pytest.approx(-2.0, abs=0.1)
    aside = np.diff(other[begins : begins + 45, 1]) / 0.1
    assert np.abs(aside).max() < 2.05
    assert np.abs(np.diff(aside) / 0.1).max() < 1.6
    assert "EndCondition" in trace.telling.over
    assert all(trace.verdicts.values())


def test_catalogs_give_the_cast_the_weather_and_the_autopilot(told: Callable[..., object]) -> None:
    trace = told("CatalogExample")
    stage = trace.telling.stage
    rows = {n: trace.world.actors[p.slot] for n, p in stage.players.items() if n != "hero"}
    assert rows["vehicle"][Actor.COLOR] == 7  # 255,255,0 by parameter is nearest to the yellow
    assert rows["vehicle2"][Actor.COLOR] == 5  # 122,122,122
    assert rows["adversary"][Actor.KIND] == Kind.WALKER
    assert (rows["barrier1"][Actor.KIND], rows["barrier1"][Actor.COLOR]) == (
        Kind.PROP,
        PropModel.BARRIER,
    )
    assert trace.weather[0][WeatherColumn.SUN_ALTITUDE_ANGLE] == pytest.approx(math.degrees(1.5))
    vehicle, walker = trace.of("vehicle"), trace.of("adversary")
    starts = trace.when("PedestrianStartsWalking", "runningState")
    assert vehicle[starts, 0] == pytest.approx(140.0, abs=1.2)
    waits = trace.when("PedestrianStopsAndWaits", "runningState")
    leaves = trace.when("PedestrianStartsWalkingAway", "runningState")
    assert 3.0 <= walker[waits, 1] - 52.0 <= 3.6
    # The walker stands in the lane, and the autopilot brakes for it.
    assert vehicle[waits, 3] > 4.0
    assert vehicle[leaves, 3] < 2.5
    assert (vehicle[:leaves, 0] - walker[:leaves, 0]).min() > 2.5
    assert np.abs(np.diff(vehicle[:, 0])).max() < 1.2  # it drives and does not jump
    assert "EndCondition" in trace.telling.over
    assert trace.verdicts == {"CollisionTest": True}


class _Slalom:
    """Drives through gates by pure pursuit, at walking pace."""

    def __init__(self) -> None:
        gates = [(92.4, 314.0), (92.4, 297.0), (93.6, 290.0), (93.6, 287.0), (90.4, 279.5)]
        gates += [(90.4, 277.0), (93.7, 269.5), (93.7, 266.0), (92.4, 258.0), (92.4, 180.0)]
        ys = np.arange(314.0, 180.0, -0.5)
        xs = np.interp(-ys, [-g[1] for g in gates], [g[0] for g in gates])
        smooth = np.convolve(np.pad(xs, 4, "edge"), np.ones(9) / 9.0, "valid")
        self._line = np.stack([smooth, ys], 1)

    def control(self, row: np.ndarray, speed: float) -> Control:
        x, y, yaw = (float(row[c]) for c in (Actor.X, Actor.Y, Actor.YAW))
        away = np.hypot(*(self._line - (x, y)).T)
        near = int(np.argmin(away))
        goal = self._line[min(near + 5, len(self._line) - 1)]
        dx, dy = goal[0] - x, goal[1] - y
        ahead = math.cos(yaw) * dx + math.sin(yaw) * dy
        aside = math.cos(yaw) * dy - math.sin(yaw) * dx
        bend = 2.0 * aside / max(ahead**2 + aside**2, 1.0)
        wheel = math.atan(2.9 * bend) / 0.7
        wish = 3.0 if y > 200.0 else 0.0
        push = 0.5 * (wish - speed)
        return Control(
            throttle=min(max(push, 0.0), 0.6),
            brake=min(max(-push, 0.0), 1.0),
            steer=min(max(wheel, -1.0), 1.0),
        )


def test_a_slalom_can_be_driven_and_ends_at_its_time(data: Path) -> None:
    scenario = load(data / "openscenario" / "Slalom.xosc", data / "maps")
    world = World.of(scenario, load_town("Town01", data / "maps"), 1)
    driver, touches = _Slalom(), 0
    while world.telling.over is None and not world.done:
        world.step(driver.control(world.actors[0], world.speed))
        touches += int(world.batch.events[0, Event.COLLISION_STATIC])
        touches += int(world.batch.events[0, Event.COLLISION_VEHICLE])
    assert isinstance(world.telling, OscTelling)
    assert "all its maneuvers are done" in world.telling.over
    assert world.time == pytest.approx(120.1, abs=0.1)
    assert touches == 0
    props = [p for p in world.telling.stage.players.values() if p.name.startswith("c")]
    assert len(props) == 5
    assert all(world.actors[p.slot, Actor.KIND] == Kind.PROP for p in props)
    verdicts = {v.name: v for v in world.telling.verdicts()}
    assert verdicts["criteria_CollisionTest"].success
    assert verdicts["criteria_DrivenDistanceTest"].actual > 100.0


def test_driving_into_a_container_fails_the_criterion(data: Path) -> None:
    scenario = load(data / "openscenario" / "Slalom.xosc", data / "maps")
    world = World.of(scenario, load_town("Town01", data / "maps"), 1)
    for _ in range(150):
        world.step(Control(throttle=0.5))
    verdicts = {v.name: v for v in world.telling.verdicts()}
    assert not verdicts["criteria_CollisionTest"].success
    assert verdicts["criteria_CollisionTest"].actual >= 1.0


def test_a_story_goes_the_same_way_again_also_from_its_texts(
    data: Path, tell: Callable[..., object], told: Callable[..., object]
) -> None:
    name = "FollowLeadingVehicle"
    first = told(name)
    scenario = load(data / "openscenario" / f"{name}.xosc", data / "maps")
    texts = dict(sorted(scenario.story.source().items(), reverse=True))
    assert "roads.json" in texts  # places by roads are found without the town's file
    town = load_town("Town01", data / "maps")
    kept = replace(scenario, story=story_of(texts, town.network))
    again = tell(kept, maps=data / "maps")
    assert again.result.trajectory == first.result.trajectory
    assert np.array_equal(again.of("adversary"), first.of("adversary"))
    assert again.telling.verdicts() == first.telling.verdicts()


def test_a_recorded_story_is_told_again_to_the_byte(data: Path, tmp_path: Path) -> None:
    scenario = load(data / "openscenario" / "CatalogExample.xosc", data / "maps")
    path = tmp_path / "catalogs.rwr"
    town = load_town("Town01", data / "maps")
    drive(make_agent("expert"), town, scenario, seed=3, observers=[record(path)])
    proof = Replay.open(path, data / "maps").prove()  # from the texts that it keeps
    assert proof.equal, proof.reason
    assert proof.ticks > 400
