"""Events at junctions: who comes from the side, through whom the ego turns, who stands behind."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from roadworthy.sim.road.network import Control
from roadworthy.sim.scenario.script import Cast, Minds, Mode
from roadworthy.sim.scenario.street import Array, Mark, chain, cut, shifted
from roadworthy.sim.scenario.troupe import BIKE, CAR, Troupe
from roadworthy.sim.scenario.ways import Way, joined, lights_of, ways_of
from roadworthy.sim.world.columns import Light

NEAREST, FARTHEST = 45.0, 110.0  # [m] from the trigger to the junction
UPSTREAM = 45.0  # [m] before the junction where others appear, at least
SIDE_NEAREST = 25.0  # [m] likewise, of one who comes from the side
LONGEST = 140.0  # [m] and at most
BEYOND = 90.0  # [m] behind the junction where they vanish
EARLY = 3.0  # [s] before the ego the first one of a flow is at the junction
TURN = 0.6  # [rad] less is straight on


@dataclass(frozen=True, eq=False)
class Junction:
    """The junction ahead of an event's trigger."""

    begin: float  # [m] along the route
    end: float
    turn: float  # [rad] of the ego, positive to the right
    lights: list[int]  # that govern the ego
    control: int  # Control at the ego's approach
    ways: list[Way]


def junction_of(troupe: Troupe) -> Junction:
    """Find the junction ahead.

    Raises:
        EventError: there is none within reach.
    """
    street, network, s = troupe.street, troupe.network, troupe.event.s
    found = street.junction_after(s)
    if found is None or not NEAREST <= found[0] - s <= FARTHEST:
        raise troupe.refuse(f"no junction begins {NEAREST:.0f} to {FARTHEST:.0f} m ahead")
    begin, end = found
    if end + 15.0 > street.length:
        raise troupe.refuse("the route ends too soon behind the junction")
    lanes = [street.lane(begin - 2.0), street.lane(begin + 0.5)]
    control = int(network.lane_control[lanes[1]])
    turn = street.bend(begin - 0.5, end + 0.5)
    lights = lights_of(network, (lanes[0], lanes[1]))
    return Junction(begin, end, turn, lights, control, ways_of(street, begin, end))


def need_light(troupe: Troupe, junction: Junction, wanted: bool) -> None:
    """Refuse a junction that has lights and should not, or the other way round."""
    if bool(junction.lights) != wanted:
        raise troupe.refuse("the next junction has " + ("no lights" if wanted else "lights"))


def give_green(troupe: Troupe, junction: Junction, also: Way | None = None) -> None:
    """Hold the ego's light green, and that of another way; all others of the junction red."""
    network = troupe.network
    green = set(junction.lights)
    if also is not None:
        green |= set(lights_of(network, (also.entry, *also.lanes)))
    groups = {int(network.signal_group[k]) for k in green if network.signal_group[k] >= 0}
    for signal in np.flatnonzero(np.isin(network.signal_group, sorted(groups))).tolist():
        light = Light.GREEN if signal in green else Light.RED
        troupe.hold_light(signal, light, junction.end + 2.0)


def line_of(troupe: Troupe, way: Way, upstream: float) -> tuple[Array, float]:
    """A way with its approach and what follows; and [m] along it where the junction begins."""
    network = troupe.network
    approach = joined(network, (way.entry,))
    length = float(network.lane_length[way.entry])
    approach[:, Mark.S] -= length
    before = chain(network, way.entry, max(upstream - length, 0.0), backward=True)
    before[:, Mark.S] -= length
    inside = float(way.line[-1, Mark.S])
    beyond = chain(network, way.lanes[-1], BEYOND)
    beyond[:, Mark.S] += inside
    line = np.concatenate([before, approach, way.line, beyond])
    line = line[np.concatenate([[True], np.diff(line[:, Mark.S]) > 0.02])]
    if -line[0, Mark.S] < min(upstream, UPSTREAM):
        raise troupe.refuse("the street that others come from is too short")
    line = cut(line, -upstream, inside + BEYOND)
    return line, float(-line[0, Mark.S])


def pick(troupe: Troupe, ways: list[Way], what: str) -> Way:
    """The way that leads on the straightest.

    Raises:
        EventError: there is none.
    """
    if not ways:
        raise troupe.refuse(f"at the next junction there is {what}")
    return min(ways, key=lambda way: (abs(way.turn), way.entry, way.lanes))


def from_side(troupe: Troupe, signalized: bool) -> None:
    """A vehicle from the left or right drives on although the ego goes first."""
    junction = junction_of(troupe)
    need_light(troupe, junction, signalized)
    if abs(junction.turn) > TURN:
        raise troupe.refuse("the route does not go straight on at the next junction")
    if not signalized and junction.control != Control.NONE:
        raise troupe.refuse("the ego has no right of way at the next junction")
    side = round(troupe.get("direction"))
    crossing = [
        way
        for way in junction.ways
        if 0.8 < abs(way.angle) < 2.4
        and math.isfinite(way.meet)
        and not way.merges
        and (side == 0 or (side < 0) == (way.angle > 0))
    ]
    way = pick(troupe, crossing, "nobody who could come from that side")
    speed = troupe.get("speed")
    time = (way.meet_s - troupe.event.s) / max(troupe.limit(troupe.event.s), 5.0)
    upstream = min(max(speed * (time - 0.5) - way.meet, SIDE_NEAREST), UPSTREAM + 5.0)
    line, before = line_of(troupe, way, upstream)
    own = before + way.meet
    troupe.add(
        CAR,
        line,
        Mode.SYNC,
        slow=False,
        top=speed,
        low=0.5 * speed,
        accel=3.0,
        meet_s=way.meet_s,
        meet_path=own,
        begin_speed=0.7 * speed,
        act_distance=1e6,
        minds=Minds.LEADERS,
        clears=1.0,
        vanishes=1.0,
    )
    if signalized:
        give_green(troupe, junction)
    troupe.on_stage(junction.end)


