from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from roadworthy.agents.evaluation.metrics.bench2drive import Bench2Drive
from roadworthy.agents.evaluation.metrics.offences import INFRACTIONS
from roadworthy.agents.evaluation.metrics.registry import estimates
from roadworthy.agents.evaluation.results import (
    Record,
    RecordMeta,
    ResultFile,
    Scores,
    read_results,
    summarize,
)
from roadworthy.sim.errors import InputError, StorageError

WHAT = {"agent": "expert", "seeds": 2}


def record(index: int, composed: float = 100.0, status: str = "Perfect", **bad: int) -> Record:
    return Record(
        index=index,
        route_id=f"RouteScenario_{index}_rep0",
        status=status,
        num_infractions=sum(bad.values()),
        infractions={name: ["…"] * count for name, count in bad.items()},
        scores=Scores(score_route=100.0, score_penalty=composed / 100, score_composed=composed),
        meta=RecordMeta(route_length=500.0, duration_game=60.0),
    )


def test_the_file_has_the_leaderboards_schema(tmp_path: Path) -> None:
    file = ResultFile(tmp_path / "results.json", WHAT, 1, ["carla_camera"])
    file.add(record(0, 60.0, "Completed", collisions_vehicle=1))
    file.finish()
    data = json.loads((tmp_path / "results.json").read_text())
    assert set(data) >= {"_checkpoint", "entry_status", "eligible", "sensors", "values", "labels"}
    assert data["entry_status"] == "Finished"
    assert data["_checkpoint"]["progress"] == [1, 1]
    assert data["_checkpoint"]["global_record"]["scores_mean"]["score_composed"] == 60.0
    assert data["_checkpoint"]["records"][0]["infractions"]["collisions_vehicle"] == ["…"]
    assert dict(zip(data["labels"], data["values"], strict=True))["Avg. driving score"] == "60.0"


def test_every_field_is_that_of_the_leaderboard(tmp_path: Path) -> None:
    """FIELD_NOTES 1.1; what is ours stands in `roadworthy` and in further keys of `meta`."""
    file = ResultFile(tmp_path / "results.json", WHAT, 1)
    file.add(record(0, 60.0, "Completed", collisions_vehicle=1))
    file.finish()
    data = json.loads((tmp_path / "results.json").read_text())
    assert list(data) == [
        "_checkpoint", "entry_status", "eligible", "sensors", "values", "labels", "roadworthy"
    ]  # fmt: skip
    assert list(data["_checkpoint"]) == ["global_record", "progress", "records"]
    total, (one,) = data["_checkpoint"]["global_record"], data["_checkpoint"]["records"]
    assert list(total) == [
        "index", "route_id", "status", "infractions", "scores_mean", "scores_std_dev", "meta"
    ]  # fmt: skip
    assert (total["index"], total["route_id"]) == (-1, -1)
    assert list(total["infractions"]) == list(INFRACTIONS)
    assert list(total["meta"]) == ["total_length", "duration_game", "duration_system", "exceptions"]
    assert list(one) == [
        "index", "route_id", "status", "num_infractions", "infractions", "scores", "meta"
    ]  # fmt: skip
    for scores in (one["scores"], total["scores_mean"], total["scores_std_dev"]):
        assert list(scores) == ["score_route", "score_penalty", "score_composed"]
    assert list(one["meta"])[:3] == ["route_length", "duration_game", "duration_system"]
    assert one["route_id"] == "RouteScenario_0_rep0"
    assert len(data["values"]) == len(data["labels"]) == 15
    assert all(isinstance(value, str) for value in data["values"])


def test_a_file_of_the_leaderboard_itself_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "theirs.json"
    one = {
        "index": 0,
        "route_id": "RouteScenario_12_rep0",
        "status": "Failed - Agent timed out",
        "num_infractions": 1,
        "infractions": {"route_timeout": ["Agent timed out."]},
        "scores": {"score_route": 50.0, "score_penalty": 1.0, "score_composed": 50.0},
        "meta": {"route_length": 900.0, "duration_game": 400.0, "duration_system": 800.0},
    }
    checkpoint = {"global_record": {}, "progress": [1, 2], "records": [one]}
    path.write_text(json.dumps({"_checkpoint": checkpoint, "entry_status": "Started"}))
    results = read_results(path)
    assert results.checkpoint.records[0].scores.score_composed == 50.0
    found = estimates(results.checkpoint.records)
    assert found["route_timeout"].mean == 1.0
    assert not {"pdms", "driving_score_2_1", "bench2drive_score"} & set(found)
    assert Bench2Drive.of(results.checkpoint.records).driving_score is None


def test_mean_spread_and_infractions_per_kilometre_by_hand() -> None:
    total = summarize([record(0), record(1, 60.0, "Completed", collisions_vehicle=1), record(2)])
    assert total.scores_mean.score_composed == pytest.approx(86.666667)
    assert total.scores_std_dev.score_composed == pytest.approx(23.094011)
    assert total.infractions["collisions_vehicle"] == 0.667  # 1 in 1.5 km
    assert total.status == "Completed"
    assert summarize([record(0, 0.0, "Failed - Agent got blocked")]).status == "Failed"


def test_an_interrupted_run_goes_on_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "out" / "results.json"
    first = ResultFile(path, WHAT, 3)
    first.add(record(0))
    first.add(record(2))
    again = ResultFile(path, WHAT, 3)
    assert again.has("RouteScenario_0_rep0")
    assert not again.has("RouteScenario_1_rep0")
    again.add(record(1))
    assert [r.index for r in again.records] == [0, 1, 2]
    assert read_results(path).checkpoint.progress == [3, 3]


def test_a_file_of_another_agent_is_not_continued(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    ResultFile(path, WHAT, 1).add(record(0))
    with pytest.raises(InputError, match="agent differ"):
        ResultFile(path, {**WHAT, "agent": "brake"}, 1)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"_checkpoint": {"records": [{}]}}'])
def test_a_damaged_file_is_named_and_kept(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "results.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match="choose another --out"):
        ResultFile(path, WHAT, 1)
    assert path.read_bytes() == content


def test_a_damaged_file_is_told_by_what_is_wrong_with_it(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text('{"_checkpoint": {"records": [{"route_id": "a", "status": "Perfect"}]}}')
    with pytest.raises(InputError, match=r"_checkpoint\.records\.0\.index: Field required"):
        read_results(path)


def test_a_full_disk_is_a_sentence_and_keeps_what_was_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "results.json"
    file = ResultFile(path, WHAT, 2)
    file.add(record(0))
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space left on device"):
        file.add(record(1))
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["results.json"]


def test_the_file_is_plain_json_however_it_was_put_together(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    file = ResultFile(path, {"agent": 'one "records": [] more'}, 2)
    for number in (1, 0):
        file.add(Record(index=number, route_id=f"r{number}", status='"records": []\n'))
    file.finish()
    text = path.read_text()
    assert text == json.dumps(json.loads(text), indent=4) + "\n"
    assert read_results(path) == file.results
    again = ResultFile(path, {"agent": 'one "records": [] more'}, 2)
    again.finish()
    assert path.read_text() == text
