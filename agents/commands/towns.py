"""`roadworthy towns`: which towns there are, and new ones."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from roadworthy.agents.commands import options
from roadworthy.agents.commands.outcome import guarded, out
from roadworthy.sim.errors import SettingsError

app = typer.Typer(help="List towns, or generate one.", invoke_without_command=True)


@app.callback()
def _default(context: typer.Context, map_dir: options.MapDir = None) -> None:
    if context.invoked_subcommand is None:
        list_towns(map_dir)
    else:
        context.default_map = {"list": {"map_dir": map_dir}}


@app.command("list")
@guarded
def list_towns(map_dir: options.MapDir = None) -> None:
    """List the towns that can be driven in."""
    from rich.table import Table
    from rich.text import Text

    from roadworthy.agents.commands.progress import working
    from roadworthy.sim.errors import MapError
    from roadworthy.sim.road.network import LaneType, SignalKind
    from roadworthy.sim.road.towns import find_map, load_network_of, town_names

    names = list(town_names())
    if map_dir is not None and map_dir.is_dir():
        names += sorted({path.stem for path in map_dir.glob("*.xodr")} - set(names))
    table = Table()
    for name in ("town", "from"):
        table.add_column(name)
    for name in ("lanes [km]", "junctions", "lights", "crosswalks"):
        table.add_column(name, justify="right")
    for name in names:
        path = find_map(name, map_dir)
        try:
            with working(f"loading {name}"):
                network = load_network_of(name, map_dir)
        except MapError as error:
            table.add_row(name, Text(str(error), "red"), "", "", "", "")
            continue
        driving = network.lane_type == LaneType.DRIVING
        table.add_row(
            name,
            "shipped" if path.suffix == ".npz" else str(path),
            f"{float(network.lane_length[driving].sum()) / 1000.0:.1f}",
            str(int(network.lane_junction.max(initial=-1)) + 1),
            str(int((network.signal_kind == SignalKind.LIGHT).sum())),
            str(len(network.crossing_points)),
        )
    out.print(table)


@app.command()
@guarded
def generate(
    seed: options.Seed = 0,
    out_dir: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder to write TOWN.xodr into.")
    ] = Path("out/towns"),
    kind: Annotated[
        str,
        typer.Option(
            metavar="KIND", help="What it is like: grid, irregular, roundabouts, highway or mixed."
        ),
    ] = "grid",
) -> None:
    """Generate a new town as OpenDRIVE; drive in it with --map-dir DIR."""
    from roadworthy.agents.commands.progress import working
    from roadworthy.sim.files import write_whole
    from roadworthy.sim.road.generate import generate_town

    name = f"Town_{seed}" if kind == "grid" else f"{kind.capitalize()}_{seed}"
    with working(f"generating a town from seed {seed}"):
        text = generate_town(seed, name, kind)
    path = out_dir / f"{name}.xodr"
    write_whole(path, text.encode())
    out.print(f"town: {path}")
    out.print(f"drive in it: roadworthy drive --agent expert --town {name} --map-dir {out_dir}")


@app.command()
@guarded
def draw(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TOWN]...", help="Towns to draw; all shipped ones by default."),
    ] = None,
    map_dir: options.MapDir = None,
    file: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="Picture (PNG) to write.")
    ] = Path("out/towns.png"),
) -> None:
    """Draw towns from above, side by side."""
    import cv2

    from roadworthy.agents.commands.progress import working
    from roadworthy.agents.evaluation.files import check_writable
    from roadworthy.sim.files import write_whole
    from roadworthy.sim.road.draw import draw_towns
    from roadworthy.sim.road.towns import load_network_of, town_names

    if file.suffix.lower() != ".png":
        raise SettingsError(f"--out {file}: the picture is a PNG file; name it .png")
    check_writable(file)
    with working("drawing"):
        sheet = draw_towns([load_network_of(name, map_dir) for name in names or town_names()])
        data = cv2.imencode(".png", cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))[1].tobytes()
    write_whole(file, data)
    out.print(f"picture: {file}")
