"""What comes back to a lidar: points with noise and drop-off, or labels.

Shape law: C channels, K columns, N returns, channel by channel.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.kernel import kernel
from roadworthy.sim.rng import mix
from roadworthy.sim.sensors.fan import Fan
from roadworthy.sim.sensors.lanes import LANES
from roadworthy.sim.sensors.specs import LidarSpec
from roadworthy.sim.weather import WeatherColumn

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int32]

RATED = 0.1  # reflectivity of what a lidar just sees at its range in clear air
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_S12, _S24, _S36, _S48 = np.uint64(12), np.uint64(24), np.uint64(36), np.uint64(48)
_LOW12 = np.uint64(0xFFF)


class Loss(NamedTuple):
    """How returns are blurred and lost."""

    noise: float  # [m] standard deviation along the ray
    dropout: float  # share that is lost for no reason
    limit: float  # intensity from which on none is lost to dimness
    dim: float  # share of those without intensity that is lost
    extinction: float  # [1/m] of the air


def loss_of(spec: LidarSpec, weather: FloatArray | None) -> Loss:
    """Put together what a lidar's settings and the weather take away.

    Extinction of fog by Koschmieder's law, 3.912 / visibility, with a visibility of 4 km at
    fog_density 10 that falls to 50 m at 100 (dense fog begins at 200 m); below 10 the air counts
    as clear. Of rain by Carbonneau and Wisely (1998), 1.076 R^0.67 dB/km, with R = 50 mm/h at a
    precipitation of 100. Rain also takes up to 5 % more returns (drops on the lens; our choice).
    CARLA's own lidar does not see the weather.

    Args:
        spec: of the lidar.
        weather: float32 [WeatherColumn]; None is clear.
    """
    extinction, lost = 0.0, 0.0
    if weather is not None:
        fog = float(weather[WeatherColumn.FOG_DENSITY])
        rain = float(weather[WeatherColumn.PRECIPITATION]) / 100.0
        if fog > 10.0:
            extinction += 3.912 / (4000.0 * (50.0 / 4000.0) ** ((fog - 10.0) / 90.0))
        if rain > 0.0:
            extinction += 1.076 * (50.0 * rain) ** 0.67 * math.log(10.0) / 10.0 / 1000.0
            lost = 0.05 * rain
    return Loss(
        spec.noise,
        1.0 - (1.0 - spec.dropout) * (1.0 - lost),
        max(spec.dropoff_intensity_limit, 1e-6),
        spec.dropoff_zero_intensity,
        extinction,
    )


@kernel
def collect(
    recip: FloatArray,
    number: IntArray,
    fan: Fan,
    intensity: FloatArray,
    actor_intensity: FloatArray,
    decay: FloatArray,
    loss: Loss,
    key: np.uint64,
    scratch: FloatArray,
    points: FloatArray,
) -> int:
    """Turn hits into points with noise; returns how many.

    A return is lost at random (`loss.dropout`), for its dimness as CARLA has it
    (RayCastLidar.cpp, PostprocessDetection), and where the air leaves less of it than a target of
    RATED reflectivity sends back from the lidar's range in clear air.
    """
    columns = recip.shape[1] - LANES
    still = len(intensity)
    lost = np.uint64(loss.dropout * 65536.0)
    spread = np.float32(1.0 / max(65536.0 - loss.dropout * 65536.0, 1.0))
    exact = loss.extinction > 0.0 or loss.dim > 0.0
    count = 0
    x, y, z, away, chance = scratch[0], scratch[1], scratch[2], scratch[3], scratch[4]
    for channel in range(len(recip)):
        slope = fan.tangent[channel]
        stretch = np.float32(np.sqrt(1.0 + slope * slope))
        # The sum of four uniform numbers is nearly normal: variance 4 / 12 of their range.
        gain = np.float32(loss.noise * 1.7320508 / stretch)
        reach = np.float32(fan.reach) / stretch
        begin = np.uint64(channel * columns + 1)
        # Without branches, so that the compiler does several rays at once.
        for k in range(columns):
            bits = mix(key + _GOLDEN * (begin + np.uint64(k)))
            total = (bits & _LOW12) + ((bits >> _S12) & _LOW12)
            total += ((bits >> _S24) & _LOW12) + ((bits >> _S36) & _LOW12)
            h = np.float32(1.0) / recip[channel, k]
            left = np.float32(np.int64((bits >> _S48) - lost)) * spread
            keep = (h <= reach) & ((bits >> _S48) >= lost)
            away[k] = h * stretch if keep else np.float32(-1.0)
            chance[k] = left  # uniform in [0, 1) where the return was kept
            h += gain * (np.float32(np.int64(total)) * np.float32(1.0 / 4096.0) - np.float32(2.0))
            x[k], y[k], z[k] = h * fan.cosine[k], h * fan.sine[k], h * slope
        for k in range(columns):
            d = away[k]
            if d < 0.0:
                continue
            t = number[channel, k]
            value = intensity[t] if t < still else actor_intensity[t - still]
            power = value * decay[int(d)]
            if exact:
                ratio = np.float32(fan.reach) / max(d, np.float32(1.0))
                clear = value * ratio * ratio * math.exp(-2.0 * loss.extinction * d)
                if loss.extinction > 0.0 and clear < RATED:
                    continue
                if chance[k] < loss.dim * (1.0 - power / loss.limit):
                    continue
            points[count, 0], points[count, 1], points[count, 2] = x[k], y[k], z[k]
            points[count, 3] = power
            count += 1
    return count


@kernel
def label(
    recip: FloatArray,
    number: IntArray,
    fan: Fan,
    pose: NDArray[np.float64],
    normal: FloatArray,
    tag: NDArray[np.uint8],
    owner: IntArray,
    actor_normal: FloatArray,
    actor_tag: NDArray[np.uint8],
    actor_start: IntArray,
    first_box: int,
    rows: FloatArray,
) -> int:
    """Turn hits into rows of x, y, z, cosine of incidence, object and tag; returns how many."""
    columns = recip.shape[1] - LANES
    still = len(normal)
    count = 0
    for channel in range(len(recip)):
        slope = fan.tangent[channel]
        stretch = np.float32(np.sqrt(1.0 + slope * slope))
        for k in range(columns):
            w = recip[channel, k]
            if w <= 0.0 or stretch > np.float32(fan.reach) * w:
                continue
            h, t = np.float32(1.0) / w, number[channel, k]
            c, s = fan.cosine[k], fan.sine[k]
            if t < still:
                n, what, thing = normal[t], tag[t, 0], owner[t]
                thing = first_box + thing if thing >= 0 else 0
            else:
                n, what = actor_normal[t - still], actor_tag[t - still, 0]
                thing = owner_of(actor_start, t - still)
            rows[count, 0], rows[count, 1], rows[count, 2] = h * c, h * s, h * slope
            dot = 0.0
            for axis in range(3):
                ray = c * pose[1, axis] + s * pose[2, axis] + slope * pose[3, axis]
                dot += n[axis] * ray
            rows[count, 3] = abs(dot) / stretch
            rows[count, 4], rows[count, 5] = thing, what
            count += 1
    return count


@kernel
def owner_of(start: IntArray, triangle: int) -> int:
    """The actor that a triangle of an ActorSoup belongs to."""
    low, high = 0, len(start) - 1
    while high - low > 1:  # the last actor whose first triangle is not beyond
        middle = (low + high) // 2
        if start[middle] <= triangle:
            low = middle
        else:
            high = middle
    return low
