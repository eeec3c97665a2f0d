from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from roadworthy.sim.errors import MapError
from roadworthy.sim.road import towns
from roadworthy.sim.road.compile import compile_xodr
from roadworthy.sim.road.generate import generate_town
from roadworthy.sim.road.network import LaneType, Point, RoadNetwork, SignalKind
from roadworthy.sim.road.ship import SHIPPED
from roadworthy.sim.road.towns import (
    HELD_OUT_TOWN,
    TRAINING_TOWNS,
    find_map,
    load_network_of,
    town_names,
)

NAMES = ["Hillcrest", "Marlow", "Rivertown"]  # of which agents learn and are examined in
FURTHER = ["Carriden", "Ringford"]  # a dual carriageway; roundabouts


def reachable(starts: np.ndarray, links: np.ndarray, lanes: int) -> int:
    seen, frontier = {0}, [0]
    while frontier:
        lane = frontier.pop()
        for other in links[starts[lane] : starts[lane + 1]].tolist():
            if other not in seen:
                seen.add(other)
                frontier.append(other)
    return len(seen)


def driving(network: RoadNetwork) -> np.ndarray:
    return np.nonzero(network.lane_type == LaneType.DRIVING)[0]


def test_five_towns_are_shipped() -> None:
    assert town_names() == sorted([*NAMES, *FURTHER])


def test_towns_to_train_in_and_the_one_held_out_are_shipped_and_apart() -> None:
    assert sorted([*TRAINING_TOWNS, HELD_OUT_TOWN]) == NAMES


def test_no_other_module_says_which_town_is_held_out() -> None:
    root = Path(__file__).resolve().parents[3]
    said = [
        path.relative_to(root).as_posix()
        for room in ("sim", "perception", "planning", "control", "agents")
        for path in (root / room).rglob("*.py")
        if '= "Marlow"' in path.read_text("utf-8")
    ]
    assert said == ["sim/road/towns.py"]


@pytest.mark.parametrize("name", NAMES)
def test_every_driving_lane_of_a_shipped_town_reaches_every_other(name: str) -> None:
    network = load_network_of(name)
    # Lane 0 is a driving lane or a sidewalk of the same road; search among driving lanes only.
    lanes = driving(network)
    new = {int(lane): i for i, lane in enumerate(lanes)}
    for start, links in (
        (network.successor_start, network.successors),
        (network.predecessor_start, network.predecessors),
    ):
        edges = [[new[int(o)] for o in links[start[lane] : start[lane + 1]]] for lane in lanes]
        starts = np.cumsum([0, *map(len, edges)])
        assert reachable(starts, np.array([o for row in edges for o in row]), len(lanes)) == len(
            lanes
        )


@pytest.mark.parametrize("name", NAMES)
def test_lanes_of_a_shipped_town_join_without_a_gap_or_a_kink(name: str) -> None:
    network = load_network_of(name)
    for lane in driving(network):
        end = network.lane_points(int(lane))[-1]
        for follower in network.successors[
            network.successor_start[lane] : network.successor_start[lane + 1]
        ]:
            begin = network.lane_points(int(follower))[0]
            assert np.hypot(*(end[:2] - begin[:2])) < 0.02
            assert abs(np.sin(end[Point.YAW] - begin[Point.YAW])) < 0.005


@pytest.mark.parametrize("name", NAMES)
def test_every_approach_of_a_lit_junction_stops_at_one_light_before_its_crosswalk(
    name: str,
) -> None:
    network = load_network_of(name)
    junction_of_light: dict[int, int] = {}
    approaches: dict[int, list[tuple[int, list[int]]]] = {}
    for lane in driving(network):
        followers = network.successors[
            network.successor_start[lane] : network.successor_start[lane + 1]
        ]
        if network.lane_junction[lane] >= 0 or len(followers) == 0:
            continue
        junction = int(network.lane_junction[followers].max())
        stops = list(range(network.stop_start[lane], network.stop_start[lane + 1]))
        approaches.setdefault(junction, []).append((int(lane), stops))
        for stop in stops:
            if network.signal_kind[network.stop_signal[stop]] == SignalKind.LIGHT:
                junction_of_light[junction] = int(network.stop_signal[stop])
    assert len(junction_of_light) >= 3
    assert len(junction_of_light) < len(approaches)  # and some have signs
    for junction in junction_of_light:
        for lane, stops in approaches[junction]:
            assert len(stops) == 1
            s = network.stop_s[stops[0]]
            assert network.lane_length[lane] - 8.0 < s < network.lane_length[lane] - 4.0
            crossings = slice(network.crosslane_start[lane], network.crosslane_start[lane + 1])
            assert s < network.crosslane_s[crossings][-1, 0]


def test_opposite_lights_are_green_together_and_crossing_ones_are_not(
    rivertown: RoadNetwork,
) -> None:
    lights = np.nonzero(rivertown.signal_kind == SignalKind.LIGHT)[0]
    for group in range(len(rivertown.group_phases)):
        members = [k for k in lights if rivertown.signal_group[k] == group]
        assert {int(rivertown.signal_phase[k]) for k in members} == {0, 1}
        for a in members:
            for b in members:
                along = abs(np.cos(rivertown.signals[a, 3] - rivertown.signals[b, 3])) > 0.7
                assert along == (rivertown.signal_phase[a] == rivertown.signal_phase[b])


