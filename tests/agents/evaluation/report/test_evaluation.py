from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from roadworthy.agents.evaluation.report import write_evaluation
from roadworthy.agents.evaluation.results import Checkpoint, Record, Results
from roadworthy.agents.evaluation.series import Series, series_path, write_series
from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.road.route import Route
from roadworthy.sim.scenario.scenario import Scenario

MakeRecord = Callable[..., Record]
WHAT = {
    "agent": "expert",
    "world": "embedded",
    "tasks": [["a", 0]],
    "settings": {"vehicles": 20, "walkers": 8, "tick": 0.05},
    "events": "standard",
}


def test_the_page_says_what_was_driven_and_shows_what_lies_in_the_folder(
    record: MakeRecord, samples: Series, routes: list[Route], network: RoadNetwork, tmp_path: Path
) -> None:
    records = [record(routes[0].id, seed, 90.0) for seed in (0, 1)]
    records[0].meta.missing = ["InvadingTurn"]
    for one in records:
        write_series(tmp_path, one.route_id, samples)
    series_path(tmp_path, records[1].route_id).write_bytes(b"rubbish")
    page = write_evaluation(
        tmp_path,
        Results(checkpoint=Checkpoint(records=records), roadworthy=WHAT),
        [Scenario(routes[0], source="towns.yaml")],
        {"Marlow": network},
    )
    assert page == tmp_path / "report.html"
    html = page.read_text("utf-8")
    length = routes[0].length / 1000.0
    assert (
        f"1 route in Marlow, {length:.1f} km, each with 2 seeds (other traffic): 2 drives in the "
        "embedded world, with 20 vehicles, 8 walkers, standard events. Routes and scenarios: "
        "towns.yaml." in html
    )
    assert "<h1>How expert drove</h1>" in html
    assert html.count('<div class="plots">') == 1  # samples that cannot be read spoil no page
    assert "InvadingTurn" in html
    assert html.count('<g class="route">') == 1


def test_the_same_results_give_the_same_page(
    record: MakeRecord, routes: list[Route], network: RoadNetwork, tmp_path: Path
) -> None:
    results = Results(
        checkpoint=Checkpoint(records=[record(routes[0].id, 0, 90.0)]), roadworthy=WHAT
    )
    pages = [
        write_evaluation(tmp_path, results, [Scenario(routes[0])], {"Marlow": network}).read_bytes()
        for _ in range(2)
    ]
    assert pages[0] == pages[1]


def test_what_unicode_cannot_say_is_no_reason_to_lose_the_page(
    record: MakeRecord, tmp_path: Path
) -> None:
    results = Results(
        checkpoint=Checkpoint(records=[record("\ud800", 0, 90.0)]), roadworthy={"agent": "\udfff"}
    )
    assert "How ? drove" in write_evaluation(tmp_path, results, [], {}).read_text("utf-8")
