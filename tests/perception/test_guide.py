"""What the map says ahead agrees with what the oracle knows."""

from __future__ import annotations

import numpy as np
import pytest

from roadworthy.perception.guide import Guide
from roadworthy.perception.pipeline import show_stop_sign
from roadworthy.perception.scene import LightState, RouteCol
from roadworthy.perception.signature import HintCol

from .towns import STOP_S, straight_network, straight_route


def guide() -> Guide:
    return Guide(straight_network(), straight_route(), ego_length=4.0)


def test_the_hint_is_the_head_of_the_light_in_the_ego_frame() -> None:
    g = guide()
    g.update(20.0, 1.0, 0.0)
    expected = [1.0, STOP_S - 22.0, 78.0 - 20.0, 5.0 - 1.0, 4.0]
    assert g.hint == pytest.approx(expected, abs=1e-3)


def test_past_the_line_there_is_no_hint() -> None:
    g = guide()
    g.update(70.0, 0.0, 0.0)
    assert g.hint[HintCol.PRESENT] == 0
    assert not g.hint.any()


def test_offset_and_heading_are_relative_to_the_route() -> None:
    g = guide()
    g.update(30.0, -0.5, 0.1)
    assert (g.s, g.lateral, g.heading) == pytest.approx((30.0, -0.5, 0.1), abs=1e-4)
    assert g.remaining == pytest.approx(170.0, abs=1e-3)
    assert g.route[0, RouteCol.SIN] == pytest.approx(-np.sin(0.1), abs=1e-4)


def test_an_ego_far_from_where_it_was_is_found_again() -> None:
    g = guide()
    g.update(5.0, 0.0, 0.0)
    g.update(150.0, 0.0, 0.0)
    assert g.s == pytest.approx(150.0, abs=1e-3)


def test_a_stop_sign_is_ahead_until_the_ego_has_stood_at_its_line() -> None:
    g = guide()
    for x, speed, stop in (
        (16.0, 0.0, 10.0),
        (25.0, 2.0, 1.0),
        (25.2, 0.05, 50.0),
        (26.0, 3.0, 50),
    ):
        g.update(x, 0.0, 0.0, speed)
        assert g.stop == pytest.approx(stop, abs=1e-3)


def test_a_stop_sign_is_shown_as_a_red_light_unless_a_nearer_one_is_closed() -> None:
    light = np.array([LightState.GREEN, 30.0, 0.9], np.float32)
    show_stop_sign(light, 50.0)
    assert light[0] == LightState.GREEN
    show_stop_sign(light, 40.0)
    assert light.tolist() == [LightState.RED, 40.0, 1.0]
    show_stop_sign(light, 45.0)
    assert light[1] == 40.0
