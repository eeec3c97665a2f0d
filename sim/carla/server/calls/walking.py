"""Methods about walkers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from roadworthy.sim.carla.server.methods import method
from roadworthy.sim.carla.server.motors import Motor
from roadworthy.sim.carla.server.values import (
    Pose,
    RefusedError,
    anything,
    read_walk,
    real,
    whole,
)
from roadworthy.sim.world.columns import Actor

if TYPE_CHECKING:
    from roadworthy.sim.carla.server.ledger import Entry
    from roadworthy.sim.carla.server.server import Server

FASTEST = 30.0  # [m/s]


def walker(server: Server, number: int) -> Entry:
    """The walker of an id.

    Raises:
        RefusedError: there is none.
    """
    entry = server.episode.body(number)
    if not entry.type_id.startswith("walker."):
        raise RefusedError(f"actor {number} ({entry.type_id}) is no walker")
    return entry


@method("apply_control_to_walker", whole, read_walk)
def apply_control_to_walker(server: Server, number: int, control: tuple[Any, ...]) -> None:
    """Let a walker walk."""
    motor = server.episode.bodies.motors[walker(server, number).row]
    (x, y, z), speed, jump = control
    motor[Motor.WALK_X : Motor.JUMP + 1] = x, y, z, min(max(speed, -FASTEST), FASTEST), jump


def apply_walker_state(server: Server, number: int, pose: Pose, speed: float) -> None:
    """Put a walker that a client's crowd leads; the pose is that of its feet."""
    entry = walker(server, number)
    bodies = server.episode.bodies
    bodies.place(entry.row, pose)
    bodies.actors[entry.row, Actor.SPEED] = min(max(speed, -FASTEST), FASTEST)
    yaw = math.radians(pose.yaw)
    bodies.motors[entry.row, Motor.WALK_X : Motor.WALK_SPEED + 1] = (
        math.cos(yaw), math.sin(yaw), 0.0, speed,
    )  # fmt: skip


@method("get_bones_transform", whole, honoured="partly")
def get_bones_transform(server: Server, number: int) -> list[Any]:
    """The only bone of a walker is its root."""
    pose = server.episode.ledger.pose(walker(server, number))
    zero = Pose(0.0, 0.0, 0.0, 0.0, 0.0, 0.0).wire()
    return [[["crl_root", pose.wire(), zero, zero]]]


@method("set_bones_transform", whole, anything, honoured="no")
def set_bones_transform(server: Server, number: int, bones: Any) -> None:
    """Walkers are not bent by hand here."""


@method("blend_pose", whole, real, honoured="no")
def blend_pose(server: Server, number: int, share: float) -> None:
    """Walkers are not bent by hand here."""


@method("get_pose_from_animation", whole, honoured="no")
def get_pose_from_animation(server: Server, number: int) -> None:
    """Walkers are not bent by hand here."""
