"""Drive by drive: what happened when, and how speed, acceleration and distance went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from roadworthy.agents.evaluation.report.charts import Line, Pin, chart
from roadworthy.agents.evaluation.report.content import (
    DOT,
    Clip,
    Driven,
    Mark,
    arrived,
    group_of,
    incidents_of,
    letter,
    route_of,
    routes_driven,
    several,
)
from roadworthy.agents.evaluation.report.glyphs import inline
from roadworthy.agents.evaluation.results import Record
from roadworthy.agents.evaluation.series import Series

_KMH = 3.6  # from m/s
_WORST = 6  # drives of which the section of failures tells, beside those with a video
_TOLD = 8  # infractions that it tells of a drive; all of them stand with the drive
Marks = Mapping[int, Mark]  # by id() of the incident


def all_drives(
    parts: Sequence[Driven], marks: Marks, anchors: Mapping[tuple[str, str], str]
) -> str:
    """Tell of all drives, route by route; each route can be unfolded."""
    boxes = []
    for town, route in routes_driven(parts):
        driven = [
            (k, part, record)
            for k, part in enumerate(parts)
            for record in part.records
            if (record.meta.town, route_of(record)) == (town, route)
        ]
        scores = [record.scores.score_composed for _, _, record in driven]
        told = "".join(
            f'<article class="drive">{_drive(k, part, record, parts, marks)}</article>'
            for k, part, record in driven
        )
        boxes.append(
            f'<details id="{anchors[town, route]}"><summary>{escape(route)} '
            f'<span class="soft">{escape(town)}, {several(len(driven), "drive")}</span>'
            f'<span class="n">{sum(scores) / len(scores):.1f}</span></summary>{told}</details>'
        )
    return "".join(boxes)


def _drive(number: int, part: Driven, record: Record, parts: Sequence[Driven], marks: Marks) -> str:
    series = part.series.get(record.route_id)
    plots = "" if series is None or not len(series) else drive_plots(record, series, marks)
    clips = part.clips.get(record.route_id, ())
    seen = f'<p><a href="#{_clip_id(number, record)}">Video of what went wrong</a></p>'
    events = record.meta.events
    asked = f'<p class="soft small">On the way: {escape(", ".join(events))}</p>' if events else ""
    return (
        f"<h3>{_named(number, part, record, parts)}</h3>{_facts(record)}{asked}"
        f"{happened(record, marks)}{seen if clips else ''}{plots}"
    )


def _named(number: int, part: Driven, record: Record, parts: Sequence[Driven]) -> str:
    agent = f"{letter(number, parts)}: {escape(part.agent)}, " if len(parts) > 1 else ""
    style = "good" if record.status == "Perfect" else "bad" if not arrived(record) else ""
    return (
        f"{agent}seed {record.meta.seed}: <span class='{style}'>{escape(record.status)}</span>, "
        f"driving score {record.scores.score_composed:.1f}"
    )


def _facts(record: Record) -> str:
    meta, scores = record.meta, record.scores
    facts = [
        f"{scores.score_route:.1f} % of {meta.route_length:.0f} m in {meta.duration_game:.1f} s",
        f"penalty factor {scores.score_penalty:.3f}",
        f"{meta.score_composed_2_1:.1f} by 2.1 rules",
    ]
    if meta.smoothness is not None:
        facts.append(f"{100.0 * meta.smoothness:.0f} % of it comfortable")
    why = f'<p class="bad">{escape(meta.failure)}</p>' if meta.failure else ""
    return f'<p class="soft small">{DOT.join(facts)}</p>{why}'


def happened(record: Record, marks: Marks, most: int | None = None) -> str:
    """List a drive's infractions, at most so many; those of older files have no number."""
    items = []
    found = incidents_of(record)
    for incident, kind, message in found[:most]:
        mark = marks.get(id(incident))
        glyph = inline(group_of(kind), "" if mark is None else mark.number)
        when = "" if incident is None else f"{incident.time:.1f} s: "
        items.append(f"<li>{glyph} {when}{_told(message)}</li>")
    if len(items) < len(found):
        items.append(f'<li class="soft">and {len(found) - len(items)} more</li>')
    return f'<ul class="plain">{"".join(items)}</ul>' if items else ""


