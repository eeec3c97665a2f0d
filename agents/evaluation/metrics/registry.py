"""METRICS: every figure of a drive by its name, with its version and the file that defines it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from roadworthy.agents.evaluation.metrics import bench2drive, leaderboard_2_0, leaderboard_2_1
from roadworthy.agents.evaluation.metrics.offences import INFRACTIONS
from roadworthy.agents.evaluation.results import Record
from roadworthy.agents.evaluation.statistics import Estimate, estimate

Value = Callable[[Record], float | None]
_CRITERION = "scenario_runner 0.9.16"
_BENCH2DRIVE = f"Bench2Drive {bench2drive.VERSION}"
_FOLDER = "agents/evaluation/metrics/"
_JUDGE = "sim/world/judge.py"


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure of a drive."""

    name: str
    version: str  # whose definition it is, and which
    unit: str  # with its range
    less_is_better: bool
    needs: str  # what a drive must have for it
    file: str  # that defines it
    says: str  # what it tells
    value: Value  # of one record; None where it has none


def _counted(name: str) -> Value:
    return lambda record: float(len(record.infractions.get(name, [])))


def _kept(name: str) -> Value:
    return lambda record: record.meta.metrics.get(name)


def _score_2_1(record: Record) -> float | None:
    """None in files of the leaderboard, which hold the score of one version only."""
    known = "score_composed_2_1" in record.meta.model_fields_set
    return record.meta.score_composed_2_1 if known else None


def _able(name: str) -> Value:
    def value(record: Record) -> float | None:
        shown = bench2drive.ability(record, name)
        return None if shown is None else 100.0 * shown

    return value


def _scores() -> Iterable[Metric]:
    percent = "0 to 100"
    yield Metric(
        "driving_score",
        f"leaderboard {leaderboard_2_0.VERSION}",
        percent,
        False,
        "-",
        f"{_FOLDER}leaderboard_2_0.py",
        "route completion times penalty",
        lambda r: r.scores.score_composed,
    )
    yield Metric(
        "driving_score_2_1",
        f"leaderboard {leaderboard_2_1.VERSION}",
        percent,
        False,
        "-",
        f"{_FOLDER}leaderboard_2_1.py",
        "route completion times penalty",
        _score_2_1,
    )
    yield Metric(
        "route_completion",
        _CRITERION,
        percent,
        False,
        "-",
        f"{_FOLDER}route_completion.py",
        "share of the route that was driven",
        lambda r: r.scores.score_route,
    )
    yield Metric(
        "infraction_penalty",
        f"leaderboard {leaderboard_2_0.VERSION}",
        "0 to 1",
        False,
        "-",
        f"{_FOLDER}leaderboard_2_0.py",
        "factor of all infractions",
        lambda r: r.scores.score_penalty,
    )


# Infraction -> file, what a drive must have, what it tells.
_INFRACTIONS: Mapping[str, tuple[str, str, str]] = {
    "collisions_layout": ("sim/world/collision.py", "-", "touches of scenery and props"),
    "collisions_pedestrian": ("sim/world/collision.py", "-", "touches of walkers"),
    "collisions_vehicle": ("sim/world/collision.py", "-", "touches of vehicles"),
    "red_light": (_JUDGE, "lights", "stop lines that the tail crossed at red"),
    "stop_infraction": (_JUDGE, "stop signs", "stop signs passed without standing"),
    "outside_route_lanes": (f"{_FOLDER}outside_lanes.py", "-", "1 where any way was outside"),
    "min_speed_infractions": (
        f"{_FOLDER}min_speed.py",
        "traffic",
        "checkpoints passed more slowly than the traffic drives",
    ),
    "yield_emergency_vehicle_infractions": (
        f"{_FOLDER}emergency.py",
        "an emergency vehicle",
        "emergency vehicles held up",
    ),
    "scenario_timeouts": (
        f"{_FOLDER}scenario_timeout.py",
        "events",
        "events not cleared within 4 minutes",
    ),
    "route_dev": (f"{_FOLDER}in_route.py", "-", "1 where it left its route"),
    "vehicle_blocked": (_JUDGE, "-", "1 where it stood for 180 s"),
    "route_timeout": (f"{_FOLDER}route_timeout.py", "-", "1 where it took too long"),
}


# Infractions whose definition differs in more than how it is measured; docs/metrics.md says how.
_OWN = frozenset({"yield_emergency_vehicle_infractions", "scenario_timeouts"})


