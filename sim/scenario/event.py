"""ScenarioEvent: one event on a route, as a user writes it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from roadworthy.sim.errors import EventError
from roadworthy.sim.scenario.catalogue import CATALOGUE
from roadworthy.sim.scenario.kinds import EventKind, Support


@dataclass(frozen=True)
class ScenarioEvent:
    """Something that happens when the ego comes by.

    Attributes:
        kind: what happens.
        s: [m] along the route where its trigger stands: here its actors appear.
        params: numbers that shape it, by the names in `CATALOGUE[kind].params`; those left out
            have their defaults.
    """

    kind: EventKind
    s: float
    params: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))

    def value(self, name: str) -> float:
        """A parameter's value, or its default.

        Raises:
            EventError: the kind has no such parameter.
        """
        known = CATALOGUE[self.kind].param(name)
        if known is None:
            raise EventError(f"{self.kind} has no parameter {name!r}")
        return float(self.params.get(name, known.default))

    def validate(self, length: float = math.inf) -> ScenarioEvent:
        """Return self.

        Args:
            length: of the route [m].

        Raises:
            EventError: the kind is not supported, it stands beyond the route, or a parameter is
                unknown or out of range.
        """
        if not isinstance(self.kind, EventKind):
            raise EventError(f"{self.kind!r} is no kind of event; take one of EventKind")
        entry = CATALOGUE[self.kind]
        if entry.support == Support.NO:
            raise EventError(f"{self.kind} is not supported: {entry.happens}")
        if not (math.isfinite(self.s) and 0.0 <= self.s < length):
            raise EventError(
                f"{self.kind} stands at {self.s:g} m of a route of {length:g} m; "
                "move its trigger onto the route"
            )
        for name, value in self.params.items():
            known = entry.param(name)
            if known is None:
                names = ", ".join(p.name for p in entry.params) or "none"
                raise EventError(f"{self.kind} has no parameter {name!r}; it has {names}")
            if not known.low <= value <= known.high:
                raise EventError(
                    f"{self.kind}: {name} is {value:g}; it must be in {known.low:g}..{known.high:g}"
                    f" ({known.text})"
                )
        return self
