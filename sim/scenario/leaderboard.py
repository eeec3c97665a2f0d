"""Scenarios of the CARLA leaderboard's route files: their weathers, and what happens where.

Sources: leaderboard/utils/route_parser.py (branch leaderboard-2.0; what a route without weather
gets, and that attributes of a weather replace those of this base) and srunner/scenarios/*.py of
scenario_runner 0.9.16 (names and units of the scenarios' parameters).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple, fields, replace

from roadworthy.sim.errors import RouteError, SettingsError
from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.road.route import Route
from roadworthy.sim.road.route_files import Element, RouteSpec
from roadworthy.sim.scenario.catalogue import CATALOGUE
from roadworthy.sim.scenario.event import ScenarioEvent
from roadworthy.sim.scenario.kinds import Entry, EventKind, Support
from roadworthy.sim.scenario.scenario import Scenario
from roadworthy.sim.scenario.stand import REACH, stand, station_of
from roadworthy.sim.scenario.street import Street
from roadworthy.sim.weather import RANGES, Weather
from roadworthy.sim.world.settings import WorldSettings

K = EventKind
# RouteParser.parse_weather: carla.WeatherParameters(sun_altitude_angle=70, cloudiness=50), whose
# other values are those of the constructor of CARLA 0.9.16.
BASE_WEATHER = Weather(50.0, 0, 0, 0, 0, 70.0, 0, 0, 0, 0, 0, 0, 0.0331, 0)
KMH = 1.0 / 3.6

# The scenarios of leaderboard 1.0 were numbered (docs of scenario_runner 0.9.10); None: it has
# no counterpart.
OLD_NAMES: dict[str, EventKind | None] = {
    "Scenario1": K.CONTROL_LOSS,
    "Scenario2": K.HARD_BREAK_ROUTE,  # FollowLeadingVehicle
    "Scenario3": K.DYNAMIC_OBJECT_CROSSING,
    "Scenario4": K.VEHICLE_TURNING_ROUTE,
    "Scenario5": None,  # OtherLeadingVehicle
    "Scenario6": None,  # ManeuverOppositeDirection
    "Scenario7": K.OPPOSITE_VEHICLE_RUNNING_RED_LIGHT,
    "Scenario8": K.SIGNALIZED_JUNCTION_LEFT_TURN,
    "Scenario9": K.SIGNALIZED_JUNCTION_RIGHT_TURN,
    "Scenario10": K.OPPOSITE_VEHICLE_TAKING_PRIORITY,  # NoSignalJunctionCrossing
}

# The leaderboard's parameter, ours, and what a number of theirs is in our unit. An interval in
# metres becomes one in seconds at the speed of those who keep it.
CARRIED: tuple[tuple[str, str, float], ...] = (
    ("distance", "distance", 1.0),  # m
    ("flow_speed", "flow_speed", 1.0),  # m/s
    ("front_vehicle_distance", "front_vehicle_distance", 1.0),  # m
    ("behind_vehicle_distance", "behind_vehicle_distance", 1.0),  # m
    ("offset", "offset", 1.0),  # m
    ("bicycle_speed", "speed", KMH),  # km/h, of a BasicAgent
    ("bicycle_drive_distance", "drive_distance", 1.0),  # m
)
INTERVALS = {"source_dist_interval": "flow_speed", "frequency": "oncoming_speed"}
SIDES = {"left": -1.0, "right": 1.0}


def scenario_of(
    spec: RouteSpec, route: Route, network: RoadNetwork, settings: WorldSettings, source: str
) -> Scenario:
    """Make the scenario of one route of a file.

    Args:
        spec: the route as the file gives it.
        route: planned from it.
        network: the town's roads.
        settings: traffic, lights and limits, which the file does not tell.
        source: the file's name.

    Raises:
        RouteError: a weather or a scenario is not understood; the message names it.
    """
    where = f"{source}: <route id='{spec.id}'>"
    weathers, missing = _weathers(spec.weathers, where)
    settings = replace(settings, weather=weathers[0][1])
    events: list[ScenarioEvent] = []
    street = Street(network, route) if spec.scenarios else None
    for number, element in enumerate(spec.scenarios):
        assert street is not None
        name = dict(element.attributes).get("name") or f"scenario {number + 1}"
        event, notes = _event(element, street, f"{where}, <scenario> {name!r}")
        if event is not None:
            events.append(event)
        if notes:
            kind = dict(element.attributes).get("type", "")
            shown = name if name.startswith(kind) else f"{name} ({kind})"
            left_out = "" if event is not None else "left out: "
            missing.append(f"{shown}: {left_out}{'; '.join(notes)}")
    return Scenario(
        route,
        settings,
        events=tuple(sorted(events, key=lambda event: event.s)),
        weathers=tuple(weathers) if len(weathers) > 1 else (),
        missing=tuple(missing),
        source=source,
    )


def _weathers(
    elements: Sequence[Element], where: str
) -> tuple[list[tuple[float, Weather]], list[str]]:
    """Weathers along the route, rising, and what of them this world lacks."""
    if not elements:
        return [(0.0, BASE_WEATHER)], []
    found: list[tuple[float, Weather]] = []
    notes: list[str] = []
    known = [field.name for field in fields(Weather)]
    for number, element in enumerate(elements):
        at = f"{where}, <weather> number {number}"
        values = dict(zip(known, astuple(BASE_WEATHER), strict=True))
        share = 0.0
        for name, text in element.attributes:
            if name in values:
                values[name], note = _in_range(name, _number(text, name, at))
                if note:
                    notes.append(f"weather {number}: {note}")
            elif name == "route_percentage":
                share = _number(text, name, at) / 100.0
                if not 0.0 <= share <= 1.0:
                    raise RouteError(f"{at}: route_percentage={text!r} must be in 0..100")
            elif name != "id":
                notes.append(f"weather {number}: {name} is no parameter of CARLA's weather")
        try:
            found.append((share, Weather(**values).validate()))
        except SettingsError as error:
            raise RouteError(f"{at}: {error}") from None
    found.sort(key=lambda pair: pair[0])
    return found, notes


def _in_range(name: str, value: float) -> tuple[float, str]:
    """A value as CARLA's shaders take it, which stay at the end of their range."""
    low, high = RANGES[name]
    if name == "sun_azimuth_angle" and not low <= value <= high:
        return value % 360.0, ""
    kept = min(max(value, low), high)
    return kept, "" if kept == value else f"{name} {value:g} is taken as {kept:g}"


