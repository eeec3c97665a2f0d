"""The smaller parts of the compiler, on cases computed by hand."""

from __future__ import annotations

import dataclasses
import math
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.sim.errors import MapError
from roadworthy.sim.road.clothoid import fillet, join
from roadworthy.sim.road.conflicts import MARGIN, overlap
from roadworthy.sim.road.crossings import axis_of
from roadworthy.sim.road.draw import draw_network, draw_towns
from roadworthy.sim.road.network import LaneType, Point, RoadNetwork
from roadworthy.sim.road.routing import random_routes
from roadworthy.sim.road.sample import Lane, finish_points
from roadworthy.sim.road.signals import kind_of
from roadworthy.sim.road.slope import slope
from roadworthy.sim.road.speed_limits import DEFAULT_SPEED, speed_limits
from roadworthy.sim.road.store import load_network, save_network
from roadworthy.sim.road.street_graph import is_bridgeless, thin_out


def straight(x: float, y: float, yaw: float, length: int) -> np.ndarray:
    rows = np.zeros((length + 1, len(Point)))
    s = np.arange(length + 1.0)
    rows[:, Point.X], rows[:, Point.Y] = x + s * math.cos(yaw), y + s * math.sin(yaw)
    rows[:, Point.YAW], rows[:, Point.S], rows[:, Point.WIDTH] = yaw, s, 3.5
    return rows


def test_a_right_angle_crossing_is_one_zone_around_where_the_lanes_meet() -> None:
    zone = overlap(straight(-10, 0, 0, 20), straight(0, -10, math.pi / 2, 20), False)
    assert zone == pytest.approx((8 - MARGIN, 12 + MARGIN) * 2, abs=0.01)


def test_lanes_side_by_side_or_on_two_levels_are_no_conflict() -> None:
    assert overlap(straight(0, 0, 0, 20), straight(0, 3.5, 0, 20), False) is None
    bridge = straight(10, -10, math.pi / 2, 20)
    bridge[:, Point.Z] = 5.0
    assert overlap(straight(0, 0, 0, 20), bridge, False) is None


def test_lanes_that_only_part_are_no_conflict_but_those_that_meet_again_are() -> None:
    assert overlap(straight(0, 0, 0, 20), straight(0, 0, 0.5, 20), True) is None
    loop = straight(0, 0, 0, 20)
    loop[:, Point.Y] = 6 * np.sin(np.linspace(0, math.pi, 21))
    zone = overlap(straight(0, 0, 0, 20), loop, True)
    assert zone is not None
    assert zone[0] > 15
    assert zone[1] == 20


def test_a_merge_is_a_conflict_to_the_end_of_both() -> None:
    zone = overlap(
        straight(0, 0, 0, 20),
        straight(20 - 20 * math.cos(0.5), -20 * math.sin(0.5), 0.5, 20),
        False,
    )
    assert zone is not None
    assert zone[1] == zone[3] == 20


@given(st.floats(0.01, 0.15), st.booleans())
def test_points_of_an_arc_have_its_curvature(curvature: float, left: bool) -> None:
    kappa = -curvature if left else curvature
    s = np.arange(0, 20.5, 0.5)
    rows = np.zeros((len(s), len(Point)))
    rows[:, Point.X], rows[:, Point.Y] = np.sin(kappa * s) / kappa, (1 - np.cos(kappa * s)) / kappa
    rows[:, Point.YAW] = np.remainder(kappa * s + 3.0, 2 * math.pi)  # wraps on the way
    rows[:, Point.Z], rows[:, Point.WIDTH] = 0.05 * s, 3.5
    points = finish_points(rows)
    assert points is not None
    assert points[:, Point.CURVATURE] == pytest.approx(kappa, rel=0.01)
    assert points[:, Point.PITCH] == pytest.approx(math.atan(0.05), rel=0.01)
    assert np.diff(points[:, Point.S]).max() <= 1.0


