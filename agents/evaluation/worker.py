"""A worker: a process that drives tasks for an evaluation and tells how they went.

It is started as `python -c "... main()"` (see `workers.py`), reads orders from its stdin and
answers on what was its stdout; what agents print goes to stderr. It ends when its stdin does, so
an evaluation that is killed leaves no worker behind.
"""

from __future__ import annotations

import faulthandler
import os
import queue
import signal
import sys
import threading
import traceback
from contextlib import suppress
from typing import BinaryIO, NoReturn

from roadworthy.agents.agent import Agent
from roadworthy.agents.evaluation.about import about
from roadworthy.agents.evaluation.drive import Drive, OpenWorld
from roadworthy.agents.evaluation.drive_result import (
    NOT_SET_UP,
    TIMED_OUT,
)
from roadworthy.agents.evaluation.messages import (
    Beat,
    Doing,
    Driven,
    Finished,
    Job,
    Lost,
    Outfit,
    Post,
    Refused,
    receive,
)
from roadworthy.agents.evaluation.portable import unpack
from roadworthy.agents.evaluation.report import stages_of
from roadworthy.agents.evaluation.run import drive_task
from roadworthy.agents.evaluation.tasks import Task
from roadworthy.agents.evaluation.watchdog import SETUP_LIMIT, WORLD_LIMIT, Watchdog, Watched
from roadworthy.agents.evaluation.worlds import opener
from roadworthy.agents.registry import make_agent
from roadworthy.sim.errors import LostServerError, RoadworthyError
from roadworthy.sim.road.towns import load_town
from roadworthy.sim.town import Town
from roadworthy.sim.world.world import World

_HUNG = 70  # exit code of a worker whose world or loading hangs
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main() -> NoReturn:
    """Serve the evaluation that started this process."""
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the evaluation's to answer
    _die_with_parent()
    orders = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)  # what agents print must not get between the messages
    try:
        Worker(orders, answers).run()
    except (EOFError, OSError):
        pass  # the evaluation is gone
    except BaseException:
        traceback.print_exc()
        _leave(1)
    _leave(0)


class Worker:
    """Makes the agent, loads towns, drives."""

    def __init__(self, orders: BinaryIO, answers: BinaryIO) -> None:
        self._post = Post(answers)
        self._stream = orders
        self._orders: queue.SimpleQueue[Outfit | Job] = queue.SimpleQueue()
        self._watchdog = Watchdog(self._beat, self._late)
        self._town: Town | None = None
        self._task: Task | None = None
        self._drive: Drive | None = None
        self._open_world: OpenWorld = World.of

    def run(self) -> None:
        """Serve until the orders end.

        Raises:
            OSError: nobody listens any more.
        """
        threading.Thread(target=self._listen, name="orders", daemon=True).start()
        outfit = self._orders.get()
        if not isinstance(outfit, Outfit):
            raise TypeError(f"the first order is {outfit!r}; it must be an Outfit")
        self._watchdog.start()
        try:
            self._watchdog.at(Doing.LOADING, SETUP_LIMIT + outfit.patience)
            self._open_world = opener(outfit.world, outfit.patience, anew=True)
            agent = make_agent(outfit.agent, device=outfit.device)
            self._post.send(about(agent))
            watched = Watched(agent, self._watchdog, outfit.step_limit)
            while True:
                self._watchdog.at(Doing.IDLE)
                job = self._orders.get()
                if isinstance(job, Job):
                    self._do(job, watched, outfit)
                    self._post.send(Finished(stages_of(agent)))
        except LostServerError as error:
            self._post.send(Lost(str(error)))
        except RoadworthyError as error:
            traceback.print_exc()
            self._post.send(Refused.of(error))

    def _do(self, job: Job, agent: Agent, outfit: Outfit) -> None:
        for task in job.tasks:
            if self._town is None or self._town.name != task.town:
                self._watchdog.at(Doing.LOADING, SETUP_LIMIT)
                self._town = None  # one at a time: meshes are large
                self._town = load_town(task.town, outfit.map_dir)
            self._watchdog.at(Doing.DRIVING, WORLD_LIMIT)
            self._task = task = unpack(task, self._town.network)
            result = drive_task(
                agent, self._town, task, self._begun, outfit.record, self._open_world
            )
            self._watchdog.at(Doing.IDLE)
            self._drive = self._task = None
            self._post.send(Driven(task.index, result))

    def _begun(self, drive: Drive) -> None:
        self._drive = drive

    def _beat(self, doing: Doing) -> None:
        task, drive = self._task, self._drive
        share = 0.0 if drive is None else drive.tally.completion / 100.0
        with suppress(OSError):
            self._post.send(Beat(-1 if task is None else task.index, doing, share))

    def _late(self, doing: Doing) -> None:
        """Tell how the drive went until now, and end: a thread that hangs cannot be helped."""
        task, drive = self._task, self._drive
        faulthandler.dump_traceback(all_threads=True)
        if task is None or drive is None or doing not in (Doing.DECIDING, Doing.SETTING_UP):
            _leave(_HUNG)
        if doing is Doing.DECIDING:
            result = drive.give_up(TIMED_OUT, "a decision took longer than the step limit")
        else:
            result = drive.give_up(NOT_SET_UP, f"it took longer than {SETUP_LIMIT:g} s")
        with suppress(OSError):
            self._post.send(Driven(task.index, result))
        _leave(0)

    def _listen(self) -> None:
        """Read orders; leave when they end, whatever the main thread is at."""
        try:
            while True:
                self._orders.put(receive(self._stream))
        except EOFError:
            _leave(0)


def _leave(code: int) -> NoReturn:
    """End at once: threads may hang, and there is nothing to clean up."""
    sys.stderr.flush()
    os._exit(code)


def _die_with_parent() -> None:
    """Have Linux end this process with its parent, even where it hangs in C code."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