def _event(element: Element, street: Street, where: str) -> tuple[ScenarioEvent | None, list[str]]:
    """Place one scenario; the event (None where it is left out) and what is not as written."""
    attributes = dict(element.attributes)
    text = attributes.get("type")
    if text is None:
        raise RouteError(f"{where} has no attribute 'type'; name what shall happen")
    if text in OLD_NAMES:
        old = OLD_NAMES[text]
        if old is None:
            return None, ["this world lacks scenarios of this type"]
        kind = old
    elif text in set(EventKind):
        kind = EventKind(text)
    else:
        return None, ["this world lacks scenarios of this type"]
    entry = CATALOGUE[kind]
    if entry.support == Support.NO:
        return None, [f"this world lacks scenarios of this type ({entry.happens})"]
    parts = {part.tag: dict(part.attributes) for part in element.parts}
    trigger = parts.pop("trigger_point", None)
    if trigger is None:
        raise RouteError(f"{where} has no <trigger_point>; say where it begins")
    x, y = (_number(trigger.get(axis, ""), axis, where) for axis in ("x", "y"))
    yaw = math.radians(_number(trigger["yaw"], "yaw", where)) if "yaw" in trigger else None
    s, off = station_of(street, x, y, yaw)
    if s is None:
        faces = "faces another way than the route"
        return None, [f"its trigger {faces if off <= REACH else f'is {off:.0f} m from the route'}"]
    params, ignored = params_of(entry, parts, where)
    event, notes = stand(street, kind, s, params)
    return event, [*notes, *ignored]


def params_of(
    entry: Entry, parts: Mapping[str, Mapping[str, str]], where: str
) -> tuple[dict[str, float], list[str]]:
    """Carry the parameters of a scenario over to ours.

    Args:
        entry: of its kind.
        parts: attributes of the scenario's elements by their tag.
        where: names the scenario in errors.

    Returns:
        Our parameters, in our units and maybe out of their range; and what is ignored, in words.

    Raises:
        RouteError: a value is no number.
    """
    params: dict[str, float] = {}
    ignored: list[str] = []
    for theirs, ours, factor in CARRIED:
        if theirs in parts and entry.param(ours) is not None:
            params[ours] = _value(parts[theirs], theirs, where) * factor
    if "distance" in parts and entry.param("behind") is not None:
        params["behind"] = _value(parts["distance"], "distance", where)
    for theirs, speed_name in INTERVALS.items():
        speed = entry.param(speed_name)
        if theirs in parts and speed is not None and entry.param("interval") is not None:
            speed_value = max(params.get(speed_name, speed.default), 0.1)
            params["interval"] = _value(parts[theirs], theirs, where) / speed_value
    for tag, attributes in parts.items():
        if tag == "direction":
            side = attributes.get("value", "")
            if side not in SIDES:
                raise RouteError(f"{where}: <direction value={side!r}> must be left or right")
            if entry.param("direction") is not None:
                params["direction"] = SIDES[side]
            elif side == "left":
                ignored.append("direction left is ignored (it comes from the right)")
        elif not _is_carried(tag, entry):
            ignored.append(f"{tag} is ignored")
    return params, ignored


def _is_carried(tag: str, entry: Entry) -> bool:
    if tag in INTERVALS:
        return entry.param(INTERVALS[tag]) is not None
    if tag == "distance" and entry.param("behind") is not None:
        return True
    return any(tag == theirs and entry.param(ours) is not None for theirs, ours, _ in CARRIED)


def _value(attributes: Mapping[str, str], tag: str, where: str) -> float:
    """`value`, or the middle of `from` and `to`."""
    at = f"{where}, <{tag}>"
    if "from" in attributes and "to" in attributes:
        ends = [_number(attributes[name], name, at) for name in ("from", "to")]
        return 0.5 * sum(ends)
    if "value" not in attributes:
        raise RouteError(f"{at} has no attribute 'value'")
    return _number(attributes["value"], "value", at)


def _number(text: str, name: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise RouteError(f"{where}: {name}={text!r} is not a number") from None
    if not math.isfinite(value):
        raise RouteError(f"{where}: {name}={text!r} is not a finite number")
    return value


def table() -> str:
    """How parameters are carried over, in Markdown, as it stands in docs/scenarios.md."""
    rows = ["| the leaderboard's | ours | how |", "|---|---|---|"]
    rows += [
        f"| `{theirs}` | `{ours}` | {'km/h to m/s' if factor == KMH else 'as it is'} |"
        for theirs, ours, factor in CARRIED
    ]
    rows.append("| `distance` of YieldToEmergencyVehicle | `behind` | as it is |")
    rows += [
        f"| `{theirs}` | `interval` | metres, the middle of from and to, over `{speed}` |"
        for theirs, speed in INTERVALS.items()
    ]
    rows.append("| `direction` | `direction` | left -1, right 1; where a kind has none: right |")
    return "\n".join(rows)
