"""Head of a recording: everything that a drive was made of, validated as it comes from a file."""

from __future__ import annotations

from enum import IntEnum
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from roadworthy import __version__
from roadworthy.agents.agent import Agent
from roadworthy.agents.evaluation.drive import ask
from roadworthy.agents.evaluation.watchdog import Watched
from roadworthy.agents.recording.container import RecordingError
from roadworthy.agents.registry import fingerprint
from roadworthy.sim.envs import DRIVE_ID
from roadworthy.sim.road.route import Route, RoutePoint
from roadworthy.sim.scenario.event import ScenarioEvent
from roadworthy.sim.scenario.kinds import EventKind
from roadworthy.sim.scenario.scenario import Scenario
from roadworthy.sim.scenario.story import Story
from roadworthy.sim.sensors.specs import SensorRig
from roadworthy.sim.town import Town
from roadworthy.sim.weather import Weather, WeatherColumn
from roadworthy.sim.world.columns import Actor, Ego, Event, Hit, Tuning
from roadworthy.sim.world.driven import DrivenWorld
from roadworthy.sim.world.settings import WorldSettings
from roadworthy.sim.world.snapshot import digest_of
from roadworthy.sim.world.world import World

# Arrays of a state whose last axis has named columns; a recording tells the names.
COLUMNS: dict[str, type[IntEnum]] = {
    "actors": Actor,
    "ego": Ego,
    "events": Event,
    "weather": WeatherColumn,
    "hits": Hit,
    "route": RoutePoint,
}
_MOST_POINTS = 1_000_000  # of a route: 1000 km
_DIGESTS: WeakKeyDictionary[Town, str] = WeakKeyDictionary()


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, allow_inf_nan=False)


class DriverHead(_Part):
    """Who drove."""

    name: str
    privileged: bool  # it drove on the world's true Scene
    far: bool = False  # and that came with an Outlook
    version: str = ""  # of its package
    models: dict[str, str] = Field(default_factory=dict)  # sha256 by file name
    rig: SensorRig | None = None  # its sensors


class EventHead(_Part):
    """A scenario event."""

    kind: EventKind
    s: float
    params: dict[str, float] = Field(default_factory=dict)


class StoryHead(_Part):
    """A story: the texts that it can be made of again."""

    name: str
    guests: int = Field(ge=0, le=1000)
    files: dict[str, str] = Field(default_factory=dict)


