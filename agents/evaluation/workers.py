"""Workers from the evaluation's side: started, given tasks, watched, and replaced."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from roadworthy.agents.evaluation.drive_result import (
    SIMULATION_CRASHED,
    TIMED_OUT,
    DriveResult,
    undriven,
)
from roadworthy.agents.evaluation.messages import (
    About,
    Answer,
    Beat,
    Doing,
    Driven,
    Finished,
    Job,
    Lost,
    Order,
    Outfit,
    Post,
    Refused,
    receive,
)
from roadworthy.agents.evaluation.portable import pack
from roadworthy.agents.evaluation.results import Record
from roadworthy.agents.evaluation.tasks import Shards, Task
from roadworthy.agents.evaluation.watchdog import SETUP_LIMIT
from roadworthy.control.timing import StageTimes
from roadworthy.sim.errors import LostServerError, WorldError

GO_ON = (
    "What is finished is kept: start the server and run the same command again, or have it wait "
    "with --wait-for-server"
)
REPEATS = 5  # of a drive whose worker dies in it; one more, and it counts as crashed
SILENCE = 30.0  # [s] more than what it is at may take, without a sign of life
LOG = "workers.log"  # in the folder of the results: what agents print, and traces of crashes
_START = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[1]); "
    "from roadworthy.agents.evaluation.worker import main; main()"
)
# One thread each: workers share the machine, and sums must not depend on the number of threads.
_THREADS = ("OMP", "OPENBLAS", "MKL", "NUMBA", "VECLIB", "NUMEXPR")


class WorkerGoneError(Exception):
    """A worker has ended; the message says how."""


class Worker(Protocol):
    """One worker, wherever it runs."""

    def send(self, order: Order) -> None:
        """Give an order; nothing happens where the worker is gone."""
        ...

    def receive(self) -> Answer:
        """Wait for its next answer.

        Raises:
            WorkerGoneError: there will be none.
        """
        ...

    def kill(self) -> None:
        """End it at once."""
        ...


class ProcessWorker:
    """A worker in a process on this machine."""

    def __init__(self, log: Path | None = None) -> None:
        """Start one; what it prints is added to `log`, or goes to our stderr."""
        environment = os.environ | {f"{name}_NUM_THREADS": "1" for name in _THREADS}
        command = [sys.executable, "-c", _START, json.dumps(sys.path)]
        output = None if log is None else log.open("ab")
        try:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                env=environment,
            )
        finally:
            if output is not None:
                output.close()
        if self.process.stdin is None or self.process.stdout is None:
            raise WorldError("a worker was started without pipes")
        self._post, self._answers = Post(self.process.stdin), self.process.stdout

    def send(self, order: Order) -> None:
        """Give an order."""
        with suppress(OSError):
            self._post.send(order)

    def receive(self) -> Answer:
        """Wait for its next answer."""
        try:
            answer: Answer = receive(self._answers)
        except EOFError:
            code = self.process.wait()
            raise WorkerGoneError(f"signal {-code}" if code < 0 else f"exit code {code}") from None
        return answer

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait()


@dataclass(eq=False)
class _Seat:
    """One worker and what is known of it."""

    worker: Worker
    outfit: Outfit
    town: str | None = None
    job: list[Task] = field(default_factory=list)  # what it has not told of yet
    idle: bool = False
    silent: float = 0.0  # [s] since its last sign of life
    last: Beat = field(default_factory=lambda: Beat(-1, Doing.LOADING, 0.0))


class Onlooker:
    """Is told how an evaluation gets on; a base class whose methods do nothing."""

    def moved(self, task: Task, share: float) -> None:
        """A drive has come so far on its route, [0, 1]."""

    def recorded(self, task: Task, record: Record, kept: bool) -> None:
        """A drive is in the results; `kept` where it was there before."""

    def replaced(self, why: str) -> None:
        """A worker has ended and another takes its place."""


class Crew:
    """Several workers that share tasks; results do not depend on who drives what, or when."""

    def __init__(
        self,
        outfit: Outfit,
        count: int,
        start: Callable[[], Worker],
        onlooker: Onlooker | None = None,
        worlds: Sequence[str] = (),
    ) -> None:
        """Start the first worker.

        Args:
            outfit: what each worker is told.
            count: most workers at once.
            start: starts one.
            onlooker: is told how it goes.
            worlds: one for each worker, where they do not all drive in that of the outfit.
        """
        self._outfit, self._count, self._start = outfit, count, start
        self._worlds = tuple(worlds)
        self._onlooker = onlooker or Onlooker()
        self._answers: queue.SimpleQueue[tuple[_Seat, Answer | WorkerGoneError]] = (
            queue.SimpleQueue()
        )
        self._seats: list[_Seat] = []
        self._about: About | None = None
        self._attempts: Counter[int] = Counter()
        self._stillborn = 0  # workers that ended one after the other before they drove anything
        self._stages: list[StageTimes] = []
        self._shards = Shards([])
        self._clock = time.monotonic()
        self._hire()

    def about(self) -> About:
        """Wait for the first worker to tell who drives.

        Raises:
            RoadworthyError: the agent cannot be made.
        """
        while self._about is None:
            for _ in self._turn():
                pass
        return self._about

    def drive(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, DriveResult]]:
        """Drive all tasks; each is told of as soon as it is over.

        Raises:
            RoadworthyError: an input is wrong, such as a model, a town or an event.
        """
        self._shards = Shards(tasks)
        for _ in range(min(self._count, len(tasks)) - len(self._seats)):
            self._hire()
        left = len(tasks)
        while left:
            for seat in self._seats:
                if seat.idle:
                    self._assign(seat)
            for done in self._turn():
                left -= 1
                yield done

    def stages(self) -> list[StageTimes]:
        """Times of the agent's loop, of the worker that decided most often."""
        return self._stages

    def close(self) -> None:
        """End all workers at once."""
        for seat in self._seats:
            seat.worker.kill()
        self._seats.clear()

    def _hire(self) -> None:
        taken = {seat.outfit.world for seat in self._seats}
        free = [world for world in self._worlds if world not in taken]
        outfit = replace(self._outfit, world=free[0]) if free else self._outfit
        seat = _Seat(self._start(), outfit)
        self._seats.append(seat)
        threading.Thread(target=self._listen, args=(seat,), daemon=True).start()
        seat.worker.send(outfit)

    def _listen(self, seat: _Seat) -> None:
        """Pass a worker's answers on, in a thread of its own."""
        try:
            while True:
                self._answers.put((seat, seat.worker.receive()))
        except WorkerGoneError as gone:
            self._answers.put((seat, gone))
        except Exception as error:
            self._answers.put((seat, WorkerGoneError(f"{type(error).__name__}: {error}")))

    def _assign(self, seat: _Seat) -> None:
        others = Counter(s.town for s in self._seats if s is not seat and s.town and s.job)
        tasks = self._shards.take(seat.town, others)
        if tasks:
            seat.idle, seat.job, seat.town = False, tasks, tasks[0].town
            seat.worker.send(Job(tuple(pack(task) for task in tasks)))

    def _turn(self) -> Iterator[tuple[Task, DriveResult]]:
        """Wait for what comes next, and answer to it."""
        try:
            seat, answer = self._answers.get(timeout=0.5)
        except queue.Empty:
            pass
        else:
            if seat in self._seats:
                seat.silent = 0.0
                yield from self._answer(seat, answer)
        now = time.monotonic()
        passed, self._clock = min(now - self._clock, 1.0), now  # see Watchdog for the bound
        for seat in list(self._seats):
            seat.silent += passed
            loading = seat.last.doing is Doing.LOADING  # as long as it has not said anything, too
            if seat.silent > SILENCE + (SETUP_LIMIT if loading else self._outfit.step_limit):
                yield from self._silent(seat)

    def _answer(
        self, seat: _Seat, answer: Answer | WorkerGoneError
    ) -> Iterator[tuple[Task, DriveResult]]:
        if isinstance(answer, Beat):
            seat.last = answer
            for task in seat.job:
                if task.index == answer.task:
                    self._onlooker.moved(task, answer.share)
        elif isinstance(answer, Driven):
            self._stillborn = 0
            task = next(task for task in seat.job if task.index == answer.task)
            seat.job.remove(task)
            yield task, answer.result
        elif isinstance(answer, About):
            if self._about is not None and answer != self._about:
                raise WorldError(
                    f"agent {answer.name} has changed while it was evaluated (its models or its "
                    "file); evaluate it again with another --out"
                )
            self._about, seat.idle = answer, True
        elif isinstance(answer, Finished):
            seat.idle = True
            if answer.stages and sum(s.count for s in answer.stages) > sum(
                s.count for s in self._stages
            ):
                self._stages = answer.stages
        elif isinstance(answer, Refused):
            raise answer.error()
        elif isinstance(answer, Lost):
            seat.worker.kill()
            if not self._outfit.patience:
                raise LostServerError(f"{answer.sentence}. {GO_ON}")
            yield from self._replace(seat, answer.sentence)
        else:
            yield from self._replace(seat, str(answer))

    def _silent(self, seat: _Seat) -> Iterator[tuple[Task, DriveResult]]:
        """End a worker that gives no sign of life: C code of the agent holds the interpreter."""
        seat.worker.kill()
        current = [task for task in seat.job if task.index == seat.last.task]
        if not current:
            yield from self._replace(seat, "no sign of life")
            return
        task = current[0]
        seat.job.remove(task)
        why = "a decision took longer than the step limit and could not be interrupted"
        yield task, self._undriven(task, TIMED_OUT, why)
        yield from self._replace(seat, why)

    def _replace(self, seat: _Seat, why: str) -> Iterator[tuple[Task, DriveResult]]:
        """Take up what a worker that has ended left undone, and start another one."""
        self._seats.remove(seat)
        if self._about is None or not seat.job:
            self._stillborn += 1
        if self._stillborn > REPEATS:
            raise WorldError(
                f"workers end before they drive ({why}); {LOG} beside the results tells more"
            )
        again = []
        for task in seat.job:
            self._attempts[task.index] += 1
            if self._attempts[task.index] <= REPEATS:
                again.append(task)
                continue
            told = f"its worker ended {self._attempts[task.index]} times, at last with {why}"
            yield task, self._undriven(task, SIMULATION_CRASHED, told)
        self._shards.put_back(reversed(again))
        self._onlooker.replaced(why)
        self._hire()

    def _undriven(self, task: Task, sentence: str, why: str) -> DriveResult:
        name = self._outfit.agent if self._about is None else self._about.name
        return undriven(name, task.scenario, task.seed, sentence, why)


class Drivers(Protocol):
    """Who drives the tasks of an evaluation: a Crew, or this process itself."""

    def about(self) -> About:
        """Who drives."""
        ...

    def drive(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, DriveResult]]:
        """Drive tasks, in any order."""
        ...

    def stages(self) -> list[StageTimes]:
        """Times of the agent's loop so far."""
        ...

    def close(self) -> None:
        """End what was started."""
        ...


def local_crew(
    outfit: Outfit,
    count: int,
    log: Path | None,
    onlooker: Onlooker | None = None,
    worlds: Sequence[str] = (),
) -> Crew:
    """Workers in processes on this machine; see Crew.

    Raises:
        StorageError: the log's folder cannot be written.
    """
    return Crew(outfit, count, lambda: ProcessWorker(log), onlooker, worlds)
