"""Link: the way to a CARLA server, on which every wait is bounded and every failure has a sentence.

The `carla` wheel is imported here and nowhere at import time: platforms without it can do all else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from roadworthy.sim.errors import CarlaError, NoServerError, SettingsError

VERSION = "0.9.16"
SCHEME = "carla://"
PORT = 2000
TIMEOUT = 20.0  # [s] of one call; a real server may take as long to render its first frames
LOADING = 120.0  # [s] to load a town
_ADDRESS = re.compile(r"(?P<host>[^:/\s]+)(?::(?P<port>\d{1,5}))?/?\Z")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens."""

    host: str
    port: int

    @classmethod
    def of(cls, text: str) -> Address:
        """Read `carla://HOST:PORT`; without a port it is 2000.

        Raises:
            SettingsError: it is something else.
        """
        found = _ADDRESS.match(text.removeprefix(SCHEME)) if text.startswith(SCHEME) else None
        port = int(found["port"] or PORT) if found else 0
        if found is None or not 0 < port < 65536:
            raise SettingsError(
                f"world {text!r} is not understood; write embedded or {SCHEME}HOST:PORT, such as "
                f"{SCHEME}127.0.0.1:{PORT}"
            )
        return cls(found["host"], port)

    def __str__(self) -> str:
        return f"{SCHEME}{self.host}:{self.port}"


class Link:
    """A connection to one server."""

    def __init__(self, address: Address, timeout: float = TIMEOUT) -> None:
        """Connect.

        Raises:
            NoServerError: there is no wheel, no server, or one of another version.
        """
        try:
            import carla
        except ImportError as error:
            raise NoServerError(
                f"{address} needs the package carla {VERSION} ({error}); it has wheels for Linux "
                "and Windows on x86-64 and Python 3.10 to 3.12"
            ) from None
        self.carla: Any = carla
        self.address, self.timeout = address, timeout
        try:
            with self.waiting("an answer from the server"):
                self.client: Any = carla.Client(address.host, address.port)
                self.client.set_timeout(timeout)
                version = str(self.client.get_server_version())
        except CarlaError as error:
            raise NoServerError(f"{error}. Start one, or leave --world out") from None
        if version != VERSION:
            raise NoServerError(
                f"{address} is CARLA {version}, and this version speaks with {VERSION}; start that "
                "one (or `roadworthy serve`)"
            )

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """Name what is being waited for, should the server not give it.

        Raises:
            CarlaError: the server did not answer in time, is gone, or refused.
        """
        try:
            yield
        except RuntimeError as error:  # all that the wheel raises
            text = str(error).strip().splitlines()
            raise CarlaError(
                f"{self.address}: waiting for {what}: {text[0] if text else 'no reason given'}"
            ) from None

    def world_of(self, town: str) -> Any:
        """Return the server's world, with a town loaded where it has another one.

        Args:
            town: by its name; "" keeps what is there.

        Raises:
            CarlaError: the server has no such town, or did not answer.
        """
        with self.waiting("the world"):
            world = self.client.get_world()
            present = town_name(world.get_map().name)
        if town in ("", present):
            return world
        with self.waiting(f"the towns, to load {town}"):
            towns = sorted({town_name(name) for name in self.client.get_available_maps()})
        if town not in towns:
            raise CarlaError(
                f"{self.address} has no town {town}; it has {', '.join(towns)}. Take a scenario in "
                "one of these"
            )
        with self.waiting(f"{town} to load"), self.patience():
            return self.client.load_world(town)

    def reload(self, settings: Any) -> Any:
        """Load the server's town anew, without any actors, and return its world.

        Raises:
            CarlaError: the server did not answer in time.
        """
        with self.waiting("the town to load anew"), self.patience():
            world = self.client.reload_world()
            world.apply_settings(settings)
            return world

    @contextmanager
    def patience(self) -> Iterator[None]:
        """Wait longer than usual: LOADING seconds."""
        usual = self.timeout
        self.timeout = max(LOADING, usual)
        self.client.set_timeout(self.timeout)
        try:
            yield
        finally:
            self.timeout = usual
            self.client.set_timeout(usual)


def town_name(name: str) -> str:
    """A map's name without its folder and the suffix of layered maps."""
    return name.rsplit("/", 1)[-1].removesuffix("_Opt")