def test_specks_and_threads_are_no_lanes() -> None:
    speck = straight(0, 0, 0, 1)[:, :]
    speck[1, Point.X] = 0.01
    assert finish_points(speck) is None
    thread = straight(0, 0, 0, 5)
    thread[:, Point.WIDTH] = 0.0
    assert finish_points(thread) is None


@given(st.integers(2, 40), st.sampled_from([3, 5, 7]))
def test_the_slope_is_that_of_the_fitted_line(n: int, window: int) -> None:
    rng = np.random.default_rng(n)
    x, y = np.cumsum(rng.uniform(0.2, 1.0, n)), rng.normal(size=n)
    result = slope(x, y, window)
    for i in range(n):
        part = slice(max(0, i - window // 2), i + window // 2 + 1)
        assert result[i] == pytest.approx(np.polyfit(x[part], y[part], 1)[0], abs=1e-6)


def test_the_axis_of_a_crosswalk_joins_its_short_sides() -> None:
    ends, width = axis_of(np.array([[0, 0, 0], [10, 0, 0], [10, 3, 0], [0, 3, 0]], float))
    assert width == pytest.approx(3)
    assert sorted(ends[:, 0].tolist()) == pytest.approx([0, 10], abs=1e-4)
    assert ends[:, 1] == pytest.approx(1.5)


def lane_of(number: int, speed: float, urban: bool = False) -> Lane:
    points = straight(0, 0, 0, 100)
    return Lane((number, 0, -1), LaneType.DRIVING, -1, points, points[:, Point.S], speed, urban)


def chain(count: int) -> tuple[list[list[int]], list[list[int]]]:
    before = [[i - 1] if i else [] for i in range(count)]
    return before, [[i + 1] if i + 1 < count else [] for i in range(count)]


def test_connecting_lanes_inherit_their_limit_and_unknown_ones_are_urban() -> None:
    before, after = chain(3)
    lanes = [lane_of(0, 20.0), lane_of(1, math.nan), lane_of(2, 10.0)]
    assert speed_limits(lanes, before, after, {}, False).tolist() == [20, 20, 10]
    lanes = [lane_of(i, math.nan) for i in range(3)]
    assert speed_limits(lanes, before, after, {}, False) == pytest.approx(DEFAULT_SPEED)


def test_a_sign_holds_until_the_next_one() -> None:
    before, after = chain(5)
    lanes = [lane_of(i, 20.0) for i in range(5)]
    signs = {1: [(10.0, 8.0)], 3: [(90.0, 25.0)]}
    assert speed_limits(lanes, before, after, signs, False).tolist() == [20, 8, 8, 8, 25]


def test_an_editors_urban_default_is_capped_and_a_real_limit_is_not() -> None:
    lanes = [lane_of(0, 25.0, urban=True), lane_of(1, 25.0)]
    limits = speed_limits(lanes, [[], []], [[], []], {}, True)
    assert limits == pytest.approx([DEFAULT_SPEED, 25.0])


def test_carlas_signal_codes_are_known() -> None:
    names = {
        code: kind.name
        for code in ("1000001", "1000011", "206", "205", "274")
        if (kind := kind_of(code)) is not None
    }
    assert names == {
        "1000001": "LIGHT",
        "1000011": "LIGHT",
        "206": "STOP",
        "205": "YIELD",
        "274": "SPEED_LIMIT",
    }
    assert kind_of("101") is None


@given(st.floats(-1.0, 1.0), st.floats(-1.0, 1.0), st.floats(-3, 3))
def test_a_clothoid_ends_in_the_pose_that_was_asked_for(p: float, q: float, turn: float) -> None:
    end = (50 * math.cos(turn), 50 * math.sin(turn))
    piece = join(0, 0, turn + p, *end, turn + q)
    assert piece is not None
    x, y, heading = piece.at(piece.length)
    assert (x, y) == pytest.approx(end, abs=0.01)
    assert math.remainder(heading - turn - q, 2 * math.pi) == pytest.approx(0, abs=1e-6)


def test_a_fillet_turns_by_its_angle_between_the_tangents() -> None:
    piece = fillet(-10, 0, 0, math.pi / 2, 10)
    assert piece.at(piece.length) == pytest.approx((0, 10, math.pi / 2), abs=1e-3)
    assert piece.length == pytest.approx(5 * math.pi)


@given(st.integers(0, 1000))
def test_a_thinned_street_graph_never_falls_apart(seed: int) -> None:
    grid = [(i, i + 1) for i in range(12) if i % 4 < 3] + [(i, i + 4) for i in range(8)]
    kept = thin_out(grid, 12, 3, np.random.default_rng(seed))
    assert is_bridgeless(kept, 12)
    assert len(grid) - 3 <= len(kept)


def test_a_dead_end_is_a_bridge() -> None:
    assert not is_bridgeless([(0, 1), (1, 2), (2, 0), (2, 3)], 4)


def test_a_network_comes_back_from_its_file_as_it_was(
    rivertown: RoadNetwork, tmp_path: Path
) -> None:
    path = tmp_path / "deep" / "a.npz"
    save_network(rivertown, path)
    again = load_network(path)
    for field in dataclasses.fields(rivertown):
        before, after = getattr(rivertown, field.name), getattr(again, field.name)
        if isinstance(before, np.ndarray):
            assert before.dtype == after.dtype
            assert np.array_equal(before, after)
        else:
            assert before == after
    assert [p.name for p in path.parent.iterdir()] == ["a.npz"]


@pytest.mark.parametrize("content", [b"", b"rubbish", b"PK\x03\x04half"])
def test_a_damaged_compiled_map_is_named(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bad.npz"
    path.write_bytes(content)
    with pytest.raises(MapError, match=r"bad\.npz"):
        load_network(path)


@pytest.mark.parametrize("share", [0.02, 0.2, 0.4, 0.6, 0.8, 0.97, 0.999])
def test_flipped_bytes_in_a_compiled_map_are_damage(
    share: float, rivertown: RoadNetwork, tmp_path: Path
) -> None:
    path = tmp_path / "bad.npz"
    save_network(rivertown, path)
    content = bytearray(path.read_bytes())
    at = int(share * len(content))
    content[at : at + 40] = bytes(255 - value for value in content[at : at + 40])
    path.write_bytes(content)
    with pytest.raises(MapError, match=r"bad\.npz"):
        load_network(path)


@pytest.mark.parametrize("error", [zlib.error("invalid block"), RuntimeError("x"), SyntaxError()])
def test_whatever_a_reader_says_of_a_damaged_map_is_a_sentence(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(np, "load", broken)
    with pytest.raises(MapError, match=r"bad\.npz"):
        load_network(tmp_path / "bad.npz")


def test_a_drawing_shows_road_where_there_is_road(rivertown: RoadNetwork) -> None:
    plain = draw_network(rivertown, pixels=800)
    assert plain.dtype == np.uint8
    assert max(plain.shape) == 800
    routed = draw_network(rivertown, random_routes(rivertown, 1, 0)[0], pixels=800)
    road = (plain == (96, 98, 104)).all(axis=2).mean()
    assert 0.03 < road < 0.3
    assert 0.0005 < (plain != routed).any(axis=2).mean() < 0.05


def test_towns_are_drawn_side_by_side(rivertown: RoadNetwork) -> None:
    sheet = draw_towns([rivertown] * 3, columns=2, pixels=240)
    assert sheet.shape == (2 * 280, 480, 3)
    ground = sheet[0, 0]
    for top, left in ((0, 0), (0, 240), (280, 0)):
        assert (sheet[top : top + 240, left : left + 240] != ground).any()
    assert (sheet[280:, 240:] == ground).all()
