"""`roadworthy evaluate`: one agent over routes and seeds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roadworthy.agents.commands import options
from roadworthy.agents.commands.drive import tell_crashes, tell_missing
from roadworthy.agents.commands.outcome import FAILED, complain, err, guarded, out
from roadworthy.sim.errors import SettingsError

if TYPE_CHECKING:
    from roadworthy.agents.evaluation.drive import DriveResult
    from roadworthy.agents.evaluation.evaluate import Task
    from roadworthy.agents.evaluation.results import GlobalRecord, Record

NOT_COUNTED = (
    "Not counted by the embedded world yet: yielding to emergency vehicles and scenario time-outs."
)
_GATE = re.compile(r"\s*(\w+)\s*(>=|<=|>|<)\s*([-+]?\d+(?:\.\d+)?)\s*\Z")


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
    world: options.World = "embedded",
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
            help='Fail (exit code 1) unless this holds, such as "score_composed>=60" or '
            '"collisions_vehicle<=0.1" (per km). May be given more than once.',
        ),
    ] = None,
    out_dir: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder of results.json and report.html.")
    ] = Path("out/evaluation"),
    vehicles: options.Vehicles = None,
    walkers: options.Walkers = None,
    weather: options.Weather = None,
    events: options.Events = None,
    device: options.Device = "auto",
) -> None:
    """Score an agent by the CARLA leaderboard's rules over routes and seeds.

    Results are written after every route; run the same command again to go on after an
    interruption. Not counted by the embedded world yet: yielding to emergency vehicles and
    scenario time-outs. The exit code is 1 where a gate does not hold or the agent crashed.
    """
    options.only_embedded(world)
    gates = [parse_gate(text) for text in gate or []]
    from roadworthy.agents.commands.progress import bar, open_town, working
    from roadworthy.agents.evaluation.evaluate import evaluate as run
    from roadworthy.agents.evaluation.evaluate import make_tasks
    from roadworthy.agents.evaluation.routes import load_scenarios
    from roadworthy.agents.registry import make_agent

    driver = make_agent(agent, device=device)
    with working("planning the routes"):
        scenarios = [
            options.applied(scenario, vehicles, walkers, weather, events)
            for scenario in load_scenarios(routes, map_dir)
        ]
        tasks = make_tasks(scenarios, seeds, seed)
    tell_missing(scenarios)
    with bar() as progress:
        shown = progress.add_task("driving", total=len(tasks))

        def on_record(task: Task, record: Record, result: DriveResult | None) -> None:
            kept = " (kept)" if result is None else ""
            line = f"{record.route_id} on {task.town}: {record.scores.score_composed:.1f}"
            progress.update(shown, advance=1, description=line)
            err.print(f"{line}, {record.status}{kept}")

        total, records = run(
            driver,
            tasks,
            lambda name: open_town(name, map_dir),
            out_dir,
            on_record=on_record,
        )
    tell(total, records)
    out.print(f"results: {out_dir / 'results.json'}")
    out.print(f"report: {out_dir / 'report.html'}")
    holds = check_gates(gates, total)
    tell_crashes([record.status for record in records])
    if not holds:
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
    out.print(NOT_COUNTED, style="dim")


def parse_gate(text: str) -> tuple[str, str, float]:
    """Read a gate such as `score_composed>=60`.

    Raises:
        SettingsError: it is none, or names no figure of the results.
    """
    from roadworthy.agents.evaluation.score import INFRACTIONS

    known = ("score_composed", "score_route", "score_penalty", *INFRACTIONS)
    match = _GATE.match(text)
    if match is None or match[1] not in known:
        raise SettingsError(
            f"--gate {text!r} is not understood; write FIGURE>=NUMBER (or >, <=, <) with one of "
            f"{', '.join(known)}"
        )
    return match[1], match[2], float(match[3])


def check_gates(gates: Sequence[tuple[str, str, float]], total: GlobalRecord) -> bool:
    """Say which gates do not hold."""
    holds = {
        ">=": lambda a, b: a >= b,
        "<=": lambda a, b: a <= b,
        ">": lambda a, b: a > b,
        "<": lambda a, b: a < b,
    }
    good = True
    for name, comparison, limit in gates:
        value = getattr(total.scores_mean, name, None)
        value = total.infractions.get(name, 0.0) if value is None else value
        if not holds[comparison](value, limit):
            complain(f"gate {name}{comparison}{limit:g} does not hold: {name} is {value:g}")
            good = False
    return good
