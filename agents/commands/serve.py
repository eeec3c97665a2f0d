"""`roadworthy serve`: the embedded world for CARLA's clients."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated

import typer

from roadworthy.agents.commands import options
from roadworthy.agents.commands.drive import scenario_of, tell_missing
from roadworthy.agents.commands.outcome import err, guarded, out
from roadworthy.sim.errors import SettingsError


@guarded
def serve(
    host: Annotated[
        str, typer.Option(metavar="HOST", help="Address to listen at; 0.0.0.0 for all.")
    ] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option(
            min=0, max=65534, help="CARLA's port; streams take the next one. 0: any free one."
        ),
    ] = 2000,
    map_: Annotated[
        str | None,
        typer.Option(
            "--map",
            metavar="TOWN|FILE.xodr",
            help="Where to begin; clients may change. Rivertown by default.",
        ),
    ] = None,
    scenario: Annotated[
        str | None,
        typer.Option(
            metavar="FILE[#ID]|SUITE#ID",
            help="Play a scenario as `roadworthy drive --scenario` does: clients drive the vehicle "
            "with role_name hero.",
        ),
    ] = None,
    route: Annotated[
        str | None,
        typer.Option(metavar="FILE[#ID]", help="Play one route of a route file, as `drive` does."),
    ] = None,
    town: Annotated[
        str | None, typer.Option(help="Play a route drawn in a town, as `drive` does.")
    ] = None,
    map_dir: options.MapDir = None,
    seed: options.OwnSeed = None,
    recordings: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Folder of the recordings that clients ask for."),
    ] = Path("out/recordings"),
    vehicles: options.Vehicles = None,
    walkers: options.Walkers = None,
    weather: options.Weather = None,
    events: options.Events = None,
) -> None:
    """Serve the embedded world to unmodified CARLA 0.9.16 clients, without a GPU.

    The town is empty, as CARLA's is, unless --scenario, --route or --town tells what shall be
    played in it; --vehicles, --walkers, --weather and --events replace what that says.
    """
    from roadworthy.agents.commands.progress import working

    if sum(given is not None for given in (map_, scenario, route, town)) > 1:
        raise SettingsError("give one of --map, --scenario, --route and --town")
    with working("loading the town"):
        from roadworthy.sim.carla.server.maps import load_map
        from roadworthy.sim.carla.server.server import VERSION, Server
        from roadworthy.sim.carla.server.staged import Stage

        stage = None
        if scenario or route or town:
            chosen = scenario_of(scenario or route, town, seed, map_dir)
            chosen = options.applied(chosen, vehicles, walkers, weather, events)
            tell_missing([chosen])
            stage = Stage(chosen, seed if seed is not None else (*chosen.seeds, 0)[0])
            map_ = chosen.town
        loaded = load_map(map_ or "Rivertown", map_dir)
    with working("warming up (minutes where the kernels are not compiled yet)"):
        server = Server(
            loaded, host=host, port=port, seed=seed or 0, map_dir=map_dir, recordings=recordings,
            stage=stage,
        )  # fmt: skip

    def stop(*_: object) -> None:
        server.interrupt()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if stage is not None:
        err.print(f"scenario {stage.scenario.id} with seed {stage.seed} begins when the hero gets "
                  "its first control")  # fmt: skip
    out.print(f"serving {loaded.town.name} as CARLA {VERSION} at {host}:{server.port}")
    server.run()
    out.print("stopped")
