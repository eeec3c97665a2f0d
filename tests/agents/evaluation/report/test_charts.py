from __future__ import annotations

import re

import numpy as np
import pytest

from roadworthy.agents.evaluation.report.charts import Line, Pin, chart, ticks
from roadworthy.agents.evaluation.report.learning import learning_curve


def points_of(svg: str) -> list[tuple[float, ...]]:
    found = re.search(r'points="([^"]*)"', svg)
    assert found is not None
    return [tuple(map(float, pair.split(","))) for pair in found[1].split()]


def test_a_chart_leaves_out_what_is_not_finite_and_puts_larger_values_higher() -> None:
    pairs = points_of(
        chart("c", "x", [Line("a", "data", [(0.0, 1.0), (1.0, float("nan")), (2.0, 3.0)])])
    )
    assert len(pairs) == 2
    assert pairs[0][0] < pairs[1][0]
    assert pairs[0][1] > pairs[1][1]
    assert "nothing was measured" in chart("c", "x", [Line("a", "data", [])])
    assert "too little time" in learning_curve([])


def test_a_long_line_is_thinned_and_keeps_its_peaks() -> None:
    values = np.zeros((50_000, 2))
    values[:, 0] = np.arange(50_000)
    values[31_234, 1], values[31_300, 1] = 9.0, -5.0
    pairs = points_of(chart("c", "x", [Line("a", "data", values)]))
    assert len(pairs) < 300
    heights = [y for _, y in pairs]
    level = heights[0]
    assert sum(y < level for y in heights) == 1
    assert sum(y > level for y in heights) == 1
    assert pairs == sorted(pairs, key=lambda pair: pair[0])


def test_pins_keep_their_numbers_apart_and_tell_all_of_them() -> None:
    line = [Line("a", "data", [(0.0, 0.0), (100.0, 1.0)])]
    svg = chart("c", "x", line, pins=[Pin(50.0, "1", "hit", "one"), Pin(50.1, "2", "hit", "<two>")])
    assert svg.count('class="pin"') == 2
    assert "<title>&lt;two&gt;</title>" in svg
    assert ">1</text>" in svg
    assert ">2</text>" not in svg


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.0, 1.0, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (-3.0, 12.0, [0.0, 5.0, 10.0]),
        (1.0, 20.0, [5.0, 10.0, 15.0, 20.0]),
    ],
)
def test_ticks_are_round(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high, 5) == pytest.approx(expected)
