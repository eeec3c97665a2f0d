"""The trained policy in torch: Scene to Plan, for one ego or a batch of worlds."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3 import PPO

from roadworthy.perception.scene import Scene
from roadworthy.planning.action import ACCELERATIONS, ACTION_SIZES, CURVATURE_OFFSETS
from roadworthy.planning.decision import DecisionState
from roadworthy.planning.learner import action_logits
from roadworthy.planning.observation import OBSERVATION_SIZE
from roadworthy.planning.plan import Plan
from roadworthy.sim.errors import ModelError


def load_model(path: str | Path) -> PPO:
    """Load a saved learner for use on the CPU.

    Raises:
        ModelError: the file is missing, damaged or of another observation or action space.
    """
    path = Path(path)
    if not path.is_file():
        raise ModelError(
            f"{path}: there is no such file; train one with `roadworthy train planner`"
        )
    try:
        model = PPO.load(path, device="cpu")
    except (ValueError, KeyError, OSError, RuntimeError, EOFError, zipfile.BadZipFile) as error:
        raise ModelError(
            f"{path}: it is not a planner that stable-baselines3 can load ({error}); "
            "train a new one or give the model.zip of a finished run"
        ) from error
    shape = model.observation_space.shape
    if shape != (OBSERVATION_SIZE,):
        raise ModelError(
            f"{path}: it expects observations of shape {shape}, but this version encodes "
            f"{OBSERVATION_SIZE} numbers; train it anew"
        )
    return model


class PolicyDriver:
    """Drives a batch of worlds with a policy, by the most likely action."""

    def __init__(self, model: PPO, worlds: int) -> None:
        self._model = model
        self.state = DecisionState(worlds)

    def act(self, scene: Scene) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Acceleration [m/s^2] and curvature [1/m] for every world, [W] each."""
        with torch.no_grad():
            logits = action_logits(self._model, torch.from_numpy(self.state.observe(scene)))
        split = ACTION_SIZES[0]
        accel = ACCELERATIONS[logits[:, :split].argmax(1).numpy()]
        offset = CURVATURE_OFFSETS[logits[:, split:].argmax(1).numpy()]
        return self.state.decide(accel, offset)

    def reset(self, mask: NDArray[np.bool_] | None = None) -> None:
        """Forget what is in force, where `mask` says so."""
        self.state.reset(mask)


class PlannerPolicy:
    """A policy for one ego: Scene in, Plan out."""

    def __init__(self, model: PPO | str | Path) -> None:
        """Take a learner, or load one (ModelError where that fails)."""
        self._model = model if isinstance(model, PPO) else load_model(model)
        self._state = DecisionState(1)

    def reset(self) -> None:
        """Begin a new drive."""
        self._state.reset()

    def plan(self, scene: Scene) -> Plan:
        """Decide on one Scene without a world axis."""
        observation = torch.from_numpy(self._state.observe(scene))
        with torch.no_grad():
            logits = action_logits(self._model, observation)[0]
        split = ACTION_SIZES[0]
        accel = float(ACCELERATIONS[int(logits[:split].argmax())])
        offset = float(CURVATURE_OFFSETS[int(logits[split:].argmax())])
        return self._state.plan(scene, accel, offset)
