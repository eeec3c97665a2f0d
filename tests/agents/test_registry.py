from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

from roadworthy import __version__
from roadworthy.agents.agent import Agent
from roadworthy.agents.evaluation.run import Here, run_tasks
from roadworthy.agents.registry import NAMES, WEIGHTS, fingerprint, make_agent
from roadworthy.agents.simple import RandomAgent
from roadworthy.sim.errors import InputError, ModelError
from roadworthy.sim.frame import Frame, Gnss, Imu
from roadworthy.sim.town import Town

FRAME = Frame(
    0,
    0.0,
    {},
    np.zeros((0, 4), np.float32),
    Imu((0, 0, 9.81), (0, 0, 0), 0),
    Gnss(0, 0, 0),
    0.0,
    {},
    {},
)


@pytest.mark.parametrize("name", ["expert", "brake", "random"])
def test_each_name_makes_an_agent_of_that_name(name: str) -> None:
    agent = make_agent(name)
    assert isinstance(agent, Agent)
    assert agent.name == name


def test_an_unknown_name_lists_the_choices() -> None:
    with pytest.raises(InputError) as caught:
        make_agent("exprt")
    assert all(name in str(caught.value) for name in (*NAMES, "exprt"))


def test_a_class_of_another_package_can_drive() -> None:
    assert make_agent("roadworthy.agents.simple:BrakeAgent").act(FRAME, None).brake == 1.0


@pytest.mark.parametrize(
    ("which", "says"),
    [
        ("no_such_package:Agent", "No module named"),
        ("roadworthy.agents.simple:Nobody", "Nobody"),
        ("collections:OrderedDict", "lacks name, privileged"),
        (":", "cannot be made"),
    ],
)
def test_a_class_that_is_no_agent_is_told(which: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        make_agent(which)


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("raise RuntimeError('no licence')", "RuntimeError: no licence"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("class Agent:\n    def __init__(self): raise KeyError('weights')", "KeyError: 'weights'"),
        ("def", "SyntaxError"),
    ],
)
def test_whatever_another_module_raises_is_a_sentence(
    code: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "raising_package.py").write_text(code)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "raising_package", raising=False)
    with pytest.raises(InputError, match="cannot be made") as caught:
        make_agent("raising_package:Agent")
    assert says in str(caught.value)


def exported(folder: Path, note: str) -> str:
    """Export an oracle with the shipped planner, its file marked with a note."""
    folder.mkdir(parents=True)
    model = onnx.load(str(WEIGHTS / "planner.onnx"))
    model.metadata_props.add(key="note", value=note)
    onnx.save(model, str(folder / "planner.onnx"))
    (folder / "agent.json").write_text(json.dumps({"format": 1, "kind": "oracle"}))
    return str(folder)


def test_agents_of_one_name_are_told_apart_by_their_models(tmp_path: Path) -> None:
    a, same, b = (
        fingerprint(make_agent(exported(tmp_path / place / "mine", note), device="cpu"))
        for place, note in (("1", "a"), ("2", "a"), ("3", "b"))
    )
    assert a == same
    assert a != b
    wanted = hashlib.sha256((tmp_path / "1" / "mine" / "planner.onnx").read_bytes()).hexdigest()
    assert a == {"version": __version__, "models": {"planner.onnx": wanted}}
    shipped = fingerprint(make_agent("roadworthy", device="cpu"))
    assert set(shipped["models"]) == {"perception.onnx", "planner.onnx"}


def test_results_of_other_models_or_another_version_are_not_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(which: str) -> None:
        run_tasks(Here(make_agent(which, device="cpu"), no_town), [], tmp_path / "out")

    def no_town(name: str) -> Town:
        raise AssertionError(name)

    first, second = (exported(tmp_path / note / "mine", note) for note in "ab")
    run(first)
    run(first)
    with pytest.raises(InputError, match="models differ"):
        run(second)
    monkeypatch.setattr("roadworthy.agents.registry.__version__", "99.0")
    with pytest.raises(InputError, match="version differ"):
        run(first)


def test_a_folder_without_an_agent_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no agent\.json"):
        make_agent(str(tmp_path))


@pytest.mark.parametrize("content", ["{", "[]", "{}", json.dumps({"format": 9, "kind": "oracle"})])
def test_a_damaged_agent_file_is_told(tmp_path: Path, content: str) -> None:
    (tmp_path / "agent.json").write_text(content)
    with pytest.raises(ModelError, match=r"agent\.json"):
        make_agent(str(tmp_path))


def test_a_folder_whose_model_is_missing_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "agent.json").write_text(json.dumps({"format": 1, "kind": "oracle"}))
    with pytest.raises(ModelError, match=r"planner\.onnx"):
        make_agent(str(tmp_path))


def test_the_random_agent_drives_the_same_way_for_the_same_seed() -> None:
    def controls(seed: int) -> list[object]:
        agent = RandomAgent()
        agent.start(None, None, seed)  # type: ignore[arg-type]
        return [agent.act(FRAME, None).validate() for _ in range(40)]

    assert controls(3) == controls(3)
    assert controls(3) != controls(4)


def test_driving_with_the_shipped_models_needs_no_torch() -> None:
    code = (
        "import sys; from roadworthy.agents.registry import make_agent;"
        "make_agent('roadworthy', device='cpu'); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
