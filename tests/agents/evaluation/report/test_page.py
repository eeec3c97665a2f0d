from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from roadworthy.agents.evaluation.compare import compare
from roadworthy.agents.evaluation.report import Clip, Driven, GateLine, Report, write_report
from roadworthy.agents.evaluation.report.script import SCRIPT
from roadworthy.agents.evaluation.results import Checkpoint, Incident, Record, Results

MakeRecord = Callable[..., Record]
MakeIncident = Callable[..., Incident]
_VOID = ("meta", "img", "br")


class Page(HTMLParser):
    """Collects tags that are open, references, ids and the text between."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.references: list[str] = []
        self.ids: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.references += [v or "" for k, v in attrs if k in ("src", "href", "xlink:href")]
        self.ids += [v or "" for k, v in attrs if k == "id"]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("script", "style"):
            self.text += data


def page_of(*records: Record, **more: object) -> str:
    return write_report(Report("t", [Driven("me", records)], [], {}, **more))  # type: ignore[arg-type]


def test_the_page_is_whole_and_tells_scores_infractions_and_times(report: Report) -> None:
    page = Page(write_report(report))
    assert page.open == []
    for expected in (
        "24.5 of 100",
        "arrived0 of 1",
        "12.5 s: Agent ran a <red> light",
        "a single drive has no interval",
        "0.25 ms",
        "0.75 ms",
        "vehicles",
        "28.00",  # red lights, their number and how many in each of 0.25 km
    ):
        assert expected in page.text


def test_the_mean_stands_with_its_interval_over_all_seeds(record: MakeRecord) -> None:
    records = [record(r, s, 100.0 - 10.0 * s) for r in ("a", "b") for s in range(3)]
    text = Page(page_of(*records)).text
    assert "90.0 of 100" in text
    assert "95 % interval 90.0 to 90.0" in text  # routes are drawn, and both are alike
    assert "arrived6 of 6" in text


def test_seeds_of_a_route_stand_in_one_row(record: MakeRecord, incident: MakeIncident) -> None:
    bad = incident("red_light", 1.0, 0.0, 0.0, "Agent ran a red light")
    html = page_of(record("a", 0, 100.0), record("a", 1, 70.0, bad), record("b", 0, 100.0))
    rows = re.findall(r"<tbody data-has.*?</tbody>", html)
    assert len(rows) == 2
    first = Page(rows[0]).text
    assert "85.0" in first
    assert "100 \N{MIDDLE DOT} 70" in first
    assert "1 \N{MULTIPLICATION SIGN} Perfect1 \N{MULTIPLICATION SIGN} Completed" in first
    assert "red light" in first
    assert "none" in Page(rows[1]).text


def test_text_from_outside_stays_text(report: Report) -> None:
    html = write_report(report)
    page = Page(html)
    assert page.tags.count("script") == 1
    assert "a<b" in page.text
    assert "<red>" not in html


@pytest.mark.parametrize("evil", ["<script>alert(1)</script>", "\"'><img src=x onerror=alert(1)>"])
def test_hostile_names_are_text_wherever_they_stand(
    report: Report, evil: str, record: MakeRecord, incident: MakeIncident
) -> None:
    hit = incident(evil, 1.0, 3.0, 4.0, evil)
    bad = record(evil, 0, 10.0, hit, status=f"Failed - {evil}")
    bad.meta.events = [evil]
    bad.meta.town = evil
    results = Results(checkpoint=Checkpoint(records=[bad]), roadworthy={evil: evil})
    hostile = replace(
        report,
        title=evil,
        about=evil,
        parts=[
            Driven(evil, [bad], evil, clips={bad.route_id: [Clip("data:video/mp4,", evil)]}),
            Driven(evil, [bad]),
        ],
        routes=[replace(report.routes[0], id=evil, town=evil)],
        networks={evil: report.networks["Marlow"]},
        settings={evil: evil},
        pictures=[(evil, report.pictures[0][1])],
        video=evil,
        gates=[GateLine(evil, False, evil)],
        baseline=evil,
        comparison=compare(results, Results(checkpoint=Checkpoint(records=[bad]))),
        missing={evil: [evil]},
    )
    html = write_report(hostile)
    page = Page(html)
    assert page.open == []
    assert page.tags.count("script") == 1
    assert page.tags.count("img") == 1  # the picture
    assert evil not in html
    assert page.text.count(evil) > 10


def test_nothing_is_fetched_from_elsewhere_and_every_link_has_its_end(report: Report) -> None:
    html = write_report(report)
    page = Page(html)
    outside = [r for r in page.references if not r.startswith(("data:image/", "#"))]
    assert outside == ["drive.mp4", "drive.mp4"]
    assert not re.search(r"@import|url\(|<link|https?://|fetch\(|import\(", html)
    assert len(page.ids) == len(set(page.ids))
    inside = {r[1:] for r in page.references if r.startswith("#")}
    assert inside <= set(page.ids)
    assert html.count(SCRIPT) == 1


def test_every_infraction_is_on_the_map_under_the_number_of_the_lists(report: Report) -> None:
    html = write_report(report)
    assert html.count('<a class="incident') == 3
    assert html.count('<g class="route">') == 1
    numbers = re.findall(r'class="number">([^<]*)<', html)
    assert numbers == ["B1", "B2", "B3"] * 2  # with the failures, and with its drive
    # Two at one place do not cover each other's number.
    places = re.findall(r'class="pin" d="M[-\d. ]+L([-\d.]+) ([-\d.]+)"', html)
    assert len(set(places)) == 3


def test_many_infractions_and_routes_stand_on_the_map_without_numbers_and_names(
    report: Report, record: MakeRecord, incident: MakeIncident
) -> None:
    found = [incident("red_light", float(k), k, k, f"Agent ran light {k}") for k in range(60)]
    many = [replace(report.routes[0], id=f"way{k}") for k in range(30)]
    html = write_report(
        replace(report, parts=[Driven("me", [record("way1", 0, 1.0, *found)])], routes=many)
    )
    plan = re.search(r'<figure class="map">.*?</figure>', html, re.DOTALL)
    assert plan is not None
    assert plan[0].count('<a class="incident') == 60
    assert "Agent ran light 59" in plan[0]  # who points at it reads it
    assert "glyph" not in plan[0]
    assert ">way1<" not in plan[0]
    assert "route way1, " in plan[0]


def test_each_drive_has_its_speed_acceleration_and_distance(report: Report) -> None:
    html = write_report(report)
    plots = re.search(r'<div class="plots">.*?</div>', html)
    assert plots is not None
    assert re.findall(r'class="strong">([^<]+\])<', plots[0]) == [
        "Speed [km/h]",
        "Acceleration [m/s\N{SUPERSCRIPT TWO}]",
        "Distance along the route [m]",
    ]
    assert plots[0].count('class="pin"') == 9  # three infractions in each


def test_what_went_wrong_comes_worst_first_with_its_videos(
    record: MakeRecord, incident: MakeIncident
) -> None:
    bad = [
        record(f"r{k}", 0, float(k), incident("red_light", 1.0, 0.0, 0.0, "x")) for k in range(9)
    ]
    clip = Clip("data:video/mp4;base64,AAAA", "the red light of r8")
    part = Driven("me", bad[::-1], clips={bad[8].route_id: [clip]})
    html = write_report(Report("t", [part], [], {}))
    wrong = re.findall(r'<article class="card.*?</article>', html, re.DOTALL)
    routes = [re.search(r">(r\d)</a>", one) for one in wrong]
    assert [found and found[1] for found in routes] == ["r0", "r1", "r2", "r3", "r4", "r5", "r8"]
    assert 'src="data:video/mp4;base64,AAAA"' in wrong[-1]
    assert "the red light of r8" in wrong[-1]
    assert "And 2 drives more" in html
    assert "Nothing: every drive arrived" in page_of(record("a", 0, 100.0))


def test_gates_baseline_and_missing_scenarios_stand_on_the_first_screen(record: MakeRecord) -> None:
    before = Results(
        checkpoint=Checkpoint(records=[record(f"r{k}", 0, 50.0 + k) for k in range(9)])
    )
    after = Results(checkpoint=Checkpoint(records=[record(f"r{k}", 0, 80.0 + k) for k in range(9)]))
    html = page_of(
        *after.checkpoint.records,
        gates=[GateLine("driving_score>=90", False, "84.0"), GateLine("red_light==0", True)],
        baseline="last week",
        comparison=compare(before, after),
        missing={"r1": ["HardBreakRoute"], "r2": ["HardBreakRoute"]},
    )
    first = Page(html.partition("<nav")[0]).text
    assert "driving_score>=90 does not hold: 84.0" in first
    assert "red_light==0 holds" in first
    assert "Better than the baseline last week: driving score 54.0" in first
    assert "difference +30.0 (95 % interval +30.0 to +30.0), over 9 pairs" in first
    assert "HardBreakRoute (2 routes: r1, r2)" in first
    assert Page(html).text.count("lacks HardBreakRoute") == 2


def test_the_learning_curve_is_drawn_from_its_rows(report: Report) -> None:
    html = write_report(report)
    training = html[html.index('id="training"') : html.index('id="video"')]
    assert training.count('<svg class="chart"') == 3
    assert training.count('<polyline class="line') == 4
    assert "Imitation" in training


def test_without_a_training_there_is_no_curve_and_without_drives_still_a_page() -> None:
    html = page_of()
    assert '<svg class="chart"' not in html
    assert "No drive has ended yet" in html
    assert Page(html).open == []
