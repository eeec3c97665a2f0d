from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper
from rich.text import Text
from typer.main import get_command
from typer.testing import Result

from roadworthy.agents.benchmarks import Figure
from roadworthy.agents.commands.application import app

COMMANDS = (
    "demo",
    "drive",
    "evaluate",
    "replay",
    "compare",
    "collect",
    "train",
    "export",
    "bench",
    "doctor",
    "towns",
    "suites",
    "serve",
)
ON_MAP = """<routes><route id="1" town="Marlow"><waypoints>
<position x="{x}" y="{y}" z="0"/><position x="{x}" y="{z}" z="0"/></waypoints></route></routes>"""


Run = Callable[..., Result]


def options() -> list[tuple[str, Any]]:
    """Every option and argument of every command."""
    found, left = [], [("roadworthy", get_command(app))]
    while left:
        name, command = left.pop()
        found += [(name, parameter) for parameter in command.params]
        left += [(f"{name} {k}", c) for k, c in getattr(command, "commands", {}).items()]
    return found


def test_every_option_says_what_it_does() -> None:
    assert len(options()) > 50
    silent = [
        f"{name} {parameter.opts[-1]}"
        for name, parameter in options()
        if len(getattr(parameter, "help", None) or "") < 10
    ]
    assert silent == []


def test_no_help_text_loses_its_brackets() -> None:
    lost = [
        f"{name} {parameter.opts[-1]}"
        for name, parameter in options()
        for text in [str(getattr(parameter, "help", None) or "")]
        if Text.from_markup(text).plain != text.replace("\\[", "[")
    ]
    assert lost == []


