from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from roadworthy.agents.evaluation.drive import DriveObserver, DriveResult, drive
from roadworthy.agents.evaluation.routes import suite_routes
from roadworthy.agents.expert import ExpertAgent
from roadworthy.agents.recording import Recorder, Recording
from roadworthy.sim.road.towns import load_town
from roadworthy.sim.scenario.event import ScenarioEvent
from roadworthy.sim.scenario.kinds import EventKind
from roadworthy.sim.scenario.scenario import Scenario
from roadworthy.sim.scenario.story import Story, Telling, Verdict
from roadworthy.sim.town import Town
from roadworthy.sim.weather import PRESETS
from roadworthy.sim.world.columns import Actor, Kind
from roadworthy.sim.world.guests import Body, Guests
from roadworthy.sim.world.settings import WorldSettings
from roadworthy.sim.world.world import World

SEED = 7
LIMIT = 12.0  # [s]


class Parade:
    """A guest that comes along the ego's line, tick by tick."""

    name, guests = "parade", 1

    def begin(self, world: World) -> Telling:
        return Parading(world)

    def source(self) -> Mapping[str, str]:
        return {"parade.txt": "one car, 5 m/s"}


class Parading:
    def __init__(self, world: World) -> None:
        self._guests, self.ticks = Guests(world.batch), 0
        row = world.actors[0]
        x, y, yaw = (float(row[c]) for c in (Actor.X, Actor.Y, Actor.YAW))
        self._from = x + 30.0 * np.cos(yaw), y + 30.0 * np.sin(yaw), yaw
        body = Body(Kind.CAR, 4.5, 1.9, 1.5, 1500.0, 3)
        self._actor = self._guests.enter(body, self._from[0], self._from[1], 0.0, yaw)

    def tick(self) -> None:
        self.ticks += 1
        x, y, yaw = self._from
        on = 0.05 * 5.0 * self.ticks
        self._guests.move(self._actor, x + on * np.cos(yaw), y + on * np.sin(yaw), 0.0, yaw, 5.0)

    def ticked(self) -> None:
        pass

    @property
    def over(self) -> str | None:
        return "enough" if self.ticks >= 100 else None

    def verdicts(self) -> list[Verdict]:
        return []


@pytest.fixture(scope="session")
def town() -> Town:
    return load_town("Marlow")


def scenario(story: Story | None = None) -> Scenario:
    """Traffic, an event, and a weather that changes on the way."""
    route = suite_routes("quick")[3]
    return Scenario(
        route,
        WorldSettings(vehicles=12, walkers=5),
        events=(ScenarioEvent(EventKind.HARD_BREAK_ROUTE, 30.0, {"deceleration": 8.0}),),
        weathers=((0.0, PRESETS["ClearNoon"]), (0.5, PRESETS["HardRainNight"])),
        story=story,
    )


def record_expert(
    town: Town, path: Path, story: Story | None = None, *, limit: float = LIMIT
) -> DriveResult:
    with Recorder(path) as recorder:
        return drive(
            ExpertAgent(),
            town,
            scenario(story),
            seed=SEED,
            observers=[recorder],
            time_limit=limit,
        )


@pytest.fixture(scope="session")
def driven(town: Town, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, DriveResult]:
    """A drive of the expert, and its recording; do not write there."""
    path = tmp_path_factory.mktemp("recorded") / "expert.rwr"
    return path, record_expert(town, path)


@pytest.fixture(scope="session")
def recording(driven: tuple[Path, DriveResult]) -> Recording:
    return Recording.read(driven[0])


class Keeping(DriveObserver):
    """Keeps what a recorder should keep, by plain copies."""

    def __init__(self) -> None:
        self.states: list[bytes] = []
        self.frames: list[object] = []
        self.controls: list[object] = []

    def begin(self, world: World, *_: object) -> None:
        self._world = world
        self.states.append(world.actors.tobytes())

    def decided(self, moment: object) -> None:
        self.frames.append(moment.frame)  # type: ignore[attr-defined]
        self.controls.append(moment.control)  # type: ignore[attr-defined]

    def stepped(self, world: World, _: object) -> None:
        self.states.append(world.actors.tobytes())
