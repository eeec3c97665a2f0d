"""`roadworthy compare`: is one run better than another, or is it chance?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roadworthy.agents.commands.outcome import FAILED, complain, err, guarded, out

if TYPE_CHECKING:
    from roadworthy.agents.evaluation.compare import Comparison, Key

_BY_CHANCE = (
    "Of figures that do not differ, one in twenty shows a difference by chance: decide beforehand "
    "which one counts."
)
_SHOWN = 5  # drives that changed most, in either direction


@guarded
def compare(
    run_a: Annotated[
        Path, typer.Argument(metavar="RUN_A", help="Folder of `roadworthy evaluate`: before.")
    ],
    run_b: Annotated[Path, typer.Argument(metavar="RUN_B", help="Another one: after.")],
    fail_if_worse: Annotated[
        bool,
        typer.Option(
            "--fail-if-worse", help="Exit with 1 where the driving score of RUN_B is worse."
        ),
    ] = False,
) -> None:
    """Say whether two evaluations differ, paired by route and seed.

    Intervals hold the true mean with a probability of 95 % (bootstrap over routes). A difference
    counts as shown where the interval of the paired differences does not contain 0.
    """
    from roadworthy.agents.evaluation.compare import compare as run
    from roadworthy.agents.evaluation.compare import load_run

    comparison = run(load_run(run_a), load_run(run_b))
    _tell(comparison, str(run_a), str(run_b))
    score = comparison.change("driving_score")
    if fail_if_worse and score.verdict == "worse":
        complain(f"the driving score is worse by {-score.difference.mean:.1f}")
        raise typer.Exit(FAILED)


def _tell(comparison: Comparison, before: str, after: str) -> None:
    """Print the table of figures, and the drives that changed most."""
    from rich.table import Table

    from roadworthy.agents.evaluation.metrics.registry import METRICS

    table = Table(title=f"{comparison.pairs} drives in both: means, 95 % intervals")
    table.add_column("figure", no_wrap=True)
    for name in (before, after):
        table.add_column(name, justify="right")
    table.add_column("difference of pairs", justify="right")
    table.add_column("verdict")
    same = [c.name for c in comparison.changes if c.difference.mean == c.difference.deviation == 0]
    for change in comparison.changes:
        if change.name in same:
            continue
        digits = 3 if METRICS[change.name].unit in ("0 to 1", "a drive") else 1
        cells = [
            f"{e.mean:.{digits}f}\n{e.low:.{digits}f} to {e.high:.{digits}f}"
            for e in (change.before, change.after, change.difference)
        ]
        table.add_row(change.name, *cells, change.verdict)
    if len(same) < len(comparison.changes):
        out.print(table)
        out.print(_BY_CHANCE, style="dim")
    if same:
        out.print(f"the same in all {comparison.pairs} drives: {', '.join(same)}")
    for drives, word in ((comparison.drives[:_SHOWN], "lost"), (comparison.drives[::-1], "gained")):
        told = [d for d in drives[:_SHOWN] if (d[2] - d[1]) * (1 if word == "gained" else -1) > 0]
        if told:
            out.print(f"{word} most:")
        for key, a, b in told:
            out.print(f"  {_named(key)}: {a:.1f} -> {b:.1f}")
    if comparison.settings:
        err.print(f"the runs differ in {', '.join(comparison.settings)}", style="yellow")
    for keys, name in ((comparison.only_before, before), (comparison.only_after, after)):
        if keys:
            err.print(
                f"{len(keys)} drives only in {name}, not compared: {_named(keys[0])}"
                + (" and others" if len(keys) > 1 else ""),
                style="yellow",
            )


def _named(key: Key) -> str:
    town, route, seed = key
    return f"{route.removeprefix('RouteScenario_')} on {town}, seed {seed}"
