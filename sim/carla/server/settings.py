"""CARLA's episode settings."""

from __future__ import annotations

from typing import Any, NamedTuple

from roadworthy.sim.carla.server.values import (
    MalformedError,
    RefusedError,
    flag,
    parts,
    real,
    whole,
)

SLOWEST, FASTEST = 10.0, 1e-4  # [s] of a tick


class Settings(NamedTuple):
    """rpc::EpisodeSettings; what the embedded world has no use for is kept and given back."""

    synchronous: bool = False
    no_rendering: bool = False
    fixed_delta: float | None = None  # [s]
    substepping: bool = True
    max_substep_delta_time: float = 0.01
    max_substeps: int = 10
    max_culling_distance: float = 0.0
    deterministic_ragdolls: bool = True
    tile_stream_distance: float = 3000.0
    actor_active_distance: float = 2000.0
    spectator_as_ego: bool = True

    def wire(self) -> list[Any]:
        """Write it."""
        delta = self.fixed_delta
        return [
            self.synchronous, self.no_rendering, [False] if delta is None else [True, delta],
            *self[3:],
        ]  # fmt: skip


def read_settings(value: Any) -> Settings:
    """Read settings from a client; those that are missing keep their defaults.

    Raises:
        MalformedError: it is none.
        RefusedError: CARLA would not take it.
    """
    items = parts(value, 3)
    delta: float | None = None
    choice = parts(items[2], 1)
    if flag(choice[0]):
        delta = real(parts(choice, 2)[1])
        if delta <= 0.0:
            delta = None  # 0 is CARLA's word for a variable step
        elif not FASTEST <= delta <= SLOWEST:
            raise RefusedError(
                f"fixed_delta_seconds is {delta}; it must be in {FASTEST}..{SLOWEST}"
            )
    readers = (flag, real, whole, real, flag, real, real, flag)
    rest: list[Any] = [reader(item) for reader, item in zip(readers, items[3:], strict=False)]
    if len(rest) > 2 and not 0 <= rest[2] <= 1000:
        raise MalformedError(f"max_substeps is {rest[2]}")
    return Settings(flag(items[0]), flag(items[1]), delta, *rest)
