"""The watchdog of a worker: signs of life for the evaluation, and an end to what hangs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from roadworthy.agents.agent import Agent
from roadworthy.agents.evaluation.messages import Doing
from roadworthy.perception.scene import Scene
from roadworthy.planning.plan import Plan
from roadworthy.sim.frame import Control, Frame
from roadworthy.sim.road.route import Route
from roadworthy.sim.sensors.specs import SensorRig
from roadworthy.sim.town import Town

PERIOD = 0.2  # [s] between two signs of life
SETUP_LIMIT = 600.0  # [s] of wall time, for loading and for an agent's `start`
WORLD_LIMIT = 600.0  # [s] for a step of the world with its sensors; kernels may compile in it


class Watchdog:
    """Knows what the main thread is at, and since when.

    Time is counted in turns of its own thread and not read off a clock, so a process that was
    stopped (Ctrl-Z, a laptop's lid) and goes on has not hung.
    """

    def __init__(self, beat: Callable[[Doing], None], late: Callable[[Doing], None]) -> None:
        """Prepare.

        Args:
            beat: called every PERIOD with what is being done.
            late: called once what is being done takes longer than its limit; while it runs, the
                main thread cannot get beyond that.
        """
        self._beat, self._late = beat, late
        self._lock = threading.Lock()
        self._doing, self._limit, self._turn = Doing.IDLE, float("inf"), 0

    def start(self) -> None:
        """Watch from now on."""
        threading.Thread(target=self._run, name="watchdog", daemon=True).start()

    def at(self, doing: Doing, limit: float = float("inf")) -> None:
        """Something else is being done now, for which there are `limit` seconds."""
        with self._lock:
            self._doing, self._limit = doing, limit
            self._turn += 1

    @contextmanager
    def within(self, doing: Doing, limit: float) -> Iterator[None]:
        """Limit what runs inside; after it the world goes on."""
        self.at(doing, limit)
        try:
            yield
        finally:
            self.at(Doing.DRIVING, WORLD_LIMIT)

    def _run(self) -> None:
        seen, spent, last = -1, 0.0, time.monotonic()
        while True:
            time.sleep(PERIOD)
            now = time.monotonic()
            passed, last = min(now - last, 2.0 * PERIOD), now
            self._beat(self._doing)
            with self._lock:
                spent = spent + passed if seen == self._turn else 0.0
                seen = self._turn
                if spent > self._limit:
                    self._late(self._doing)


class Watched:
    """An agent under a watchdog."""

    def __init__(self, agent: Agent, watchdog: Watchdog, step_limit: float) -> None:
        """Watch `agent`, which has `step_limit` seconds for a decision."""
        self.agent, self.name, self.privileged = agent, agent.name, agent.privileged
        self._watchdog, self._limit = watchdog, step_limit

    def __getattr__(self, name: str) -> Any:
        """What the agent has beside the contract."""
        return getattr(self.__dict__["agent"], name)

    def rig(self) -> SensorRig | None:
        """The agent's sensors."""
        with self._watchdog.within(Doing.SETTING_UP, SETUP_LIMIT):
            return self.agent.rig()

    def start(self, town: Town, route: Route, seed: int) -> None:
        """Begin a drive."""
        with self._watchdog.within(Doing.SETTING_UP, SETUP_LIMIT):
            self.agent.start(town, route, seed)

    def act(self, frame: Frame, truth: Scene | None) -> Control:
        """Decide for one step."""
        with self._watchdog.within(Doing.DECIDING, self._limit):
            return self.agent.act(frame, truth)

    def last_plan(self) -> Plan | None:
        """Plan behind the last control."""
        return self.agent.last_plan()

    def last_scene(self) -> Scene | None:
        """Scene behind the last control."""
        return self.agent.last_scene()
