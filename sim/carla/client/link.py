"""Link: the way to a CARLA server, on which every wait is bounded and every failure has a sentence.

The `carla` wheel is imported here and nowhere at import time: platforms without it can do all else.
"""

from __future__ import annotations

import re
import select
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from roadworthy.sim.errors import (
    CarlaError,
    LostServerError,
    NoAnswerError,
    NoServerError,
    NoTownError,
    SettingsError,
)

VERSION = "0.9.16"
SCHEME = "carla://"
PORT = 2000
TIMEOUT = 20.0  # [s] of one call; a real server may take as long to render its first frames
LOADING = 120.0  # [s] to load a town
KNOCK = 1.0  # [s] between two looks for a server that is not there yet
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
    """A connection to one server.

    Attributes:
        lost: whether the server failed to answer, or is gone; it is not asked any more then.
    """

    def __init__(self, address: Address, timeout: float = TIMEOUT) -> None:
        """Connect.

        Raises:
            NoAnswerError: nothing answers there.
            NoServerError: there is no wheel, or the server is of another version.
        """
        try:
            import carla
        except ImportError as error:
            raise NoServerError(
                f"{address} needs the package carla {VERSION} ({error}); it has wheels for Linux "
                "and Windows on x86-64 and Python 3.10 to 3.12"
            ) from None
        self.carla: Any = carla
        self.address, self.timeout, self.lost = address, timeout, False
        self._line: socket.socket | None = None
        try:
            with self.waiting("an answer from the server"):
                self._line = dial(address, timeout)
                self.client: Any = carla.Client(address.host, address.port)
                self.client.set_timeout(timeout)
                version = str(self.client.get_server_version())
        except CarlaError as error:
            self.close()
            raise NoAnswerError(f"{error}. Start one, or leave --world out") from None
        if version != VERSION:
            self.close()
            raise NoServerError(
                f"{address} is CARLA {version}, and this version speaks with {VERSION}; start that "
                "one (or `roadworthy serve`)"
            )

    @classmethod
    def when_there(cls, address: Address, patience: float, timeout: float = TIMEOUT) -> Link:
        """Connect to a server that may come yet.

        Args:
            address: of the server.
            patience: how long it may take to come [s].
            timeout: of one call [s].

        Raises:
            NoAnswerError: it did not come.
            NoServerError: there is no wheel, or the server is of another version.
        """
        end = time.monotonic() + patience
        while True:
            left = max(end - time.monotonic(), 0.0)
            try:
                if left:  # the wheel keeps threads and sockets of each client that found nobody
                    dial(address, min(timeout, max(left, KNOCK))).close()
                return cls(address, timeout)
            except (OSError, NoAnswerError) as error:
                if not left:
                    waited = f" for {patience:g} s" if patience else ""
                    why = str(error) if isinstance(error, NoAnswerError) else f"{address}: {error}"
                    raise NoAnswerError(f"waited{waited}: {why}" if waited else why) from None
            time.sleep(min(KNOCK, left))

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """Name what is being waited for, should the server not give it.

        Raises:
            CarlaError: the server refused.
            LostServerError: it did not answer in time, or is gone.
        """
        try:
            if self.lost:
                raise RuntimeError("the server is gone")
            yield
        except RuntimeError as error:  # all that the wheel raises
            text = (str(error).strip().splitlines() or ["no reason given"])[0]
            said = f"{self.address}: waiting for {what}: {text}"
            if self.lost or "time-out" in text or "timeout" in text or not self.there():
                self.lost = True
                raise LostServerError(said) from None
            raise CarlaError(said) from None
        except OSError as error:
            self.lost = True
            raise LostServerError(f"{self.address}: waiting for {what}: {error}") from None

    def there(self) -> bool:
        """Whether the server still holds a line of ours that nobody speaks on.

        The wheel finds out by a time-out only, and its Traffic Manager ends the process at it; so
        ask before each tick.
        """
        if self._line is None or self.lost:
            return False
        readable, _, _ = select.select([self._line], [], [], 0.0)
        if not readable:
            return True
        try:
            return bool(self._line.recv(4096))  # nothing: the other side hung up
        except OSError:
            return False

    def close(self) -> None:
        """Hang up the line; the wheel's own connections end with its client."""
        if self._line is not None:
            self._line.close()
            self._line = None

    def world_of(self, town: str, anew: bool = False) -> Any:
        """Return the server's world, with a town loaded where it has another one.

        The settings stay as they are.

        Args:
            town: by its name; "" keeps what is there.
            anew: load it in any case, so that nothing is left of what was there.

        Raises:
            LostServerError: the server did not answer.
            NoTownError: it has no such town.
        """
        with self.waiting("the world"):
            world = self.client.get_world()
            present = town_name(world.get_map().name)
        if town in ("", present):
            return self.reload() if anew else world
        with self.waiting(f"the towns, to load {town}"):
            towns = sorted({town_name(name) for name in self.client.get_available_maps()})
        if town not in towns:
            raise NoTownError(
                f"{self.address} has no town {town}; it has {', '.join(towns)}. Take a scenario in "
                "one of these"
            )
        with self.waiting(f"{town} to load"), self.patience():
            return self.client.load_world(town, False)

    def reload(self) -> Any:
        """Load the server's town anew, without any actors, and return its world.

        The settings stay: a server that is not synchronous would go on before they are set.

        Raises:
            CarlaError: the server did not answer in time.
        """
        with self.waiting("the town to load anew"), self.patience():
            return self.client.reload_world(False)

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


def dial(address: Address, timeout: float) -> socket.socket:
    """Open a line to a server, on which nothing is said.

    Raises:
        OSError: nobody listens.
    """
    return socket.create_connection((address.host, address.port), timeout)


def town_name(name: str) -> str:
    """A map's name without its folder and the suffix of layered maps."""
    return name.rsplit("/", 1)[-1].removesuffix("_Opt")