def _told(message: str) -> str:
    """What happened; where, which the map shows better, is paler."""
    what, at, where = escape(message).partition(" at (")
    return f'{what} <span class="soft small">at ({where}</span>' if at else what


def drive_plots(record: Record, series: Series, marks: Marks) -> str:
    """Draw speed and acceleration over the route, and the distance over time."""
    pins, times = [], []
    for incident in record.meta.incidents:
        mark = marks.get(id(incident))
        if mark is not None:
            told = f"{incident.time:.1f} s: {incident.message}"
            pins.append(Pin(series.s_at(incident.time), mark.number, mark.group.key, told))
            times.append(Pin(incident.time, mark.number, mark.group.key, told))
    along = "distance along the route [m]"
    reached = 0.0, max(float(series.s.max()), 1.0)
    whole = 0.0, max(record.meta.route_length, reached[1])
    speed, limit = series.speed * _KMH, series.limit * _KMH
    top = max(float(speed.max()), float(limit.max()), 1.0)
    drawn = [
        chart(
            "Speed [km/h]",
            along,
            [
                Line("speed", "data", np.stack([series.s, speed], 1)),
                Line("limit", "limit", np.stack([series.s, limit], 1)),
            ],
            limits=(min(0.0, float(speed.min())), 1.05 * top),
            across=reached,
            pins=pins,
            dots=False,
        ),
        chart(
            "Acceleration [m/s\N{SUPERSCRIPT TWO}]",
            along,
            [
                Line("forward", "data", np.stack([series.s, series.accel], 1)),
                Line("sideways", "other", np.stack([series.s, series.lateral], 1)),
            ],
            across=reached,
            pins=pins,
            dots=False,
        ),
        chart(
            "Distance along the route [m]",
            "time [s]",
            [Line("", "data", np.stack([series.time, series.s], 1))],
            limits=whole,
            across=(0.0, float(series.time[-1])),
            pins=times,
            dots=False,
        ),
    ]
    return f'<div class="plots">{"".join(drawn)}</div>'


def failures(parts: Sequence[Driven], marks: Marks, anchors: Mapping[tuple[str, str], str]) -> str:
    """Tell of the worst drives, the worst first, with their videos."""
    drives = [(k, part, r) for k, part in enumerate(parts) for r in part.records]
    wrong = [d for d in drives if any(d[2].infractions.values()) or not arrived(d[2])]
    wrong.sort(key=lambda d: (d[2].scores.score_composed, d[2].index, d[0]))
    filmed = [d for d in wrong if d[1].clips.get(d[2].route_id)]
    shown = [d for d in wrong if d in filmed or d in wrong[:_WORST]]
    told = []
    for number, part, record in shown:
        anchor = anchors[record.meta.town, route_of(record)]
        videos = "".join(_clip(clip) for clip in part.clips.get(record.route_id, ()))
        box = f"<div>{videos}</div>" if videos else ""
        style = "card seen" if videos else "card"
        told.append(
            f'<article class="{style}" id="{_clip_id(number, record)}"><h3>Route '
            f'<a href="#{anchor}">{escape(route_of(record))}</a>, '
            f"{_named(number, part, record, parts)}</h3>"
            f"{box}<div>{happened(record, marks, _TOLD)}</div></article>"
        )
    more = len(wrong) - len(shown)
    rest = f'<p class="what">And {several(more, "drive")} more, in the tables below.</p>'
    return "".join(told) + (rest if more else "")


def _clip_id(number: int, record: Record) -> str:
    return f"wrong-{number}-{record.index}"


def _clip(clip: Clip) -> str:
    source, shows = escape(clip.source, quote=True), escape(clip.shows)
    poster = f'poster="{escape(clip.poster, quote=True)}" ' if clip.poster else ""
    return (
        f'<figure><video controls muted playsinline preload="metadata" {poster}src="{source}" '
        f'aria-label="{escape(clip.shows, quote=True)}"></video>'
        f"<figcaption>{shows}</figcaption></figure>"
    )
