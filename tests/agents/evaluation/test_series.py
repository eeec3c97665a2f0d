from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.agents.evaluation.series import Series, read_series, series_path, write_series
from roadworthy.sim.errors import InputError, StorageError
from roadworthy.sim.road.route import Route, RoutePoint


def straight(length: float = 100.0) -> Route:
    """A route straight on, 50 km/h in its first half and 30 km/h in its second."""
    points = np.zeros((101, len(RoutePoint)), np.float32)
    points[:, RoutePoint.S] = points[:, RoutePoint.X] = np.linspace(0.0, length, 101)
    points[:, RoutePoint.SPEED_LIMIT] = np.where(points[:, RoutePoint.S] < 50.0, 50 / 3.6, 30 / 3.6)
    return Route("straight", "Nowhere", points)


SAMPLES = [
    (0.1, 10.0, 5.0, 1.0, 0.0, 10.0, 0.5),
    (0.2, 60.0, 6.0, -2.0, 0.5, 60.0, 0.5),
]


def test_a_series_has_a_column_each_and_the_limit_of_the_road_at_each_place() -> None:
    series = Series.of(SAMPLES, straight())
    assert series.time == pytest.approx([0.1, 0.2])
    assert series.accel == pytest.approx([1.0, -2.0])
    assert series.y == pytest.approx([0.5, 0.5])
    assert series.limit * 3.6 == pytest.approx([50.0, 30.0])
    assert series.s_at(0.15) == pytest.approx(35.0)


def test_a_drive_that_never_moved_on_has_an_empty_series(tmp_path: Path) -> None:
    write_series(tmp_path, "a", Series.of([], straight()))
    again = read_series(tmp_path, "a")
    assert again is not None
    assert len(again) == 0
    assert again.s_at(3.0) == 0.0


def test_what_was_written_is_read_again_and_its_bytes_are_the_same_each_time(
    tmp_path: Path,
) -> None:
    series = Series.of(SAMPLES, straight())
    first = write_series(tmp_path, "RouteScenario_1_rep0", series).read_bytes()
    assert write_series(tmp_path, "RouteScenario_1_rep0", series).read_bytes() == first
    again = read_series(tmp_path, "RouteScenario_1_rep0")
    for column in fields(Series):
        assert np.array_equal(getattr(again, column.name), getattr(series, column.name))
    assert read_series(tmp_path, "RouteScenario_2_rep0") is None


@given(st.text(max_size=400), st.text(max_size=400))
def test_each_id_has_a_file_of_its_own_within_the_folder(one: str, other: str) -> None:
    folder = Path("results")
    path = series_path(folder, f"RouteScenario_{one}_rep0")
    assert path.parent == folder / "drives"
    assert len(path.name.encode()) < 255
    if one != other:
        assert path != series_path(folder, f"RouteScenario_{other}_rep0")


def test_a_damaged_file_is_a_sentence(tmp_path: Path) -> None:
    path = write_series(tmp_path, "a", Series.of(SAMPLES, straight()))
    whole = path.read_bytes()
    for broken in (b"", b"rubbish", whole[: len(whole) // 2], whole[:-5]):
        path.write_bytes(broken)
        with pytest.raises(InputError, match=r"a\.npz"):
            read_series(tmp_path, "a")
    columns = {column.name: np.zeros(3, np.float32) for column in fields(Series)}
    np.savez(path, **{**columns, "speed": np.zeros(4, np.float32)})
    with pytest.raises(InputError, match="of one length"):
        read_series(tmp_path, "a")
    np.savez(path, **{**columns, "speed": np.array([None, 1, 2])})
    with pytest.raises(InputError, match=r"a\.npz"):
        read_series(tmp_path, "a")
    del columns["limit"]
    np.savez(path, **columns)
    with pytest.raises(InputError, match="limit"):
        read_series(tmp_path, "a")


def test_a_full_disk_is_a_sentence_and_keeps_the_old_file(
    tmp_path: Path, full_disk: Callable[[], AbstractContextManager[None]]
) -> None:
    path = write_series(tmp_path, "a", Series.of(SAMPLES, straight()))
    before = path.read_bytes()
    noise = np.random.default_rng(0).normal(size=(5000, 7))
    with full_disk(), pytest.raises(StorageError, match="samples of a drive"):
        write_series(tmp_path, "a", Series.of([tuple(row) for row in noise], straight()))
    assert path.read_bytes() == before
