"""A server in a process of its own, and small deeds of clients."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

carla = pytest.importorskip("carla")

COMMAND = "from roadworthy.agents.cli import main; main()"


class Served:
    """A server in a process of its own."""

    def __init__(self, *arguments: str) -> None:
        # Kernels that are not in the cache yet may take a minute; the time-out of the test holds.
        self.process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, "serve", "--port", "0", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | {"COLUMNS": "200"},
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("serving "), line
        self.port = int(line.rsplit(":", 1)[1])

    def client(self) -> Any:
        """A new client."""
        client = carla.Client("127.0.0.1", self.port)
        client.set_timeout(20.0)
        return client

    def end(self) -> int:
        """Ask it to end, with SIGTERM; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(20.0)
        finally:
            self.process.kill()
            assert self.process.stdout is not None
            self.process.stdout.close()


def spawn(world: Any, at: int = 3, name: str = "vehicle.tesla.model3") -> Any:
    blueprint = world.get_blueprint_library().find(name)
    actor = world.spawn_actor(blueprint, world.get_map().get_spawn_points()[at])
    for _ in range(10):
        world.tick()
    return actor


def run(world: Any, ticks: int) -> None:
    for _ in range(ticks):
        world.tick()


def repository() -> Path:
    """The folder of the checkout."""
    return Path(__file__).parents[3]
