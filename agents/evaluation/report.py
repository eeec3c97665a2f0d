"""Report: drives of one or more agents as one page that needs no server and no network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from roadworthy.agents.evaluation.picture import Image
from roadworthy.agents.evaluation.report_chart import learning_curve
from roadworthy.agents.evaluation.report_map import Mark, data_uri, town_map
from roadworthy.agents.evaluation.report_style import STYLE, agent_colour
from roadworthy.agents.evaluation.report_tables import (
    drives_table,
    infractions_table,
    settings_table,
    stages_table,
)
from roadworthy.agents.evaluation.results import GlobalRecord, Record, summarize
from roadworthy.control.loop import ClosedLoop
from roadworthy.control.timing import StageTimes
from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.road.route import Route

_NOT_COUNTED = (
    "What counts here: collisions, red lights, stop signs, driving outside of the route's lanes, "
    "leaving the route, standing blocked, driving more slowly than the traffic, and time-outs. "
    "What the leaderboard counts as well and this world does not yet: yielding to emergency "
    "vehicles, and scenarios with their time-outs. Scores of other worlds are therefore not "
    "comparable with these."
)


@dataclass(frozen=True, slots=True)
class Driven:
    """What one agent did."""

    agent: str
    records: Sequence[Record]
    note: str = ""  # who it is, in a sentence
    stages: Sequence[StageTimes] = ()  # of its loop, in this process

    @property
    def total(self) -> GlobalRecord:
        """The sum over its records."""
        return summarize(self.records)


@dataclass(frozen=True, slots=True)
class Report:
    """What a page is made of."""

    title: str
    parts: Sequence[Driven]
    routes: Sequence[Route]
    networks: Mapping[str, RoadNetwork]  # by town; a town that is missing gets no map
    settings: Mapping[str, Any] = field(default_factory=dict)
    about: str = ""  # what was done, in a sentence or two
    curve: Sequence[dict[str, Any]] | None = None  # rows of a training; see learning_curve
    pictures: Sequence[tuple[str, Image]] = ()  # what it shows, picture
    video: str | None = None  # path relative to the page
    video_shows: str = ""


def stages_of(agent: object) -> list[StageTimes]:
    """Tell how long the stages of an agent's loop took; nothing where it has no such loop."""
    loop = getattr(agent, "loop", None)
    return loop.clock.table() if isinstance(loop, ClosedLoop) else []


def write_report(report: Report) -> str:
    """Make the page.

    Returns:
        HTML without scripts and without references to anything outside, but for the video's file.
    """
    marks = _marks(report)
    sections = [
        ("Drives", drives_table(report.parts, marks)),
        ("Where it happened", _maps(report, marks)),
        ("Infractions per kilometre", infractions_table(report.parts)),
        ("Time from sensing to steering", stages_table(report.parts)),
        ("What was learned in the training", _learning(report)),
        ("Video", _video(report)),
        ("Pictures", _pictures(report)),
        ("Settings", settings_table(report.settings)),
    ]
    body = "\n".join(f"<h2>{name}</h2>\n{html}" for name, html in sections if html)
    about = f'<p class="what">{escape(report.about)}</p>' if report.about else ""
    title = escape(report.title)
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{title}</title><style>{STYLE}</style></head><body>",
            f"<h1>{title}</h1>",
            about,
            f'<p class="verdict">{verdict(report.parts)}</p>',
            _tiles(report.parts),
            body,
            "</body></html>\n",
        ]
    )


def verdict(parts: Sequence[Driven]) -> str:
    """Say in a sentence an agent how it went, as HTML."""
    told = []
    for part in parts:
        arrived = sum(record.scores.score_route >= 100.0 for record in part.records)
        count = sum(len(found) for r in part.records for found in r.infractions.values())
        clean = f"with {count} infraction{'s' * (count != 1)}" if count else "without infraction"
        told.append(
            f"<b>{escape(part.agent)}</b> arrived on {arrived} of {len(part.records)} "
            f"route{'s' * (len(part.records) != 1)}, {clean}: driving score "
            f"{part.total.scores_mean.score_composed:.1f} of 100."
        )
    return "<br>".join(told)


def _tiles(parts: Sequence[Driven]) -> str:
    tiles = []
    for number, part in enumerate(parts):
        mean, spread = part.total.scores_mean, part.total.scores_std_dev
        score = f"{mean.score_composed:.1f}"
        if len(part.records) > 1:
            score += f" ± {spread.score_composed:.1f}"
        kilometres = sum(r.meta.route_length * r.scores.score_route / 1e5 for r in part.records)
        note = f'<p class="faint">{escape(part.note)}</p>' if part.note else ""
        tiles.append(
            f'<div class="tile" style="border-left-color:{agent_colour(number)}">'
            f'<span class="name">{escape(part.agent)}</span>: driving score<b>{score}</b>'
            f"<p>route completion {mean.score_route:.1f} %, penalty factor "
            f"{mean.score_penalty:.3f}</p><p>{len(part.records)} drives, {kilometres:.1f} km</p>"
            f"{note}</div>"
        )
    return (
        f'<div class="tiles">{"".join(tiles)}</div>'
        '<p class="what">Driving score by the rules of the CARLA leaderboard 2.0: route '
        "completion in percent times the penalty factor of the infractions, mean ± standard "
        f'deviation over drives.</p><p class="note">{_NOT_COUNTED}</p>'
    )


def _marks(report: Report) -> list[Mark]:
    """Number all infractions, agent by agent."""
    marks: list[Mark] = []
    for number, part in enumerate(report.parts):
        for record in part.records:
            told = f"{part.agent}, route {record.route_id.removeprefix('RouteScenario_')}"
            for incident in record.meta.incidents:
                marks.append(Mark(len(marks) + 1, number, record.meta.town, told, incident))
    return marks


def _maps(report: Report, marks: Sequence[Mark]) -> str:
    maps = []
    for town, network in report.networks.items():
        routes = [route for route in report.routes if route.town == town]
        here = [mark for mark in marks if mark.town == town]
        maps.append(
            f'<figure class="map">{town_map(network, routes, here)}<figcaption>{escape(town)} '
            "from above. Each route begins at the filled dot with its name and ends at the ring. "
            f"{_legend(report.parts, len(here))}</figcaption></figure>"
        )
    return "".join(maps)


def _legend(parts: Sequence[Driven], marks: int) -> str:
    if not marks:
        return "No infraction happened here."
    agents = ", ".join(
        f'<span class="badge" style="background:{agent_colour(number)}">n</span> '
        f"{escape(part.agent)}"
        for number, part in enumerate(parts)
    )
    return f"Numbers are the infractions of the table above: {agents}."


def _learning(report: Report) -> str:
    if report.curve is None:
        return ""
    return (
        '<p class="what">First the planner imitates the rule-based expert, then it goes on by '
        "trial and error (PPO), both in many worlds at once.</p>"
    ) + learning_curve(report.curve)


def _video(report: Report) -> str:
    if report.video is None:
        return ""
    path = escape(report.video)
    return (
        f'<p class="what">{escape(report.video_shows)} The file is <a href="{path}">{path}</a>, '
        "beside this page.</p>"
        f'<video controls preload="metadata" src="{path}"></video>'
    )


def _pictures(report: Report) -> str:
    if not report.pictures:
        return ""
    figures = "".join(
        f'<figure><img alt="{escape(shows)}" src="{data_uri(image, "jpeg")}">'
        f"<figcaption>{escape(shows)}</figcaption></figure>"
        for shows, image in report.pictures
    )
    return f'<div class="pictures">{figures}</div>'
