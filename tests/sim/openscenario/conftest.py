from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from roadworthy.agents.evaluation.drive import DriveObserver, drive
from roadworthy.agents.evaluation.drive_result import DriveResult
from roadworthy.agents.evaluation.tally import Tally
from roadworthy.agents.registry import make_agent
from roadworthy.sim.openscenario import load
from roadworthy.sim.openscenario.play import OscTelling
from roadworthy.sim.road.towns import load_town
from roadworthy.sim.scenario.scenario import Scenario
from roadworthy.sim.town import Town
from roadworthy.sim.world.columns import Event
from roadworthy.sim.world.world import World

from .scripts import HEADER, at, entity
from .told import Told

LIMIT = 250.0  # [s] of the world


@dataclass
class Trace(DriveObserver):
    """What was to be seen after each step of a drive (0.1 s)."""

    times: list[float] = field(default_factory=list)
    seen: list[dict[str, tuple[float, float, float, float]]] = field(default_factory=list)
    weather: list[NDArray[np.float32]] = field(default_factory=list)
    states: list[dict[str, str]] = field(default_factory=list)
    events: list[NDArray[np.int32]] = field(default_factory=list)
    telling: OscTelling | None = None
    world: World | None = None
    result: DriveResult | None = None

    def stepped(self, world: World, tally: Tally) -> None:
        assert isinstance(world.telling, OscTelling)
        self.telling, self.world = world.telling, world
        stage = world.telling.stage
        self.times.append(world.time)
        self.seen.append(
            {
                name: (p.pose.x, p.pose.y, p.pose.yaw, p.speed)
                for name, p in stage.players.items()
                if p.present
            }
        )
        self.weather.append(world.batch.weather[0].copy())
        self.events.append(world.batch.events[0].copy())
        self.states.append(
            {
                name: parts[0].state
                for (kind, name), parts in stage.parts.items()
                if kind == "action"
            }
        )

    def when(self, action: str, state: str) -> int:
        """The first step after which an action was in a state."""
        return next(i for i, states in enumerate(self.states) if states[action] == state)

    def of(self, name: str) -> NDArray[np.float64]:
        """x, y, yaw, speed of an entity after each step; nan where it was not there."""
        gone = (np.nan,) * 4
        return np.array([seen.get(name, gone) for seen in self.seen])

    def gap(self, a: str, b: str) -> NDArray[np.float64]:
        """Distance of two entities after each step [m]."""
        return np.hypot(*(self.of(a) - self.of(b))[:, :2].T)

    def way(self, name: str, first: int, last: int) -> float:
        """How far somebody went between two steps [m]."""
        return float(np.hypot(*np.diff(self.of(name)[first : last + 1, :2], axis=0).T).sum())

    @property
    def collisions(self) -> int:
        kinds = [Event.COLLISION_VEHICLE, Event.COLLISION_WALKER, Event.COLLISION_STATIC]
        return int(np.array(self.events)[:, kinds].sum())

    @property
    def verdicts(self) -> dict[str, bool]:
        assert self.telling is not None
        return {v.name.removeprefix("criteria_"): v.success for v in self.telling.verdicts()}


@cache
def _town(name: str, folder: str | None) -> Town:
    return load_town(name, folder)


@pytest.fixture(scope="session")
def data() -> Path:
    folder = os.environ.get("ROADWORTHY_DATA")
    if not folder or not (Path(folder) / "openscenario").is_dir():
        pytest.skip("set ROADWORTHY_DATA to the folder with openscenario/ and maps/")
    return Path(folder)


@pytest.fixture(scope="session")
def tell() -> Callable[..., Trace]:
    """Drive a scenario of a shipped town, or of `maps`."""

    def drive_it(
        scenario: Scenario, agent: str = "expert", maps: Path | None = None, seed: int = 1
    ) -> Trace:
        trace = Trace()
        town = _town(scenario.town, str(maps) if maps else None)
        trace.result = drive(
            make_agent(agent), town, scenario, seed=seed, observers=[trace], time_limit=LIMIT
        )
        return trace

    return drive_it


@pytest.fixture(scope="session")
def told(data: Path, tell: Callable[..., Trace]) -> Callable[[str], Trace]:
    """Drive one of the sixteen files with the expert; each once in a session."""

    @cache
    def drive_file(name: str) -> Trace:
        scenario = load(data / "openscenario" / f"{name}.xosc", data / "maps")
        return tell(scenario, maps=data / "maps")

    return drive_file


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a scenario of Carriden: hero in a right lane of 300 m, `other` 30 m ahead of it."""

    def write_file(
        events: str = "",
        *,
        init: str = "",
        entities: str = "",
        stop: str = "",
        description: str = "CARLA:ours",
        actors: str = "other",
        parameters: str = "",
        place: str = '<LanePosition roadId="12" laneId="-2" s="10"/>',
        other: str = '<RelativeLanePosition entityRef="hero" dLane="0" ds="30"/>',
        town: str = "Carriden",
    ) -> Path:
        external = '<Property name="type" value="ego_vehicle"/>'
        text = (
            HEADER.format(description=description)
            + f"<ParameterDeclarations>{parameters}</ParameterDeclarations>"
            + f'<CatalogLocations/><RoadNetwork><LogicFile filepath="{town}"/></RoadNetwork>\n'
            + f"<Entities>{entity('hero', properties=external)}{entity('other')}{entities}"
            + "</Entities>\n<Storyboard><Init><Actions>\n"
            + '<Private entityRef="hero"><PrivateAction><TeleportAction><Position>'
            + f"{place}</Position></TeleportAction></PrivateAction>"
            + "<PrivateAction><ControllerAction>"
            + '<AssignControllerAction><Controller name="c"><Properties><Property name="module" '
            + 'value="external_control"/></Properties></Controller></AssignControllerAction>'
            + "</ControllerAction></PrivateAction></Private>\n"
            + '<Private entityRef="other"><PrivateAction><TeleportAction><Position>'
            + f"{other}</Position></TeleportAction></PrivateAction></Private>\n{init}"
            + '</Actions></Init><Story name="s"><Act name="a"><ManeuverGroup name="g" '
            + 'maximumExecutionCount="1"><Actors selectTriggeringEntities="false">'
            + f'<EntityRef entityRef="{actors}"/></Actors><Maneuver name="m">\n{events}'
            + "</Maneuver></ManeuverGroup><StartTrigger>"
            + f"{at(0)}</StartTrigger></Act></Story><StopTrigger>{stop}</StopTrigger>"
            + "</Storyboard></OpenSCENARIO>\n"
        )
        path = tmp_path / "ours.xosc"
        path.write_text(text, "utf-8")
        return path

    return write_file


@pytest.fixture(scope="session")
def carriden() -> Town:
    return _town("Carriden", None)


@pytest.fixture
def stage(write: Callable[..., Path], carriden: Town) -> Callable[..., Told]:
    def make(events: str = "", push: float = 0.0, **rest: str) -> Told:
        return Told(write(events, **rest), carriden, push)

    return make
