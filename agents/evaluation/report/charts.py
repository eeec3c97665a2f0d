"""Line charts as inline SVG. Sizes are CSS pixels; colours are classes of the style sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import ArrayLike, NDArray

_WIDTH, _HEIGHT = 380, 210
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 40, 36
_POINTS = 220  # of a line; more than there are pixels to show them
_DOTTED = 40  # points up to which each has a dot


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chart."""

    name: str
    style: str  # class: data, other, limit
    points: Sequence[tuple[float, float]] | NDArray[np.float64]  # [n, 2]


@dataclass(frozen=True, slots=True)
class Pin:
    """Something that happened at a place of the x axis."""

    x: float
    number: str
    style: str  # class of its group
    told: str


def chart(
    title: str,
    x_label: str,
    lines: Sequence[Line],
    *,
    limits: tuple[float, float] | None = None,
    across: tuple[float, float] | None = None,
    percent: bool = False,
    whole: bool = False,
    pins: Sequence[Pin] = (),
    dots: bool = True,
) -> str:
    """Draw lines with axes.

    Args:
        title: stands above, with the unit.
        x_label: stands below, with the unit.
        lines: what to draw; points that are not finite are left out.
        limits: of the y axis; those of the points by default.
        across: limits of the x axis; those of the points by default.
        percent: label the y axis as a percentage of 1.
        whole: label the x axis with whole numbers only.
        pins: what happened where, drawn as lines from top to bottom with their numbers.
        dots: show the points of short lines.

    Returns:
        SVG; a chart without points says so.
    """
    kept = [(line, _thin(_finite(line.points))) for line in lines]
    every = np.concatenate([points for _, points in kept]) if kept else np.zeros((0, 2))
    named = [line.name for line, points in kept if line.name and len(points)]
    about = escape(f"{title}: {', '.join(named)}" if named else title, quote=True)
    parts = [
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{about}" font-size="11">',
        f'<text x="{_LEFT}" y="15" font-size="12.5" class="strong">{escape(title)}</text>',
    ]
    if not len(every):
        parts.append(f'<text x="{_LEFT}" y="{_HEIGHT // 2}">nothing was measured</text></svg>')
        return "".join(parts)
    low, high = every.min(0), every.max(0)
    frame = _Frame(
        across or (float(low[0]), float(high[0])),
        limits or (float(low[1]), float(high[1])),
        limits is None,
    )
    parts += frame.axes(x_label, percent, whole)
    parts += _pins(pins, frame)
    for line, points in kept:
        if not len(points):
            continue
        at = [(frame.x(x), frame.y(y)) for x, y in points.tolist()]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
        parts.append(f'<polyline class="line {line.style}" stroke-width="1.8" points="{path}"/>')
        if dots and len(at) <= _DOTTED:
            parts += [
                f'<circle class="fill {line.style}" cx="{x:.1f}" cy="{y:.1f}" r="2.2"/>'
                for x, y in at
            ]
    if len(named) > 1:
        parts += _legend([line for line, points in kept if line.name and len(points)])
    return "".join(parts) + "</svg>"


def _legend(lines: Sequence[Line]) -> list[str]:
    """Names of the lines, to the right of the title."""
    parts, x = [], float(_WIDTH - _RIGHT)
    for line in reversed(lines):
        x -= 6.2 * len(line.name)
        parts.append(
            f'<path class="{line.style}" d="M{x - 20:.0f} 11h16" stroke-width="2"/>'
            f'<text x="{x:.0f}" y="15">{escape(line.name)}</text>'
        )
        x -= 32
    return parts


def ticks(low: float, high: float, most: int) -> list[float]:
    """Choose round numbers between two numbers, at most `most` + 1 of them."""
    rough = (high - low) / most
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * k for k in (1, 2, 5, 10) if size * k >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(k * step, 12) for k in range(first, last + 1)]


def _finite(points: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(points, np.float64).reshape(-1, 2)
    kept: NDArray[np.float64] = array[np.isfinite(array).all(1)]
    return kept


def _thin(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keep at most _POINTS points: of each stretch the lowest and the highest, in their order."""
    if len(points) <= _POINTS:
        return points
    keep = {0, len(points) - 1}
    for part in np.array_split(np.arange(len(points)), _POINTS // 2 - 1):
        values = points[part, 1]
        keep |= {int(part[values.argmin()]), int(part[values.argmax()])}
    return points[sorted(keep)]


def _pins(pins: Sequence[Pin], frame: _Frame) -> list[str]:
    """Lines from top to bottom; numbers of which one would cover the last are left out."""
    parts, last = [], -math.inf
    for pin in sorted(pins, key=lambda pin: pin.x):
        x = frame.x(pin.x)
        told = f"<title>{escape(pin.told)}</title>"
        parts.append(
            f'<g class="{pin.style}">{told}<path class="pin" stroke-width="1.5" '
            f'd="M{x:.1f} {_TOP}V{_HEIGHT - _BOTTOM}"/>'
        )
        if x - last > 7 * len(pin.number) + 4:
            parts.append(
                f'<text x="{x:.1f}" y="{_TOP - 3}" text-anchor="middle" font-size="10" '
                f'class="strong">{escape(pin.number)}</text>'
            )
            last = x
        parts.append("</g>")
    return parts


class _Frame:
    """Where numbers lie in the picture."""

    def __init__(self, x: tuple[float, float], y: tuple[float, float], pad: bool) -> None:
        self._x0, self._x1 = x if x[1] > x[0] else (x[0] - 0.5, x[0] + 0.5)
        room = 0.05 * (y[1] - y[0]) if pad else 0.0
        self._y0, self._y1 = (y[0] - room, y[1] + room) if y[1] > y[0] else (y[0] - 0.5, y[1] + 0.5)

    def x(self, value: float) -> float:
        share = (value - self._x0) / (self._x1 - self._x0)
        return _LEFT + min(max(share, 0.0), 1.0) * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        share = (value - self._y0) / (self._y1 - self._y0)
        return _HEIGHT - _BOTTOM - min(max(share, 0.0), 1.0) * (_HEIGHT - _TOP - _BOTTOM)

    def axes(self, x_label: str, percent: bool, whole: bool) -> list[str]:
        parts = []
        for value in ticks(self._y0, self._y1, 5):
            at = self.y(value)
            text = f"{100.0 * value:.0f} %" if percent else _number(value)
            parts.append(
                f'<path class="grid" d="M{_LEFT} {at:.1f}H{_WIDTH - _RIGHT}"/>'
                f'<text x="{_LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{text}</text>'
            )
        for value in ticks(self._x0, self._x1, 6):
            if whole and value != round(value):
                continue
            parts.append(
                f'<text x="{self.x(value):.1f}" y="{_HEIGHT - _BOTTOM + 15}" '
                f'text-anchor="middle">{_number(value)}</text>'
            )
        middle = (_LEFT + _WIDTH - _RIGHT) / 2
        parts.append(
            f'<text x="{middle}" y="{_HEIGHT - 5}" text-anchor="middle">{escape(x_label)}</text>'
        )
        return parts


def _number(value: float) -> str:
    return f"{value:g}".replace("-", "\N{MINUS SIGN}")
