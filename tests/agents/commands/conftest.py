from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from roadworthy.agents.commands.application import app

Run = Callable[..., Result]
FOREIGN = """
from roadworthy.agents.simple import BrakeAgent
from roadworthy.sim.errors import ModelError
class Crashing(BrakeAgent):
    name = "crashing"
    def act(self, frame, truth):
        raise ValueError("what now?")
class Brief(BrakeAgent):
    name = "brief"
    def start(self, town, route, seed):
        self.left = 4
    def act(self, frame, truth):
        self.left -= 1
        return super().act(frame, truth) if self.left else None
class Startless(BrakeAgent):
    name = "startless"
    def start(self, town, route, seed):
        raise ValueError("not today")
class Rigless(BrakeAgent):
    name = "rigless"
    def rig(self):
        raise KeyError("camera")
class Sceneless(BrakeAgent):
    name = "sceneless"
    def last_scene(self):
        raise IndexError("no scene yet")
class Modelless(BrakeAgent):
    name = "modelless"
    def act(self, frame, truth):
        raise ModelError("model eyes.onnx: wants another image")
"""


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("ROADWORTHY_MAPS", raising=False)


@pytest.fixture
def run() -> Run:
    def invoke(*arguments: object) -> Result:
        return CliRunner().invoke(app, [str(a) for a in arguments])

    return invoke


@pytest.fixture
def foreign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module of another package, with agents that fail in many ways."""
    name = "another_package"
    (tmp_path / f"{name}.py").write_text(FOREIGN)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(__import__("sys").modules, name, raising=False)
    return name
