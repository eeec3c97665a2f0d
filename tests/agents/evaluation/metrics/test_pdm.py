"""PDM: each measure by a drive that was worked out by hand, and the two formulas."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.agents.evaluation.metrics.pdm import (
    HIT_THING,
    HIT_USER,
    Marks,
    Trace,
    marks,
    measure,
    scenes,
)

PERFECT = Marks(1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
STEP = 0.1


def trace(count: int = 150, **series: float | np.ndarray) -> Trace:
    """A drive at 10 m/s, as fast as the traffic; `series` says what is different."""
    zeros = np.zeros(count)
    calm: dict[str, float | np.ndarray] = {
        "progress": np.arange(count) * 1.0,
        "traffic": 10.0,
        "limit": 13.0,
        "on_road": 1.0,
    }
    names = [name for name in Trace.__dataclass_fields__ if name != "step"]
    return Trace(STEP, *(zeros + {**calm, **series}.get(name, 0.0) for name in names))


def at(*samples: int, value: float = 1.0, count: int = 150) -> np.ndarray:
    found = np.zeros(count)
    found[list(samples)] = value
    return found


def test_a_clean_drive_as_fast_as_the_traffic_is_almost_perfect() -> None:
    found = marks(trace())
    assert replace(found, progress=1.0) == PERFECT
    assert found.progress == pytest.approx(149.0 / 150.0)


@pytest.mark.parametrize(
    ("series", "name", "mark"),
    [
        ({"fault": at(7, value=HIT_USER)}, "no_collision", 0.0),
        ({"fault": at(7, value=HIT_THING)}, "no_collision", 0.5),
        ({"fault": at(7, value=HIT_THING) + at(9, value=HIT_USER)}, "no_collision", 0.0),
        ({"on_road": 1.0 - at(3)}, "drivable_area", 0.0),
        ({"red": at(3)}, "traffic_light", 0.0),
        ({"closing": at(149)}, "time_to_collision", 0.0),
        # Against the lane: 10 samples are a second.
        ({"against": at(*range(10), value=0.19)}, "direction", 1.0),
        ({"against": at(*range(10), value=0.21)}, "direction", 0.5),
        ({"against": at(*range(10), value=0.61)}, "direction", 0.0),
        ({"against": at(*range(0, 140, 20), value=1.9)}, "direction", 1.0),
        # Beside the middle of the lane: for over 2 s, that is 21 samples.
        ({"beside": at(*range(20), value=0.6)}, "lane_keeping", 1.0),
        ({"beside": at(*range(21), value=-0.6)}, "lane_keeping", 0.0),
        ({"beside": at(*range(21), value=0.5)}, "lane_keeping", 1.0),
        ({"beside": at(*range(30), value=2.0), "junction": 1.0}, "lane_keeping", 1.0),
        ({"longitudinal": at(*range(50, 80), value=-5.0)}, "comfort", 0.0),
        ({"progress": np.arange(150) * 0.5}, "progress", 74.5 / 150.0),
        ({"progress": np.arange(150) * 3.0}, "progress", 1.0),
        ({"progress": 0.0, "traffic": 0.3}, "progress", 1.0),  # 4.5 m: nothing to be made
        ({"progress": np.arange(150) * 0.65, "traffic": np.nan}, "progress", 96.85 / 195.0),
    ],
)
def test_each_measure_by_hand(
    series: dict[str, float | np.ndarray], name: str, mark: float
) -> None:
    found = marks(trace(**series))
    assert getattr(found, name) == pytest.approx(mark)
    others = [n for n in Marks.__dataclass_fields__ if n not in (name, "progress")]
    assert all(getattr(found, other) == 1.0 for other in others)


def test_the_formulas_by_hand() -> None:
    assert PERFECT.pdms == PERFECT.epdms == 1.0
    half = replace(PERFECT, progress=0.5, comfort=0.0)
    assert half.pdms == pytest.approx((5 + 2.5) / 12)
    assert half.epdms == pytest.approx((2.5 + 5 + 2) / 14)
    assert replace(half, no_collision=0.5).pdms == pytest.approx(7.5 / 24)
    assert replace(half, direction=0.5).epdms == pytest.approx(9.5 / 28)
    assert replace(half, direction=0.5).pdms == half.pdms
    assert replace(PERFECT, drivable_area=0.0).pdms == 0.0
    assert replace(PERFECT, traffic_light=0.0).epdms == 0.0
    assert replace(PERFECT, lane_keeping=0.0).epdms == pytest.approx(12 / 14)


def test_a_drive_is_the_mean_of_its_scenes() -> None:
    fault = at(10, value=HIT_USER, count=450)
    drive = trace(450, fault=fault)
    assert [len(scene) for scene in scenes(drive)] == [150, 150, 150]
    found = measure(drive)
    assert found["pdm_no_collision"] == pytest.approx(2.0 / 3.0)
    assert found["pdms"] == pytest.approx(100.0 * 2.0 / 3.0 * (7.0 + 5.0 * 149.0 / 150.0) / 12.0)


def test_short_drives_are_one_scene_and_none_is_no_score() -> None:
    assert len(scenes(trace(3))) == 1
    assert measure(trace(3))["pdm_comfort"] == 1.0
    assert [len(scene) for scene in scenes(trace(229))] == [114, 115]
    assert measure(trace(0)) == {"pdms": 0.0, "epdms": 0.0}


share = st.floats(0.0, 1.0)
any_marks = st.builds(Marks, *[share] * 8)


@given(found=any_marks, name=st.sampled_from(sorted(Marks.__dataclass_fields__)), less=share)
def test_scores_stay_within_bounds_and_no_measure_pays_for_being_lower(
    found: Marks, name: str, less: float
) -> None:
    lower = replace(found, **{name: less * getattr(found, name)})
    for score in ("pdms", "epdms"):
        assert 0.0 <= getattr(found, score) <= 1.0
        assert getattr(lower, score) <= getattr(found, score) + 1e-12