def _infractions() -> Iterable[Metric]:
    for name in INFRACTIONS:
        file, needs, says = _INFRACTIONS[name]
        version = f"after {_CRITERION}" if name in _OWN else _CRITERION
        yield Metric(name, version, "a drive", True, needs, file, says, _counted(name))


def _bench2drive() -> Iterable[Metric]:
    file = f"{_FOLDER}bench2drive.py"

    def metric(name: str, unit: str, needs: str, says: str, value: Value) -> Metric:
        return Metric(name, _BENCH2DRIVE, unit, False, needs, file, says, value)

    yield metric(
        "bench2drive_score",
        "0 to 100",
        "-",
        "driving score 2.0 without the minimum speed",
        _kept("bench2drive_score"),
    )
    yield metric(
        "success",
        "0 or 100",
        "-",
        "arrived without an infraction but of the minimum speed",
        lambda r: 100.0 * bench2drive.success(r),
    )
    for name in bench2drive.ABILITIES:
        says = f"success with scenarios of {name.replace('_', ' ')}"
        yield metric(f"ability_{name}", "0 or 100", "such a scenario", says, _able(name))
    yield metric(
        "efficiency",
        "%",
        "traffic",
        "speed as a share of the traffic's",
        lambda r: bench2drive.efficiency(r.meta.min_speed_percents),
    )
    yield Metric(
        "smoothness",
        _BENCH2DRIVE,
        "0 to 1",
        False,
        "0.7 s",
        f"{_FOLDER}comfort.py",
        "share of 2 s windows within the bounds of comfort",
        lambda r: r.meta.smoothness,
    )


# Measure -> what it tells; the name in a record is `pdm_` and this.
_PDM: Mapping[str, str] = {
    "no_collision": "NC: no collision that is the ego's fault",
    "drivable_area": "DAC: all corners stay on the road",
    "direction": "DDC: drives with its lane",
    "traffic_light": "TLC: runs no red light",
    "time_to_collision": "TTC: keeps 0.9 s away from all ahead",
    "progress": "EP: metres driven as a share of the traffic's",
    "lane_keeping": "LK: within 0.5 m of the middle of its lane",
    "comfort": "C: within nuPlan's six bounds",
}


def _pdm() -> Iterable[Metric]:
    file = f"{_FOLDER}pdm.py"
    for name, version, says in (
        ("pdms", "navsim 1, PDMS", "NC DAC (5 TTC + 5 EP + 2 C) / 12"),
        ("epdms", "navsim 2, EPDMS in part", "NC DAC DDC TLC (5 EP + 5 TTC + 2 LK + 2 HC) / 14"),
    ):
        yield Metric(name, version, "0 to 100", False, "-", file, says, _kept(name))
    for name, says in _PDM.items():
        full = f"pdm_{name}"
        yield Metric(full, "nuPlan, navsim", "0 to 1", False, "-", file, says, _kept(full))


METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        metric.name: metric
        for made in (_scores, _infractions, _bench2drive, _pdm)
        for metric in made()
    }
)


def estimates(records: Iterable[Record], seed: int = 0) -> dict[str, Estimate]:
    """Mean, deviation and interval of every metric that at least one record has.

    Args:
        records: of one run; drives of one route are one group of the bootstrap.
        seed: of the bootstrap.

    Returns:
        By names of METRICS, in their order.
    """
    known = list(records)
    found = {}
    for name, metric in METRICS.items():
        values = [(route_key(r), v) for r in known if (v := metric.value(r)) is not None]
        if values:
            found[name] = estimate(values, seed)
    return found


def route_key(record: Record) -> tuple[str, str]:
    """Town and route of a record, without the repetition."""
    return record.meta.town, record.route_id.rsplit("_rep", 1)[0]


def metrics_table() -> str:
    """The table of docs/metrics.md, as Markdown."""
    lines = [
        "| name | version | unit | better | needs | what it tells | defined in |",
        "|---|---|---|---|---|---|---|",
    ]
    for m in METRICS.values():
        better = "less" if m.less_is_better else "more"
        link = f"[{m.file.rsplit('/', 1)[-1]}](../{m.file})"
        lines.append(
            f"| {m.name} | {m.version} | {m.unit} | {better} | {m.needs} | {m.says} | {link} |"
        )
    return "\n".join(lines)
