"""The PDM score of navsim, and nuPlan's measures that it is made of, for closed-loop drives.

    PDMS  = NC * DAC * (5 TTC + 5 EP + 2 C) / 12                              (navsim 1)
    EPDMS = NC * DAC * DDC * TLC * (5 EP + 5 TTC + 2 LK + 2 HC) / 14          (navsim 2, in part)

A drive is cut into scenes of about 15 s, as long as nuPlan's are. Each measure is taken of each
scene, the formulas hold in each scene, and a drive's figures are means over its scenes.

- NC, no at-fault collision: 0 where the ego ran into a road user, 0.5 where into a thing.
- DAC, drivable area: 0 where a corner of the ego left the driving lanes by over 0.3 m.
- DDC, driving direction: 0.5 from 2 m and 0 from 6 m driven against the lane within 1 s.
- TLC, traffic lights: 0 where it ran a red light.
- TTC, time to collision: 0 where, both going straight on, it touches somebody ahead in 0.9 s.
- EP, progress: metres of route driven as a share of what the traffic drove in that time.
- LK, lane keeping: 0 where it was over 0.5 m beside the middle of its lane for over 2 s.
- C and HC, comfort: 1 where nuPlan's six bounds were kept; `metrics/comfort.py`.

Different from the sources, which score one plan of 4 s against a recording: nobody else's drive
is there to compare with, so EP is relative to the mean speed of the traffic (or the speed limit
where there is none), and nothing is forgiven because a human did it, too. EPDMS's EC, the
comfort of two plans that follow each other, is left out with its weight of 2: agents need not
tell their plans. The drivable area is that of the driving lanes; within junctions all of it.

Sources: `autonomousvision/navsim`, `docs/metrics.md` and `pdm_scorer.py` (Apache-2.0);
`motional/nuplan-devkit`, `planning/metrics`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from roadworthy.agents.evaluation.metrics.comfort import (
    FILTER_WINDOW,
    Motion,
    is_comfortable,
)

Series = NDArray[np.float64]

SCENE = 15.0  # [s]
AGAINST = ((6.0, 0.0), (2.0, 0.5))  # [m] within AGAINST_TIME -> DDC
AGAINST_TIME = 1.0  # [s]
KEEP_DISTANCE = 0.5  # [m] beside the middle of the lane
KEEP_TIME = 2.0  # [s]
LITTLE_PROGRESS = 5.0  # [m] where there is no more to make, EP is 1
HIT_THING, HIT_USER = 1.0, 2.0  # of Trace.fault


@dataclass(frozen=True, eq=False)
class Trace:
    """What a drive's measures are taken of, one sample every `step` seconds, [N] each."""

    step: float  # [s]
    longitudinal: Series  # [m/s^2] forward
    lateral: Series  # [m/s^2] to the right
    yaw: Series  # [rad]
    progress: Series  # [m] farthest place on the route
    traffic: Series  # [m/s] mean speed of the traffic; NaN where there is none
    limit: Series  # [m/s] speed limit
    junction: Series  # 1 within a junction
    on_road: Series  # 1 with all corners on driving lanes
    closing: Series  # 1 where it would touch somebody ahead
    beside: Series  # [m] to the right of the middle of the lane
    against: Series  # [m] driven against the lane in this sample
    fault: Series  # HIT_USER or HIT_THING where it ran into one, else 0
    red: Series  # 1 where it ran a red light

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.yaw)

    def between(self, first: int, last: int) -> Trace:
        """Samples `first` to `last - 1`."""
        series = [getattr(self, f.name)[first:last] for f in fields(self)[1:]]
        return Trace(self.step, *series)


@dataclass(frozen=True, slots=True)
class Marks:
    """The measures of one scene, each in [0, 1]."""

    no_collision: float
    drivable_area: float
    direction: float
    traffic_light: float
    time_to_collision: float
    progress: float
    lane_keeping: float
    comfort: float

    @property
    def pdms(self) -> float:
        """The PDM score of navsim 1, [0, 1]."""
        hard = self.no_collision * self.drivable_area
        return hard * (5 * self.time_to_collision + 5 * self.progress + 2 * self.comfort) / 12

    @property
    def epdms(self) -> float:
        """The extended PDM score of navsim 2 without EC, [0, 1]."""
        hard = self.no_collision * self.drivable_area * self.direction * self.traffic_light
        soft = 5 * self.progress + 5 * self.time_to_collision
        return hard * (soft + 2 * self.lane_keeping + 2 * self.comfort) / 14


def marks(trace: Trace) -> Marks:
    """Measure one scene of at least one sample."""
    return Marks(
        no_collision=1.0 - 0.5 * float(trace.fault.max()),
        drivable_area=float(trace.on_road.all()),
        direction=_direction(trace),
        traffic_light=float(not trace.red.any()),
        time_to_collision=float(not trace.closing.any()),
        progress=_progress(trace),
        lane_keeping=_lane_keeping(trace),
        comfort=_comfort(trace),
    )


def scenes(trace: Trace) -> list[Trace]:
    """Cut a drive into scenes of about SCENE seconds, equally long but for a sample."""
    count = max(1, round(len(trace) * trace.step / SCENE))
    cuts = [round(k * len(trace) / count) for k in range(count + 1)]
    return [trace.between(a, b) for a, b in pairwise(cuts)]


def measure(trace: Trace) -> dict[str, float]:
    """Figures of a drive.

    Returns:
        `pdms` and `epdms` [0, 100], and each measure of Marks as `pdm_...` [0, 1]. Of a drive
        that never began the two scores are 0, and there is no measure.
    """
    if len(trace) == 0:
        return {"pdms": 0.0, "epdms": 0.0}
    told = [marks(scene) for scene in scenes(trace)]
    found = {
        "pdms": [100.0 * one.pdms for one in told],
        "epdms": [100.0 * one.epdms for one in told],
    }
    for field in fields(Marks):
        found[f"pdm_{field.name}"] = [getattr(one, field.name) for one in told]
    return {name: sum(values) / len(values) for name, values in found.items()}


def _direction(trace: Trace) -> float:
    window = max(round(AGAINST_TIME / trace.step), 1)
    most = float(np.convolve(trace.against, np.ones(window)).max())
    return next((mark for distance, mark in AGAINST if most >= distance), 1.0)


def _progress(trace: Trace) -> float:
    others = np.where(np.isfinite(trace.traffic), trace.traffic, trace.limit)
    reference = float(others.sum() * trace.step)
    if reference < LITTLE_PROGRESS:
        return 1.0
    made = float(trace.progress[-1] - trace.progress[0])
    return min(max(made / reference, 0.0), 1.0)


def _lane_keeping(trace: Trace) -> float:
    beside = (np.abs(trace.beside) > KEEP_DISTANCE) & (trace.junction == 0.0)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], beside.astype(np.int8), [0]])))
    runs = edges[1::2] - edges[::2]
    return float(not (runs * trace.step > KEEP_TIME + 1e-9).any())


def _comfort(trace: Trace) -> float:
    if len(trace) < FILTER_WINDOW:
        return 1.0
    return float(is_comfortable(Motion(trace.step, trace.longitudinal, trace.lateral, trace.yaw)))
