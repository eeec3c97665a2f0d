"""`roadworthy serve`: the embedded world for CARLA's clients."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated

import typer

from roadworthy.agents.commands import options
from roadworthy.agents.commands.outcome import guarded, out


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
    town: Annotated[
        str,
        typer.Option("--map", metavar="TOWN|FILE.xodr", help="Where to begin; clients may change."),
    ] = "Rivertown",
    map_dir: options.MapDir = None,
    seed: options.Seed = 0,
    recordings: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Folder of the recordings that clients ask for."),
    ] = Path("out/recordings"),
) -> None:
    """Serve the embedded world to unmodified CARLA 0.9.16 clients, without a GPU."""
    from roadworthy.agents.commands.progress import working

    with working(f"loading {town}"):
        from roadworthy.sim.carla.server.maps import load_map
        from roadworthy.sim.carla.server.server import VERSION, Server

        map_ = load_map(town, map_dir)
    with working("warming up (minutes where the kernels are not compiled yet)"):
        server = Server(
            map_, host=host, port=port, seed=seed, map_dir=map_dir, recordings=recordings
        )

    def stop(*_: object) -> None:
        server.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    out.print(f"serving {map_.town.name} as CARLA {VERSION} at {host}:{server.port}")
    server.run()
    out.print("stopped")
