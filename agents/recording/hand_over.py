"""Hand-over: at some moment of a recorded drive another agent takes the wheel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from roadworthy.agents.agent import Agent
from roadworthy.agents.evaluation.drive import DriveObserver, DriveResult, drive
from roadworthy.agents.evaluation.tally import Tally
from roadworthy.agents.recording.container import RecordingError
from roadworthy.agents.recording.recording import RecordedResult, Recording
from roadworthy.agents.recording.replay import Replay, difference_of
from roadworthy.perception.scene import Scene
from roadworthy.planning.plan import Plan
from roadworthy.sim.errors import SettingsError
from roadworthy.sim.frame import Control, Frame
from roadworthy.sim.road.route import Route
from roadworthy.sim.road.towns import load_town
from roadworthy.sim.scenario.scenario import Scenario
from roadworthy.sim.sensors.specs import SensorRig
from roadworthy.sim.town import Town
from roadworthy.sim.world.driven import DrivenWorld

WARM_UP = 3.0  # [s]


@dataclass(frozen=True, slots=True)
class HandOver:
    """What came of a hand-over."""

    time: float  # [s] of the drive at which the wheel changed hands
    ticks: int  # re-simulated until then, byte for byte equal
    driver: str  # who had driven
    agent: str  # who drove on
    before: RecordedResult | None  # the recorded drive; None where it was broken off
    after: DriveResult  # the drive with the other agent, as a whole


class Relay:
    """An Agent that gives recorded controls until a moment, and then those of another agent.

    The other one is started some seconds before; it sees every frame from then on, so that its
    trackers and filters have settled when its controls begin to count.
    """

    def __init__(self, recording: Recording, agent: Agent, first: int, warm_up: int) -> None:
        """Prepare.

        Args:
            recording: the drive so far.
            agent: who takes over.
            first: moment from which on its controls count.
            warm_up: moments before that at which it is started.
        """
        driver, at = recording.head.driver.name, recording[first].time
        self.name = f"{driver}, from {at:.1f} s {agent.name}"
        self.privileged = agent.privileged
        self.far = bool(getattr(agent, "far", False))
        self._recording, self._agent = recording, agent
        self._first, self._start = first, max(first - warm_up, 0)
        self.models = getattr(agent, "models", ())
        self.sees_from = recording[self._start].time  # before that it needs no sensors
        self._index = 0
        self._begin: tuple[Town, Route, int] | None = None

    @property
    def awake(self) -> bool:
        """Whether the other agent has been started."""
        return self._index > self._start

    def rig(self) -> SensorRig | None:
        """Sensors of the other agent."""
        return self._agent.rig()

    def start(self, town: Town, route: Route, seed: int) -> None:
        """Begin the drive; the other agent begins when its time has come."""
        self._begin, self._index = (town, route, seed), 0

    def act(self, frame: Frame, truth: Scene | None) -> Control:
        """The recorded control, or that of the other agent."""
        index, self._index = self._index, self._index + 1
        mine: Control | None = None
        if index == self._start and self._begin is not None:
            self._agent.start(*self._begin)
        if index >= self._start:
            mine = self._agent.act(frame, truth)
        if index >= self._first and mine is not None:
            return mine
        then = self._recording[index].control
        if then is None:
            raise SettingsError(f"the recording has no control at {frame.time:.2f} s")
        return then

    def last_plan(self) -> Plan | None:
        """Plan of the other agent."""
        return self._agent.last_plan() if self.awake else None

    def last_scene(self) -> Scene | None:
        """Scene of the other agent."""
        return self._agent.last_scene() if self.awake else None


class _Comparing(DriveObserver):
    """Holds the drive against the recording until the wheel changes hands."""

    def __init__(self, recording: Recording, last: int) -> None:
        self._recording, self._last, self._index = recording, last, 0

    def begin(self, world: DrivenWorld, scenario: Scenario, agent: Agent, seed: int) -> None:
        """Compare the first state."""
        self._compare(world)

    def stepped(self, world: DrivenWorld, tally: Tally) -> None:
        """Compare the next state."""
        self._index += 1
        if self._index <= self._last:
            self._compare(world)

    def _compare(self, world: DrivenWorld) -> None:
        difference = difference_of(self._recording, self._index, world)
        if difference:
            raise RecordingError(
                f"recording {self._recording.path}: the wheel cannot change hands at "
                f"{self._recording[self._last].time:.2f} s, since the world does not go there as "
                f"it did: {difference}. Replay it with the version that recorded it"
            )


def hand_over(
    recording: Replay | Recording,
    agent: Agent,
    time: float,
    *,
    warm_up: float = WARM_UP,
    map_dir: Path | None = None,
    observers: Sequence[DriveObserver] = (),
    time_limit: float | None = None,
) -> HandOver:
    """Let another agent take the wheel: what would it have done?

    The drive is simulated again from its seed and its controls, held against the recording byte
    for byte, and from `time` on `agent` drives, to the end of the route or of its luck.

    Args:
        recording: the drive, with its town where it is a Replay.
        agent: who takes over.
        time: when [s].
        warm_up: [s] before, at which it is started; from there it sees what there is to see, but
            its controls do not count.
        map_dir: where the town's map lies if it is not shipped and `recording` is no Replay.
        observers: that watch the drive from its beginning.
        time_limit: end the drive after so many seconds of the world's time.

    Returns:
        Both results.

    Raises:
        RecordingError: the recording ends before, or the world does not go there as it did.
        SettingsError: a time is out of range.
        RoadworthyError: as for `drive`.
    """
    if isinstance(recording, Recording):
        recording = Replay(recording, load_town(recording.head.town, map_dir))
    replay, recording = recording, recording.recording
    if not 0.0 <= time <= recording.duration or recording[recording.index_at(time)].control is None:
        raise RecordingError(
            f"recording {recording.path}: it ends at {recording.duration:.2f} s, so the wheel "
            f"cannot change hands at {time:.2f} s"
        )
    if not 0.0 <= warm_up <= 3600.0:
        raise SettingsError(f"the warm-up is {warm_up} s; it must be in 0..3600")
    scenario = replay.scenario()  # says why, where there is none
    first = recording.index_at(time)
    step = recording.head.tick * recording.head.ticks
    relay = Relay(recording, agent, first, round(warm_up / step))
    result = drive(
        relay,
        replay.town,
        scenario,
        seed=recording.head.seed,
        observers=[_Comparing(recording, first), *observers],
        time_limit=time_limit,
    )
    return HandOver(
        time=recording[first].time,
        ticks=recording[first].frame,
        driver=recording.head.driver.name,
        agent=agent.name,
        before=recording.result,
        after=result,
    )
