"""What a scenario file says, before anything is planned: pydantic models and their sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from roadworthy.sim.scenario.scenario import NONE, STANDARD
from roadworthy.sim.scenario.yaml_lines import Lined, Place
from roadworthy.sim.weather import PRESETS, Weather


def _text(value: Any) -> Any:
    """Let a whole number be an id."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=80, pattern=r"^[\w.-]+$"),
    BeforeValidator(_text),
]
Town = Annotated[str, StringConstraints(min_length=1, max_length=80)]
Seed = Annotated[int, Field(ge=0, le=2**63 - 1)]
Percentage = Annotated[float, Field(ge=0.0, le=100.0)]
Coordinate = Annotated[float, Field(ge=-1e6, le=1e6)]
S = TypeVar("S", bound="Section")

_SENTENCES = {
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "string_type": "must be text",
    "list_type": "must be a list",
    "string_pattern_mismatch": "may have letters, digits, '.', '_' and '-' only",
    "string_too_short": "must not be empty",
    "string_too_long": "may have {max_length} characters at most",
    "too_short": "must have at least {min_length} items",
    "too_long": "may have {max_length} items at most",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
}
_SEVERAL = {  # keys that take values of several types
    "weather": "the name of a preset, a map, or a list of maps with route_percentage",
    "events": f"{NONE}, {STANDARD}, names of kinds, or a list of names and of maps with kind and s",
}
_STRANGE = {"extra_forbidden", "missing"}


