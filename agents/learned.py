"""Agents that drive with trained models: the policy on true Scenes, and the whole stack."""

from __future__ import annotations

from pathlib import Path

from roadworthy.agents.expert import PrivilegedAgent
from roadworthy.control.policy import PLANNER_CONTRACT, PolicyPlanner
from roadworthy.control.runtime import OnnxModel
from roadworthy.sim.road.route import Route
from roadworthy.sim.town import Town


class OracleAgent(PrivilegedAgent):
    """The learned planner on the true Scene."""

    def __init__(self, planner: OnnxModel, name: str = "oracle") -> None:
        self._policy = PolicyPlanner(planner)
        super().__init__(name, self._policy)

    def start(self, town: Town, route: Route, seed: int) -> None:
        """Begin a drive."""
        super().start(town, route, seed)
        self._policy.start()


def make_oracle(
    planner: Path, *, device: str = "auto", threads: int = 1, name: str = "oracle"
) -> OracleAgent:
    """Load the planner and make the agent.

    Raises:
        ModelError: the model is missing or does not fit this version.
    """
    return OracleAgent(OnnxModel(planner, PLANNER_CONTRACT, device=device, threads=threads), name)
