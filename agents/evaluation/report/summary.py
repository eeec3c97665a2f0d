"""The first screen of a report: how it went, for somebody who was not there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape

from roadworthy.agents.evaluation.compare import Change
from roadworthy.agents.evaluation.metrics import bench2drive
from roadworthy.agents.evaluation.report.content import (
    MORE,
    NONE,
    Driven,
    Report,
    arrived,
    counted,
    kilometres,
    letter,
    name_of,
    route_of,
    several,
)
from roadworthy.agents.evaluation.results import Record
from roadworthy.agents.evaluation.statistics import Estimate, estimate

_WIDTH, _TALL, _AXIS = 440, 64, 84  # of the strip of scores, its dots, its axis [CSS pixels]
_LEFT, _RIGHT = 12, 12
_BINS = 40  # of the 100 points
_STACKED = 8  # drives in one bin up to which each has a dot
_VERDICTS = {
    "better": ("\N{BLACK UP-POINTING TRIANGLE}", "good", "Better than the baseline"),
    "worse": ("\N{BLACK DOWN-POINTING TRIANGLE}", "bad", "Worse than the baseline"),
    "no difference shown": ("=", "", "No difference to the baseline is shown"),
    "the same in every pair": ("=", "", "The same as the baseline in every drive"),
    "cannot tell from one pair": (
        "?",
        "",
        "One pair of drives tells no difference to the baseline",
    ),
}


def first_screen(report: Report) -> str:
    """Figures of every agent, then gates, baseline and what is missing, as HTML."""
    heroes = "".join(_hero(k, part, report.parts) for k, part in enumerate(report.parts))
    told = _gates(report) + _baseline(report) + _crashes(report.parts)
    listed = f'<ul class="told">{"".join(told)}</ul>' if told else ""
    return f"{heroes}{listed}{_missing(report)}"


def score_of(part: Driven) -> Estimate:
    """The driving score with its interval; routes are what the bootstrap draws."""
    return estimate(((r.meta.town, route_of(r)), r.scores.score_composed) for r in part.records)


def _hero(number: int, part: Driven, parts: Sequence[Driven]) -> str:
    mark = f"{letter(number, parts)}: " if len(parts) > 1 else ""
    name = f"{mark}{escape(part.agent)}"
    if not part.records:
        return f'<section class="card"><h2>{name}</h2><p>No drive has ended yet.</p></section>'
    score = score_of(part)
    sure = (
        f"95 % interval {score.low:.1f} to {score.high:.1f}"
        if score.known
        else "a single drive has no interval"
    )
    title = f"<h2>{name}</h2>" if len(parts) > 1 else ""
    note = f'<p class="soft">{escape(part.note)}</p>' if part.note else ""
    return (
        f'<section class="card hero" aria-label="how {escape(part.agent, quote=True)} did">{title}'
        f'<div><div class="figure">{score.mean:.1f} <small>of 100</small></div>'
        f'<div>driving score</div><div class="soft small">{sure}</div></div>'
        f"<div>{strip([r.scores.score_composed for r in part.records], score)}</div>"
        f"{_figures(part)}</section>{note}"
    )


def _figures(part: Driven) -> str:
    records, mean, count = part.records, part.total.scores_mean, len(part.records)
    there = sum(map(arrived, records))
    good = sum(map(bench2drive.success, records))
    driven, kinds = kilometres(records), counted(records)
    total = sum(kinds.values())
    newer = sum(r.meta.score_composed_2_1 for r in records) / count
    worst = max(kinds, key=lambda kind: kinds[kind], default=None)
    most = "" if worst is None else f"mostly: {escape(name_of(worst, 2))}"
    rate = f"{total / driven:.2f}" if driven > 0.0 else NONE
    figures = [
        ("arrived", f"{there} of {count}", f"{100.0 * there / count:.0f} % of drives"),
        ("success", f"{good} of {count}", "arrived, nothing wrong but the pace"),
        ("route completion", f"{mean.score_route:.1f} %", f"{driven:.1f} km driven"),
        ("penalty factor", f"{mean.score_penalty:.3f}", "1 is without infraction"),
        ("infractions per km", rate, f"{total} in all<br>{most}" if most else "none at all"),
        ("score by 2.1 rules", f"{newer:.1f}", "of 100"),
    ]
    cells = "".join(
        f"<div><dt>{name}</dt><dd>{value}<small>{small}</small></dd></div>"
        for name, value, small in figures
    )
    return f'<dl class="figures">{cells}</dl>'


def strip(scores: Sequence[float], score: Estimate) -> str:
    """Draw all scores on an axis from 0 to 100, with their mean and its interval, as SVG."""

    def at(value: float) -> float:
        return _LEFT + min(max(value, 0.0), 100.0) / 100.0 * (_WIDTH - _LEFT - _RIGHT)

    bins = Counter(min(int(max(value, 0.0) / 100.0 * _BINS), _BINS - 1) for value in scores)
    tallest = max(bins.values(), default=0)
    wide = (_WIDTH - _LEFT - _RIGHT) / _BINS
    parts = []
    for k, count in sorted(bins.items()):
        middle = _LEFT + (k + 0.5) * wide
        if tallest <= _STACKED:
            parts += [
                f'<circle class="dot" cx="{middle:.1f}" cy="{_TALL - 4.5 - 8 * i}" r="3.8"/>'
                for i in range(count)
            ]
        else:
            high = max(1.0, (_TALL - 2) * count / tallest)
            parts.append(
                f'<rect class="dot" x="{middle - wide / 2 + 1:.1f}" y="{_TALL - high:.1f}" '
                f'width="{wide - 2:.1f}" height="{high:.1f}"/>'
            )
    parts.append(f'<path class="axis" d="M{_LEFT} {_TALL}H{_WIDTH - _RIGHT}"/>')
    if score.known:
        parts.append(
            f'<path class="data" stroke-width="3" d="M{at(score.low):.1f} {_TALL + 9}'
            f'H{at(score.high):.1f}"/>'
        )
    mean = at(score.mean)
    parts.append(f'<circle class="fill" cx="{mean:.1f}" cy="{_TALL + 9}" r="5"/>')
    for value in range(0, 101, 20):
        anchor = "start" if value == 0 else "end" if value == 100 else "middle"
        x = {0: _LEFT, 100: _WIDTH - _RIGHT}.get(value, at(value))
        parts.append(
            f'<text x="{x:.1f}" y="{_AXIS + 10}" font-size="12" text-anchor="{anchor}">'
            f"{value}</text>"
        )
    what = "each dot is a drive" if tallest <= _STACKED else "bars count drives"
    told = (
        f"driving scores of {several(len(scores), 'drive')}: from {min(scores):.1f} to "
        f"{max(scores):.1f}, mean {score.mean:.1f}"
    )
    return (
        f'<figure class="strip"><svg viewBox="0 0 {_WIDTH} {_AXIS + 14}" role="img" '
        f'aria-label="{told}">'
        f'{"".join(parts)}</svg><figcaption class="small">driving score; {what}, the line below '
        "is the mean with its 95 % interval</figcaption></figure>"
    )


def _line(sign: str, style: str, html: str) -> str:
    return f'<li><span class="holds {style}" aria-hidden="true">{sign}</span>{html}</li>'


def _gates(report: Report) -> list[str]:
    lines = []
    for gate in report.gates:
        sign, style, word = (
            ("\N{CHECK MARK}", "good", "holds")
            if gate.holds
            else ("\N{BALLOT X}", "bad", "does not hold")
        )
        told = f": {escape(gate.told)}" if gate.told else ""
        lines.append(
            _line(
                sign,
                style,
                f'Gate <code>{escape(gate.expression)}</code> <b class="{style}">{word}</b>{told}',
            )
        )
    return lines


def _baseline(report: Report) -> list[str]:
    if report.comparison is None:
        return []
    change = report.comparison.change("driving_score")
    sign, style, words = _VERDICTS.get(change.verdict, ("?", "", escape(change.verdict)))
    name = f" {escape(report.baseline)}" if report.baseline else ""
    return [
        _line(
            sign,
            style,
            f'<b class="{style}">{words}</b>{name}: driving score '
            f"{change.before.mean:.1f} \N{RIGHTWARDS ARROW} {change.after.mean:.1f}, "
            f"{difference(change)}, over {several(report.comparison.pairs, 'pair')} of drives "
            '(<a href="#baseline">in detail</a>)',
        )
    ]


def signed(value: float, digits: int = 1) -> str:
    """A difference with its sign."""
    text = f"{value:+.{digits}f}"
    if float(text) == 0.0:
        return f"{0.0:.{digits}f}"
    return text.replace("-", "\N{MINUS SIGN}")


def difference(change: Change, digits: int = 1) -> str:
    """The mean difference of pairs with its interval, in words."""
    found = change.difference
    if not found.known:
        return f"difference {signed(found.mean, digits)}"
    return (
        f"difference {signed(found.mean, digits)} (95 % interval {signed(found.low, digits)} to "
        f"{signed(found.high, digits)})"
    )


def _crashes(parts: Sequence[Driven]) -> list[str]:
    lines = []
    for part in parts:
        crashed = [record for record in part.records if "crash" in record.status.lower()]
        if crashed:
            lines.append(
                _line(
                    "!",
                    "bad",
                    f"{escape(part.agent)} itself failed on {several(len(crashed), 'drive')} "
                    f"({_some(crashed)}); that ends a drive, and the others go on",
                )
            )
    return lines


def _some(records: Sequence[Record], most: int = 3) -> str:
    named = [escape(record.route_id.removeprefix("RouteScenario_")) for record in records[:most]]
    return ", ".join(named) + (" and others" if len(records) > most else "")


def _missing(report: Report) -> str:
    """Name what the scenarios asked for and this world lacks."""
    lacks: dict[str, list[str]] = {}
    for route, names in report.missing.items():
        for name in names:
            lacks.setdefault(name, []).append(route)
    if not lacks:
        return ""
    items = "".join(
        f"<li>{escape(name)} <span class='soft'>({several(len(routes), 'route')}: "
        f"{', '.join(map(escape, routes[:5]))}{f', {MORE}' * (len(routes) > 5)})"
        "</span></li>"
        for name, routes in sorted(lacks.items())
    )
    return (
        '<div class="note" role="note"><b>Not in this world</b>, though the scenarios ask for it; '
        f"these drives were easier by that much:<ul>{items}</ul></div>"
    )