def priority(troupe: Troupe) -> None:
    """The ego's light is green when it comes."""
    junction = junction_of(troupe)
    need_light(troupe, junction, True)
    give_green(troupe, junction)
    troupe.on_stage(junction.end, 10.0)


def turn_through(troupe: Troupe, left: bool, signalized: bool) -> None:
    """The ego turns left through an oncoming flow, or right into one from the left."""
    junction = junction_of(troupe)
    need_light(troupe, junction, signalized)
    if (junction.turn > -TURN) if left else (junction.turn < TURN):
        raise troupe.refuse("the route does not turn " + ("left" if left else "right") + " there")
    if left:
        ways = [w for w in junction.ways if abs(w.angle) > 2.4 and math.isfinite(w.meet)]
        way = pick(troupe, [w for w in ways if abs(w.turn) < TURN], "no oncoming traffic")
    else:
        ways = [w for w in junction.ways if 0.8 < w.angle < 2.4 and w.merges]
        way = pick(troupe, [w for w in ways if abs(w.turn) < TURN], "no traffic from the left")
    if signalized:
        give_green(troupe, junction, way)
    flow_in(troupe, junction, way)


def flow_in(troupe: Troupe, junction: Junction, way: Way) -> None:
    """Let the flow of the event come along a way, so that it meets the ego."""
    speed = troupe.get("flow_speed")
    arrival = (junction.begin - troupe.event.s) / max(0.8 * troupe.limit(troupe.event.s), 4.0)
    first = (arrival - EARLY) * speed  # so that the ego comes into the middle of the flow
    line, _ = line_of(troupe, way, min(max(first, UPSTREAM), LONGEST))
    troupe.flow(line, CAR, int(troupe.get("count")), speed, troupe.get("interval"))
    for row in troupe.cast:
        row[Cast.CLEARS] = 1.0
    troupe.on_stage(junction.end, 100.0)


def merge(troupe: Troupe) -> None:
    """The ego's lane joins another one on which a flow comes along."""
    junction = junction_of(troupe)
    ways = [w for w in junction.ways if w.merges and abs(w.angle) < 0.8 and abs(w.turn) < TURN]
    flow_in(troupe, junction, pick(troupe, ways, "no lane that the route's joins"))


def blocked_exit(troupe: Troupe) -> None:
    """Behind the junction somebody stands, until the ego has waited there."""
    junction = junction_of(troupe)
    if abs(junction.turn) < TURN:
        raise troupe.refuse("the route does not turn at the next junction")
    begin = junction.end + 6.0
    if begin + 20.0 > troupe.street.length:
        raise troupe.refuse("the route ends too soon behind the junction")
    troupe.add(
        CAR,
        troupe.line(begin, begin + 260.0),
        Mode.BLOCK,
        slow=False,
        top=1.1 * troupe.limit(begin),
        accel=2.5,
        hold=troupe.get("hold"),
        meet_s=begin,
        minds=Minds.LEADERS | Minds.LIGHTS,
        vanishes=1.0,
    )
    troupe.close(junction.end - 2.0, begin + 8.0)
    troupe.on_stage(begin, 250.0)


def bicycles(troupe: Troupe) -> None:
    """Cyclists at the right ride straight on while the ego turns right."""
    junction = junction_of(troupe)
    if junction.turn < TURN:
        raise troupe.refuse("the route does not turn right at the next junction")
    street = troupe.street
    half = 0.5 * float(street.at(junction.begin)[Mark.WIDTH])
    approach = cut(street.line, junction.begin - 30.0, junction.begin)
    count = int(junction.end - junction.begin + 12.0)
    beyond = np.repeat(approach[-1][None], count, 0)
    along = np.arange(1.0, count + 1.0)
    beyond[:, Mark.X] += np.cos(beyond[:, Mark.YAW]) * along
    beyond[:, Mark.Y] += np.sin(beyond[:, Mark.YAW]) * along
    beyond[:, Mark.S] += along
    line = np.concatenate([approach, beyond])
    line[:, Mark.S] -= line[0, Mark.S]
    line[:, Mark.LANE] = -1.0
    line = shifted(line, half + 0.8)
    ego = street.line
    ego = ego[(ego[:, Mark.S] >= junction.begin) & (ego[:, Mark.S] <= junction.end + 4.0)]
    gaps = np.hypot(line[:, None, 0] - ego[None, :, 0], line[:, None, 1] - ego[None, :, 1])
    own, ego_at = np.unravel_index(int(gaps.argmin()), gaps.shape)
    if gaps.min() > 2.0:
        raise troupe.refuse("the way of the cyclists does not cross the route")
    speed, interval = troupe.get("flow_speed"), troupe.get("interval")
    meet = float(line[own, Mark.S])
    for k in range(int(troupe.get("count"))):
        troupe.add(
            BIKE,
            line,
            Mode.GO,
            begin=max(6.0 - 3.0 * k, 0.0),
            top=speed,
            accel=1.5,
            meet_s=float(ego[ego_at, Mark.S]),
            act_time=max(meet / speed + 1.0 - interval * k, 1.0),
            act_distance=1.0,
            minds=Minds.EGO,
            vanishes=1.0,
        )
    if junction.lights:
        give_green(troupe, junction)
    troupe.on_stage(junction.end)
