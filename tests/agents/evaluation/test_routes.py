"""Scenarios by what the user says: suites as files, files of all kinds, options on top."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from roadworthy.agents.evaluation.drive import drive
from roadworthy.agents.evaluation.evaluate import make_tasks
from roadworthy.agents.evaluation.routes import (
    load_scenarios,
    overridden,
    suite_file,
    suite_names,
)
from roadworthy.agents.registry import make_agent
from roadworthy.sim.errors import InputError, MapError, RouteError, SettingsError
from roadworthy.sim.road.routing import random_routes
from roadworthy.sim.road.towns import load_network_of, load_town, town_names
from roadworthy.sim.scenario.compile import build_route
from roadworthy.sim.scenario.scenario import Scenario
from roadworthy.sim.scenario.told import DIFFERS, told
from roadworthy.sim.weather import PRESETS, Weather
from roadworthy.sim.world.columns import Actor, Mover
from roadworthy.sim.world.world import World

DATA = os.environ.get("ROADWORTHY_DATA", "")
needs_data = pytest.mark.skipif(not DATA, reason="ROADWORTHY_DATA is not set")
EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "morning.yaml"

SHIPPED = ("Rivertown", "Hillcrest", "Marlow", "Ringford", "Carriden")
# What the suites were before they were files: how many routes [m, m] of which town.
BEFORE = {
    "quick": (("Marlow",), 4, 180.0, 450.0),
    "held-out": (("Marlow",), 20, 180.0, 450.0),
    "standard": (("Marlow", "Rivertown", "Hillcrest"), 10, 180.0, 450.0),
    "towns": (SHIPPED, 20, 300.0, 800.0),
    "carla": (("Town01", "Town02", "Town03", "Town04", "Town10HD"), 20, 300.0, 800.0),
}


@pytest.mark.parametrize("name", BEFORE)
def test_a_suite_has_the_routes_that_it_always_had(name: str) -> None:
    towns, count, low, high = BEFORE[name]
    if name == "carla" and not DATA:
        pytest.skip("ROADWORTHY_DATA is not set")
    found = load_scenarios(name, Path(DATA) / "maps" if DATA else None)
    wanted = []
    for town in towns:
        network = load_network_of(town, Path(DATA) / "maps" if DATA else None)
        drawn = random_routes(network, count, 9_000_001, min_length=low, max_length=high)
        wanted += [(f"{town}_{k}", route.points.tobytes()) for k, route in enumerate(drawn)]
    assert [(s.id, s.route.points.tobytes()) for s in found] == wanted
    assert {scenario.drawn for scenario in found} == {"standard" if name == "towns" else "none"}


def test_the_suite_ci_has_something_of_everything() -> None:
    found = load_scenarios("ci")
    assert {scenario.town for scenario in found} == set(town_names())
    assert len({event.kind for s in found for event in s.events}) >= 6
    assert len({s.world_settings().weather for s in found}) >= 5
    assert any(scenario.weathers for scenario in found)
    assert sum(scenario.route.length for scenario in found) < 2000.0  # [m] fast
    for scenario in found:
        build_route(load_network_of(scenario.town), scenario.route, scenario.events)


def test_a_copy_of_a_suite_is_the_suite(tmp_path: Path) -> None:
    assert suite_names()[:2] == ["ci", "quick"]
    copy = tmp_path / "my.yaml"
    copy.write_bytes(suite_file("ci").read_bytes())
    own, shipped = load_scenarios(str(copy)), load_scenarios("ci")
    assert [s.fingerprint() for s in own] == [s.fingerprint() for s in shipped]
    assert (own[0].source, shipped[0].source) == (str(copy), "ci")
    with pytest.raises(SettingsError, match="no suite 'nope'; there are ci, quick"):
        suite_file("nope")


def test_one_scenario_of_a_suite_or_file_is_chosen_by_its_id() -> None:
    (scenario,) = load_scenarios("quick#Marlow_2")
    assert scenario.fingerprint() == load_scenarios("quick")[2].fingerprint()
    with pytest.raises(InputError, match="no scenario has the id 'Marlow_9'"):
        load_scenarios("quick#Marlow_9")
    with pytest.raises(RouteError, match="no route file"):
        load_scenarios("nope.yaml")


def test_a_fingerprint_changes_with_anything_that_makes_the_drive() -> None:
    (scenario,) = load_scenarios("ci#hard-brake")
    others = [
        overridden(scenario, vehicles=3),
        overridden(scenario, weather=PRESETS["ClearNight"]),
        overridden(scenario, events="standard"),
        load_scenarios("ci#roundabout")[0],
    ]
    prints = {other.fingerprint() for other in [scenario, *others]}
    assert len(prints) == 1 + len(others)
    assert overridden(scenario).fingerprint() == scenario.fingerprint()


def test_options_replace_what_a_file_says() -> None:
    (scenario,) = load_scenarios(f"{EXAMPLE}#school-run")
    assert scenario.settings.vehicles == 25
    assert len(scenario.weathers) == 2
    other = overridden(scenario, vehicles=0, walkers=1, weather=Weather(), events="none")
    assert (other.settings.vehicles, other.settings.walkers) == (0, 1)
    assert (other.weathers, other.events, other.drawn) == ((), (), "none")
    assert other.settings.no_look_share == 0.05  # what was not given stays
    with pytest.raises(SettingsError, match="no event Nope"):
        overridden(scenario, events="Nope")


def test_a_scenario_is_driven_with_its_own_seeds_unless_the_user_gives_some() -> None:
    own, silent = load_scenarios(f"{EXAMPLE}#school-run")[0], load_scenarios("ci#roundabout")[0]
    tasks = make_tasks([own, silent])
    assert [(t.index, t.route.id, t.repetition, t.seed) for t in tasks] == [
        (0, "school-run", 0, 1),
        (1, "school-run", 1, 2),
        (2, "roundabout", 0, 0),
    ]
    assert [t.seed for t in make_tasks([own, silent], 2)] == [0, 1, 0, 1]
    assert [t.seed for t in make_tasks([own, silent], None, 7)] == [7, 7]


def test_results_tell_what_scenarios_share_and_what_each_has() -> None:
    found = load_scenarios("ci")
    what = told([*found, *found])
    assert len(what["scenarios"]) == len(found)
    assert what["settings"]["vehicles"] == 16
    assert what["settings"]["weather"] == DIFFERS
    assert what["events"] == "none"
    assert what["scenarios"][0]["events"] == [{"kind": "ParkedObstacleTwoWays", "s": 25.0}]


def test_the_example_of_the_docs_happens_as_it_says() -> None:
    first, second = load_scenarios(str(EXAMPLE))
    assert (first.id, second.id) == ("school-run", "across-town")
    assert first.settings.no_look_share == second.settings.no_look_share == 0.05
    assert second.settings.blocked_time == 60.0
    town = load_town("Rivertown")
    for scenario, happens in ((first, 1), (second, 2)):
        result = drive(make_agent("expert"), town, scenario, seed=1, time_limit=8.0)
        assert len(result.events) >= happens
        assert result.score.route > 2.0
    assert result.missing == ()


def moments(scenario: Scenario, map_dir: Path) -> list[tuple[float, float, int]]:
    """(share driven, cloudiness, actors of events) at every step of the expert's drive."""
    from roadworthy.agents.evaluation.drive import DriveObserver
    from roadworthy.agents.evaluation.tally import Tally

    seen: list[tuple[float, float, int]] = []

    class Looking(DriveObserver):
        def stepped(self, world: World, tally: Tally) -> None:
            staged = (world.actors[:, Actor.MOVER] == Mover.EVENT) & (
                world.actors[:, Actor.ALIVE] > 0
            )
            seen.append((tally.completion, float(world.batch.weather[0, 0]), int(staged.sum())))

    drive(
        make_agent("expert"),
        load_town(scenario.town, map_dir),
        scenario,
        observers=[Looking()],
        time_limit=100.0,
    )
    return seen


