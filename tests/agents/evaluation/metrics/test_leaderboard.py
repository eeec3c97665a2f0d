"""The penalties of both versions: every coefficient, and how the two compare."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.agents.evaluation.metrics import leaderboard_2_0, leaderboard_2_1
from roadworthy.agents.evaluation.metrics.offences import INFRACTIONS, Offences

# FIELD_NOTES 1.1: infraction, factor of 2.0, coefficient of 2.1.
TABLE = (
    ("collisions_pedestrian", 0.50, 1.00),
    ("collisions_vehicle", 0.60, 0.70),
    ("collisions_layout", 0.65, 0.60),
    ("red_light", 0.70, 0.40),
    ("stop_infraction", 0.80, 0.25),
    ("scenario_timeouts", 0.70, 0.40),
    ("yield_emergency_vehicle_infractions", 0.70, 0.40),
)
counts = st.dictionaries(st.sampled_from([row[0] for row in TABLE]), st.integers(0, 6))
percents = st.lists(st.floats(0, 100), max_size=4).map(tuple)


@pytest.mark.parametrize(("name", "factor", "coefficient"), TABLE)
def test_each_infraction_once_and_twice(name: str, factor: float, coefficient: float) -> None:
    for count in (1, 2):
        done = Offences({name: count})
        assert leaderboard_2_0.penalty(done) == pytest.approx(factor**count)
        assert leaderboard_2_1.penalty(done) == pytest.approx(1.0 / (1.0 + coefficient * count))


@pytest.mark.parametrize("name", sorted(set(INFRACTIONS) - {row[0] for row in TABLE}))
def test_what_has_no_coefficient_costs_nothing_by_its_count(name: str) -> None:
    assert leaderboard_2_0.penalty(Offences({name: 3})) == 1.0
    assert leaderboard_2_1.penalty(Offences({name: 3})) == 1.0


@pytest.mark.parametrize(
    ("percent", "v20", "v21"),
    [(100.0, 1.0, 1.0), (50.0, 0.85, 1 / 1.2), (0.0, 0.7, 1 / 1.4), (80.0, 0.94, 1 / 1.08)],
)
def test_a_slow_checkpoint_by_hand(percent: float, v20: float, v21: float) -> None:
    slow = Offences(min_speed_percents=(percent,))
    assert leaderboard_2_0.penalty(slow) == pytest.approx(v20)
    assert leaderboard_2_1.penalty(slow) == pytest.approx(v21)


@given(counts, st.floats(0, 100))
def test_a_way_outside_is_a_factor_of_both(found: dict[str, int], outside: float) -> None:
    for version in (leaderboard_2_0, leaderboard_2_1):
        inside = version.penalty(Offences(found))
        assert version.penalty(Offences(found, outside)) == pytest.approx(
            inside * (1.0 - outside / 100.0), abs=1e-12
        )


@given(counts)
def test_2_1_is_milder_from_the_second_event_on(found: dict[str, int]) -> None:
    """A single touch of a vehicle or of the layout costs more in 2.1, every other drive less."""
    done = Offences(found)
    if sum(found.values()) != 1:
        assert leaderboard_2_1.penalty(done) >= leaderboard_2_0.penalty(done) - 1e-12
    harder = {"collisions_vehicle", "collisions_layout"}
    (alone,) = [name for name, n in found.items() if n] if sum(found.values()) == 1 else [""]
    if alone in harder:
        assert leaderboard_2_1.penalty(done) < leaderboard_2_0.penalty(done)


@given(counts, percents, st.floats(0, 100), st.floats(0, 1))
def test_driving_faster_or_less_outside_never_costs(
    found: dict[str, int], slow: tuple[float, ...], outside: float, share: float
) -> None:
    worse = Offences(found, outside, slow)
    better = Offences(found, outside * share, tuple(p + (100.0 - p) * share for p in slow))
    for version in (leaderboard_2_0, leaderboard_2_1):
        assert 0.0 <= version.penalty(worse) <= version.penalty(better) + 1e-12 <= 1.0 + 1e-12


@given(counts, percents)
def test_no_order_matters(found: dict[str, int], slow: tuple[float, ...]) -> None:
    turned = Offences(dict(reversed(found.items())), 0.0, slow[::-1])
    for version in (leaderboard_2_0, leaderboard_2_1):
        assert version.penalty(turned) == pytest.approx(version.penalty(Offences(found, 0.0, slow)))