def test_the_help_names_every_command(run: Run) -> None:
    printed = run("--help")
    assert printed.exit_code == 0
    assert all(name in printed.output for name in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(command: str, run: Run) -> None:
    printed = run(command, "--help")
    assert printed.exit_code == 0
    shown = " ".join(printed.output.replace("│", " ").split())
    words = [
        " ".join(str(getattr(parameter, "help", "")).split())[:30]
        for name, parameter in options()
        if name == f"roadworthy {command}"
    ]
    assert [word for word in words if word not in shown] == []
    assert len(shown) > 200


@pytest.mark.parametrize(
    ("command", "flags"),
    [
        ("demo", ["--out", "--seed"]),
        ("collect", ["--town", "--frames", "--out", "--seed"]),
        ("train", ["--preset", "--minutes", "--data", "--held-out", "--out", "--seed"]),
        ("export", ["--out", "--seed"]),
        ("drive", ["--agent", "--route", "--town", "--map-dir", "--world", "--seed", "--video"]),
        ("evaluate", ["--agent", "--routes", "--map-dir", "--world", "--seeds", "--gate", "--out"]),
        ("bench", ["--json", "--out", "--seed"]),
        ("doctor", ["--out"]),
        ("towns", ["--map-dir"]),
    ],
)
def test_the_flags_that_others_script_against_are_there(
    command: str, flags: list[str], run: Run
) -> None:
    printed = run(command, "--help").output
    assert [flag for flag in flags if flag not in printed] == []


def test_driving_writes_results_and_tells_the_score(run: Run, tmp_path: Path) -> None:
    done = run("drive", "--agent", "expert", "--town", "Marlow", "--seed", 3, "--out", tmp_path)
    assert done.exit_code == 0, done.output
    assert "driving score (leaderboard 2.0)" in done.output
    record = json.loads((tmp_path / "results.json").read_text())["_checkpoint"]["records"][0]
    assert record["scores"]["score_route"] == 100.0


def test_a_gate_that_does_not_hold_is_exit_code_1(run: Run, tmp_path: Path) -> None:
    out = ("--out", tmp_path)
    good = run("evaluate", "--agent", "expert", *out, "--gate", "score_route>=90")
    assert good.exit_code == 0, good.output
    bad = run("evaluate", "--agent", "expert", *out, "--gate", "score_route<50")
    assert bad.exit_code == 1
    assert "does not hold" in bad.output
    assert bad.output.count("(kept)") == 4


def test_a_baseline_of_other_routes_is_told_before_anything_is_driven(
    run: Run, tmp_path: Path
) -> None:
    before, now = tmp_path / "before", tmp_path / "now"
    assert run("evaluate", "--agent", "brake", "--out", before).exit_code == 0
    done = run("evaluate", "--out", now, "--baseline", before, "--seed", 7)
    assert done.exit_code == 2
    assert "no drive in common" in done.output
    assert not now.exists()
    again = run("evaluate", "--agent", "brake", "--out", now, "--baseline", before)
    assert again.exit_code == 0, again.output


def test_an_evaluation_whose_agent_crashed_is_exit_code_1(
    run: Run, foreign: str, tmp_path: Path
) -> None:
    done = run("evaluate", "--agent", f"{foreign}:Crashing", "--out", tmp_path / "out")
    assert done.exit_code == 1, done.output
    assert "4 of 4 drives broke down" in done.output
    assert "Failed - Agent crashed: ValueError: what now?" in done.output
    assert done.output.index("4 drives, leaderboard 2.0") < done.output.index("broke down")


def test_an_evaluation_whose_models_do_not_fit_is_exit_code_2(
    run: Run, foreign: str, tmp_path: Path
) -> None:
    done = run("evaluate", "--agent", f"{foreign}:Modelless", "--out", tmp_path / "out")
    assert done.exit_code == 2, done.output
    assert "wants another image" in done.output


def test_a_disk_that_fills_up_in_an_evaluation_keeps_what_was_finished(
    run: Run,
    foreign: str,
    tmp_path: Path,
    full_disk: Callable[..., AbstractContextManager[None]],
) -> None:
    command = ("evaluate", "--agent", f"{foreign}:Brief", "--workers", 0, "--out")
    run(*command, tmp_path / "elsewhere")  # kernels compile
    with full_disk(8192):  # not room enough for four records
        done = run(*command, tmp_path / "out")
    assert done.exit_code == 1, done.output
    assert "cannot write" in done.output
    assert isinstance(done.exception, SystemExit)
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"drives", "results.json"}
    kept = json.loads((tmp_path / "out" / "results.json").read_text())["_checkpoint"]
    assert 1 <= len(kept["records"]) < 4
    assert kept["progress"] == [len(kept["records"]), 4]
    again = run(*command, tmp_path / "out")
    assert again.output.count("(kept)") == len(kept["records"])


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
        (["drive", "--agent", "expert", "--route", "{tmp}/beyond.xml"], "beyond every map"),
        (["drive", "--agent", "expert", "--route", "{tmp}/none.xml"], "no route file"),
        (["drive", "--agent", "{tmp}/wrong", "--town", "Marlow"], "no input 'image'"),
        (["drive", "--agent", "exprt", "--town", "Marlow"], "unknown agent"),
        (["drive", "--agent", "expert"], "give one of --route"),
        (["drive", "--agent", "expert", "--town", "Marlow", "--device", "gpu"], "auto, cpu, cuda"),
        (["drive", "--agent", "expert", "--town", "Marlow", "--video", "a.gif"], ".mp4 or .webm"),
        (
            ["drive", "--agent", "expert", "--town", "Marlow", "--world", "mars"],
            "carla://HOST:PORT",
        ),
        (["drive", "--agent", "expert", "--town", "Marlow", "--vehicles", "-1"], "0..1000"),
        (["evaluate", "--agent", "brake", "--routes", "{tmp}/broken.xml"], "not well-formed"),
        (["evaluate", "--agent", "brake", "--gate", "nice>1"], "--gate"),
        (["evaluate", "--agent", "brake", "--out", "{tmp}/damaged"], "choose another --out"),
        (["evaluate", "--agent", "brake", "--seeds", "10001"], "10000"),
        (["evaluate", "--agent", "brake", "--seed", f"{2**63 - 1}", "--seeds", "2"], "goes beyond"),
        (["export", "{tmp}"], "no training run"),
        (["train", "dancing"], "perception or planner"),
        (["train", "planner", "--preset", "slow"], "unknown preset"),
        (["train", "perception", "--data", "{tmp}"], "no shards"),
        (["train", "perception", "--held-out", "{tmp}"], "no shards"),
        (["train", "planner", "--held-out", "{tmp}"], "are for perception"),
        (["train", "planner", "--seed", f"{2**32}"], "4294967295"),
        (["bench", "warp"], "unknown benchmark"),
        (["towns", "list", "--map-dir", "{tmp}/none"], "does not exist"),
    ],
)
def test_wrong_input_is_a_sentence_and_exit_code_2(
    arguments: list[str], says: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.xml").write_text("<routes><route id='1'")
    (tmp_path / "far.xml").write_text(ON_MAP.format(x=9e5, y=0, z=50))
    (tmp_path / "beyond.xml").write_text(ON_MAP.format(x="1e308", y=0, z=50))
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "results.json").write_text("{")
    wrong_model(tmp_path / "wrong")
    done = run(*(argument.format(tmp=tmp_path) for argument in arguments))
    assert done.exit_code == 2, done.output
    assert says in done.output
    assert "Traceback" not in done.output


