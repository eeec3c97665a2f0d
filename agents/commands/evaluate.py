"""`roadworthy evaluate`: one agent over routes and seeds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roadworthy.agents.commands import options
from roadworthy.agents.commands.drive import tell_missing
from roadworthy.agents.commands.outcome import FAILED, complain, guarded, out
from roadworthy.sim.errors import SettingsError

if TYPE_CHECKING:
    from roadworthy.agents.evaluation.compare import Comparison
    from roadworthy.agents.evaluation.gates import Held
    from roadworthy.agents.evaluation.results import GlobalRecord, Record

_FAILURES = 10  # that are printed
_ALWAYS = ("driving_score", "route_completion", "success")  # compared whatever they show


@guarded
def evaluate(
    agent: options.Agent = "roadworthy",
    routes: Annotated[
        str,
        typer.Option(
            metavar="FILE|SUITE",
            help="Scenario file (.yaml), route file of the leaderboard (.xml), one scenario of "
            "such a file (FILE#ID), or a suite: see `roadworthy suites`.",
        ),
    ] = "quick",
    map_dir: options.MapDir = None,
    world: Annotated[
        list[str],
        typer.Option(
            metavar="embedded|carla://HOST:PORT",
            help="Where to drive: in the embedded world, or on a CARLA 0.9.16 server (the real "
            "one, or `roadworthy serve`). Give it once for each server to drive on several.",
        ),
    ] = ["embedded"],  # noqa: B006
    wait_for_server: Annotated[
        float,
        typer.Option(
            min=0.0,
            metavar="SECONDS",
            help="How long a server may take to come, at first and whenever it was lost; 0: a "
            "lost server ends the run, and the same command goes on.",
        ),
    ] = 0.0,
    seeds: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=10_000,
            help="How often to drive each route, each with its own seed. Without it and --seed: "
            "with the seeds that the scenario names, or once.",
        ),
    ] = None,
    seed: options.OwnSeed = None,
    gate: Annotated[
        list[str] | None,
        typer.Option(
            metavar="EXPR",
            help='Fail (exit code 1) unless this holds, such as "driving_score>=80", '
            '"collisions_pedestrian==0" or "driving_score>=baseline-2" (docs/evaluate.md). May be '
            "given more than once.",
        ),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="An earlier run on the same routes and seeds to compare with."
        ),
    ] = None,
    junit: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write JUnit XML: a case for each gate and each drive."),
    ] = None,
    summary: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the verdict as Markdown, for a pull request."),
    ] = None,
    workers: Annotated[
        str,
        typer.Option(
            metavar="N|ray|ray://HOST:PORT",
            help="How many processes drive, or a Ray cluster that does; 0: this process, where "
            "nobody ends an agent that hangs. Results are the same.",
        ),
    ] = "1",
    step_limit: Annotated[
        float,
        typer.Option(
            min=0.001,
            max=86_400.0,
            metavar="SECONDS",
            help="Wall time for one decision; an agent that takes longer ends its drive.",
        ),
    ] = 60.0,
    out_dir: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder of results.json and report.html.")
    ] = Path("out/evaluation"),
    videos: Annotated[
        int,
        typer.Option(
            min=0,
            max=1000,
            help="How many of the worst drives are filmed for the report: the seconds around what "
            "went wrong, driven again; in the embedded world only.",
        ),
    ] = 3,
    record: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Record each drive into this folder, for `roadworthy replay`."
        ),
    ] = None,
    vehicles: options.Vehicles = None,
    walkers: options.Walkers = None,
    weather: options.Weather = None,
    events: options.Events = None,
    device: options.Device = "auto",
) -> None:
    """Score an agent by the CARLA leaderboard's rules over routes and seeds.

    Results are written after every route; run the same command again to go on after an
    interruption. The exit code is 1 where a gate does not hold or the agent broke down.
    """
    from roadworthy.agents.commands.evaluation_progress import filmed, shown
    from roadworthy.agents.commands.progress import working
    from roadworthy.agents.evaluation.compare import check_pairs, load_run
    from roadworthy.agents.evaluation.evaluate import Evaluation, drivers_of
    from roadworthy.agents.evaluation.files import check_writable
    from roadworthy.agents.evaluation.gates import parse_gate
    from roadworthy.agents.evaluation.messages import Outfit
    from roadworthy.agents.evaluation.report.evaluation import REPORT
    from roadworthy.agents.evaluation.routes import load_scenarios
    from roadworthy.agents.evaluation.run import RESULTS, finish, run_tasks
    from roadworthy.agents.evaluation.tasks import make_tasks
    from roadworthy.agents.evaluation.worlds import checked, named
    from roadworthy.sim.files import write_whole
    from roadworthy.sim.road.towns import load_network_of
    from roadworthy.sim.world.driven import EMBEDDED

    worlds = checked(world, wait_for_server)
    gates = [parse_gate(text) for text in gate or []]
    for one in gates:
        if one.needs_baseline and baseline is None:
            raise SettingsError(f"--gate {one.text!r} needs a --baseline")
    before = None if baseline is None else load_run(baseline)
    for path in (junit, summary):
        if path is not None:
            check_writable(path)
    with working("planning the routes"):
        scenarios = [
            options.applied(scenario, vehicles, walkers, weather, events)
            for scenario in load_scenarios(routes, map_dir)
        ]
        tasks = make_tasks(scenarios, seeds, seed)
    if before is not None:
        check_pairs(before, tasks)  # hours before they are needed
    tell_missing(scenarios)
    if EMBEDDED not in worlds:
        options.tell_lacking(scenarios)
        videos = 0  # a drive on a server is not repeated to the bit
    maps = None if map_dir is None else str(map_dir)
    kept = None if record is None else str(record)
    outfit = Outfit(agent, device, maps, step_limit, kept, worlds[0], wait_for_server)
    with (
        shown(tasks) as onlooker,
        drivers_of(outfit, workers, out_dir, onlooker, len(tasks), worlds=worlds) as drivers,
    ):
        file = run_tasks(drivers, tasks, out_dir, onlooker=onlooker, world=named(worlds))
        stages = drivers.stages()
    done = Evaluation(file.results, out_dir)
    clips = filmed(outfit, tasks, done.records, out_dir, videos)
    held = done.check(*(one.text for one in gates), baseline=before)
    finish(
        out_dir,
        file,
        tasks,
        lambda town: load_network_of(town, map_dir),
        stages,
        held=held,
        baseline="" if baseline is None else baseline.name,
        comparison=None if before is None else done.compare(before),
        clips=clips,
    )
    if junit is not None:
        write_whole(junit, done.junit(held))
    if summary is not None:
        write_whole(summary, done.summary(held, before).encode())
    tell(done.total, done.records)
    if before is not None:
        tell_comparison(done.compare(before))
    out.print(f"results: {out_dir / RESULTS}")
    out.print(f"report: {out_dir / REPORT}")
    if record is not None:
        out.print(f"recordings: {record}")
    good = tell_gates(held)
    tell_failures(done.failures, len(done.records))
    if not good or done.failures:
        raise typer.Exit(FAILED)


def tell(total: GlobalRecord, records: Sequence[Record]) -> None:
    """Print all routes, and mean and spread."""
    from rich.table import Table

    table = Table(title=f"{len(records)} drives, leaderboard 2.0 rules")
    for name in ("route", "status"):
        table.add_column(name)
    for name in ("score", "route %", "penalty", "score 2.1"):
        table.add_column(name, justify="right")
    for record in records:
        scores = record.scores
        table.add_row(
            record.route_id.removeprefix("RouteScenario_"),
            record.status,
            f"{scores.score_composed:.1f}",
            f"{scores.score_route:.1f}",
            f"{scores.score_penalty:.3f}",
            f"{record.meta.score_composed_2_1:.1f}",
        )
    table.add_section()
    for name, scores in (("mean", total.scores_mean), ("std dev", total.scores_std_dev)):
        table.add_row(
            name,
            "",
            f"{scores.score_composed:.1f}",
            f"{scores.score_route:.1f}",
            f"{scores.score_penalty:.3f}",
            "",
        )
    out.print(table)


def tell_comparison(comparison: Comparison) -> None:
    """Print what has changed against the baseline, and the scores in any case."""
    out.print(f"against the baseline, {comparison.pairs} pairs of drives:")
    for change in comparison.changes:
        if change.name not in _ALWAYS and change.verdict not in ("better", "worse"):
            continue
        difference = change.difference
        interval = f" ({difference.low:+.2f} to {difference.high:+.2f})" if difference.known else ""
        told = f"{change.name}: {difference.mean:+.2f}{interval}, {change.verdict}"
        out.print(f"  {told}", soft_wrap=True)


def tell_gates(held: Sequence[Held]) -> bool:
    """Print a line for each gate, and tell whether all hold."""
    for verdict in held:
        if verdict.holds:
            out.print(str(verdict), soft_wrap=True)
        else:
            complain(str(verdict))
    return all(verdict.holds for verdict in held)


def tell_failures(failures: Sequence[Record], drives: int) -> None:
    """Print in which drives the agent or the simulation broke down, and why."""
    for record in failures[:_FAILURES]:
        complain(f"{record.route_id}: {record.status}: {record.meta.failure}")
    if failures:
        more = "" if len(failures) <= _FAILURES else f"; the first {_FAILURES} stand above"
        complain(f"{len(failures)} of {drives} drives broke down{more}")
