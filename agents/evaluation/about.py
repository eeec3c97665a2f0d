"""What the result file tells of an agent besides how it drove."""

from __future__ import annotations

from roadworthy.agents.agent import Agent
from roadworthy.agents.evaluation.drive import ask
from roadworthy.agents.evaluation.messages import About
from roadworthy.agents.registry import fingerprint


def sensors_of(agent: Agent) -> list[str]:
    """Name an agent's sensors as the leaderboard's result file does.

    Raises:
        InputError: the agent cannot say which it wants.
    """
    rig = ask(agent, agent.rig)
    if rig is None:
        return []
    names = ["carla_camera"] * len(rig.cameras) + ["carla_lidar"] * (rig.lidar is not None)
    return [*names, "carla_imu", "carla_gnss", "carla_speedometer"]


def about(agent: Agent) -> About:
    """Tell who drives.

    Raises:
        InputError: the agent cannot say which sensors it wants.
        ModelError: a model's file is gone.
    """
    name = agent.name.encode("utf-8", "replace").decode()  # see Tally.fail
    return About(name, fingerprint(agent), sensors_of(agent))
