"""Two evaluations side by side: is one better, or is it chance?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from roadworthy.agents.evaluation.metrics.registry import METRICS, route_key
from roadworthy.agents.evaluation.results import Record, Results, read_results
from roadworthy.agents.evaluation.score import INFRACTIONS
from roadworthy.agents.evaluation.statistics import Estimate, estimate
from roadworthy.agents.evaluation.tasks import Task
from roadworthy.sim.errors import InputError

Key = tuple[str, str, int]  # town, route, seed


FIGURES: Mapping[str, Callable[[Record], float | None]] = {
    name: metric.value for name, metric in METRICS.items()
}
LESS_IS_BETTER = frozenset(name for name, metric in METRICS.items() if metric.less_is_better)
# Routes, or seeds of a single one, from which a difference can be told: two may agree to the digit
# by chance, as counts do.
FEWEST = 3
_NO_PAIRS = (
    "the runs have no drive in common: a pair is a route of one town with one seed; evaluate both "
    "on the same --routes with the same --seeds"
)


@dataclass(frozen=True, slots=True)
class Change:
    """One figure in both runs, over the drives that have it in both."""

    name: str  # of FIGURES; of infractions the mean count of a drive
    before: Estimate
    after: Estimate
    difference: Estimate  # of pairs, after minus before

    @property
    def verdict(self) -> str:
        """What may be said: better, worse, the same, or that the drives do not show it."""
        if self.difference.values < 2:
            return "cannot tell from one pair"
        if self.difference.mean == self.difference.deviation == 0.0:
            return "the same in every pair"
        if not self.difference.excludes_zero:
            return "no difference shown"
        alone = self.difference.groups == 1  # then the seeds are what is drawn
        drawn = self.difference.values if alone else self.difference.groups
        if drawn < FEWEST:
            return f"cannot tell from {drawn} {'seeds' if alone else 'routes'}"
        up = self.difference.mean > 0.0
        return "worse" if up == (self.name in LESS_IS_BETTER) else "better"


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that can be said of two runs."""

    pairs: int
    only_before: tuple[Key, ...]  # drives that have no partner
    only_after: tuple[Key, ...]
    changes: tuple[Change, ...]
    settings: tuple[str, ...]  # in which the runs differ, besides the agent
    drives: tuple[tuple[Key, float, float], ...]  # driving scores, the largest loss first

    def change(self, name: str) -> Change:
        """The change of one figure of FIGURES."""
        return next(change for change in self.changes if change.name == name)


def load_run(path: Path) -> Results:
    """Read the results of a run.

    Args:
        path: its folder, or the file of results itself.

    Raises:
        InputError: there are none, or they cannot be read.
    """
    file = path / "results.json" if path.is_dir() else path
    if not file.exists():
        raise InputError(
            f"{path}: there are no results; make some with `roadworthy evaluate --out`"
        )
    return read_results(file)


def compare(before: Results, after: Results, seed: int = 0) -> Comparison:
    """Compare two runs, drive by drive.

    Args:
        before: the run to compare with.
        after: the run that is judged.
        seed: of the bootstrap.

    Raises:
        InputError: the runs have no drive in common.
    """
    old, new = by_key(before), by_key(after)
    keys = sorted(old.keys() & new.keys())
    if not keys:
        raise InputError(_NO_PAIRS)
    changes = []
    for name, figure in FIGURES.items():
        both = [(key[:2], figure(old[key]), figure(new[key])) for key in keys]
        pairs = [(group, a, b) for group, a, b in both if a is not None and b is not None]
        if not pairs or (name in INFRACTIONS and not any(a or b for _, a, b in pairs)):
            continue
        changes.append(
            Change(
                name,
                estimate(((group, a) for group, a, _ in pairs), seed),
                estimate(((group, b) for group, _, b in pairs), seed),
                estimate(((group, b - a) for group, a, b in pairs), seed, decides=True),
            )
        )
    drives = [(key, old[key].scores.score_composed, new[key].scores.score_composed) for key in keys]
    drives.sort(key=lambda drive: (drive[2] - drive[1], drive[0]))
    return Comparison(
        len(keys),
        tuple(sorted(old.keys() - new.keys())),
        tuple(sorted(new.keys() - old.keys())),
        tuple(changes),
        _differing_settings(before, after),
        tuple(drives),
    )


def check_pairs(before: Results, tasks: Sequence[Task]) -> None:
    """Find out, before they are driven, whether tasks can be compared with a run.

    Raises:
        InputError: the run has no drive of theirs.
    """
    old = by_key(before)
    # Task.record_id is what route_key takes the repetition from.
    wanted = {(task.town, task.record_id.rsplit("_rep", 1)[0], task.seed) for task in tasks}
    if not wanted & old.keys():
        raise InputError(_NO_PAIRS)


def by_key(results: Results) -> dict[Key, Record]:
    """Drives by town, route and seed."""
    return {(*route_key(record), _seed(record)): record for record in results.checkpoint.records}


def _seed(record: Record) -> int:
    """A drive's seed; in files of the leaderboard, which name none, the repetition's number."""
    if "seed" in record.meta.model_fields_set:
        return record.meta.seed
    number = record.route_id.rpartition("_rep")[2]
    return int(number) if number.isdecimal() else 0


def _differing_settings(before: Results, after: Results) -> tuple[str, ...]:
    """Names of the circumstances that are not the same, as "settings.vehicles"."""
    named: list[str] = []
    old, new = before.roadworthy, after.roadworthy
    for key in sorted((old.keys() | new.keys()) - {"agent", "models", "tasks"}):
        a, b = old.get(key), new.get(key)
        if isinstance(a, dict) and isinstance(b, dict):
            named += [f"{key}.{k}" for k in sorted(a.keys() | b.keys()) if a.get(k) != b.get(k)]
        elif a != b:
            named.append(key)
    return tuple(named)
