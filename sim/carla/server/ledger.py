"""All actors of an episode, and the packed state that goes to the clients at every frame."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from roadworthy.sim.carla.server.bodies import Bodies
from roadworthy.sim.carla.server.lights import Lights
from roadworthy.sim.carla.server.motors import Motor
from roadworthy.sim.carla.server.records import (
    ACTIVE,
    LIGHT_GREEN,
    MOTION,
    RECORD,
    attach_all,
    export_bodies,
)
from roadworthy.sim.carla.server.values import Description, Pose
from roadworthy.sim.world.columns import Actor, Kind

SPRING_ARMS = (1, 2)  # AttachmentType


@dataclass(slots=True, eq=False)
class Entry:
    """One actor as clients know it."""

    id: int
    description: Description
    box: list[Any]  # [centre, half sizes, rotation] in its own axes
    tags: bytes = b""
    parent: int = 0
    stream: int = 0  # 0: it sends nothing
    token: bytes = b""
    slot: int = -1  # in the records
    row: int = -1  # in the bodies' arrays; -1: it has no body
    lift: float = 0.0  # [m] from the body's foot to the actor's origin
    signal: int = -1  # of a light or a sign
    relative: Pose | None = None  # to its parent
    rigid: bool = True
    rank: int = 0  # of a sensor, among those of its type on the same parent
    children: list[int] = field(default_factory=list)

    @property
    def type_id(self) -> str:
        """CARLA's id of what it is."""
        return self.description.id

    def wire(self) -> list[Any]:
        """Write it as rpc::Actor."""
        return [
            self.id, self.parent, self.description.wire(), [*self.box, self.id], self.tags,
            self.token,
        ]  # fmt: skip


