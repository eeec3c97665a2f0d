"""Methods about any actor: lists, spawning, poses, velocities, forces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from roadworthy.sim.carla.server.methods import method
from roadworthy.sim.carla.server.motors import Motor
from roadworthy.sim.carla.server.values import (
    Description,
    Pose,
    RefusedError,
    Vector,
    anything,
    description,
    flag,
    many,
    pose,
    vector,
    whole,
)

if TYPE_CHECKING:
    from roadworthy.sim.carla.server.server import Server


@method("get_actors_by_id", many(whole))
def get_actors_by_id(server: Server, numbers: list[int]) -> list[Any]:
    """Those of the actors that exist."""
    entries = server.episode.ledger.entries
    return [entries[number].wire() for number in numbers if number in entries]


@method("spawn_actor", description, pose)
def spawn_actor(server: Server, asked: Description, at: Pose) -> list[Any]:
    """Spawn an actor."""
    return server.episode.spawn(asked, at).wire()


@method("spawn_actor_with_parent", description, pose, whole, whole)
def spawn_actor_with_parent(
    server: Server, asked: Description, at: Pose, parent: int, attachment: int
) -> list[Any]:
    """Spawn an actor that another one carries."""
    return server.episode.spawn(asked, at, parent, attachment).wire()


@method("destroy_actor", whole)
def destroy_actor(server: Server, number: int) -> bool:
    """Destroy an actor; whether there was one."""
    return server.episode.destroy(number)


@method("get_actor_bounding_box", whole)
def get_actor_bounding_box(server: Server, number: int) -> list[Any]:
    """Box of an actor; the last one of one that was destroyed, for clients that ask late."""
    entry = server.episode.ledger.entries.get(number)
    if entry is not None:
        return [*entry.box, number]
    zero = [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0], number]
    return server.episode.tombs.get(number, zero)


@method("set_actor_location", whole, vector)
def set_actor_location(server: Server, number: int, place: Vector) -> None:
    """Put an actor somewhere, facing as it did."""
    entry = server.episode.find(number)
    now = entry.relative or server.episode.ledger.pose(entry)
    server.episode.place(entry, Pose(*place, now.pitch, now.yaw, now.roll))


@method("set_actor_transform", whole, pose)
def set_actor_transform(server: Server, number: int, at: Pose) -> None:
    """Put an actor somewhere."""
    server.episode.place(server.episode.find(number), at)


@method("set_actor_target_velocity", whole, vector)
def set_actor_target_velocity(server: Server, number: int, velocity: Vector) -> None:
    """Give a body a velocity; its wheels and the ground act on it from then on."""
    server.episode.bodies.set_velocity(server.episode.body(number).row, velocity)


@method("set_actor_target_angular_velocity", whole, vector)
def set_actor_target_angular_velocity(server: Server, number: int, velocity: Vector) -> None:
    """Give a body a yaw rate [degrees/s]."""
    row = server.episode.body(number).row
    server.episode.bodies.motors[row, Motor.SPIN] = velocity[2] * 0.017453292519943295


@method("enable_actor_constant_velocity", whole, vector)
def enable_actor_constant_velocity(server: Server, number: int, velocity: Vector) -> None:
    """Let a vehicle keep a velocity, in its own axes."""
    motor = server.episode.bodies.motors[server.episode.body(number).row]
    motor[Motor.CONSTANT] = 1.0
    motor[[Motor.CX, Motor.CY, Motor.CZ]] = velocity


@method("disable_actor_constant_velocity", whole)
def disable_actor_constant_velocity(server: Server, number: int) -> None:
    """Let it drive again."""
    server.episode.bodies.motors[server.episode.body(number).row, Motor.CONSTANT] = 0.0


@method("add_actor_impulse", whole, vector)
def add_actor_impulse(server: Server, number: int, impulse: Vector) -> None:
    """Push a body [N s]."""
    server.episode.bodies.add_impulse(server.episode.body(number).row, impulse)


@method("add_actor_impulse_at_location", whole, vector, vector)
def add_actor_impulse_at_location(
    server: Server, number: int, impulse: Vector, place: Vector
) -> None:
    """Push a body at a place [N s]: it turns as well."""
    entry = server.episode.body(number)
    me = server.episode.ledger.pose(entry)
    server.episode.bodies.add_impulse(entry.row, impulse)
    turn = (place[0] - me.x) * impulse[1] - (place[1] - me.y) * impulse[0]
    server.episode.bodies.add_spin(entry.row, turn)


@method("add_actor_force", whole, vector)
def add_actor_force(server: Server, number: int, force: Vector) -> None:
    """Push a body through the next tick [N]."""
    server.episode.bodies.add_force(server.episode.body(number).row, force)


@method("add_actor_force_at_location", whole, vector, vector)
def add_actor_force_at_location(server: Server, number: int, force: Vector, place: Vector) -> None:
    """Push a body at a place through the next tick [N]."""
    entry = server.episode.body(number)
    me = server.episode.ledger.pose(entry)
    server.episode.bodies.add_force(entry.row, force)
    turn = (place[0] - me.x) * force[1] - (place[1] - me.y) * force[0]
    server.episode.bodies.add_torque(entry.row, turn)


@method("add_actor_angular_impulse", whole, vector, honoured="partly")
def add_actor_angular_impulse(server: Server, number: int, impulse: Vector) -> None:
    """Turn a body about the vertical [kg m^2 / s]; other axes are left alone."""
    server.episode.bodies.add_spin(server.episode.body(number).row, impulse[2])


@method("add_actor_torque", whole, vector, honoured="partly")
def add_actor_torque(server: Server, number: int, torque: Vector) -> None:
    """Turn a body through the next tick [N m]; other axes than the vertical are left alone."""
    server.episode.bodies.add_torque(server.episode.body(number).row, torque[2])


@method("set_actor_simulate_physics", whole, flag)
def set_actor_simulate_physics(server: Server, number: int, enabled: bool) -> None:
    """Let physics move a body, or only its client."""
    entry = server.episode.ledger.entries.get(number)
    if entry is None or entry.row < 0:
        return  # a Traffic Manager asks this of actors that are just being destroyed
    bodies = server.episode.bodies
    motor = bodies.motors[entry.row]
    if motor[Motor.SIMULATE] and not enabled:
        bodies.set_velocity(entry.row, (0.0, 0.0, 0.0))
        motor[Motor.SPIN] = 0.0
    motor[Motor.SIMULATE] = enabled
    if enabled and entry.type_id.startswith("static."):
        motor[Motor.GRAVITY] = 1.0


@method("set_actor_collisions", whole, flag)
def set_actor_collisions(server: Server, number: int, enabled: bool) -> None:
    """Let a body touch others, or pass through them."""
    entry = server.episode.ledger.entries.get(number)
    if entry is not None and entry.row >= 0:
        server.episode.bodies.motors[entry.row, Motor.COLLIDE] = enabled


@method("set_actor_enable_gravity", whole, flag)
def set_actor_enable_gravity(server: Server, number: int, enabled: bool) -> None:
    """Let a body fall, or not."""
    server.episode.bodies.motors[server.episode.body(number).row, Motor.GRAVITY] = enabled


@method("set_actor_dead", whole)
def set_actor_dead(server: Server, number: int) -> None:
    """Let a walker lie where it is."""
    motor = server.episode.bodies.motors[server.episode.body(number).row]
    motor[Motor.WALK_SPEED] = 0.0


@method("set_actor_autopilot", whole, flag, honoured="no")
def set_actor_autopilot(server: Server, number: int, enabled: bool) -> None:
    """The autopilot is the client's Traffic Manager."""
    server.episode.vehicle(number)


