from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest

from roadworthy.sim.errors import RouteError
from roadworthy.sim.road.route_files import read_routes, select_route

OLD = """<routes><route id="7" town="Town01">
<waypoint pitch="0" roll="0" x="1.5" y="-2" yaw="90" z="0.25"/>
<waypoint x="4" y="5" z="6" yaw="-90"/>
<weather id="Rain" cloudiness="80"/></route></routes>"""
NEW = """<routes><route id="3" town="Town10HD_Opt">
<weathers><weather route_percentage="0" sun_altitude_angle="90"/></weathers>
<waypoints><position x="1" y="2" z="3"/><position x="4" y="5" z="6"/></waypoints>
<scenarios><scenario name="A_1" type="A"><trigger_point x="1" y="2" z="0" yaw="9"/>
</scenario></scenarios>
</route></routes>"""


def written(folder: Path, text: str) -> Path:
    path = folder / "routes.xml"
    path.write_text(text)
    return path


def test_leaderboard_1_files_are_read(tmp_path: Path) -> None:
    (spec,) = read_routes(written(tmp_path, OLD))
    assert (spec.id, spec.town) == ("7", "Town01")
    assert spec.waypoints.tolist() == [[1.5, -2.0, 0.25], [4.0, 5.0, 6.0]]
    assert spec.yaws.tolist() == [math.pi / 2, -math.pi / 2]
    assert spec.weathers[0].attributes == (("cloudiness", "80"), ("id", "Rain"))


def test_leaderboard_2_files_are_read(tmp_path: Path) -> None:
    (spec,) = read_routes(written(tmp_path, NEW))
    assert (spec.id, spec.town) == ("3", "Town10HD")
    assert spec.waypoints.shape == (2, 3)
    assert np.isnan(spec.yaws).all()
    assert spec.scenarios[0].parts[0].tag == "trigger_point"
    assert spec.weathers[0].tag == "weather"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('y="-2"', "", r"<route id='7'>, <waypoint> number 0 has no attribute 'y'"),
        ('y="-2"', 'y="nan"', "number 0: y='nan' is not a finite"),
        ('y="-2"', 'y="1e308"', "number 0: y='1e308' is beyond every map"),
        ('y="-2"', 'y="-1e200"', "number 0: y='-1e200' is beyond every map"),
        ('y="5"', 'y="five"', "number 1: y='five' is not a number"),
        ('town="Town01"', "", "<route id='7'> has no attribute 'town'"),
        ('id="7"', "", "has no attribute 'id'"),
        ("</routes>", "", "not well-formed XML"),
        ('<waypoint x="4" y="5" z="6" yaw="-90"/>', "", "has 1 waypoints"),
    ],
)
def test_what_is_wrong_with_a_route_file_is_said(
    old: str, new: str, message: str, tmp_path: Path
) -> None:
    path = written(tmp_path, OLD.replace(old, new))
    with pytest.raises(RouteError, match=message) as caught:
        read_routes(path)
    assert str(path) in str(caught.value)


def test_files_without_routes_and_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(RouteError, match="holds no <route>"):
        read_routes(written(tmp_path, "<osc/>"))
    with pytest.raises(RouteError, match=r"nothing\.xml"):
        read_routes(tmp_path / "nothing.xml")


def test_two_routes_with_one_id_are_refused(tmp_path: Path) -> None:
    twice = OLD.replace("</routes>", "") + OLD.replace("<routes>", "")
    with pytest.raises(RouteError, match="more than one route with the id '7'"):
        read_routes(written(tmp_path, twice))


def test_an_unknown_id_is_answered_with_those_that_exist(tmp_path: Path) -> None:
    specs = read_routes(written(tmp_path, OLD))
    assert select_route(specs, "7") is specs[0]
    assert select_route(specs, None) is specs[0]
    with pytest.raises(RouteError, match="'9'; there are 7"):
        select_route(specs, "9")


def test_the_leaderboards_own_files_are_read(data: Path) -> None:
    assert len(read_routes(data / "routes" / "longest6_town01-03.xml")) == 18
    assert len(read_routes(data / "routes" / "routes_town10.xml")) == 1
    assert read_routes(data / "routes" / "routes_devtest.xml")[0].town == "Town12"


def test_what_is_nested_or_unfolds_without_end_is_a_sentence(tmp_path: Path) -> None:
    deep = "<a>" * 20_000 + "</a>" * 20_000
    text = NEW.replace('<trigger_point x="1" y="2" z="0" yaw="9"/>', deep)
    with pytest.raises(RouteError, match="nested over 20 deep"):
        read_routes(written(tmp_path, text))
    laughs = '<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in itertools.pairwise("abcdefghij")
    )
    text = f"<!DOCTYPE l [{laughs}]>" + OLD.replace('id="7"', 'id="&j;"')
    with pytest.raises(RouteError, match="not well-formed"):
        read_routes(written(tmp_path, text))
