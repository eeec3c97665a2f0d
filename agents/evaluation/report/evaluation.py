"""The page of an evaluation, from what lies in its folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from roadworthy.agents.evaluation.compare import Comparison
from roadworthy.agents.evaluation.report.content import (
    Clip,
    Driven,
    GateLine,
    Report,
    route_of,
    routes_driven,
    several,
)
from roadworthy.agents.evaluation.report.media import embedded
from roadworthy.agents.evaluation.report.page import write_report
from roadworthy.agents.evaluation.results import Results
from roadworthy.agents.evaluation.series import Series, read_series
from roadworthy.control.timing import StageTimes
from roadworthy.sim.errors import InputError
from roadworthy.sim.files import write_whole
from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.scenario.scenario import Scenario
from roadworthy.sim.scenario.told import DIFFERS
from roadworthy.sim.weather import PRESETS

REPORT = "report.html"


def write_evaluation(
    out: Path,
    results: Results,
    scenarios: Sequence[Scenario],
    networks: Mapping[str, RoadNetwork],
    *,
    stages: Sequence[StageTimes] = (),
    gates: Sequence[GateLine] = (),
    baseline: str = "",
    comparison: Comparison | None = None,
    clips: Mapping[str, Sequence[Clip]] | None = None,
) -> Path:
    """Write `report.html`.

    Args:
        out: folder of the run; samples of its drives are read from there.
        results: of the run.
        scenarios: that were driven.
        networks: roads, by town; a town that is missing gets no map.
        stages: how long the stages of the agent's loop took.
        gates: that were asked for.
        baseline: name of the run that `comparison` is with.
        comparison: of this run with a baseline.
        clips: videos of drives, by Record.route_id, with paths relative to `out`; they go into
            the page as long as it stays small enough.

    Returns:
        The file.

    Raises:
        StorageError: the page cannot be written.
    """
    records, what = results.checkpoint.records, results.roadworthy
    agent = str(what.get("agent", "agent"))
    part = Driven(
        agent,
        records,
        stages=stages,
        series=_series(out, [record.route_id for record in records]),
        clips=embedded(clips or {}, out),
    )
    page = Report(
        title=f"How {agent} drove",
        about=_about(part, what, scenarios),
        parts=[part],
        routes=[scenario.route for scenario in scenarios],
        networks=networks,
        settings=_settings(what),
        gates=gates,
        baseline=baseline,
        comparison=comparison,
        missing={route_of(r): r.meta.missing for r in records if r.meta.missing},
    )
    path = out / REPORT
    write_whole(path, write_report(page).encode("utf-8", "replace"), what="the report")
    return path


def _series(out: Path, ids: Sequence[str]) -> dict[str, Series]:
    """Samples of all drives that have a readable file of them; a plot is no reason to fail."""
    found = {}
    for record_id in ids:
        try:
            series = read_series(out, record_id)
        except InputError:
            continue
        if series is not None:
            found[record_id] = series
    return found


def _about(part: Driven, what: Mapping[str, Any], scenarios: Sequence[Scenario]) -> str:
    """Say what was evaluated, for a person who was not there."""
    routes = routes_driven([part])
    towns = list(dict.fromkeys(town for town, _ in routes))
    named = ", ".join(towns[:3]) + (" and others" if len(towns) > 3 else "")
    lengths = {(s.town, s.id): s.route.length for s in scenarios}
    length = sum(lengths.values()) / 1000.0
    drives, seeds = len(part.records), len({record.meta.seed for record in part.records})
    each = f", each with {seeds} seeds (other traffic)" if seeds > 1 else ""
    told = (
        f"{several(len(routes), 'route')} in {named or 'no town'}, {length:.1f} km{each}: "
        f"{several(drives, 'drive')} in the {what.get('world', 'embedded')} world"
    )
    around = _settings(what)
    facts = [f"{around[key]} {key}" for key in ("vehicles", "walkers") if key in around]
    if "weather" in around:
        weather = str(around["weather"])
        facts.append(f"weather that {DIFFERS}" if weather == DIFFERS else weather)
    events = around.get("events")
    if isinstance(events, str):
        facts.append("no events" if events == "none" else f"{events} events")
    source = next((s.source for s in scenarios if s.source), "")
    where = f" Routes and scenarios: {source}." if source else ""
    return f"{told}, with {', '.join(facts)}.{where}" if facts else f"{told}.{where}"


def _settings(what: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of all drives, flat, with the weather by its name; lists of many are left out."""
    flat: dict[str, Any] = {}
    for key, value in what.items():
        if isinstance(value, Mapping) and key == "settings":
            flat.update(value)
        elif isinstance(value, Mapping):
            flat.update({f"{key}: {inner}": known for inner, known in value.items()})
        elif not isinstance(value, list):
            flat[key] = value
    weather = flat.get("weather")
    if isinstance(weather, Mapping):
        names = [name for name, preset in PRESETS.items() if asdict(preset) == dict(weather)]
        flat["weather"] = names[0] if names else "a weather of its own"
    return flat
