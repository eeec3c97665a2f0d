"""Peaks become detections where they are, once each."""

from __future__ import annotations

import math

import numpy as np
import pytest

from roadworthy.perception import grid
from roadworthy.perception.decode import Decoder
from roadworthy.perception.signature import BoxCol
from roadworthy.perception.user_box import UserBox


def empty() -> tuple[np.ndarray, np.ndarray]:
    return (
        np.zeros((3, grid.SIZE, grid.SIZE), np.float32),
        np.zeros((len(BoxCol), grid.SIZE, grid.SIZE), np.float32),
    )


def test_a_peak_is_decoded_to_metres_and_a_unit_heading() -> None:
    heat, box = empty()
    heat[1, 30, 40] = 0.8
    box[:, 30, 40] = [0.25, -0.5, math.log(0.6), math.log(0.5), 0.3, 0.4]
    (found,) = Decoder()(heat, box)
    assert found == pytest.approx([14.75, 8.0, 0.6, 0.8, 0.6, 0.5, 1, 0.8], rel=1e-4)


def test_peaks_below_the_threshold_of_their_class_are_left_out() -> None:
    heat, box = empty()
    heat[0, 10, 10], heat[1, 20, 20] = 0.5, 0.5
    found = Decoder((0.6, 0.4, 0.4))(heat, box)
    assert found[:, UserBox.CLASS].tolist() == [1]


def test_detections_come_by_falling_score() -> None:
    rng = np.random.default_rng(0)
    heat, box = empty()
    heat[0, ::8, ::8] = rng.uniform(0.5, 1.0, (8, 8))
    found = Decoder()(heat, box)
    assert len(found) == 48  # of 64: the list is bounded and keeps the best
    np.testing.assert_array_equal(
        found[:, UserBox.SCORE], np.sort(heat[heat > 0])[::-1][: len(found)]
    )


def test_one_thing_seen_as_two_classes_is_told_once() -> None:
    heat, box = empty()
    heat[1, 30, 40], heat[2, 30, 41] = 0.6, 0.9
    box[BoxCol.DY, 30, 41] = -0.5
    (found,) = Decoder()(heat, box)
    assert found[UserBox.CLASS] == 2


def test_two_walkers_side_by_side_stay_two() -> None:
    heat, box = empty()
    heat[1, 30, 40], heat[1, 30, 41] = 0.6, 0.9
    assert len(Decoder()(heat, box)) == 2


def test_an_absurd_size_stays_finite() -> None:
    heat, box = empty()
    heat[0, 1, 1] = 1.0
    box[:, 1, 1] = 1e6
    box[BoxCol.DX : BoxCol.LOG_LENGTH, 1, 1] = 0.0
    assert np.isfinite(Decoder()(heat, box)).all()
