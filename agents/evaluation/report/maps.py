"""The towns of a report from above: roads as a picture, routes and infractions as SVG on it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape

import cv2
import numpy as np
from numpy.typing import NDArray

from roadworthy.agents.evaluation.report.content import GROUPS, Mark, several
from roadworthy.agents.evaluation.report.glyphs import inline, numbered, shape
from roadworthy.agents.evaluation.report.style import route_colour
from roadworthy.sim.road.draw import MARGIN, draw_network
from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.road.route import Route, RoutePoint

_PIXELS = 1400  # longer side of the picture
_SHOWN = 1040.0  # [CSS pixels] width at which the sizes below are meant
_AROUND = 60.0  # [m] of town that is shown around the routes
_TALLEST = 0.75  # height of a map by its width
_MANY = "#7d97c2"  # colour of routes that are too many to be told apart
_NAMED = 10  # routes of a town up to which each has a colour and its name
_RAISED = 40.0  # [CSS pixels] room for a number above its place
_NUMBERED = 40  # infractions of a town up to which each has its number


def maps(
    networks: Mapping[str, RoadNetwork],
    routes: Sequence[Route],
    marks: Sequence[Mark],
    anchors: Mapping[tuple[str, str], str],
) -> str:
    """Draw all towns, those where something happened first.

    Args:
        networks: of the towns.
        routes: those that were driven.
        marks: infractions that have a place.
        anchors: where the page tells of a route, by (town, id).

    Returns:
        HTML: a figure a town; a town without infraction can be unfolded.
    """
    found = {town: [mark for mark in marks if mark.town == town] for town in networks}
    figures = []
    for town in sorted(networks, key=lambda town: not found[town]):
        here, driven = found[town], [route for route in routes if route.town == town]
        drawn = (
            f'<div class="wide" tabindex="0" role="group" aria-label="map of {escape(town)}">'
            f"{town_map(networks[town], driven, here, anchors)}</div>"
            f"<figcaption>{_caption(town, driven, here)}</figcaption>"
        )
        if here or len(networks) == 1:
            figures.append(f'<figure class="map">{drawn}</figure>')
        else:
            figures.append(
                f'<details class="map"><summary>{escape(town)}: nothing happened on '
                f"{several(len(driven), 'route')}</summary><figure>{drawn}</figure></details>"
            )
    return "".join(figures)


def _caption(town: str, routes: Sequence[Route], marks: Sequence[Mark]) -> str:
    named = " with its name" if len(routes) <= _NAMED else ""
    told = (
        f"{escape(town)} from above. Each route begins at the filled dot{named} and ends at the "
        "ring."
    )
    if not marks:
        return f"{told} No infraction happened here."
    told += (
        " Numbers are those of the lists of infractions."
        if len(marks) <= _NUMBERED
        else " Point at an infraction to read it, follow it to the drive."
    )
    kinds = []
    for group in GROUPS:
        count = sum(mark.group is group for mark in marks)
        if count:
            kinds.append(f"<span>{inline(group)} {group.words} ({count})</span>")
    return f'{told}<span class="legend">{"".join(kinds)}</span>'


def town_map(
    network: RoadNetwork,
    routes: Sequence[Route],
    marks: Sequence[Mark],
    anchors: Mapping[tuple[str, str], str] | None = None,
) -> str:
    """Draw one town.

    Args:
        network: its roads.
        routes: those that were driven; where they are few, each has its id where it begins.
        marks: infractions in this town; where they are few, each has its number.
        anchors: where the page tells of a route, by (town, id).

    Returns:
        SVG in metres; x to the right and y down, as CARLA's axes lie.
    """
    corner = network.points[:, :2].min(0) - MARGIN
    far = network.points[:, :2].max(0) + MARGIN
    (x0, y0), (x1, y1) = _extent(corner, far, routes, marks)
    unit = (x1 - x0) / _SHOWN  # [m] of one CSS pixel
    named = len(routes) <= _NAMED
    parts = [
        f'<svg viewBox="{x0:.1f} {y0:.1f} {x1 - x0:.1f} {y1 - y0:.1f}">',
        _image(network, corner, far),
    ]
    colours = [route_colour(k) if named else _MANY for k in range(len(routes))]
    for route, colour in zip(routes, colours, strict=True):
        drawn = _route(route, colour, unit if named else 0.65 * unit)
        anchor = (anchors or {}).get((route.town, route.id))
        parts.append(f'<a href="#{anchor}">{drawn}</a>' if anchor else drawn)
    labels: list[tuple[float, float]] = []
    for route, colour in zip(routes, colours, strict=True):
        parts.append(_start(route, colour, labels if named else None, unit))
    if len(marks) <= _NUMBERED:
        taken: list[tuple[float, float]] = []
        parts += [_mark(mark, _free_place(mark, taken, unit), unit) for mark in marks]
    else:
        # The gravest on top.
        lasting = sorted(marks, key=lambda mark: -GROUPS.index(mark.group))
        parts += [_mark(mark, None, unit) for mark in lasting]
    parts.append(_scale_bar(x0, y1, unit))
    return "".join(parts) + "</svg>"


def data_uri(image: NDArray[np.uint8], kind: str = "png") -> str:
    """Encode an RGB picture as a data URI: `png`, or `jpeg` for photographs."""
    suffix = ".png" if kind == "png" else ".jpg"
    options = [] if kind == "png" else [cv2.IMWRITE_JPEG_QUALITY, 86]
    encoded = cv2.imencode(suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)[1]
    return f"data:image/{kind};base64,{base64.b64encode(encoded.tobytes()).decode()}"


def _extent(
    corner: NDArray[np.float32],
    far: NDArray[np.float32],
    routes: Sequence[Route],
    marks: Sequence[Mark],
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Choose the part of the town that is shown: what is around routes and marks."""
    points = [route.points[:, [RoutePoint.X, RoutePoint.Y]] for route in routes]
    points += [np.array([[m.incident.x, m.incident.y]], np.float32) for m in marks]
    if not points:
        return (float(corner[0]), float(corner[1])), (float(far[0]), float(far[1]))
    seen = np.concatenate(points)
    low = np.maximum(seen.min(0) - _AROUND, corner)
    high = np.minimum(seen.max(0) + _AROUND, far)
    low, high = np.minimum(low, seen.min(0) - 10.0), np.maximum(high, seen.max(0) + 10.0)
    if marks:
        low[1] -= _RAISED / _SHOWN * (high[0] - low[0])
    # Wider than high, so that map and table can be seen together.
    lacking = float((high[1] - low[1]) / _TALLEST - (high[0] - low[0]))
    if lacking > 0.0:
        low[0], high[0] = low[0] - lacking / 2, high[0] + lacking / 2
    return (float(low[0]), float(low[1])), (float(high[0]), float(high[1]))


