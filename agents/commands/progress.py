"""Progress of what takes longer than a second, on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from roadworthy.agents.agent import Agent
from roadworthy.agents.commands.outcome import err
from roadworthy.agents.evaluation.drive import DriveResult, Moment, drive
from roadworthy.agents.evaluation.events import events_on
from roadworthy.agents.evaluation.video import VideoWriter
from roadworthy.sim.road.route import Route
from roadworthy.sim.road.towns import load_town
from roadworthy.sim.town import Town
from roadworthy.sim.world.settings import WorldSettings


def bar() -> Progress:
    """Make a progress display: a bar on a terminal, nothing in a log file."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=err,
        transient=True,
        disable=not sys.stderr.isatty(),
    )


@contextmanager
def working(what: str) -> Iterator[None]:
    """Say what is being done: a spinner on a terminal, one line in a log file."""
    if sys.stderr.isatty():
        with err.status(f"{what} ..."):
            yield
    else:
        err.print(f"{what} ...")
        yield


def open_town(name: str, map_dir: Path | None) -> Town:
    """Load a town, saying so.

    Raises:
        MapError: there is no such town, or it cannot be compiled.
    """
    with working(f"loading {name}"):
        return load_town(name, map_dir)


def drive_with_progress(
    agent: Agent,
    route: Route,
    *,
    seed: int,
    settings: WorldSettings,
    events: str,
    map_dir: Path | None,
    town: str | None = None,
    video: Path | None = None,
) -> tuple[DriveResult, Path | None]:
    """Drive one route with a bar of its completion; also returns where the video went."""
    place = open_town(town or route.town, map_dir)
    happening = events_on(events, place.network, route, seed)
    writer = VideoWriter(video) if video is not None else None
    with bar() as progress:
        task = progress.add_task("building the world (kernels compile once)", total=100.0)

        def observe(moment: Moment) -> None:
            progress.update(
                task,
                completed=moment.tally.completion,
                description=f"driving, {moment.frame.time:.0f} s",
            )

        try:
            result = drive(
                agent,
                place,
                route,
                seed=seed,
                settings=settings,
                events=happening,
                video=writer,
                observe=observe,
            )
        finally:
            if writer is not None:
                writer.close()
    return result, writer.path if writer is not None else None
