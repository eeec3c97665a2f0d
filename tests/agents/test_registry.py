from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from roadworthy.agents.agent import Agent
from roadworthy.agents.registry import NAMES, make_agent
from roadworthy.agents.simple import RandomAgent
from roadworthy.sim.errors import InputError, ModelError
from roadworthy.sim.frame import Frame, Gnss, Imu

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
