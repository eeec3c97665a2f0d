"""Behaviour changes only with the version of the environment: users compare across releases."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from roadworthy.sim.envs import DRIVE_ID

# One line for each version that was released; `python tests/sim/envs/trajectory.py` prints the
# line of the sources as they are. Drive-v1 is not released yet: until then its line may change.
TRAJECTORIES = {
    "roadworthy/Drive-v1": "UNSET",
}


def test_behaviour_changes_only_with_the_version_of_the_environment() -> None:
    path = Path(__file__).with_name("trajectory.py")
    spec = importlib.util.spec_from_file_location("trajectory", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = module.trajectory_digest()
    assert found == TRAJECTORIES[DRIVE_ID], (
        f"the worlds behave otherwise than {DRIVE_ID} did: now {found}. If that is meant and "
        f"{DRIVE_ID} is released, raise its version in sim/envs/__init__.py (README and tests name "
        "it, too), say in CHANGELOG.md what changed, and add the line that "
        "`python tests/sim/envs/trajectory.py` prints to TRAJECTORIES. If it is not meant, "
        "something in sim has changed what worlds do."
    )
