"""The table of the docs is that of the dispatcher, and names each method of CARLA's API."""

from __future__ import annotations

import pytest
from carla_client import repository

from roadworthy.sim.carla.coverage import CLASSES, coverage, markdown
from roadworthy.sim.carla.server.methods import METHODS

carla = pytest.importorskip("carla")


def public(kind: type) -> set[str]:
    return {name for name in dir(kind) if not name.startswith("_")}


@pytest.mark.parametrize("name", CLASSES)
def test_each_method_of_the_api_is_in_the_table(name: str) -> None:
    kinds = [getattr(carla, name)] + ([carla.ServerSideSensor] if name == "Sensor" else [])
    real = set().union(*(public(kind) for kind in kinds))
    if issubclass(kinds[0], carla.Actor) and name != "Actor":
        real -= public(carla.Actor)
    assert set(coverage()[name]) == real


def test_each_method_that_the_table_names_is_served() -> None:
    for text in CLASSES.values():
        for line in text.strip().splitlines():
            for wire in line.partition(":")[2].split():
                assert wire == "-" or wire in METHODS, line


def test_the_docs_have_the_table_of_this_version() -> None:
    page = (repository() / "docs" / "carla.md").read_text()
    assert page.rstrip().endswith(markdown().rstrip()), (
        "make it anew: python -m roadworthy.sim.carla.coverage"
    )
