"""Snippets of OpenSCENARIO that the tests write their files with."""

from __future__ import annotations

HEADER = (
    '<OpenSCENARIO>\n<FileHeader revMajor="1" revMinor="2" date="2026-01-01T00:00:00" '
    'description="{description}" author="us"/>\n'
)
BOX = (
    '<BoundingBox><Center x="0" y="0" z="0"/><Dimensions width="1.9" length="4.5" height="1.5"/>'
    "</BoundingBox>"
)
VEHICLE = (
    '<Vehicle name="{model}" vehicleCategory="car">' + BOX + '<Performance maxSpeed="60" '
    'maxAcceleration="200" maxDeceleration="200"/><Properties>{properties}</Properties></Vehicle>'
)


def entity(name: str, model: str = "ours", properties: str = "") -> str:
    """A <ScenarioObject> with a car."""
    vehicle = VEHICLE.format(model=model, properties=properties)
    return f'<ScenarioObject name="{name}">{vehicle}</ScenarioObject>\n'


def condition(body: str, name: str = "c", edge: str = "rising", delay: float = 0.0) -> str:
    """A trigger's group with one condition."""
    kind = "ByValueCondition" if "SimulationTime" in body or "Storyboard" in body else ""
    inner = f"<{kind}>{body}</{kind}>" if kind else body
    return (
        f'<ConditionGroup><Condition name="{name}" delay="{delay}" conditionEdge="{edge}">'
        f"{inner}</Condition></ConditionGroup>"
    )


def at(seconds: float) -> str:
    """A group that is met at a time."""
    return condition(f'<SimulationTimeCondition value="{seconds}" rule="greaterOrEqual"/>')


def event(name: str, action: str, start: str, priority: str = "parallel", more: str = "") -> str:
    """An <Event> with one private action, unless `action` says otherwise."""
    inner = (
        action if action.startswith("<GlobalAction") else f"<PrivateAction>{action}</PrivateAction>"
    )
    return (
        f'<Event name="{name}" priority="{priority}" {more}><Action name="{name}">{inner}</Action>'
        f"<StartTrigger>{start}</StartTrigger></Event>\n"
    )
