"""Kinds of vehicles: how big and heavy they are, and what their drivers ask of them.

Sizes span those of CARLA's blueprints of the kind. Accelerations, brakes and top speeds keep the
proportions of SUMO's vehicle classes (sumo.dlr.de/docs/Vehicle_Type_Parameter_Defaults.html),
scaled from the car, whose values are IDM's for city traffic (Treiber, Kesting: Traffic Flow
Dynamics, table 11.2). Masses are kerb weights of such vehicles with a driver.
"""

from __future__ import annotations

from enum import IntEnum

from roadworthy.sim.kernel import inlined_kernel, kernel
from roadworthy.sim.traffic.chance import draw
from roadworthy.sim.world.columns import Actor, Tuning
from roadworthy.sim.world.layout import State

LENGTH, WIDTH, HEIGHT, KIND, COLOR, TEMPER, MASS = (
    int(Actor.LENGTH),
    int(Actor.WIDTH),
    int(Actor.HEIGHT),
    int(Actor.KIND),
    int(Actor.COLOR),
    int(Actor.TEMPER),
    int(Actor.MASS),
)


class Driver(IntEnum):
    """Columns of `State.driver`: what a driver does with the vehicle, fixed at its birth."""

    ACCEL = 0  # [m/s^2] taken on a free road
    HEADWAY = 1  # [s] kept to the leader
    CLOSING = 2  # [s^2/m] 1 / (2 sqrt(ACCEL * comfortable brake)), IDM's factor
    HARDEST = 3  # [m/s^2] the brakes give
    PACE = 4  # share of the speed limit that is driven
    TOP_SPEED = 5  # [m/s]
    MARGIN = 6  # [s] left to who has the right of way
    BRAVERY = 7  # [m/s^2] braking that a lane change may ask of the one behind


D_ACCEL, D_HEADWAY, D_CLOSING, D_HARDEST, D_PACE, D_TOP, D_MARGIN, D_BRAVERY = map(int, Driver)
T_TEMPER = int(Tuning.TEMPER)
COMFORT_BRAKE = 2.5  # [m/s^2]

# By Kind, cars to bicycles; a drawn number in [0, 1) picks the size within the kind.
SHARE = (0.76, 0.86, 0.91, 0.93, 0.97, 1.0)  # cumulative, of the vehicles in traffic
LENGTH_FROM = (3.7, 4.5, 5.2, 10.3, 2.0, 1.6)  # [m]
LENGTH_RANGE = (1.3, 1.5, 3.3, 0.0, 0.35, 0.25)
WIDTH_FROM = (1.75, 1.95, 2.4, 2.5, 0.75, 0.5)
WIDTH_RANGE = (0.2, 0.1, 0.15, 0.0, 0.1, 0.1)
HEIGHT_FROM = (1.42, 2.0, 2.6, 3.2, 1.5, 1.65)
HEIGHT_RANGE = (0.3, 0.6, 1.0, 0.0, 0.15, 0.15)
MASS_FROM = (1050.0, 1700.0, 4500.0, 12000.0, 220.0, 82.0)  # [kg]
MASS_RANGE = (900.0, 1600.0, 7500.0, 0.0, 160.0, 12.0)
ACCEL_SHARE = (1.0, 0.9, 0.55, 0.5, 1.4, 0.5)  # of a car's
HARDEST_BRAKE = (8.0, 8.0, 6.5, 6.5, 8.0, 5.0)  # [m/s^2]
PACE_SHARE = (1.0, 1.0, 0.92, 0.92, 1.0, 1.0)  # of the speed limit
TOP_SPEED = (50.0, 45.0, 25.0, 23.6, 50.0, 5.5)  # [m/s]


@kernel
def draw_kind(share: float) -> int:
    """Kind that belongs to a number in [0, 1)."""
    for kind in range(len(SHARE)):
        if share < SHARE[kind]:
            return kind
    return 0


@kernel
def draw_temper(w: int, state: State) -> float:
    """Draw how hasty somebody is, [0, 1], shifted by what the drive drew."""
    return min(max(draw(w, state) + state.tuning[w, T_TEMPER], 0.0), 1.0)


@inlined_kernel
def dress_vehicle(w: int, a: int, state: State) -> None:
    """Draw kind, size, mass, colour and temper of actor `a`, and what its driver makes of them."""
    me = state.actors[w, a]
    kind, size = draw_kind(draw(w, state)), draw(w, state)
    me[KIND] = kind
    me[LENGTH] = LENGTH_FROM[kind] + LENGTH_RANGE[kind] * size
    me[WIDTH] = WIDTH_FROM[kind] + WIDTH_RANGE[kind] * size
    me[HEIGHT] = HEIGHT_FROM[kind] + HEIGHT_RANGE[kind] * size
    me[MASS] = MASS_FROM[kind] + MASS_RANGE[kind] * size
    me[COLOR] = float(int(draw(w, state) * 16.0))
    me[TEMPER] = draw_temper(w, state)
    train_driver(w, a, state)


@inlined_kernel
def train_driver(w: int, a: int, state: State) -> None:
    """Fill `State.driver` from an actor's kind and temper (0 calm, 1 hasty)."""
    me, driver = state.actors[w, a], state.driver[w, a]
    kind, temper = int(me[KIND]), me[TEMPER]
    accel = (1.4 + 0.8 * temper) * ACCEL_SHARE[kind]
    driver[D_ACCEL] = accel
    driver[D_HEADWAY] = 1.6 - 0.7 * temper
    driver[D_CLOSING] = 0.5 / (accel * COMFORT_BRAKE) ** 0.5
    driver[D_HARDEST] = HARDEST_BRAKE[kind]
    driver[D_PACE] = (0.85 + 0.25 * temper) * PACE_SHARE[kind]
    driver[D_TOP] = TOP_SPEED[kind]
    driver[D_MARGIN] = 1.8 - 1.3 * temper
    driver[D_BRAVERY] = 1.5 + 2.0 * temper
