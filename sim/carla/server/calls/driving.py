"""Methods about vehicles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from roadworthy.sim.carla.server.handling import (
    Physics,
    default_physics,
    read_physics,
    telemetry,
    wheels,
)
from roadworthy.sim.carla.server.methods import method
from roadworthy.sim.carla.server.motors import Motor
from roadworthy.sim.carla.server.values import (
    RefusedError,
    anything,
    flag,
    many,
    read_ackermann,
    read_control,
    real,
    row,
    whole,
)
from roadworthy.sim.carla.server.vehicles import BY_ID
from roadworthy.sim.world.columns import Actor, Lamp

if TYPE_CHECKING:
    from roadworthy.sim.carla.server.server import Server

# AckermannControllerSettings: CARLA's defaults.
ACKERMANN_GAINS = [0.15, 0.0, 0.25, 0.01, 0.0, 0.01]
_DOORS = {0: Lamp.DOOR_LEFT, 1: Lamp.DOOR_RIGHT, 6: Lamp.DOOR_LEFT | Lamp.DOOR_RIGHT}
_LIGHTS_THAT_SHOW = int(
    Lamp.POSITION | Lamp.LOW_BEAM | Lamp.RIGHT_BLINKER | Lamp.LEFT_BLINKER | Lamp.REVERSE
    | Lamp.SPECIAL
)  # fmt: skip
_DOOR_BITS = int(Lamp.DOOR_LEFT | Lamp.DOOR_RIGHT)


def clamp(value: float, low: float, high: float) -> float:
    """The nearest value of a range."""
    return min(max(value, low), high)


@method("apply_control_to_vehicle", whole, read_control)
def apply_control_to_vehicle(server: Server, number: int, control: tuple[Any, ...]) -> None:
    """Put pedals, wheel and gear in force."""
    entry = server.episode.vehicle(number)
    server.episode.controlled(entry)
    motor = server.episode.bodies.motors[entry.row]
    throttle, steer, brake, hand, reverse, manual, gear = control
    motor[: Motor.GEAR] = (
        clamp(throttle, 0.0, 1.0), clamp(steer, -1.0, 1.0), clamp(brake, 0.0, 1.0), hand, reverse,
        manual,
    )  # fmt: skip
    if manual:
        motor[Motor.GEAR] = clamp(gear, -1, 10)
    motor[Motor.ACKERMANN] = 0.0


@method("apply_ackermann_control_to_vehicle", whole, read_ackermann)
def apply_ackermann_control_to_vehicle(
    server: Server, number: int, control: tuple[float, ...]
) -> None:
    """Put a speed and an angle of the wheels in force; the jerk is not limited."""
    entry = server.episode.vehicle(number)
    server.episode.controlled(entry, pedals=False)
    motor = server.episode.bodies.motors[entry.row]
    steer, steer_speed, speed, acceleration, _jerk = control
    motor[Motor.ACKERMANN] = 1.0
    motor[Motor.A_STEER : Motor.A_ACCEL + 1] = (
        clamp(steer, -1.5, 1.5), abs(steer_speed), clamp(speed, -100.0, 100.0), abs(acceleration),
    )  # fmt: skip


@method("get_ackermann_controller_settings", whole, honoured="partly")
def get_ackermann_controller_settings(server: Server, number: int) -> list[float]:
    """Gains of the controller, as they were set."""
    return server.episode.gains.get(server.episode.vehicle(number).id, ACKERMANN_GAINS)


@method("apply_ackermann_controller_settings", whole, many(real, 16), honoured="partly")
def apply_ackermann_controller_settings(server: Server, number: int, gains: list[float]) -> None:
    """Keep gains; our controller inverts the vehicle's own model and needs none."""
    server.episode.gains[server.episode.vehicle(number).id] = gains[:6]


@method("get_physics_control", whole)
def get_physics_control(server: Server, number: int) -> list[Any]:
    """Mass, gears, curves and wheels."""
    entry = server.episode.vehicle(number)
    bodies = server.episode.bodies
    held = server.episode.tuning.physics(entry.id)
    if held is None:
        held = default_physics(BY_ID[entry.type_id], bodies.profile(entry.row))
    places = wheels(entry, server.episode.ledger.pose(entry))
    return held.wire(places)


@method("apply_physics_control", whole, read_physics, honoured="partly")
def apply_physics_control(server: Server, number: int, physics: Physics) -> None:
    """Mass, torque, brakes, steering, drag and tyres' friction act; gears and inertia do not."""
    entry, episode = server.episode.vehicle(number), server.episode
    episode.tuning.tune(episode.bodies, number, entry.row, BY_ID[entry.type_id], physics)


