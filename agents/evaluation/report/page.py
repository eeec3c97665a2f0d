"""The page: its parts one below the other."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from roadworthy.agents.evaluation.report.baseline import comparison_tables
from roadworthy.agents.evaluation.report.content import (
    Driven,
    Mark,
    Report,
    letter,
    route_of,
    routes_driven,
)
from roadworthy.agents.evaluation.report.drives import all_drives, failures
from roadworthy.agents.evaluation.report.learning import learning_curve
from roadworthy.agents.evaluation.report.maps import data_uri, maps
from roadworthy.agents.evaluation.report.measures import measures_table
from roadworthy.agents.evaluation.report.script import SCRIPT, policy
from roadworthy.agents.evaluation.report.style import STYLE
from roadworthy.agents.evaluation.report.summary import first_screen
from roadworthy.agents.evaluation.report.tables import (
    infractions_table,
    routes_table,
    settings_table,
    stages_table,
)

_COUNTED = (
    "The driving score is that of the CARLA leaderboard 2.0: the driven share of the route in "
    "percent times a penalty factor, which each infraction makes smaller. By the 2.1 rules "
    "infractions add up rather than multiply, so that long routes do not collapse. Intervals hold "
    "the true mean with a probability of 95 % (bootstrap over routes, each with all its seeds)."
)
_COUNTS = (
    "What counts: collisions, red lights, stop signs, driving outside of the route's lanes, "
    "leaving the route, standing blocked, driving more slowly than the traffic, keeping emergency "
    "vehicles behind, and time-outs of the route and of scenarios. The world is Roadworthy's own: "
    "scores of CARLA's, whose traffic and sensors differ, are not comparable with these."
)


def write_report(report: Report) -> str:
    """Make the page.

    Returns:
        HTML with one script of its own, without references to anything outside, but for videos
        that lie beside it.
    """
    anchors = {key: f"route-{k}" for k, key in enumerate(routes_driven(report.parts))}
    marks = _marks(report.parts, anchors)
    by_incident = {id(mark.incident): mark for mark in marks}
    parts, title = report.parts, escape(report.title)
    compared = (
        "" if report.comparison is None else comparison_tables(report.comparison, report.baseline)
    )
    sections = [
        ("wrong", "What went wrong", _wrong(parts, by_incident, anchors)),
        ("baseline", "Against the baseline", compared),
        ("routes", "Routes", routes_table(parts, anchors, report.missing) if anchors else ""),
        ("map", "Where it happened", maps(report.networks, report.routes, marks, anchors)),
        ("drives", "Drive by drive", _drives(parts, by_incident, anchors)),
        ("times", "Time from sensing to steering", stages_table(parts)),
        ("training", "What was learned in the training", _learning(report)),
        ("video", "Video", _video(report)),
        ("pictures", "Pictures", _pictures(report)),
        ("settings", "How it was measured", _measured(report)),
    ]
    kept = [(key, name, html) for key, name, html in sections if html]
    links = "".join(f'<a href="#{key}">{name}</a>' for key, name, _ in kept)
    body = "\n".join(
        f'<section aria-labelledby="{key}"><h2 id="{key}">{name}</h2>\n{html}</section>'
        for key, name, html in kept
    )
    about = f'<p class="lead soft">{escape(report.about)}</p>' if report.about else ""
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy()}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{title}</title><style>{STYLE}</style></head><body>",
            f"<header><h1>{title}</h1>{about}</header><main>",
            first_screen(report),
            f'<nav aria-label="parts of this page">{links}</nav>',
            body,
            f"</main><script>{SCRIPT}</script></body></html>\n",
        ]
    )


def _marks(parts: Sequence[Driven], anchors: Mapping[tuple[str, str], str]) -> list[Mark]:
    """Number all infractions that have a place, agent by agent."""
    marks: list[Mark] = []
    for k, part in enumerate(parts):
        number = 0
        for record in part.records:
            key = record.meta.town, route_of(record)
            told = f"{part.agent}, route {key[1]}, seed {record.meta.seed}"
            for incident in record.meta.incidents:
                if math.isfinite(incident.x) and math.isfinite(incident.y):
                    number += 1
                    name = f"{letter(k, parts)}{number}"
                    marks.append(Mark(name, key[0], told, anchors[key], incident))
    return marks


def _wrong(
    parts: Sequence[Driven], marks: Mapping[int, Mark], anchors: Mapping[tuple[str, str], str]
) -> str:
    if not anchors:
        return ""
    told = failures(parts, marks, anchors)
    if not told:
        return '<p class="good">Nothing: every drive arrived, without any infraction.</p>'
    return infractions_table(parts) + told


def _drives(
    parts: Sequence[Driven], marks: Mapping[int, Mark], anchors: Mapping[tuple[str, str], str]
) -> str:
    if not anchors:
        return ""
    told = (
        "Unfold a route for its plots. Speed and acceleration are drawn over the distance along "
        "the route, the distance over time; lines from top to bottom are infractions."
        if any(part.series for part in parts)
        else "Unfold a route for what happened on it."
    )
    return f'<p class="what">{told}</p>{all_drives(parts, marks, anchors)}'


def _measured(report: Report) -> str:
    table = settings_table(report.settings)
    settings = f"<details><summary>Settings</summary>{table}</details>" if table else ""
    return f"<p>{_COUNTED}</p><p>{_COUNTS}</p>{measures_table(report.parts)}{settings}"


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
    path = escape(report.video, quote=True)
    return (
        f'<p class="what">{escape(report.video_shows)} The file is <a href="{path}">{path}</a>, '
        "beside this page.</p>"
        f'<video controls preload="metadata" src="{path}"></video>'
    )


def _pictures(report: Report) -> str:
    if not report.pictures:
        return ""
    figures = "".join(
        f'<figure><img alt="{escape(shows, quote=True)}" src="{data_uri(image, "jpeg")}">'
        f"<figcaption>{escape(shows)}</figcaption></figure>"
        for shows, image in report.pictures
    )
    return f'<div class="pictures">{figures}</div>'
