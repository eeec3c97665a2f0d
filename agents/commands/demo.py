"""`roadworthy demo`: see it learn and drive."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roadworthy.agents.commands import demo_folder, options
from roadworthy.agents.commands.outcome import err, guarded, out
from roadworthy.sim.errors import InputError

if TYPE_CHECKING:
    from roadworthy.agents.commands.demo_steps import Extent, Tour


@guarded
def demo(
    out_dir: Annotated[
        Path,
        typer.Option(
            "--out", metavar="DIR", help="Folder to write into; an earlier demo's is replaced."
        ),
    ] = Path("out/demo"),
    agent: options.Agent = "roadworthy",
    minutes: Annotated[
        float, typer.Option(min=0.05, max=600.0, help="How long the planner is trained.")
    ] = 1.0,
    seed: options.Seed = 3,
    device: options.Device = "auto",
) -> None:
    """Train a planner for a minute, drive it and the shipped agent, and write a report.

    Both drive two routes of a town that none of them saw in training. Writes report.html, a video,
    pictures and result files. Takes less than 5 minutes on 2 cores.
    """
    from roadworthy.agents.commands.demo_steps import Extent

    run_demo(out_dir, agent, Extent(minutes=minutes), seed, device)


def run_demo(out_dir: Path, shipped: str, extent: Extent, seed: int, device: str) -> None:
    """Run all of the demo.

    Raises:
        InputError: the folder holds something else, or there is no such agent.
        StorageError: the folder cannot be written.
        KeyboardInterrupt: it was stopped.
    """
    from roadworthy.agents.commands.demo_steps import (
        TRAINED,
        demo_routes,
        tour,
        train,
        write_pages,
    )
    from roadworthy.agents.commands.export import export_agent
    from roadworthy.agents.commands.progress import open_town, working
    from roadworthy.agents.evaluation.routes import HELD_OUT
    from roadworthy.agents.evaluation.video import VideoWriter
    from roadworthy.agents.registry import make_agent

    began = time.monotonic()
    with working("loading the agent"):
        driver = make_agent(shipped, device=device)
    if driver.name == TRAINED or Path(driver.name).name != driver.name:
        raise InputError(f"agent {driver.name!r}: the demo needs an agent with another name")
    demo_folder.prepare(out_dir, seed, (driver.name, TRAINED))

    _step(1, f"training a planner for {extent.minutes:g} min", began)
    run = out_dir / demo_folder.RUN
    curve = train(run, extent, seed)
    _step(2, "exporting it", began)
    exported = out_dir / demo_folder.AGENT
    export_agent(run, exported)
    trained = make_agent(str(exported), device=device)
    trained.name = TRAINED
    town = open_town(HELD_OUT, None)
    routes = demo_routes(town.network, extent)
    tours = []
    with VideoWriter(out_dir / demo_folder.VIDEO) as video:
        for number, (who, film) in enumerate(((driver, video), (trained, None))):
            _step(3 + number, f"driving {who.name} on {len(routes)} routes of {town.name}", began)
            tours.append(tour(who, town, routes, out_dir, extent, seed, film))
    _step(5, "writing the report", began)
    notes = [
        "Trained at length, as shipped." if shipped == "roadworthy" else f"Chosen with {shipped}.",
        f"Its planner learned for {extent.minutes:g} min in this demo, in other towns; its "
        "perception is the shipped one.",
    ]
    settings = {
        "seed": seed,
        "world": "embedded",
        "town": town.name,
        "planner trained for": f"{extent.minutes:g} min",
        "a drive ends after": f"{extent.time_limit:g} s of the world's time",
    }
    write_pages(out_dir, tours, notes, town, routes, curve, video.path, settings)
    _tell(tours)
    out.print(f"\nlook at (it took {time.monotonic() - began:.0f} s)")
    for path in (out_dir / demo_folder.REPORT, video.path, out_dir / demo_folder.PICTURES):
        out.print(f"  {path}", soft_wrap=True)
    out.print(f"drive on: roadworthy drive --agent {exported} --town {town.name}", soft_wrap=True)


def _step(number: int, what: str, began: float) -> None:
    err.print(f"[{number}/5, {time.monotonic() - began:.0f} s] {what} ...")


def _tell(tours: list[Tour]) -> None:
    """Print the scores."""
    from rich.table import Table

    table = Table(title="leaderboard 2.0 rules")
    for name in ("route", "agent", "status"):
        table.add_column(name, no_wrap=name != "status")
    for name in ("score", "route %", "penalty", "wrong"):
        table.add_column(name, justify="right")
    for drives in zip(*(one.results for one in tours), strict=True):
        for result in drives:
            table.add_row(
                result.route,
                result.agent,
                result.status,
                f"{result.score.composed:.1f}",
                f"{result.score.route:.1f}",
                f"{result.score.penalty:.3f}",
                str(len(result.incidents)),
            )
        table.add_section()
    out.print(table)
