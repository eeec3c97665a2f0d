"""`roadworthy bench`: how fast this machine runs what matters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roadworthy.agents.commands import options
from roadworthy.agents.commands.outcome import err, guarded, out

if TYPE_CHECKING:
    from roadworthy.agents.benchmarks import Figure


@guarded
def bench(
    which: Annotated[
        str,
        typer.Argument(
            metavar="[world|camera|lidar|train|loop|evaluate|wire|all]", help="What to measure."
        ),
    ] = "all",
    json_file: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", help="Write the figures as one flat object."),
    ] = None,
    out_dir: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Write bench.json, the same, into this folder."),
    ] = None,
    sheet: Annotated[
        Path | None,
        typer.Option(
            "--sheet",
            metavar="FILE",
            help="Draw one street in ten weathers by four sensors into this .png or .jpg file, "
            "instead of measuring.",
        ),
    ] = None,
    seed: options.Seed = 0,
) -> None:
    """Measure speed: worlds, sensors, training, and the loop from Frame to Control.

    Close other programs first: a busy machine halves the figures. Takes about two minutes.
    """
    from roadworthy.agents.evaluation.files import check_writable
    from roadworthy.sim.files import write_whole

    if sheet is not None:
        from roadworthy.sim.sensors.sheet import check_name, write_sheet

        check_name(sheet)
        check_writable(sheet)
        write_sheet(sheet)
        out.print(f"sheet: {sheet}")
        return
    from roadworthy.agents.benchmarks import run

    files = [json_file, None if out_dir is None else out_dir / "bench.json"]
    for path in files:
        if path is not None:
            check_writable(path)
    figures = run(which, lambda text: err.print(text, style="dim"), seed)
    _show(figures)
    flat = {figure.key: round(figure.value, 4) for figure in figures}
    for path in files:
        if path is not None:
            write_whole(path, json.dumps(flat, indent=1).encode() + b"\n")
            out.print(f"figures: {path}")


def _show(figures: list[Figure]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table()
    table.add_column("figure")
    for name in ("measured", "target", "of the target"):
        table.add_column(name, justify="right")
    for figure in figures:
        target, share = "", Text()
        if figure.target is not None and figure.share is not None:
            target = f"{'≥' if figure.least else '≤'} {figure.target:,.0f}"
            colour = "green" if figure.share >= 1.0 else "yellow"
            share = Text(f"{figure.share:.2f} x", colour)
        value = f"{figure.value:,.0f}" if figure.value >= 100 else f"{figure.value:.2f}"
        table.add_row(figure.text, value, target, share)
    out.print(table)
