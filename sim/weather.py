"""Weather: CARLA's 14 parameters, their presets, and what they do to the road.

Source of names, ranges and presets: CARLA 0.9.16, carla.WeatherParameters. Angles are in degrees
here as in CARLA, because the object crosses that border unchanged.
"""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass, fields
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.errors import SettingsError


class WeatherColumn(IntEnum):
    """Columns of a row of weather, in the order of the fields of `Weather`."""

    CLOUDINESS = 0  # [0, 100]
    PRECIPITATION = 1  # [0, 100]
    PRECIPITATION_DEPOSITS = 2  # [0, 100] puddles
    WIND_INTENSITY = 3  # [0, 100]
    SUN_AZIMUTH_ANGLE = 4  # [degrees] 0 is CARLA's +x axis, towards +y
    SUN_ALTITUDE_ANGLE = 5  # [degrees] above the horizon, [-90, 90]
    FOG_DENSITY = 6  # [0, 100]
    FOG_DISTANCE = 7  # [m] where the fog begins
    WETNESS = 8  # [0, 100]
    FOG_FALLOFF = 9  # density with height; 0 reaches to the sky
    SCATTERING_INTENSITY = 10
    MIE_SCATTERING_SCALE = 11
    RAYLEIGH_SCATTERING_SCALE = 12
    DUST_STORM = 13  # [0, 100]


@dataclass(frozen=True, slots=True)
class Weather:
    """One weather; the defaults are CARLA's ClearNoon."""

    cloudiness: float = 5.0
    precipitation: float = 0.0
    precipitation_deposits: float = 0.0
    wind_intensity: float = 10.0
    sun_azimuth_angle: float = -1.0
    sun_altitude_angle: float = 45.0
    fog_density: float = 2.0
    fog_distance: float = 0.75
    wetness: float = 0.0
    fog_falloff: float = 0.1
    scattering_intensity: float = 1.0
    mie_scattering_scale: float = 0.03
    rayleigh_scattering_scale: float = 0.0331
    dust_storm: float = 0.0

    def row(self) -> NDArray[np.float32]:
        """Pack for the kernels, float32 [WeatherColumn]."""
        return np.array(astuple(self), np.float32)

    @classmethod
    def of_row(cls, row: NDArray[np.float32]) -> Weather:
        """Unpack what `row` packed."""
        return cls(*(float(value) for value in row))

    def toward(self, other: Weather, share: float) -> Weather:
        """Weather between this one (share 0) and another (1), each value linear."""
        mine, theirs = astuple(self), astuple(other)
        return Weather(*(a + (b - a) * share for a, b in zip(mine, theirs, strict=True)))

    def validate(self) -> Weather:
        """Return self.

        Raises:
            SettingsError: a value is not finite or out of CARLA's range.
        """
        for field in fields(self):
            value = getattr(self, field.name)
            low, high = RANGES[field.name]
            if not math.isfinite(value) or not low <= value <= high:
                raise SettingsError(
                    f"weather: {field.name} is {value!r}; it must be in {low:g}..{high:g}"
                )
        return self


RANGES: dict[str, tuple[float, float]] = {
    **{field.name: (0.0, 100.0) for field in fields(Weather)},
    "sun_azimuth_angle": (-360.0, 360.0),
    "sun_altitude_angle": (-90.0, 90.0),
    "fog_distance": (0.0, 1e9),
    "fog_falloff": (0.0, 1e9),
    "scattering_intensity": (0.0, 1e9),
    "mie_scattering_scale": (0.0, 1e9),
    "rayleigh_scattering_scale": (0.0, 1e9),
}

# Source: the presets of carla.WeatherParameters, 0.9.16 ("Default" keeps what the map has).
PRESETS: dict[str, Weather] = {
    "ClearNight": Weather(5, 0, 0, 10, -1, -90, 60, 75, 0, 1),
    "ClearNoon": Weather(5, 0, 0, 10, -1, 45, 2, 0.75, 0, 0.1),
    "ClearSunset": Weather(5, 0, 0, 10, -1, 15, 2, 0.75, 0, 0.1),
    "CloudyNight": Weather(60, 0, 0, 10, -1, -90, 60, 0.75, 0, 0.1),
    "CloudyNoon": Weather(60, 0, 0, 10, -1, 45, 3, 0.75, 0, 0.1),
    "CloudySunset": Weather(60, 0, 0, 10, -1, 15, 3, 0.75, 0, 0.1),
    "DustStorm": Weather(100, 0, 0, 100, -1, 45, 2, 0.75, 0, 0.1, dust_storm=100),
    "HardRainNight": Weather(100, 100, 90, 100, -1, -90, 100, 0.75, 100, 0.1),
    "HardRainNoon": Weather(100, 100, 90, 100, -1, 45, 7, 0.75, 0, 0.1),
    "HardRainSunset": Weather(100, 100, 90, 100, -1, 15, 7, 0.75, 0, 0.1),
    "MidRainSunset": Weather(60, 60, 60, 60, -1, 15, 3, 0.75, 0, 0.1),
    "MidRainyNight": Weather(80, 60, 60, 60, -1, -90, 60, 0.75, 80, 0.1),
    "MidRainyNoon": Weather(60, 60, 60, 60, -1, 45, 3, 0.75, 0, 0.1),
    "SoftRainNight": Weather(60, 30, 50, 30, -1, -90, 60, 0.75, 60, 0.1),
    "SoftRainNoon": Weather(20, 30, 50, 30, -1, 45, 3, 0.75, 0, 0.1),
    "SoftRainSunset": Weather(20, 30, 50, 30, -1, 15, 2, 0.75, 0, 0.1),
    "WetCloudyNight": Weather(60, 0, 50, 10, -1, -90, 60, 0.75, 60, 0.1),
    "WetCloudyNoon": Weather(60, 0, 50, 10, -1, 45, 3, 0.75, 0, 0.1),
    "WetCloudySunset": Weather(60, 0, 50, 10, -1, 15, 2, 0.75, 0, 0.1),
    "WetNight": Weather(5, 0, 50, 10, -1, -90, 60, 75, 60, 1),
    "WetNoon": Weather(5, 0, 50, 10, -1, 45, 3, 0.75, 0, 0.1),
    "WetSunset": Weather(5, 0, 50, 10, -1, 15, 2, 0.75, 0, 0.1),
}