def test_a_full_disk_is_a_sentence_and_exit_code_1(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", str(tmp_path))

    monkeypatch.setattr("roadworthy.sim.files.os.fsync", full)
    done = run("evaluate", "--agent", "brake", "--out", tmp_path)
    assert done.exit_code == 1
    assert "No space left on device" in done.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("before", [True, False])
def test_towns_lists_what_is_shipped_and_what_a_folder_has(
    before: bool, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "Broken.xodr").write_text("<OpenDRIVE")
    folder = ("--map-dir", tmp_path)
    done = run("towns", *folder, "list") if before else run("towns", "list", *folder)
    short = run("towns", *folder)
    assert done.exit_code == short.exit_code == 0, done.output
    assert all(name in done.output for name in ("Hillcrest", "Marlow", "Rivertown", "Broken"))
    assert "XML" in done.output  # what is wrong with it
    rows = [line for line in done.output.splitlines() if "│" in line]
    assert rows == [line for line in short.output.splitlines() if "│" in line]


@pytest.mark.parametrize(
    ("arguments", "work"),
    [
        (("bench", "--out", "{tmp}/file/x"), "roadworthy.agents.benchmarks.run"),
        (("bench", "--json", "{tmp}/file/x"), "roadworthy.agents.benchmarks.run"),
        (("bench", "--json", os.devnull), "roadworthy.agents.benchmarks.run"),
        (("bench", "--sheet", "{tmp}/file/x.png"), "roadworthy.sim.sensors.sheet.contact_sheet"),
        (("towns", "draw", "--out", "{tmp}/file/x.png"), "roadworthy.sim.road.draw.draw_towns"),
    ],
)
def test_a_folder_that_cannot_be_written_is_told_before_the_work(
    arguments: tuple[str, ...],
    work: str,
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(work, lambda *_: pytest.fail("it worked"))
    done = run(*(argument.format(tmp=tmp_path) for argument in arguments))
    assert done.exit_code == 1, done.output
    assert "cannot write" in done.output


@pytest.mark.parametrize("command", [("bench", "--sheet"), ("towns", "draw", "--out")])
def test_a_picture_of_another_format_is_refused(run: Run, command: tuple[str, ...]) -> None:
    done = run(*command, "picture.bmp")
    assert done.exit_code == 2, done.output
    assert "name it" in done.output


def test_the_benchmark_writes_its_figures(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures = [Figure("a_per_s", "a", 12.0, 10.0)]
    monkeypatch.setattr("roadworthy.agents.benchmarks.run", lambda *_: figures)
    done = run("bench", "--out", tmp_path / "out", "--json", tmp_path / "b.json")
    assert done.exit_code == 0, done.output
    assert json.loads((tmp_path / "out" / "bench.json").read_text()) == {"a_per_s": 12.0}
    assert (tmp_path / "b.json").read_text() == (tmp_path / "out" / "bench.json").read_text()


def test_a_generated_town_can_be_driven_in(run: Run, tmp_path: Path) -> None:
    done = run("towns", "generate", "--seed", 5, "--out", tmp_path)
    assert done.exit_code == 0, done.output
    assert (tmp_path / "Town_5.xodr").stat().st_size > 10_000


def test_towns_of_other_kinds_are_generated_and_drawn(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("carla", reason="the carla wheel is not installed")
    done = run("towns", "generate", "--kind", "highway", "--seed", 5, "--out", tmp_path)
    assert done.exit_code == 0, done.output
    picture = tmp_path / "towns.png"
    drawn = ("Highway_5", "Ringford")
    done = run("towns", "draw", *drawn, "--map-dir", tmp_path, "--out", picture)
    assert done.exit_code == 0, done.output
    assert picture.read_bytes().startswith(b"\x89PNG")
    done = run("towns", "generate", "--kind", "moon", "--out", tmp_path)
    assert done.exit_code == 2
    assert "'moon'; known are grid, irregular" in " ".join(done.output.split())


def test_the_doctor_looks_at_everything_and_writes_it_down(run: Run, tmp_path: Path) -> None:
    printed = run("doctor", "--out", tmp_path).output
    found = json.loads((tmp_path / "doctor.json").read_text())
    assert {row["state"] for row in found} <= {"ok", "note", "wrong"}
    assert all(row["what"] in printed for row in found)
    for word in ("Python", "numba", "ONNX Runtime", "OpenCV", "CUDA driver", "map cache", "towns"):
        assert word in printed
