"""Route files of the leaderboard: their weathers, their scenarios, and what this world lacks."""

from __future__ import annotations

import math
import os
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from roadworthy.sim.errors import RouteError
from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.road.route import Route, RoutePoint
from roadworthy.sim.road.route_files import read_routes
from roadworthy.sim.road.routing import random_routes
from roadworthy.sim.road.towns import load_network_of
from roadworthy.sim.scenario.catalogue import CATALOGUE
from roadworthy.sim.scenario.compile import BUILDERS, build, build_route
from roadworthy.sim.scenario.kinds import EventKind, Support
from roadworthy.sim.scenario.leaderboard import OLD_NAMES, params_of, scenario_of, table
from roadworthy.sim.scenario.scenario import Scenario, weather_at
from roadworthy.sim.scenario.stand import station_of
from roadworthy.sim.scenario.street import Street
from roadworthy.sim.weather import Weather
from roadworthy.sim.world.settings import WorldSettings

from .drill import TOWNS, stand

K = EventKind
DATA = os.environ.get("ROADWORTHY_DATA", "")
needs_data = pytest.mark.skipif(not DATA, reason="ROADWORTHY_DATA is not set")
DOCS = Path(__file__).resolve().parents[3] / "docs" / "scenarios.md"


@cache
def town() -> tuple[RoadNetwork, Route]:
    """Rivertown, and a route with a straight stretch of 100 m and more at its beginning."""
    network = load_network_of("Rivertown")
    return network, random_routes(network, 1, 3, min_length=150.0, max_length=240.0)[0]


def scenario(body: str, tmp_path: Path) -> Scenario:
    network, route = town()
    ends = "".join(
        f'<position x="{x}" y="{y}" z="0"/>' for x, y in route.points[[0, -1], :2].tolist()
    )
    file = tmp_path / "r.xml"
    file.write_text(
        f'<routes><route id="0" town="Rivertown"><waypoints>{ends}</waypoints>{body}'
        "</route></routes>"
    )
    return scenario_of(read_routes(file)[0], route, network, WorldSettings(), "r.xml")


def element(kind: str, s: float, inner: str = "", aside: float = 0.0, turned: float = 0.0) -> str:
    """A <scenario> whose trigger stands at `s` of the route."""
    points = town()[1].points
    row = points[int(np.searchsorted(points[:, RoutePoint.S], s))]
    x = row[RoutePoint.X] - math.sin(row[RoutePoint.YAW]) * aside
    y = row[RoutePoint.Y] + math.cos(row[RoutePoint.YAW]) * aside
    yaw = math.degrees(row[RoutePoint.YAW]) + turned
    return (
        f'<scenarios><scenario name="{kind}_1" type="{kind}">'
        f'<trigger_point x="{x}" y="{y}" z="0" yaw="{yaw}"/>{inner}</scenario></scenarios>'
    )


def test_weathers_change_along_the_route_as_the_file_says(tmp_path: Path) -> None:
    made = scenario(
        '<weathers><weather route_percentage="100" fog_density="40" cloudiness="10"/>'
        '<weather route_percentage="50" fog_density="20"/></weathers>',
        tmp_path,
    )
    assert [share for share, _ in made.weathers] == [0.5, 1.0]
    assert weather_at(made.weathers, 0.0).fog_density == 20.0
    assert weather_at(made.weathers, 0.75).fog_density == 30.0
    assert weather_at(made.weathers, 0.75).cloudiness == 30.0  # the base has 50
    assert made.world_settings().weather.fog_density == 20.0
    assert made.missing == ()


def test_a_route_without_weather_has_that_of_the_leaderboard(tmp_path: Path) -> None:
    carla = pytest.importorskip("carla")
    theirs = carla.WeatherParameters(sun_altitude_angle=70, cloudiness=50)
    made = scenario("", tmp_path)
    assert made.weathers == ()  # it does not change
    ours = made.settings.weather
    for name in Weather.__slots__:
        assert getattr(ours, name) == pytest.approx(getattr(theirs, name)), name


