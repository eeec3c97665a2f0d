"""Evaluate: an agent over routes and seeds, into a result file that survives interruptions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from roadworthy.agents.agent import Agent
from roadworthy.agents.evaluation.drive import DriveResult, ask, drive, record_id
from roadworthy.agents.evaluation.report import stages_of, write_evaluation
from roadworthy.agents.evaluation.results import GlobalRecord, Record, ResultFile
from roadworthy.agents.evaluation.series import write_series
from roadworthy.agents.registry import fingerprint
from roadworthy.sim.errors import SettingsError
from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.road.route import Route
from roadworthy.sim.scenario.scenario import Scenario
from roadworthy.sim.scenario.told import told
from roadworthy.sim.town import Town

RESULTS = "results.json"
LARGEST_SEED = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Task:
    """One scenario, to be driven once."""

    index: int
    scenario: Scenario
    repetition: int
    seed: int

    @property
    def town(self) -> str:
        """Where."""
        return self.scenario.town

    @property
    def route(self) -> Route:
        """From where to where."""
        return self.scenario.route

    @property
    def record_id(self) -> str:
        """Name in the result file."""
        return record_id(self.route.id, self.repetition)


def make_tasks(
    scenarios: Sequence[Scenario], seeds: int | None = None, seed: int | None = None
) -> list[Task]:
    """List every scenario with every seed, scenario by scenario.

    Args:
        scenarios: what to drive.
        seeds: how many for each scenario.
        seed: the first one. Where neither is given a scenario has its own seeds, or 0.

    Raises:
        SettingsError: `seeds` is not positive, a seed is too large, or two routes have one id.
    """
    many, first = 1 if seeds is None else seeds, seed or 0
    if many < 1:
        raise SettingsError(f"--seeds is {many}; it must be at least 1")
    if first + many - 1 > LARGEST_SEED:
        raise SettingsError(f"--seed {first} with {many} --seeds goes beyond {LARGEST_SEED}")
    counts = Counter(scenario.id for scenario in scenarios)
    double = sorted(name for name, count in counts.items() if count > 1)
    if double:
        raise SettingsError(f"route ids must differ within one evaluation; double: {double}")
    given = None if seeds is None and seed is None else range(first, first + many)
    wanted = [
        (scenario, k, own)
        for scenario in scenarios
        for k, own in enumerate(given or scenario.seeds or (0,))
    ]
    return [Task(i, scenario, k, own) for i, (scenario, k, own) in enumerate(wanted)]


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
    on_record: Callable[[Task, Record, DriveResult | None], None] | None = None,
) -> tuple[GlobalRecord, list[Record]]:
    """Drive all tasks that are not in the result file yet.

    Args:
        agent: who drives; one that raises fails that route and goes on with the next, but a
            RoadworthyError of its ends the evaluation.
        tasks: what to drive.
        town_of: loads a town by its name; asked once a town.
        out: folder of `results.json`, written after each route, and of `report.html`.
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
    for task in tasks:  # what is wrong is told before the first drive
        task.scenario.validate()
    what: dict[str, Any] = {
        "agent": agent.name,
        **fingerprint(agent),
        "world": "embedded",
        "tasks": [[task.record_id, task.seed] for task in tasks],
        **told([task.scenario for task in tasks]),
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
        result = drive(agent, town, task.scenario, seed=task.seed)
        record = result.record(task.index, task.repetition)
        if result.series is not None:
            write_series(out, record.route_id, result.series)  # before the record that tells of it
        file.add(record)
        if on_record is not None:
            on_record(task, record, result)
    total = file.finish()
    for name in {task.town: None for task in tasks}:
        if name not in networks:  # all its drives were kept
            networks[name] = town_of(name).network
    write_evaluation(
        out,
        file.results,
        [task.scenario for task in tasks if task.repetition == 0],
        networks,
        stages=stages_of(agent),
    )
    return total, list(file.records)
