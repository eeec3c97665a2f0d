from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from roadworthy.agents.evaluation.drive import Filming, drive
from roadworthy.agents.evaluation.evaluate import evaluate, make_tasks, sensors_of
from roadworthy.agents.evaluation.routes import load_routes, random_route, suite_routes
from roadworthy.agents.evaluation.video import VideoWriter
from roadworthy.agents.expert import ExpertAgent
from roadworthy.agents.simple import BrakeAgent, RandomAgent
from roadworthy.sim.errors import InputError, MapError, RouteError, SettingsError
from roadworthy.sim.frame import Control
from roadworthy.sim.road.route import Route
from roadworthy.sim.road.towns import load_town, town_names
from roadworthy.sim.scenario.scenario import Scenario
from roadworthy.sim.town import Town
from roadworthy.sim.world.settings import WorldSettings

SETTINGS = WorldSettings(vehicles=10, walkers=4, blocked_time=5.0)


@pytest.fixture(scope="module")
def town() -> Town:
    return load_town("Marlow")


@pytest.fixture(scope="module")
def routes() -> list[Route]:
    return suite_routes("quick")[:3]


class Clumsy(BrakeAgent):
    """Does something wrong on one route, and brakes on the others."""

    name = "clumsy"

    def __init__(self, route: str, act: Any) -> None:
        self._bad, self._do, self._now = route, act, ""

    def start(self, town: Town, route: Route, seed: int) -> None:
        self._now = route.id

    def act(self, frame: Any, truth: Any) -> Control:
        return self._do() if self._now == self._bad else Control(brake=1.0)


def given(routes: list[Route]) -> list[Scenario]:
    return [Scenario(route, SETTINGS) for route in routes]


def raise_error() -> Control:
    raise ValueError("what now?")


def interrupt() -> Control:
    raise KeyboardInterrupt


def test_the_expert_arrives(town: Town, routes: list[Route]) -> None:
    result = drive(ExpertAgent(), town, Scenario(routes[1], SETTINGS))
    assert result.status in ("Perfect", "Completed")
    assert result.score.route == 100.0
    assert result.duration_game > routes[1].length / 20.0


def test_the_same_seed_drives_the_same_way_and_another_one_does_not(
    town: Town, routes: list[Route]
) -> None:
    def path(seed: int) -> str:
        done = drive(RandomAgent(), town, Scenario(routes[0], SETTINGS), seed=seed, time_limit=8.0)
        return done.trajectory

    assert path(1) == path(1)
    assert path(1) != path(2)


def test_a_camera_that_watches_does_not_change_the_drive(
    town: Town, routes: list[Route], tmp_path: Path
) -> None:
    agent = ExpertAgent()
    blind = drive(agent, town, Scenario(routes[0], SETTINGS), time_limit=2.0)
    with VideoWriter(tmp_path / "drive.webm") as video:
        seen = drive(
            agent, town, Scenario(routes[0], SETTINGS), observers=[Filming(video)], time_limit=2.0
        )
    assert (tmp_path / "drive.webm").stat().st_size > 1000
    assert seen.trajectory == blind.trajectory


def test_who_stands_on_the_brake_gets_blocked(town: Town, routes: list[Route]) -> None:
    result = drive(BrakeAgent(), town, Scenario(routes[0], SETTINGS))
    assert result.status == "Failed - Agent got blocked"
    assert len(result.infractions["vehicle_blocked"]) == 1
    assert result.score.composed < 2.0


@pytest.mark.parametrize("act", [raise_error, lambda: Control(throttle=math.nan), lambda: None])
def test_an_agent_that_fails_ends_its_route_and_the_others_go_on(
    town: Town, routes: list[Route], tmp_path: Path, act: Any
) -> None:
    agent = Clumsy(routes[1].id, act)
    total, records = evaluate(agent, make_tasks(given(routes), 1), lambda _: town, tmp_path)
    assert [record.status for record in records] == [
        "Failed - Agent got blocked",
        "Failed - Agent crashed",
        "Failed - Agent got blocked",
    ]
    assert total.status == "Failed"
    page = (tmp_path / "report.html").read_text()
    assert page.count('<g class="route">') == 3
    assert page.count('<a class="incident') == 2  # a crash of the agent is no infraction


