"""A server in a process of its own, and small deeds of clients."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

carla = pytest.importorskip("carla")

HUNG = 75  # exit code of a program that has found out for itself that it hangs
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


def told(
    served: Served, program: list[str], *arguments: str, seconds: float = 90.0, tries: int = 2
) -> dict[str, Any]:
    """What a program of its own says in its last line, in JSON; it gets the port and a folder.

    The wheel's own Traffic Manager hangs now and then, whatever the server does: its thread waits
    for a tick to begin and the client's for it to end, as a notification is lost that is given
    without the lock (TrafficManagerLocal.cpp, carla #9172). A program that does gets another try.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, *program, str(served.port), folder, *arguments]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired:
            if tries < 2:
                raise
            done = None
    if done is None or (done.returncode == HUNG and tries > 1):
        return told(served, program, *arguments, seconds=seconds, tries=tries - 1)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    assert lines, f"exit code {done.returncode}: {done.stderr[-2000:]}"
    return dict(json.loads(lines[-1]))


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
