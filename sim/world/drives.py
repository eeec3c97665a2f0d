"""Which drive a world makes next: its random stream and its route."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim import rng
from roadworthy.sim.kernel import kernel

ANY = np.zeros(0, np.int64)  # routes: drawn from each world's random stream


@kernel
def name_drives(
    mask: NDArray[np.bool_],
    wanted: NDArray[np.int64],
    count: int,
    seed: np.uint64,
    first_index: int,
    episode: NDArray[np.int64],
    key: NDArray[np.uint64],
    route: NDArray[np.int32],
) -> int:
    """Set key and route of the next drive in the worlds of the mask, and count it.

    A kernel: called from Python for each world, the few draws took as long as the drive's set-up.

    Args:
        mask: bool [W].
        wanted: int64 [W] routes, or `ANY`.
        count: of the routes there are.
        seed: of all worlds.
        first_index: number of the first world.
        episode: int64 [W] drives begun before; updated.
        key: uint64 [W], written.
        route: int32 [W], written.

    Returns:
        The first world whose route does not exist, and nothing is changed; -1 where all do.
    """
    drawn = len(wanted) == 0
    if not drawn:
        for w in range(len(mask)):
            if mask[w] and not 0 <= wanted[w] < count:
                return w
    for w in range(len(mask)):
        if mask[w]:
            key[w] = rng.derive(rng.derive(seed, first_index + w), episode[w])
            route[w] = rng.integer(key[w], -1, count) if drawn else wanted[w]
            episode[w] += 1
    return -1
