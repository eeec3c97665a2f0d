from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from roadworthy.sim.errors import MapError
from roadworthy.sim.road import compile as compiler
from roadworthy.sim.road.compile import cache_dir, compile_xodr
from roadworthy.sim.road.network import LaneType, Point, RoadNetwork, SignalKind

Towns = Callable[[str], RoadNetwork]
# Driving lanes, lights, and how many approach lanes have one.
EXPECTED = {
    "Town01": (124, 36, 36),
    "Town02": (88, 24, 24),
    "Town03": (542, 0, 0),
    "Town04": (462, 43, 50),
    "Town10HD": (168, 17, 32),
}


WIDTH = '<width sOffset="0" a="3.5" b="0" c="0" d="0"/>'


def minimal(
    lanes: str = f'<lane id="-1" type="driving">{WIDTH}</lane>',
    length: str = "30",
    header: str = "",
) -> str:
    return (
        f"<OpenDRIVE>{header}<road name='a' length='{length}' id='1' junction='-1'><planView>"
        f"<geometry s='0' x='0' y='0' hdg='0' length='{length}'><line/></geometry></planView>"
        f"<lanes><laneSection s='0'><center><lane id='0' type='none'/></center>"
        f"<right>{lanes}</right></laneSection></lanes></road></OpenDRIVE>"
    )


@pytest.mark.parametrize("town", EXPECTED)
def test_carlas_towns_compile_with_all_their_lights(town: str, real_town: Towns) -> None:
    network = real_town(town)
    lanes, lights, governed = EXPECTED[town]
    assert (network.lane_type == LaneType.DRIVING).sum() == lanes
    assert (network.signal_kind == SignalKind.LIGHT).sum() == lights
    light_stops = network.signal_kind[network.stop_signal] == SignalKind.LIGHT
    lane_of_stop = np.repeat(np.arange(network.n_lanes), np.diff(network.stop_start))
    assert light_stops.sum() == governed
    assert len(set(lane_of_stop[light_stops])) == governed  # one light a lane
    assert (network.lane_junction[lane_of_stop] < 0).all()  # outside of the junction
    assert (network.stop_s <= network.lane_length[lane_of_stop]).all()


@pytest.mark.parametrize("town", ["Town01", "Town10HD"])
def test_every_approach_of_a_junction_with_lights_has_one(town: str, real_town: Towns) -> None:
    network = real_town(town)
    lit: dict[int, list[bool]] = {}
    for lane in np.nonzero((network.lane_type == 0) & (network.lane_junction < 0))[0]:
        following = network.successors[
            network.successor_start[lane] : network.successor_start[lane + 1]
        ]
        stops = network.stop_signal[network.stop_start[lane] : network.stop_start[lane + 1]]
        junction = int(network.lane_junction[following].max())
        if junction >= 0:
            has = bool((network.signal_kind[stops] == SignalKind.LIGHT).any())
            lit.setdefault(junction, []).append(has)
    assert sum(any(has) for has in lit.values()) >= 5
    assert all(all(has) for has in lit.values() if any(has))


@pytest.mark.parametrize("town", ["Town02", "Town03"])
def test_points_are_a_metre_apart_and_their_heading_is_the_way_they_go(
    town: str, real_town: Towns
) -> None:
    network = real_town(town)
    for lane in range(network.n_lanes):
        points = network.lane_points(lane).astype(float)
        step = np.diff(points[:, :2], axis=0)
        length = np.hypot(step[:, 0], step[:, 1])
        assert length.max() < 1.01
        assert points[0, Point.S] == 0.0
        assert points[-1, Point.S] == pytest.approx(network.lane_length[lane], abs=1e-3)
        if network.lane_type[lane] == LaneType.DRIVING and len(points) > 3:
            middle = (points[:-1, Point.YAW] + points[1:, Point.YAW]) / 2
            along = (step[:, 0] * np.cos(middle) + step[:, 1] * np.sin(middle)) / length
            assert along.min() > 0.995


def test_curvature_is_positive_to_the_right(real_town: Towns) -> None:
    network = real_town("Town01")
    for lane in np.nonzero(network.lane_junction >= 0)[0]:
        points = network.lane_points(int(lane)).astype(float)
        turned = points[-1, Point.YAW] - points[0, Point.YAW]
        integral = np.trapezoid(points[:, Point.CURVATURE], points[:, Point.S])
        assert integral == pytest.approx(turned, abs=0.12)