class Ledger:
    """The actors, in slots without gaps."""

    def __init__(self, bodies: Bodies, lights: Lights) -> None:
        self._bodies, self._lights = bodies, lights
        self.entries: dict[int, Entry] = {}
        self._slots: list[Entry] = []
        self.records = np.zeros(256, RECORD)
        self.motion = np.zeros((256, MOTION), np.float32)
        self.signal_id = np.zeros(max(len(lights.network.signal_kind), 1), np.uint32)
        self.row_entry: dict[int, Entry] = {}
        self._scratch = np.zeros((2, 3, 3), np.float32)
        self._sorted = False

    def add(self, entry: Entry, pose: Pose) -> None:
        """Take in an actor that stands at `pose`."""
        if len(self._slots) == len(self.records):
            # Not by concatenate: it packs the fields anew, and they overlap.
            more = np.zeros(2 * len(self.records), RECORD)
            more.view(np.uint8)[: self.records.nbytes] = self.records.view(np.uint8)
            self.records = more
            self.motion = np.concatenate([self.motion, np.zeros_like(self.motion)])
        entry.slot = len(self._slots)
        self._slots.append(entry)
        self.entries[entry.id] = entry
        record = self.records[entry.slot : entry.slot + 1]
        record.view(np.uint8)[:] = 0
        record["id"], record["state"] = entry.id, ACTIVE
        self.motion[entry.slot] = 0.0
        self.motion[entry.slot, :6] = pose
        if entry.row >= 0:
            self.row_entry[entry.row] = entry
        if entry.signal >= 0:
            record["sign"] = self._lights.network.signal_id[entry.signal].encode()[:31]
            self.signal_id[entry.signal] = entry.id
        if entry.parent:
            self.entries[entry.parent].children.append(entry.id)
        self._sorted = False

    def remove(self, entry: Entry) -> None:
        """Forget an actor; the last slot takes its place."""
        last = self._slots.pop()
        if last is not entry:
            self._slots[entry.slot] = last
            self.records[entry.slot] = self.records[last.slot]
            self.motion[entry.slot] = self.motion[last.slot]
            last.slot = entry.slot
        del self.entries[entry.id]
        if entry.row >= 0:
            del self.row_entry[entry.row]
        if entry.parent in self.entries:
            self.entries[entry.parent].children.remove(entry.id)
        self._sorted = False

    def pose(self, entry: Entry) -> Pose:
        """Where an actor is now."""
        return Pose(*(float(value) for value in self.motion[entry.slot, :6]))

    def _sort(self) -> None:
        """Arrange slots by what they hold, for the bulk copies."""
        self._sorted = True
        bodies = [entry for entry in self._slots if entry.row >= 0]
        self._rows = np.array([e.row for e in bodies], np.int32)
        self._body_slots = np.array([e.slot for e in bodies], np.int32)
        self._lifts = np.array([e.lift for e in bodies], np.float32)
        kinds = self._bodies.actors[self._rows, Actor.KIND]
        wheels, legs = kinds < Kind.WALKER, kinds == Kind.WALKER
        self._cars, self._car_slots = self._rows[wheels], self._body_slots[wheels]
        self._walkers, self._walker_slots = self._rows[legs], self._body_slots[legs]
        shown = [e for e in self._slots if e.type_id == "traffic.traffic_light"]
        self._signals = np.array([e.signal for e in shown], np.int32)
        self._light_slots = np.array([e.slot for e in shown], np.int32)
        self.records["pole"][self._light_slots] = 0
        carried = [e for e in self._slots if e.relative is not None]
        carried.sort(key=lambda e: e.id)  # a parent is older than what is attached to it
        self._carried = np.array([e.slot for e in carried], np.int32)
        self._parents = np.array([self.entries[e.parent].slot for e in carried], np.int32)
        self._relative = np.array([e.relative for e in carried], np.float32).reshape(-1, 6)
        self._rigid = np.array([e.rigid for e in carried], np.bool_)

    def resort(self) -> None:
        """Forget how the slots were arranged: something about them has changed."""
        self._sorted = False

    def moved(self) -> None:
        """Bring the motion of all actors up to date."""
        if not self._sorted:
            self._sort()
        bodies = self._bodies
        export_bodies(
            self._rows, self._body_slots, self._lifts, bodies.actors, bodies.motors, self.motion
        )
        if len(self._carried):
            self._carry()

    def _carry(self) -> None:
        attach_all(
            self._carried, self._parents, self._relative, self._rigid, self.motion, self._scratch
        )

    def warm(self) -> None:
        """Have the kernels compiled."""
        self.moved()
        self._carry()

    def pack(self) -> bytes:
        """The records of all actors after `moved`."""
        count, records = len(self._slots), self.records
        records["motion"][:count] = self.motion[:count]
        motors, lights = self._bodies.motors, self._lights
        if len(self._cars):
            mine = motors[self._cars]
            slots = self._car_slots
            records["pedals"][slots] = mine[:, Motor.THROTTLE : Motor.BRAKE + 1]
            records["switches"][slots] = mine[:, Motor.HAND_BRAKE : Motor.MANUAL + 1]
            records["gear"][slots] = mine[:, Motor.GEAR]
            records["limit"][slots] = mine[:, Motor.LIMIT]
            at = mine[:, Motor.LIGHT].astype(np.int32)
            there = at >= 0
            records["at_light"][slots] = there
            # CARLA shows green to whom no light concerns.
            records["at_state"][slots] = np.where(there, lights.shown[at], LIGHT_GREEN)
            records["light_id"][slots] = np.where(there, self.signal_id[at], 0)
        if len(self._walkers):
            walk = motors[self._walkers, Motor.WALK_X : Motor.WALK_SPEED + 1]
            records["walk"][self._walker_slots] = walk
        if len(self._signals):
            slots, which = self._light_slots, self._signals
            times = np.column_stack([lights.times[which], lights.since[which]])
            records["times"][slots] = times
            records["frozen"][slots] = lights.frozen[which]
            records["light"][slots] = lights.shown[which]
        return records[:count].tobytes()