def test_lights_face_the_traffic_that_they_govern(rivertown: RoadNetwork) -> None:
    for lane in driving(rivertown):
        points = rivertown.lane_points(int(lane))
        for stop in range(rivertown.stop_start[lane], rivertown.stop_start[lane + 1]):
            x, y, _, yaw = rivertown.signals[rivertown.stop_signal[stop]]
            at = points[np.argmin(np.abs(points[:, Point.S] - rivertown.stop_s[stop]))]
            assert np.cos(yaw - at[Point.YAW]) < -0.95
            right = -np.sin(at[Point.YAW]) * (x - at[0]) + np.cos(at[Point.YAW]) * (y - at[1])
            assert 1.75 < right < 5.0  # beside its lane, on the right


def test_hillcrest_has_hills_whose_pitch_is_the_slope() -> None:
    network = load_network_of("Hillcrest")
    assert np.ptp(network.points[:, Point.Z]) > 5.0
    lane = max(driving(network), key=lambda i: np.abs(network.lane_points(int(i))[:, 7]).max())
    points = network.lane_points(int(lane)).astype(float)
    rise = np.tan(points[:, Point.PITCH]).sum() * (points[1, Point.S] - points[0, Point.S])
    assert rise == pytest.approx(points[-1, Point.Z] - points[0, Point.Z], abs=0.1)


def test_a_seed_gives_the_same_town_and_another_seed_another() -> None:
    assert generate_town(5, "A") == generate_town(5, "A")
    assert generate_town(5, "A") != generate_town(6, "A")


def test_shipped_files_are_what_the_generator_makes_today() -> None:
    folder = Path(towns.__file__).parent / "data"
    for name, (seed, kind) in SHIPPED.items():
        # Another libm may differ in the last digit, so numbers are compared loosely.
        shipped = (folder / f"{name}.xodr").read_text(encoding="utf-8").split('"')
        made = generate_town(seed, name, kind).split('"')
        assert len(shipped) == len(made)
        for old, new in zip(shipped, made, strict=True):
            if old != new:
                assert float(old) == pytest.approx(float(new), abs=1e-5)


@pytest.mark.parametrize("name", ["Rivertown", *FURTHER])
def test_a_shipped_town_is_what_its_file_compiles_to_today(name: str) -> None:
    pytest.importorskip("carla", reason="the carla wheel is not installed")
    shipped = load_network_of(name)
    made = compile_xodr(Path(towns.__file__).parent / "data" / f"{name}.xodr")
    for field in dataclasses.fields(RoadNetwork):
        old, new = getattr(shipped, field.name), getattr(made, field.name)
        if isinstance(old, np.ndarray) and old.dtype.kind == "f":
            assert np.allclose(old, new, atol=1e-3), field.name
        else:
            assert np.array_equal(old, new), field.name


def test_a_generated_town_opens_in_carla_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("carla", reason="the carla wheel is not installed")
    (tmp_path / "made.xodr").write_text(generate_town(12, "made"), encoding="utf-8")
    code = "import carla, sys; carla.Map('made', open(sys.argv[1]).read()).get_topology()"
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "made.xodr")], capture_output=True, check=True
    )
    assert done.stderr == b""
    assert done.stdout == b""
    network = compile_xodr(tmp_path / "made.xodr")
    ends = np.diff(network.successor_start)[driving(network)]
    assert (ends > 0).all()


def test_shipped_towns_load_without_the_carla_wheel() -> None:
    code = (
        "import sys; sys.modules['carla'] = None\n"
        "from roadworthy.sim.road.towns import load_network_of\n"
        "assert load_network_of('Marlow').n_lanes > 50"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_unknown_town_is_answered_with_those_that_are_known(tmp_path: Path) -> None:
    (tmp_path / "Elsewhere.xodr").write_text("<OpenDRIVE/>")
    with pytest.raises(
        MapError, match=r"'Nowhere'.*Carriden, Elsewhere, Hillcrest, Marlow.*--map-dir"
    ):
        find_map("Nowhere", tmp_path)


def test_a_town_is_found_by_name_whatever_its_case_or_carlas_suffix(tmp_path: Path) -> None:
    (tmp_path / "Town10HD.xodr").write_text("<OpenDRIVE/>")
    for name in ("Town10HD", "town10hd", "Town10HD_Opt", "Carla/Maps/Town10HD_Opt"):
        assert find_map(name, tmp_path) == tmp_path / "Town10HD.xodr"


def test_maps_are_found_through_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "Town99.xodr").write_text("<OpenDRIVE/>")
    monkeypatch.setenv("ROADWORTHY_MAPS", str(tmp_path))
    assert find_map("Town99").name == "Town99.xodr"
    monkeypatch.setenv("ROADWORTHY_MAPS", str(tmp_path / "missing"))
    with pytest.raises(MapError, match="does not exist"):
        find_map("Town99")


def test_a_missing_map_file_is_named() -> None:
    with pytest.raises(MapError, match=r"no/such\.xodr does not exist"):
        find_map("no/such.xodr")
