from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from roadworthy.agents.evaluation.report import Driven, Report, write_report
from roadworthy.agents.evaluation.report_chart import Line, chart, learning_curve, ticks
from roadworthy.agents.evaluation.results import Incident, Record, RecordMeta, Scores
from roadworthy.control.timing import StageTimes
from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.road.route import Route
from roadworthy.sim.road.routing import random_routes
from roadworthy.sim.road.towns import load_network_of

_VOID = ("meta", "img", "br")


class Page(HTMLParser):
    """Collects tags that are open, references and the text between."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.references: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.references += [v or "" for k, v in attrs if k in ("src", "href", "xlink:href")]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def network() -> RoadNetwork:
    return load_network_of("Marlow")


@pytest.fixture(scope="module")
def routes(network: RoadNetwork) -> list[Route]:
    return random_routes(network, 1, 1, min_length=100.0, max_length=300.0)


def incident(kind: str, time: float, x: float, y: float, message: str) -> Incident:
    return Incident(kind=kind, time=time, x=x, y=y, z=0.0, message=message)


@pytest.fixture
def report(network: RoadNetwork, routes: list[Route]) -> Report:
    found = [
        incident("red_light", 12.5, 1.0, 2.0, "Agent ran a <red> light at (x=1.00)"),
        incident("red_light", 20.0, 1.0, 2.0, "Agent ran a red light at (x=1.00)"),
        incident("route_dev", 33.0, 50.0, 2.0, "Agent deviated from the route at (x=50.00)"),
    ]
    by_kind = {
        "red_light": [found[0].message, found[1].message],
        "route_dev": [found[2].message],
    }
    worse = Record(
        index=0,
        route_id="RouteScenario_a<b_rep0",
        status="Failed - Agent deviated from the route",
        infractions=by_kind,
        scores=Scores(score_route=50.0, score_penalty=0.49, score_composed=24.5),
        meta=RecordMeta(route_length=500.0, town="Marlow", incidents=found, duration_game=33.0),
    )
    better = Record(
        index=0,
        route_id="RouteScenario_a<b_rep0",
        status="Perfect",
        scores=Scores(score_route=100.0, score_penalty=1.0, score_composed=100.0),
        meta=RecordMeta(route_length=500.0, town="Marlow"),
    )
    stages = [StageTimes("planning", 300, 0.3, 0.25, 0.75, 3.0)]
    rows = [
        {"phase": "imitate", "round": 1.0, "agreement": 0.5},
        {"phase": "imitate", "round": 2.0, "agreement": 0.75},
        {"phase": "ppo", "steps": 8192.0, "return": -3.0, "completion": 0.4},
        {"phase": "ppo", "steps": 16384.0, "return": 5.0, "completion": 0.6},
    ]
    return Report(
        title="Two agents & <script>alert(1)</script>",
        parts=[Driven("<b>", [better], stages=stages), Driven("poor", [worse], "new & bad")],
        routes=routes,
        networks={"Marlow": network},
        settings={"seed": 3, "settings": {"vehicles": 20}, "tasks": [["a", 0]]},
        curve=rows,
        pictures=[("a moment", np.full((20, 40, 3), 90, np.uint8))],
        video="drive.mp4",
    )


def test_the_page_is_whole_and_tells_scores_infractions_and_times(report: Report) -> None:
    page = Page(write_report(report))
    assert page.open == []
    for expected in (
        "<b> arrived on 1 of 1 route, without infraction: driving score 100.0",
        "poor arrived on 0 of 1 route, with 3 infractions: driving score 24.5",
        "12.5 s: Agent ran a <red> light",
        "0.25 ms",
        "0.75 ms",
        "vehicles",
        "stop signs",
        "8.000 (2)",  # red lights in 0.25 km
    ):
        assert expected in page.text


def test_text_from_outside_stays_text(report: Report) -> None:
    html = write_report(report)
    page = Page(html)
    assert "script" not in page.tags
    assert "a<b_rep0" in page.text
    assert "<red>" not in html


def test_nothing_is_fetched_from_elsewhere(report: Report) -> None:
    html = write_report(report)
    page = Page(html)
    outside = [ref for ref in page.references if not ref.startswith("data:image/")]
    assert outside == ["drive.mp4", "drive.mp4"]
    assert not re.search(r"@import|url\(|<link|<script|https?://", html)


def test_every_infraction_is_marked_on_the_map_under_the_number_of_the_table(
    report: Report,
) -> None:
    html = write_report(report)
    assert html.count('<g class="mark">') == 3
    assert html.count('<g class="route">') == 1
    numbers = re.findall(r'class="badge" style="[^"]*">(\d+)</span>', html)
    assert numbers == ["1", "2", "3"]
    # Two at one place do not cover each other's number.
    places = re.findall(r'<g class="mark">.*?x2="([-\d.]+)" y2="([-\d.]+)"', html)
    assert len(set(places)) == 3


def test_the_learning_curve_is_drawn_from_its_rows(report: Report) -> None:
    html = write_report(report)
    assert html.count('<svg class="chart"') == 3
    assert html.count('<polyline class="line"') == 4
    assert "Imitation" in html


def test_without_a_training_there_is_no_curve_and_without_drives_still_a_page() -> None:
    html = write_report(Report("empty", [Driven("nobody", [])], [], {}))
    assert "chart" not in Page(html).tags
    assert '<svg class="chart"' not in html
    assert Page(html).open == []


def test_a_chart_leaves_out_what_is_not_finite_and_puts_larger_values_higher() -> None:
    svg = chart("c", "x", [Line("a", "#000", [(0.0, 1.0), (1.0, float("nan")), (2.0, 3.0)])])
    points = re.search(r'points="([^"]*)"', svg)
    assert points is not None
    pairs = [tuple(map(float, pair.split(","))) for pair in points[1].split()]
    assert len(pairs) == 2
    assert pairs[0][0] < pairs[1][0]
    assert pairs[0][1] > pairs[1][1]
    assert "nothing was measured" in chart("c", "x", [Line("a", "#000", [])])
    assert "too little time" in learning_curve([])


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
