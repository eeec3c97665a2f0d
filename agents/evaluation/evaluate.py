"""Evaluate: an agent over routes and seeds, in this process or in workers; for Python."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from roadworthy.agents.agent import Agent
from roadworthy.agents.evaluation.clips import film_worst
from roadworthy.agents.evaluation.compare import Comparison, compare, load_run
from roadworthy.agents.evaluation.gates import Held, check_gates, parse_gate
from roadworthy.agents.evaluation.junit import junit
from roadworthy.agents.evaluation.messages import Outfit
from roadworthy.agents.evaluation.metrics.registry import estimates
from roadworthy.agents.evaluation.ray_workers import CLIENT, RAY, ray_crew
from roadworthy.agents.evaluation.results import GlobalRecord, Record, Results, summarize
from roadworthy.agents.evaluation.routes import load_scenarios, overridden
from roadworthy.agents.evaluation.run import Here, finish, run_tasks
from roadworthy.agents.evaluation.statistics import Estimate
from roadworthy.agents.evaluation.summary import summary
from roadworthy.agents.evaluation.tasks import make_tasks
from roadworthy.agents.evaluation.workers import LOG, Drivers, Onlooker, local_crew
from roadworthy.agents.evaluation.worlds import checked, named, opener
from roadworthy.agents.registry import make_agent
from roadworthy.sim.errors import SettingsError
from roadworthy.sim.road.towns import load_network_of, load_town
from roadworthy.sim.scenario.scenario import Scenario
from roadworthy.sim.weather import Weather
from roadworthy.sim.world.driven import EMBEDDED

MOST_WORKERS = 1024
STEP_LIMIT = 60.0  # [s] of wall time for one decision
Run = Path | str | Results


@dataclass(frozen=True)
class Evaluation:
    """A finished evaluation.

    Attributes:
        results: as in `results.json`.
        out: the folder; None where nothing was to be kept.
    """

    results: Results
    out: Path | None = None

    @property
    def records(self) -> Sequence[Record]:
        """One for each drive, in the order of the routes and seeds."""
        return self.results.checkpoint.records

    @cached_property
    def total(self) -> GlobalRecord:
        """Means, deviations and infractions a kilometre over all drives."""
        return summarize(self.records)

    @cached_property
    def estimates(self) -> Mapping[str, Estimate]:
        """Means with 95 % intervals, by names of METRICS (docs/metrics.md)."""
        return estimates(self.records)

    @property
    def driving_score(self) -> Estimate:
        """Driving score by the rules of the leaderboard 2.0."""
        return self.estimates["driving_score"]

    @property
    def failures(self) -> Sequence[Record]:
        """Drives in which the agent or the simulation broke down."""
        return [record for record in self.records if record.meta.failure]

    def check(self, *gates: str, baseline: Run | None = None) -> list[Held]:
        """Check gates such as "driving_score>=80"; see `roadworthy.agents.evaluation.gates`.

        Raises:
            InputError: the baseline cannot be read or has no drive in common with this run.
            SettingsError: a gate is not understood.
        """
        parsed = [parse_gate(gate) for gate in gates]
        return check_gates(parsed, self.results, None if baseline is None else run_of(baseline))

    def compare(self, baseline: Run) -> Comparison:
        """Say what has changed against another run, drive by drive.

        Raises:
            InputError: it cannot be read or has no drive in common with this run.
        """
        return compare(run_of(baseline), self.results)

    def junit(self, held: Sequence[Held] = ()) -> bytes:
        """JUnit XML with a case for each gate and each drive."""
        return junit(str(self.results.roadworthy.get("agent", "")), held, self.records)

    def summary(self, held: Sequence[Held] = (), baseline: Run | None = None) -> str:
        """Markdown for a pull request."""
        return summary(self.results, held, None if baseline is None else self.compare(baseline))


def run_of(run: Run) -> Results:
    """Results of a run by its folder, its file, or as they are.

    Raises:
        InputError: there are none, or they cannot be read.
    """
    return run if isinstance(run, Results) else load_run(Path(run))


def evaluate(
    agent: str | Agent = "roadworthy",
    routes: str | Path | Sequence[Scenario] = "quick",
    *,
    seeds: int | None = None,
    seed: int | None = None,
    workers: int | str | None = None,
    out: str | Path | None = None,
    map_dir: str | Path | None = None,
    vehicles: int | None = None,
    walkers: int | None = None,
    weather: Weather | None = None,
    events: str | None = None,
    device: str = "auto",
    step_limit: float = STEP_LIMIT,
    videos: int = 0,
    record: str | Path | None = None,
    onlooker: Onlooker | None = None,
    world: str | Sequence[str] = EMBEDDED,
    wait_for_server: float = 0.0,
) -> Evaluation:
    """Let an agent drive routes, each with several seeds.

    Args:
        agent: a name, a folder or "package.module:Class" (see `make_agent`), or an Agent, which
            then drives in this process.
        routes: a suite, a file, or scenarios.
        seeds: how often each route is driven.
        seed: the first one. Where neither is given a scenario has its own seeds, or 0.
        workers: how many processes drive; "ray" or "ray://HOST:PORT" for a Ray cluster; 0 for this
            process, which no agent that hangs can be stopped in. By default 1, or 0 for an Agent.
        out: folder of results.json and report.html; what is finished there is not driven again.
            By default nothing is kept.
        map_dir: where further TOWN.xodr files lie.
        vehicles: in the traffic, instead of what the scenarios say.
        walkers: around the agent, instead of what the scenarios say.
        weather: for the whole way, instead of what the scenarios say.
        events: that are drawn (see `Scenario.drawn`), instead of what the scenarios say.
        device: where models run.
        step_limit: seconds of wall time that the agent has for one decision; one that takes
            longer ends its drive. Not watched over where `workers` is 0.
        videos: how many of the worst drives are filmed for the report.
        record: folder that gets a recording of each drive, for `roadworthy replay`.
        onlooker: is told how it goes.
        world: "embedded", or `carla://HOST:PORT` of one or several servers; each has one worker.
        wait_for_server: seconds that a server may take to come, at first and when it was lost; 0:
            a lost server ends the evaluation, which the same call goes on with.

    Returns:
        The results, with intervals, gates and comparisons.

    Raises:
        InputError: a name, a file or a setting is wrong, or `out` holds another evaluation.
        LostServerError: a server was lost.
        StorageError: `out` cannot be written.
    """
    worlds = checked(world, wait_for_server)
    known = load_scenarios(str(routes), map_dir) if isinstance(routes, str | Path) else routes
    scenarios = [
        overridden(one, vehicles=vehicles, walkers=walkers, weather=weather, events=events)
        for one in known
    ]
    tasks = make_tasks(scenarios, seeds, seed)
    with tempfile.TemporaryDirectory(prefix="roadworthy-") as scratch:
        folder = Path(scratch if out is None else out)
        kept = None if record is None else str(record)
        outfit = (
            agent
            if not isinstance(agent, str)
            else Outfit(
                agent,
                device,
                None if map_dir is None else str(map_dir),
                step_limit,
                kept,
                worlds[0],
                wait_for_server,
            )
        )
        with drivers_of(outfit, workers, folder, onlooker, len(tasks), kept, worlds) as drivers:
            file = run_tasks(drivers, tasks, folder, onlooker=onlooker, world=named(worlds))
            stages = drivers.stages()
        if out is not None:
            clips = film_worst(
                lambda: make_agent(agent, device=device) if isinstance(agent, str) else agent,
                tasks,
                file.records,
                lambda town: load_town(town, map_dir),
                folder,
                videos if EMBEDDED in worlds else 0,  # drives on servers do not repeat
            )
            finish(
                folder,
                file,
                tasks,
                lambda town: load_network_of(town, map_dir),
                stages,
                clips=clips,
            )
    return Evaluation(file.results, None if out is None else folder)


@contextmanager
def drivers_of(
    agent: Outfit | Agent,
    workers: int | str | None,
    out: Path,
    onlooker: Onlooker | None = None,
    most: int = MOST_WORKERS,
    record: str | None = None,
    worlds: Sequence[str] = (EMBEDDED,),
) -> Iterator[Drivers]:
    """Have somebody who drives, for as long as the context lasts.

    Args:
        agent: an Agent of this process, or what workers need to make theirs.
        workers: see `evaluate`.
        out: folder of the results; the workers' log goes there.
        onlooker: is told of workers that are replaced.
        most: tasks that there are; more workers are not started.
        record: folder of recordings, where an Agent is given; an Outfit has it.
        worlds: where to drive, see `worlds.checked`.

    Raises:
        InputError: the number of workers makes no sense, or the agent cannot be made.
        StorageError: the log cannot be written.
    """
    if not isinstance(agent, Outfit):
        if workers not in (None, 0):
            raise SettingsError(
                f"workers is {workers!r}, but the agent exists in this process alone; give its "
                "name or package.module:Class, which workers can make it of, or workers=0"
            )
        yield Here(agent, load_town, record, opener(worlds[0], anew=True))
        return
    most = min(max(most, 1), MOST_WORKERS)
    servers = () if EMBEDDED in worlds else tuple(worlds)
    # One worker a server: 1, the usual number, is no other wish; 0 drives on a single one.
    fitting = {None, "1", str(len(servers))} | ({"0"} if len(servers) == 1 else set())
    if servers and (None if workers is None else str(workers)) not in fitting:
        raise SettingsError(
            f"--workers {workers}: each server has one worker; give --world once for each of them"
        )
    if isinstance(workers, str) and (workers == RAY or workers.startswith(CLIENT)):
        with ray_crew(workers, agent, most, onlooker) as crew:
            yield crew
        return
    count = worker_count(workers)
    if count == 0:
        driver = make_agent(agent.agent, device=agent.device)
        open_world = opener(agent.world, agent.patience, anew=True)
        yield Here(driver, lambda town: load_town(town, agent.map_dir), agent.record, open_world)
        return
    count = len(servers) or count
    out.mkdir(parents=True, exist_ok=True)
    log = out / LOG
    try:
        with closing(local_crew(agent, min(count, most), log, onlooker, servers)) as crew:
            yield crew
    finally:
        if log.exists() and not log.stat().st_size:
            log.unlink()


def worker_count(workers: int | str | None) -> int:
    """How many workers are meant.

    Raises:
        SettingsError: no number from 0 to MOST_WORKERS.
    """
    if workers is None:
        return 1
    try:
        count = int(workers)
    except ValueError:
        count = -1
    if not 0 <= count <= MOST_WORKERS:
        raise SettingsError(
            f"--workers is {workers!r}; give a number from 0 to {MOST_WORKERS}, ray, or "
            "ray://HOST:PORT"
        )
    return count
