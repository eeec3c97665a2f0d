"""Training of the planner: imitate the expert, then stable-baselines3's PPO on its own reward."""

from __future__ import annotations

import dataclasses
import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from stable_baselines3 import PPO

from roadworthy.perception.same_run import require_same
from roadworthy.planning.env import PlannerVecEnv, SceneSource, Worlds
from roadworthy.planning.learner import make_learner
from roadworthy.planning.policy import PolicyDriver, load_model
from roadworthy.planning.rollout import evaluate, summary
from roadworthy.planning.run_files import RunFolder
from roadworthy.planning.warm_start import Anchor, WarmStartSettings, fit_critic, imitate
from roadworthy.sim.errors import SettingsError

Tell = Callable[[str, dict[str, float]], None]


@dataclass(frozen=True)
class TrainSettings:
    """How to train; see FIELD_NOTES 3.3 for where the numbers come from."""

    minutes: float | None = 30.0  # of wall-clock time; None for no limit
    steps: int | None = None  # decisions, of all worlds; with these alone a run repeats exactly
    seed: int = 0
    worlds: int = 256
    n_steps: int = 128
    batch_size: int = 8192
    epochs: int = 3
    learning_rate: float = 5e-4  # from scratch; falls to 0 as a cosine
    warm_rate: float = 2e-4  # after the warm start
    clip: float = 0.2
    warm_clip: float = 0.15
    entropy: tuple[float, float] = (0.01, 0.001)  # first, last
    warm_entropy: tuple[float, float] = (0.003, 0.0005)
    gamma: float = 0.995  # per decision: it must be worth to wait out a red light
    keep: float = 1.0  # share of samples that the advantage filter keeps; 0.6 drove worse
    from_scratch: bool = False
    start: str | None = None  # saved learner to begin with, in place of imitation
    warm_share: float = 0.2  # of the time, at most, for imitation
    warm: WarmStartSettings = field(default_factory=WarmStartSettings)
    anchor_rate: float = 1e-4  # learning rate of the pull towards the expert at the beginning
    anchor_share: float = 0.8  # of the time; then the pull is over
    threads: int = 0  # of torch; 0 takes the machine's, at most 4
    save_every: float = 120.0  # [s]
    validate_every: float = 240.0  # [s]

    def validate(self) -> TrainSettings:
        """Return self.

        Raises:
            SettingsError: nothing ends the training, or a number makes none.
        """
        if self.minutes is None and self.steps is None:
            raise SettingsError("give the training an end: minutes, steps or both")
        if self.minutes is not None and not 0.0 < self.minutes < 1e5:
            raise SettingsError(f"minutes is {self.minutes}; it must be above 0")
        if self.steps is not None and self.steps < 1:
            raise SettingsError(f"steps is {self.steps}; it must be above 0")
        if self.worlds < 2 or self.n_steps < 2:
            raise SettingsError("a training needs at least 2 worlds and 2 steps")
        if self.start is not None and self.from_scratch:
            raise SettingsError("begin from scratch or with a learner (start), not both")
        if self.seed < 0:
            raise SettingsError(f"seed is {self.seed}; it must not be negative")
        return self


PRESETS: dict[str, TrainSettings] = {
    "quick": TrainSettings(
        minutes=4.0,
        worlds=128,
        n_steps=64,
        batch_size=4096,
        warm_share=0.5,
        validate_every=60.0,
        warm=WarmStartSettings(rounds=20),
    ),
    "standard": TrainSettings(minutes=35.0),
}


@dataclass(frozen=True)
class Courses:
    """Where to learn, and where to look how it goes."""

    env: PlannerVecEnv
    validation: Sequence[tuple[str, Worlds, SceneSource | None]]  # name, worlds, scenes
    select: Sequence[str]  # the towns learned in; their validations choose the best checkpoint


