"""Vehicle profiles from what is known of any vehicle: its kind, its size and its mass."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from roadworthy.sim.errors import SettingsError
from roadworthy.sim.physics.bodies import usual_mass
from roadworthy.sim.physics.profile import (
    N_PEDALS,
    N_SPEEDS,
    PEDAL_STEP,
    SPEED_STEP,
    VehicleProfile,
)
from roadworthy.sim.physics.tyres import GRAVITY
from roadworthy.sim.world.columns import Kind

PEAK_GRIP = 0.85  # dry asphalt; Wong, Theory of Ground Vehicles, table 1.3
AIR = 1.2  # [kg/m^3]
WHEELBASE_SHARE = 0.6  # of the length
TRACK_SHARE = 0.85  # of the width
CENTRE_SHARE = 0.45  # of the height lies the centre of mass


@dataclass(frozen=True, slots=True)
class _Class:
    """What vehicles of one kind have in common."""

    power: float  # [W] at the wheels; of a vehicle of usual mass
    drive: float  # [m/s^2] the gears allow at most, at usual mass
    brake: float  # [m/s^2] at usual mass
    drag: float  # coefficient of air resistance times the share of the box that meets the air
    roll: float  # [m/s^2] rolling resistance and engine drag
    wheel: float  # [rad] largest angle of the front wheels
    lag: float  # [s] of the pedals; air brakes and big engines answer late
    tips: bool  # whether it can tip over: on two wheels the rider leans


# Powers and drags of common models; brakes after ECE R13 and R13-H: cars 6.4 m/s^2 at least and
# 9 in practice, commercial vehicles 5 at least and 6 to 7 in practice.
_CLASSES = {
    Kind.CAR: _Class(90e3, 4.5, 9.0, 0.27, 0.15, 0.61, 0.08, True),
    Kind.VAN: _Class(85e3, 3.5, 8.0, 0.35, 0.15, 0.61, 0.10, True),
    Kind.TRUCK: _Class(170e3, 2.0, 6.5, 0.6, 0.12, 0.70, 0.25, True),
    Kind.BUS: _Class(190e3, 1.8, 6.0, 0.6, 0.12, 0.75, 0.25, True),
    Kind.MOTORCYCLE: _Class(45e3, 6.0, 8.0, 0.5, 0.15, 0.5, 0.06, False),
    Kind.BICYCLE: _Class(250.0, 1.2, 5.0, 0.5, 0.06, 0.6, 0.1, False),
}


@cache
def profile_of(
    kind: Kind, length: float, width: float, height: float, mass: float | None = None
) -> VehicleProfile:
    """Make the profile of a vehicle from its kind, size and mass.

    Power, gears and brakes are those of its kind with the usual mass; a heavier load makes all
    of them weaker, until the grip of the tyres is what limits. The wheelbase follows from the
    length, and lateral grip is what the tyres hold or what tips it over, half the track over the
    height of the centre of mass (Gillespie, Fundamentals of Vehicle Dynamics, 9.1).

    Args:
        kind: of vehicle.
        length: [m].
        width: [m].
        height: [m].
        mass: [kg] as it drives; what is usual for the size by default.

    Raises:
        SettingsError: it is no vehicle, or a measure is not above 0.
    """
    if kind not in _CLASSES:
        raise SettingsError(f"{kind.name.lower()} is no vehicle, so it has no profile")
    usual = float(usual_mass(int(kind), 0, length, width, height))
    weight = usual if mass is None else mass
    if min(length, width, height, weight) <= 0.0:
        raise SettingsError(
            f"a {kind.name.lower()} of {length} x {width} x {height} m and {weight} kg: each must "
            "be above 0"
        )
    own, load = _CLASSES[kind], usual / weight
    grip = PEAK_GRIP * GRAVITY
    wheelbase = WHEELBASE_SHARE * length
    tipping = 0.5 * TRACK_SHARE * width / (CENTRE_SHARE * height) * GRAVITY
    return VehicleProfile(
        name=kind.name.lower(),
        accel_table=_table(own, usual, load, weight, width * height),
        wheel_gain=own.wheel,
        l_front=0.5 * wheelbase,
        l_rear=0.5 * wheelbase,
        pedal_lag=own.lag,
        steer_lag=own.lag,
        grip=min(grip, tipping) if own.tips else grip,
        length=length,
        width=width,
        height=height,
        mass=weight,
    )


def _table(
    own: _Class, usual: float, load: float, mass: float, front: float
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Acceleration [m/s^2] over speed and pedal, [N_SPEEDS, N_PEDALS]."""
    grip = PEAK_GRIP * GRAVITY
    speeds = np.arange(N_SPEEDS) * SPEED_STEP
    coast = -own.roll - 0.5 * AIR * own.drag * front * speeds**2 / mass
    power = own.power / usual / np.maximum(speeds, 0.1)  # the engine does not grow with the load
    drive = np.minimum(load * np.minimum(own.drive, power), grip)
    brake = min(load * own.brake, grip)
    pedals = -1.0 + PEDAL_STEP * np.arange(N_PEDALS)
    force = np.where(pedals[None] > 0.0, drive[:, None], brake) * pedals[None]
    table = coast[:, None] + force
    return np.asarray(np.maximum(table, -grip + 1e-4 * pedals[None]), np.float32)
