"""Rows are fetched before they are needed: those of the next worlds, and those of the lanes.

Some hundred worlds are larger than the caches next to a core, and waiting for each world's rows
took as long as the work on them. Each road user reads another place of the town besides. The
hints change no result.
"""

from __future__ import annotations

from roadworthy.sim.kernel import LINE, fetch_line, inlined_kernel
from roadworthy.sim.world.layout import Roads, State

TOGETHER = 16  # worlds whose step is made part by part, while the code of that part is at hand
ROW_LINES = 3  # of the actors asked for at once: the vehicles' loop covers the walkers' rows too


@inlined_kernel
def fetch_rows(w: int, k: int, state: State) -> None:
    """Fetch share `k` of the actors of world `w`; a core keeps only some lines under way at once.

    The shares 0 to A - 1 are all there is, in this and in `fetch_rest`.
    """
    for line in range(ROW_LINES * k, ROW_LINES * (k + 1)):
        fetch_line(state.actors, w, line * LINE)
    fetch_line(state.driver, w, k * LINE)


@inlined_kernel
def fetch_rest(w: int, k: int, state: State) -> None:
    """Fetch share `k` of what else is kept of each actor in world `w`."""
    lines = state.actors.shape[1] // 16 + 2  # four bytes of each actor
    at = k * LINE
    if k < lines:
        fetch_line(state.permutation, w, at)
        fetch_line(state.rank, w, at)
        fetch_line(state.target, w, at)
        fetch_line(state.behind, w, at)
        fetch_line(state.entry, w, at)
        fetch_line(state.way, w, at)
        return
    k, at = k - lines, at - lines * LINE
    if k < lines:
        fetch_line(state.entry_hop, w, at)
        fetch_line(state.entry_gap, w, at)
        fetch_line(state.aim, w, at)
        fetch_line(state.intent, w, at)
        fetch_line(state.wait, w, at)
        fetch_line(state.way, w, at + lines * LINE)
        return
    k, at = k - lines, at - lines * LINE
    if k < 2 * lines:
        fetch_line(state.sort_key, w, at)
        fetch_line(state.order, w, at)
        fetch_line(state.order_lane, w, at)
        fetch_line(state.order_s, w, at)
        fetch_line(state.way, w, at + 2 * lines * LINE)


@inlined_kernel
def fetch_stretch(roads: Roads, lane: int, s: float) -> None:
    """Fetch the row of `stretches` that `point_at` is going to look at first."""
    fetch_line(roads.stretches, roads.lane_start[lane] + int(s * roads.point_rate[lane]), 0)
