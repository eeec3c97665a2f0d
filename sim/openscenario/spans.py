"""How long the roads of a town are, which its RoadNetwork does not keep."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from roadworthy.sim.errors import MapError, OpenScenarioError
from roadworthy.sim.road.opendrive import parse, read_text


@dataclass(frozen=True, slots=True)
class Span:
    """How long a road is, and where its lane sections begin [m]."""

    length: float
    begins: tuple[float, ...]


def spans_of_file(path: Path | None, town: str) -> dict[int, Span]:
    """The lengths of all roads of an .xodr file.

    Raises:
        OpenScenarioError: there is none, or it cannot be read.
    """
    if path is None:
        raise OpenScenarioError(f"positions on roads and lanes need the .xodr file of {town}")
    try:
        spec = parse(read_text(path), path)
    except MapError as error:
        raise OpenScenarioError(str(error)) from None
    return {
        road.id: Span(road.length, tuple(section.begin for section in road.sections))
        for road in spec.roads
    }


def spans_of_table(text: str) -> dict[int, Span]:
    """The lengths of all roads as `table_of_spans` wrote them.

    Raises:
        OpenScenarioError: it is no such table.
    """
    try:
        return {
            int(road): Span(float(length), tuple(float(begin) for begin in begins))
            for road, (length, begins) in json.loads(text).items()
        }
    except (ValueError, TypeError, AttributeError) as error:
        raise OpenScenarioError(f"the table of roads is damaged ({error})") from None


def table_of_spans(spans: Mapping[int, Span]) -> str:
    """Write the lengths of all roads down, as `spans_of_table` reads them."""
    return json.dumps({road: [span.length, list(span.begins)] for road, span in spans.items()})
