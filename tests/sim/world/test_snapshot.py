from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.sim.errors import WorldError
from roadworthy.sim.road.route import RouteSet
from roadworthy.sim.town import Town
from roadworthy.sim.world.batch import BatchWorld
from roadworthy.sim.world.settings import WorldSettings
from roadworthy.sim.world.snapshot import WorldSnapshot

SETTINGS = WorldSettings(vehicles=10, walkers=5)


def make(town: Town, routes: RouteSet, worlds: int, **more: object) -> BatchWorld:
    return BatchWorld(town, routes, worlds, settings=SETTINGS, **more)  # type: ignore[arg-type]


def go(batch: BatchWorld, steps: range) -> None:
    """Drive all worlds alike; the wish depends on the number of the step alone."""
    for k in steps:
        accel = np.full(batch.worlds, 1.5 if k % 40 < 30 else -3.0, np.float32)
        batch.step_plan(accel, np.full(batch.worlds, 0.01 * np.sin(0.1 * k), np.float32))


def content(batch: BatchWorld, world: int) -> bytes:
    """All the bytes of one world."""
    return batch.snapshot(world).to_bytes()


@settings(max_examples=8)
@given(st.integers(0, 120), st.integers(1, 40))
def test_a_world_goes_on_from_a_snapshot_to_the_byte(
    rivertown: Town, river_routes: RouteSet, moment: int, further: int
) -> None:
    batch = make(rivertown, river_routes, 3, seed=4)
    go(batch, range(moment))
    kept = batch.snapshot(1)
    go(batch, range(moment, moment + further))
    expected = content(batch, 1)
    # Into another place of another batch of another seed, through bytes.
    other = make(rivertown, river_routes, 5, seed=99)
    go(other, range(7))
    other.restore(WorldSnapshot.from_bytes(kept.to_bytes()), 4)
    go(other, range(moment, moment + further))
    assert content(other, 4) == expected
    # And back into the world where it came from.
    batch.restore(kept, 1)
    go(batch, range(moment, moment + further))
    assert content(batch, 1) == expected


def test_restoring_one_world_leaves_the_others_alone(
    rivertown: Town, river_routes: RouteSet
) -> None:
    batch, untouched = (make(rivertown, river_routes, 3, seed=4) for _ in range(2))
    kept = batch.snapshot(0)
    for each in (batch, untouched):
        go(each, range(20))
    batch.restore(kept, 0)
    assert content(batch, 0) != content(untouched, 0)
    assert [content(batch, w) for w in (1, 2)] == [content(untouched, w) for w in (1, 2)]


def test_one_world_can_be_restored_into_many_and_many_into_as_many(
    rivertown: Town, river_routes: RouteSet
) -> None:
    batch = make(rivertown, river_routes, 4, seed=4)
    go(batch, range(30))
    batch.restore(batch.snapshot(2), range(4))
    go(batch, range(30, 40))
    assert len({content(batch, w) for w in range(4)}) == 1
    all_of_them = batch.snapshot()
    assert all_of_them.worlds == 4
    go(batch, range(5))
    batch.restore(all_of_them)
    assert batch.snapshot().to_bytes() == all_of_them.to_bytes()


def test_a_snapshot_is_small_and_survives_pickling(rivertown: Town, river_routes: RouteSet) -> None:
    kept = make(rivertown, river_routes, 1).snapshot()
    again = pickle.loads(pickle.dumps(kept))
    assert again.to_bytes() == kept.to_bytes()
    assert len(kept.to_bytes()) < 16_000


def test_a_snapshot_that_does_not_fit_is_refused_and_changes_nothing(
    rivertown: Town, river_routes: RouteSet
) -> None:
    batch = make(rivertown, river_routes, 2)
    kept = batch.snapshot()
    before = kept.to_bytes()
    busier = WorldSettings(vehicles=10, walkers=6)
    foreign = (
        BatchWorld(rivertown, river_routes, 1, settings=busier),
        make(rivertown, RouteSet.of(river_routes.routes[:3]), 1),
    )
    for other in foreign:
        with pytest.raises(WorldError, match="cannot go on"):
            batch.restore(other.snapshot(), 0)
    with pytest.raises(WorldError, match="holds 2 worlds"):
        batch.restore(kept, 0)
    with pytest.raises(WorldError, match="world 7"):
        batch.restore(kept, [0, 7])
    with pytest.raises(WorldError, match="no snapshot"):
        WorldSnapshot.from_bytes(b"something else")
    with pytest.raises(WorldError, match="format 0"):
        WorldSnapshot.from_bytes(before.replace(b'"format": 1', b'"format": 0', 1))
    with pytest.raises(WorldError, match="damaged"):
        WorldSnapshot.from_bytes(before[:-5])
    with pytest.raises(WorldError, match="more bytes"):
        WorldSnapshot.from_bytes(before + b"!")
    assert batch.snapshot().to_bytes() == before
