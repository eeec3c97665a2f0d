from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parent))

from carla_client import Served, spawn


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("recordings")
    server = Served("--map", "Rivertown", "--recordings", str(folder))
    yield server
    server.end()


@pytest.fixture
def emptied(served: Served) -> Served:
    """The server with a Rivertown in which nothing is left of other tests, asynchronous."""
    served.client().load_world("Rivertown", True)
    return served


@pytest.fixture
def client(served: Served) -> Any:
    return served.client()


@pytest.fixture
def world(client: Any) -> Any:
    """A fresh Rivertown in synchronous mode."""
    client.load_world("Rivertown")
    world = client.get_world()
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, 0.05
    world.apply_settings(settings)
    return world


@pytest.fixture
def car(world: Any) -> Any:
    """A Tesla that stands on the road."""
    return spawn(world)
