"""Workers are killed, hang and crash; the results stay what they would have been."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from roadworthy.agents.evaluation import workers
from roadworthy.agents.evaluation.evaluate import Evaluation, evaluate
from roadworthy.agents.evaluation.results import Record
from roadworthy.agents.evaluation.routes import suite_routes
from roadworthy.agents.evaluation.tasks import Task
from roadworthy.agents.evaluation.workers import Onlooker
from roadworthy.sim.errors import InputError, SettingsError, WorldError
from roadworthy.sim.scenario.scenario import Scenario
from roadworthy.sim.world.settings import WorldSettings

from .test_run import recorded

SETTINGS = WorldSettings(vehicles=6, walkers=2, blocked_time=2.0)
AGENTS = """
import ctypes, os, re, signal, time
from roadworthy.agents.simple import BrakeAgent
class Odd(BrakeAgent):
    name = "odd"
    def start(self, town, route, seed):
        self.town_route, self.steps = int(route.id[-1]), 0
        print("this goes to the log")
    def act(self, frame, truth):
        self.steps += 1
        if self.town_route == 1 and self.steps == 5:
            self.do()
        return super().act(frame, truth)
class Hanging(Odd):
    def act(self, frame, truth):
        self.steps += 1
        if self.steps == 5 and self.town_route == 1:
            time.sleep(1e6)
        if self.steps == 5 and self.town_route == 2:
            re.match("(a+)+$", "a" * 64 + "b")  # C code that keeps the interpreter
        return BrakeAgent.act(self, frame, truth)
class Crashing(Odd):
    def do(self): os.kill(os.getpid(), signal.SIGSEGV)
class Stillborn(BrakeAgent):
    def __init__(self): os._exit(3)
class Unmade(BrakeAgent):
    def __init__(self): raise RuntimeError("no licence")
"""


@pytest.fixture
def odd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module with agents that do something odd in the fifth step of one route."""
    (tmp_path / "odd_agents.py").write_text(AGENTS)
    monkeypatch.syspath_prepend(str(tmp_path))
    return "odd_agents"


def scenarios(count: int = 3) -> list[Scenario]:
    return [Scenario(route, SETTINGS) for route in suite_routes("quick")[:count]]


class Notes(Onlooker):
    def __init__(self) -> None:
        self.replacements: list[str] = []

    def replaced(self, why: str) -> None:
        self.replacements.append(why)


def drive(agent: str, **options: Any) -> Evaluation:
    return evaluate(agent, scenarios(), **options)


def test_results_do_not_depend_on_the_number_of_workers(tmp_path: Path) -> None:
    for count in (0, 2):
        drive("random", seeds=2, workers=count, out=tmp_path / str(count))
    here = recorded(tmp_path / "0")
    assert here == recorded(tmp_path / "2")
    assert here["_checkpoint"]["progress"] == [6, 6]
    assert len({record["meta"]["trajectory"] for record in here["_checkpoint"]["records"]}) == 6


def test_an_agent_that_hangs_ends_its_drive_and_the_others_go_on(
    odd: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "SILENCE", 2.0)
    done = drive(f"{odd}:Hanging", workers=1, step_limit=0.7)
    assert [r.status for r in done.records] == [
        "Failed - Agent got blocked", "Failed - Agent timed out", "Failed - Agent timed out",
    ]  # fmt: skip
    asleep, stuck = done.failures
    assert asleep.meta.failure == "a decision took longer than the step limit"
    assert asleep.meta.duration_game == pytest.approx(0.4)  # what it drove until then is known
    assert "could not be interrupted" in stuck.meta.failure
    assert stuck.meta.duration_game == 0.0


def test_a_drive_whose_worker_dies_is_repeated_and_then_counts_as_crashed(
    odd: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "REPEATS", 1)
    notes = Notes()
    done = drive(f"{odd}:Crashing", workers=1, out=tmp_path / "out", onlooker=notes)
    assert [r.status for r in done.records] == [
        "Failed - Agent got blocked", "Failed - Simulation crashed", "Failed - Agent got blocked",
    ]  # fmt: skip
    assert notes.replacements == ["signal 11", "signal 11"]
    assert "ended 2 times, at last with signal 11" in done.records[1].meta.failure
    log = (tmp_path / "out" / "workers.log").read_text()
    assert "this goes to the log" in log
    assert "Segmentation fault" in log


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks processes up in /proc")
def test_a_worker_that_is_killed_is_replaced_and_its_drive_repeated(tmp_path: Path) -> None:
    class Killer(Onlooker):
        killed = 0

        def recorded(self, task: Task, record: Record, kept: bool) -> None:
            if self.killed < 2:
                self.killed += 1
                victims = children(os.getpid())
                assert victims
                for pid in victims:
                    os.kill(pid, signal.SIGKILL)

    killer = Killer()
    drive("random", seeds=2, workers=2, out=tmp_path / "killed", onlooker=killer)
    drive("random", seeds=2, workers=0, out=tmp_path / "whole")
    assert killer.killed == 2
    assert recorded(tmp_path / "killed") == recorded(tmp_path / "whole")


