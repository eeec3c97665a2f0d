from __future__ import annotations

from pathlib import Path

import pytest

from roadworthy.agents.evaluation.about import sensors_of
from roadworthy.agents.evaluation.drive import Filming, SensorsError, drive
from roadworthy.agents.evaluation.routes import load_routes, random_route, suite_routes
from roadworthy.agents.evaluation.tasks import make_tasks
from roadworthy.agents.evaluation.video import VideoWriter
from roadworthy.agents.expert import ExpertAgent
from roadworthy.agents.simple import BrakeAgent, RandomAgent
from roadworthy.sim.errors import MapError, RouteError, SettingsError
from roadworthy.sim.road.route import Route
from roadworthy.sim.road.towns import load_town, town_names
from roadworthy.sim.scenario.scenario import Scenario
from roadworthy.sim.sensors.specs import CameraSpec, SensorRig
from roadworthy.sim.town import Town
from roadworthy.sim.world.settings import WorldSettings
from roadworthy.sim.world.world import World

SETTINGS = WorldSettings(vehicles=10, walkers=4, blocked_time=5.0)


@pytest.fixture(scope="module")
def town() -> Town:
    return load_town("Marlow")


@pytest.fixture(scope="module")
def routes() -> list[Route]:
    return suite_routes("quick")[:3]


def given(routes: list[Route]) -> list[Scenario]:
    return [Scenario(route, SETTINGS) for route in routes]


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


def test_a_world_is_closed_where_the_agents_sensors_are_invalid(
    town: Town, routes: list[Route]
) -> None:
    class Odd(BrakeAgent):
        def rig(self) -> SensorRig:
            return SensorRig(cameras=(CameraSpec(width=0),))

    closed: list[bool] = []

    class Noted(World):
        def close(self) -> None:
            closed.append(True)

    with pytest.raises(SensorsError):
        drive(Odd(), town, Scenario(routes[0], SETTINGS), open_world=Noted.of)
    assert closed == [True]
