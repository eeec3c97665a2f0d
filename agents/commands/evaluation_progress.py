"""Progress of an evaluation on stderr: a bar with the time left, or lines in a log file."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.progress import Progress, TaskID

from roadworthy.agents.commands.outcome import err
from roadworthy.agents.commands.progress import bar
from roadworthy.agents.evaluation.clips import Cut, film_worst
from roadworthy.agents.evaluation.messages import Outfit
from roadworthy.agents.evaluation.report import Clip
from roadworthy.agents.evaluation.results import Record
from roadworthy.agents.evaluation.tasks import Task
from roadworthy.agents.evaluation.workers import Onlooker
from roadworthy.agents.registry import make_agent
from roadworthy.sim.road.towns import load_town


@contextmanager
def shown(tasks: Sequence[Task]) -> Iterator[Onlooker]:
    """Show how an evaluation of `tasks` gets on, for as long as the context lasts."""
    with bar() as progress:
        yield _Shown(tasks, progress)


class _Shown(Onlooker):
    """Counts metres of route: routes differ in length by a factor of hundred."""

    def __init__(self, tasks: Sequence[Task], progress: Progress) -> None:
        self._lengths = {task.index: max(task.route.length, 1.0) for task in tasks}
        self._count, self._recorded = len(tasks), 0
        self._done = self._kept = 0.0  # [m]
        self._under_way: dict[int, float] = {}  # [m] by task
        self._begun = time.monotonic()
        self._progress = progress
        self._bar: TaskID = progress.add_task("making the agent", total=sum(self._lengths.values()))

    def moved(self, task: Task, share: float) -> None:
        """Move the bar on."""
        self._under_way[task.index] = share * self._lengths[task.index]
        self._update()

    def recorded(self, task: Task, record: Record, kept: bool) -> None:
        """Print a line."""
        self._under_way.pop(task.index, None)
        self._done += self._lengths[task.index]
        self._kept += self._lengths[task.index] if kept else 0.0
        self._recorded += 1
        told = " (kept)" if kept else self._left()
        score = record.scores.score_composed
        err.print(
            f"[{self._recorded}/{self._count}] {record.route_id} on {task.town}: {score:.1f}, "
            f"{record.status}{told}",
            soft_wrap=True,
        )
        self._update()

    def replaced(self, why: str) -> None:
        """Print a line."""
        err.print(f"a worker ended ({why}); another takes its place", style="yellow")

    def _update(self) -> None:
        self._progress.update(
            self._bar,
            completed=self._done + sum(self._under_way.values()),
            description=f"{self._recorded} of {self._count} drives{self._left()}",
        )

    def _left(self) -> str:
        """Time left, as "; 2 min left", by what was driven since the command began."""
        driven = self._done - self._kept + sum(self._under_way.values())
        rest = sum(self._lengths.values()) - self._done - sum(self._under_way.values())
        if driven <= 0.0 or rest <= 0.0:
            return ""
        seconds = (time.monotonic() - self._begun) * rest / driven
        if seconds < 90.0:
            return f"; {seconds:.0f} s left"
        if seconds < 5400.0:
            return f"; {seconds / 60.0:.0f} min left"
        return f"; {seconds / 3600.0:.1f} h left"


def filmed(
    outfit: Outfit, tasks: Sequence[Task], records: Sequence[Record], out: Path, most: int
) -> Mapping[str, Sequence[Clip]]:
    """Film the worst drives, showing how it gets on; see `film_worst`."""
    with bar() as progress:
        task = progress.add_task("filming what went wrong", total=max(most, 1))

        def tell(cut: Cut, done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)
            if progress.disable:  # a log file
                err.print(f"[{done}/{total}] filmed {cut.driven.record.route_id}", markup=False)

        return film_worst(
            lambda: make_agent(outfit.agent, device=outfit.device),
            tasks,
            records,
            lambda town: load_town(town, outfit.map_dir),
            out,
            most,
            filmed=tell,
        )
