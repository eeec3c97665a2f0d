"""Summary: the verdict as Markdown, for the page of a pull request."""

from __future__ import annotations

from collections.abc import Sequence

from roadworthy.agents.evaluation.compare import Comparison
from roadworthy.agents.evaluation.gates import Held
from roadworthy.agents.evaluation.metrics.registry import estimates
from roadworthy.agents.evaluation.results import Record, Results
from roadworthy.agents.evaluation.score import INFRACTIONS

# Figures of the table: name, heading, digits.
FIGURES = (
    ("driving_score", "driving score", 1),
    ("driving_score_2_1", "driving score, 2.1 rules", 1),
    ("route_completion", "route completion [%]", 1),
    ("infraction_penalty", "infraction penalty", 3),
    ("success", "success rate [%]", 1),
)
_MOST = 20  # drives that are listed; a page of a pull request holds 65,536 characters
_LONGEST = 300  # characters of a message
_ESCAPED = str.maketrans(
    {c: "\\" + c for c in "\\`*_[]|#~"} | {"<": "&lt;", "&": "&amp;", "\n": " "}
)


def summary(
    results: Results, held: Sequence[Held] = (), comparison: Comparison | None = None
) -> str:
    """Make the page.

    Args:
        results: of the run.
        held: verdicts of the gates.
        comparison: with the baseline.
    """
    records = results.checkpoint.records
    agent = str(results.roadworthy.get("agent", "agent"))
    broken = [verdict for verdict in held if not verdict.holds]
    failed = [record for record in records if record.meta.failure]
    mark = "\N{CROSS MARK}" if broken or failed else "\N{WHITE HEAVY CHECK MARK}"
    parts = [
        f"## {mark} Roadworthy: {_text(agent)}, {len(records)} drives",
        _gates(held),
        _figures(records, comparison),
        _infractions(records),
        _comparison(comparison),
        _failures(records),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _gates(held: Sequence[Held]) -> str:
    if not held:
        return ""
    rows = [
        f"| {_text(v.gate.text)} | {'holds' if v.holds else '**does not hold**'} | {v.value:.6g} |"
        for v in held
    ]
    return "\n".join(["| gate | | figure |", "|---|---|---:|", *rows])


def _figures(records: Sequence[Record], comparison: Comparison | None) -> str:
    found = estimates(records)
    if not found:
        return "Nothing was driven."
    head = "| | mean | 95 % interval | standard deviation |"
    rule = "|---|---:|---:|---:|"
    if comparison is not None:
        head += " change to the baseline | |"
        rule += "---:|---|"
    rows = []
    for name, heading, digits in FIGURES:
        if (value := found.get(name)) is None:
            continue
        interval = f"{value.low:.{digits}f} to {value.high:.{digits}f}" if value.known else ""
        row = f"| {heading} | {value.mean:.{digits}f} | {interval} | {value.deviation:.{digits}f} |"
        if comparison is not None:
            row += _change(comparison, name, digits)
        rows.append(row)
    return "\n".join([head, rule, *rows])


def _change(comparison: Comparison, name: str, digits: int) -> str:
    change = next((c for c in comparison.changes if c.name == name), None)
    if change is None:
        return " | |"
    d = change.difference
    interval = f" ({d.low:+.{digits}f} to {d.high:+.{digits}f})" if d.known else ""
    return f" {d.mean:+.{digits}f}{interval} | {change.verdict} |"


def _infractions(records: Sequence[Record]) -> str:
    driven = sum(r.meta.route_length * r.scores.score_route / 1e5 for r in records)
    rows = []
    for name in INFRACTIONS:
        count = sum(len(record.infractions.get(name, [])) for record in records)
        if count:
            rate = f"{count / driven:.3f}" if driven > 0.0 else ""
            rows.append(f"| {name.replace('_', ' ')} | {count} | {rate} |")
    if not rows:
        return f"No infraction on {driven:.1f} km."
    return "\n".join(["| infraction | number | a kilometre |", "|---|---:|---:|", *rows])


def _comparison(comparison: Comparison | None) -> str:
    if comparison is None:
        return ""
    told = [f"Compared with the baseline over {comparison.pairs} pairs of drives."]
    missing = len(comparison.only_before) + len(comparison.only_after)
    if missing:
        told.append(f"{missing} drives have no partner and count in neither.")
    if comparison.settings:
        told.append(f"The runs differ in {', '.join(map(_text, comparison.settings))}.")
    worse = [(key, old, new) for key, old, new in comparison.drives if new < old][:_MOST]
    if not worse:
        return " ".join(told)
    rows = [
        f"| {_text(town)} | {_text(route.removeprefix('RouteScenario_'))} | {seed} | {old:.1f} | "
        f"{new:.1f} |"
        for (town, route, seed), old, new in worse
    ]
    table = ["| town | route | seed | before | now |", "|---|---|---:|---:|---:|", *rows]
    return " ".join(told) + "\n\n" + _folded(f"Drives that scored less ({len(worse)})", table)


def _failures(records: Sequence[Record]) -> str:
    failed = [record for record in records if record.status.startswith("Failed")]
    if not failed:
        return ""
    rows = []
    for record in failed[:_MOST]:
        told = _text(record.meta.failure)
        name = _text(record.route_id.removeprefix("RouteScenario_"))
        status = _text(record.status.removeprefix("Failed - "))
        rows.append(f"| {_text(record.meta.town)} | {name} | {status} | {told} |")
    more = len(failed) - len(rows)
    if more:
        rows.append(f"| | and {more} more | | |")
    table = ["| town | drive | how it ended | why |", "|---|---|---|---|", *rows]
    return _folded(f"Drives that failed ({len(failed)})", table)


def _folded(title: str, lines: Sequence[str]) -> str:
    return "\n".join([f"<details><summary>{title}</summary>", "", *lines, "", "</details>"])


def _text(text: str) -> str:
    """Text that nothing in it can format, and no longer than a cell should be."""
    short = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    return "".join(c if c.isprintable() or c == "\n" else " " for c in short).translate(_ESCAPED)
