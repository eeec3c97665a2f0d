"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roadworthy.sim.errors import SettingsError

if TYPE_CHECKING:
    from roadworthy.sim.world.settings import WorldSettings

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
World = Annotated[str, typer.Option(metavar="WORLD", help="Where to drive: embedded.")]
Seed = Annotated[
    int,
    typer.Option(
        min=0,
        max=2**63 - 1,  # what the world's keys are made of
        help="Of all random numbers: the same seed, the same drive.",
    ),
]
Vehicles = Annotated[int, typer.Option(help="Vehicles in the traffic around the agent.")]
Walkers = Annotated[int, typer.Option(help="Walkers around the agent.")]
Weather = Annotated[
    str,
    typer.Option(
        metavar="PRESET",
        help="One of CARLA's weathers, such as ClearNoon, HardRainNoon or ClearNight.",
    ),
]
Events = Annotated[
    str,
    typer.Option(
        metavar="none|standard|KIND[,KIND...]",
        help="Scenario events on the way: standard draws them by the seed; kinds are named as in "
        "the CARLA leaderboard (docs/events.md).",
    ),
]
Device = Annotated[
    str,
    typer.Option(
        metavar="auto|cpu|cuda",
        help="Where models run. auto takes CUDA where it works; cuda insists on it.",
    ),
]


def only_embedded(world: str) -> None:
    """Refuse worlds that this version cannot drive in.

    Raises:
        SettingsError: it is another world than the embedded one.
    """
    if world != "embedded":
        raise SettingsError(
            f"--world {world!r}: this version drives in the embedded world only; leave --world out"
        )


def world_settings(vehicles: int, walkers: int, weather: str) -> WorldSettings:
    """Make the world's settings.

    Raises:
        SettingsError: a number makes no world, or there is no such weather.
    """
    from roadworthy.sim.weather import PRESETS
    from roadworthy.sim.world.settings import WorldSettings

    if weather not in PRESETS:
        raise SettingsError(f"--weather {weather!r}: choose one of {', '.join(PRESETS)}")
    return WorldSettings(vehicles=vehicles, walkers=walkers, weather=PRESETS[weather]).validate()
