"""The comparison of a run with its baseline, as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from roadworthy.agents.evaluation.compare import Change, Comparison, Key
from roadworthy.agents.evaluation.report.content import NONE, several
from roadworthy.agents.evaluation.report.measures import digits_of, leading, measure_name
from roadworthy.agents.evaluation.report.summary import signed

_SHOWN = 5  # drives that changed most, in either direction
_STYLES = {"better": "good", "worse": "bad"}


def comparison_tables(comparison: Comparison, baseline: str) -> str:
    """Tell what changed, whether that is real, and which drives changed most."""
    first = [change for change in comparison.changes if leading(change.name)]
    others = [change for change in comparison.changes if not leading(change.name)]
    named = f"The baseline is {escape(baseline)}. " if baseline else ""
    more = f"<details><summary>Further measures</summary>{_table(others)}</details>"
    return (
        f'<p class="what">{named}{several(comparison.pairs, "drive")} of each run make pairs: the '
        "same route of the same town with the same seed. A difference counts as shown where its "
        "interval (bootstrap over routes, wider where they are few) does not contain 0.</p>"
        f"{_table(first)}{more if others else ''}{_moved(comparison)}{_notes(comparison)}"
    )


def _table(changes: Sequence[Change]) -> str:
    head = "".join(
        f'<th scope="col"{style}>{name}</th>'
        for name, style in (
            ("figure", ""),
            ("baseline", ' class="n"'),
            ("this run", ' class="n"'),
            ("difference", ' class="n"'),
            ("95 % interval", ' class="n"'),
            ("verdict", ""),
        )
    )
    return (
        '<div class="wide" tabindex="0" role="group" aria-label="comparison"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(map(_row, changes))}</tbody></table></div>"
    )


def _row(change: Change) -> str:
    digits = digits_of(change.name)
    found = change.difference
    interval = (
        f"{signed(found.low, digits)} to {signed(found.high, digits)}" if found.known else NONE
    )
    name = measure_name(change.name)
    style = _STYLES.get(change.verdict, "soft")
    return (
        f'<tr><th scope="row">{escape(name)}</th><td class="n">{change.before.mean:.{digits}f}</td>'
        f'<td class="n">{change.after.mean:.{digits}f}</td>'
        f'<td class="n">{signed(found.mean, digits)}</td><td class="n">{interval}</td>'
        f'<td class="{style}">{escape(change.verdict)}</td></tr>'
    )


def _moved(comparison: Comparison) -> str:
    lists = []
    for drives, word in ((comparison.drives, "Lost"), (comparison.drives[::-1], "Gained")):
        sign = -1.0 if word == "Lost" else 1.0
        moved = [drive for drive in drives if sign * (drive[2] - drive[1]) > 0.0]
        if not moved:
            continue
        items = "".join(
            f"<tr><td>{_named(key)}</td><td class='n'>{before:.1f}</td><td class='n'>{after:.1f}"
            f"</td><td class='n'>{signed(after - before)}</td></tr>"
            for key, before, after in moved[:_SHOWN]
        )
        told = f"{word} most, of {several(len(moved), 'drive')} that {word.lower()}"
        lists.append(
            f'<div class="wide"><table class="narrow"><caption>{told}</caption><thead><tr>'
            '<th scope="col">drive</th><th scope="col" class="n">baseline</th>'
            '<th scope="col" class="n">this run</th><th scope="col" class="n">difference</th></tr>'
            f"</thead><tbody>{items}</tbody></table></div>"
        )
    return f'<div class="charts">{"".join(lists)}</div>' if lists else ""


def _notes(comparison: Comparison) -> str:
    notes = []
    if comparison.settings:
        notes.append(f"The runs differ in {escape(', '.join(comparison.settings))}.")
    for keys, name in (
        (comparison.only_before, "the baseline"),
        (comparison.only_after, "this run"),
    ):
        if keys:
            notes.append(
                f"{several(len(keys), 'drive')} only in {name}, not compared: {_list(keys)}."
            )
    return f'<p class="note">{"<br>".join(notes)}</p>' if notes else ""


def _list(keys: Sequence[Key], most: int = 3) -> str:
    named = ", ".join(map(_named, keys[:most]))
    return f"{named} and others" if len(keys) > most else named


def _named(key: Key) -> str:
    town, route, seed = key
    return escape(f"{route.removeprefix('RouteScenario_')} on {town}, seed {seed}")