class Head(_Part):
    """What a drive was made of.

    `events` are all of the drive, those that its seed drew among them.
    """

    version: str  # of Roadworthy
    environment: str  # version of the world's behaviour
    driver: DriverHead
    seed: int = Field(ge=0, lt=1 << 63)
    town: str
    network: str  # digest of the town's roads and scenery
    route: str  # id
    settings: WorldSettings
    events: list[EventHead] = Field(default_factory=list, max_length=1000)
    drawn: str = "none"  # what was asked to be drawn
    weathers: list[tuple[float, Weather]] = Field(default_factory=list, max_length=10_000)
    missing: list[str] = Field(default_factory=list)
    source: str = ""
    story: StoryHead | None = None
    columns: dict[str, list[str]]
    actors: int = Field(ge=1, le=5000)
    signals: int = Field(ge=0, le=100_000)
    tick: float = Field(gt=0.0, le=1.0)  # [s]
    ticks: int = Field(default=2, ge=1, le=100)  # of one step
    key: int = Field(ge=0, lt=1 << 64)  # of the world's random numbers
    noise: float = Field(default=1.0, ge=0.0, le=100.0)  # Tuning.NOISE
    layout: str = ""  # digest of how a world's state is laid out

    @classmethod
    def of(cls, world: World, scenario: Scenario, agent: Agent, seed: int) -> Head:
        """Describe a drive that is about to begin.

        Raises:
            InputError: the agent cannot say which sensors it wants.
        """
        state, story = world.batch.state, scenario.story
        prints = fingerprint(agent.agent if isinstance(agent, Watched) else agent)
        return cls(
            version=__version__,
            environment=DRIVE_ID,
            driver=DriverHead(
                name=str(agent.name),
                privileged=bool(agent.privileged),
                far=bool(getattr(agent, "far", False)),
                version=prints["version"],
                models=prints["models"],
                rig=ask(agent, agent.rig),
            ),
            seed=seed,
            town=world.town.name,
            network=town_digest(world.town),
            route=scenario.route.id,
            settings=scenario.settings,
            events=[
                EventHead(kind=event.kind, s=event.s, params=dict(event.params))
                for event in world.planned
            ],
            drawn=scenario.drawn,
            weathers=list(scenario.weathers),
            missing=list(scenario.missing),
            source=scenario.source,
            story=None
            if story is None
            else StoryHead(name=story.name, guests=story.guests, files=dict(story.source())),
            columns={name: [c.name for c in kind] for name, kind in COLUMNS.items()},
            actors=state.actors.shape[1],
            signals=state.lights.shape[1],
            tick=world.batch.settings.tick,
            key=int(state.key[0]),
            noise=float(state.tuning[0, Tuning.NOISE]),
            layout=layout_of(world),
        )

    @classmethod
    def read(cls, text: bytes) -> Head:
        """Read what `write` gave; the text may be anything.

        Raises:
            RecordingError: it is no head.
        """
        try:
            return cls.model_validate_json(text)
        except (ValidationError, RecursionError) as error:
            first = str(error).splitlines()[1:3]
            raise RecordingError(
                f"the head of the recording is damaged or of another version "
                f"({' '.join(part.strip() for part in first)})"
            ) from None

    def write(self) -> bytes:
        """Write as JSON."""
        return self.model_dump_json().encode()

    def scenario(self, points: NDArray[np.float32], story: Story | None = None) -> Scenario:
        """Make the scenario again.

        Args:
            points: of the route.
            story: made again from `self.story`.

        Raises:
            EventError: an event does not fit the route.
            SettingsError: settings or weathers are none.
        """
        return Scenario(
            route=Route(self.route, self.town, points),
            settings=self.settings,
            events=tuple(ScenarioEvent(e.kind, e.s, dict(e.params)) for e in self.events),
            weathers=tuple(self.weathers),
            missing=tuple(self.missing),
            story=story,
            source=self.source,
        ).validate()

    def own_columns(self, name: str, array: NDArray[Any]) -> NDArray[Any]:
        """Bring an array's last axis into the order of this version's columns.

        Columns that the recording lacks are 0.

        Raises:
            RecordingError: the array has another number of columns than the head tells.
        """
        theirs, mine = self.columns.get(name, []), [c.name for c in COLUMNS[name]]
        if array.shape[-1] != len(theirs):
            raise RecordingError(f"the recording's {name} do not have the columns that it names")
        if theirs == mine:
            return array
        found = np.zeros((*array.shape[:-1], len(mine)), array.dtype)
        for i, column in enumerate(mine):
            if column in theirs:
                found[..., i] = array[..., theirs.index(column)]
        return found


def layout_of(world: DrivenWorld) -> str:
    """Digest of the names, types and shapes of a world's state, 32 hexadecimal digits."""
    state = world.batch.state._asdict()
    return digest_of([[name, a.dtype.str, a.shape] for name, a in state.items()])


def check_points(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the points of a route [N, RoutePoint] if they are some.

    Raises:
        RecordingError: they are not finite, too few or too many, or do not advance.
    """
    good = 2 <= len(points) <= _MOST_POINTS and bool(np.isfinite(points).all())
    if not good or (np.diff(points[:, RoutePoint.S]) < 0.0).any() or points[-1, RoutePoint.S] <= 0:
        raise RecordingError("the route of the recording is none: its points make no way")
    return points


def town_digest(town: Town) -> str:
    """Digest of a town's roads and scenery, 32 hexadecimal digits; remembered for each town."""
    found = _DIGESTS.get(town)
    if found is None:
        found = _DIGESTS[town] = digest_of(town.network, town.scenery)
    return found
