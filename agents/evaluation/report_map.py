"""The town of a report from above: its roads as a picture, routes and infractions as SVG on it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import cv2
import numpy as np
from numpy.typing import NDArray

from roadworthy.agents.evaluation.report_style import agent_colour, route_colour
from roadworthy.agents.evaluation.results import Incident
from roadworthy.sim.road.draw import MARGIN, draw_network
from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.road.route import Route, RoutePoint

_PIXELS = 1400  # longer side of the picture
_SHOWN = 1040.0  # [CSS pixels] width at which the sizes below are meant
_AROUND = 60.0  # [m] of town that is shown around the routes
_TALLEST = 0.75  # height of a map by its width


@dataclass(frozen=True, slots=True)
class Mark:
    """One infraction on the map."""

    number: int  # as in the table
    agent: int  # index of the agent
    town: str
    told: str  # "roadworthy, route 2"
    incident: Incident


def town_map(network: RoadNetwork, routes: Sequence[Route], marks: Sequence[Mark]) -> str:
    """Draw one town.

    Args:
        network: its roads.
        routes: those that were driven; each is labelled with its id where it begins.
        marks: infractions in this town.

    Returns:
        SVG in metres; x to the right and y down, as CARLA's axes lie.
    """
    corner = network.points[:, :2].min(0) - MARGIN
    far = network.points[:, :2].max(0) + MARGIN
    (x0, y0), (x1, y1) = _extent(corner, far, routes, marks)
    unit = (x1 - x0) / _SHOWN  # [m] of one CSS pixel
    parts = [
        f'<svg viewBox="{x0:.1f} {y0:.1f} {x1 - x0:.1f} {y1 - y0:.1f}" role="img" '
        f'aria-label="map of {escape(network.name)}" font-family="sans-serif">',
        _image(network, corner, far),
    ]
    parts += [_route(route, route_colour(k), unit) for k, route in enumerate(routes)]
    labels: list[tuple[float, float]] = []
    parts += [_start(route, route_colour(k), labels, unit) for k, route in enumerate(routes)]
    taken: list[tuple[float, float]] = []
    parts += [_mark(mark, _free_place(mark, taken, unit), unit) for mark in marks]
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


def _start(route: Route, colour: str, labels: list[tuple[float, float]], unit: float) -> str:
    x, y = (float(v) for v in route.points[0, [RoutePoint.X, RoutePoint.Y]])
    size = 13 * unit
    left, base = x + 10 * unit, y + 18 * unit
    while any(abs(left - a) < 70 * unit and abs(base - b) < 14 * unit for a, b in labels):
        base += 15 * unit  # routes that begin together have their names in a column
    labels.append((left, base))
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{6 * unit:.2f}" fill="{colour}"/>'
        f'<text x="{left:.1f}" y="{base:.1f}" font-size="{size:.2f}" '
        f'font-weight="600" fill="{colour}" stroke="#fff" stroke-width="{3 * unit:.2f}" '
        f'paint-order="stroke">{escape(route.id)}</text>'
    )


def _free_place(mark: Mark, taken: list[tuple[float, float]], unit: float) -> tuple[float, float]:
    """Find a place for a mark's number that covers no other number."""
    x, y = mark.incident.x, mark.incident.y - 24 * unit
    while any(abs(x - a) < 20 * unit and abs(y - b) < 20 * unit for a, b in taken):
        x += 22 * unit
    taken.append((x, y))
    return x, y


def _mark(mark: Mark, at: tuple[float, float], unit: float) -> str:
    incident, (x, y) = mark.incident, at
    colour, half = agent_colour(mark.agent), 9.5 * unit
    corner = half if mark.agent % 2 == 0 else 2.5 * unit  # round or square: not by colour alone
    told = f"{mark.number}: {mark.told}, {incident.time:.1f} s. {incident.message}"
    return (
        f'<g class="mark"><title>{escape(told)}</title>'
        f'<line x1="{incident.x:.1f}" y1="{incident.y:.1f}" x2="{x:.1f}" y2="{y:.1f}" '
        f'stroke="{colour}" stroke-width="{2 * unit:.2f}"/>'
        f'<circle cx="{incident.x:.1f}" cy="{incident.y:.1f}" r="{4 * unit:.2f}" '
        f'fill="{colour}" stroke="#fff" stroke-width="{1.2 * unit:.2f}"/>'
        f'<rect x="{x - half:.1f}" y="{y - half:.1f}" width="{2 * half:.2f}" '
        f'height="{2 * half:.2f}" rx="{corner:.2f}" fill="{colour}" stroke="#fff" '
        f'stroke-width="{1.5 * unit:.2f}"/>'
        f'<text x="{x:.1f}" y="{y + 4.3 * unit:.1f}" text-anchor="middle" '
        f'font-size="{12 * unit:.2f}" font-weight="700" fill="#fff">{mark.number}</text></g>'
    )


def _scale_bar(left: float, bottom: float, unit: float) -> str:
    metres = next(m for m in (1000, 500, 200, 100, 50, 20, 10, 5, 1) if m <= 220 * unit or m == 1)
    x, y = left + 16 * unit, bottom - 16 * unit
    return (
        f'<path d="M{x:.1f} {y - 6 * unit:.1f}V{y:.1f}H{x + metres:.1f}V{y - 6 * unit:.1f}" '
        f'fill="none" stroke="#22272e" stroke-width="{1.5 * unit:.2f}"/>'
        f'<text x="{x + 6 * unit:.1f}" y="{y - 6 * unit:.1f}" font-size="{12 * unit:.2f}" '
        f'fill="#22272e">{metres} m</text>'
    )