@needs_data
def test_weather_and_events_of_a_route_file_really_happen(tmp_path: Path) -> None:
    maps, source = Path(DATA) / "maps", Path(DATA) / "routes" / "routes_town10.xml"
    text = (
        source.read_text().replace("<!--", "").replace("-->", "")
    )  # its weathers are in a comment
    text = text.replace(
        'route_percentage="100"\n            cloudiness="5.0"',
        'route_percentage="100" cloudiness="95.0"',
    )
    path = tmp_path / "weathered.xml"
    path.write_text(text)
    (scenario,) = load_scenarios(str(path), maps)
    assert [weather.cloudiness for _, weather in scenario.weathers] == [5.0, 95.0]
    seen = moments(scenario, maps)
    far = max(seen)
    assert far[0] > 50.0
    assert far[1] == pytest.approx(5.0 + 0.9 * far[0], abs=3.0)
    assert max(staged for _, _, staged in seen) >= 2


@needs_data
def test_a_file_whose_town_is_missing_says_which_routes_need_it() -> None:
    path = Path(DATA) / "routes" / "routes_devtest.xml"
    with pytest.raises(MapError, match=r"devtest.xml: routes 0, 1: unknown town 'Town12'"):
        load_scenarios(str(path), Path(DATA) / "maps")


@needs_data
def test_all_routes_of_longest6_have_their_weather() -> None:
    found = load_scenarios(
        str(Path(DATA) / "routes" / "longest6_town01-03.xml"), Path(DATA) / "maps"
    )
    assert len(found) == 18
    assert all(s.weathers == () and s.missing == () for s in found)
    assert found[0].settings.weather.precipitation == 30.0
    assert len({s.world_settings().weather for s in found}) == 18
