"""Behaviour changes only with the version of the environment: users compare across releases."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from roadworthy.sim.envs import DRIVE_ID
from roadworthy.sim.world.randomisation import Randomisation

# One line for each version; `python tests/sim/envs/trajectory.py` prints that of the sources as
# they are.
TRAJECTORIES = {
    "roadworthy/Drive-v1": "2295ee9458cb3133",
}


@pytest.fixture(scope="module")
def trajectory() -> ModuleType:
    path = Path(__file__).with_name("trajectory.py")
    spec = importlib.util.spec_from_file_location("trajectory", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_behaviour_changes_only_with_the_version_of_the_environment(
    trajectory: ModuleType,
) -> None:
    found = trajectory.trajectory_digest()
    assert found == TRAJECTORIES[DRIVE_ID], (
        f"the worlds behave otherwise than {DRIVE_ID} did: now {found}. If that is meant, raise "
        "the version in sim/envs/__init__.py (README and tests name it, too), say in CHANGELOG.md "
        "what changed, and add the line that `python tests/sim/envs/trajectory.py` prints to "
        "TRAJECTORIES. If it is not meant, something in sim has changed what worlds do."
    )


def test_a_hundredth_less_throttle_is_another_behaviour(trajectory: ModuleType) -> None:
    weaker = Randomisation(throttle_gain=(0.99, 0.99))
    assert trajectory.trajectory_digest(weaker) != trajectory.trajectory_digest()