def _image(network: RoadNetwork, corner: NDArray[np.float32], far: NDArray[np.float32]) -> str:
    picture = draw_network(network, pixels=_PIXELS)
    pale = np.asarray(picture + (255 - picture) * 0.35, np.uint8)  # behind, not in front
    width, height = (float(v) for v in far - corner)
    return (
        f'<image x="{corner[0]:.2f}" y="{corner[1]:.2f}" width="{width:.2f}" '
        f'height="{height:.2f}" preserveAspectRatio="none" href="{data_uri(pale)}"/>'
    )


def _route(route: Route, colour: str, unit: float) -> str:
    xy = route.points[:, [RoutePoint.X, RoutePoint.Y]]
    thin = np.concatenate([xy[:-1:2], xy[-1:]])
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in thin)
    line = f'points="{path}" fill="none" stroke-linejoin="round" stroke-linecap="round"'
    end_x, end_y = (float(v) for v in xy[-1])
    return (
        f'<g class="route"><title>route {escape(route.id)}, {route.length:.0f} m</title>'
        f'<polyline {line} stroke="#fff" stroke-width="{7 * unit:.2f}"/>'
        f'<polyline {line} stroke="{colour}" stroke-width="{4 * unit:.2f}"/>'
        f'<circle cx="{end_x:.1f}" cy="{end_y:.1f}" r="{6 * unit:.2f}" fill="#fff" '
        f'stroke="{colour}" stroke-width="{3.5 * unit:.2f}"/></g>'
    )


def _start(route: Route, colour: str, labels: list[tuple[float, float]] | None, unit: float) -> str:
    """Dot where a route begins, with its name where `labels`, the places taken, are given."""
    x, y = (float(v) for v in route.points[0, [RoutePoint.X, RoutePoint.Y]])
    size = 6 if labels is not None else 4
    dot = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size * unit:.2f}" fill="{colour}"/>'
    if labels is None:
        return dot
    left, base = x + 10 * unit, y + 18 * unit
    while any(abs(left - a) < 70 * unit and abs(base - b) < 14 * unit for a, b in labels):
        base += 15 * unit  # routes that begin together have their names in a column
    labels.append((left, base))
    return (
        f'{dot}<text x="{left:.1f}" y="{base:.1f}" font-size="{13 * unit:.2f}" '
        f'font-weight="600" style="fill:{colour}" stroke="#fff" stroke-width="{3 * unit:.2f}" '
        f'paint-order="stroke">{escape(route.id)}</text>'
    )


def _free_place(mark: Mark, taken: list[tuple[float, float]], unit: float) -> tuple[float, float]:
    """Find a place for a mark's number that covers no other number."""
    x, y = mark.incident.x, mark.incident.y - 26 * unit
    while any(abs(x - a) < 23 * unit and abs(y - b) < 23 * unit for a, b in taken):
        x += 25 * unit
    taken.append((x, y))
    return x, y


def _mark(mark: Mark, at: tuple[float, float] | None, unit: float) -> str:
    """An infraction: a shape at its place, or its number beside with a line to it."""
    incident, group = mark.incident, mark.group
    told = escape(f"{mark.number}: {mark.told}, {incident.time:.1f} s. {incident.message}")
    x, y = incident.x, incident.y
    if at is None:
        drawn = shape(group, x, y, 5.5 * unit, 1.2 * unit)
    else:
        drawn = (
            f'<path class="pin" d="M{x:.1f} {y:.1f}L{at[0]:.1f} {at[1]:.1f}" '
            f'stroke-width="{2 * unit:.2f}"/><circle class="shape" cx="{x:.1f}" cy="{y:.1f}" '
            f'r="{4 * unit:.2f}" stroke-width="{1.2 * unit:.2f}"/>'
            f"{numbered(group, mark.number, *at, unit)}"
        )
    return f'<a class="incident {group.key}" href="#{mark.anchor}"><title>{told}</title>{drawn}</a>'


def _scale_bar(left: float, bottom: float, unit: float) -> str:
    metres = next(m for m in (1000, 500, 200, 100, 50, 20, 10, 5, 1) if m <= 220 * unit or m == 1)
    x, y = left + 16 * unit, bottom - 16 * unit
    return (
        f'<path d="M{x:.1f} {y - 6 * unit:.1f}V{y:.1f}H{x + metres:.1f}V{y - 6 * unit:.1f}" '
        f'fill="none" stroke="#22272e" stroke-width="{1.5 * unit:.2f}"/>'
        f'<text x="{x + 6 * unit:.1f}" y="{y - 6 * unit:.1f}" font-size="{12 * unit:.2f}" '
        f'fill="#22272e">{metres} m</text>'
    )