def test_an_interrupted_evaluation_ends_as_if_it_had_not_been(
    town: Town, routes: list[Route], tmp_path: Path
) -> None:
    def run(out: Path, agent: Any) -> Any:
        evaluate(agent, make_tasks(given(routes), 2), lambda _: town, out)

    run(tmp_path / "whole", Clumsy("", None))
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "parts", Clumsy(routes[1].id, interrupt))
    begun = json.loads((tmp_path / "parts" / "results.json").read_text())
    assert begun["_checkpoint"]["progress"] == [2, 6]
    assert begun["entry_status"] == "Started"
    run(tmp_path / "parts", Clumsy("", None))

    def read(name: str) -> Any:
        records = json.loads((tmp_path / name / "results.json").read_text())["_checkpoint"]
        for record in [*records["records"], records["global_record"]]:
            del record["meta"]["duration_system"]
        return records

    assert read("whole") == read("parts")


def test_results_of_other_settings_are_not_mixed(
    town: Town, routes: list[Route], tmp_path: Path
) -> None:
    evaluate(BrakeAgent(), make_tasks(given(routes[:1]), 1), lambda _: town, tmp_path)
    with pytest.raises(InputError, match="settings differ"):
        evaluate(BrakeAgent(), make_tasks([Scenario(routes[0])], 1), lambda _: town, tmp_path)


def test_tasks_are_every_route_with_every_seed(routes: list[Route]) -> None:
    tasks = make_tasks(given(routes), 2, seed=5)
    assert [(t.index, t.repetition, t.seed) for t in tasks[:3]] == [(0, 0, 5), (1, 1, 6), (2, 0, 5)]
    with pytest.raises(SettingsError):
        make_tasks(given(routes), 0)
    many = make_tasks(given(routes), 10_000, seed=2**63 - 10_000)
    assert (len(many), many[-1].seed) == (30_000, 2**63 - 1)
    with pytest.raises(SettingsError, match="goes beyond"):
        make_tasks(given(routes), 10_000, seed=2**63 - 9_999)
    with pytest.raises(SettingsError, match="double"):
        make_tasks(given([routes[0], routes[0]]), 1)


def test_sensors_are_named_as_the_leaderboard_does() -> None:
    assert sensors_of(ExpertAgent()) == []


def test_a_suite_is_the_same_every_time() -> None:
    first, again = suite_routes("quick"), suite_routes("quick")
    assert [r.id for r in first] == ["Marlow_0", "Marlow_1", "Marlow_2", "Marlow_3"]
    assert all((a.points == b.points).all() for a, b in zip(first, again, strict=True))


@pytest.mark.parametrize(
    ("which", "says"),
    [
        ("nowhere.xml", "no route file 'nowhere.xml' and no suite"),
        ("{broken}", "not well-formed"),
        ("{far}", "from the nearest lane of Marlow"),
        ("{far}#9", "'9'"),
    ],
)
def test_a_route_that_cannot_be_driven_is_told(which: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "broken.xml").write_text("<routes><route id='1'")
    (tmp_path / "far.xml").write_text(
        "<routes><route id='1' town='Marlow'><waypoints><position x='9e5' y='0' z='0'/>"
        "<position x='9e5' y='50' z='0'/></waypoints></route></routes>"
    )
    spec = which.format(broken=tmp_path / "broken.xml", far=tmp_path / "far.xml")
    with pytest.raises(RouteError, match=says):
        load_routes(spec)


def test_an_unknown_town_is_told() -> None:
    with pytest.raises(MapError, match="Marlow"):
        random_route("Atlantis", 0)


def test_the_suite_of_towns_has_routes_in_every_shipped_town() -> None:
    assert {route.town for route in suite_routes("towns")} == set(town_names())


def test_carlas_suite_says_which_map_is_missing(tmp_path: Path) -> None:
    with pytest.raises(MapError, match="Town01"):
        load_routes("carla", tmp_path)
