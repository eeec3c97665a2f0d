"""The client's own walker AI in CARLA's towns: fifty walkers for five minutes each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from carla_client import Served, told

WALK = str(Path(__file__).parent / "walker_walk.py")
MAPS = Path(os.environ.get("ROADWORTHY_DATA", "")) / "maps"
TICKS = 6_000  # five minutes

needs_maps = pytest.mark.skipif(
    not (MAPS / "Town03.xodr").is_file(), reason="ROADWORTHY_DATA has no maps/Town03.xodr"
)


@pytest.fixture(scope="module")
def towns() -> Iterator[Served]:
    server = Served("--map", "Rivertown", "--map-dir", str(MAPS))
    yield server
    server.end()


@needs_maps
@pytest.mark.slow
@pytest.mark.timeout(1300)
@pytest.mark.parametrize("cross", ["0.0", "0.5"])
@pytest.mark.parametrize("town", ["Town01", "Town03", "Town04", "Town10HD"])
def test_fifty_walkers_walk_for_five_minutes(towns: Served, town: str, cross: str) -> None:
    found = told(towns, [WALK], town, "50", str(TICKS), "1", cross, seconds=600.0)
    print(found)
    assert found["walkers"] >= 45
    assert found["stuck"] == 0
    assert found["indoors_s"] == 0
    assert found["on_road_s"] <= 40  # of 15,000: corners of crosswalks that are cut
    assert found["km"] > 15.0


def test_twenty_walkers_stay_on_the_sidewalks(served: Served) -> None:
    found = told(served, [WALK], "Rivertown", "20", "1200", "1", "0.0")
    assert found["walkers"] >= 18
    assert found["stuck"] == 0
    assert found["indoors_s"] == 0
    assert found["on_road"] == 0
    assert found["least_m"] > 10.0
