"""One frame's doubt does not make the light change; a light that changes is told soon."""

from __future__ import annotations

import numpy as np
import pytest

from roadworthy.perception.light_filter import LightFilter
from roadworthy.perception.scene import LIGHT_RANGE, LightCol, LightState


def sure_of(state: LightState, share: float = 0.85) -> np.ndarray:
    probabilities = np.full(4, (1 - share) / 3, np.float32)
    probabilities[state] = share
    return probabilities


def after(light: LightFilter, state: LightState, frames: int, share: float = 0.85) -> LightState:
    for _ in range(frames):
        row = light.update(sure_of(state, share), 20.0, 20.0, 0.0)
    return LightState(int(row[LightCol.STATE]))


@pytest.mark.parametrize("state", [LightState.RED, LightState.YELLOW, LightState.GREEN])
def test_a_clear_light_is_told_within_three_frames(state: LightState) -> None:
    assert after(LightFilter(), state, 3) == state


@pytest.mark.parametrize("other", [LightState.GREEN, LightState.NONE, LightState.YELLOW])
def test_one_frame_of_something_else_does_not_end_red(other: LightState) -> None:
    light = LightFilter()
    after(light, LightState.RED, 10)
    assert after(light, other, 1) == LightState.RED


def test_a_change_is_told_within_half_a_second() -> None:
    light = LightFilter()
    after(light, LightState.GREEN, 20)
    assert after(light, LightState.YELLOW, 3) == LightState.YELLOW
    after(light, LightState.RED, 20)
    assert after(light, LightState.GREEN, 5) == LightState.GREEN


def test_red_is_believed_on_less_evidence_than_green() -> None:
    frames = {}
    for state in (LightState.RED, LightState.GREEN):
        light, opposite = LightFilter(), LightState(4 - state)
        after(light, opposite, 20)
        frames[state] = next(n for n in range(1, 50) if after(light, state, 1, 0.5) == state)
    assert frames[LightState.RED] <= frames[LightState.GREEN]


def test_the_map_knows_the_distance_better() -> None:
    light = LightFilter()
    for k in range(5):
        row = light.update(sure_of(LightState.RED), 33.0, 20.0 - k, 1.0)
    assert row[LightCol.DISTANCE] == pytest.approx(16.0)


def test_without_a_map_the_distance_follows_what_is_seen_and_driven() -> None:
    rng = np.random.default_rng(0)
    light = LightFilter()
    for k in range(20):
        seen = 30.0 - k + rng.normal(0, 2.0)
        row = light.update(sure_of(LightState.RED), seen, None, 1.0)
    assert row[LightCol.DISTANCE] == pytest.approx(11.0, abs=1.5)


def test_the_next_light_begins_anew() -> None:
    light = LightFilter()
    for _ in range(10):
        light.update(sure_of(LightState.RED), 2.0, 2.0, 0.0)
    row = light.update(sure_of(LightState.GREEN), 45.0, 45.0, 0.0)
    assert row[LightCol.STATE] != LightState.RED


def test_no_light_is_at_the_end_of_the_range() -> None:
    row = LightFilter().update(sure_of(LightState.NONE), 10.0, None, 0.0)
    assert row[LightCol.DISTANCE] == LIGHT_RANGE
