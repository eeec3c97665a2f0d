"""Scenario: the route, the traffic, the weather and the events of one drive."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from roadworthy.sim.errors import SettingsError
from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.road.route import Route
from roadworthy.sim.scenario.event import ScenarioEvent
from roadworthy.sim.scenario.kinds import EventKind
from roadworthy.sim.scenario.place import place_events
from roadworthy.sim.scenario.standard import standard_events
from roadworthy.sim.scenario.story import Story
from roadworthy.sim.weather import Weather
from roadworthy.sim.world.settings import WorldSettings

NONE, STANDARD = "none", "standard"  # of `Scenario.drawn`


@dataclass(frozen=True)
class Scenario:
    """What a drive is made of, besides its seed and its driver.

    Attributes:
        route: from where to where, with the town and the id.
        settings: traffic, lights, limits and the weather at the start.
        events: that happen at set places of the route.
        drawn: events that each drive's seed places besides: NONE, STANDARD, or names of EventKind
            with commas between them.
        weathers: (share of the route [0, 1], weather) rising, between which the weather changes
            as the ego advances; none: that of the settings stays.
        missing: what the source of the scenario asked for and this world lacks, in words; results
            tell it.
        story: what acts on the world tick by tick; None for nothing.
        source: the file or suite that it came from.
        seeds: that its source asks for; none: the user says.
    """

    route: Route
    settings: WorldSettings = field(default_factory=WorldSettings)
    events: tuple[ScenarioEvent, ...] = ()
    drawn: str = NONE
    weathers: tuple[tuple[float, Weather], ...] = ()
    missing: tuple[str, ...] = ()
    story: Story | None = None
    source: str = ""
    seeds: tuple[int, ...] = ()

    @property
    def id(self) -> str:
        """The route's id."""
        return self.route.id

    @property
    def town(self) -> str:
        """The route's town."""
        return self.route.town

    def validate(self) -> Scenario:
        """Return self.

        Raises:
            EventError: an event does not fit the route.
            SettingsError: the settings, the weathers or the names of drawn events are wrong.
        """
        self.settings.validate()
        kinds_of(self.drawn)
        for event in self.events:
            event.validate(self.route.length)
        shares = [share for share, _ in self.weathers]
        if shares != sorted(shares) or not all(0.0 <= share <= 1.0 for share in shares):
            raise SettingsError(
                f"scenario {self.id}: its weathers stand at {shares} of the route; the shares must "
                "rise from 0 to 1"
            )
        for _, weather in self.weathers:
            weather.validate()
        return self

    def fingerprint(self) -> str:
        """Hash of all that makes the drive: equal where two scenarios are the same."""
        events = [(event.kind, event.s, sorted(event.params.items())) for event in self.events]
        said = (self.settings, events, self.drawn, self.weathers, self.route.town)
        digest = hashlib.sha256(repr(said).encode())
        digest.update(self.route.points.tobytes())
        if self.story is not None:
            digest.update(repr(sorted(self.story.source().items())).encode())
        return digest.hexdigest()[:16]

    def world_settings(self) -> WorldSettings:
        """Settings of its world: with slots for the story's guests, and the first weather."""
        settings = self.settings
        if self.story is not None:
            settings = replace(settings, guests=max(settings.guests, self.story.guests))
        if self.weathers:
            settings = replace(settings, weather=self.weathers[0][1])
        return settings

    def happening(self, network: RoadNetwork, seed: int) -> tuple[ScenarioEvent, ...]:
        """All events of a drive with a seed, set ones and drawn ones, by their place.

        Raises:
            EventError: an event that is named has no place on the route.
            SettingsError: there is no such kind.
        """
        if self.drawn == STANDARD:
            drawn = standard_events(network, self.route, seed)
        else:
            drawn = place_events(network, self.route, kinds_of(self.drawn), seed)
        return tuple(sorted((*self.events, *drawn), key=lambda event: event.s))


def kinds_of(wanted: str) -> list[EventKind]:
    """Kinds that are named, with commas between them; none for NONE and STANDARD.

    Raises:
        SettingsError: there is no such kind.
    """
    if wanted in (NONE, STANDARD):
        return []
    names = [name.strip() for name in wanted.split(",")]
    unknown = sorted(set(names) - {kind.value for kind in EventKind})
    if unknown:
        raise SettingsError(
            f"there is no event {', '.join(unknown)}; take {NONE}, {STANDARD}, or some of "
            f"{', '.join(EventKind)}"
        )
    return [EventKind(name) for name in names]


def weather_at(weathers: Sequence[tuple[float, Weather]], share: float) -> Weather:
    """Weather at a share of the route, in between linear as the leaderboard's RouteWeatherBehavior.

    Args:
        weathers: (share [0, 1], weather), at least one, rising.
        share: of the route that is driven [0, 1].
    """
    before = weathers[0]
    for after in weathers:
        if share < after[0]:
            span = after[0] - before[0]
            part = (share - before[0]) / span if span > 0.0 else 0.0
            return before[1].toward(after[1], part)
        before = after
    return before[1]
