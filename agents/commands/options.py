"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roadworthy.sim.errors import SettingsError

if TYPE_CHECKING:
    from roadworthy.agents.evaluation.drive import OpenWorld
    from roadworthy.sim.scenario.scenario import Scenario

Agent = Annotated[
    str,
    typer.Option(
        metavar="AGENT",
        help="expert, oracle, roadworthy, brake, random, a folder with an exported agent, or "
        "package.module:Class.",
    ),
]
MapDir = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        envvar="ROADWORTHY_MAPS",
        help="Folder with further TOWN.xodr files.",
    ),
]
World = Annotated[
    str,
    typer.Option(
        metavar="embedded|carla://HOST:PORT",
        help="Where to drive: in the embedded world, or on a CARLA 0.9.16 server (the real one, "
        "or `roadworthy serve`).",
    ),
]
Seed = Annotated[
    int,
    typer.Option(
        min=0,
        max=2**63 - 1,  # what the world's keys are made of
        help="Of all random numbers: the same seed, the same drive.",
    ),
]
OwnSeed = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=2**63 - 1,
        help="Of all random numbers: the same seed, the same drive. Without it, what the scenario "
        "says, or 0.",
    ),
]
# What a file says besides the route stands unless one of these four is given.
Vehicles = Annotated[
    int | None,
    typer.Option(
        help="Vehicles in the traffic around the agent, instead of what the scenario says; it "
        "says 20 where it is silent."
    ),
]
Walkers = Annotated[
    int | None,
    typer.Option(help="Walkers around the agent, likewise; 8 where a scenario is silent."),
]
Weather = Annotated[
    str | None,
    typer.Option(
        metavar="PRESET",
        help="One of CARLA's weathers, such as ClearNoon, HardRainNoon or ClearNight, instead of "
        "those of the scenario; ClearNoon where a scenario is silent.",
    ),
]
Events = Annotated[
    str | None,
    typer.Option(
        metavar="none|standard|KIND[,KIND...]",
        help="Scenario events on the way instead of those of the scenario: standard draws them by "
        "the seed; kinds are named as in the CARLA leaderboard (docs/events.md).",
    ),
]
Device = Annotated[
    str,
    typer.Option(
        metavar="auto|cpu|cuda",
        help="Where models run. auto takes CUDA where it works; cuda insists on it.",
    ),
]


def world_opener(world: str, scenarios: Sequence[Scenario] = ()) -> OpenWorld:
    """What makes the worlds that `--world` asks for.

    Args:
        world: `embedded`, or `carla://HOST:PORT`; a server is connected to at once.
        scenarios: that shall be driven; what a server cannot do of them is told.

    Raises:
        NoServerError: there is no such server.
        SettingsError: it is neither.
    """
    from roadworthy.agents.evaluation.worlds import opener
    from roadworthy.sim.world.driven import EMBEDDED

    if world != EMBEDDED:
        tell_lacking(scenarios)
    return opener(world)


def tell_lacking(scenarios: Sequence[Scenario]) -> None:
    """Print what a server cannot do of scenarios."""
    from roadworthy.agents.commands.outcome import err
    from roadworthy.sim.carla.client.world import lacking

    for missing in sorted({text for scenario in scenarios for text in lacking(scenario)}):
        err.print(f"on a server: {missing}", style="yellow")


def applied(
    scenario: Scenario,
    vehicles: int | None,
    walkers: int | None,
    weather: str | None,
    events: str | None,
) -> Scenario:
    """A scenario with the options that the user gave.

    Raises:
        SettingsError: a number makes no world, or there is no such weather or event.
    """
    from roadworthy.agents.evaluation.routes import overridden
    from roadworthy.sim.weather import PRESETS

    if weather is not None and weather not in PRESETS:
        raise SettingsError(f"--weather {weather!r}: choose one of {', '.join(PRESETS)}")
    return overridden(
        scenario,
        vehicles=vehicles,
        walkers=walkers,
        weather=None if weather is None else PRESETS[weather],
        events=events,
    )
