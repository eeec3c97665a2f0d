"""`roadworthy collect`: a data set for perception."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from roadworthy.agents.commands import options
from roadworthy.agents.commands.outcome import guarded, out


@guarded
def collect(
    town: Annotated[str, typer.Option(help="Town to drive in; see `roadworthy towns`.")],
    frames: Annotated[int, typer.Option(min=1, help="How many frames.")],
    out_dir: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder of the data set.")],
    map_dir: options.MapDir = None,
    seed: options.Seed = 0,
) -> None:
    """Drive around and write down what the sensors see, with true labels.

    Shards that are there already are kept: run the same command again to go on after an
    interruption.
    """
    from roadworthy.agents.commands.progress import open_town
    from roadworthy.perception.collect import collect as run

    place = open_town(town, map_dir)
    new = run(place, frames, out_dir, seed=seed)
    out.print(f"data: {out_dir} ({new} new frames of {frames})")
