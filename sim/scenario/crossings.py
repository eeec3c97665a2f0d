"""Events of walkers and cyclists who cross the ego's way."""

from __future__ import annotations

import math

import numpy as np

from roadworthy.sim.road.network import KERB_HEIGHT
from roadworthy.sim.scenario.script import Minds, Mode
from roadworthy.sim.scenario.street import Array, Mark, shifted
from roadworthy.sim.scenario.troupe import BIKE, CRATE, VAN, WALKER, Figure, Troupe

STEP = 0.5  # [m] between points of a crossing path
OVER = 2.0  # [m] beyond the far border where a walker comes to rest


def across(troupe: Troupe, s: float, begin: float, end: float) -> Array:
    """A straight way across the street at `s`, between two laterals."""
    row = troupe.street.at(s)
    count = max(int(abs(end - begin) / STEP), 2)
    laterals = np.linspace(begin, end, count)
    line = shifted(np.repeat(row[None], count, 0), laterals)
    side = 0.5 * math.pi if end > begin else -0.5 * math.pi
    line[:, Mark.YAW] = row[Mark.YAW] + side
    half = 0.5 * float(row[Mark.WIDTH])
    left = far_border(troupe, s)
    line[:, Mark.Z] += np.where((laterals > half) | (laterals < left), KERB_HEIGHT, 0.0)
    line[:, Mark.LANE] = -1.0
    return line


def far_border(troupe: Troupe, s: float) -> float:
    """Lateral [m] of the left border of the road: beyond all driving lanes."""
    street, row = troupe.street, troupe.street.at(s)
    width = float(row[Mark.WIDTH])
    border = -0.5 * width
    for k in range(1, 7):
        beside = street.nearest(row, -k * width, opposite=False, reach=0.4 * width)
        against = street.nearest(row, -k * width, opposite=True, reach=0.4 * width)
        if beside is None and against is None:
            break
        border -= width
    return border


def near_border(troupe: Troupe, s: float) -> float:
    """Lateral [m] of the right border of the road."""
    street, row = troupe.street, troupe.street.at(s)
    width = float(row[Mark.WIDTH])
    border = 0.5 * width
    for k in range(1, 7):
        if street.nearest(row, k * width, opposite=False, reach=0.4 * width) is None:
            break
        border += width
    return border


def cross(
    troupe: Troupe,
    figure: Figure,
    line: Array,
    s: float,
    meet: float,
    delay: float = 0.0,
) -> None:
    """Let somebody cross: it sets out when the ego is `reaction` seconds away from `s`.

    Args:
        troupe: of the event.
        figure: who.
        line: its way.
        s: [m] along the route where the ways cross.
        meet: [m] along its way to there.
        delay: [s] later than the first one.
    """
    speed = troupe.get("speed")
    troupe.add(
        figure,
        line,
        Mode.GO,
        top=speed,
        accel=2.0,
        act_time=max(troupe.get("reaction") - delay, 0.5),
        act_distance=2.0,
        meet_s=s,
        meet_path=meet,
        minds=Minds.EGO,
    )


def step_out(troupe: Troupe, parked: bool) -> None:
    """A walker comes from behind a crate or a parked vehicle."""
    here = troupe.here
    troupe.need_plain(here - 10.0, here + 3.0)
    border = near_border(troupe, here)
    if parked:
        aside, _ = troupe.street.roadside(here - 4.0)
        aside = max(aside, border + 0.5 * VAN.width - 0.45)
        troupe.stand(VAN, here - 0.6 - 0.5 * VAN.length, aside)
        begin = aside + 0.2
    else:
        begin = border + 1.3
        if troupe.get("blocker") > 0.5:
            troupe.stand(CRATE, here - 1.5, border + 0.9, kerb=True)
    line = across(troupe, here, begin, far_border(troupe, here) - OVER)
    cross(troupe, WALKER, line, here, begin)
    troupe.close(here - 25.0, here + 8.0)
    troupe.on_stage(here)


def at_crosswalk(troupe: Troupe) -> None:
    """Three walkers cross at the next crosswalk of the route."""
    street, network = troupe.street, troupe.network
    found = next_crosswalk(troupe)
    if found is None:
        raise troupe.refuse("no crosswalk within 150 m of its trigger")
    s, crossing = found
    x0, y0, x1, y1 = network.crossing_points[crossing].astype(float)
    row = street.at(s)
    lateral = [
        -math.sin(row[Mark.YAW]) * (x - row[Mark.X]) + math.cos(row[Mark.YAW]) * (y - row[Mark.Y])
        for x, y in ((x0, y0), (x1, y1))
    ]
    begin = np.array([[x0, y0], [x1, y1]])[int(np.argmax(lateral))]
    end = np.array([[x0, y0], [x1, y1]])[int(np.argmin(lateral))]
    z = float(network.crossing_z[crossing])
    meet = float(np.hypot(*(begin - row[:2])))
    for k in range(3):
        figure = Figure(WALKER.kind, 0.5, 0.6, 1.6 + 0.1 * k, 70.0, 2 + 4 * k)
        aside = 0.7 * (k - 1)
        troupe_line = straight(begin, end, z, aside)
        cross(troupe, figure, troupe_line, s, meet, 1.0 * k)
    troupe.on_stage(s)


def straight(begin: Array, end: Array, z: float, aside: float) -> Array:
    """A straight line between two points, moved to its right."""
    way = end - begin
    length = float(np.hypot(*way))
    count = max(int(length / STEP), 2)
    share = np.linspace(0.0, 1.0, count)
    line = np.zeros((count, len(Mark)))
    yaw = math.atan2(way[1], way[0])
    line[:, Mark.X] = begin[0] + way[0] * share - math.sin(yaw) * aside
    line[:, Mark.Y] = begin[1] + way[1] * share + math.cos(yaw) * aside
    line[:, Mark.Z], line[:, Mark.YAW] = z, yaw
    line[:, Mark.S], line[:, Mark.LANE] = share * length, -1.0
    return line


def next_crosswalk(troupe: Troupe) -> tuple[float, int] | None:
    """The first crosswalk at least 40 m behind the trigger: route position and number."""
    street, network = troupe.street, troupe.network
    for row in street.line:
        ahead = row[Mark.S] - troupe.event.s
        if ahead < 40.0 or row[Mark.LANE] < 0 or row[Mark.S] > street.length - 5.0:
            continue
        if ahead > 150.0:
            break
        lane = int(row[Mark.LANE])
        for k in range(network.crosslane_start[lane], network.crosslane_start[lane + 1]):
            middle = float(network.crosslane_s[k].mean())
            if abs(middle - row[Mark.LANE_S]) < 0.8:
                return float(row[Mark.S]), int(network.crosslane_crossing[k])
    return None


def behind_turn(troupe: Troupe, bike: bool) -> None:
    """Somebody crosses the street that the ego turns into."""
    street = troupe.street
    junction = street.junction_after(troupe.event.s)
    if junction is None or junction[0] - troupe.event.s > 150.0:
        raise troupe.refuse("no junction within 150 m of its trigger")
    if abs(street.bend(junction[0] - 1.0, junction[1] + 1.0)) < 0.6:
        raise troupe.refuse("the route does not turn at the next junction")
    here = junction[1] + 5.0
    if here + 5.0 > street.length:
        raise troupe.refuse("the route ends too soon behind the junction")
    begin = near_border(troupe, here) + 1.3
    line = across(troupe, here, begin, far_border(troupe, here) - OVER)
    cross(troupe, BIKE if bike else WALKER, line, here, begin)
    troupe.on_stage(here)
