"""The benchmark of the wire: CARLA's client and our server, a process each."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable

from roadworthy.agents.benchmarks import Figure
from roadworthy.sim.errors import SettingsError, WorldError

LONGEST = 180.0  # [s] the client may take
_SERVE = "from roadworthy.agents.cli import main; main()"


def measure_wire(tell: Callable[[str], None], seed: int) -> list[Figure]:
    """`world.tick()` through the real client: bare, with a lidar, with a camera.

    Raises:
        SettingsError: the package carla is not installed.
        WorldError: server or client failed.
    """
    if importlib.util.find_spec("carla") is None:
        raise SettingsError("bench wire needs the package carla, CARLA's own client")
    tell("wire: 50 moving vehicles in Rivertown, CARLA's client and our server")
    server = subprocess.Popen(
        [sys.executable, "-P", "-c", _SERVE, "serve", "--port", "0", "--seed", str(seed)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        line = server.stdout.readline()
        if not line.startswith("serving"):
            raise WorldError("the server did not start; try `roadworthy serve` to see why")
        port = line.strip().rsplit(":", 1)[1]
        done = subprocess.run(
            [sys.executable, "-P", "-m", "roadworthy.agents.wire_rates", port],
            capture_output=True, text=True, timeout=LONGEST, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise WorldError(f"the client did not finish within {LONGEST:g} s") from None
    finally:
        server.terminate()
        server.wait()
        if server.stdout is not None:
            server.stdout.close()
    lines = [text for text in done.stdout.splitlines() if text.startswith("{")]
    if not lines:  # the client may well crash on its way out, when it has said all
        raise WorldError(f"the client failed (exit code {done.returncode}): {done.stderr[-300:]}")
    rates = json.loads(lines[-1])
    cars, points = rates["moving"], rates["points"]
    return [
        Figure(
            "wire_ticks_per_s", f"wire: ticks/s, {cars} moving vehicles", rates["ticks"], 2000.0
        ),
        Figure(
            "wire_lidar_ticks_per_s", f"  and a lidar of {points:,} points", rates["lidar"], None
        ),
        Figure("wire_camera_ticks_per_s", "  and a camera of 800 x 600", rates["camera"], None),
    ]
