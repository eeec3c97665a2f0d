"""The bodies of clients' vehicles, walkers and props: rows of arrays that the kernels move."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.carla.server.motion import (
    Ground,
    Profiles,
    end_tick,
    find_ground,
    move_all,
)
from roadworthy.sim.carla.server.motors import N_MOTOR, Motor
from roadworthy.sim.carla.server.touching import MOST_HITS, meet_all, overlaps_any
from roadworthy.sim.carla.server.values import Pose, Vector
from roadworthy.sim.physics.bodies import usual_mass
from roadworthy.sim.physics.kinds import TRACK_SHARE, profile_of
from roadworthy.sim.physics.profile import VehicleProfile, carla_mkz
from roadworthy.sim.physics.tyres import GRAVITY, road_friction
from roadworthy.sim.town import Town
from roadworthy.sim.world.build import build_statics
from roadworthy.sim.world.columns import Actor, Kind, Mover

FloatArray = NDArray[np.float32]

FIRST_ROWS = 256
MOST_ROWS = 4096
LONGEST_STEP = 0.05  # [s] longer ticks are made of several steps
DEFAULT_LIMIT = 30.0  # [km/h] CARLA's before a vehicle has passed a sign
TYRE = 3.5  # CARLA's tire_friction, which get_physics_control tells of every wheel
LOW = 0.25  # share of its height at which the centre of mass of CARLA's vehicles lies


def _lateral_grip(kind: Kind, width: float, height: float) -> float:
    """Largest lateral acceleration of a client's vehicle [m/s^2].

    CARLA's tyres hold several times what rubber does, and its Traffic Manager, which accelerates
    out of the middle of a bend, relies on it. What does not lean tips over before they slide:
    half the track over the height of the centre of mass.
    """
    if kind in (Kind.MOTORCYCLE, Kind.BICYCLE):
        return TYRE * GRAVITY
    return min(TYRE, 0.5 * TRACK_SHARE * width / (LOW * height)) * GRAVITY


def ground_of(town: Town) -> Ground:
    """Arrange a town's roads for the kernels."""
    n = town.network
    return Ground(
        n.points, n.point_lane, n.lane_speed_limit, float(n.cell), n.grid_origin, n.grid_shape,
        n.grid_start, n.grid_point,
    )  # fmt: skip


