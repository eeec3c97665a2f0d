"""What was hit: it slides to rest, lies in the way for a while, and is taken away."""

from __future__ import annotations

import math

from roadworthy.sim.angles import wrap_angle
from roadworthy.sim.kernel import inlined_kernel, kernel
from roadworthy.sim.physics.tyres import GRAVITY, SLIDING, road_friction, slowed
from roadworthy.sim.road.network import Point
from roadworthy.sim.traffic.lookup import nearest_driving_point
from roadworthy.sim.world.columns import Actor, Kind, Mover, Tuning
from roadworthy.sim.world.ego import SPIN_BRAKE
from roadworthy.sim.world.layout import FloatArray, Roads, Rules, State

X, Y, Z, YAW, SPEED, ACCEL, YAW_RATE, LENGTH, KIND, BRAKE, ALIVE = (
    int(Actor.X),
    int(Actor.Y),
    int(Actor.Z),
    int(Actor.YAW),
    int(Actor.SPEED),
    int(Actor.ACCEL),
    int(Actor.YAW_RATE),
    int(Actor.LENGTH),
    int(Actor.KIND),
    int(Actor.BRAKE),
    int(Actor.ALIVE),
)
LANE, S, LATERAL, NEXT_LANE, TIMER, GOAL, MOVER, OTHER_LANE = (
    int(Actor.LANE),
    int(Actor.S),
    int(Actor.LATERAL),
    int(Actor.NEXT_LANE),
    int(Actor.TIMER),
    int(Actor.GOAL),
    int(Actor.MOVER),
    int(Actor.OTHER_LANE),
)
SLIDE_X, SLIDE_Y = int(Actor.SLIDE_X), int(Actor.SLIDE_Y)
P_X, P_Y, P_YAW, P_S, P_WIDTH = (
    int(Point.X),
    int(Point.Y),
    int(Point.YAW),
    int(Point.S),
    int(Point.WIDTH),
)
LOOSE, TRAFFIC = int(Mover.LOOSE), int(Mover.TRAFFIC)
WALKER = int(Kind.WALKER)
T_FRICTION = int(Tuning.FRICTION)

CLEARED = 20.0  # [s] what came to rest lies in the way before it is taken away
LOOK_TICKS = 4  # a sliding body's lane is looked up so often, and when it has come to rest


@kernel
def find_lane(me: FloatArray, roads: Roads) -> None:
    """Note the lane that a vehicle or a prop is on, so that the traffic sees it there."""
    p = nearest_driving_point(roads, me[X], me[Y], me[Z], me[YAW], math.pi)
    lane = -1
    if p >= 0:
        near = roads.points[p]
        dx, dy = me[X] - near[P_X], me[Y] - near[P_Y]
        lateral = math.cos(near[P_YAW]) * dy - math.sin(near[P_YAW]) * dx
        if abs(lateral) < 0.5 * near[P_WIDTH] + 0.5:
            lane = roads.point_lane[p]
            along = math.cos(near[P_YAW]) * dx + math.sin(near[P_YAW]) * dy
            me[S] = min(max(near[P_S] + along, 0.0), roads.lane_length[lane])
            me[LATERAL] = lateral
    if lane == int(me[LANE]):
        return
    me[LANE], me[NEXT_LANE], me[OTHER_LANE], me[GOAL] = lane, -1.0, -1.0, -1.0


@kernel
def _slide(w: int, me: FloatArray, dt: float, state: State) -> None:
    """Move a loose body by one tick; what skids is braked by mu g."""
    me[X] += me[SLIDE_X] * dt
    me[Y] += me[SLIDE_Y] * dt
    me[YAW] = wrap_angle(me[YAW] + me[YAW_RATE] * dt)
    friction = road_friction(state.weather[w]) * state.tuning[w, T_FRICTION]
    slide = math.sqrt(me[SLIDE_X] * me[SLIDE_X] + me[SLIDE_Y] * me[SLIDE_Y])
    left = slowed(slide, SLIDING * GRAVITY * friction * dt)
    share = left / slide if slide > 0.0 else 0.0
    me[SLIDE_X] *= share
    me[SLIDE_Y] *= share
    me[YAW_RATE] = slowed(me[YAW_RATE], SPIN_BRAKE / max(me[LENGTH], 1.0) * friction * dt)
    before = me[SPEED]
    me[SPEED] = me[SLIDE_X] * math.cos(me[YAW]) + me[SLIDE_Y] * math.sin(me[YAW])
    me[ACCEL] = (me[SPEED] - before) / dt
    me[BRAKE] = 1.0


@inlined_kernel
def slide(w: int, roads: Roads, state: State, rules: Rules) -> None:
    """Move all loose actors by one tick, and take away those that have lain long enough."""
    for a in range(1, rules.everybody):
        me = state.actors[w, a]
        if me[MOVER] != LOOSE or me[ALIVE] == 0.0:
            continue
        if me[SLIDE_X] != 0.0 or me[SLIDE_Y] != 0.0 or me[YAW_RATE] != 0.0:
            _slide(w, me, rules.tick, state)
            me[TIMER] = 0.0
            rests = me[SLIDE_X] == 0.0 and me[SLIDE_Y] == 0.0 and me[YAW_RATE] == 0.0
            looks = rests or (state.frame[w] + a) % LOOK_TICKS == 0
            if looks and a < rules.first_walker:
                find_lane(me, roads)
        else:
            me[TIMER] += rules.tick
            me[ACCEL] = 0.0
        staged = rules.vehicles < a < rules.first_walker
        if me[TIMER] > CLEARED and not staged:
            if a >= rules.first_walker and me[GOAL] >= 0.0:
                state.crossing_busy[w, int(me[GOAL]) // 2] -= 1
                me[GOAL] = -1.0
            # An empty slot: the traffic puts somebody somewhere else into it.
            me[ALIVE], me[MOVER], me[TIMER] = 0.0, TRAFFIC, 0.0
