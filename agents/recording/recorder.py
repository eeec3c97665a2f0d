"""Recorder: watches a drive and writes it down as it goes."""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import Any

from roadworthy.agents.agent import Agent
from roadworthy.agents.evaluation.drive import DriveObserver, DriveResult, Moment, ask
from roadworthy.agents.evaluation.tally import Tally
from roadworthy.agents.recording.beliefs import Decisions
from roadworthy.agents.recording.codec import pack
from roadworthy.agents.recording.container import ChunkWriter
from roadworthy.agents.recording.head import Head
from roadworthy.agents.recording.states import States, hidden_digest, steps_of_chunk
from roadworthy.sim.errors import SettingsError, StorageError
from roadworthy.sim.scenario.scenario import Scenario
from roadworthy.sim.world.driven import DrivenWorld
from roadworthy.sim.world.world import World

SUFFIX = ".rwr"
_FRESH = 10  # moments after which the penalty is asked for again; at once after an infraction


class Recorder(DriveObserver):
    """Writes one drive into one file; a context manager.

    While it drives, the file is `FILE.part`, readable up to the last five seconds whatever
    happens to the process; it becomes FILE when the drive ends or the recorder is closed.
    """

    def __init__(self, path: str | Path) -> None:
        """Prepare to record one drive.

        Args:
            path: ends in .rwr.

        Raises:
            SettingsError: the name ends in something else.
        """
        self.path = Path(path)
        if self.path.suffix.lower() != SUFFIX:
            raise SettingsError(f"recording {path}: the name must end in {SUFFIX}")
        self._file: ChunkWriter | None = None
        self._noted = 0  # incidents that are written already
        self._begun = False
        self._penalty, self._news = 1.0, -1

    def begin(self, world: DrivenWorld, scenario: Scenario, agent: Agent, seed: int) -> None:
        """Write the head and the first state.

        Raises:
            SettingsError: this recorder has recorded a drive already.
            StorageError: the file cannot be written.
        """
        if self._begun:
            raise SettingsError(f"recording {self.path}: one recorder records one drive only")
        self._begun = True
        if not isinstance(world, World):
            raise SettingsError(
                "only drives in the embedded world can be recorded: a server's world cannot be "
                "simulated again from its seed; leave --record out, or drive --world embedded"
            )
        head = Head.of(world, scenario, agent, seed)
        self._world, self._agent = world, agent
        self._most = steps_of_chunk(world)
        self._states = States(world, self._most)
        self._decisions = Decisions(self._most, believes=not agent.privileged)
        self._file = ChunkWriter(self.path)
        self._file.add("HEAD", head.write())
        self._file.add("ROUT", pack({"route": scenario.route.points}))
        self._states.add()

    def decided(self, moment: Moment) -> None:
        """Note what the agent decided, and why."""
        agent, tally = self._agent, moment.tally
        completion, news = tally.completion, len(tally.log)
        if news != self._news or self._states.count % _FRESH == 1:
            self._penalty, self._news = tally.score().penalty, news
        self._decisions.add(
            moment.control,
            ask(agent, agent.last_plan),
            None if agent.privileged else ask(agent, agent.last_scene),
            completion,
            completion * self._penalty,
        )

    def stepped(self, world: DrivenWorld, tally: Tally) -> None:
        """Note the state, and write a chunk where it is full.

        Raises:
            StorageError: the disk is full.
        """
        if self._states.count == self._most:
            self._write(tally)
        self._states.add()

    def ended(self, result: DriveResult) -> None:
        """Write the result, and finish the file.

        Raises:
            StorageError: the disk is full.
        """
        if self._file is None:
            return
        self._write(None)
        record = result.record(0, 0).model_dump(mode="json")
        more = {
            "record": record,
            "log": [[float(time), text] for time, text in result.log],
            "route": result.route,
            "score_2_1": result.score_2_1.composed,
            "trajectory": result.trajectory,
        }
        self._file.add("DONE", json.dumps(more).encode())
        self.close()

    def close(self) -> None:
        """Finish the file of a drive that was broken off; does nothing after `ended`.

        Raises:
            StorageError: the disk is full.
        """
        if self._file is None:
            return
        file, self._file = self._file, None
        try:
            if self._states.count:
                file.add("STEP", self._packed())
        finally:
            file.close()

    def _packed(self) -> bytes:
        arrays = {**self._states.take(), **self._decisions.take()}
        return pack(arrays, dense=not self._agent.privileged)  # who senses has the time

    def _write(self, tally: Tally | None) -> None:
        """Write a chunk of steps, and what happened in them."""
        if self._file is None:
            return
        notes: dict[str, Any] = {
            "frame": self._world.frame,
            "digest": hidden_digest(self._world),
        }
        if tally is not None:
            new = tally.incidents[self._noted :]
            self._noted += len(new)
            notes["incidents"] = [incident.model_dump(mode="json") for incident in new]
        self._file.add("STEP", self._packed())
        self._file.add("NOTE", json.dumps(notes).encode())

    def __enter__(self) -> Recorder:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.close()
        except StorageError:
            if error is None:
                raise


def recording_of(folder: str | Path, name: str) -> Recorder:
    """Make the recorder of a drive of an evaluation, `FOLDER/NAME.rwr`."""
    plain = "".join(c if c.isalnum() or c in "-_." else "_" for c in name)
    return Recorder(Path(folder) / f"{plain}{SUFFIX}")


def record(path: str | Path) -> Recorder:
    """Make a recorder of one drive, to be given to `drive` as an observer.

    Raises:
        SettingsError: the name does not end in .rwr.
    """
    return Recorder(path)