def test_a_weather_beyond_its_range_is_taken_as_carla_shows_it_and_told(tmp_path: Path) -> None:
    made = scenario(
        '<weather id="Odd" cloudiness="130" wetness="-5" sun_azimuth_angle="400" smog="3"/>',
        tmp_path,
    )
    weather = made.settings.weather
    assert (weather.cloudiness, weather.wetness, weather.sun_azimuth_angle) == (100.0, 0.0, 40.0)
    assert made.missing == (
        "weather 0: cloudiness 130 is taken as 100",
        "weather 0: smog is no parameter of CARLA's weather",
        "weather 0: wetness -5 is taken as 0",
    )


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ('<weather cloudiness="much"/>', "<weather> number 0: cloudiness='much' is not a number"),
        ('<weather cloudiness="nan"/>', "cloudiness='nan' is not a finite number"),
        ('<weather route_percentage="120"/>', "route_percentage='120' must be in 0..100"),
        ('<scenario name="A"/>', "<scenario> 'A' has no attribute 'type'"),
        ('<scenario type="Accident"/>', "'scenario 1' has no <trigger_point>"),
        (
            '<scenario type="Accident"><trigger_point x="a" y="1"/></scenario>',
            "'scenario 1': x='a' is not a number",
        ),
    ],
)
def test_what_is_wrong_with_a_route_is_said(body: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(RouteError, match=r"r.xml: <route id='0'>") as caught:
        scenario(body, tmp_path)
    assert says in str(caught.value)


def test_an_event_happens_where_the_file_says_though_its_trigger_stands_farther_before(
    tmp_path: Path,
) -> None:
    body = element("DynamicObjectCrossing", 88.0, '<distance value="12"/>')
    made = scenario(body, tmp_path)
    (event,) = made.events
    assert event.kind == K.DYNAMIC_OBJECT_CROSSING
    assert event.value("distance") == 40.0  # the least that we can
    assert event.s + event.value("distance") == pytest.approx(100.0, abs=1.1)
    assert made.missing == ()


def test_where_an_event_cannot_stand_it_moves_a_little_and_that_is_told(tmp_path: Path) -> None:
    made = scenario(element("DynamicObjectCrossing", 50.0, '<distance value="12"/>'), tmp_path)
    (event,) = made.events
    assert event.s + event.value("distance") == pytest.approx(47.0, abs=1.1)
    assert made.missing == (
        "DynamicObjectCrossing_1: it stands 15 m before (a junction is in the way; place it "
        "on a longer stretch)",
    )


def test_a_hard_brake_happens_at_its_trigger(tmp_path: Path) -> None:
    (event,) = scenario(element("HardBreakRoute", 80.0), tmp_path).events
    assert event.s + event.value("distance") == pytest.approx(100.0, abs=6.1)


def test_units_of_parameters_are_carried_over() -> None:
    params, ignored = params_of(
        CATALOGUE[K.HAZARD_AT_SIDE_LANE_TWO_WAYS],
        {
            "bicycle_speed": {"value": "9"},  # km/h
            "bicycle_drive_distance": {"value": "50"},
            "frequency": {"from": "40", "to": "120"},  # m, at 8 m/s
            "speed": {"value": "40"},
        },
        "here",
    )
    assert params == {"speed": 2.5, "drive_distance": 50.0, "interval": 10.0}
    assert ignored == ["speed is ignored"]
    params, ignored = params_of(
        CATALOGUE[K.SIGNALIZED_JUNCTION_LEFT_TURN],
        {"flow_speed": {"value": "16"}, "source_dist_interval": {"from": "30", "to": "50"}},
        "here",
    )
    assert (params, ignored) == ({"flow_speed": 16.0, "interval": 2.5}, [])
    red = CATALOGUE[K.OPPOSITE_VEHICLE_RUNNING_RED_LIGHT]
    assert params_of(red, {"direction": {"value": "left"}}, "here") == ({"direction": -1.0}, [])
    late = CATALOGUE[K.YIELD_TO_EMERGENCY_VEHICLE]
    assert params_of(late, {"distance": {"value": "140"}}, "here") == ({"behind": 140.0}, [])


@pytest.mark.parametrize(
    ("body", "missing"),
    [
        (element("FlyingSaucer", 50.0), "FlyingSaucer_1: left out: this world lacks scenarios of"),
        (element("HighwayExit", 50.0), "HighwayExit_1: left out: this world lacks scenarios of"),
        (element("Scenario5", 50.0), "Scenario5_1: left out: this world lacks scenarios of"),
        (element("Accident", 10.0), "Accident_1: left out: a junction is in the way"),
        (
            element("ControlLoss", 50.0, aside=9.0),
            "ControlLoss_1: left out: its trigger is 9 m from the route",
        ),
        (
            element("ControlLoss", 50.0, turned=180.0),
            "ControlLoss_1: left out: its trigger faces another way than the route",
        ),
        (
            element("ParkedObstacleTwoWays", 30.0, '<direction value="left"/><speed value="9"/>'),
            "ParkedObstacleTwoWays_1: direction left is ignored (it comes from the right); "
            "speed is ignored",
        ),
        (
            element("ParkedObstacleTwoWays", 30.0, '<frequency from="1" to="3"/>'),
            "ParkedObstacleTwoWays_1: interval 0.25 is taken as 2",
        ),
    ],
)
def test_what_this_world_lacks_is_told_and_never_dropped(
    body: str, missing: str, tmp_path: Path
) -> None:
    made = scenario(body, tmp_path)
    assert len(made.missing) == 1
    assert made.missing[0].startswith(missing)
    assert bool(made.events) == ("left out" not in missing)


def test_numbered_scenarios_of_the_first_leaderboard_are_known(tmp_path: Path) -> None:
    (event,) = scenario(element("Scenario3", 30.0), tmp_path).events
    assert event.kind == K.DYNAMIC_OBJECT_CROSSING
    assert set(OLD_NAMES) == {f"Scenario{k}" for k in range(1, 11)}


def test_a_trigger_that_is_passed_twice_stands_at_the_first_pass() -> None:
    network, route = town()
    street = Street(network, route)
    for s in (5.0, 60.0, 120.0):
        row = street.at(s)
        found, off = station_of(street, float(row[0]), float(row[1]), float(row[3]))
        assert found == pytest.approx(s, abs=1.1)
        assert off < 1.1


def test_the_page_of_scenarios_has_the_parameters_as_they_are() -> None:
    assert table() in DOCS.read_text("utf-8")


@needs_data
def test_the_route_of_town_10_has_its_scenarios() -> None:
    network = load_network_of("Town10HD", Path(DATA) / "maps")
    (spec,) = read_routes(Path(DATA) / "routes" / "routes_town10.xml")
    from roadworthy.sim.road.routing import plan_route

    route = plan_route(network, spec.waypoints, id=spec.id)
    made = scenario_of(spec, route, network, WorldSettings(), "routes_town10.xml")
    left_out = [what for what in made.missing if "left out" in what]
    assert len(spec.scenarios) == 9 == len(made.events) + len(left_out)
    assert [what.split(":")[0] for what in left_out] == ["HardBreakRoute_2"]
    build_route(network, route, made.events)


@needs_data
def test_the_development_routes_parse_though_their_town_is_missing() -> None:
    specs = read_routes(Path(DATA) / "routes" / "routes_devtest.xml")
    assert [spec.town for spec in specs] == ["Town12", "Town12"]
    types = {dict(e.attributes)["type"] for spec in specs for e in spec.scenarios}
    assert len(types) > 20
    assert types <= set(EventKind)
    for spec in specs:
        assert len(spec.weathers) == 2
        for e in spec.scenarios:
            kind = EventKind(dict(e.attributes)["type"])
            if CATALOGUE[kind].support != Support.NO:
                params_of(CATALOGUE[kind], {p.tag: dict(p.attributes) for p in e.parts}, "x")


@pytest.mark.parametrize("kind", [k for k in BUILDERS if k not in TOWNS and k != K.CONTROL_LOSS])
def test_what_is_written_as_a_scenario_of_the_leaderboard_happens_at_its_place(
    kind: EventKind, tmp_path: Path
) -> None:
    route, event = stand(kind, "Rivertown")
    network = load_network_of("Rivertown")
    row = Street(network, route).at(event.s)
    trigger = f'x="{row[0]}" y="{row[1]}" z="0" yaw="{math.degrees(row[3])}"'
    distance = CATALOGUE[kind].param("distance")
    inner = "" if distance is None else f'<distance value="{event.value("distance")}"/>'
    points = "".join(f'<position x="{p[0]}" y="{p[1]}" z="0"/>' for p in route.points[[0, -1]])
    file = tmp_path / "r.xml"
    file.write_text(
        f'<routes><route id="0" town="Rivertown"><waypoints>{points}</waypoints><scenarios>'
        f'<scenario name="S" type="{kind}"><trigger_point {trigger}/>{inner}</scenario>'
        "</scenarios></route></routes>"
    )
    made = scenario_of(read_routes(file)[0], route, network, WorldSettings(), "r.xml")
    (again,) = made.events
    assert made.missing == ()
    assert again.kind == kind
    if distance is not None:
        there = event.s + event.value("distance")
        assert again.s + again.value("distance") == pytest.approx(there, abs=1.1)
    elif kind != K.PEDESTRIAN_CROSSING:  # which may find a crosswalk before the one of ours
        street = Street(network, route)
        assert build(street, again).ends == pytest.approx(build(street, event).ends, abs=1.1)