def test_neighbours_go_the_same_way_side_by_side(real_town: Towns) -> None:
    network = real_town("Town10HD")
    pairs = 0
    for lane, right in enumerate(network.lane_right):
        if right < 0:
            continue
        pairs += 1
        assert network.lane_left[right] == lane
        here, there = (
            network.lane_points(i)[len(network.lane_points(i)) // 2] for i in (lane, int(right))
        )
        yaw = here[Point.YAW]
        across = -np.sin(yaw) * (there[0] - here[0]) + np.cos(yaw) * (there[1] - here[1])
        assert 2.0 < across < 5.0
        assert np.cos(there[Point.YAW] - yaw) > 0.9
    assert pairs > 20
    assert network.lane_change_right.any()


def test_speed_signs_rule_where_a_town_has_them(real_town: Towns) -> None:
    network = real_town("Town01")
    limits = network.lane_speed_limit[network.lane_type == LaneType.DRIVING] * 3.6
    assert set(np.round(limits).astype(int).tolist()) == {30, 60, 90}


def test_an_editors_default_limit_is_not_taken_for_a_limit(real_town: Towns) -> None:
    # Town03 says 55 mph on every street of type "town".
    assert real_town("Town03").lane_speed_limit.max() == pytest.approx(50 / 3.6)


HOSTILE = ["CulDeSac", "Issue274", "shoulders", "suspect_geometries", "zero_width"]


@pytest.mark.parametrize("name", HOSTILE)
def test_odd_maps_compile_or_are_named(name: str, data: Path) -> None:
    pytest.importorskip("carla", reason="the carla wheel is not installed")
    network = compile_xodr(data / "maps" / "hostile" / f"{name}.xodr")
    assert (network.lane_length > 0).all()
    assert (network.lane_type == LaneType.DRIVING).any()


def test_a_map_that_crashes_the_native_parser_is_an_error_that_names_it(data: Path) -> None:
    pytest.importorskip("carla", reason="the carla wheel is not installed")
    with pytest.raises(MapError, match=r"Town03-2018\.xodr.*crashed.*repair or export it again"):
        compile_xodr(data / "maps" / "hostile" / "Town03-2018.xodr")


BROKEN = {
    "empty": ("", "is empty"),
    "blank": (" \n ", "is empty"),
    "text": ("this is no map", "not well-formed XML"),
    "cut": (minimal()[:200], "not well-formed XML"),
    "other": ("<OpenSCENARIO/>", "<OpenSCENARIO>, not <OpenDRIVE>"),
    "bare": ("<OpenDRIVE/>", "no lane of type 'driving'"),
    "walk": (minimal('<lane id="-1" type="sidewalk"/>'), "no lane of type 'driving'"),
    "nan": (minimal(length="nan"), "not a finite number"),
    "word": (minimal(length="long"), "not a number"),
    "negative": (minimal(length="-5"), "negative length"),
    "faraway": (
        minimal().replace("</OpenDRIVE>", "")
        + minimal()[len("<OpenDRIVE>") :].replace("id='1'", "id='2'").replace("x='0'", "x='1e7'"),
        "10000 km wide",
    ),
    "endless": (minimal(length="1e12"), "cut it into smaller"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_files_are_named_with_what_is_wrong(name: str, tmp_path: Path) -> None:
    text, message = BROKEN[name]
    path = tmp_path / f"{name}.xodr"
    path.write_text(text)
    with pytest.raises(MapError, match=message) as caught:
        compile_xodr(path)
    assert path.name in str(caught.value)


def test_a_folder_and_a_missing_file_are_named(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.xodr"):
        with pytest.raises(MapError, match=path.name):
            compile_xodr(path)


def test_a_child_that_hangs_is_stopped(tmp_path: Path) -> None:
    pytest.importorskip("carla", reason="the carla wheel is not installed")
    path = tmp_path / "slow.xodr"
    path.write_text(minimal())
    with pytest.raises(MapError, match=r"slow\.xodr took more than"):
        compile_xodr(path, timeout=0.01)


def test_without_a_carla_wheel_the_error_says_what_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.xodr"
    path.write_text(minimal())
    monkeypatch.setattr(compiler.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MapError, match="needs the package carla"):
        compile_xodr(path)


def test_a_map_is_compiled_once_and_again_when_its_content_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("carla", reason="the carla wheel is not installed")
    monkeypatch.setenv("ROADWORTHY_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "line.xodr"
    path.write_text(minimal())
    first = compile_xodr(path)
    with monkeypatch.context() as patch:
        patch.setattr(compiler, "_run_child", lambda *_: pytest.fail("compiled again"))
        again = compile_xodr(path)
    for field in dataclasses.fields(first):
        assert np.array_equal(getattr(first, field.name), getattr(again, field.name))
    (entry,) = (cache_dir() / "maps").glob("*.npz")
    entry.write_bytes(b"damaged")  # is made anew
    assert compile_xodr(path).lane_length[0] == pytest.approx(30, abs=0.01)
    path.write_text(minimal(length="40"))
    assert compile_xodr(path).lane_length[0] == pytest.approx(40, abs=0.01)


def test_a_cache_that_cannot_be_written_is_no_reason_not_to_compile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("carla", reason="the carla wheel is not installed")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ROADWORTHY_CACHE", str(tmp_path / "file" / "below"))
    path = tmp_path / "line.xodr"
    path.write_text(minimal())
    assert compile_xodr(path).n_lanes == 1


def test_the_geographic_reference_and_the_default_limit_are_read(tmp_path: Path) -> None:
    pytest.importorskip("carla", reason="the carla wheel is not installed")
    path = tmp_path / "geo.xodr"
    header = "<header><geoReference>+proj=tmerc +lat_0=4.9e1 +lon_0=-8.5</geoReference></header>"
    path.write_text(minimal(header=header))
    network = compile_xodr(path)
    assert network.geo_reference == (49.0, -8.5)
    assert network.lane_speed_limit[0] == pytest.approx(50 / 3.6)
    # OpenDRIVE's y points left, ours right: the right lane lies at positive y.
    assert network.points[0, Point.Y] == pytest.approx(1.75)
