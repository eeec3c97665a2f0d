"""Line charts as inline SVG, and the learning curve made of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

_WIDTH, _HEIGHT = 380, 230
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 40, 38
_HIT = ("vehicle", "walker", "static")
_TOO_SHORT = (
    "There was too little time for trial and error: no drive ended in it. Train for longer, or on "
    "a machine with less to do besides."
)
_GRID, _TEXT = "#e4e7ea", "#5d6672"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chart."""

    name: str
    colour: str
    points: Sequence[tuple[float, float]]


def chart(
    title: str,
    x_label: str,
    lines: Sequence[Line],
    *,
    limits: tuple[float, float] | None = None,
    percent: bool = False,
    whole: bool = False,
) -> str:
    """Draw lines with axes.

    Args:
        title: stands above.
        x_label: stands below.
        lines: what to draw; points that are not finite are left out.
        limits: of the y axis; those of the points by default.
        percent: label the y axis as a percentage of 1.
        whole: label the x axis with whole numbers only.

    Returns:
        SVG; a chart without points says so.
    """
    kept = [
        Line(line.name, line.colour, [p for p in line.points if all(map(math.isfinite, p))])
        for line in lines
    ]
    every = [point for line in kept for point in line.points]
    parts = [
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{escape(title)}" font-size="11" fill="{_TEXT}">',
        f'<text x="{_LEFT}" y="15" font-size="12.5" font-weight="600" fill="#22272e">'
        f"{escape(title)}</text>",
    ]
    if not every:
        parts.append(f'<text x="{_LEFT}" y="{_HEIGHT // 2}">nothing was measured</text></svg>')
        return "".join(parts)
    xs = [x for x, _ in every]
    ys = [y for _, y in every]
    frame = _Frame((min(xs), max(xs)), limits or (min(ys), max(ys)))
    parts += frame.axes(x_label, percent, whole)
    legend = _LEFT
    for line in kept:
        path = " ".join(f"{frame.x(x):.1f},{frame.y(y):.1f}" for x, y in line.points)
        parts.append(
            f'<polyline class="line" points="{path}" fill="none" stroke="{line.colour}" '
            'stroke-width="2" stroke-linejoin="round"/>'
        )
        parts += [
            f'<circle cx="{frame.x(x):.1f}" cy="{frame.y(y):.1f}" r="2.2" fill="{line.colour}"/>'
            for x, y in line.points
        ]
        if len(kept) > 1:
            parts.append(
                f'<text x="{legend}" y="31" font-weight="600" fill="{line.colour}">'
                f"{escape(line.name)}</text>"
            )
            legend += 20 + 7 * len(line.name)
    return "".join(parts) + "</svg>"


class _Frame:
    """Where numbers lie in the picture."""

    def __init__(self, x: tuple[float, float], y: tuple[float, float]) -> None:
        self._x0, self._x1 = x if x[1] > x[0] else (x[0] - 0.5, x[0] + 0.5)
        pad = max(1e-9, 0.05 * (y[1] - y[0])) if y[1] > y[0] else 0.5
        exact = y in ((0.0, 1.0), (0, 1))
        self._y0, self._y1 = y if exact else (y[0] - pad, y[1] + pad)

    def x(self, value: float) -> float:
        share = (value - self._x0) / (self._x1 - self._x0)
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        share = (value - self._y0) / (self._y1 - self._y0)
        return _HEIGHT - _BOTTOM - min(max(share, 0.0), 1.0) * (_HEIGHT - _TOP - _BOTTOM)

    def axes(self, x_label: str, percent: bool, whole: bool) -> list[str]:
        parts = []
        for value in ticks(self._y0, self._y1, 5):
            at = self.y(value)
            text = f"{100.0 * value:.0f} %" if percent else f"{value:g}"
            parts.append(
                f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{at:.1f}" y2="{at:.1f}" '
                f'stroke="{_GRID}"/><text x="{_LEFT - 6}" y="{at + 4:.1f}" '
                f'text-anchor="end">{text}</text>'
            )
        for value in ticks(self._x0, self._x1, 6):
            if whole and value != round(value):
                continue
            parts.append(
                f'<text x="{self.x(value):.1f}" y="{_HEIGHT - _BOTTOM + 15}" '
                f'text-anchor="middle">{value:g}</text>'
            )
        middle = (_LEFT + _WIDTH - _RIGHT) / 2
        parts.append(
            f'<text x="{middle}" y="{_HEIGHT - 6}" text-anchor="middle">{escape(x_label)}</text>'
        )
        return parts


def ticks(low: float, high: float, most: int) -> list[float]:
    """Choose round numbers between two numbers, at most `most` + 1 of them."""
    rough = (high - low) / most
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * k for k in (1, 2, 5, 10) if size * k >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(k * step, 12) for k in range(first, last + 1)]


def learning_curve(rows: Sequence[dict[str, Any]]) -> str:
    """Draw how a planner's training went.

    Args:
        rows: of the Trainer, in their order: `phase` "imitate" with `round` and `agreement`,
            `phase` "ppo" with `steps`, `return`, `completion` and collisions.

    Returns:
        HTML: a chart of the imitation and two of reinforcement learning; a sentence instead of
        these two where the time did not suffice for a single drive to end.
    """
    imitation = [row for row in rows if row.get("phase") == "imitate"]
    learning = [row for row in rows if row.get("phase") == "ppo" and "return" in row]

    def of(name: str) -> list[tuple[float, float]]:
        return [(row["steps"] / 1e3, float(row[name])) for row in learning if name in row]

    hits = [
        (row["steps"] / 1e3, sum(float(row.get(f"collision_{w}", 0.0)) for w in _HIT))
        for row in learning
    ]
    agreed = [(float(row["round"]), float(row["agreement"])) for row in imitation]
    steps = "thousand decisions, over all worlds"
    charts = [
        chart(
            "Imitation: acts as the expert does",
            "round",
            [Line("agreement", "#1f5fbf", agreed)],
            limits=(0.0, 1.0),
            percent=True,
            whole=True,
        ),
        chart("Trial and error: reward a drive", steps, [Line("", "#1f5fbf", of("return"))]),
        chart(
            "Trial and error: how drives end",
            steps,
            [
                Line("route completion", "#1b7339", of("completion")),
                Line("collided", "#ad2218", hits),
            ],
            limits=(0.0, 1.0),
            percent=True,
        ),
    ]
    drawn = charts if learning else charts[:1]
    figures = "".join(f"<figure>{one}</figure>" for one in drawn)
    missing = "" if learning else f'<p class="what">{_TOO_SHORT}</p>'
    return f'<div class="charts">{figures}</div>{missing}'
