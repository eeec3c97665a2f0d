"""Progress of what takes longer than a second, on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from roadworthy.agents.agent import Agent
from roadworthy.agents.commands.outcome import err
from roadworthy.agents.evaluation.drive import (
    DriveObserver,
    DriveResult,
    Filming,
    Moment,
    OpenWorld,
    Watching,
    drive,
)
from roadworthy.agents.evaluation.video import VideoWriter
from roadworthy.agents.recording.recorder import record
from roadworthy.sim.road.towns import load_town
from roadworthy.sim.scenario.scenario import Scenario
from roadworthy.sim.town import Town
from roadworthy.sim.world.world import World


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
        with err.status(escape(f"{what} ...")):
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
    scenario: Scenario,
    *,
    seed: int,
    map_dir: Path | None,
    town: str | None = None,
    video: Path | None = None,
    recording: Path | None = None,
    observers: Sequence[DriveObserver] = (),
    open_world: OpenWorld = World.of,
) -> tuple[DriveResult, Path | None]:
    """Drive one scenario with a bar of its completion; also returns where the video went."""
    place = open_town(town or scenario.town, map_dir)
    writer = VideoWriter(video) if video is not None else None
    recorders = [] if recording is None else [record(recording)]
    with bar() as progress:
        task = progress.add_task("building the world (kernels compile once)", total=100.0)

        def observe(moment: Moment) -> None:
            progress.update(
                task,
                completed=moment.tally.completion,
                description=f"driving, {moment.frame.time:.0f} s",
            )

        filming = [] if writer is None else [Filming(writer)]
        watching = [*filming, *recorders, Watching(observe), *observers]
        try:
            result = drive(
                agent, place, scenario, seed=seed, observers=watching, open_world=open_world
            )
        finally:
            for recorder in recorders:
                recorder.close()
            if writer is not None:
                writer.close()
    return result, writer.path if writer is not None else None
