"""What the demo does: train a planner, drive two agents on the same routes, write it all down."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from roadworthy.agents.agent import Agent
from roadworthy.agents.commands import demo_folder
from roadworthy.agents.commands.demo_folder import results_name
from roadworthy.agents.commands.progress import bar
from roadworthy.agents.evaluation.about import sensors_of
from roadworthy.agents.evaluation.drive import (
    DriveObserver,
    DriveResult,
    Filming,
    Moment,
    Watching,
    drive,
)
from roadworthy.agents.evaluation.picture import Image
from roadworthy.agents.evaluation.report import Driven, Report, stages_of, write_report
from roadworthy.agents.evaluation.results import Record, ResultFile
from roadworthy.agents.evaluation.routes import HELD_OUT
from roadworthy.agents.evaluation.video import VideoWriter
from roadworthy.planning.run_files import RunFolder
from roadworthy.planning.train import Courses, Trainer, TrainSettings, preset
from roadworthy.planning.training_run import make_courses
from roadworthy.planning.warm_start import expert_actions
from roadworthy.sim.files import write_whole
from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.road.route import Route
from roadworthy.sim.road.routing import random_routes
from roadworthy.sim.scenario.scenario import Scenario
from roadworthy.sim.town import Town

TRAINED = "just-trained"
_ROUTES_SEED = 20
_PICTURES = 4  # of each agent's first drive


@dataclass(frozen=True, slots=True)
class Extent:
    """How much the demo does."""

    minutes: float = 1.0  # of training
    worlds: int = 64  # that training drives in; half of the preset's, for slow machines
    routes: int = 2
    lengths: tuple[float, float] = (200.0, 320.0)  # [m] of the routes
    time_limit: float = 90.0  # [s] of the world's time, for a drive


@dataclass(slots=True)
class Tour:
    """What one agent did in the demo."""

    agent: Agent
    results: list[DriveResult] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    pictures: list[tuple[str, Image]] = field(default_factory=list)


def demo_routes(network: RoadNetwork, extent: Extent) -> list[Route]:
    """Draw the demo's routes: the same ones every time."""
    low, high = extent.lengths
    drawn = random_routes(network, extent.routes, _ROUTES_SEED, min_length=low, max_length=high)
    return [dataclasses.replace(route, id=f"{HELD_OUT}_{k + 1}") for k, route in enumerate(drawn)]


def train(run: Path, extent: Extent, seed: int) -> list[dict[str, Any]]:
    """Train a planner into a folder.

    Returns:
        The learning curve's rows.

    Raises:
        KeyboardInterrupt: it was stopped.
        StorageError: the folder cannot be written.
    """
    settings = preset(
        "quick",
        minutes=extent.minutes,
        seed=seed,
        worlds=extent.worlds,
        validate_every=1e9,
        save_every=1e9,
    )
    with bar() as progress:
        task = progress.add_task("building the worlds (kernels compile once)", total=None)
        # No drives to look how it goes: they would take a third of the minute. The last model is
        # the one that counts.
        made = make_courses(settings, held_out=None)
        courses = dataclasses.replace(made, validation=[], select=[])
        _warm_up(courses, settings)
        rows: list[dict[str, Any]] = []

        def tell(phase: str, row: dict[str, float]) -> None:
            rows.append({"phase": phase, **row})
            done = {"imitate": "imitating the expert", "critic": "weighing what follows"}
            progress.update(
                task,
                completed=min(trainer.elapsed, 60.0 * extent.minutes),
                description=f"training a planner: {done.get(phase, 'trial and error')}",
            )

        trainer = Trainer(courses, settings, RunFolder(run), tell)
        progress.update(task, total=60.0 * extent.minutes, description="training a planner")
        if trainer.run()["interrupted"]:
            raise KeyboardInterrupt
    return rows


def _warm_up(courses: Courses, settings: TrainSettings) -> None:
    """Have everything compiled, so that the minute is one of learning."""
    with tempfile.TemporaryDirectory() as folder:
        Trainer(courses, settings, RunFolder(folder), lambda _kind, _row: None)
    courses.env.reset()
    courses.env.advance(expert_actions(courses.env))


