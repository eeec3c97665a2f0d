"""Replay: drive a recording again and prove that it goes the same way, or play its states back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from roadworthy import __version__
from roadworthy.agents.evaluation.results import Record
from roadworthy.agents.evaluation.tally import Tally
from roadworthy.agents.evaluation.witness import Witness
from roadworthy.agents.recording.container import RecordingError
from roadworthy.agents.recording.head import COLUMNS, layout_of
from roadworthy.agents.recording.recording import RecordedMoment, Recording
from roadworthy.agents.recording.stage import Stage, Truth
from roadworthy.agents.recording.states import KEPT, hidden_digest
from roadworthy.agents.recording.tales import story_of
from roadworthy.perception.scene import Scene
from roadworthy.sim.envs import DRIVE_ID
from roadworthy.sim.errors import RoadworthyError
from roadworthy.sim.frame import Frame
from roadworthy.sim.road.towns import load_town
from roadworthy.sim.scenario.scenario import Scenario
from roadworthy.sim.scenario.story import Story
from roadworthy.sim.sensors.specs import SensorRig
from roadworthy.sim.sensors.suite import SensorSuite
from roadworthy.sim.town import Town
from roadworthy.sim.world.driven import DrivenWorld
from roadworthy.sim.world.world import World

Progress = Callable[[float], None]  # gets the share that is done [0, 1]


@dataclass(frozen=True, slots=True)
class Proof:
    """What re-simulating a recording came to."""

    ticks: int  # up to which all states are equal
    equal: bool  # to the recording's end
    moments: int  # states that were compared
    reason: str = ""  # why it is not, in words
    result: str = ""  # what the recording tells of its result and the drive does not come to

    @property
    def holds(self) -> bool:
        """Whether the recording is of a drive that really went so, and came to that score."""
        return self.equal and not self.result

    def sentence(self) -> str:
        """What was done, for people."""
        if not self.equal:
            return f"played back from the recorded states: {self.reason}"
        states = (
            f"re-simulated: {self.ticks} ticks, byte for byte equal ({self.moments} states of "
            "all actors, the ego, the lights, the weather and the touches)"
        )
        return f"{states}, but {self.result}" if self.result else states


class Replay:
    """A recording in its town.

    Attributes:
        recording: the drive.
        town: where.
        stage: shows its states.
    """

    def __init__(self, recording: Recording, town: Town, *, story: Story | None = None) -> None:
        """Take a recording.

        Args:
            recording: the drive.
            town: where it was.
            story: that was told, where the recording has one that cannot be made of its texts.

        Raises:
            RecordingError: the recording cannot be of this town.
        """
        self.recording, self.town = recording, town
        self.stage = Stage(recording, town)
        self._story, self._truth = story, Truth(self.stage)
        self._proof: Proof | None = None

    @classmethod
    def open(cls, path: str | Path, map_dir: Path | None = None) -> Replay:
        """Read a recording and load its town.

        Raises:
            MapError: there is no such town.
            RecordingError: the file is no recording, or not of this town.
        """
        recording = Recording.read(path)
        return cls(recording, load_town(recording.head.town, map_dir))

    def scenario(self) -> Scenario:
        """The scenario of the drive, in a town that is as it was.

        Raises:
            RecordingError: it cannot be made again; the message says why.
        """
        head = self.recording.head
        if not self.stage.same_town:
            raise RecordingError(f"{head.town} is another one than it was when this was recorded")
        story = self._story
        try:
            if story is None and head.story is not None:
                story = story_of(head.story, self.town.network)
            return self.recording.scenario(story)
        except RoadworthyError as error:
            raise RecordingError(f"its scenario cannot be made again ({error})") from error

    def world(self) -> World:
        """Make the drive's world as it was at its beginning.

        Raises:
            RecordingError: the world cannot be made again; the message says why.
        """
        scenario = self.scenario()
        try:
            world = World.of(scenario, self.town, self.recording.head.seed)
        except RoadworthyError as error:
            raise RecordingError(f"its world cannot be made again ({error})") from error
        first = self.recording[0].actors.shape
        if world.actors.shape != first:
            raise RecordingError(
                f"its world had {first[0]} actors, and now it has {len(world.actors)}"
            )
        return world

    def prove(self, progress: Progress | None = None) -> Proof:
        """Re-simulate the drive from its seed and its controls, comparing states and score.

        All states must be equal to the byte, and the result that the recording tells must be
        what the drive comes to.

        Args:
            progress: called now and then.

        Returns:
            What it came to; remembered.
        """
        if self._proof is None:
            self._proof = self._compare(progress)
        return self._proof

    def _compare(self, progress: Progress | None) -> Proof:
        recording = self.recording
        try:
            world = self.world()
        except RecordingError as error:
            return Proof(0, False, 0, f"{error}{self._versions()}")
        witness = Witness(world.batch)
        tally = witness.tally(0)
        for moment in recording:
            difference = difference_of(recording, moment.index, world)
            if difference:
                before = recording[moment.index - 1].frame if moment.index else 0
                return Proof(before, False, moment.index, f"{difference}{self._versions()}")
            if moment.control is not None and moment.index + 1 < len(recording):
                world.step(moment.control, recording.head.ticks)
                witness.look()
                tally.note(witness.step(0))
            if progress is not None and moment.index % 50 == 0:
                progress((moment.index + 1) / len(recording))
        if world.telling is not None and world.telling.over is not None and not tally.over:
            tally.finish()
        tally.close()
        differs = "" if recording.result is None else misjudged(recording.result.record, tally)
        return Proof(recording[-1].frame, True, len(recording), result=differs)

    def _versions(self) -> str:
        """What is another version now than then, to explain a difference."""
        head, other = self.recording.head, []
        if head.version != __version__:
            other.append(f"Roadworthy {head.version}, now {__version__}")
        if head.environment != DRIVE_ID:
            other.append(f"{head.environment}, now {DRIVE_ID}")
        return f"; recorded with {' and '.join(other)}" if other else ""

    def truth(self, index: int) -> Scene:
        """The true Scene at a moment, without an Outlook; overwritten by the next call."""
        return self._truth.scene(index)

    def frames(
        self,
        rig: SensorRig | None = None,
        start: float = 0.0,
        end: float = float("inf"),
        *,
        outside: Collection[str] = (),
    ) -> Iterator[tuple[RecordedMoment, Frame]]:
        """Sense with any sensors, from the states alone.

        Args:
            rig: the sensors; those that the agent had by default, and they give the bytes that
                it saw.
            start: [s] of the drive, from where on.
            end: [s] of the drive, until when.
            outside: names of cameras that look at the vehicle from outside, and show it.

        Raises:
            RecordingError: no rig is given and the agent had none.
            SettingsError: the rig is none.
        """
        rig = rig or self.recording.head.driver.rig
        if rig is None:
            raise RecordingError(
                f"recording {self.recording.path}: {self.recording.head.driver.name} had no "
                "sensors; say which to look with"
            )
        seed = self.recording.head.seed
        inside = tuple(camera for camera in rig.cameras if camera.name not in outside)
        others = tuple(camera for camera in rig.cameras if camera.name in outside)
        suite = SensorSuite(self.town, replace(rig, cameras=inside), seed)
        away = SensorSuite(self.town, SensorRig(cameras=others, lidar=None), seed)
        for index in range(self.recording.index_at(start), len(self.recording)):
            moment = self.recording[index]
            if moment.time > end + 1e-6:
                return
            self.stage.show(moment)
            frame = self.stage.sense(suite)
            yield moment, (_joined(frame, self.stage.sense(away, ego=True)) if others else frame)


def _joined(frame: Frame, more: Frame) -> Frame:
    """A frame with the cameras of another one, too."""
    return replace(
        frame,
        images={**frame.images, **more.images},
        depths={**frame.depths, **more.depths},
        semantics={**frame.semantics, **more.semantics},
        instances={**frame.instances, **more.instances},
    )


def difference_of(recording: Recording, index: int, world: DrivenWorld) -> str:
    """Say where a world differs from a recorded moment; "" where every byte is equal."""
    arrays, row = recording.arrays(index)
    head, state = recording.head, world.batch.state
    tick = int(arrays["frame"][row])
    for name in KEPT:
        now, then = getattr(state, name)[0], arrays[name][row]
        now, then = np.asarray(now), np.asarray(then)
        if now.shape != then.shape:
            return f"its world has other {name} than this version's"
        if now.tobytes() != then.tobytes():
            return f"tick {tick} is the first that differs, {_where(name, now, then)}"
    digest = recording.digests.get(tick)
    if digest is not None and head.layout == layout_of(world) and digest != hidden_digest(world):
        return f"at tick {tick} something that no sensor sees differs"
    return ""


def misjudged(record: Record, tally: Tally) -> str:
    """Say what a record tells and a closed tally of the same drive does not; "" if nothing."""
    score = tally.score()
    for name, told, driven in (
        ("driving score", record.scores.score_composed, score.composed),
        ("route completion", record.scores.score_route, score.route),
        ("penalty", record.scores.score_penalty, score.penalty),
    ):
        if told != driven:
            return f"it tells a {name} of {told:g}, and this drive comes to {driven:g}"
    for name in sorted(record.infractions.keys() | tally.infractions.keys()):
        tells, came = record.infractions.get(name, []), tally.infractions.get(name, [])
        if tells != came:
            return f"it tells {len(tells)} of {name} other than the {len(came)} that happened"
    # An agent's failure is not in the states: a drive that could go on may have ended by one.
    if tally.over and record.status != tally.status():
        return f"it tells the status {record.status!r}, and this drive ends as {tally.status()!r}"
    return ""


def _where(name: str, now: np.ndarray, then: np.ndarray) -> str:
    """Name the first element that differs, with what it was and what it is."""
    kind = np.dtype(f"u{now.dtype.itemsize}")
    bits = [np.ascontiguousarray(a).reshape(-1).view(kind) for a in (now, then)]
    at = np.unravel_index(int(np.flatnonzero(bits[0] != bits[1])[0]), now.shape or (1,))
    was, is_now = (np.atleast_1d(a)[at] for a in (then, now))
    if name in COLUMNS:
        column = COLUMNS[name](int(at[-1])).name
        who = f" of actor {at[0]}" if name == "actors" else ""
        return f"in {column}{who} ({name}): {was!s} then, {is_now!s} now"
    return f"in {name}: {was!s} then, {is_now!s} now"
