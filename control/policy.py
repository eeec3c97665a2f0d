"""The learned planner in the loop: Scene to Plan through an exported policy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roadworthy.control.runtime import Contract
from roadworthy.perception.scene import EgoCol, Scene
from roadworthy.planning.action import MAX_CURVATURE, base_curvature, limit_rates, plan_of
from roadworthy.planning.observation import OBSERVATION_SIZE, OBSERVATION_VERSION, encode
from roadworthy.planning.plan import Plan

Backend = Callable[[Mapping[str, NDArray[Any]]], Mapping[str, NDArray[Any]]]

PLANNER_CONTRACT = Contract(
    inputs={"observation": (None, OBSERVATION_SIZE)},
    outputs=("acceleration", "curvature_offset"),
    metadata={"observation_version": str(OBSERVATION_VERSION)},
)


class PolicyPlanner:
    """Plans for one ego with a policy; remembers the action in force, as in training."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._last = np.zeros((1, 2), np.float32)
        self._observation = np.zeros((1, OBSERVATION_SIZE), np.float32)
        self._base = np.zeros(1, np.float32)

    def start(self) -> None:
        """Forget the drive so far."""
        self._last[:] = 0.0

    def plan(self, scene: Scene) -> Plan:
        """Decide on one Scene without a world axis.

        Raises:
            ModelError: the backend is an OnnxModel and cannot be run.
        """
        batch = scene.batched()
        encode(batch, self._last, self._observation)
        out = self._backend({"observation": self._observation})
        limit_rates(
            self._last,
            np.asarray(out["acceleration"], np.float32).reshape(1),
            np.asarray(out["curvature_offset"], np.float32).reshape(1),
        )
        base_curvature(batch, self._base)
        curvature = float(self._base[0] + self._last[0, 1])
        curvature = min(max(curvature, -MAX_CURVATURE), MAX_CURVATURE)
        return plan_of(float(scene.ego[EgoCol.SPEED]), float(self._last[0, 0]), curvature)
