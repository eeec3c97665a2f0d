from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.agents.evaluation.metrics.leaderboard_2_0 import FACTORS as FACTORS_2_0
from roadworthy.agents.evaluation.score import (
    INFRACTIONS,
    Offences,
    Version,
    penalty,
    score_route,
)
from roadworthy.sim.errors import SettingsError

VERSIONS: tuple[Version, Version] = ("2.0", "2.1")
offences = st.builds(
    Offences,
    st.dictionaries(st.sampled_from(sorted(FACTORS_2_0)), st.integers(0, 6)),
    st.floats(0, 100),
    st.lists(st.floats(0, 100), max_size=4).map(tuple),
)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_clean_route_scores_100(version: Version) -> None:
    score = score_route(100.0, Offences(), version)
    assert (score.route, score.penalty, score.composed) == (100.0, 1.0, 100.0)


@pytest.mark.parametrize(
    ("counts", "outside", "slow", "v20", "v21"),
    [
        ({"collisions_pedestrian": 1}, 0, (), 0.5, 1 / 2),
        ({"collisions_vehicle": 2}, 0, (), 0.36, 1 / 2.4),
        ({"collisions_layout": 1, "red_light": 1}, 0, (), 0.65 * 0.7, 1 / 2),
        ({"stop_infraction": 3}, 0, (), 0.512, 1 / 1.75),
        ({}, 25, (), 0.75, 0.75),
        ({}, 0, (50.0,), 0.85, 1 / 1.2),
        ({"red_light": 1}, 10, (0.0, 100.0), 0.7 * 0.9 * 0.7, 0.9 / 1.8),
        ({"scenario_timeouts": 1, "yield_emergency_vehicle_infractions": 1}, 0, (), 0.49, 1 / 1.8),
        ({"route_dev": 1, "vehicle_blocked": 1, "route_timeout": 1}, 0, (), 1.0, 1.0),
    ],
)
def test_penalties_worked_out_by_hand(
    counts: dict[str, int], outside: float, slow: tuple[float, ...], v20: float, v21: float
) -> None:
    done = Offences(counts, outside, slow)
    assert score_route(80.0, done).penalty == pytest.approx(v20, abs=1e-6)
    assert score_route(80.0, done).composed == pytest.approx(80.0 * v20, abs=1e-5)
    assert score_route(80.0, done, "2.1").penalty == pytest.approx(v21, abs=1e-6)


@pytest.mark.parametrize("version", VERSIONS)
@given(done=offences, completion=st.floats(0, 100))
def test_a_score_stays_within_0_and_the_completion(
    version: Version, done: Offences, completion: float
) -> None:
    score = score_route(completion, done, version)
    assert 0.0 <= score.composed <= score.route + 1e-6 <= 100.0 + 1e-6


@pytest.mark.parametrize("version", VERSIONS)
@given(done=offences, name=st.sampled_from(sorted(FACTORS_2_0)))
def test_one_more_infraction_never_pays(version: Version, done: Offences, name: str) -> None:
    worse = Offences(
        {**done.counts, name: done.counts.get(name, 0) + 1},
        done.outside_percent,
        done.min_speed_percents,
    )
    assert penalty(worse, version) < penalty(done, version) or penalty(done, version) == 0.0


@given(done=offences)
def test_the_order_of_infractions_does_not_matter(done: Offences) -> None:
    turned = Offences(
        dict(reversed(list(done.counts.items()))),
        done.outside_percent,
        done.min_speed_percents[::-1],
    )
    assert penalty(turned) == pytest.approx(penalty(done))


@pytest.mark.parametrize(
    ("completion", "done"),
    [
        (101.0, Offences()),
        (float("nan"), Offences()),
        (50.0, Offences({"speeding": 1})),
        (50.0, Offences({"red_light": -1})),
        (50.0, Offences({}, 120.0)),
    ],
)
def test_impossible_figures_are_refused(completion: float, done: Offences) -> None:
    with pytest.raises(SettingsError):
        score_route(completion, done)


def test_the_names_are_those_of_the_result_file() -> None:
    assert set(FACTORS_2_0) < set(INFRACTIONS)
    assert len(INFRACTIONS) == 12
