"""Running tasks into a result file that survives interruptions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from roadworthy.agents.agent import Agent
from roadworthy.agents.evaluation.about import about
from roadworthy.agents.evaluation.compare import Comparison
from roadworthy.agents.evaluation.drive import Drive, OpenWorld, SensorsError
from roadworthy.agents.evaluation.drive_result import (
    BAD_SENSORS,
    SIMULATION_CRASHED,
    DriveResult,
    undriven,
)
from roadworthy.agents.evaluation.gates import Held
from roadworthy.agents.evaluation.messages import About
from roadworthy.agents.evaluation.metrics.sheet import write_metrics
from roadworthy.agents.evaluation.report import Clip, GateLine, stages_of, write_evaluation
from roadworthy.agents.evaluation.results import ResultFile
from roadworthy.agents.evaluation.series import write_series
from roadworthy.agents.evaluation.tasks import Shards, Task
from roadworthy.agents.evaluation.workers import Drivers, Onlooker
from roadworthy.control.timing import StageTimes
from roadworthy.sim.errors import CarlaError, InputError, LostServerError
from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.scenario.told import told
from roadworthy.sim.town import Town
from roadworthy.sim.world.driven import EMBEDDED
from roadworthy.sim.world.world import World

RESULTS = "results.json"


def drive_task(
    agent: Agent,
    town: Town,
    task: Task,
    begun: Callable[[Drive], None] | None = None,
    record: str | Path | None = None,
    open_world: OpenWorld = World.of,
) -> DriveResult:
    """Drive one task.

    Args:
        agent: who drives.
        town: of the task.
        task: what to drive.
        begun: is given the drive before it runs.
        record: folder that gets a recording of the drive; None for none.
        open_world: makes the world; by default the embedded one.

    Returns:
        How it went. What a server refuses in this drive counts as a crash of the simulation.

    Raises:
        LostServerError: the server of the world is gone.
        RoadworthyError: an input is wrong; see `drive`.
        StorageError: the recording cannot be written.
    """
    from roadworthy.agents.recording.recorder import recording_of

    recorders = [] if record is None else [recording_of(record, task.record_id)]
    drive: Drive | None = None
    with ExitStack() as stack:
        try:
            drive = Drive(
                agent,
                town,
                task.scenario,
                seed=task.seed,
                observers=recorders,
                open_world=open_world,
            )
            stack.callback(drive.world.close)
            if begun is not None:
                begun(drive)
            for recorder in recorders:
                stack.enter_context(recorder)
            return drive.run()
        except SensorsError as error:
            return undriven(agent.name, task.scenario, task.seed, BAD_SENSORS, str(error))
        except (LostServerError, InputError):
            raise
        except CarlaError as error:
            if drive is not None:
                return drive.give_up(SIMULATION_CRASHED, str(error))
            return undriven(agent.name, task.scenario, task.seed, SIMULATION_CRASHED, str(error))


class Here:
    """Drives tasks in this process: for agents that exist only here, and for debuggers.

    Nothing watches over them: an agent that hangs hangs the evaluation.
    """

    def __init__(
        self,
        agent: Agent,
        town_of: Callable[[str], Town],
        record: str | None = None,
        open_world: OpenWorld = World.of,
    ) -> None:
        """Prepare.

        Args:
            agent: who drives.
            town_of: loads a town by its name; it is asked once a town.
            record: folder that gets recordings of the drives; None for none.
            open_world: makes their worlds.
        """
        self._agent, self._town_of, self._record = agent, town_of, record
        self._open_world = open_world

    def about(self) -> About:
        """Who drives."""
        return about(self._agent)

    def drive(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, DriveResult]]:
        """Drive all tasks, town by town."""
        shards = Shards(tasks)
        town: Town | None = None
        while True:
            for task in shards.take(None if town is None else town.name, Counter()):
                if town is None or town.name != task.town:
                    town = None  # one at a time: meshes are large
                    town = self._town_of(task.town)
                yield (
                    task,
                    drive_task(
                        self._agent, town, task, record=self._record, open_world=self._open_world
                    ),
                )
            if not len(shards):
                return

    def stages(self) -> list[StageTimes]:
        """Times of the agent's loop so far."""
        return stages_of(self._agent)

    def close(self) -> None:
        """There is nothing to end."""


def what_of(who: About, tasks: Sequence[Task], world: str = EMBEDDED) -> dict[str, Any]:
    """What the result file says was evaluated; results of anything else are not gone on with."""
    return {
        "agent": who.name,
        **who.fingerprint,
        "world": world,
        "tasks": [[task.record_id, task.seed] for task in tasks],
        **told([task.scenario for task in tasks]),
    }


def run_tasks(
    drivers: Drivers,
    tasks: Sequence[Task],
    out: Path,
    *,
    onlooker: Onlooker | None = None,
    world: str = EMBEDDED,
) -> ResultFile:
    """Drive all tasks that are not in the result file yet.

    The file is the same in the end, but for `duration_system`, whoever drives, in whatever order,
    and however often it was interrupted.

    Args:
        drivers: who drives; an agent that fails in a drive ends that drive, but a RoadworthyError
            of its ends the evaluation.
        tasks: what to drive.
        out: folder of `results.json`, written after each drive, and of `metrics.json`.
        onlooker: is told how it goes.
        world: where, as the result file names it; see `worlds.named`.

    Returns:
        The finished file.

    Raises:
        EventError: an event that is named has no place on a route.
        InputError: the folder holds results of another agent (which is one with other models,
            too), of another version or of other settings.
        StorageError: the results cannot be written.
    """
    onlooker = onlooker or Onlooker()
    for task in tasks:  # what is wrong is told before the first drive
        task.scenario.validate()
    who = drivers.about()
    file = ResultFile(out / RESULTS, what_of(who, tasks, world), len(tasks), who.sensors)
    kept = {record.route_id: record for record in file.records}
    for task in tasks:
        if (record := kept.get(task.record_id)) is not None:
            onlooker.recorded(task, record, True)
    for task, result in drivers.drive([task for task in tasks if task.record_id not in kept]):
        record = result.record(task.index, task.repetition)
        if result.series is not None:
            write_series(out, record.route_id, result.series)  # before the record that tells of it
        file.add(record)
        onlooker.recorded(task, record, False)
    file.finish()
    write_metrics(out, file.records)
    return file


def finish(
    out: Path,
    file: ResultFile,
    tasks: Sequence[Task],
    network_of: Callable[[str], RoadNetwork],
    stages: Sequence[StageTimes] = (),
    *,
    held: Sequence[Held] = (),
    baseline: str = "",
    comparison: Comparison | None = None,
    clips: Mapping[str, Sequence[Clip]] | None = None,
) -> None:
    """Write report.html of a finished evaluation.

    Args:
        out: its folder.
        file: its results.
        tasks: that were driven.
        network_of: loads a town's roads.
        stages: times of the agent's loop.
        held: verdicts of gates.
        baseline: name of the run that `comparison` is with.
        comparison: with a baseline.
        clips: videos of drives; see `film_worst`.

    Raises:
        StorageError: it cannot be written.
    """
    first = {task.route.id: task.scenario for task in tasks}
    write_evaluation(
        out,
        file.results,
        list(first.values()),
        {name: network_of(name) for name in {task.town: None for task in tasks}},
        stages=stages,
        gates=[GateLine(one.gate.text, one.holds, f"{one.value:.6g}") for one in held],
        baseline=baseline,
        comparison=comparison,
        clips=clips,
    )
