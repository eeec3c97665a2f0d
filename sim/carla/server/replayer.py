"""Play a recording again: its actors appear and go where they went."""

from __future__ import annotations

import math
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.carla.server.motors import Motor
from roadworthy.sim.carla.server.recorder import Begin, Frame, Recording
from roadworthy.sim.carla.server.values import Pose, RefusedError

if TYPE_CHECKING:
    from roadworthy.sim.carla.server.episode import Episode


HERO = "hero"


class Wishes(NamedTuple):
    """What clients have set about replays, before or while one runs."""

    factor: float = 1.0  # how much faster than it was
    ignore_hero: bool = False  # heroes appear, and go their own way
    ignore_spectator: bool = True  # the spectator stays where its client puts it


class Replayer:
    """One replay in an episode.

    Attributes:
        over: whether it has come to its end.
    """

    def __init__(
        self, recording: Recording, episode: Episode, start: float, duration: float, follow: int,
        offset: Pose, wishes: Wishes,
    ) -> None:  # fmt: skip
        """Let the actors appear as they were at `start` [s]; below 0 it counts from the end."""
        self._recording, self._episode = recording, episode
        self._times = [frame.time for frame in recording.frames]
        whole = recording.duration
        self._time = min(max(start + whole if start < 0.0 else start, 0.0), whole)
        self._end = min(self._time + duration, whole) if duration > 0.0 else whole
        self._follow, self._offset = follow, offset
        self.wishes = wishes
        self._heroes: set[int] = set()  # recorded ids
        self.over = not recording.frames
        self._ids: dict[int, int] = {}  # from recorded ids to those of now
        self._at = -1
        if not self.over:
            self._show()

    def advance(self, dt: float) -> None:
        """Go on by dt [s] of the world."""
        if self.over:
            return
        if self._time >= self._end - 1e-9:
            self.stop(keep=True)  # from this frame on physics moves them
            return
        self._time = min(self._time + dt * self.wishes.factor, self._end)
        self._show()

    def _show(self) -> None:
        at = max(bisect_right(self._times, self._time + 1e-6) - 1, 0)
        frames = self._recording.frames
        while self._at < at:
            self._at += 1
            for begin in frames[self._at].begun:
                self._begin(begin)
            for number in frames[self._at].ended:
                self._episode.destroy(self._ids.pop(number, 0))
        frame, after = frames[at], frames[min(at + 1, len(frames) - 1)]
        gap = after.time - frame.time
        self._place(frame, after, (self._time - frame.time) / gap if gap > 0.0 else 0.0)
        if frame.eye is not None and not (self._follow or self.wishes.ignore_spectator):
            self._episode.place(self._episode.spectator, frame.eye)
        lights = self._episode.lights
        count = min(len(lights.shown), len(frame.lights))
        lights.shown[:count] = frame.lights[:count]

    def _begin(self, begin: Begin) -> None:
        """Take an actor of the same id and kind, or make one."""
        episode = self._episode
        there = episode.ledger.entries.get(begin.id)
        if there is not None and there.type_id == begin.description.id:
            self._ids[begin.id] = begin.id
        else:
            far = begin.pose._replace(z=begin.pose.z + 1e5)  # whatever stands there now
            try:
                self._ids[begin.id] = episode.spawn(begin.description, far).id
            except RefusedError:
                return  # a blueprint that this version does not have
        if begin.description.get("role_name", "") == HERO:
            self._heroes.add(begin.id)
            if self.wishes.ignore_hero:
                episode.place(episode.ledger.entries[self._ids[begin.id]], begin.pose)
                return
        row = episode.ledger.entries[self._ids[begin.id]].row
        episode.bodies.motors[row, Motor.SIMULATE] = 0.0

    def _place(self, frame: Frame, after: Frame, share: float) -> None:
        episode = self._episode
        later = {int(number): k for k, number in enumerate(after.ids)}
        for k, number in enumerate(frame.ids):
            entry = episode.ledger.entries.get(self._ids.get(int(number), 0))
            if entry is None or (self.wishes.ignore_hero and int(number) in self._heroes):
                continue
            pose = frame.poses[k].astype(np.float64)
            if share > 0.0 and int(number) in later:
                pose = _between(pose, after.poses[later[int(number)]].astype(np.float64), share)
            episode.place(entry, Pose(*(float(value) for value in pose[:6])))
            vx, vy, vz = (float(value) for value in pose[6:9])
            episode.bodies.set_velocity(entry.row, (vx, vy, vz))
            episode.bodies.motors[entry.row, : Motor.PEDAL_ACTUAL] = frame.controls[k]
            if int(number) == self._follow:
                episode.place(episode.spectator, _behind(Pose(*pose[:6].tolist()), self._offset))

    def stop(self, keep: bool) -> None:
        """End it; who was made for it stays where `keep`, and is moved by physics again."""
        self.over = True
        for number, mine in self._ids.items():
            entry = self._episode.ledger.entries.get(mine)
            if entry is None:
                continue
            if keep or number == mine:
                self._episode.bodies.motors[entry.row, Motor.SIMULATE] = 1.0
            else:
                self._episode.destroy(mine)


def _behind(pose: Pose, offset: Pose) -> Pose:
    """Where somebody is who has an offset from an actor, in its axes."""
    yaw = math.radians(pose.yaw)
    c, s = math.cos(yaw), math.sin(yaw)
    return Pose(
        pose.x + c * offset.x - s * offset.y, pose.y + s * offset.x + c * offset.y,
        pose.z + offset.z, pose.pitch + offset.pitch, pose.yaw + offset.yaw,
        pose.roll + offset.roll,
    )  # fmt: skip


def _between(a: NDArray[np.float64], b: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """A row of a frame between two; angles go the shorter way."""
    step = b - a
    step[3:6] = (step[3:6] + 180.0) % 360.0 - 180.0
    return a + share * step