@method("get_actor_component_names", whole, honoured="partly")
def get_actor_component_names(server: Server, number: int) -> list[str]:
    """Actors are of one piece here."""
    return [server.episode.find(number).type_id]


@method("get_actor_component_world_transform", whole, anything, honoured="partly")
def get_actor_component_world_transform(server: Server, number: int, name: Any) -> list[Any]:
    """Where its only component is."""
    return server.episode.ledger.pose(server.episode.find(number)).wire()


@method("get_actor_component_relative_transform", whole, anything, honoured="partly")
def get_actor_component_relative_transform(server: Server, number: int, name: Any) -> list[Any]:
    """Its only component is where it is."""
    server.episode.find(number)
    return Pose(0.0, 0.0, 0.0, 0.0, 0.0, 0.0).wire()


def _no_names(server: Server, number: int) -> list[str]:
    server.episode.find(number)
    return []


for _name in (
    "get_actor_bone_names", "get_actor_bone_world_transforms",
    "get_actor_bone_relative_transforms", "get_actor_socket_names",
    "get_actor_socket_world_transforms", "get_actor_socket_relative_transforms",
):  # fmt: skip
    method(_name, whole, honoured="no")(_no_names)


@method("console_command", anything, honoured="no")
def console_command(server: Server, command: Any) -> bool:
    """There is no console."""
    raise RefusedError("console commands are Unreal's; this server has none")