class Bodies:
    """All bodies in one town.

    Attributes:
        actors: float32 [rows, Actor]; a row with ALIVE 0 is free.
        motors: float32 [rows, Motor].
        hits: touches of the last tick, float32 [count, 4], see `touching`.
    """

    def __init__(self, town: Town) -> None:
        self.town = town
        self.ground = ground_of(town)
        self.statics = build_statics(town.scenery)
        self.actors = np.zeros((FIRST_ROWS, len(Actor)), np.float32)
        self.motors = np.zeros((FIRST_ROWS, N_MOTOR), np.float32)
        self._hits = np.zeros((MOST_HITS, 4), np.float32)
        self.hits = self._hits[:0]
        self._profiles: list[VehicleProfile] = []
        self._numbers: dict[str, int] = {}
        self._tables = Profiles(
            np.zeros((1, *carla_mkz().accel_table.shape), np.float32), np.zeros((1, 7), np.float32)
        )
        # Row 0 stays empty: views of the world put the carrier of a sensor there.
        self._free = list(range(FIRST_ROWS - 1, 0, -1))

    @property
    def full(self) -> bool:
        """Whether no further body fits."""
        return not self._free and len(self.actors) >= MOST_ROWS

    def enter(
        self, kind: Kind, half: Vector, pose: Pose, *, model: str = "", mass: float | None = None,
        color: int = 0,
    ) -> int:  # fmt: skip
        """Let a body appear with its foot's middle at `pose`; returns its row."""
        if not self._free:
            self._grow()
        row = self._free.pop()
        length, width, height = (2.0 * extent for extent in half)
        me, motor = self.actors[row], self.motors[row]
        me[:], motor[:] = 0.0, 0.0
        me[Actor.LENGTH], me[Actor.WIDTH], me[Actor.HEIGHT] = length, width, height
        me[Actor.KIND], me[Actor.COLOR], me[Actor.ALIVE] = kind, color, 1.0
        for column in (Actor.LANE, Actor.NEXT_LANE, Actor.OTHER_LANE, Actor.GOAL):
            me[column] = -1.0
        me[Actor.MOVER] = Mover.CLIENT
        me[Actor.MASS] = mass or usual_mass(int(kind), color, length, width, height)
        motor[Motor.COLLIDE], motor[Motor.LIGHT], motor[Motor.GEAR] = 1.0, -1.0, 1.0
        motor[Motor.SIMULATE] = motor[Motor.GRAVITY] = 0.0 if kind == Kind.PROP else 1.0
        motor[Motor.LIMIT] = DEFAULT_LIMIT
        motor[[Motor.TYRES, Motor.HOLD, Motor.STEER_SHARE]] = 1.0
        if kind not in (Kind.WALKER, Kind.PROP):
            motor[Motor.PROFILE] = self._profile(model, kind, (length, width, height), mass)
        self.place(row, pose)
        return row

    def _profile(
        self, model: str, kind: Kind, size: tuple[float, float, float], mass: float | None
    ) -> int:
        if model not in self._numbers:
            mkz = model == "vehicle.lincoln.mkz_2020"
            made = profile_of(kind, *size, mass)
            if mkz:  # the fit is of CARLA's car as it is: with the mass that it has there
                made = replace(carla_mkz(), mass=made.mass)
            self._keep(model, replace(made, grip=_lateral_grip(kind, *size[1:])))
        return self._numbers[model]

    def _keep(self, name: str, profile: VehicleProfile) -> None:
        """Let there be a profile of a name, or let it be another one from now on."""
        if name in self._numbers:
            self._profiles[self._numbers[name]] = profile
        else:
            self._numbers[name] = len(self._profiles)
            self._profiles.append(profile)
        arrays = [each.arrays() for each in self._profiles]
        self._tables = Profiles(
            np.stack([a.accel for a in arrays]), np.stack([a.geometry for a in arrays])
        )

    def tune(self, row: int, profile: VehicleProfile) -> None:
        """Give a row a profile of its own."""
        name = f"row {row}"  # not of the actor: what is kept stays bounded
        self._keep(name, profile)
        self.motors[row, Motor.PROFILE] = self._numbers[name]

    def profile(self, row: int) -> VehicleProfile:
        """The vehicle profile of a row."""
        return self._profiles[int(self.motors[row, Motor.PROFILE])]

    def _grow(self) -> None:
        before = len(self.actors)
        self.actors = np.concatenate([self.actors, np.zeros_like(self.actors)])
        self.motors = np.concatenate([self.motors, np.zeros_like(self.motors)])
        self._free = list(range(2 * before - 1, before - 1, -1))

    def leave(self, row: int) -> None:
        """Take a body away."""
        self.actors[row, Actor.ALIVE] = 0.0
        self._free.append(row)
        self._free.sort(reverse=True)  # the lowest row is next: the same calls, the same rows

    def place(self, row: int, pose: Pose) -> None:
        """Put a body somewhere; x, y, z [m] of its foot, angles in degrees. Velocities stay."""
        me, motor = self.actors[row], self.motors[row]
        me[Actor.X], me[Actor.Y], me[Actor.Z] = pose.x, pose.y, pose.z
        yaw = math.radians(pose.yaw)
        me[Actor.YAW] = math.remainder(yaw, 2.0 * math.pi)
        me[Actor.PITCH], motor[Motor.ROLL] = math.radians(pose.pitch), math.radians(pose.roll)
        height, _ = find_ground(pose.x, pose.y, pose.z, yaw, self.ground)
        motor[Motor.GROUND] = pose.z if math.isnan(height) else height

    def set_velocity(self, row: int, velocity: Vector) -> None:
        """Give a body a velocity over ground [m/s]."""
        me = self.actors[row]
        c, s = math.cos(float(me[Actor.YAW])), math.sin(float(me[Actor.YAW]))
        vx, vy, vz = velocity
        ahead, aside = vx * c + vy * s, vy * c - vx * s
        me[Actor.SPEED] = ahead
        me[Actor.SLIDE_X], me[Actor.SLIDE_Y] = -aside * s, aside * c
        self.motors[row, Motor.VZ] = vz

    def add_impulse(self, row: int, impulse: Vector) -> None:
        """Push a body [N s], over ground."""
        me, motor = self.actors[row], self.motors[row]
        if not motor[Motor.SIMULATE]:
            return
        per_mass = 1.0 / float(me[Actor.MASS])
        c, s = math.cos(float(me[Actor.YAW])), math.sin(float(me[Actor.YAW]))
        dx, dy = impulse[0] * per_mass, impulse[1] * per_mass
        ahead, aside = dx * c + dy * s, dy * c - dx * s
        me[Actor.SPEED] += ahead
        me[Actor.SLIDE_X] -= aside * s
        me[Actor.SLIDE_Y] += aside * c
        motor[Motor.VZ] += impulse[2] * per_mass

    def add_force(self, row: int, force: Vector) -> None:
        """Push a body through the coming tick [N], over ground."""
        self.motors[row, [Motor.FX, Motor.FY, Motor.FZ]] += np.array(force, np.float32)

    def add_torque(self, row: int, torque: float) -> None:
        """Turn a body through the coming tick [N m], about the vertical."""
        self.motors[row, Motor.TZ] += torque

    def add_spin(self, row: int, impulse: float) -> None:
        """Turn a body at once [kg m^2 / s], about the vertical."""
        me = self.actors[row]
        square = float(me[Actor.LENGTH]) ** 2 + float(me[Actor.WIDTH]) ** 2
        self.motors[row, Motor.SPIN] += 12.0 * impulse / (float(me[Actor.MASS]) * max(square, 0.1))

    def free_at(self, half: Vector, pose: Pose) -> bool:
        """Whether a body of these half sizes could stand with its foot at `pose`."""
        size = 2.0 * np.array(half)
        yaw = math.radians(pose.yaw)
        return not overlaps_any(pose.x, pose.y, pose.z, yaw, size, self.actors, self.statics)

    def advance(self, dt: float, weather: FloatArray) -> None:
        """Move everybody by a tick of dt [s]."""
        friction = float(road_friction(weather))
        steps = max(1, math.ceil(dt / LONGEST_STEP - 1e-6))
        count = 0
        for _ in range(steps):
            move_all(self.actors, self.motors, self._tables, self.ground, friction, dt / steps)
            count += meet_all(self.actors, self.motors, self.statics, self._hits[count:])
        end_tick(self.actors, self.motors, dt)
        self.hits = self._hits[:count]
