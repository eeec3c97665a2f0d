"""The workflow of the docs is one, and its commands exist."""

from __future__ import annotations

import re
import shlex
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from roadworthy.agents.commands.application import app
from roadworthy.agents.evaluation.gates import parse_gate

WORKFLOW = Path(__file__).parents[3] / "docs" / "examples" / "evaluate.yml"


@pytest.fixture(scope="module")
def steps() -> list[dict[str, Any]]:
    workflow = yaml.safe_load(WORKFLOW.read_text())
    return list(workflow["jobs"]["evaluate"]["steps"])


def test_each_step_does_one_thing(steps: list[dict[str, Any]]) -> None:
    assert all(("run" in step) != ("uses" in step) for step in steps)
    assert all(re.search(r"@v\d+$", step["uses"]) for step in steps if "uses" in step)


def test_its_command_and_its_gates_exist(steps: list[dict[str, Any]]) -> None:
    (script,) = (step["run"] for step in steps if step.get("name") == "Evaluate")
    command: Any = typer.main.get_command(app)
    known = {option for p in command.commands["evaluate"].params for option in p.opts}
    words = shlex.split(script, comments=True)
    assert "roadworthy" in words
    assert words[words.index("roadworthy") + 1] == "evaluate"
    assert {word for word in words if word.startswith("--")} <= known
    gates = [after for word, after in pairwise(words) if word == "--gate"]
    assert len(gates) == 4
    for gate in gates:
        parse_gate(gate.rstrip(")"))
