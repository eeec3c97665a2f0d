"""Gates: what must hold for an evaluation to pass, such as "driving_score>=80".

    FIGURE[.PART] OPERATOR LIMIT

FIGURE is one of `names()`. PART says which number of it: without one the mean over all drives (of
infractions: their number a kilometre, as in the result file), `low` and `high` the ends of the
mean's 95 % interval, `deviation`, `least`, `most`, `total` the sum over all drives (of infractions
their number), and `change`, `change.low`, `change.high` the difference to the baseline, drive by
drive. LIMIT is a number, or `baseline` with a number added or taken away; then both sides are over
the drives that both have. OPERATOR is one of >=, <=, >, <, ==, !=.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from roadworthy.agents.evaluation.compare import FIGURES, by_key
from roadworthy.agents.evaluation.metrics.registry import route_key
from roadworthy.agents.evaluation.results import Record, Results
from roadworthy.agents.evaluation.score import INFRACTIONS
from roadworthy.agents.evaluation.statistics import Estimate, estimate
from roadworthy.sim.errors import InputError, SettingsError

SYNONYMS: Mapping[str, str] = {  # names of the leaderboard's result file
    "score_composed": "driving_score",
    "score_route": "route_completion",
    "score_penalty": "infraction_penalty",
    "success_rate": "success",
}
_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "==": operator.eq,
    "!=": operator.ne,
}
_PARTS = ("", "low", "high", "deviation", "least", "most", "total")
_CHANGES = ("change", "change.low", "change.high")
_NUMBER = r"\d+(?:\.\d+)?(?:[eE][-+]?\d+)?"
_GATE = re.compile(
    rf"\s*(\w+)((?:\.\w+)*)\s*(>=|<=|==|!=|>|<)\s*"
    rf"(?:([-+]?{_NUMBER})|(baseline)\s*(?:([-+])\s*({_NUMBER}))?)\s*\Z"
)
_LONGEST = 200  # characters of a gate
_EQUAL = 1e-9  # how near two figures are the same: means of the same values differ by rounding


_OWN: Mapping[str, Callable[[Record], float | None]] = {
    "failures": lambda r: float(bool(r.meta.failure)),  # the agent or the simulation broke down
}


def names() -> list[str]:
    """Figures that a gate may be about."""
    return [*FIGURES, *(name for name in _OWN if name not in FIGURES), *SYNONYMS]


def figure_of(name: str) -> Callable[[Record], float | None]:
    """How one record counts for a figure; None where it does not."""
    name = SYNONYMS.get(name, name)
    return FIGURES[name] if name in FIGURES else _OWN[name]


@dataclass(frozen=True, slots=True)
class Gate:
    """One condition."""

    text: str
    figure: str  # of `names`, no synonym
    part: str
    operator: str
    limit: float
    to_baseline: bool  # the limit is added to the baseline's figure

    @property
    def needs_baseline(self) -> bool:
        """Whether it can be checked only against another run."""
        return self.to_baseline or self.part in _CHANGES


@dataclass(frozen=True, slots=True)
class Held:
    """Whether a gate holds."""

    gate: Gate
    value: float
    limit: float
    holds: bool

    def __str__(self) -> str:
        """One line: the gate, whether it holds, and the figures."""
        name = f"{self.gate.figure}.{self.gate.part}" if self.gate.part else self.gate.figure
        verdict = "holds" if self.holds else "does not hold"
        limit = f", the limit {self.limit:.6g}" if self.gate.to_baseline else ""
        return f"gate {self.gate.text} {verdict}: {name} is {self.value:.6g}{limit}"


def parse_gate(text: str) -> Gate:
    """Read a gate.

    Raises:
        SettingsError: it is none, or names no figure or no part.
    """
    match = _GATE.match(text) if len(text) <= _LONGEST else None
    if match is None:
        raise SettingsError(
            f"--gate {text[:_LONGEST]!r} is not understood; write FIGURE>=NUMBER (or <=, >, <, ==, "
            "!=), such as driving_score>=80, driving_score.low>=75 or driving_score>=baseline-2"
        )
    name, part = match[1], match[2].removeprefix(".")
    if name not in names():
        raise SettingsError(
            f"--gate {text!r}: there is no figure {name!r}; there are {', '.join(names())}"
        )
    if part not in (*_PARTS, *_CHANGES):
        raise SettingsError(
            f"--gate {text!r}: there is no part {part!r}; there are "
            f"{', '.join((*_PARTS[1:], *_CHANGES))}"
        )
    limit = float(match[4] or match[7] or 0.0)
    if not math.isfinite(limit):
        raise SettingsError(f"--gate {text!r}: the limit is too large for a number")
    if match[6] == "-":
        limit = -limit
    return Gate(text.strip(), SYNONYMS.get(name, name), part, match[3], limit, match[5] is not None)


def check_gates(
    gates: Sequence[Gate], results: Results, baseline: Results | None = None
) -> list[Held]:
    """Check gates.

    Args:
        gates: what must hold.
        results: the run that is judged.
        baseline: the run to compare with.

    Returns:
        One verdict for each gate, in their order.

    Raises:
        InputError: the two runs have no drive in common.
        SettingsError: a gate needs a baseline and there is none, or no drive has its figure, or
            only one and the gate is about an interval.
    """
    held = []
    for gate in gates:
        if gate.needs_baseline and baseline is None:
            raise SettingsError(f"--gate {gate.text!r} needs a --baseline")
        records, limit = list(results.checkpoint.records), gate.limit
        if baseline is not None and gate.needs_baseline:
            shared = pairs(baseline, results)
            if gate.part in _CHANGES:
                held.append(_hold(gate, _change(gate, shared), limit))
                continue
            records = [after for _, after in shared]
            limit += _value(gate, [before for before, _ in shared])
        held.append(_hold(gate, _value(gate, records), limit))
    return held


def pairs(before: Results, after: Results) -> list[tuple[Record, Record]]:
    """Drives of the same route with the same seed in both runs.

    Raises:
        InputError: there are none.
    """
    old, new = by_key(before), by_key(after)
    found = [(old[key], record) for key, record in new.items() if key in old]
    if not found:
        raise InputError(
            "the baseline has no drive in common with this run: a pair is a route of one town "
            "with one seed; evaluate both on the same --routes with the same --seeds"
        )
    return found


def _change(gate: Gate, shared: Sequence[tuple[Record, Record]]) -> float:
    """The difference to the baseline, or an end of its interval."""
    figure = figure_of(gate.figure)
    differences = (
        (route_key(after), new - old)
        for before, after in shared
        if (old := figure(before)) is not None and (new := figure(after)) is not None
    )
    found = estimate(differences, decides=True)
    _check_interval(gate, found)
    ends = {"change": found.mean, "change.low": found.low, "change.high": found.high}
    return ends[gate.part]


def _check_interval(gate: Gate, found: Estimate) -> None:
    if gate.part.endswith(("low", "high")) and not found.known:
        raise SettingsError(
            f"--gate {gate.text!r}: a single drive has no interval; drive more routes or --seeds"
        )


def _hold(gate: Gate, value: float, limit: float) -> Held:
    if math.isclose(value, limit, rel_tol=_EQUAL, abs_tol=_EQUAL):
        value = limit
    return Held(gate, value, limit, _OPERATORS[gate.operator](value, limit))


def _value(gate: Gate, records: Sequence[Record]) -> float:
    """A figure of some drives."""
    figure = figure_of(gate.figure)
    known = [(route_key(r), value) for r in records if (value := figure(r)) is not None]
    values = [value for _, value in known]
    if not values:
        raise SettingsError(f"--gate {gate.text!r}: no drive has a {gate.figure}")
    if gate.part == "total":
        return sum(values)
    if gate.part in ("least", "most"):
        return min(values) if gate.part == "least" else max(values)
    if gate.part == "" and gate.figure in INFRACTIONS:
        driven = sum(r.meta.route_length * r.scores.score_route / 1e5 for r in records)  # [km]
        return sum(values) / driven if driven > 0.0 else sum(values) and float("inf")
    found = estimate(known)
    _check_interval(gate, found)
    numbers = {"": found.mean, "low": found.low, "high": found.high, "deviation": found.deviation}
    return numbers[gate.part]
