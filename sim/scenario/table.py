"""The table of all kinds, as it stands in docs/events.md."""

from __future__ import annotations

from roadworthy.sim.scenario.catalogue import CATALOGUE


def table() -> str:
    """The catalogue in Markdown: one row per kind."""
    rows = ["| name | supported | what happens | where | parameters |", "|---|---|---|---|---|"]
    for kind, entry in CATALOGUE.items():
        params = "<br>".join(
            f"`{p.name}` {p.default:g} ({p.low:g} to {p.high:g}): {p.text}" for p in entry.params
        )
        rows.append(
            f"| {kind} | {entry.support} | {entry.happens} | {entry.place} | {params or '-'} |"
        )
    return "\n".join(rows)
