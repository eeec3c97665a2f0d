from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.road.towns import load_network_of


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep compiled maps of the tests out of the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROADWORTHY_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.delenv("ROADWORTHY_MAPS", raising=False)
        yield


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real maps and routes."""
    folder = os.environ.get("ROADWORTHY_DATA")
    if not folder or not (Path(folder) / "maps").is_dir():
        pytest.skip("ROADWORTHY_DATA does not point at the real maps and routes")
    return Path(folder)


@pytest.fixture(scope="session")
def real_town(data: Path) -> Callable[[str], RoadNetwork]:
    """Compile a CARLA town once per session."""
    pytest.importorskip("carla", reason="the carla wheel is not installed")
    return lambda name: load_network_of(name, data / "maps")


@pytest.fixture(scope="session")
def rivertown() -> RoadNetwork:
    return load_network_of("Rivertown")
