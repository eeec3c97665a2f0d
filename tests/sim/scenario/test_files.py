"""Scenario files: what they say is driven, and what is wrong with one is said with its line."""

from __future__ import annotations

import contextlib
import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.sim.errors import InputError, RoadworthyError
from roadworthy.sim.road.routing import random_routes
from roadworthy.sim.road.towns import load_network_of
from roadworthy.sim.scenario.files import read_entries, read_scenarios
from roadworthy.sim.scenario.kinds import EventKind
from roadworthy.sim.scenario.spec import Spec, checked
from roadworthy.sim.scenario.yaml_lines import Lined, parse_yaml
from roadworthy.sim.weather import PRESETS
from roadworthy.sim.world.settings import WorldSettings

HEAD = "town: Marlow\nroute: {random: {seed: 1}}\n"  # two lines


def written(folder: Path, text: str) -> Path:
    path = folder / "my.yaml"
    path.write_text(text, "utf-8")
    return path


def error_of(folder: Path, text: str) -> str:
    with pytest.raises(RoadworthyError) as caught:
        read_scenarios(written(folder, text), load_network_of)
    return str(caught.value).replace(f"{folder}/", "")


def test_a_file_that_says_nothing_but_town_and_route_drives_in_the_usual_world(
    tmp_path: Path,
) -> None:
    (scenario,) = read_scenarios(written(tmp_path, HEAD), load_network_of)
    drawn = random_routes(load_network_of("Marlow"), 1, 1, min_length=180.0, max_length=450.0)[0]
    assert scenario.id == "Marlow"
    assert (scenario.route.points == drawn.points).all()
    assert scenario.settings == WorldSettings()
    assert (scenario.events, scenario.drawn, scenario.weathers) == ((), "none", ())


def test_what_a_scenario_leaves_out_the_defaults_say(tmp_path: Path) -> None:
    text = """
defaults:
  town: Marlow
  route: {random: {seed: 1}}
  traffic: {vehicles: 3, jaywalk_share: 0.5}
  lights: {green_time: 7}
  weather: ClearNight
  events: standard
  seeds: [4, 5]
scenarios:
  - id: a
  - id: b
    traffic: {walkers: 2}
    weather: {preset: HardRainNoon, wetness: 30}
    events: [Accident, {kind: ControlLoss, s: 50, params: {noise: 0.1}}]
    seed: 9
"""
    a, b = read_scenarios(written(tmp_path, text), load_network_of)
    assert (a.settings.vehicles, a.settings.walkers, a.settings.jaywalk_share) == (3, 8, 0.5)
    assert (b.settings.vehicles, b.settings.walkers, b.settings.jaywalk_share) == (3, 2, 0.5)
    assert a.settings.green_time == b.settings.green_time == 7.0
    assert a.settings.weather == PRESETS["ClearNight"]
    assert b.settings.weather.wetness == 30.0
    assert b.settings.weather.precipitation == PRESETS["HardRainNoon"].precipitation
    assert (a.drawn, a.events, a.seeds) == ("standard", (), (4, 5))
    assert (b.drawn, b.seeds) == ("Accident", (9,))
    assert [(e.kind, e.s, dict(e.params)) for e in b.events] == [
        (EventKind.CONTROL_LOSS, 50.0, {"noise": 0.1})
    ]


def test_one_of_several_routes_is_the_same_as_among_all(tmp_path: Path) -> None:
    path = written(tmp_path, "town: Marlow\nroute: {random: {seed: 1, count: 3}}\n")
    every = read_scenarios(path, load_network_of)
    assert [scenario.id for scenario in every] == ["Marlow_0", "Marlow_1", "Marlow_2"]
    (one,) = read_scenarios(path, load_network_of, "Marlow_2")
    assert one.fingerprint() == every[2].fingerprint()
    with pytest.raises(InputError, match=r"no scenario has the id 'x'; there are Marlow_0, "):
        read_scenarios(path, load_network_of, "x")


