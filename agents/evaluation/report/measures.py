"""Every measure of a run with its interval, its unit and whose definition it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from roadworthy.agents.evaluation.metrics.registry import METRICS, estimates
from roadworthy.agents.evaluation.report.content import DOT, NONE, Driven, name_of
from roadworthy.agents.evaluation.score import INFRACTIONS
from roadworthy.agents.evaluation.statistics import Estimate

_NAMES: Mapping[str, str] = {
    "driving_score": "driving score",
    "driving_score_2_1": "driving score by 2.1 rules",
    "infraction_penalty": "penalty factor",
    "bench2drive_score": "Bench2Drive score",
    "pdms": "PDM score",
    "epdms": "extended PDM score",
}
_LEADING = {*INFRACTIONS, "success", "route_completion", *list(_NAMES)[:3]}


def leading(name: str) -> bool:
    """Whether a measure is one of those that people look at first."""
    return name in _LEADING


def measure_name(name: str) -> str:
    """Name of a measure for people: "red lights, a drive"."""
    if name in INFRACTIONS:
        return f"{name_of(name, 2)}, a drive"
    kind, _, rest = name.partition("_")
    if kind == "pdm":
        return f"PDM: {rest.replace('_', ' ')}"
    if kind == "ability":
        return f"ability: {rest.replace('_', ' ')}"
    return _NAMES.get(name, name.replace("_", " "))


def digits_of(name: str) -> int:
    """Digits behind the point that a measure is worth."""
    unit = METRICS[name].unit if name in METRICS else ""
    return {"0 to 1": 3, "a drive": 2}.get(unit, 1)


def measures_table(parts: Sequence[Driven]) -> str:
    """All measures that at least one drive has, folded."""
    known = [(part, estimates(part.records)) for part in parts if part.records]
    names = [name for name in METRICS if any(name in found for _, found in known)]
    if not names:
        return ""
    head = "".join(
        f'<th scope="col" class="n">{escape(part.agent) if len(known) > 1 else "mean"}</th>'
        '<th scope="col" class="n">95 % interval</th>'
        for part, _ in known
    )
    rows = "".join(_row(name, [found.get(name) for _, found in known]) for name in names)
    return (
        f"<details><summary>All {len(names)} measures, with their definitions</summary>"
        '<div class="wide" tabindex="0" role="group" aria-label="all measures"><table><thead><tr>'
        f'<th scope="col">measure</th>{head}<th scope="col">what it tells</th></tr></thead><tbody>'
        f"{rows}</tbody></table></div></details>"
    )


def _row(name: str, found: Sequence[Estimate | None]) -> str:
    metric, digits = METRICS[name], digits_of(name)
    cells = "".join(
        f'<td class="n">{NONE if one is None else f"{one.mean:.{digits}f}"}</td>'
        f'<td class="n">{_interval(one, digits)}</td>'
        for one in found
    )
    about = DOT.join((metric.unit, metric.version))
    return (
        f'<tr><th scope="row">{escape(measure_name(name))}</th>{cells}<td>{escape(metric.says)} '
        f'<span class="soft small">({escape(about)})</span></td></tr>'
    )


def _interval(one: Estimate | None, digits: int) -> str:
    if one is None or not one.known:
        return NONE
    return f"{one.low:.{digits}f} to {one.high:.{digits}f}"
