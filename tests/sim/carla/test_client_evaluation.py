"""An evaluation on servers: several at once, killed in mid-run and started again."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from carla_client import Served

from roadworthy.agents.evaluation.evaluate import Evaluation, evaluate
from roadworthy.agents.evaluation.results import Record
from roadworthy.agents.evaluation.tasks import Task
from roadworthy.agents.evaluation.workers import Onlooker
from roadworthy.sim.errors import (
    LostServerError,
    NoAnswerError,
    SettingsError,
)
from roadworthy.sim.road.routing import random_routes
from roadworthy.sim.road.towns import load_town
from roadworthy.sim.scenario.scenario import Scenario
from roadworthy.sim.world.settings import WorldSettings

pytest.importorskip("carla", reason="the carla wheel is not installed")

ROUTES = 3


def scenarios(vehicles: int = 0, town: str = "Rivertown") -> list[Scenario]:
    routes = random_routes(load_town(town).network, ROUTES, 5, min_length=60.0, max_length=120.0)
    return [Scenario(route, WorldSettings(vehicles=vehicles, walkers=0)) for route in routes]


def drive(*servers: Served, **options: Any) -> Evaluation:
    worlds = [address(server) for server in servers]
    return evaluate("expert", options.pop("routes", scenarios()), world=worlds, **options)


def address(server: Served) -> str:
    return f"carla://127.0.0.1:{server.port}"


def told(done: Evaluation) -> list[tuple[str, str, float, str]]:
    return [
        (r.route_id, r.status, r.scores.score_composed, r.meta.trajectory) for r in done.records
    ]


class Mortal:
    """A server that can be killed and comes back at the same address."""

    def __init__(self) -> None:
        self.now = Served("--map", "Rivertown")
        self.port = self.now.port
        self._again: threading.Thread | None = None

    def kill(self) -> None:
        self.now.process.kill()
        self.now.process.wait()

    def rise(self) -> None:
        self.now = Served("--map", "Rivertown", "--port", str(self.port))

    def rise_later(self) -> None:
        self._again = threading.Thread(target=self.rise)
        self._again.start()

    def end(self) -> None:
        if self._again is not None:
            self._again.join()
        self.now.end()


@pytest.fixture
def mortal() -> Iterator[Mortal]:
    server = Mortal()
    yield server
    server.end()


class Killer(Onlooker):
    """Kills a server once, when the second drive is under way."""

    def __init__(self, server: Mortal, again: bool) -> None:
        self.server, self.again, self.done = server, again, 0
        self.killed = False
        self.replacements: list[str] = []

    def recorded(self, task: Task, record: Record, kept: bool) -> None:
        self.done += 1

    def moved(self, task: Task, share: float) -> None:
        if self.done == 1 and share > 0.05 and not self.killed:
            self.killed = True
            self.server.kill()
            if self.again:
                self.server.rise_later()

    def replaced(self, why: str) -> None:
        self.replacements.append(why)


def test_results_do_not_depend_on_which_server_drives_what(served: Served) -> None:
    other = Served("--map", "Marlow")  # which has another town at first
    try:
        one, two = drive(served), drive(served, other)
    finally:
        other.end()
    assert told(one) == told(two)
    assert [record.status for record in one.records] == ["Perfect"] * ROUTES
    assert one.results.roadworthy["world"] == "CARLA 0.9.16"


def test_a_run_whose_server_is_lost_says_so_and_goes_on_with_the_same_command(
    mortal: Mortal, tmp_path: Path
) -> None:
    whole = told(drive(mortal.now))
    killer = Killer(mortal, again=False)
    with pytest.raises(LostServerError, match=r"waiting for .*run the same command"):
        drive(mortal.now, out=tmp_path / "out", onlooker=killer)
    with pytest.raises(NoAnswerError, match="Start one"):
        drive(mortal.now, out=tmp_path / "out")
    mortal.rise()
    kept: list[bool] = []

    class Notes(Onlooker):
        def recorded(self, task: Task, record: Record, was_kept: bool) -> None:
            kept.append(was_kept)

    done = drive(mortal.now, out=tmp_path / "out", onlooker=Notes())
    assert kept == [True] + [False] * (ROUTES - 1)
    assert told(done) == whole


@pytest.mark.parametrize("vehicles", [5, pytest.param(0, marks=pytest.mark.slow)])
def test_a_run_may_wait_for_its_server_to_come_back(mortal: Mortal, vehicles: int) -> None:
    killer = Killer(mortal, again=True)
    done = drive(mortal.now, routes=scenarios(vehicles), wait_for_server=60.0, onlooker=killer)
    assert killer.killed
    assert len(killer.replacements) == 1
    assert len(done.records) == ROUTES
    assert not done.failures


def test_a_server_that_hangs_is_lost_after_the_time_of_one_call(mortal: Mortal) -> None:
    program = Path(__file__).with_name("hanging.py")
    process = mortal.now.process
    try:  # in a process of its own: the wheel's threads now and then abort after such a loss
        done = subprocess.run(
            [sys.executable, program, str(mortal.port), str(process.pid)],
            capture_output=True, text=True, timeout=300.0, check=False,
        )  # fmt: skip
    finally:
        process.send_signal(signal.SIGCONT)
    first, second = done.stdout.splitlines()[-2:]
    assert "waiting for a tick of the world: time-out" in first, done.stderr
    assert "waiting for the controls to be taken" in second


@pytest.mark.parametrize(
    ("worlds", "says"),
    [
        (["carla://a:1", "carla://a:1"], "twice"),
        (["embedded", "carla://a:1"], "or on servers"),
        (["mars"], "carla://HOST:PORT"),
    ],
)
def test_worlds_that_cannot_be_driven_in_together_are_told(worlds: list[str], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        evaluate("expert", scenarios(), world=worlds)


def test_more_workers_than_servers_are_refused(served: Served) -> None:
    with pytest.raises(SettingsError, match="each server has one worker"):
        drive(served, workers=2)


@pytest.mark.parametrize("workers", [0, "0", 3])
def test_two_servers_have_two_workers(workers: int | str) -> None:
    servers = ["carla://a:1", "carla://b:1"]
    with pytest.raises(SettingsError, match="each server has one worker"):
        evaluate("expert", scenarios(), world=servers, workers=workers)
