"""Gymnasium environments on the embedded world, or on a CARLA server.

Importing this module registers `roadworthy/Drive-v1`, so that
`gymnasium.make("roadworthy.sim.envs:roadworthy/Drive-v1")` works without any other import.
Behaviour of an environment changes only with its version number.
"""

from __future__ import annotations

import gymnasium

from roadworthy.sim.envs.drive import DriveEnv
from roadworthy.sim.envs.reward import RewardSettings
from roadworthy.sim.envs.vector import DriveVectorEnv

__all__ = ["DRIVE_ID", "DriveEnv", "DriveVectorEnv", "RewardSettings"]

DRIVE_ID = "roadworthy/Drive-v1"

gymnasium.register(
    id=DRIVE_ID,
    entry_point="roadworthy.sim.envs.drive:DriveEnv",
    vector_entry_point="roadworthy.sim.envs.vector:DriveVectorEnv",
)
