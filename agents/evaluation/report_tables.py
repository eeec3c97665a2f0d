"""The tables of a report, as HTML. All text from outside is escaped here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Protocol

from roadworthy.agents.evaluation.report_map import Mark
from roadworthy.agents.evaluation.report_style import agent_colour
from roadworthy.agents.evaluation.results import GlobalRecord, Record
from roadworthy.agents.evaluation.score import INFRACTIONS
from roadworthy.control.timing import StageTimes


class DrivenBy(Protocol):
    """What a table needs to know of one agent's drives."""

    @property
    def agent(self) -> str:
        """Its name."""
        ...

    @property
    def records(self) -> Sequence[Record]:
        """Its drives."""
        ...

    @property
    def stages(self) -> Sequence[StageTimes]:
        """Times of its loop."""
        ...

    @property
    def total(self) -> GlobalRecord:
        """The sum over its drives."""
        ...


def drives_table(parts: Sequence[DrivenBy], marks: Sequence[Mark]) -> str:
    """Tell every drive, route by route, the agents of one route one below the other."""
    head = (
        '<tr><th>route</th><th>agent</th><th>status</th><th class="n">driving score</th>'
        '<th class="n">route</th><th class="n">penalty</th><th class="n">score 2.1</th>'
        "<th>infractions</th></tr>"
    )
    numbers = {id(mark.incident): mark for mark in marks}
    order = list(dict.fromkeys(r.route_id for part in parts for r in part.records))
    rows = []
    for route in order:
        for number, part in enumerate(parts):
            rows += [
                _drive(part.agent, number, record, numbers, len(parts) > 1)
                for record in part.records
                if record.route_id == route
            ]
    return f"<table>{head}{''.join(rows)}</table>"


def _drive(
    agent: str, number: int, record: Record, numbers: Mapping[int, Mark], several: bool
) -> str:
    kind = {"Perfect": "good", "Completed": ""}.get(record.status, "bad")
    scores, colour = record.scores, agent_colour(number)
    width = min(max(scores.score_composed, 0.0), 100.0)
    badge = f'<span class="badge" style="background:{colour}">&nbsp;</span> ' if several else ""
    route = record.route_id.removeprefix("RouteScenario_")
    return (
        f'<tr><td class="tight">{escape(route)}<br><span class="faint">'
        f"{escape(record.meta.town)}, {record.meta.route_length:.0f} m</span></td>"
        f'<td class="tight">{badge}{escape(agent)}</td>'
        f'<td><span class="{kind}">{escape(record.status)}</span><br>'
        f'<span class="faint">in {record.meta.duration_game:.0f} s</span></td>'
        f'<td class="n"><b>{scores.score_composed:.1f}</b><div class="bar">'
        f'<i style="width:{width:.0f}%;background:{colour}"></i></div></td>'
        f'<td class="n">{scores.score_route:.1f} %</td>'
        f'<td class="n">{scores.score_penalty:.3f}</td>'
        f'<td class="n">{record.meta.score_composed_2_1:.1f}</td>'
        f"<td>{_happened(record, numbers)}</td></tr>"
    )


def _happened(record: Record, numbers: Mapping[int, Mark]) -> str:
    """List a drive's infractions; those without a place, of older files, without a number."""
    items = []
    for incident in record.meta.incidents:
        mark = numbers[id(incident)]
        items.append(
            f'<li><span class="badge" style="background:{agent_colour(mark.agent)}">'
            f"{mark.number}</span> {incident.time:.1f} s: {_told(incident.message)}</li>"
        )
    placed = [incident.message for incident in record.meta.incidents]
    items += [
        f"<li>{_told(message)}</li>"
        for found in record.infractions.values()
        for message in found
        if message not in placed
    ]
    if not items:
        return '<span class="faint">none</span>'
    return f'<ul class="plain">{"".join(items)}</ul>'


def _told(message: str) -> str:
    """What happened; where, which the map shows better, is paler."""
    what, at, where = escape(message).partition(" at (")
    return f'{what} <span class="faint">at ({where}</span>' if at else what


def infractions_table(parts: Sequence[DrivenBy]) -> str:
    """Count infractions by kind; how many, and how many a driven kilometre."""
    names = [
        name
        for name in INFRACTIONS
        if any(record.infractions.get(name) for part in parts for record in part.records)
    ]
    if not names:
        return '<p class="good">None.</p>'
    head = "".join(f'<th class="n">{escape(part.agent)}</th>' for part in parts)
    rows = []
    for name in names:
        cells = []
        for part in parts:
            count = sum(len(record.infractions.get(name, [])) for record in part.records)
            rate = part.total.infractions.get(name, 0.0)
            text = f'{rate:.3f} <span class="faint">({count})</span>' if count else "-"
            cells.append(f'<td class="n">{text}</td>')
        rows.append(f"<tr><td>{name.replace('_', ' ')}</td>{''.join(cells)}</tr>")
    return (
        f'<table class="narrow"><tr><th>infraction</th>{head}</tr>{"".join(rows)}</table>'
        '<p class="what">In brackets, how many there were.</p>'
    )


def stages_table(parts: Sequence[DrivenBy]) -> str:
    """Tell how long the stages of each agent's loop took; empty where nothing was measured."""
    measured = [part for part in parts if part.stages]
    if not measured:
        return ""
    stages = list(dict.fromkeys(row.stage for part in measured for row in part.stages))
    top = "".join(f'<th class="n" colspan="2">{escape(part.agent)}</th>' for part in measured)
    below = '<th class="n">p50</th><th class="n">p99</th>' * len(measured)
    rows = []
    for stage in sorted(stages, key=lambda name: name == "loop"):
        cells = ""
        for part in measured:
            row = next((row for row in part.stages if row.stage == stage), None)
            for value in (None, None) if row is None else (row.p50, row.p99):
                cells += f'<td class="n">{"-" if value is None else f"{value:.2f} ms"}</td>'
        name = "<b>all together</b>" if stage == "loop" else escape(stage)
        rows.append(f"<tr><td>{name}</td>{cells}</tr>")
    steps = max(row.count for part in measured for row in part.stages)
    return (
        f'<table class="narrow"><tr><th rowspan="2">stage</th>{top}</tr><tr>{below}</tr>'
        f'{"".join(rows)}</table><p class="what">Half of the steps were faster than p50, 99 of '
        f"100 faster than p99; up to {steps} steps of 100 ms of driving each, measured on this "
        "machine during these drives. Drawing what the sensors see is not in it.</p>"
    )


def settings_table(settings: Mapping[str, Any]) -> str:
    """List settings; nested ones flat."""
    flat = {key: v for key, v in settings.items() if not isinstance(v, dict | list | tuple)}
    flat.update(settings.get("settings", {}))
    rows = "".join(
        f"<tr><td>{escape(key.replace('_', ' '))}</td><td>{escape(str(value))}</td></tr>"
        for key, value in flat.items()
    )
    return f'<table class="narrow">{rows}</table>' if rows else ""
