"""Warm start: the policy imitates the expert before it learns from reward.

The learner drives more and more of the worlds while the expert labels every state it gets into
(DAgger: Ross, Gordon, Bagnell, AISTATS 2011), for the expert's labels cost nothing. Then the
critic is fitted to the returns of what the policy does by then.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3 import PPO
from torch.nn import functional

from roadworthy.planning.action import ACCELERATIONS, ACTION_SIZES, nearest_acceleration
from roadworthy.planning.env import PlannerVecEnv
from roadworthy.planning.expert import expert
from roadworthy.planning.learner import action_logits, state_value
from roadworthy.planning.observation import BLOCKS

_ZERO_OFFSET = ACTION_SIZES[1] // 2
_CROSSING = BLOCKS["crossing"][0]  # 1 where somebody is about to cross
_ANCHOR_SAMPLES = 60_000


@dataclass(frozen=True)
class WarmStartSettings:
    """How much to imitate."""

    rounds: int = 40  # of collecting and learning
    steps: int = 64  # decisions per world and round
    epochs: int = 3  # passes over a round's pool
    batch: int = 4096
    learning_rate: float = 1e-3
    smoothing: float = 0.02  # label smoothing, so that PPO finds something to explore
    pool: int = 400_000  # samples kept
    crossing_weight: float = 3.0  # of states in which somebody crosses: rare, and they matter
    critic_rounds: int = 4


def expert_actions(env: PlannerVecEnv) -> NDArray[np.int64]:
    """What the expert, who sees the truth, would do now in every world: int64 [W, 2]."""
    out = np.empty((env.num_envs, 2), np.int64)
    out[:, 1] = _ZERO_OFFSET
    for rows, scene in env.truths():
        n = len(scene.ego)
        accel, curvature = np.empty(n, np.float32), np.empty(n, np.float32)
        expert(scene, accel, curvature)
        out[rows, 0] = nearest_acceleration(np.maximum(accel, ACCELERATIONS[0]))
    return out


def choose(model: PPO, observation: NDArray[np.float32]) -> NDArray[np.int64]:
    """Most likely actions, int64 [W, 2]."""
    with torch.no_grad():
        logits = action_logits(model, torch.from_numpy(observation))
    split = ACTION_SIZES[0]
    return torch.stack((logits[:, :split].argmax(1), logits[:, split:].argmax(1)), 1).numpy()


def imitate(
    model: PPO,
    env: PlannerVecEnv,
    settings: WarmStartSettings,
    *,
    seed: int,
    deadline: float = float("inf"),
    tell: Callable[[int, int, float, float], None] | None = None,
) -> Anchor:
    """Make the policy imitate the expert.

    Args:
        model: whose policy learns.
        env: worlds to drive in; is reset.
        settings: how much.
        seed: of the order of samples and of who drives where.
        deadline: `time.monotonic()` after which no further round begins.
        tell: called after each round with round, rounds, loss and agreement with the expert.

    Returns:
        What the expert did, to hold on to while learning from reward; it knows the share of the
        last round's states in which the policy and the expert agreed, too.
    """
    rng = np.random.default_rng(seed)
    optimizer = torch.optim.Adam(_actor(model), lr=settings.learning_rate, eps=1e-5)
    observation = env.reset()
    pool = np.empty((settings.pool, observation.shape[1]), np.float32)
    labels = np.empty(settings.pool, np.int64)
    filled, agreement, at = 0, 0.0, 0
    for number in range(settings.rounds):
        if number > 1 and time.monotonic() > deadline:
            break
        # Whole worlds belong to one driver for a round, so that errors add up as in earnest.
        share = 0.0 if number == 0 else 0.4 + 0.55 * number / settings.rounds
        own = rng.random(env.num_envs) < share
        agreed = 0.0
        for _ in range(settings.steps):
            label = expert_actions(env)
            action = label
            if own.any():
                mine = choose(model, observation)
                agreed += float((mine[:, 0] == label[:, 0]).mean())
                action = np.where(own[:, None], mine, label)
            n = len(label)
            where = (at + np.arange(n)) % settings.pool
            pool[where], labels[where] = observation, label[:, 0]
            at, filled = (at + n) % settings.pool, min(filled + n, settings.pool)
            observation = env.advance(action)[0]
        rate = settings.learning_rate * (1.0 - 0.9 * number / max(settings.rounds - 1, 1))
        for group in optimizer.param_groups:
            group["lr"] = rate
        loss = _fit_actor(model, optimizer, pool[:filled], labels[:filled], settings, rng)
        agreement = agreed / settings.steps
        if tell is not None:
            tell(number + 1, settings.rounds, loss, agreement)
    some = rng.permutation(filled)[:_ANCHOR_SAMPLES]
    return Anchor(model, pool[some], labels[some], settings, rng, agreement)


class Anchor:
    """Holds a policy near the expert while it learns from reward, ever more loosely.

    In the place of a penalty on the distance to the imitating policy (FIELD_NOTES 3.3, item 5):
    some steps of imitation between the updates, at a rate that the caller lets fall.
    """

    def __init__(
        self,
        model: PPO,
        pool: NDArray[np.float32],
        labels: NDArray[np.int64],
        settings: WarmStartSettings,
        rng: np.random.Generator,
        agreement: float,
    ) -> None:
        self.agreement = agreement
        self._model, self._pool, self._labels = model, pool, labels
        self._settings, self._rng = settings, rng
        self._optimizer = torch.optim.Adam(_actor(model), lr=0.0, eps=1e-5)

    def pull(self, rate: float, batches: int = 4) -> None:
        """Imitate for some minibatches at a learning rate."""
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        size = batches * self._settings.batch
        some = self._rng.integers(0, len(self._pool), size)
        once = dataclasses.replace(self._settings, epochs=1)
        _fit_actor(
            self._model, self._optimizer, self._pool[some], self._labels[some], once, self._rng
        )


def _actor(model: PPO) -> list[torch.nn.Parameter]:
    policy = model.policy
    return [*policy.mlp_extractor.policy_net.parameters(), *policy.action_net.parameters()]


def _fit_actor(
    model: PPO,
    optimizer: torch.optim.Optimizer,
    pool: NDArray[np.float32],
    labels: NDArray[np.int64],
    settings: WarmStartSettings,
    rng: np.random.Generator,
) -> float:
    """Some passes of cross-entropy over at most 100,000 samples; returns the mean loss."""
    total, count = 0.0, 0
    split = ACTION_SIZES[0]
    straight = torch.full((settings.batch,), _ZERO_OFFSET)
    for _ in range(settings.epochs):
        order = rng.permutation(len(pool))[:100_000]
        for start in range(0, len(order), settings.batch):
            index = order[start : start + settings.batch]
            seen = torch.from_numpy(pool[index])
            logits = action_logits(model, seen)
            each = functional.cross_entropy(
                logits[:, :split],
                torch.from_numpy(labels[index]),
                label_smoothing=settings.smoothing,
                reduction="none",
            )
            weight = 1.0 + (settings.crossing_weight - 1.0) * seen[:, _CROSSING]
            loss = (weight * each).sum() / weight.sum()
            loss = loss + functional.cross_entropy(
                logits[:, split:], straight[: len(index)], label_smoothing=settings.smoothing
            )
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            total, count = total + loss.item(), count + 1
    return total / max(count, 1)


def fit_critic(
    model: PPO,
    env: PlannerVecEnv,
    settings: WarmStartSettings,
    *,
    seed: int,
    deadline: float = float("inf"),
) -> float:
    """Fit the critic to discounted returns of the policy as it is; returns the last loss.

    Returns are bootstrapped with the critic itself where a stretch ends or is cut off, so that a
    few rounds make them consistent.
    """
    rng = np.random.default_rng(seed + 1)
    policy = model.policy
    critic = [*policy.mlp_extractor.value_net.parameters(), *policy.value_net.parameters()]
    optimizer = torch.optim.Adam(critic, lr=settings.learning_rate, eps=1e-5)
    observation, loss = env.observations.copy(), 0.0
    steps, gamma = 2 * settings.steps, model.gamma
    for number in range(settings.critic_rounds):
        if number > 0 and time.monotonic() > deadline:
            break
        seen = np.empty((steps, *observation.shape), np.float32)
        reward = np.empty((steps, env.num_envs), np.float32)
        carry = np.empty((steps, env.num_envs), np.float32)
        for t in range(steps):
            seen[t] = observation
            observation, reward[t], done, infos = env.advance(choose(model, observation))
            carry[t] = ~done
            cut = [w for w in np.flatnonzero(done) if infos[w]["TimeLimit.truncated"]]
            if cut:
                last = np.stack([infos[w]["terminal_observation"] for w in cut])
                reward[t, cut] += gamma * _values(model, last)
        target = np.empty_like(reward)
        ahead = _values(model, observation)
        for t in range(steps - 1, -1, -1):
            ahead = reward[t] + gamma * carry[t] * ahead
            target[t] = ahead
        flat, goal = seen.reshape(-1, seen.shape[-1]), target.reshape(-1)
        for _ in range(2 * settings.epochs):
            order = rng.permutation(len(flat))
            for start in range(0, len(order), settings.batch):
                index = order[start : start + settings.batch]
                value = state_value(model, torch.from_numpy(flat[index]))
                error = functional.mse_loss(value, torch.from_numpy(goal[index]))
                optimizer.zero_grad()
                error.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                loss = error.item()
    return loss


def _values(model: PPO, observation: NDArray[np.float32]) -> NDArray[np.float32]:
    with torch.no_grad():
        return state_value(model, torch.from_numpy(observation)).numpy()
