"""Tasks: the drives of an evaluation, and the order in which workers take them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from roadworthy.agents.evaluation.drive_result import record_id
from roadworthy.sim.errors import SettingsError
from roadworthy.sim.road.route import Route
from roadworthy.sim.scenario.scenario import Scenario

LARGEST_SEED = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Task:
    """One scenario, to be driven once."""

    index: int
    scenario: Scenario
    repetition: int
    seed: int

    @property
    def town(self) -> str:
        """Where."""
        return self.scenario.town

    @property
    def route(self) -> Route:
        """From where to where."""
        return self.scenario.route

    @property
    def record_id(self) -> str:
        """Name in the result file."""
        return record_id(self.route.id, self.repetition)


def make_tasks(
    scenarios: Sequence[Scenario], seeds: int | None = None, seed: int | None = None
) -> list[Task]:
    """List every scenario with every seed, scenario by scenario.

    Args:
        scenarios: what to drive.
        seeds: how many for each scenario.
        seed: the first one. Where neither is given a scenario has its own seeds, or 0.

    Raises:
        SettingsError: `seeds` is not positive, a seed is too large, or two routes have one id.
    """
    many, first = 1 if seeds is None else seeds, seed or 0
    if many < 1:
        raise SettingsError(f"--seeds is {many}; it must be at least 1")
    if first + many - 1 > LARGEST_SEED:
        raise SettingsError(f"--seed {first} with {many} --seeds goes beyond {LARGEST_SEED}")
    counts = Counter(scenario.id for scenario in scenarios)
    double = sorted(name for name, count in counts.items() if count > 1)
    if double:
        raise SettingsError(f"route ids must differ within one evaluation; double: {double}")
    given = None if seeds is None and seed is None else range(first, first + many)
    wanted = [
        (scenario, k, own)
        for scenario in scenarios
        for k, own in enumerate(given or scenario.seeds or (0,))
    ]
    return [Task(i, scenario, k, own) for i, (scenario, k, own) in enumerate(wanted)]


class Shards:
    """Tasks that wait for a worker.

    Loading a town takes longer than many a drive, so a worker keeps its town while there is
    something to do in it; and the longest drives begin first, so that nobody waits for one at the
    end.
    """

    def __init__(self, tasks: Iterable[Task]) -> None:
        self._towns: dict[str, list[Task]] = {}
        for task in tasks:
            self._towns.setdefault(task.town, []).append(task)
        for waiting in self._towns.values():
            waiting.sort(key=lambda task: (task.route.length, -task.index))  # the next one is last

    def __len__(self) -> int:
        """How many wait."""
        return sum(len(waiting) for waiting in self._towns.values())

    def take(self, town: str | None, others: Counter[str], most: int = 1) -> list[Task]:
        """Take what a worker shall do next.

        Args:
            town: that the worker has loaded.
            others: how many other workers are in each town.
            most: tasks at once; all of one town.

        Returns:
            Tasks; none where none wait.
        """
        if not len(self):
            return []
        if town is None or not self._towns.get(town):
            town = max(
                (name for name, waiting in self._towns.items() if waiting),
                key=lambda name: self._length(name) / (1 + others[name]),
            )
        waiting = self._towns[town]
        return [waiting.pop() for _ in range(min(most, len(waiting)))]

    def put_back(self, tasks: Iterable[Task]) -> None:
        """Let tasks be the next ones of their town."""
        for task in tasks:
            self._towns.setdefault(task.town, []).append(task)

    def _length(self, town: str) -> float:
        return sum(task.route.length + 1.0 for task in self._towns[town])
