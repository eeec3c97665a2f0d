"""metrics.json says what a run comes to, and what its routes asked for in vain."""

from __future__ import annotations

import json
from pathlib import Path

from roadworthy.agents.evaluation.metrics.registry import METRICS
from roadworthy.agents.evaluation.metrics.sheet import SHEET, metrics_sheet, write_metrics
from roadworthy.agents.evaluation.results import Record, RecordMeta, Scores


def record(route: int, seed: int, score: float) -> Record:
    return Record(
        index=2 * route + seed,
        route_id=f"RouteScenario_{route}_rep{seed}",
        status="Perfect",
        scores=Scores(score_route=100.0, score_penalty=score / 100.0, score_composed=score),
        meta=RecordMeta(
            town="Marlow",
            seed=seed,
            events=["Accident at 20 m"],
            missing=["HighwayExit_1: not supported"] if route else [],
        ),
    )


def test_a_run_by_hand(tmp_path: Path) -> None:
    records = [record(0, 0, 60.0), record(0, 1, 70.0), record(1, 0, 100.0), record(1, 1, 90.0)]
    write_metrics(tmp_path, records)
    sheet = json.loads((tmp_path / SHEET).read_text())
    assert sheet["drives"] == 4
    score = sheet["metrics"]["driving_score"]
    assert (score["mean"], score["drives"], score["routes"]) == (80.0, 4, 2)
    assert (score["low"], score["high"]) == (65.0, 95.0)  # either route twice is in 95 % of draws
    assert score["version"] == "leaderboard 2.0"
    assert sheet["bench2drive"]["abilities"]["overtaking"] == 100.0
    assert sheet["bench2drive"]["abilities"]["merging"] is None
    assert sheet["missing"] == {"Marlow RouteScenario_1": ["HighwayExit_1: not supported"]}
    assert set(sheet["metrics"]) <= set(METRICS)


def test_one_drive_has_no_interval() -> None:
    score = metrics_sheet([record(0, 0, 60.0)])["metrics"]["driving_score"]
    assert (score["mean"], score["low"], score["high"]) == (60.0, None, None)


def test_the_order_of_the_drives_changes_nothing() -> None:
    records = [record(r, s, 50.0 + 7.0 * r + s / 3.0) for r in range(5) for s in range(2)]
    assert metrics_sheet(records[::-1])["metrics"] == metrics_sheet(records)["metrics"]
