"""The sheet `metrics.json` beside `results.json`: every metric of a run with how sure it is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from roadworthy.agents.evaluation.metrics.bench2drive import Bench2Drive
from roadworthy.agents.evaluation.metrics.registry import METRICS, estimates, route_key
from roadworthy.agents.evaluation.results import Record
from roadworthy.agents.evaluation.statistics import DRAWS, LEVEL
from roadworthy.sim.files import write_whole

SHEET = "metrics.json"
_DIGITS = 6


def metrics_sheet(records: Sequence[Record]) -> dict[str, Any]:
    """Sum up a run.

    Returns:
        `metrics`: by names of METRICS the version, the mean, the standard deviation of single
        drives, the interval, and of how many drives and routes; `bench2drive`: its figures;
        `missing`: by town and route what its source asked for and the world lacks.
    """
    told = {
        name: {
            "version": METRICS[name].version,
            "unit": METRICS[name].unit,
            "less_is_better": METRICS[name].less_is_better,
            "mean": found.mean,
            "deviation": found.deviation,
            "low": found.low if found.known else None,
            "high": found.high if found.known else None,
            "drives": found.values,
            "routes": found.groups,
        }
        for name, found in estimates(records).items()
    }
    missing = {" ".join(route_key(r)): r.meta.missing for r in records if r.meta.missing}
    sheet = {
        "drives": len(records),
        "interval": {"level": LEVEL, "draws": DRAWS, "of": "routes, with all of their seeds"},
        "metrics": told,
        "bench2drive": asdict(Bench2Drive.of(records)),
        "missing": missing,
    }
    rounded: dict[str, Any] = _rounded(sheet)
    return rounded


def write_metrics(folder: Path, records: Sequence[Record]) -> None:
    """Write the sheet of a run into its folder.

    Raises:
        StorageError: it cannot be written.
    """
    text = json.dumps(metrics_sheet(records), indent=2)
    write_whole(folder / SHEET, text.encode() + b"\n")


def _rounded(value: Any) -> Any:
    """The same with all fractions rounded: sums of floats differ in their last digits."""
    if isinstance(value, float):
        return round(value, _DIGITS)
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    return value
