"""The shapes that infractions have in lists and on maps: one a group, with a number in it."""

from __future__ import annotations

from html import escape

from roadworthy.agents.evaluation.report.content import COLLISION, PLACE, SIGN, Group

_FLAT = 0.42  # half the side of an octagon by its half width, tan(22.5 degrees)


def shape(group: Group, x: float, y: float, half: float, line: float) -> str:
    """Outline of a group's shape around (x, y), so many units half as wide, with a line around."""
    a, b = half, half * _FLAT
    corners = {
        SIGN.key: [(b, a), (a, b), (a, -b), (b, -a), (-b, -a), (-a, -b), (-a, b), (-b, a)],
        PLACE.key: [(0, -1.25 * a), (1.35 * a, 0.95 * a), (-1.35 * a, 0.95 * a)],
        COLLISION.key: [(0, 1.3 * a), (1.3 * a, 0), (0, -1.3 * a), (-1.3 * a, 0)],
    }.get(group.key)
    if corners is None:
        return (
            f'<circle class="shape" cx="{x:.1f}" cy="{y:.1f}" r="{a:.2f}" '
            f'stroke-width="{line:.2f}"/>'
        )
    path = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in corners)
    return (
        f'<polygon class="shape" points="{path}" stroke-width="{line:.2f}" '
        'stroke-linejoin="round"/>'
    )


def numbered(group: Group, number: str, x: float, y: float, unit: float) -> str:
    """A shape with a number, some 20 units high, as SVG."""
    size = 11.0 if len(number) < 3 else 8.5
    drop = 5.2 if group is PLACE else 3.9
    return (
        f'<g class="glyph {group.key}">{shape(group, x, y, 10.0 * unit, 1.2 * unit)}'
        f'<text x="{x:.1f}" y="{y + drop * unit:.1f}" font-size="{size * unit:.2f}">'
        f"{escape(number)}</text></g>"
    )


def inline(group: Group, number: str = "") -> str:
    """The shape within a line of text, with the number behind it."""
    drawn = shape(group, 0.0, 0.0, 10.0, 0.0)
    told = f' <span class="number">{escape(number)}</span>' if number else ""
    return (
        f'<svg class="mark {group.key}" viewBox="-14 -14 28 28" aria-hidden="true">{drawn}</svg>'
        f"{told}"
    )