class Section(BaseModel):
    """A map of the file: other keys, other types and numbers that are none are refused."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, frozen=True)


class RandomRoutes(Section):
    """Routes that are drawn."""

    seed: Seed = 0
    length: Annotated[list[float], Field(min_length=2, max_length=2)] = [180.0, 450.0]  # [m]
    count: Annotated[int, Field(ge=1, le=1000)] | None = None  # None: one, with the plain id


class RouteChoice(Section):
    """Exactly one way to say where the route leads."""

    waypoints: Annotated[list[list[Coordinate]], Field(min_length=2, max_length=1000)] | None = None
    random: RandomRoutes | None = None
    file: str | None = None  # FILE#ID of the leaderboard's format, from this file's folder


class Traffic(Section):
    """Who else is on the road; the names are those of WorldSettings."""

    vehicles: int | None = None
    walkers: int | None = None
    spawn_near: float | None = None  # [m]
    spawn_far: float | None = None  # [m]
    late_brake_share: float | None = None
    no_look_share: float | None = None
    red_runner_share: float | None = None
    tailgate_share: float | None = None
    jaywalk_share: float | None = None


class Lights(Section):
    """How the lights change."""

    green_time: float | None = None  # [s]
    yellow_time: float | None = None  # [s]
    all_red_time: float | None = None  # [s]
    light_spread: float | None = None


class Limits(Section):
    """When a drive ends."""

    deviation: float | None = None  # [m]
    blocked_time: float | None = None  # [s]
    timeout_base: float | None = None  # [s]
    timeout_speed_share: float | None = None


class Air(Section):
    """One weather: a preset, single values, or both."""

    preset: str | None = None
    route_percentage: Percentage | None = None
    cloudiness: float | None = None
    precipitation: float | None = None
    precipitation_deposits: float | None = None
    wind_intensity: float | None = None
    sun_azimuth_angle: float | None = None
    sun_altitude_angle: float | None = None
    fog_density: float | None = None
    fog_distance: float | None = None
    wetness: float | None = None
    fog_falloff: float | None = None
    scattering_intensity: float | None = None
    mie_scattering_scale: float | None = None
    rayleigh_scattering_scale: float | None = None
    dust_storm: float | None = None

    def weather(self) -> Weather:
        """The weather meant.

        Raises:
            KeyError: there is no such preset.
            SettingsError: a value is out of range.
        """
        base = PRESETS[self.preset or "ClearNoon"]
        values = {
            field.name: base_value if own is None else own
            for field in fields(Weather)
            for base_value, own in [(getattr(base, field.name), getattr(self, field.name))]
        }
        return Weather(**values).validate()


class Happening(Section):
    """One event at its place."""

    kind: str
    s: float  # [m] along the route
    params: dict[str, float] = {}


class Spec(Section):
    """One scenario, or what several of them share."""

    about: str | None = None  # for people
    id: Name | None = None
    town: Town | None = None
    route: RouteChoice | None = None
    traffic: Traffic = Traffic()
    lights: Lights = Lights()
    limits: Limits = Limits()
    weather: str | Air | list[Air] | None = None
    events: str | list[str | Happening] | None = None
    seed: Seed | None = None
    seeds: Annotated[list[Seed], Field(min_length=1, max_length=10_000)] | None = None

    def over(self, defaults: Spec) -> Spec:
        """This spec, with what it leaves out as the defaults have it.

        Maps of plain numbers (traffic, lights, limits) are filled key by key; everything else
        that is given replaces the whole.
        """
        merged = {name: getattr(defaults, name) for name in defaults.model_fields_set}
        for name in self.model_fields_set:
            own, base = getattr(self, name), merged.get(name)
            if isinstance(own, Traffic | Lights | Limits) and isinstance(base, type(own)):
                own = base.model_copy(update={n: getattr(own, n) for n in own.model_fields_set})
            merged[name] = own
        if "seed" in self.model_fields_set or "seeds" in self.model_fields_set:
            for name in {"seed", "seeds"} - self.model_fields_set:
                merged.pop(name, None)  # the other way to say it in the defaults does not count
        return Spec.model_construct(_fields_set=set(merged), **merged)


def checked(model: type[S], lined: Lined, value: Any, place: Place) -> S:
    """Validate a part of a file.

    Raises:
        InputError: it is not what the model wants; the message names file, line and key.
    """
    if not isinstance(value, Mapping):
        raise lined.error(place, f"must be a map of {', '.join(model.model_fields)}")
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = min(error.errors(), key=lambda e: (e["type"] not in _STRANGE, -len(e["loc"])))
        where = place + _trimmed(value, first["loc"])
        raise lined.error(where, _sentence(model, first, where)) from None


def _trimmed(value: Any, loc: tuple[int | str, ...]) -> Place:
    """The keys of an error's place that stand in the file, without pydantic's names of types."""
    place: list[str | int] = []
    for k, part in enumerate(loc):
        last = k == len(loc) - 1
        if isinstance(value, Mapping) and isinstance(part, str) and (part in value or last):
            if part not in value and not _is_key(part):
                continue
            value = value.get(part)
            place.append(part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
            place.append(part)
    return tuple(place)


def _is_key(part: str) -> bool:
    return part.isidentifier() and part not in {"str", "int", "float", "bool", "dict", "list"}


def _sentence(model: type[Section], error: Any, where: Place) -> str:
    """Say what is wrong in plain words."""
    kind, given = error["type"], error.get("input")
    if kind == "extra_forbidden":
        return f"there is no such key here; {_known(model, where)}"
    if kind == "missing":
        return "is missing; add it"
    shown = repr(given)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    key = next((part for part in reversed(where) if isinstance(part, str)), "")
    if key in _SEVERAL and kind.endswith("_type"):
        return f"is {shown}; it must be {_SEVERAL[key]}"
    context = error.get("ctx", {})
    sentence = _SENTENCES.get(kind, error["msg"]).format(**context)
    if kind in ("model_type", "dict_type"):
        sentence = f"must be a map; {_known(model, (*where, ''))}"
    return f"is {shown}; it {sentence}"


def _known(model: type[Section], where: Place) -> str:
    """Name the keys of the map in which an unknown one stands."""
    inner: dict[str, type[Section]] = {
        "traffic": Traffic,
        "lights": Lights,
        "limits": Limits,
        "weather": Air,
        "random": RandomRoutes,
        "route": RouteChoice,
        "events": Happening,
    }
    for part in reversed(where[:-1]):
        if isinstance(part, str) and part in inner:
            model = inner[part]
            break
    return f"known are {', '.join(model.model_fields)}"
