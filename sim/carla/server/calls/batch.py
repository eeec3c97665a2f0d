"""apply_batch: many commands in one call, each with an answer of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from roadworthy.sim.carla.server.calls import actors, driving, lights, walking
from roadworthy.sim.carla.server.handling import read_physics
from roadworthy.sim.carla.server.methods import failed, method, wrapped
from roadworthy.sim.carla.server.values import (
    Description,
    MalformedError,
    Pose,
    Reader,
    RefusedError,
    description,
    flag,
    many,
    optional,
    parts,
    pose,
    read_ackermann,
    read_control,
    read_walk,
    real,
    vector,
    whole,
)

if TYPE_CHECKING:
    from roadworthy.sim.carla.server.server import Server

MOST_COMMANDS = 100_000
DEEPEST = 4  # of commands that follow a spawn, which may follow a spawn
Command = tuple[int, tuple[Any, ...]]
_SPAWN = 0


def _autopilot(server: Server, number: int, enabled: bool) -> None:
    server.episode.vehicle(number)


def _nothing(server: Server, number: int, enabled: bool) -> None:
    server.episode.find(number)


def _destroy(server: Server, number: int) -> None:
    if not server.episode.destroy(number):
        raise RefusedError(f"unable to destroy actor: actor {number} not found")


# By CARLA's index of the command: what it calls, and the readers of its body.
_ORDERS: dict[int, tuple[Callable[..., Any], tuple[Reader, ...]]] = {
    1: (_destroy, (whole,)),
    2: (driving.apply_control_to_vehicle, (whole, read_control)),
    3: (driving.apply_ackermann_control_to_vehicle, (whole, read_ackermann)),
    4: (walking.apply_control_to_walker, (whole, read_walk)),
    5: (driving.apply_physics_control, (whole, read_physics)),
    6: (actors.set_actor_transform, (whole, pose)),
    7: (walking.apply_walker_state, (whole, pose, real)),
    8: (actors.set_actor_target_velocity, (whole, vector)),
    9: (actors.set_actor_target_angular_velocity, (whole, vector)),
    10: (actors.add_actor_impulse, (whole, vector)),
    11: (actors.add_actor_force, (whole, vector)),
    12: (actors.add_actor_angular_impulse, (whole, vector)),
    13: (actors.add_actor_torque, (whole, vector)),
    14: (actors.set_actor_simulate_physics, (whole, flag)),
    15: (actors.set_actor_enable_gravity, (whole, flag)),
    16: (_autopilot, (whole, flag)),
    17: (_nothing, (whole, flag)),
    18: (driving.set_lamps, (whole, whole)),
    19: (actors.set_actor_location, (whole, vector)),
    21: (lights.set_traffic_light_state, (whole, whole)),
}


def _unwrap(value: Any) -> tuple[int, list[Any]]:
    """Index and body of a command."""
    variant = parts(parts(value, 1)[0], 2)
    return whole(variant[0]), parts(variant[1], 1)


def _perform(server: Server, value: Any, depth: int, actor: int | None = None) -> int:
    """Carry out one command; the id of its actor."""
    index, body = _unwrap(value)
    if index == _SPAWN:
        return _spawn(server, body, depth)
    if index not in _ORDERS:
        raise RefusedError(f"command {index} is not known to this server")
    call, readers = _ORDERS[index]
    if len(body) < len(readers):
        raise MalformedError(f"command {index} has {len(body)} elements; it needs {len(readers)}")
    arguments = [read(item) for read, item in zip(readers, body, strict=False)]
    if actor is not None:
        arguments[0] = actor  # a command that follows a spawn is about what was spawned
    call(server, *arguments)
    return int(arguments[0])


def _spawn(server: Server, body: list[Any], depth: int) -> int:
    asked: Description = description(body[0])
    at: Pose = pose(parts(body, 2)[1])
    parent = optional(whole)(body[2]) if len(body) > 2 else None
    attachment = whole(body[3]) if len(body) > 3 else 0
    after = parts(body[5], 0) if len(body) > 5 else []
    if after and depth >= DEEPEST:
        raise MalformedError("commands follow each other too deep")
    entry = server.episode.spawn(asked, at, parent, attachment)
    for command in after:
        # As CARLA's: what follows a spawn has no answer, and the actor is there whatever it was.
        with contextlib.suppress(RefusedError, MalformedError):
            _perform(server, command, depth + 1, entry.id)
    return entry.id


def _anything(value: Any) -> Any:
    return value


@method("apply_batch", many(_anything, MOST_COMMANDS), flag, bare=True)
def apply_batch(server: Server, commands: list[Any], tick: bool) -> list[Any]:
    """Carry out commands in order; one answer for each: the actor's id, or what was wrong."""
    answers: list[Any] = []
    for command in commands:
        try:
            answers.append(wrapped(_perform(server, command, 0)))
        except (RefusedError, MalformedError) as wrong:
            answers.append(failed(str(wrong), void=False))
    if tick and server.settings.synchronous:
        server.tick()
    return answers
