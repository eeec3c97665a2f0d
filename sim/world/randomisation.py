"""Domain randomisation: how far each drive's world may differ from what its settings say.

`Randomisation` holds ranges, `Drawn` what one drive got. What is drawn depends on the key of the
drive alone, from a stream of its own: the traffic's random numbers stay what they were. Without
ranges nothing differs, so an evaluation is what its settings say.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim import rng
from roadworthy.sim.errors import SettingsError
from roadworthy.sim.weather import PRESETS, Weather
from roadworthy.sim.world.columns import Tuning

Range = tuple[float, float]
STREAM = 0x7DA  # number of the stream below a drive's key from which this module draws
_FACTORS = {"throttle_gain", "brake_gain", "steer_gain", "mass", "friction", "green"}


@dataclass(frozen=True, slots=True)
class Drawn:
    """What one drive got; the fields are those of Tuning, and the weather's name."""

    throttle_gain: float
    brake_gain: float
    steer_gain: float
    steer_bias: float
    pedal_lag: float  # [s]
    steer_lag: float  # [s]
    mass: float
    friction: float
    temper: float
    careless: float
    green: float
    noise: float
    weather: str | None = None  # name of a preset; None: none was drawn, or it is not one

    def row(self) -> NDArray[np.float32]:
        """Pack for the kernels, float32 [Tuning]."""
        return np.array([getattr(self, t.name.lower()) for t in Tuning], np.float32)

    @classmethod
    def of_rows(cls, tuning: NDArray[np.float32], weather: NDArray[np.float32]) -> Drawn:
        """Read back from a world, [Tuning] and [WeatherColumn]."""
        values = {t.name.lower(): float(tuning[t]) for t in Tuning}
        names = [n for n, preset in PRESETS.items() if (preset.row() == weather).all()]
        return cls(**values, weather=names[0] if names else None)

    def log(self) -> dict[str, float | str | None]:
        """As plain values, for logs and result files."""
        return {k: round(v, 6) if isinstance(v, float) else v for k, v in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class Randomisation:
    """Ranges (low, high) to draw from, evenly; the defaults change nothing.

    Factors multiply what profile and settings say; the rest is added.
    """

    throttle_gain: Range = (1.0, 1.0)  # factor on the throttle
    brake_gain: Range = (1.0, 1.0)
    steer_gain: Range = (1.0, 1.0)
    steer_bias: Range = (0.0, 0.0)  # added to the steer command
    pedal_lag: Range = (0.0, 0.0)  # [s] beside the profile's
    steer_lag: Range = (0.0, 0.0)  # [s]
    mass: Range = (1.0, 1.0)  # factor on the ego's mass
    friction: Range = (1.0, 1.0)  # factor on the grip of the road
    temper: Range = (0.0, 0.0)  # added to the temper [0, 1] of each driver and walker
    careless: Range = (1.0, 1.0)  # factor on the shares of careless drivers and walkers
    green: Range = (1.0, 1.0)  # factor on the green time of the lights
    noise: Range = (1.0, 1.0)  # factor on the noise of the sensors
    weathers: tuple[str, ...] = ()  # names of weather.PRESETS, one is drawn; none: as it was

    @classmethod
    def wide(cls) -> Randomisation:
        """What training uses: gains within 1.25 (GIGAFLOW), delays to 0.15 s, any weather."""
        gain = (0.8, 1.25)
        return cls(
            throttle_gain=gain,
            brake_gain=gain,
            steer_gain=gain,
            steer_bias=(-0.01, 0.01),
            pedal_lag=(0.0, 0.15),
            steer_lag=(0.0, 0.15),
            mass=gain,
            friction=(0.8, 1.0),
            temper=(-0.3, 0.3),
            careless=(0.0, 2.0),
            green=(0.6, 1.6),
            noise=(0.5, 2.0),
            weathers=tuple(PRESETS),
        )

    def validate(self) -> Randomisation:
        """Return self.

        Raises:
            SettingsError: a range is not one, a factor not above 0, or a weather unknown.
        """
        for field in fields(self):
            if field.name == "weathers":
                continue
            low, high = getattr(self, field.name)
            if not (math.isfinite(low) and math.isfinite(high) and low <= high):
                raise SettingsError(
                    f"randomisation: {field.name} is ({low}, {high}); give (low, high), finite"
                )
            least = {"temper": -1.0, "steer_bias": -1.0}.get(field.name, 0.0)
            if low < least or (field.name in _FACTORS and low <= 0.0) or high > 10.0:
                raise SettingsError(
                    f"randomisation: {field.name} is ({low}, {high}); it must lie in "
                    f"{least:g}..10, and a factor of the car, the road or the lights above 0"
                )
        unknown = [name for name in self.weathers if name not in PRESETS]
        if unknown:
            raise SettingsError(
                f"randomisation: no weather is called {unknown[0]!r}; known are "
                f"{', '.join(PRESETS)}"
            )
        return self

    def draw(self, key: int) -> Drawn:
        """What the drive with this key gets; the same key always gets the same."""
        stream = np.uint64(rng.derive(np.uint64(key), STREAM))
        values = {}
        for i, column in enumerate(Tuning):
            low, high = getattr(self, column.name.lower())
            values[column.name.lower()] = low + (high - low) * float(rng.uniform(stream, i))
        weather = None
        if self.weathers:
            weather = self.weathers[rng.integer(stream, len(Tuning), len(self.weathers))]
        return Drawn(**values, weather=weather)


def weather_of(drawn: Drawn) -> Weather | None:
    """The weather that was drawn; None: as it was."""
    return None if drawn.weather is None else PRESETS[drawn.weather]
