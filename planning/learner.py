"""The learner: stable-baselines3's PPO with an advantage filter and a pull towards the teacher.

The filter (GIGAFLOW, arXiv 2502.03349) leaves out samples whose advantage is close to none: most
of driving is uneventful, and the updates, not the worlds, take the time.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.type_aliases import RolloutBufferSamples
from stable_baselines3.common.vec_env import VecEnv
from torch import nn

NET = (160, 160)


class FilteredRolloutBuffer(RolloutBuffer):
    """A rollout buffer that hands out the samples with the largest advantages only."""

    keep = 1.0  # share that is learned from; 1 keeps everything
    explore = 0.25  # share of the kept that is drawn from all others, for the critic's sake

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._rng = np.random.default_rng(0)

    def get(self, batch_size: int | None = None) -> Generator[RolloutBufferSamples, None, None]:
        """Yield minibatches of the kept samples in random order, all of `batch_size`."""
        total = self.buffer_size * self.n_envs
        if not self.generator_ready:
            for name in (
                "observations",
                "actions",
                "values",
                "log_probs",
                "advantages",
                "returns",
            ):
                self.__dict__[name] = self.swap_and_flatten(self.__dict__[name])
            self.generator_ready = True
        size = min(batch_size or total, total)
        kept = max(int(self.keep * total) // size, 1) * size
        order = np.arange(total)
        if kept < total:
            first = int((1.0 - self.explore) * kept)
            order = np.argpartition(-np.abs(self.advantages[:, 0]), first)
            rest = self._rng.permutation(order[first:])
            order = np.concatenate((order[:first], rest[: kept - first]))
        order = self._rng.permutation(order)
        for start in range(0, len(order), size):
            yield self._get_samples(order[start : start + size])


def make_learner(
    env: VecEnv,
    *,
    seed: int,
    n_steps: int = 128,
    batch_size: int = 8192,
    epochs: int = 3,
    learning_rate: Any = 5e-4,
    clip: float = 0.2,
    entropy: float = 0.01,
    gamma: float = 0.995,
    keep: float = 1.0,
    device: str = "cpu",
) -> PPO:
    """Make the PPO learner with the settings of FIELD_NOTES 3.3.

    Args:
        env: worlds to learn in.
        seed: of the initial weights and of the actions drawn.
        n_steps: decisions per world between updates.
        batch_size: of the minibatches.
        epochs: passes over what was collected.
        learning_rate: number, or function of the share of training that is left.
        clip: PPO's ratio clip.
        entropy: weight of the entropy.
        gamma: discount per decision.
        keep: share of the samples that the advantage filter keeps.
        device: of torch.
    """
    total = n_steps * env.num_envs
    model = PPO(
        "MlpPolicy",
        env,
        seed=seed,
        n_steps=n_steps,
        batch_size=min(batch_size, total),
        n_epochs=epochs,
        learning_rate=learning_rate,
        gamma=gamma,
        gae_lambda=0.95,
        clip_range=clip,
        ent_coef=entropy,
        vf_coef=0.5,
        max_grad_norm=0.5,
        target_kl=0.03,
        rollout_buffer_class=FilteredRolloutBuffer,
        policy_kwargs={
            "net_arch": {"pi": list(NET), "vf": list(NET)},
            "activation_fn": nn.Tanh,
            "ortho_init": True,
            "optimizer_kwargs": {"eps": 1e-5},
        },
        device=device,
    )
    set_keep(model, keep)
    return model


def set_keep(model: PPO, keep: float) -> None:
    """Set the share of samples that the advantage filter keeps."""
    buffer = model.rollout_buffer
    if isinstance(buffer, FilteredRolloutBuffer):
        buffer.keep = keep


def action_logits(model: PPO, observation: torch.Tensor) -> torch.Tensor:
    """Logits of both heads, [B, 7 + 9], one after the other."""
    logits: torch.Tensor = model.policy.action_net(
        model.policy.mlp_extractor.forward_actor(observation)
    )
    return logits


def state_value(model: PPO, observation: torch.Tensor) -> torch.Tensor:
    """The critic's value, [B]."""
    value: torch.Tensor = model.policy.value_net(
        model.policy.mlp_extractor.forward_critic(observation)
    )
    return value.squeeze(-1)
