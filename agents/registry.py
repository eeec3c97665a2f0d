"""Agents by name: shipped ones, exported folders, and classes of other packages."""

from __future__ import annotations

import hashlib
import importlib
import json
import sys
from pathlib import Path
from typing import Any

from roadworthy import __version__
from roadworthy.agents.agent import Agent
from roadworthy.control.runtime import OnnxModel, choose_providers
from roadworthy.sim.errors import InputError, ModelError

WEIGHTS = Path(__file__).parent / "weights"
PERCEPTION_FILE, PLANNER_FILE, AGENT_FILE = "perception.onnx", "planner.onnx", "agent.json"
NAMES = ("expert", "oracle", "roadworthy", "brake", "random")
FORMAT = 1  # of agent.json


def make_agent(
    which: str, *, device: str = "auto", threads: int = 1, weights: Path | None = None
) -> Agent:
    """Make an agent.

    Args:
        which: a name of NAMES, a folder with an exported agent, or `package.module:Class`; such
            a class is called without arguments and must have the methods of `Agent`.
        device: where models run: `auto`, `cpu` or `cuda`.
        threads: threads that a model may use.
        weights: folder of the models of `oracle` and `roadworthy`; the shipped ones by default.

    Raises:
        InputError: there is no such agent; the message lists the choices.
        ModelError: a model file is missing or does not fit this version.
        SettingsError: the device is unknown or cannot be had.
    """
    choose_providers(device)  # a wrong device is wrong for agents without models, too
    if which in ("oracle", "roadworthy"):
        return _learned(which, weights or WEIGHTS, device, threads, name=which)
    if which == "expert":
        from roadworthy.agents.expert import ExpertAgent

        return ExpertAgent()
    if which in ("brake", "random"):
        from roadworthy.agents.simple import BrakeAgent, RandomAgent

        return BrakeAgent() if which == "brake" else RandomAgent()
    folder = Path(which).expanduser()
    if folder.is_dir():
        return _exported(folder, device, threads)
    if ":" in which:
        return _imported(which)
    raise InputError(
        f"unknown agent {which!r}; choose {', '.join(NAMES)}, a folder with an exported agent, or "
        "package.module:Class"
    )


def fingerprint(agent: Agent) -> dict[str, Any]:
    """Tell what drives apart from all else of the same name.

    Returns:
        `version` of this package, and `models`: the sha256 of each model's file by its name; an
        agent of another package has that of the file of its class instead.

    Raises:
        ModelError: a model's file is gone.
    """
    models = [m for m in getattr(agent, "models", ()) if isinstance(m, OnnxModel)]
    files = [model.path for model in models]
    if not type(agent).__module__.startswith("roadworthy."):
        source = getattr(sys.modules.get(type(agent).__module__), "__file__", None)
        files += [Path(source)] if source else []
    try:
        digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    except OSError as error:
        raise ModelError(
            f"agent {agent.name}: {error.filename} cannot be read again ({error.strerror})"
        ) from None
    return {"version": __version__, "models": digests}


def _learned(kind: str, folder: Path, device: str, threads: int, name: str) -> Agent:
    if kind == "oracle":
        from roadworthy.agents.learned import make_oracle

        return make_oracle(folder / PLANNER_FILE, device=device, threads=threads, name=name)
    from roadworthy.agents.learned import make_roadworthy

    return make_roadworthy(
        folder / PERCEPTION_FILE, folder / PLANNER_FILE, device=device, threads=threads, name=name
    )


def _exported(folder: Path, device: str, threads: int) -> Agent:
    """Load a folder that `roadworthy export` wrote."""
    path = folder / AGENT_FILE
    try:
        described: Any = json.loads(path.read_text("utf-8"))
        version, kind = described["format"], described["kind"]
        name = str(described.get("name", folder.name))
    except FileNotFoundError:
        raise ModelError(
            f"folder {folder}: there is no {AGENT_FILE}; `roadworthy export RUN_DIR` writes one"
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"agent file {path}: {error!r}; export the agent again") from error
    if version != FORMAT or kind not in ("oracle", "roadworthy"):
        raise ModelError(
            f"agent file {path}: format {version!r}, kind {kind!r}; this version reads format "
            f"{FORMAT} and the kinds oracle and roadworthy. Export the agent again"
        )
    return _learned(kind, folder, device, threads, name)


def _imported(which: str) -> Agent:
    """Import `package.module:Class` and call it."""
    module, _, attribute = which.partition(":")
    try:
        agent = getattr(importlib.import_module(module), attribute)()
    except (Exception, SystemExit) as error:  # another's module may raise anything
        raise InputError(
            f"agent {which!r} cannot be made ({type(error).__name__}: {error}); check that the "
            "module is installed or in $PYTHONPATH and that the class needs no arguments"
        ) from error
    if not isinstance(agent, Agent):
        missing = [
            name
            for name in ("name", "privileged", "rig", "start", "act", "last_plan", "last_scene")
            if not hasattr(agent, name)
        ]
        raise InputError(
            f"agent {which!r} lacks {', '.join(missing)}; see roadworthy.agents.agent.Agent"
        )
    return agent
