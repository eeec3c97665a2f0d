"""Stories: what acts on one world from outside of its kernels, tick by tick.

An OpenSCENARIO file is one. A story is told to a single `World` (never to a batch): it moves
guests (`roadworthy.sim.world.guests`), the weather and the lights, and says when the drive is over
and what it makes of it. It must be deterministic: the same world and the same controls give the
same telling.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from roadworthy.sim.world.world import World


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one criterion of a story says of a drive."""

    name: str  # of the criterion, as the story writes it
    success: bool
    actual: float  # what was measured
    expected: float  # what was asked for


@runtime_checkable
class Telling(Protocol):
    """A story on its way in one world."""

    def tick(self) -> None:
        """Act for the tick that comes; called before each physics tick."""
        ...

    def ticked(self) -> None:
        """See what the tick did; called after each, while the world's events are of it alone."""
        ...

    @property
    def over(self) -> str | None:
        """Why the story has ended, in words; None while it goes on."""
        ...

    def verdicts(self) -> list[Verdict]:
        """What the story's own criteria say by now; none where it has none."""
        ...


@runtime_checkable
class Story(Protocol):
    """Something that can be told to a world."""

    name: str
    guests: int  # slots that it needs, see WorldSettings.guests

    def begin(self, world: World) -> Telling:
        """Set the stage: called when the drive's world was made, before its first tick."""
        ...

    def source(self) -> Mapping[str, str]:
        """Texts by file name that the story can be made of again; recordings keep them."""
        ...
