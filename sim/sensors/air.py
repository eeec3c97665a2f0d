"""Light and air of one weather: from CARLA's 14 parameters to what the shader needs.

The strengths and colours are chosen by eye, so that CARLA's presets look like what their names
say; ClearNoon looks as the world always did. Colours are 0..255, strengths multiply a surface's
own colour.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.weather import Weather

FloatArray = NDArray[np.float32]

AMBIENT = 0.62  # of a clear noon: share of the light that comes from everywhere
SUNLIGHT = 0.61  # of a clear noon: share that the sun adds to a surface that faces it

_WHITE = np.ones(3)
_LOW_SUN = np.array([1.3, 0.78, 0.42])  # colour of direct light near the horizon
_DUSK = np.array([0.98, 0.86, 0.90])  # of the light of a sunset's sky
_MOON = np.array([0.075, 0.085, 0.125])  # strength of the night's own light
_DUST = np.array([176.0, 136.0, 88.0])
# Horizon and zenith of the sky.
_CLEAR = np.array([[201.0, 212.0, 222.0], [98.0, 146.0, 208.0]])
_CLOUDY = np.array([[190.0, 196.0, 202.0], [148.0, 156.0, 166.0]])
_SUNSET = np.array([[246.0, 178.0, 116.0], [96.0, 112.0, 160.0]])
_NIGHT = np.array([[20.0, 24.0, 36.0], [5.0, 7.0, 15.0]])


class Air(NamedTuple):
    """Light and air as the kernels read them; arrays hold three channels."""

    sun: FloatArray  # unit vector towards the sun
    direct: FloatArray  # strength of the sun's light on a surface that faces it
    ambient: FloatArray  # strength of the light from everywhere
    horizon: FloatArray
    zenith: FloatArray
    haze: FloatArray  # colour of the fog
    glow: FloatArray  # what the sky around the sun adds
    fog_start: np.float32  # [m]
    fog_half: np.float32  # [m] behind the start: half of the colour is the fog's
    fog_rise: np.float32  # [1/m] how fast the fog thins out with height
    veil: np.float32  # share of the fog before the sky at the horizon
    cloud: np.float32  # [0, 1] share of the sky
    night: np.float32  # [0, 1] 1: lamps are all there is
    lamps: np.float32  # [0, 1] lamps of streets and vehicles are on above 0
    wet: np.float32  # [0, 1]
    puddles: np.float32  # [0, 1]
    rain: np.float32  # [0, 1]
    dust: np.float32  # [0, 1]
    wind: np.float32  # tangent of the angle of falling drops


def _smooth(low: float, high: float, value: float) -> float:
    """Smooth step from 0 at `low` to 1 at `high`."""
    t = min(1.0, max(0.0, (value - low) / (high - low)))
    return t * t * (3.0 - 2.0 * t)


def _mixed(a: NDArray[np.float64], b: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    return a + share * (b - a)


def sun_direction(weather: Weather) -> NDArray[np.float64]:
    """Unit vector from the ground towards the sun, CARLA's axes.

    Source: carla.WeatherParameters, sun_azimuth_angle and sun_altitude_angle; azimuth 0 is taken
    as +x, growing towards +y.
    """
    azimuth = math.radians(weather.sun_azimuth_angle)
    altitude = math.radians(weather.sun_altitude_angle)
    level = math.cos(altitude)
    return np.array([level * math.cos(azimuth), level * math.sin(azimuth), math.sin(altitude)])


def air_of(row: FloatArray) -> Air:
    """Light and air of a row of weather, float32 [WeatherColumn]."""
    w = Weather.of_row(row)
    high = w.sun_altitude_angle
    day = _smooth(-8.0, 10.0, high)  # light of the sky; it outlasts the sun
    low = 1.0 - _smooth(8.0, 38.0, high)
    rain, dust = w.precipitation / 100.0, w.dust_storm / 100.0
    cloud = max(_smooth(0.12, 0.75, w.cloudiness / 100.0), 0.9 * _smooth(0.1, 0.7, rain), dust)
    grey = 1.0 - 0.25 * cloud * cloud - 0.08 * rain

    sunlight = SUNLIGHT * _smooth(-1.0, 9.0, high) * (1.0 - 0.97 * cloud)
    direct = sunlight * _mixed(_WHITE, _LOW_SUN, low)
    ambient = AMBIENT * (1.0 - 0.22 * low) * (1.0 + 0.3 * cloud) * grey
    sky_light = ambient * _mixed(_WHITE, _DUSK, low * (1.0 - 0.6 * cloud))
    light = _mixed(_MOON * (1.0 + 0.5 * cloud), sky_light, day)

    sky = _CLEAR + low * (1.0 - 0.7 * cloud) * (_SUNSET - _CLEAR)
    sky = (sky + cloud * (_CLOUDY * (1.0 - 0.16 * low) - sky)) * (grey + 0.08 * cloud)
    sky = _NIGHT * (1.0 + 0.7 * cloud) + day * (sky - _NIGHT * (1.0 + 0.7 * cloud))
    dusty = _DUST * (0.12 + 0.88 * day)
    sky = sky + dust * (np.array([dusty, 0.93 * dusty]) - sky)

    # The noon's faint haze is the horizon's colour; thick fog is greyer than the sky.
    thick = _smooth(5.0, 40.0, w.fog_density)
    mist = np.array([188.0, 193.0, 198.0]) * (0.10 + 0.90 * day) * (1.0 - 0.12 * low)
    # A fog that reaches up hides the sky as well.
    hidden = 0.85 * thick * (1.0 - dust) / (1.0 + w.fog_falloff)
    sky = sky + hidden * (mist * np.array([[1.0], [0.97]]) - sky)
    haze = _mixed(sky[0], mist, 0.8 * thick * (1.0 - dust))
    dense = max(w.fog_density, 0.6 * w.precipitation * 0.1, 70.0 * dust)
    half = 190.0 * (2.0 / max(dense, 0.5)) ** 0.56
    rise = max(w.fog_falloff, 0.0) * 0.12
    veil = 1.0 - 1.0 / (1.0 + (60.0 / half) ** 2)
    around = np.array([1.0, 0.74, 0.42]) if low > 0.5 else np.array([1.0, 0.97, 0.9])
    glow = 150.0 * around * (0.15 + 0.85 * low) * (1.0 - 0.95 * cloud) * _smooth(-6.0, 4.0, high)
    lamps = max(1.0 - _smooth(2.0, 12.0, high), _smooth(0.7, 1.0, rain), _smooth(45, 80, dense))

    def three(values: NDArray[np.float64]) -> FloatArray:
        return np.ascontiguousarray(np.clip(values, 0.0, 255.0), np.float32)

    number = np.float32
    return Air(
        sun=np.ascontiguousarray(sun_direction(w), np.float32),
        direct=three(direct), ambient=three(light), horizon=three(sky[0]), zenith=three(sky[1]),
        haze=three(haze), glow=three(glow), fog_start=number(w.fog_distance),
        fog_half=number(half), fog_rise=number(rise), veil=number(veil), cloud=number(cloud),
        night=number(1.0 - day), lamps=number(lamps),
        wet=number(max(w.wetness, 0.9 * w.precipitation, 0.7 * w.precipitation_deposits) / 100.0),
        puddles=number(w.precipitation_deposits / 100.0), rain=number(rain), dust=number(dust),
        wind=number(0.5 * w.wind_intensity / 100.0),
    )  # fmt: skip


CLEAR_NOON = air_of(Weather().row())
