"""Many drives at once are what each of them would be alone."""

from __future__ import annotations

import numpy as np
import pytest

from roadworthy.agents.evaluation.batched import BatchMoment, drive_together
from roadworthy.agents.evaluation.routes import suite_routes
from roadworthy.planning.expert import ExpertDriver
from roadworthy.sim.road.route import Route
from roadworthy.sim.road.towns import load_town
from roadworthy.sim.town import Town
from roadworthy.sim.world.settings import WorldSettings

SETTINGS = WorldSettings(vehicles=10, walkers=4, blocked_time=5.0)


@pytest.fixture(scope="module")
def town() -> Town:
    return load_town("Marlow")


@pytest.fixture(scope="module")
def routes() -> list[Route]:
    return suite_routes("quick")[:3]


class Idle:
    """Stands still."""

    far = False

    def begin(self, worlds: int) -> None:
        self.out = np.zeros(worlds, np.float32)

    def act(self, scene):
        return self.out, self.out


def test_who_stands_is_blocked_everywhere(town: Town, routes: list[Route]) -> None:
    results = drive_together("idle", Idle(), town, routes, settings=SETTINGS)
    assert [r.status for r in results] == ["Failed - Agent got blocked"] * 3
    assert all(r.score.route < 5.0 for r in results)
    assert all(r.duration_game == pytest.approx(5.0, abs=0.3) for r in results)


def test_a_drive_is_the_same_whatever_runs_beside_it(town: Town, routes: list[Route]) -> None:
    settings = WorldSettings(vehicles=10, walkers=4)
    ends: list[int] = []

    def watch(moment: BatchMoment) -> None:
        ends.append(int(moment.driving.sum()))

    both = drive_together(
        "expert", ExpertDriver(), town, routes[:2], settings=settings, watch=watch
    )
    alone = drive_together("expert", ExpertDriver(), town, routes[:1], settings=settings)
    assert both[0].trajectory == alone[0].trajectory
    assert both[0].trajectory != both[1].trajectory
    assert ends[0] == 2
    assert ends[-1] == 0
