"""Evaluate: an agent over routes and seeds, into a result file that survives interruptions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from roadworthy.agents.agent import Agent
from roadworthy.agents.evaluation.drive import DriveResult, ask, drive, record_id
from roadworthy.agents.evaluation.events import NONE, events_on, kinds_of
from roadworthy.agents.evaluation.report import Driven, Report, stages_of, write_report
from roadworthy.agents.evaluation.results import GlobalRecord, Record, ResultFile
from roadworthy.agents.registry import fingerprint
from roadworthy.sim.errors import SettingsError
from roadworthy.sim.files import write_whole
from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.road.route import Route
from roadworthy.sim.town import Town
from roadworthy.sim.world.settings import WorldSettings

RESULTS, REPORT = "results.json", "report.html"
LARGEST_SEED = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Task:
    """One route, to be driven once."""

    index: int
    town: str
    route: Route
    repetition: int
    seed: int

    @property
    def record_id(self) -> str:
        """Name in the result file."""
        return record_id(self.route.id, self.repetition)


def make_tasks(routes: Sequence[Route], seeds: int, seed: int = 0) -> list[Task]:
    """List every route with every seed, route by route.

    Raises:
        SettingsError: `seeds` is not positive, a seed is too large, or two routes have one id.
    """
    if seeds < 1:
        raise SettingsError(f"--seeds is {seeds}; it must be at least 1")
    if seed + seeds - 1 > LARGEST_SEED:
        raise SettingsError(f"--seed {seed} with {seeds} --seeds goes beyond {LARGEST_SEED}")
    counts = Counter(route.id for route in routes)
    double = sorted(name for name, count in counts.items() if count > 1)
    if double:
        raise SettingsError(f"route ids must differ within one evaluation; double: {double}")
    return [
        Task(i * seeds + k, route.town, route, k, seed + k)
        for i, route in enumerate(routes)
        for k in range(seeds)
    ]


def sensors_of(agent: Agent) -> list[str]:
    """Name an agent's sensors as the leaderboard's result file does."""
    rig = ask(agent, agent.rig)
    if rig is None:
        return []
    names = ["carla_camera"] * len(rig.cameras) + ["carla_lidar"] * (rig.lidar is not None)
    return [*names, "carla_imu", "carla_gnss", "carla_speedometer"]


def evaluate(
    agent: Agent,
    tasks: Sequence[Task],
    town_of: Callable[[str], Town],
    out: Path,
    *,
    settings: WorldSettings | None = None,
    events: str = NONE,
    on_record: Callable[[Task, Record, DriveResult | None], None] | None = None,
) -> tuple[GlobalRecord, list[Record]]:
    """Drive all tasks that are not in the result file yet.

    Args:
        agent: who drives; one that raises fails that route and goes on with the next, but a
            RoadworthyError of its ends the evaluation.
        tasks: what to drive.
        town_of: loads a town by its name; asked once a town.
        out: folder of `results.json`, written after each route, and of `report.html`.
        settings: of the world.
        events: which happen on the way, see `events_on`; drawn by each task's seed.
        on_record: called for each task; the DriveResult is None where the record was kept from
            an earlier run.

    Returns:
        The sum over all records, and the records.

    Raises:
        EventError: an event that is named has no place on a route.
        InputError: the folder holds results of another agent (which is one with other models,
            too), of another version or of other settings.
        StorageError: the results cannot be written.
    """
    settings = (settings or WorldSettings()).validate()
    kinds_of(events)  # a name that is wrong is told before the first drive
    what: dict[str, Any] = {
        "agent": agent.name,
        **fingerprint(agent),
        "world": "embedded",
        "settings": asdict(settings),
        "events": events,
        "tasks": [[task.record_id, task.seed] for task in tasks],
    }
    file = ResultFile(out / RESULTS, what, len(tasks), sensors_of(agent))
    kept = {record.route_id: record for record in file.records}
    towns: dict[str, Town] = {}
    networks: dict[str, RoadNetwork] = {}  # for the report's maps
    for task in tasks:
        if task.record_id in kept:
            if on_record is not None:
                on_record(task, kept[task.record_id], None)
            continue
        if task.town not in towns:
            towns.clear()  # one town at a time: meshes are large
            towns[task.town] = town_of(task.town)
            networks[task.town] = towns[task.town].network
        town = towns[task.town]
        happening = events_on(events, town.network, task.route, task.seed)
        result = drive(agent, town, task.route, seed=task.seed, settings=settings, events=happening)
        record = result.record(task.index, task.repetition)
        file.add(record)
        if on_record is not None:
            on_record(task, record, result)
    total = file.finish()
    for name in {task.town: None for task in tasks}:
        if name not in networks:  # all its drives were kept
            networks[name] = town_of(name).network
    page = Report(
        title=f"{agent.name}: evaluation",
        parts=[Driven(agent.name, file.records, stages=stages_of(agent))],
        routes=[task.route for task in tasks if task.repetition == 0],
        networks=networks,
        settings=what,
        about=f"{len(tasks)} drives in the embedded world.",
    )
    write_whole(out / REPORT, write_report(page).encode())
    return total, list(file.records)
