"""The files of a training run: checkpoints, progress and the learning curve.

A run's folder holds `model.zip` (stable-baselines3), `best.zip`, `state.json` (how far it got and
with which settings) and `metrics.json` (the learning curve). Each file is written beside and then
renamed, so that a cut-off run leaves whole files.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from stable_baselines3 import PPO

from roadworthy.sim.errors import ModelError, StorageError
from roadworthy.sim.files import write_whole

# No part of what was learned: the last rollout, and the schedule, which is the Trainer's.
_NOT_SAVED = ("_last_obs", "_last_episode_starts", "learning_rate", "lr_schedule")


class RunFolder:
    """Reads and writes one run's files."""

    def __init__(self, path: str | Path) -> None:
        """Take a folder; make it.

        Raises:
            StorageError: it cannot be made.
        """
        self.path = Path(path)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(
                f"{path}: the run's folder cannot be made ({error.strerror}); give another --out"
            ) from error
        self.metrics: list[dict[str, Any]] = []

    @property
    def model(self) -> Path:
        """The latest checkpoint."""
        return self.path / "model.zip"

    @property
    def best(self) -> Path:
        """The checkpoint that drove best in validation."""
        return self.path / "best.zip"

    def save_model(self, model: PPO, path: Path) -> None:
        """Write a checkpoint.

        Raises:
            StorageError: it cannot be written.
        """
        # Through memory: the writers of zip files tell of a full disk in words of their own.
        memory = io.BytesIO()
        model.save(memory, exclude=list(_NOT_SAVED))
        write_whole(path, memory.getvalue(), what="the checkpoint")

    def write(self, name: str, content: Any) -> None:
        """Write a JSON file.

        Raises:
            StorageError: it cannot be written.
        """
        write_whole(self.path / name, json.dumps(content, indent=1).encode() + b"\n")

    def record(self, row: dict[str, Any]) -> None:
        """Add a row to the learning curve and write it."""
        self.metrics.append(row)
        self.write("metrics.json", {"rows": self.metrics})

    def read_state(self) -> dict[str, Any] | None:
        """How far the run got; None where it has not begun. Reads the learning curve too.

        Raises:
            ModelError: a file of the run is damaged.
        """
        path = self.path / "state.json"
        if not (path.is_file() and self.model.is_file()):
            return None
        try:
            state: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            curve = self.path / "metrics.json"
            if curve.is_file():
                self.metrics = json.loads(curve.read_text(encoding="utf-8"))["rows"]
            if not isinstance(state.get("elapsed"), int | float):
                raise ValueError("elapsed is missing")
        except (ValueError, KeyError, TypeError) as error:
            raise ModelError(
                f"{path}: the run's files are damaged ({error}); begin a new one elsewhere"
            ) from error
        return state