class Trainer:
    """One training run, from its beginning or from where it was cut off."""

    def __init__(
        self, courses: Courses, settings: TrainSettings, folder: RunFolder, tell: Tell
    ) -> None:
        self.settings = settings.validate()
        self.courses, self.folder, self._tell = courses, folder, tell
        require_same_run(folder, settings, courses.select)
        self._state = folder.read_state()
        threads = settings.threads or min(os.cpu_count() or 1, 4)
        # stable-baselines3 leaves torch's threads alone; too many slow small nets down.
        torch.set_num_threads(threads)
        self._before = float(self._state["elapsed"]) if self._state else 0.0
        self._start = time.monotonic()
        self._saved = self._validated = self._start
        self._best = float(self._state.get("best", -1.0)) if self._state else -1.0
        self._rate = 0.0
        self._anchor: Anchor | None = None
        self.model = self._make_model()

    def _make_model(self) -> PPO:
        s = self.settings
        model = make_learner(
            self.courses.env,
            seed=s.seed,
            n_steps=s.n_steps,
            batch_size=s.batch_size,
            epochs=s.epochs,
            learning_rate=lambda _left: self._rate,
            clip=s.clip if s.from_scratch else s.warm_clip,
            entropy=(s.entropy if s.from_scratch else s.warm_entropy)[0],
            gamma=s.gamma,
            keep=s.keep,
        )
        if self._state:
            old = PPO.load(self.folder.model, device="cpu")
            model.policy.load_state_dict(old.policy.state_dict())
            model.policy.optimizer.load_state_dict(old.policy.optimizer.state_dict())
            model.num_timesteps = old.num_timesteps
        return model

    @property
    def elapsed(self) -> float:
        """Seconds of training so far, those before a cut-off included."""
        return self._before + time.monotonic() - self._start

    @property
    def share(self) -> float:
        """Share of the time or of the steps that is used up, whichever is more."""
        s, used = self.settings, 0.0
        if s.minutes is not None:
            used = self.elapsed / (60.0 * s.minutes)
        if s.steps is not None:
            used = max(used, self.model.num_timesteps / s.steps)
        return min(used, 1.0)

    def run(self) -> dict[str, Any]:
        """Train until the time is over or Ctrl-C; what was learned is saved in either case.

        Returns:
            The last validation, and whether the run was cut off.
        """
        interrupted = False
        try:
            warmed = bool(self._state and self._state.get("warmed"))
            if not warmed and not self.settings.from_scratch:
                self._warm_start()
            self._learn()
        except KeyboardInterrupt:
            interrupted = True
        self._save()
        last = self.validate("end") if not interrupted else {}
        self._save()
        return {"interrupted": interrupted, "steps": self.model.num_timesteps, **last}

    def _warm_start(self) -> None:
        s = self.settings
        minutes = math.inf if s.minutes is None else s.minutes
        end = self._start + s.warm_share * 60.0 * minutes - self._before
        if s.start is not None:
            self._take_over(Path(s.start), end)
            return
        self._anchor = imitate(
            self.model,
            self.courses.env,
            s.warm,
            seed=s.seed,
            deadline=self._start + 0.75 * (end - self._start),
            tell=lambda i, n, loss, same: self._tell(
                "imitate", {"round": i, "of": n, "loss": loss, "agreement": same}
            ),
        )
        loss = fit_critic(self.model, self.courses.env, s.warm, seed=s.seed, deadline=end)
        self._tell("critic", {"loss": loss, "agreement": self._anchor.agreement})
        self._state = {"warmed": True}
        self.validate("imitation")
        self.folder.save_model(self.model, self.folder.path / "imitation.zip")
        self._save()

    def _take_over(self, path: Path, deadline: float) -> None:
        """Begin with the actor of another run; its critic is fitted to what is earned here."""
        old = load_model(path)
        self.model.policy.load_state_dict(old.policy.state_dict())
        self.model.num_timesteps = old.num_timesteps
        self.courses.env.reset()
        loss = fit_critic(
            self.model, self.courses.env, self.settings.warm, seed=self.settings.seed,
            deadline=deadline,
        )  # fmt: skip
        self._tell("critic", {"loss": loss})
        self._state = {"warmed": True}
        self.validate("taking over")
        self._save()

    def _learn(self) -> None:
        s, model, env = self.settings, self.model, self.courses.env
        first, last = s.entropy if s.from_scratch else s.warm_entropy
        rate = s.learning_rate if s.from_scratch else s.warm_rate
        env.history.clear()
        while self.share < 1.0:
            left = 0.5 * (1.0 + math.cos(math.pi * self.share))
            self._rate = rate * left
            model.ent_coef = last + (first - last) * left
            model.n_epochs = s.epochs if self.share < 0.5 else max(s.epochs - 1, 1)
            began = time.monotonic()
            model.learn(s.n_steps * env.num_envs, reset_num_timesteps=False)
            if self._anchor is not None and self.share < s.anchor_share:
                self._anchor.pull(s.anchor_rate * (1.0 - self.share / s.anchor_share))
            row = {
                "steps": float(model.num_timesteps),
                "elapsed": self.elapsed,
                "steps_per_s": s.n_steps * env.num_envs / (time.monotonic() - began),
                **env.statistics(),
            }
            self.folder.record({"phase": "ppo", **row})
            self._tell("ppo", row)
            now = time.monotonic()
            if now - self._validated > s.validate_every:
                self.validate("ppo")
            if now - self._saved > s.save_every:
                self._save()

    def validate(self, phase: str) -> dict[str, float]:
        """Drive the validation courses; keep the checkpoint if it is the best so far."""
        figures: dict[str, float] = {}
        for name, worlds, scenes in self.courses.validation:
            driver = PolicyDriver(self.model, len(worlds.actors))
            result = summary(evaluate(worlds, driver, scenes=scenes, max_time=150.0))
            figures.update({f"{name}_{key}": value for key, value in result.items()})
        self.folder.record(
            {"phase": f"validation after {phase}", "elapsed": self.elapsed, **figures}
        )
        self._tell("validation", figures)
        chosen = [figures[f"{name}_clean"] for name in self.courses.select]
        score = float(np.mean(chosen)) if chosen else 0.0
        if score >= self._best:
            self._best = score
            self.folder.save_model(self.model, self.folder.best)
        self._validated = time.monotonic()
        return figures

    def _save(self) -> None:
        self.folder.save_model(self.model, self.folder.model)
        self.folder.write(
            "state.json",
            {
                "elapsed": self.elapsed,
                "steps": self.model.num_timesteps,
                "warmed": bool(self._state and self._state.get("warmed")),
                "best": self._best,
                "settings": dataclasses.asdict(self.settings),
                "towns": list(self.courses.select),
            },
        )
        self._saved = time.monotonic()


def require_same_run(folder: RunFolder, settings: TrainSettings, towns: Sequence[str]) -> None:
    """Refuse to go on with a run that was begun otherwise. Its length and its preset may differ.

    Raises:
        ModelError: the run's files are damaged.
        SettingsError: seed, towns or imitation are others than those of the run in the folder.
    """
    state = folder.read_state() or {}
    before = {**state.get("settings", {}), "towns": state.get("towns")}
    wanted = {
        "seed": settings.seed,
        "from_scratch": settings.from_scratch,
        "gamma": settings.gamma,
        "start": settings.start,
        "towns": list(towns),
    }
    require_same(folder.path, before, wanted)


def preset(name: str, **changes: Any) -> TrainSettings:
    """Settings of a preset, with changes; None leaves a setting as it is.

    Raises:
        SettingsError: there is no such preset.
    """
    if name not in PRESETS:
        raise SettingsError(f"unknown preset {name!r}; there are {', '.join(PRESETS)}")
    wanted = {key: value for key, value in changes.items() if value is not None}
    return dataclasses.replace(PRESETS[name], **wanted).validate()
