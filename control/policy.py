"""The learned planner in the loop: Scene to Plan through an exported policy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from numpy.typing import NDArray

from roadworthy.control.runtime import Contract
from roadworthy.perception.scene import Scene
from roadworthy.planning.decision import DecisionState
from roadworthy.planning.observation import OBSERVATION_SIZE, OBSERVATION_VERSION
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
        self._state = DecisionState(1)

    def start(self) -> None:
        """Forget the drive so far."""
        self._state.reset()

    def plan(self, scene: Scene) -> Plan:
        """Decide on one Scene without a world axis.

        Raises:
            ModelError: the backend is an OnnxModel and cannot be run.
        """
        out = self._backend({"observation": self._state.observe(scene)})
        acceleration = float(out["acceleration"].reshape(-1)[0])
        return self._state.plan(scene, acceleration, float(out["curvature_offset"].reshape(-1)[0]))
