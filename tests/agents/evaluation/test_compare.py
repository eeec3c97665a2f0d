"""Two runs are compared drive by drive, and chance is not told as progress."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from roadworthy.agents.commands.application import app
from roadworthy.agents.evaluation.compare import compare, load_run
from roadworthy.agents.evaluation.metrics.offences import INFRACTIONS
from roadworthy.agents.evaluation.metrics.registry import METRICS
from roadworthy.agents.evaluation.results import (
    Checkpoint,
    Record,
    RecordMeta,
    Results,
    Scores,
)
from roadworthy.sim.errors import InputError


def run_of(scores: dict[tuple[str, int], float], **what: object) -> Results:
    """Results with a driving score for each (route, seed)."""
    records = [
        Record(
            index=i,
            route_id=f"RouteScenario_{route}_rep{i % 3}",
            status="Completed",
            scores=Scores(score_route=100.0, score_penalty=score / 100.0, score_composed=score),
            infractions={"red_light": ["ran it"] if score < 50.0 else []},
            meta=RecordMeta(town="Marlow", seed=seed, score_composed_2_1=score),
        )
        for i, ((route, seed), score) in enumerate(scores.items())
    ]
    return Results(checkpoint=Checkpoint(records=records), roadworthy=dict(what))


def scores_of(offset: float, wobble: float = 0.0) -> dict[tuple[str, int], float]:
    """Scores of ten routes and two seeds: far apart from route to route."""
    return {
        (f"r{r}", s): 20.0 + 5.0 * r + s + offset + wobble * (-1) ** r
        for r in range(10)
        for s in range(2)
    }


def test_a_small_steady_gain_is_seen_although_routes_differ_by_far_more() -> None:
    change = compare(run_of(scores_of(0.0)), run_of(scores_of(2.0, 0.5))).change("driving_score")
    assert change.verdict == "better"
    assert change.difference.mean == pytest.approx(2.0)
    assert change.before.high - change.before.low > 10.0


def test_chance_is_no_gain() -> None:
    change = compare(run_of(scores_of(0.0)), run_of(scores_of(0.0, 4.0))).change("driving_score")
    assert change.verdict == "no difference shown"


def test_the_same_run_is_the_same() -> None:
    run = run_of(scores_of(0.0))
    assert {c.verdict for c in compare(run, run).changes} == {"the same in every pair"}


def test_more_red_lights_are_worse() -> None:
    before, after = run_of(scores_of(35.0)), run_of(scores_of(0.0))
    comparison = compare(before, after)
    assert comparison.change("red_light").verdict == "worse"
    assert comparison.change("driving_score").verdict == "worse"
    assert [change.name for change in comparison.changes].count("stop_infraction") == 0


def test_a_figure_is_compared_over_the_drives_that_have_it_in_both_runs() -> None:
    before, after = run_of(scores_of(0.0)), run_of(scores_of(0.0))
    for run, first, value in ((before, 0, 0.9), (after, 8, 0.6)):
        for record in run.checkpoint.records[first:]:
            record.meta.smoothness = value
    change = compare(before, after).change("smoothness")
    assert change.verdict == "worse"
    assert (change.before.values, change.difference.mean) == (12, pytest.approx(-0.3))
    assert all(c.name != "efficiency" for c in compare(before, after).changes)


def test_every_metric_that_both_runs_have_is_compared() -> None:
    run = run_of(scores_of(60.0))
    for record in run.checkpoint.records:
        record.meta.metrics = dict.fromkeys(METRICS, 0.5)
        record.meta.events, record.meta.smoothness = ["Accident at 20 m"], 0.5
        record.meta.min_speed_percents = [80.0]
        record.infractions = {name: ["x"] for name in INFRACTIONS}
    told = {change.name for change in compare(run, run).changes}
    assert set(METRICS) - told == {
        "ability_merging", "ability_emergency_brake", "ability_give_way", "ability_traffic_signs"
    }  # fmt: skip


def test_repetitions_of_the_leaderboards_own_files_are_told_apart() -> None:
    records = [
        Record(index=k, route_id=f"RouteScenario_1_rep{k}", status="Completed") for k in range(3)
    ]
    run = Results(checkpoint=Checkpoint(records=records))
    assert compare(run, run).pairs == 3


def test_one_pair_tells_nothing() -> None:
    one = compare(run_of({("r0", 0): 10.0}), run_of({("r0", 0): 90.0}))
    assert one.change("driving_score").verdict == "cannot tell from one pair"


@pytest.mark.parametrize(
    ("gains", "seeds", "verdict"),
    [
        ((10.0, 10.0), 4, "cannot tell from 2 routes"),
        ((10.0,), 2, "cannot tell from 2 seeds"),
        # Three that go one way, but not alike: 4.30 sqrt(3) / sqrt(3) is the reach for 1, 2, 3.
        ((1.0, 2.0, 3.0), 1, "no difference shown"),
        ((9.0, 10.0, 11.0), 1, "better"),
        ((-9.0, -10.0, -11.0), 2, "worse"),
    ],
)
def test_a_few_lucky_routes_are_no_proof(
    gains: tuple[float, ...], seeds: int, verdict: str
) -> None:
    before = {(f"r{r}", s): 60.0 for r in range(len(gains)) for s in range(seeds)}
    after = {(f"r{r}", s): 60.0 + gain for r, gain in enumerate(gains) for s in range(seeds)}
    assert compare(run_of(before), run_of(after)).change("driving_score").verdict == verdict


def test_drives_without_a_partner_and_other_settings_are_named() -> None:
    before = run_of({("r0", 0): 10.0, ("r1", 0): 20.0}, settings={"vehicles": 20, "tick": 0.05})
    after = run_of({("r0", 0): 10.0, ("r0", 1): 20.0}, settings={"vehicles": 5, "tick": 0.05})
    comparison = compare(before, after)
    assert comparison.pairs == 1
    assert comparison.only_before == (("Marlow", "RouteScenario_r1", 0),)
    assert comparison.only_after == (("Marlow", "RouteScenario_r0", 1),)
    assert comparison.settings == ("settings.vehicles",)


def test_runs_without_a_common_drive_are_refused() -> None:
    with pytest.raises(InputError, match="no drive in common"):
        compare(run_of({("r0", 0): 1.0}), run_of({("r0", 1): 1.0}))


def test_a_folder_without_results_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="roadworthy evaluate --out"):
        load_run(tmp_path)


def test_the_command_tells_the_verdict_and_can_fail(tmp_path: Path) -> None:
    for name, run in (("a", run_of(scores_of(5.0))), ("b", run_of(scores_of(0.0)))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "results.json").write_text(run.model_dump_json(by_alias=True))
    arguments = ["compare", str(tmp_path / "a"), str(tmp_path / "b")]
    told = CliRunner().invoke(app, arguments)
    assert told.exit_code == 0
    assert "lost most" in told.output
    failed = CliRunner().invoke(app, [*arguments, "--fail-if-worse"])
    assert failed.exit_code == 1
    assert "worse by 5.0" in failed.output
