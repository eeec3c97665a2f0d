"""Draws from a world's random stream."""

from __future__ import annotations

from roadworthy.sim import rng
from roadworthy.sim.kernel import kernel
from roadworthy.sim.world.layout import State


@kernel
def draw(w: int, state: State) -> float:
    """Draw the next uniform number of world `w`, in [0, 1)."""
    state.counter[w] += 1
    return float(rng.uniform(state.key[w], state.counter[w]))
