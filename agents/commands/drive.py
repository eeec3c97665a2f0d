"""`roadworthy drive`: one agent on one route."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roadworthy.agents.commands import options
from roadworthy.agents.commands.outcome import FAILED, complain, err, guarded, out
from roadworthy.sim.errors import SettingsError

if TYPE_CHECKING:
    from roadworthy.agents.evaluation.drive import DriveResult
    from roadworthy.sim.scenario.scenario import Scenario


@guarded
def drive(
    agent: options.Agent = "roadworthy",
    route: Annotated[
        str | None,
        typer.Option(
            metavar="FILE[#ID]",
            help="Route file of the leaderboard, and which route of it; with the weather and the "
            "scenarios that it names.",
        ),
    ] = None,
    scenario: Annotated[
        str | None,
        typer.Option(
            metavar="FILE[#ID]|SUITE#ID",
            help="Scenario file (.yaml, see docs/scenarios.md; .xml and .xosc, too) or a shipped "
            "suite, and which scenario of it.",
        ),
    ] = None,
    town: Annotated[
        str | None, typer.Option(help="Town to draw a route in; see `roadworthy towns`.")
    ] = None,
    map_dir: options.MapDir = None,
    world: options.World = "embedded",
    seed: options.OwnSeed = None,
    video: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a video, .mp4 or .webm.")
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Record the drive, .rwr, for `roadworthy replay`."),
    ] = None,
    out_dir: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="Write results.json into this folder; that of an earlier drive is replaced.",
        ),
    ] = None,
    vehicles: options.Vehicles = None,
    walkers: options.Walkers = None,
    weather: options.Weather = None,
    events: options.Events = None,
    device: options.Device = "auto",
) -> None:
    """Let an agent drive one route and tell how it went.

    Give a route file in the CARLA leaderboard's format, a scenario file, or a town to draw a
    route in. --vehicles, --walkers, --weather and --events replace what a file says. The exit
    code is 1 where the agent crashed.
    """
    if sum(given is not None for given in (route, scenario, town)) != 1:
        raise SettingsError("give one of --route FILE[#ID], --scenario FILE[#ID] and --town TOWN")
    from roadworthy.agents.commands.progress import drive_with_progress
    from roadworthy.agents.evaluation.about import sensors_of
    from roadworthy.agents.evaluation.files import check_writable
    from roadworthy.agents.evaluation.results import ResultFile, check_replaceable
    from roadworthy.agents.registry import fingerprint, make_agent
    from roadworthy.sim.scenario.told import told

    results = out_dir / "results.json" if out_dir is not None else None
    if results is not None:
        check_replaceable(results)
    for path in (results, video, record):
        if path is not None:
            check_writable(path)
    driver = make_agent(agent, device=device)
    chosen = scenario_of(scenario or route, town, seed, map_dir)
    chosen = options.applied(chosen, vehicles, walkers, weather, events)
    seed = seed if seed is not None else (*chosen.seeds, 0)[0]
    tell_missing([chosen])
    result, written = drive_with_progress(
        driver,
        chosen,
        seed=seed,
        map_dir=map_dir,
        town=town,
        video=video,
        recording=record,
        open_world=options.world_opener(world, [chosen]),
    )
    tell(result)
    tell_stages(driver)
    if written is not None:
        out.print(f"video: {written}")
    if record is not None:
        out.print(f"recording: {record}")
    if results is not None:
        what = {
            "agent": result.agent,
            **fingerprint(driver),
            "world": world,
            **told([chosen]),
            "route": result.route,
            "town": result.town,
            "seed": seed,
        }
        file = ResultFile(results, what, 1, sensors_of(driver), replace=True)
        file.add(result.record(0, 0))
        file.finish()
        out.print(f"results: {results}")
    tell_crashes([result.status])


def tell_crashes(statuses: Sequence[str]) -> None:
    """Leave with exit code 1 where the agent crashed."""
    from roadworthy.agents.evaluation.drive_result import AGENT_FAILURES

    crashed = sum(status in AGENT_FAILURES for status in statuses)
    if crashed:
        complain(
            f"the agent crashed in {crashed} of {len(statuses)} drives; "
            "`roadworthy drive` prints why, after the scores"
            if len(statuses) > 1
            else "the agent crashed; its error stands above"
        )
        raise typer.Exit(FAILED)


def scenario_of(
    source: str | None, town: str | None, seed: int | None, map_dir: Path | None
) -> Scenario:
    """The scenario that options tell: one of a file or a suite, or a route drawn in a town.

    Raises:
        RoadworthyError: there is none, or more than one.
    """
    from roadworthy.agents.evaluation.routes import load_scenarios, random_route
    from roadworthy.sim.scenario.scenario import Scenario

    if town is not None:
        return Scenario(random_route(town, seed or 0, map_dir))
    return _one(load_scenarios(str(source), map_dir))


def _one(scenarios: list[Scenario]) -> Scenario:
    if len(scenarios) > 1:
        ids = ", ".join(scenario.id for scenario in scenarios[:12])
        raise SettingsError(f"the file has {len(scenarios)} routes; choose one with FILE#ID: {ids}")
    return scenarios[0]


def tell_missing(scenarios: Sequence[Scenario]) -> None:
    """Print what the sources of scenarios asked for and this world lacks."""
    for scenario in scenarios:
        for what in scenario.missing:
            err.print(f"{scenario.source} {scenario.id}: {what}", style="yellow")


def tell_stages(agent: object) -> None:
    """Print how long the stages of an agent's loop took, where it has one."""
    from roadworthy.agents.evaluation.report import stages_of

    stages = stages_of(agent)
    if not stages:
        return
    from rich.table import Table

    table = Table(title="from Frame to Control")
    table.add_column("stage")
    for name in ("p50", "p99", "longest"):
        table.add_column(f"{name} [ms]", justify="right")
    for row in stages:
        table.add_row(row.stage, f"{row.p50:.2f}", f"{row.p99:.2f}", f"{row.most:.2f}")
    out.print(table)


def tell(result: DriveResult) -> None:
    """Print how a drive went."""
    from rich.table import Table

    table = Table(title=f"{result.agent} on {result.town}, route {result.route}")
    table.add_column("")
    table.add_column("", justify="right")
    table.add_row("status", result.status)
    table.add_row("driving score (leaderboard 2.0)", f"{result.score.composed:.2f}")
    table.add_row("driving score (leaderboard 2.1)", f"{result.score_2_1.composed:.2f}")
    table.add_row("route completion [%]", f"{result.score.route:.1f}")
    table.add_row("infraction penalty", f"{result.score.penalty:.3f}")
    table.add_row("route length [m]", f"{result.route_length:.0f}")
    table.add_row("driven [s]", f"{result.duration_game:.1f}")
    table.add_row("computed in [s]", f"{result.duration_system:.1f}")
    out.print(table)
    if result.story_end:
        out.print(f"story: {result.story_end}")
    for verdict in result.verdicts:
        said = "passed" if verdict.success else "failed"
        out.print(f"  {verdict.name}: {said} ({verdict.actual:g}, asked for {verdict.expected:g})")
    if result.events:
        out.print(f"events: {', '.join(result.events)}")
    for time, message in result.log:
        out.print(f"  {time:6.1f} s  {message}")
