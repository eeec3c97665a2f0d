"""Weather and time of day, as ScenarioRunner turns them into CARLA's weather."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from roadworthy.sim.errors import SettingsError
from roadworthy.sim.openscenario.elements import flag, number, word
from roadworthy.sim.openscenario.reading import Node
from roadworthy.sim.weather import Weather

FOG_BELOW = 1000.0  # [m] of sight; ScenarioRunner, OpenScenarioParser.get_weather_from_env_action
WIND = 30.0  # [%] ditto, where the file gives none
BRIGHT = 1e5  # [lux] of full sun; what an illuminance counts against (OpenSCENARIO 1.1, Sun)
HEAVY_RAIN = 50.0  # [mm/h] that count as full rain (violent showers begin there; WMO No. 8)
_J2000 = datetime(2000, 1, 1, 12, tzinfo=timezone.utc)  # noqa: UP017 - names itself


@dataclass(frozen=True)
class Environment:
    """One <Environment>; what it does not say stays as it is (None)."""

    weather: Weather | None
    moment: datetime | None  # UTC
    animated: bool
    friction: float | None

    @classmethod
    def of(cls, node: Node) -> Environment:
        """Read one.

        Raises:
            OpenScenarioError: it asks for snow, or a value is out of range.
        """
        weather, road = node.find("Weather"), node.find("RoadCondition")
        moment, animated = None, False
        day = node.find("TimeOfDay")
        if day is not None:
            moment, animated = moment_of(day), flag(day, "animation")
        friction = number(road, "frictionScaleFactor") if road is not None else None
        if friction is not None and not 0.0 < friction <= 10.0:
            assert road is not None
            raise road.fault(f"frictionScaleFactor={friction:g} must be above 0 and at most 10")
        return cls(None if weather is None else _weather(weather), moment, animated, friction)

    def weather_at(self, base: Weather, since: float, place: tuple[float, float]) -> Weather:
        """The weather so many seconds after it was set.

        Args:
            base: the weather before, for what this one leaves open.
            since: [s].
            place: latitude and longitude of the town [degrees].
        """
        weather = self.weather or base
        if not self.animated or self.moment is None:
            return weather
        altitude, azimuth = sun_position(self.moment + timedelta(seconds=since), *place)
        values = {name: getattr(weather, name) for name in weather.__slots__}
        return Weather(**values | {"sun_altitude_angle": altitude, "sun_azimuth_angle": azimuth})


def moment_of(node: Node) -> datetime:
    """The dateTime of an element, taken as UTC where it names no zone.

    Raises:
        OpenScenarioError: it is none.
    """
    text = word(node, "dateTime")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise node.fault(f"dateTime={text!r} is none; write 2026-01-31T12:00:00") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)  # noqa: UP017
    return moment


def _weather(node: Node) -> Weather:
    """ScenarioRunner's OpenScenarioParser.get_weather_from_env_action."""
    sun, fog, rain, wind = (node.find(t) for t in ("Sun", "Fog", "Precipitation", "Wind"))
    values: dict[str, float] = {"wind_intensity": WIND, "fog_density": 0.0}
    if sun is not None:
        intensity = number(sun, "intensity", number(sun, "illuminance", BRIGHT) / BRIGHT)
        values["cloudiness"] = 100.0 * (1.0 - min(max(intensity, 0.0), 1.0))
        values["sun_azimuth_angle"] = math.degrees(number(sun, "azimuth"))
        values["sun_altitude_angle"] = math.degrees(number(sun, "elevation"))
    if fog is not None:
        sight = min(max(number(fog, "visualRange"), 0.0), 1e9)
        values["fog_distance"] = sight
        values["fog_density"] = 100.0 if sight < FOG_BELOW else 0.0
    if rain is not None and word(rain, "precipitationType") == "snow":
        raise rain.fault("it does not snow in CARLA's weather; take rain")
    if rain is not None and word(rain, "precipitationType") == "rain":
        share = number(rain, "precipitationIntensity", math.nan) / HEAVY_RAIN
        share = number(rain, "intensity", 0.0 if math.isnan(share) else share)
        values["precipitation"] = values["wetness"] = 100.0 * min(max(share, 0.0), 1.0)
        values["precipitation_deposits"] = 100.0
    if wind is not None:  # 30 m/s is a violent storm, Beaufort 11
        values["wind_intensity"] = min(100.0 * max(number(wind, "speed"), 0.0) / 30.0, 100.0)
    try:
        return Weather(**values).validate()
    except SettingsError as error:
        raise node.fault(str(error)) from None


def sun_position(moment: datetime, latitude: float, longitude: float) -> tuple[float, float]:
    """Altitude and azimuth of the sun [degrees], azimuth from north over east.

    Low precision formulas of the Astronomical Almanac, good to 0.01 degrees until 2050.

    Args:
        moment: with its time zone.
        latitude: [degrees] north.
        longitude: [degrees] east.
    """
    days = (moment - _J2000).total_seconds() / 86400.0
    mean = math.radians((280.460 + 0.9856474 * days) % 360.0)
    anomaly = math.radians((357.528 + 0.9856003 * days) % 360.0)
    ecliptic = mean + math.radians(1.915 * math.sin(anomaly) + 0.020 * math.sin(2.0 * anomaly))
    tilt = math.radians(23.439 - 0.0000004 * days)
    ascension = math.atan2(math.cos(tilt) * math.sin(ecliptic), math.cos(ecliptic))
    declination = math.asin(math.sin(tilt) * math.sin(ecliptic))
    sidereal = math.radians((280.46061837 + 360.98564736629 * days + longitude) % 360.0)
    hour = sidereal - ascension
    north = math.radians(latitude)
    altitude = math.asin(
        math.sin(north) * math.sin(declination)
        + math.cos(north) * math.cos(declination) * math.cos(hour)
    )
    azimuth = math.atan2(
        -math.sin(hour),
        math.tan(declination) * math.cos(north) - math.sin(north) * math.cos(hour),
    )
    return math.degrees(altitude), math.degrees(azimuth) % 360.0
