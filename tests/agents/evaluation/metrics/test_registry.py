"""METRICS names every figure once, and the document's table is made of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from roadworthy.agents.evaluation.metrics import pdm
from roadworthy.agents.evaluation.metrics.offences import INFRACTIONS
from roadworthy.agents.evaluation.metrics.registry import METRICS, estimates, metrics_table
from roadworthy.agents.evaluation.results import Record, RecordMeta, Scores

ROOT = Path(__file__).parents[4]


def record(seed: int, score: float, smooth: float | None = None) -> Record:
    return Record(
        index=seed,
        route_id=f"RouteScenario_{seed % 2}_rep{seed}",
        status="Completed",
        infractions={"red_light": ["x"] * seed},
        scores=Scores(score_composed=score),
        meta=RecordMeta(town="Marlow", seed=seed, smoothness=smooth, metrics={"pdms": score / 2}),
    )


def test_all_that_is_counted_and_measured_has_a_name() -> None:
    assert set(INFRACTIONS) < set(METRICS)
    measured = {f"pdm_{name}" for name in pdm.Marks.__dataclass_fields__} | {"pdms", "epdms"}
    assert measured < set(METRICS)
    assert all(metric.name == name for name, metric in METRICS.items())
    assert all(METRICS[name].less_is_better for name in INFRACTIONS)


def test_every_metric_names_a_file_that_is_there() -> None:
    for metric in METRICS.values():
        assert (ROOT / metric.file).is_file(), metric.name


def test_the_table_of_the_document_is_this_one() -> None:
    assert metrics_table() in (ROOT / "docs" / "metrics.md").read_text()


def test_estimates_are_of_the_records_that_have_the_metric() -> None:
    found = estimates([record(0, 80.0, 0.5), record(1, 40.0), record(2, 60.0)])
    assert found["driving_score"].mean == 60.0
    assert found["driving_score"].groups == 2
    assert found["red_light"].mean == 1.0
    assert found["pdms"].mean == 30.0
    assert (found["smoothness"].mean, found["smoothness"].values) == (0.5, 1)
    assert "efficiency" not in found
    assert list(found) == [name for name in METRICS if name in found]


def test_no_records_have_no_estimates() -> None:
    assert estimates([]) == {}


@pytest.mark.parametrize("name", sorted(METRICS))
def test_every_metric_can_be_taken_of_a_bare_record(name: str) -> None:
    bare = Record(index=0, route_id="RouteScenario_1_rep0", status="Failed - Agent crashed")
    value = METRICS[name].value(bare)
    assert value is None or value == 0.0