@method("get_telemetry_data", whole, honoured="partly")
def get_telemetry_data(server: Server, number: int) -> list[Any]:
    """Speed, pedals and what the wheels carry."""
    entry = server.episode.vehicle(number)
    bodies = server.episode.bodies
    return telemetry(bodies.actors[entry.row], bodies.motors[entry.row], BY_ID[entry.type_id])


@method("show_vehicle_debug_telemetry", whole, flag, honoured="no")
def show_vehicle_debug_telemetry(server: Server, number: int, shown: bool) -> None:
    """There is no screen."""


def set_lamps(server: Server, number: int, flags: int) -> None:
    """Switch the lights of a vehicle."""
    entry = server.episode.vehicle(number)
    server.episode.lamps[entry.id] = flags & 0xFFFFFFFF
    me = server.episode.bodies.actors[entry.row]
    doors = int(me[Actor.LAMPS]) & _DOOR_BITS
    me[Actor.LAMPS] = doors | (flags & _LIGHTS_THAT_SHOW)


@method("get_vehicle_light_state", whole)
def get_vehicle_light_state(server: Server, number: int) -> list[int]:
    """Lights of a vehicle, carla.VehicleLightState."""
    return [server.episode.lamps.get(server.episode.vehicle(number).id, 0)]


@method("set_vehicle_light_state", whole, row(whole))
def set_vehicle_light_state(server: Server, number: int, state: tuple[int, ...]) -> None:
    """Switch lights."""
    set_lamps(server, number, state[0])


@method("get_vehicle_light_states")
def get_vehicle_light_states(server: Server) -> list[Any]:
    """Lights of all vehicles."""
    lamps = server.episode.lamps
    return [
        [entry.id, lamps.get(entry.id, 0)]
        for entry in server.episode.ledger.row_entry.values()
        if entry.type_id in BY_ID
    ]


@method("open_vehicle_door", whole, whole, honoured="partly")
def open_vehicle_door(server: Server, number: int, door: int) -> None:
    """Open a front door; others are not modelled."""
    me = server.episode.bodies.actors[server.episode.vehicle(number).row]
    me[Actor.LAMPS] = int(me[Actor.LAMPS]) | int(_DOORS.get(door, 0))


@method("close_vehicle_door", whole, whole, honoured="partly")
def close_vehicle_door(server: Server, number: int, door: int) -> None:
    """Close a front door."""
    me = server.episode.bodies.actors[server.episode.vehicle(number).row]
    me[Actor.LAMPS] = int(me[Actor.LAMPS]) & ~int(_DOORS.get(door, 0))


@method("set_wheel_steer_direction", whole, whole, real, honoured="no")
def set_wheel_steer_direction(server: Server, number: int, wheel: int, angle: float) -> None:
    """How wheels look follows from the steering here."""


@method("get_wheel_steer_angle", whole, whole)
def get_wheel_steer_angle(server: Server, number: int, wheel: int) -> float:
    """Angle of a wheel [degrees]; those of the rear do not steer."""
    row_ = server.episode.vehicle(number).row
    angle = np.degrees(server.episode.bodies.actors[row_, Actor.STEER])
    return float(angle) if wheel < 2 else 0.0


@method("set_wheel_pitch_angle", whole, whole, real, honoured="no")
def set_wheel_pitch_angle(server: Server, number: int, wheel: int, angle: float) -> None:
    """How wheels look follows from the motion here."""


@method("get_wheel_pitch_angle", whole, whole)
def get_wheel_pitch_angle(server: Server, number: int, wheel: int) -> float:
    """How far a wheel has rolled [degrees], within a turn."""
    row_ = server.episode.vehicle(number).row
    return float(np.degrees(server.episode.bodies.actors[row_, Actor.PHASE]) % 360.0)


@method("get_vehicle_bone_world_transforms", whole, honoured="no")
def get_vehicle_bone_world_transforms(server: Server, number: int) -> list[Any]:
    """Vehicles have no bones here."""
    server.episode.vehicle(number)
    return []


def _no_other_physics(server: Server, *_: Any) -> None:
    raise RefusedError("this server has its own physics alone")


for _name, _count in (
    ("enable_carsim", 2), ("use_carsim_road", 2), ("enable_chrono_physics", 7),
    ("restore_physx_physics", 1),
):  # fmt: skip
    method(_name, *([anything] * _count), honoured="no")(_no_other_physics)
