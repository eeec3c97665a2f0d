from __future__ import annotations

import socket
import time

import pytest
from carla_client import Served

from roadworthy.sim.carla.client.link import Address, Link, town_name
from roadworthy.sim.errors import CarlaError, NoAnswerError, NoServerError, SettingsError

carla = pytest.importorskip("carla", reason="the carla wheel is not installed")


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("carla://127.0.0.1:2000", "127.0.0.1", 2000),
        ("carla://sim.example.org", "sim.example.org", 2000),
        ("carla://localhost:4100/", "localhost", 4100),
    ],
)
def test_an_address_is_read(text: str, host: str, port: int) -> None:
    assert Address.of(text) == Address(host, port)
    assert Address.of(str(Address.of(text))) == Address(host, port)


@pytest.mark.parametrize("text", ["", "carla://", "carla://:2000", "carla://a:0", "carla://a:99999",
                                  "carla://a b:1", "http://a:1", "carla://a:x"])  # fmt: skip
def test_what_is_no_address_is_told(text: str) -> None:
    with pytest.raises(SettingsError, match="carla://HOST:PORT"):
        Address.of(text)


def test_a_server_that_is_not_there_is_told_in_bounded_time() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    begin = time.monotonic()
    with pytest.raises(CarlaError, match=f"127.0.0.1:{port}: waiting for an answer"):
        Link(Address("127.0.0.1", port), timeout=1.0)
    assert time.monotonic() - begin < 10.0


def test_a_server_that_takes_the_call_and_never_answers_is_told_in_bounded_time() -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        port = mute.getsockname()[1]
        begin = time.monotonic()
        with pytest.raises(CarlaError, match="waiting for an answer from the server: time-out"):
            Link(Address("127.0.0.1", port), timeout=1.0)
        assert time.monotonic() - begin < 10.0


@pytest.mark.parametrize("version", ["0.9.15", "0.10.0"])
def test_a_server_of_another_version_is_refused(
    served: Served, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Other:
        def __init__(self, host: str, port: int) -> None:
            assert (host, port) == ("127.0.0.1", served.port)

        def set_timeout(self, seconds: float) -> None: ...

        def get_server_version(self) -> str:
            return version

    monkeypatch.setattr(carla, "Client", Other)
    with pytest.raises(
        NoServerError, match=rf"is CARLA {version}, and this version speaks with 0\.9\.16; start"
    ):
        Link.when_there(Address("127.0.0.1", served.port), patience=30.0)  # waiting is of no use


def test_a_server_that_does_not_come_is_told_after_the_wait() -> None:
    begin = time.monotonic()
    with pytest.raises(NoAnswerError, match=r"waited for 1\.5 s: .*Connection refused"):
        Link.when_there(Address("127.0.0.1", 1), patience=1.5)
    assert 1.5 <= time.monotonic() - begin < 10.0


def test_towns_are_known_by_their_plain_names() -> None:
    assert town_name("/Game/Carla/Maps/Town10HD_Opt") == "Town10HD"
    assert town_name("Town03") == "Town03"