def tour(
    agent: Agent,
    town: Town,
    routes: list[Route],
    out: Path,
    extent: Extent,
    seed: int,
    video: VideoWriter | None,
) -> Tour:
    """Let an agent drive all routes; its results are written after each.

    Args:
        agent: who drives.
        town: where.
        routes: which.
        out: folder of the result file.
        extent: how long.
        seed: of traffic and noise, the same for each agent.
        video: of the first route.

    Raises:
        StorageError: results or video cannot be written.
    """
    done = Tour(agent)
    what = {"agent": agent.name, "demo": [route.id for route in routes], "seed": seed}
    file = ResultFile(out / results_name(agent.name), what, len(routes), sensors_of(agent))
    with bar() as progress:
        for number, route in enumerate(routes):
            task = progress.add_task(f"{agent.name} on {route.id}", total=100.0)

            def update(moment: Moment, task: Any = task, name: str = route.id) -> None:
                progress.update(
                    task,
                    completed=moment.tally.completion,
                    description=f"{agent.name} on {name}, {moment.frame.time:.0f} s",
                )

            watching: list[DriveObserver] = [Watching(update)]
            if number == 0:
                watching.append(Watching(_photographer(done)))
            if number == 0 and video is not None:
                watching.append(Filming(video))
            result = drive(
                agent,
                town,
                Scenario(route),
                seed=seed,
                observers=watching,
                time_limit=extent.time_limit,
            )
            done.results.append(result)
            file.add(result.record(number, 0))
    file.finish()
    done.records = list(file.records)
    return done


def _photographer(done: Tour) -> Callable[[Moment], None]:
    """Keep a picture now and then along the route."""

    def observe(moment: Moment) -> None:
        taken = len(done.pictures)
        due = 100.0 * (taken + 0.35) / _PICTURES
        if taken < _PICTURES and moment.tally.completion >= due:
            shows = f"{done.agent.name} after {moment.frame.time:.0f} s"
            done.pictures.append((shows, moment.picture()))

    return observe


def write_pages(
    out: Path,
    tours: list[Tour],
    notes: list[str],
    town: Town,
    routes: list[Route],
    curve: list[dict[str, Any]],
    video: Path,
    settings: dict[str, Any],
) -> None:
    """Write report.html and pictures.png.

    Raises:
        StorageError: a file cannot be written.
    """
    pictures = [picture for one in tours for picture in one.pictures]
    write_whole(out / demo_folder.PICTURES, contact_sheet([image for _, image in pictures]))
    first = tours[0]
    page = Report(
        title="Roadworthy demo: two agents on roads they have never seen",
        about=(
            f"Both agents drove the same {len(routes)} routes in {town.name}, a town that is kept "
            "out of all training, with the same traffic, from what camera, lidar, GNSS, IMU and "
            "speedometer tell."
        ),
        parts=[
            Driven(
                one.agent.name,
                one.records,
                note,
                stages_of(one.agent),
                series={
                    record.route_id: result.series
                    for record, result in zip(one.records, one.results, strict=True)
                    if result.series is not None
                },
            )
            for one, note in zip(tours, notes, strict=True)
        ],
        routes=routes,
        networks={town.name: town.network},
        settings=settings,
        curve=curve,
        pictures=pictures,
        video=video.name,
        video_shows=(
            f"{first.agent.name} on route {routes[0].id}: the camera, the town from above as it "
            "is, and what perception makes of it, with the plan as a white line."
        ),
    )
    write_whole(out / demo_folder.REPORT, write_report(page).encode())


def contact_sheet(pictures: list[Image]) -> bytes:
    """Lay pictures side by side, two a row, as PNG."""
    small = [
        cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        for picture in pictures
    ]
    if len(small) % 2:
        small.append(np.zeros_like(small[0]))
    rows = [np.concatenate(small[i : i + 2], 1) for i in range(0, len(small), 2)]
    sheet = np.concatenate(rows) if rows else np.zeros((2, 2, 3), np.uint8)
    return bytes(cv2.imencode(".png", cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))[1].tobytes())