def test_a_route_of_a_route_file_is_found_beside_the_scenario_file(tmp_path: Path) -> None:
    (tmp_path / "r.xml").write_text(
        '<routes><route id="7" town="Marlow"><waypoint x="{}" y="{}" z="0"/>'
        '<waypoint x="{}" y="{}" z="0"/></route></routes>'.format(
            *random_routes(load_network_of("Marlow"), 1, 1)[0].points[[0, -1], :2].ravel()
        )
    )
    text = "route: {file: 'r.xml#7'}\nweather: WetNoon\n"
    (scenario,) = read_scenarios(written(tmp_path, text), load_network_of)
    assert (scenario.id, scenario.town) == ("7", "Marlow")
    assert scenario.settings.weather == PRESETS["WetNoon"]
    assert "is Rivertown, but the route is in Marlow" in error_of(
        tmp_path, f"town: Rivertown\n{text}"
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "my.yaml is empty"),
        ("- a", "my.yaml, line 1: a scenario file is a map"),
        ("a:\n\tb: 1", "my.yaml, line 2: no YAML"),
        ("a: \x00", "my.yaml: no YAML"),
        (HEAD + "wether: x", "my.yaml, line 3: wether: there is no such key here; known are"),
        (HEAD + "traffic: {vehicle: 3}", "line 3: traffic.vehicle: there is no such key here"),
        (HEAD + "traffic: {vehicles: many}", "traffic.vehicles: is 'many'; it must be a whole"),
        (HEAD + "traffic: {vehicles: true}", "traffic.vehicles: is True; it must be a whole"),
        (HEAD + "traffic:\n  walkers: 3\n  vehicles: -4", "line 5: traffic.vehicles: "),
        (HEAD + "traffic: {no_look_share: .nan}", "traffic.no_look_share: is nan; it must be"),
        (HEAD + "limits: {deviation: 1e999}", "limits.deviation: is inf; it must be a finite"),
        (HEAD + "lights: {green_time: -1}", "line 3: lights.green_time: green_time is -1"),
        (HEAD + "town: Marlow", "line 3: the key 'town' stands twice in one map (first on line 1)"),
        (HEAD + "traffic:\n  walkers: 1\n  walkers: 2", "line 5: the key 'walkers' stands twice"),
        (HEAD + "weather: Sunny", "line 3: weather: there is no weather 'Sunny'; choose one of"),
        (HEAD + "weather: 5", "line 3: weather: is 5; it must be the name of a preset"),
        (HEAD + "weather: {cloudyness: 5}", "weather.cloudyness: there is no such key"),
        (HEAD + "weather: {cloudiness: 500}", "weather: cloudiness is 500.0; it must be in 0..100"),
        (HEAD + "weather: []", "weather: is an empty list"),
        (HEAD + "weather:\n  - {}\n  - {}", "line 4: weather[0]: has no 'route_percentage'"),
        (
            HEAD + "weather:\n  - {route_percentage: 50}\n  - {route_percentage: 20}",
            "line 5: weather[1]: route_percentage must rise",
        ),
        (HEAD + "events: Nope", "line 3: events: there is no event Nope; take none, standard"),
        (HEAD + "events: 7", "events: is 7; it must be none, standard"),
        (HEAD + "events:\n  - {kind: Accident}", "line 4: events[0].s: is missing"),
        (HEAD + "events:\n  - {kind: standard, s: 4}", "name one kind of event"),
        (HEAD + "events: [HighwayExit]", "HighwayExit is not supported"),
        (HEAD + "events: [standard, Accident]", "'standard' draws kinds itself"),
        (HEAD + "events: [{kind: Accident, s: 1e9}]", "of a route of 436"),
        (HEAD + "events: [{kind: Accident, s: 20}]", "line 3: events: route Marlow: Accident at"),
        (
            HEAD + "events:\n  - {kind: Accident, s: 9, params: {distance: 3}}",
            "line 4: events[0]: Accident: distance is 3; it must be in 40..150",
        ),
        ("town: Marlow", "my.yaml, line 1: has no 'route'"),
        ("route: {random: {seed: 1}}", "line 1: has no 'town'"),
        ("town: Marlow\nroute: x.xml", "line 2: route: is 'x.xml'; it must be a map"),
        ("town: Marlow\nroute: {}", "line 2: route: has nothing; give one of waypoints, random"),
        ("town: Marlow\nroute: {random: {}, file: x}", "route: has random and file; give one of"),
        ("town: Marlow\nroute: {waypoints: [[0, 0]]}", "waypoints: is [[0, 0]]; it must have at"),
        ("town: Marlow\nroute: {waypoints: [[0, 0], [1]]}", "waypoints[1]: a waypoint is [x, y]"),
        ("town: Marlow\nroute: {waypoints: [[0, 0], [1, a]]}", "[1][1]: is 'a'; it must be a num"),
        ("town: Marlow\nroute: {waypoints: [[0, 0], [9e4, 3]]}", "m from the nearest lane of"),
        ("route: {file: nope.xml}", "route.file: cannot read the route file nope.xml"),
        ("town: Atlantis\nroute: {random: {}}", "line 1: town: unknown town 'Atlantis'"),
        ("town: Marlow\nroute: {random: {length: [9, 5]}}", "route: routes from 9 to 5 m"),
        (
            "town: Marlow\nroute: {random: {count: 100000000}}",
            "random.count: is 100000000; it must",
        ),
        (HEAD + "seed: -1", "line 3: seed: is -1; it must be at least 0"),
        (HEAD + "seed: 1\nseeds: [1]", "line 4: seeds: give either 'seed' or 'seeds'"),
        ("scenarios: []", "scenarios: must be a list of at least one scenario"),
        ("scenarios: [3]", "scenarios[0]: must be a map of"),
        ("town: x\nscenarios: [{}]", "line 1: town: beside 'scenarios' stand 'defaults'"),
        (
            "defaults: {town: Marlow, route: {random: {}}}\nscenarios:\n  - {}\n  - {}",
            "line 4: scenarios[1]: the id 'Marlow' is that of the scenario on line 3 too",
        ),
        (
            "defaults:\n  weather: Sunny\nscenarios:\n  - {town: Marlow, route: {random: {}}}",
            "line 2: defaults.weather: there is no weather 'Sunny'",
        ),
        (HEAD + "id: ../../etc", "id: is '../../etc'; it may have letters"),
        (HEAD + "about: !!python/object:os.system x", "line 3: 'tag:yaml.org,2002:python/object"),
        (HEAD + "traffic:\n  <<: {vehicles: 3}", "line 4: a key must be plain text"),
        (HEAD + "seed: " + "9" * 5000, "is not understood"),
        (HEAD + "---\n" + HEAD, "line 3: no YAML"),
        ("a: *b", "line 1: no YAML (found undefined alias"),
        ("a: &a [*a]", "nested so deep"),
        ("{a: " * 3000, "nested too deeply"),
        ("a: " + "x" * 300_000, "has over 200,000 bytes"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_line_and_key(
    text: str, says: str, tmp_path: Path
) -> None:
    message = error_of(tmp_path, text)
    assert says in message
    assert len(message) < 1200


def test_aliases_that_unfold_to_billions_are_refused_at_once(tmp_path: Path) -> None:
    laughs = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    laughs += [f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]" for a, b in pairwise("abcdefghi")]
    begin = time.process_time()
    assert "aliases unfold" in error_of(tmp_path, "\n".join(laughs))
    assert time.process_time() - begin < 5.0


def test_what_is_no_text_or_no_file_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="byte 0 is not UTF-8"):
        read_entries(path)
    with pytest.raises(InputError, match="cannot read"):
        read_entries(tmp_path)
    with pytest.raises(InputError, match="cannot read"):
        read_entries(tmp_path / "none.yaml")


@given(st.text(max_size=60))
def test_any_text_is_values_or_a_sentence(text: str) -> None:
    with contextlib.suppress(InputError):
        lined = parse_yaml(text, "f")
        last = len(text.splitlines()) + 1
        assert all(1 <= line <= last for line in lined.lines.values())


KEYS = ["town", "route", "random", "seed", "seeds", "traffic", "vehicles", "weather", "preset"]
KEYS += ["route_percentage", "events", "kind", "s", "params", "waypoints", "scenarios", "defaults"]
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
VALUES = st.recursive(
    SCALARS | st.sampled_from(["Marlow", "standard", "ClearNoon", "Accident"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=5))
def test_any_values_are_a_spec_or_a_sentence(value: dict[str, object]) -> None:
    lined = Lined("f", value, {(): 1})
    with contextlib.suppress(InputError):
        spec = checked(Spec, lined, value, ())
        assert spec.over(Spec()) == spec
