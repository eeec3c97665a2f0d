"""Compile OpenDRIVE files into RoadNetworks, in a child process, with a cache on disk.

CARLA's OpenDRIVE parser is native code that aborts the process on some files; the child turns
that into a sentence. Its result is kept below `$ROADWORTHY_CACHE` (default ~/.cache/roadworthy)
under the hash of the file's content and of the compiler's version.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from roadworthy.sim.errors import MapError, StorageError
from roadworthy.sim.road.compile_child import FAILED
from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.road.opendrive import parse, read_text
from roadworthy.sim.road.store import FORMAT, load_network

COMPILER = 8  # raise it when the same file compiles to something else
TIMEOUT = 180.0  # [s] Town12, ten kilometres wide, takes about a tenth of it


def cache_dir() -> Path:
    """Return the folder of compiled maps."""
    base = os.environ.get("ROADWORTHY_CACHE")
    return Path(base) if base else Path.home() / ".cache" / "roadworthy"


def compile_xodr(
    path: str | os.PathLike[str], *, cache: bool = True, timeout: float = TIMEOUT
) -> RoadNetwork:
    """Compile an OpenDRIVE file (.xodr).

    Args:
        path: the file; its stem becomes the network's name.
        cache: take the result of an earlier run where there is one, and keep this one's.
        timeout: time that the child process may take [s].

    Raises:
        MapError: the file cannot be compiled; the message names it and says what to do.
    """
    source = Path(path)
    text = read_text(source)
    digest = hashlib.sha256(f"{COMPILER}.{FORMAT}\n{source.stem}\n".encode() + text.encode())
    cached = cache_dir() / "maps" / f"{source.stem}-{digest.hexdigest()[:24]}.npz"
    if cache and cached.is_file():
        try:
            return load_network(cached)
        except MapError:  # a damaged entry is made anew
            pass
    parse(text, source)  # what is wrong with the XML is said without a child
    if importlib.util.find_spec("carla") is None:
        raise MapError(
            f"compiling {source} needs the package carla, which has wheels for Linux and Windows "
            "on x86-64 and Python 3.10 to 3.12 only; use a shipped town or compile it there"
        )
    if cache:
        try:
            cached.parent.mkdir(parents=True, exist_ok=True)
            return _run_child(source, cached, timeout)
        except (OSError, StorageError):  # no cache is no reason not to drive
            pass
    with tempfile.TemporaryDirectory(prefix="roadworthy-") as folder:
        return _run_child(source, Path(folder) / "network.npz", timeout)


def _run_child(source: Path, target: Path, timeout: float) -> RoadNetwork:
    command = [sys.executable, "-P", "-m", "roadworthy.sim.road.compile_child"]
    try:
        done = subprocess.run(
            [*command, str(source.resolve()), str(target)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise MapError(
            f"compiling {source} took more than {timeout:g} s and was stopped; CARLA's OpenDRIVE "
            "parser hangs on it, or the map is too large: cut it into smaller towns"
        ) from None
    lines = done.stdout.decode(errors="replace").strip().splitlines()
    if done.returncode == 0 and target.is_file():
        return load_network(target)
    if done.returncode == FAILED and lines:
        message = lines[-1]
        raise (StorageError if message.startswith("cannot write") else MapError)(message)
    if done.returncode < 0 or done.returncode in (134, 139):
        raise MapError(
            f"{source}: CARLA's OpenDRIVE parser crashed on it (signal {abs(done.returncode)}); "
            "the file breaks the standard somewhere. Open it in an OpenDRIVE editor or checker, "
            "repair or export it again, or use a newer version of the map"
        )
    detail = done.stderr.decode(errors="replace").strip().splitlines()
    raise MapError(
        f"{source} could not be compiled (exit code {done.returncode}): "
        f"{detail[-1] if detail else 'no message'}"
    )
