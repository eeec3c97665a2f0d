"""Pieces of reference lines: clothoids, of which lines and arcs are special cases."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from roadworthy.sim.errors import MapError


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a reference line; its curvature changes evenly from its begin to its end."""

    x: float  # [m] begin
    y: float
    heading: float  # [rad]
    length: float  # [m]
    curvature_begin: float  # [1/m] positive to the left
    curvature_end: float

    def at(self, s: float) -> tuple[float, float, float]:
        """Return x, y and heading at s [m] (by the midpoint rule, good to a millimetre)."""
        rate = (self.curvature_end - self.curvature_begin) / max(self.length, 1e-9)
        count = max(1, math.ceil(s / 0.1))
        step = s / count
        u = (np.arange(count) + 0.5) * step
        heading = self.heading + self.curvature_begin * u + rate * u * u / 2
        return (
            self.x + float(np.cos(heading).sum()) * step,
            self.y + float(np.sin(heading).sum()) * step,
            self.heading + self.curvature_begin * s + rate * s * s / 2,
        )


def fillet(x: float, y: float, heading: float, turn: float, reach: float) -> Piece:
    """Return the arc (or line) that begins at a pose and turns by `turn`.

    Args:
        x: begin [m].
        y: begin [m].
        heading: at the begin [rad].
        turn: angle to turn by, positive to the left [rad], below pi.
        reach: distance from either end to where the tangents meet [m].
    """
    if abs(turn) < 1e-4:
        return Piece(x, y, heading, 2 * reach, 0.0, 0.0)
    curvature = math.tan(turn / 2) / reach
    return Piece(x, y, heading, turn / curvature, curvature, curvature)


def join(
    x0: float, y0: float, heading0: float, x1: float, y1: float, heading1: float
) -> Piece | None:
    """Return the clothoid from one pose to another; None where there is no short one.

    With the angles p, q of the headings against the chord, the heading along the clothoid is
    p + (q - p - a) t + a t^2, t in [0, 1], and a makes the integral of its sine vanish. Source:
    Bertolazzi and Frego, G1 fitting with clothoids, 2015, with a first guess a = 3 (p + q) and a
    midpoint rule in place of Fresnel integrals.
    """
    chord = math.hypot(x1 - x0, y1 - y0)
    along = math.atan2(y1 - y0, x1 - x0)
    p = math.remainder(heading0 - along, 2 * math.pi)
    q = math.remainder(heading1 - along, 2 * math.pi)
    t = (np.arange(400) + 0.5) / 400
    a = 3 * (p + q)
    for _ in range(30):
        angle = p + (q - p - a) * t + a * t * t
        miss = float(np.sin(angle).mean())
        if abs(miss) < 1e-13:
            break
        a -= miss / float((np.cos(angle) * (t * t - t)).mean())
    else:
        return None
    length = chord / float(np.cos(p + (q - p - a) * t + a * t * t).mean())
    if not 0 < length < 1.6 * chord:
        return None
    return Piece(x0, y0, heading0, length, (q - p - a) / length, (q - p + a) / length)


def bend(
    x0: float, y0: float, heading0: float, x1: float, y1: float, heading1: float
) -> tuple[Piece, ...]:
    """Return a line, an arc and a line from one pose to another; a clothoid where that fails.

    Raises:
        MapError: there is no short way between them.
    """
    turn = math.remainder(heading1 - heading0, 2 * math.pi)
    if abs(turn) > math.radians(5):
        # Where the two tangents meet: (x0, y0) + a (cos, sin)(heading0) = (x1, y1) - b (...).
        dx, dy = x1 - x0, y1 - y0
        a = (dx * math.sin(heading1) - dy * math.cos(heading1)) / math.sin(turn)
        b = (dy * math.cos(heading0) - dx * math.sin(heading0)) / math.sin(turn)
        reach = min(a, b)
        if reach > 1.0:
            line = a - reach
            x, y = x0 + line * math.cos(heading0), y0 + line * math.sin(heading0)
            arc = fillet(x, y, heading0, turn, reach)
            pieces = [Piece(x0, y0, heading0, line, 0.0, 0.0), arc]
            x, y, _ = arc.at(arc.length)
            pieces.append(Piece(x, y, heading1, b - reach, 0.0, 0.0))
            return tuple(piece for piece in pieces if piece.length > 0.01)
    piece = join(x0, y0, heading0, x1, y1, heading1)
    if piece is None:
        raise MapError("a generated road cannot be bent so sharply; take another seed")
    return (piece,)
