from __future__ import annotations

import json
import shutil
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper
from typer.testing import CliRunner, Result

from roadworthy.agents.commands.application import app

COMMANDS = (
    "demo",
    "drive",
    "evaluate",
    "collect",
    "train",
    "export",
    "bench",
    "doctor",
    "towns",
)
ON_MAP = """<routes><route id="1" town="Marlow"><waypoints>
<position x="{x}" y="{y}" z="0"/><position x="{x}" y="{z}" z="0"/></waypoints></route></routes>"""


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("ROADWORTHY_MAPS", raising=False)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments])


def test_the_help_names_every_command() -> None:
    printed = run("--help")
    assert printed.exit_code == 0
    assert all(name in printed.output for name in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(command: str) -> None:
    printed = run(command, "--help")
    assert printed.exit_code == 0
    assert len(printed.output) > 200


@pytest.mark.parametrize(
    ("command", "flags"),
    [
        ("demo", ["--out", "--seed"]),
        ("collect", ["--town", "--frames", "--out", "--seed"]),
        ("train", ["--preset", "--minutes", "--out", "--seed"]),
        ("export", ["--out"]),
        ("drive", ["--agent", "--route", "--town", "--map-dir", "--world", "--seed", "--video"]),
        ("evaluate", ["--agent", "--routes", "--map-dir", "--world", "--seeds", "--gate", "--out"]),
        ("bench", ["--json"]),
    ],
)
def test_the_flags_that_others_script_against_are_there(command: str, flags: list[str]) -> None:
    printed = run(command, "--help").output
    assert [flag for flag in flags if flag not in printed] == []


def test_driving_writes_results_and_tells_the_score(tmp_path: Path) -> None:
    done = run("drive", "--agent", "expert", "--town", "Marlow", "--seed", 3, "--out", tmp_path)
    assert done.exit_code == 0, done.output
    assert "driving score (leaderboard 2.0)" in done.output
    record = json.loads((tmp_path / "results.json").read_text())["_checkpoint"]["records"][0]
    assert record["scores"]["score_route"] == 100.0


def test_a_gate_that_does_not_hold_is_exit_code_1(tmp_path: Path) -> None:
    out = ("--out", tmp_path)
    good = run("evaluate", "--agent", "expert", *out, "--gate", "score_route>=90")
    assert good.exit_code == 0, good.output
    bad = run("evaluate", "--agent", "expert", *out, "--gate", "score_route<50")
    assert bad.exit_code == 1
    assert "does not hold" in bad.output
    assert bad.output.count("(kept)") == 4


def wrong_model(folder: Path) -> None:
    """An agent folder whose models take something else."""
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    graph = helper.make_graph([helper.make_node("Abs", ["x"], ["y"])], "g", [value], [out])
    opset = [helper.make_opsetid("", 17)]
    folder.mkdir()
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), folder / "planner.onnx")
    shutil.copy(folder / "planner.onnx", folder / "perception.onnx")
    (folder / "agent.json").write_text(json.dumps({"format": 1, "kind": "roadworthy"}))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["drive", "--agent", "expert", "--town", "Atlantis"], "unknown town 'Atlantis'"),
        (["drive", "--agent", "expert", "--route", "{tmp}/broken.xml"], "not well-formed"),
        (["drive", "--agent", "expert", "--route", "{tmp}/far.xml"], "from the nearest lane"),
        (["drive", "--agent", "expert", "--route", "{tmp}/far.xml#2"], "'2'"),
        (["drive", "--agent", "expert", "--route", "{tmp}/none.xml"], "no route file"),
        (["drive", "--agent", "{tmp}/wrong", "--town", "Marlow"], "no input 'image'"),
        (["drive", "--agent", "exprt", "--town", "Marlow"], "unknown agent"),
        (["drive", "--agent", "expert"], "either --route"),
        (["drive", "--agent", "expert", "--town", "Marlow", "--device", "gpu"], "auto, cpu, cuda"),
        (["drive", "--agent", "expert", "--town", "Marlow", "--video", "a.gif"], ".mp4 or .webm"),
        (["drive", "--agent", "expert", "--town", "Marlow", "--world", "carla://x"], "embedded"),
        (["drive", "--agent", "expert", "--town", "Marlow", "--vehicles", "-1"], "0..1000"),
        (["evaluate", "--agent", "brake", "--routes", "{tmp}/broken.xml"], "not well-formed"),
        (["evaluate", "--agent", "brake", "--gate", "nice>1"], "--gate"),
        (["evaluate", "--agent", "brake", "--out", "{tmp}/damaged"], "choose another --out"),
        (["export", "{tmp}"], "no training run"),
        (["train", "dancing"], "perception or planner"),
        (["train", "planner", "--preset", "slow"], "unknown preset"),
        (["train", "perception", "--data", "{tmp}"], "no shards"),
        (["bench", "warp"], "unknown benchmark"),
        (["towns", "list", "--map-dir", "{tmp}/none"], "does not exist"),
    ],
)
def test_wrong_input_is_a_sentence_and_exit_code_2(
    arguments: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.xml").write_text("<routes><route id='1'")
    (tmp_path / "far.xml").write_text(ON_MAP.format(x=9e5, y=0, z=50))
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "results.json").write_text("{")
    wrong_model(tmp_path / "wrong")
    done = run(*(argument.format(tmp=tmp_path) for argument in arguments))
    assert done.exit_code == 2, done.output
    assert says in done.output
    assert "Traceback" not in done.output


def test_a_full_disk_is_a_sentence_and_exit_code_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", str(tmp_path))

    monkeypatch.setattr("roadworthy.agents.evaluation.files.os.fsync", full)
    done = run("evaluate", "--agent", "brake", "--out", tmp_path)
    assert done.exit_code == 1
    assert "No space left on device" in done.output
    assert list(tmp_path.iterdir()) == []


def test_towns_lists_what_is_shipped() -> None:
    done = run("towns")
    assert done.exit_code == 0
    assert "Marlow" in done.output


def test_a_generated_town_can_be_driven_in(tmp_path: Path) -> None:
    done = run("towns", "generate", "--seed", 5, "--out", tmp_path)
    assert done.exit_code == 0, done.output
    assert (tmp_path / "Town_5.xodr").stat().st_size > 10_000


def test_the_doctor_looks_at_everything() -> None:
    printed = run("doctor").output
    for word in ("Python", "numba", "ONNX Runtime", "OpenCV", "CUDA driver", "map cache", "towns"):
        assert word in printed
