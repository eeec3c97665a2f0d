"""What actors weigh, and their motion as rigid bodies on the ground plane."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.kernel import kernel
from roadworthy.sim.physics.contact import Body
from roadworthy.sim.world.columns import Actor, Kind, Mover, PropModel

X, Y, YAW, SPEED, YAW_RATE, LENGTH, WIDTH, HEIGHT, KIND, COLOR, MOVER = (
    int(Actor.X),
    int(Actor.Y),
    int(Actor.YAW),
    int(Actor.SPEED),
    int(Actor.YAW_RATE),
    int(Actor.LENGTH),
    int(Actor.WIDTH),
    int(Actor.HEIGHT),
    int(Actor.KIND),
    int(Actor.COLOR),
    int(Actor.MOVER),
)
SLIDE_X, SLIDE_Y, MASS = int(Actor.SLIDE_X), int(Actor.SLIDE_Y), int(Actor.MASS)
CAR, VAN, TRUCK, BUS, MOTORCYCLE, BICYCLE, WALKER, PROP = (int(kind) for kind in Kind)
CONE, BARRIER, WARNING, DEBRIS, CRATE = (int(model) for model in PropModel)
LOOSE = int(Mover.LOOSE)

# Mass over the volume of the box around the body [kg/m^3], from kerb weights of common models
# with a driver or half a load: a car of 4.5 x 1.85 x 1.5 m weighs 1.5 t, a van of 26 m^3 2.3 t,
# a truck of 58 m^3 8 t, a city bus of 82 m^3 11 t.
CAR_DENSITY, VAN_DENSITY, TRUCK_DENSITY, BUS_DENSITY = 120.0, 90.0, 140.0, 135.0
TWO_WHEELER_MASS, CYCLIST_MASS, WALKER_MASS = 280.0, 95.0, 75.0  # [kg] rider included


@kernel
def usual_mass(kind: int, model: int, length: float, width: float, height: float) -> float:
    """What a body of this kind and size weighs [kg]; `model` is a PropModel for props."""
    volume = length * width * height
    if kind == CAR:
        return CAR_DENSITY * volume
    if kind == VAN:
        return VAN_DENSITY * volume
    if kind == TRUCK:
        return TRUCK_DENSITY * volume
    if kind == BUS:
        return BUS_DENSITY * volume
    if kind == MOTORCYCLE:
        return TWO_WHEELER_MASS
    if kind == BICYCLE:
        return CYCLIST_MASS
    if kind == WALKER:
        return WALKER_MASS
    if model == CONE:
        return 5.0
    if model == DEBRIS:
        return 20.0
    if model == BARRIER:
        return 60.0
    return 250.0 if model == CRATE else 750.0


@kernel
def mass_of(actor: NDArray[np.float32]) -> float:
    """Mass of an actor [kg]; what is usual where its column says nothing."""
    if actor[MASS] > 0.0:
        return np.float64(actor[MASS])
    return usual_mass(
        int(actor[KIND]), int(actor[COLOR]), actor[LENGTH], actor[WIDTH], actor[HEIGHT]
    )


@kernel
def velocity_of(actor: NDArray[np.float32]) -> tuple[float, float]:
    """Velocity over ground [m/s], x and y: along the heading, and what it slides beside that.

    A LOOSE body only slides; its SPEED is the part of that along its heading.
    """
    if actor[MOVER] == LOOSE:
        return np.float64(actor[SLIDE_X]), np.float64(actor[SLIDE_Y])
    speed, yaw = np.float64(actor[SPEED]), np.float64(actor[YAW])
    return speed * math.cos(yaw) + actor[SLIDE_X], speed * math.sin(yaw) + actor[SLIDE_Y]


@kernel
def body_of(actor: NDArray[np.float32]) -> Body:
    """An actor as a rigid body; a box turns with an inertia of m (l^2 + w^2) / 12."""
    vx, vy = velocity_of(actor)
    mass = np.float64(mass_of(actor))
    square = actor[LENGTH] * actor[LENGTH] + actor[WIDTH] * actor[WIDTH]
    # All of it in float64: kernels with one type of Body compile once, and sums stay exact.
    return Body(
        np.float64(actor[X]),
        np.float64(actor[Y]),
        vx,
        vy,
        np.float64(actor[YAW_RATE]),
        1.0 / mass,
        12.0 / (mass * max(square, 0.1)),
    )