def children(pid: int) -> list[int]:
    """Processes that a process has started."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(word) for task in tasks for word in task.read_text().split()]


COMMAND = """
import sys
from roadworthy.agents.evaluation.evaluate import evaluate
from roadworthy.agents.evaluation.routes import suite_routes
from roadworthy.sim.scenario.scenario import Scenario
from roadworthy.sim.world.settings import WorldSettings
scenarios = [Scenario(r, WorldSettings(vehicles=6, walkers=2)) for r in suite_routes("quick")[:3]]
evaluate("expert", scenarios, seeds=2, workers=2, out=sys.argv[1])
"""


def start(out: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", COMMAND, str(out)])


def alive(pids: list[int]) -> list[int]:
    """Those of some processes that still run."""

    def runs(pid: int) -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
        except OSError:
            return False

    return [pid for pid in pids if runs(pid)]


LINUX = pytest.mark.skipif(sys.platform != "linux", reason="looks processes up in /proc")


@LINUX
def test_a_killed_worker_and_a_killed_evaluation_change_nothing(tmp_path: Path) -> None:
    kill_all_along(["worker", "evaluation"], tmp_path)


@LINUX
@pytest.mark.slow
def test_ten_kills_at_random_moments_change_nothing(tmp_path: Path) -> None:
    generator = random.Random(7)
    kinds = [generator.choice(["evaluation", "worker", "all"]) for _ in range(10)]
    kill_all_along(kinds, tmp_path)


def finished(out: Path) -> int:
    """How many drives an evaluation has recorded so far."""
    results = out / "results.json"
    return len(recorded(out)["_checkpoint"]["records"]) if results.exists() else 0


def kill_all_along(kinds: list[str], folder: Path) -> None:
    """Run an evaluation, kill parts of it at random moments, and compare what comes out.

    The moments are counted in finished drives and not in shares of a first run's time, in which
    kernels may have been compiled: such a kill would come after the end for ever.
    """
    whole, out = folder / "whole", folder / "killed"
    assert start(whole).wait() == 0
    generator = random.Random(len(kinds))
    running = start(out)
    seen: list[int] = []
    left = list(kinds)
    while left:
        target = finished(out) + generator.choice([0, 1])
        while running.poll() is None and finished(out) < target:
            time.sleep(0.02)
        time.sleep(generator.uniform(0.1, 2.0))
        if running.poll() is not None:  # it was done before the kill came: from the beginning
            assert recorded(out) == recorded(whole)
            (out / "results.json").unlink()
            running = start(out)
            continue
        workers_now = children(running.pid)
        seen += workers_now
        victims = {
            "evaluation": [running.pid],
            "worker": workers_now[:1],
            "all": [*workers_now, running.pid],
        }[left[0]]
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        left = left[bool(victims) :]
        if running.pid in victims:
            running.wait()
            running = start(out)
    assert running.wait() == 0
    assert recorded(out) == recorded(whole)
    deadline = time.monotonic() + 5.0
    while alive(seen) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert alive(seen) == []  # no worker outlives its evaluation


@pytest.mark.skipif(sys.platform != "linux", reason="looks processes up in /proc")
def test_ctrl_c_ends_everything_at_once(odd: str, tmp_path: Path) -> None:
    command = [
        sys.executable, "-c", "from roadworthy.agents.cli import main; main()", "evaluate",
        "--agent", f"{odd}:Hanging", "--workers", "2", "--out", str(tmp_path / "out"),
    ]  # fmt: skip
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    running = subprocess.Popen(
        command,
        start_new_session=True,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": path},
        # Whoever started the tests in the background of a shell had the signal ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    while not (tmp_path / "out" / "results.json").exists():
        time.sleep(0.1)
    begun = children(running.pid)
    assert begun, running.communicate()
    begin = time.monotonic()
    os.killpg(running.pid, signal.SIGINT)
    _, told = running.communicate()
    assert time.monotonic() - begin < 3.0
    assert running.returncode == 130
    assert b"stopped; what was finished before is kept" in told
    assert b"Traceback" not in told
    assert alive(begun) == []


@pytest.mark.parametrize(
    ("agent", "error", "says"),
    [
        ("nobody", InputError, "unknown agent 'nobody'"),
        ("{odd}:Unmade", InputError, "RuntimeError: no licence"),
        ("{odd}:Stillborn", WorldError, "exit code 3"),
    ],
)
def test_an_agent_that_cannot_be_made_is_a_sentence(
    agent: str, error: type[Exception], says: str, odd: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "REPEATS", 1)
    with pytest.raises(error, match=says):
        drive(agent.format(odd=odd), workers=2)


@pytest.mark.parametrize("count", [-1, 5000, "two", "1.5", ""])
def test_a_number_of_workers_that_makes_no_sense_is_told(count: int | str) -> None:
    with pytest.raises(SettingsError, match="--workers"):
        drive("brake", workers=count)


def test_a_story_is_told_in_a_worker_as_it_is_here(tmp_path: Path) -> None:
    data = os.environ.get("ROADWORTHY_DATA")
    if not data:
        pytest.skip("$ROADWORTHY_DATA names no folder with OpenSCENARIO files")
    file = Path(data) / "openscenario" / "FollowLeadingVehicle.xosc"
    for count in (0, 1):
        out = tmp_path / str(count)
        evaluate("expert", file, workers=count, out=out, map_dir=Path(data) / "maps")
    here = recorded(tmp_path / "0")
    assert here == recorded(tmp_path / "1")
    assert here["_checkpoint"]["records"][0]["status"] == "Perfect"
