from __future__ import annotations

import os
from pathlib import Path

import pytest

from roadworthy.sim.road.towns import load_town, town_names
from roadworthy.sim.town import Town

from .proof import watch

# In ten minutes with 100 vehicles; only Town03 has bends so narrow that trucks meet in them.
SCRAPES = 2
CARLA_TOWNS = ("Town01", "Town02", "Town03", "Town04", "Town10HD")


def carla_town(name: str) -> Town:
    folder = os.environ.get("ROADWORTHY_DATA")
    if not folder:
        pytest.skip("ROADWORTHY_DATA is not set: CARLA's maps are there")
    pytest.importorskip("carla", reason="the carla wheel is not installed")
    return load_town(name, Path(folder) / "maps")


@pytest.mark.parametrize("name", ["Town03", "Town10HD"])
def test_a_minute_of_dense_traffic_flows(name: str) -> None:
    found = watch(carla_town(name), 60.0)
    assert found.finite
    assert found.vehicles > 80
    assert found.speed > 1.5
    assert found.touching == 0
    assert found.in_walls == 0


def test_nobody_is_let_into_a_junction_behind_one_who_waits() -> None:
    # Three who were held up three junctions within 100 s.
    found = watch(load_town("Ringford"), 120.0)
    assert found.stuck == 0


def test_two_who_start_at_one_green_light_do_not_both_take_the_junction() -> None:
    # One turned left, the other went straight on: they met after 176 s.
    found = watch(load_town("Marlow"), 180.0, vehicles=30, walkers=10)
    assert found.touching == 0


@pytest.mark.slow
@pytest.mark.parametrize(("vehicles", "walkers"), [(100, 20), (30, 10)])
@pytest.mark.parametrize("name", [*CARLA_TOWNS, *town_names()])
def test_ten_minutes_of_careful_traffic_flow(name: str, vehicles: int, walkers: int) -> None:
    town = carla_town(name) if name in CARLA_TOWNS else load_town(name)
    found = watch(town, 600.0, vehicles, walkers)
    assert found.finite
    assert found.speed > 1.0
    assert found.touching == 0
    assert found.scraping <= SCRAPES
    assert found.flawed == found.careless == 0
    assert found.in_walls == 0
    assert found.stuck == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", CARLA_TOWNS)
def test_only_careless_drivers_cause_collisions(name: str) -> None:
    found = watch(carla_town(name), 600.0, careless=True)
    assert found.flawed >= 5  # of 100 at once; who share the road with them see them and brake
    assert found.finite
    assert found.touching == 0
    assert found.scraping <= SCRAPES
    assert found.in_walls == 0
