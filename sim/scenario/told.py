"""What a result file tells of the scenarios that were driven."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from roadworthy.sim.scenario.scenario import Scenario

DIFFERS = "differs by scenario"


def told(scenarios: Sequence[Scenario]) -> dict[str, Any]:
    """Describe scenarios: what they have in common, and each one; plain values, as for JSON.

    Args:
        scenarios: those that are driven; one that comes again is told once.

    Returns:
        `settings` and `events` (the drawn ones), DIFFERS where they are not all the same; and
        `scenarios`: each with its source, its set events, what it lacks, what of its settings is
        its own, and a fingerprint that changes with anything that makes the drive.
    """
    distinct = list({id(scenario): scenario for scenario in scenarios}.values())
    if not distinct:
        return {}
    settings = [asdict(scenario.settings) for scenario in distinct]
    shared = {
        name: value if all(own[name] == value for own in settings) else DIFFERS
        for name, value in settings[0].items()
    }
    drawn = {scenario.drawn for scenario in distinct}
    each = []
    for scenario, own in zip(distinct, settings, strict=True):
        what: dict[str, Any] = {
            "id": scenario.id,
            "source": scenario.source,
            "settings": {name: v for name, v in own.items() if shared[name] == DIFFERS},
            "drawn": scenario.drawn if len(drawn) > 1 else "",
            "events": [
                {"kind": str(event.kind), "s": event.s, **event.params} for event in scenario.events
            ],
            "weathers": [[share, asdict(weather)] for share, weather in scenario.weathers],
            "missing": list(scenario.missing),
            "story": "" if scenario.story is None else scenario.story.name,
        }
        filled = {name: value for name, value in what.items() if value}
        each.append({**filled, "fingerprint": scenario.fingerprint()})
    return {
        "settings": shared,
        "events": drawn.pop() if len(drawn) == 1 else DIFFERS,
        "scenarios": each,
    }
