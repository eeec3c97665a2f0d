"""The tables of a report, as HTML. All text from outside is escaped here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from roadworthy.agents.evaluation.report.content import (
    DOT,
    MORE,
    NONE,
    TIMES,
    Driven,
    counted,
    group_of,
    letter,
    name_of,
    route_of,
    routes_driven,
    several,
)
from roadworthy.agents.evaluation.report.glyphs import inline
from roadworthy.agents.evaluation.results import Record

_SEEDS = 8  # of a route whose single scores are shown
_FILTERED = 8  # routes from which on the table can be filtered


def routes_table(
    parts: Sequence[Driven],
    anchors: Mapping[tuple[str, str], str],
    missing: Mapping[str, Sequence[str]],
) -> str:
    """Tell every route in a row an agent, all its seeds together."""
    columns = [
        ("route", ""),
        *([("agent", "")] if len(parts) > 1 else []),
        ("how it ended", ""),
        ("driving score", "n"),
        ("2.1 rules", "n"),
        ("completion", "n"),
        ("penalty", "n"),
        ("infractions", ""),
    ]
    head = "".join(
        f'<th scope="col"{f" class={style!r}" if style else ""}>{name}</th>'
        for name, style in columns
    )
    bodies = []
    for town, route in routes_driven(parts):
        for number, part in enumerate(parts):
            records = [r for r in part.records if (r.meta.town, route_of(r)) == (town, route)]
            if records:
                agent = f"{letter(number, parts)}: {part.agent}" if len(parts) > 1 else None
                lacks = missing.get(route, ())
                bodies.append(_route(records, agent, anchors[town, route], lacks))
    kinds = counted(r for part in parts for r in part.records)
    return (
        f"{_tools(kinds) if len(bodies) >= _FILTERED and kinds else ''}"
        '<div class="wide" tabindex="0" role="group" aria-label="table of routes">'
        f'<table class="sortable" id="routes-table"><thead><tr>{head}</tr></thead>'
        f"{''.join(bodies)}</table></div>"
    )


def _tools(kinds: Mapping[str, int]) -> str:
    options = "".join(
        f'<option value="{escape(kind, quote=True)}">with: {escape(name_of(kind, 2))}</option>'
        for kind in kinds
    )
    return (
        '<div class="tools" hidden><label>show <select data-for="routes-table">'
        '<option value="">all routes</option><option value="*">with any infraction</option>'
        f'<option value="failed">that failed</option>{options}</select></label></div>'
    )


def _route(
    records: Sequence[Record], agent: str | None, anchor: str, missing: Sequence[str]
) -> str:
    first, kinds = records[0], counted(records)
    failed = any(record.status.startswith("Failed") for record in records)
    has = [*kinds, *(["*"] if kinds else []), *(["failed"] if failed else [])]
    length = first.meta.route_length
    route = escape(route_of(first))
    lacks = "".join(f"<br><span class='soft small'>lacks {escape(name)}</span>" for name in missing)
    agents = "" if agent is None else f"<td>{escape(agent)}</td>"
    return (
        f'<tbody data-has="{escape(" ".join(has), quote=True)}"><tr><td>'
        f'<a href="#{anchor}">{route}</a><span class="seeds">{escape(first.meta.town)}, '
        f"{length:.0f} m</span></td>{agents}<td>{_statuses(records)}</td>"
        f"{_number([r.scores.score_composed for r in records], 1, strong=True)}"
        f"{_number([r.meta.score_composed_2_1 for r in records], 1)}"
        f"{_number([r.scores.score_route for r in records], 1, unit=' %')}"
        f"{_number([r.scores.score_penalty for r in records], 3)}"
        f'<td data-v="{sum(kinds.values())}">{kinds_list(kinds)}{lacks}</td></tr></tbody>'
    )


def _statuses(records: Sequence[Record]) -> str:
    counts = Counter(record.status for record in records)
    lines = []
    for status, count in counts.items():
        style = "good" if status == "Perfect" else "bad" if status.startswith("Failed") else ""
        times = f"{count}{TIMES}" if len(records) > 1 else ""
        lines.append(f'<span class="{style}">{times}{escape(status)}</span>')
    return "<br>".join(lines)


def _number(values: Sequence[float], digits: int, *, unit: str = "", strong: bool = False) -> str:
    mean = sum(values) / len(values)
    text = f"{mean:.{digits}f}{unit}"
    seeds = ""
    if strong and len(values) > 1:
        told = DOT.join(f"{value:.0f}" for value in values[:_SEEDS])
        more = f" {MORE}" if len(values) > _SEEDS else ""
        seeds = f'<span class="seeds">{told}{more}</span>'
    shown = f"<b>{text}</b>" if strong else text
    return f'<td class="n" data-v="{mean:.6f}">{shown}{seeds}</td>'


def kinds_list(kinds: Mapping[str, int]) -> str:
    """Infractions by kind, as a list; "none" where there is none."""
    if not kinds:
        return '<span class="soft">none</span>'
    items = "".join(
        f"<li>{inline(group_of(kind))} {f'{n}{TIMES}' if n > 1 else ''}"
        f"{escape(name_of(kind, n))}</li>"
        for kind, n in kinds.items()
    )
    return f'<ul class="plain">{items}</ul>'


def infractions_table(parts: Sequence[Driven]) -> str:
    """Count infractions by kind; how many, and how many a driven kilometre."""
    kinds = counted(record for part in parts for record in part.records)
    if not kinds:
        return ""
    top = "".join(
        f'<th scope="colgroup" class="n" colspan="2">{escape(part.agent)}</th>' for part in parts
    )
    below = '<th scope="col" class="n">number</th><th scope="col" class="n">per km</th>' * len(
        parts
    )
    rows = []
    for kind in kinds:
        cells = ""
        for part in parts:
            count = sum(len(record.infractions.get(kind, [])) for record in part.records)
            rate = part.total.infractions.get(kind, 0.0)
            cells += f'<td class="n">{count}</td><td class="n">{rate:.2f}</td>'
        rows.append(
            f'<tr><th scope="row">{inline(group_of(kind))} {escape(name_of(kind, 2))}</th>'
            f"{cells}</tr>"
        )
    agents = f"<tr><td></td>{top}</tr>" if len(parts) > 1 else ""
    return (
        f'<div class="wide"><table class="narrow"><thead>{agents}<tr><th scope="col">infraction'
        f"</th>{below}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def stages_table(parts: Sequence[Driven]) -> str:
    """Tell how long the stages of each agent's loop took; empty where nothing was measured."""
    measured = [part for part in parts if part.stages]
    if not measured:
        return ""
    stages = list(dict.fromkeys(row.stage for part in measured for row in part.stages))
    top = "".join(
        f'<th scope="colgroup" class="n" colspan="2">{escape(part.agent)}</th>' for part in measured
    )
    below = '<th scope="col" class="n">p50</th><th scope="col" class="n">p99</th>' * len(measured)
    rows = []
    for stage in sorted(stages, key=lambda name: name == "loop"):
        cells = ""
        for part in measured:
            row = next((row for row in part.stages if row.stage == stage), None)
            for value in (None, None) if row is None else (row.p50, row.p99):
                text = NONE if value is None else f"{value:.2f} ms"
                cells += f'<td class="n">{text}</td>'
        name = "all together" if stage == "loop" else escape(stage)
        rows.append(f'<tr><th scope="row">{name}</th>{cells}</tr>')
    steps = max(row.count for part in measured for row in part.stages)
    return (
        f'<div class="wide"><table class="narrow"><thead><tr><td></td>{top}</tr><tr>'
        f'<th scope="col">stage</th>{below}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
        '</div><p class="what">Half of the steps were faster than p50, 99 of 100 faster than p99; '
        f"up to {several(steps, 'step')} of 100 ms of driving each, measured on this machine "
        "during these drives. Drawing what the sensors see is not in it.</p>"
    )


def settings_table(settings: Mapping[str, Any]) -> str:
    """List settings; nested ones flat, lists not at all."""
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        if isinstance(value, Mapping):
            inner = {k: v for k, v in value.items() if not isinstance(v, Mapping | list | tuple)}
            flat.update({key: None, **inner} if not inner and value else inner)
        elif not isinstance(value, list | tuple):
            flat[key] = value
    rows = "".join(
        f'<tr><th scope="row">{escape(str(key).replace("_", " "))}</th>'
        f"<td>{escape(str(value))}</td></tr>"
        for key, value in flat.items()
        if value is not None
    )
    return f'<table class="narrow"><tbody>{rows}</tbody></table>' if rows else ""
