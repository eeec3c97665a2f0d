"""Report: an evaluation as one static page, readable without a server or a network."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from roadworthy.agents.evaluation.results import GlobalRecord, Record
from roadworthy.agents.evaluation.score import INFRACTIONS

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem;
  color: #1d2126; background: #fff; }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.1rem; margin-top: 2rem; }
p.what { color: #5b6470; margin-top: .2rem; }
table { border-collapse: collapse; width: 100%; } td, th { padding: .3rem .6rem; text-align: left;
  border-bottom: 1px solid #e3e6ea; vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
div.tiles { display: flex; gap: 1rem; flex-wrap: wrap; } div.tile { background: #f3f5f7;
  border-radius: .5rem; padding: .8rem 1.2rem; } div.tile b { display: block; font-size: 1.6rem; }
div.bar { background: #e3e6ea; width: 8rem; height: .6rem; border-radius: .3rem; }
div.bar i { display: block; background: #3f7fcf; height: .6rem; border-radius: .3rem; }
ul { margin: 0; padding-left: 1.1rem; } .bad { color: #b3261e; } .good { color: #1b7f3b; }
@media (prefers-color-scheme: dark) { body { color: #e4e7eb; background: #17191d; }
  p.what { color: #98a1ad; } td, th { border-color: #2d3239; } div.tile { background: #22262c; }
  div.bar { background: #2d3239; } .bad { color: #ff8a80; } .good { color: #7bd88f; } }
"""


def write_report(total: GlobalRecord, records: Sequence[Record], what: dict[str, Any]) -> str:
    """Make the page.

    Args:
        total: the sum over all records.
        records: the drives.
        what: what was evaluated, as in the result file.

    Returns:
        HTML.
    """
    mean, spread = total.scores_mean, total.scores_std_dev
    kilometres = sum(r.meta.route_length * r.scores.score_route / 1e5 for r in records)
    tiles = [
        ("driving score", f"{mean.score_composed:.1f} ± {spread.score_composed:.1f}"),
        ("route completion", f"{mean.score_route:.1f} %"),
        ("infraction penalty", f"{mean.score_penalty:.3f}"),
        ("drives", f"{len(records)}, {kilometres:.1f} km"),
    ]
    agent = escape(str(what.get("agent", "")))
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f"<title>{agent}: evaluation</title><style>{_STYLE}</style></head><body>",
            f"<h1>{agent}</h1>",
            '<p class="what">Driving scores by the rules of the CARLA leaderboard 2.0, in the '
            f"{escape(str(what.get('world', '')))} world; ± is the standard deviation over "
            "drives.</p>",
            '<div class="tiles">',
            *(f'<div class="tile">{name}<b>{value}</b></div>' for name, value in tiles),
            "</div>",
            "<h2>Infractions per kilometre</h2>",
            _infractions(total, records),
            "<h2>Drives</h2>",
            _drives(records),
            "<h2>Settings</h2>",
            _settings(what),
            "</body></html>\n",
        ]
    )


def _infractions(total: GlobalRecord, records: Sequence[Record]) -> str:
    rows = []
    for name in INFRACTIONS:
        count = sum(len(record.infractions.get(name, [])) for record in records)
        if count:
            rate = total.infractions.get(name, 0.0)
            text = name.replace("_", " ")
            rows.append(
                f'<tr><td>{text}</td><td class="n">{count}</td><td class="n">{rate:.3f}</td></tr>'
            )
    if not rows:
        return '<p class="good">None.</p>'
    head = '<tr><th>infraction</th><th class="n">count</th><th class="n">a km</th></tr>'
    return f"<table>{head}{''.join(rows)}</table>"


def _drives(records: Sequence[Record]) -> str:
    head = (
        '<tr><th>route</th><th>town</th><th>status</th><th class="n">score</th><th></th>'
        '<th class="n">route</th><th class="n">2.1</th><th>what happened</th></tr>'
    )
    rows = []
    for record in records:
        kind = "good" if record.status == "Perfect" else "bad"
        if record.status == "Completed":
            kind = ""
        told = [escape(m) for found in record.infractions.values() for m in found]
        items = "".join(f"<li>{message}</li>" for message in told)
        score = record.scores.score_composed
        rows.append(
            f"<tr><td>{escape(record.route_id.removeprefix('RouteScenario_'))}</td>"
            f"<td>{escape(record.meta.town)}</td>"
            f'<td class="{kind}">{escape(record.status)}</td>'
            f'<td class="n">{score:.1f}</td>'
            f'<td><div class="bar"><i style="width:{score:.0f}%"></i></div></td>'
            f'<td class="n">{record.scores.score_route:.0f} %</td>'
            f'<td class="n">{record.meta.score_composed_2_1:.1f}</td>'
            f"<td><ul>{items}</ul></td></tr>"
        )
    return f"<table>{head}{''.join(rows)}</table>"


def _settings(what: dict[str, Any]) -> str:
    flat = {key: value for key, value in what.items() if not isinstance(value, dict | list)}
    flat.update(what.get("settings", {}))
    rows = "".join(
        f"<tr><td>{escape(key.replace('_', ' '))}</td><td>{escape(str(value))}</td></tr>"
        for key, value in flat.items()
    )
    return f"<table>{rows}</table>"
