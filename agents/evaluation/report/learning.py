"""The learning curve of a planner's training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from roadworthy.agents.evaluation.report.charts import Line, chart

_HIT = ("vehicle", "walker", "static")
_TOO_SHORT = (
    "There was too little time for trial and error: no drive ended in it. Train for longer, or on "
    "a machine with less to do besides."
)


def learning_curve(rows: Sequence[dict[str, Any]]) -> str:
    """Draw how a planner's training went.

    Args:
        rows: of the Trainer, in their order: `phase` "imitate" with `round` and `agreement`,
            `phase` "ppo" with `steps`, `return`, `completion` and collisions.

    Returns:
        HTML: a chart of the imitation and two of reinforcement learning; a sentence instead of
        these two where the time did not suffice for a single drive to end.
    """
    imitation = [row for row in rows if row.get("phase") == "imitate"]
    learning = [row for row in rows if row.get("phase") == "ppo" and "return" in row]

    def of(name: str) -> list[tuple[float, float]]:
        return [(row["steps"] / 1e3, float(row[name])) for row in learning if name in row]

    hits = [
        (row["steps"] / 1e3, sum(float(row.get(f"collision_{w}", 0.0)) for w in _HIT))
        for row in learning
    ]
    agreed = [(float(row["round"]), float(row["agreement"])) for row in imitation]
    steps = "thousand decisions, over all worlds"
    charts = [
        chart(
            "Imitation: acts as the expert does",
            "round",
            [Line("agreement", "data", agreed)],
            limits=(0.0, 1.0),
            percent=True,
            whole=True,
        ),
        chart("Trial and error: reward a drive", steps, [Line("", "data", of("return"))]),
        chart(
            "Trial and error: how drives end",
            steps,
            [
                Line("route completion", "data", of("completion")),
                Line("collided", "other", hits),
            ],
            limits=(0.0, 1.0),
            percent=True,
        ),
    ]
    drawn = charts if learning else charts[:1]
    figures = "".join(f"<figure>{one}</figure>" for one in drawn)
    missing = "" if learning else f'<p class="what">{_TOO_SHORT}</p>'
    return f'<div class="charts">{figures}</div>{missing}'
