"""Decisions: what turns a Scene into a policy's input, and its output into Plans.

This is all of the planner that is not in the exported graph; it needs NumPy and Numba only.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from roadworthy.perception.scene import EgoCol, Scene
from roadworthy.planning.action import MAX_CURVATURE, base_curvature, limit_rates, plan_of
from roadworthy.planning.guard import most_acceleration
from roadworthy.planning.observation import OBSERVATION_SIZE, encode
from roadworthy.planning.plan import Plan

FloatArray = NDArray[np.float32]


class DecisionState:
    """The actions in force in some worlds, between one decision and the next.

    Call `observe`, feed the observation to a policy, and give its wishes to `decide` or, for one
    world, to `plan`. One call of each per decision (0.1 s).
    """

    def __init__(self, worlds: int = 1) -> None:
        self.last = np.zeros((worlds, 2), np.float32)  # acceleration, curvature offset
        self._observation = np.zeros((worlds, OBSERVATION_SIZE), np.float32)
        self._base = np.zeros(worlds, np.float32)
        self._most = np.zeros(worlds, np.float32)  # [m/s^2] that the guard allows

    def reset(self, mask: NDArray[np.bool_] | None = None) -> None:
        """Forget the actions in force, where `mask` says so."""
        self.last[slice(None) if mask is None else mask] = 0.0

    def observe(self, scene: Scene) -> FloatArray:
        """Encode a Scene, batched or (with one world) not: [W, OBSERVATION_SIZE].

        The same array is returned, overwritten, by every call.
        """
        scene = scene.batched() if scene.ego.ndim == 1 else scene
        encode(scene, self.last, self._observation)
        base_curvature(scene, self._base)
        most_acceleration(scene, self._observation, self._most)
        return self._observation

    def decide(self, accel: FloatArray, offset: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Limit the policy's wishes for the Scene observed last, and hold back at red lights.

        Args:
            accel: [W] wanted acceleration [m/s^2].
            offset: [W] wanted curvature offset [1/m].

        Returns:
            Acceleration [m/s^2] and curvature [1/m], [W] each.
        """
        limit_rates(self.last, accel, offset)
        curvature = np.clip(self._base + self.last[:, 1], -MAX_CURVATURE, MAX_CURVATURE)
        # What is in force, as the policy sees it, stays its own: it was trained without a guard.
        return np.minimum(self.last[:, 0], self._most), curvature

    def plan(self, scene: Scene, accel: float, offset: float) -> Plan:
        """Like `decide`, for one world."""
        a, k = self.decide(np.array([accel], np.float32), np.array([offset], np.float32))
        ego = scene.ego.reshape(-1)
        return plan_of(float(ego[EgoCol.SPEED]), float(a[0]), float(k[0]))
