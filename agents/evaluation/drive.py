"""One drive: an agent, a town, a route, a seed; the same inputs give the same drive."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from roadworthy.agents.agent import Agent
from roadworthy.agents.evaluation.backdrop import Backdrop
from roadworthy.agents.evaluation.drive_result import (
    CRASHED,
    NOT_SET_UP,
    TIMED_OUT,
    DriveResult,
    record_id,
)
from roadworthy.agents.evaluation.picture import Caption, Image, compose
from roadworthy.agents.evaluation.tally import Tally
from roadworthy.agents.evaluation.video import VideoWriter
from roadworthy.agents.evaluation.witness import Witness
from roadworthy.perception.oracle import Oracle
from roadworthy.sim.errors import CarlaError, InputError, RoadworthyError
from roadworthy.sim.frame import Control, Frame, Gnss, Imu
from roadworthy.sim.scenario.scenario import Scenario
from roadworthy.sim.sensors.specs import CameraSpec, SensorRig
from roadworthy.sim.town import Town
from roadworthy.sim.world.columns import Actor, Ego
from roadworthy.sim.world.driven import DrivenWorld
from roadworthy.sim.world.world import World

__all__ = [  # with what others have always found here
    "Drive",
    "DriveObserver",
    "DriveResult",
    "Filming",
    "Moment",
    "OpenWorld",
    "Watching",
    "ask",
    "blind_frame",
    "drive",
    "record_id",
]

T = TypeVar("T")
OpenWorld = Callable[[Scenario, Town, int], DrivenWorld]  # from a scenario, its town and a seed
# What the viewer of a video sees where the agent has no camera of its own.
VIDEO_CAMERA = CameraSpec(name="video", width=480, height=240)


@dataclass(frozen=True, slots=True)
class Moment:
    """What an observer gets after each step."""

    frame: Frame
    control: Control
    tally: Tally
    picture: Callable[[], Image]  # draws this moment; costs some milliseconds


class DriveObserver:
    """Watches a drive; a base class whose methods do nothing. What they raise ends the drive."""

    needs_camera = False  # whether `Moment.picture` shall have a camera's view in any case

    def begin(self, world: DrivenWorld, scenario: Scenario, agent: Agent, seed: int) -> None:
        """The world was made; nothing has moved yet."""

    def decided(self, moment: Moment) -> None:
        """The agent decided; the world has not moved on yet."""

    def stepped(self, world: DrivenWorld, tally: Tally) -> None:
        """The world moved on, and the tally has it."""

    def ended(self, result: DriveResult) -> None:
        """The drive is over."""


class Filming(DriveObserver):
    """Puts a picture of every decision into a video."""

    needs_camera = True

    def __init__(self, video: VideoWriter) -> None:
        self._video = video

    def decided(self, moment: Moment) -> None:
        """Add a picture."""
        self._video.add(moment.picture())


class Watching(DriveObserver):
    """Calls a function after every decision."""

    def __init__(self, watch: Callable[[Moment], None]) -> None:
        self._watch = watch

    def decided(self, moment: Moment) -> None:
        """Call it."""
        self._watch(moment)


def drive(
    agent: Agent,
    town: Town,
    scenario: Scenario,
    *,
    seed: int = 0,
    observers: Sequence[DriveObserver] = (),
    time_limit: float | None = None,
    open_world: OpenWorld = World.of,
) -> DriveResult:
    """Let an agent drive one scenario.

    Args:
        agent: who drives. An exception of its that is no RoadworthyError makes the drive
            "Failed - Agent crashed".
        town: where.
        scenario: the route, the traffic, the weather and the events.
        seed: of traffic, walkers, lights, drawn events and sensor noise.
        observers: that watch the drive, in this order.
        time_limit: end the drive after so many seconds of the world's time, as timed out.
        open_world: makes the world; by default the embedded one.

    Returns:
        How it went.

    Raises:
        EventError: an event has no place on the route.
        RouteError: the route does not fit the town.
        InputError: the agent cannot say which sensors it wants.
        RoadworthyError: the agent found its models or its frames not to be what they should be.
        StorageError: what an observer writes cannot be written.
    """
    made = Drive(
        agent,
        town,
        scenario,
        seed=seed,
        observers=observers,
        time_limit=time_limit,
        open_world=open_world,
    )
    try:
        return made.run()
    finally:
        made.world.close()


class Drive:
    """One drive in the making: the agent in its world, with the sensors that it needs."""

    def __init__(
        self,
        agent: Agent,
        town: Town,
        scenario: Scenario,
        *,
        seed: int = 0,
        observers: Sequence[DriveObserver] = (),
        time_limit: float | None = None,
        open_world: OpenWorld = World.of,
    ) -> None:
        """Prepare one; see `drive` for arguments and errors."""
        self._begun = time.perf_counter()
        self.agent, self.town, self.scenario, self.seed = agent, town, scenario, seed
        self._observers, self._time_limit = observers, time_limit
        self.world = open_world(scenario, town, seed)
        try:
            self._prepare()
        except BaseException:
            self.world.close()
            raise

    def _prepare(self) -> None:
        """Have somebody who counts, and the sensors that the agent wants."""
        agent, observers = self.agent, self._observers
        self._witness = Witness(self.world.batch)
        self.tally = self._witness.tally(0)
        self._oracle = Oracle(self.world.batch, far=bool(getattr(agent, "far", False)))
        rig = _rig_of(agent)
        self._view: str | None = rig.cameras[0].name if rig is not None and rig.cameras else None
        if any(watcher.needs_camera for watcher in observers) and self._view is None:
            self._view = VIDEO_CAMERA.name
            bare = rig or SensorRig(cameras=(), lidar=None)
            rig = replace(bare, cameras=(*bare.cameras, VIDEO_CAMERA))
        self._read = None if rig is None else _mount(self.world, rig, self.seed, agent)
        # An agent that takes over in the middle of a drive needs no sensors before.
        self._sees_from = float(getattr(agent, "sees_from", 0.0))
        self._backdrop: Backdrop | None = None

    def run(self) -> DriveResult:
        """Drive to the end; see `drive`."""
        world, tally = self.world, self.tally
        for watcher in self._observers:
            watcher.begin(world, self.scenario, self.agent, self.seed)
        self._start()
        while not tally.over:
            moment = self._decide()
            if moment is None:
                break
            for watcher in self._observers:
                watcher.decided(moment)
            world.step(moment.control)
            self._note()
            for watcher in self._observers:
                watcher.stepped(world, tally)
            if world.telling is not None and world.telling.over is not None and not tally.over:
                tally.finish()
            if self._time_limit is not None and world.time >= self._time_limit and not tally.over:
                tally.fail(world.time, TIMED_OUT)
        result = self.result()
        for watcher in self._observers:
            watcher.ended(result)
        return result

    def result(self) -> DriveResult:
        """Sum up what was driven so far, as the end of the drive."""
        self.tally.close()
        telling = self.world.telling
        result = DriveResult.of(
            self.agent.name,
            self.town.name,
            self.scenario.route,
            self.seed,
            self.tally,
            self.world.time,
            time.perf_counter() - self._begun,
            self.scenario.happening(self.town.network, self.seed),
            self.scenario.missing,
        )
        if telling is None:
            return result
        return replace(result, verdicts=tuple(telling.verdicts()), story_end=telling.over or "")

    def give_up(self, sentence: str, why: str) -> DriveResult:
        """End the drive from outside, and sum up; it must not be run on after that.

        Args:
            sentence: of the status, such as TIMED_OUT.
            why: kept in the record.
        """
        self.tally.fail(self.world.time, sentence, why)
        result = self.result()
        for watcher in self._observers:
            watcher.ended(result)
        return result

    def _note(self) -> None:
        """Let the tally take in the step that was made."""
        self._witness.look()
        self.tally.note(self._witness.step(0))

    def _start(self) -> None:
        """Tell the agent that a drive begins."""
        try:
            self.agent.start(self.world.town, self.world.route, self.seed)
        except RoadworthyError:
            raise  # it has a sentence already
        except (Exception, SystemExit) as error:
            self.tally.fail(0.0, NOT_SET_UP, f"{type(error).__name__}: {error}")

    def _decide(self) -> Moment | None:
        """Sense and let the agent decide; None where it crashed."""
        frame = self._sense()
        truth = self._oracle.scene().of_world(0) if self.agent.privileged else None
        try:
            control = self.agent.act(frame, truth)
        except RoadworthyError:
            raise
        except (Exception, SystemExit) as error:
            self.tally.fail(frame.time, CRASHED, f"{type(error).__name__}: {error}")
            return None
        try:
            control = control.validate()
        except Exception as error:  # whatever it was that came
            self.tally.fail(frame.time, CRASHED, f"{type(error).__name__}: {error}")
            return None
        return Moment(frame, control, self.tally, lambda: self._picture(frame, control))

    def _sense(self) -> Frame:
        if self._read is not None and self.world.time >= self._sees_from:
            return self._read()
        return blind_frame(self.world)

    def _picture(self, frame: Frame, control: Control) -> Image:
        """Draw this moment: what the camera shows, what is there, what the agent believes."""
        truth = self._oracle.scene().of_world(0)
        scene = None if self.agent.privileged else ask(self.agent, self.agent.last_scene)
        caption = Caption(
            f"{self.agent.name} on {self.world.town.name}, route {self.world.route.id}",
            frame.time,
            self.world.speed,
            self.tally.completion,
            self.tally.score().composed,
            [message for _, message in self.tally.log],
        )
        camera = None if self._view is None else frame.images.get(self._view)
        if self._backdrop is None:
            self._backdrop = Backdrop(self.world.network)
        row = self.world.actors[0]
        roads = self._backdrop.around(*(float(row[c]) for c in (Actor.X, Actor.Y, Actor.YAW)))
        return compose(
            camera, truth, scene, ask(self.agent, self.agent.last_plan), control, caption, roads
        )


def ask(agent: Agent, question: Callable[[], T]) -> T:
    """Ask an agent for its rig, its plan or its scene.

    Raises:
        InputError: it raised something.
    """
    try:
        return question()
    except RoadworthyError:
        raise
    except (Exception, SystemExit) as error:
        name = getattr(question, "__name__", "it")
        raise InputError(
            f"agent {agent.name}: {name}() failed ({type(error).__name__}: {error}); "
            "see roadworthy.agents.agent.Agent for what it must do"
        ) from error


class SensorsError(InputError):
    """An agent cannot say which sensors it wants, or wants some that cannot be."""


def _rig_of(agent: Agent) -> SensorRig | None:
    try:
        rig = ask(agent, agent.rig)
    except InputError as error:
        raise SensorsError(str(error)) from error
    if rig is not None and not isinstance(rig, SensorRig):
        raise SensorsError(f"agent {agent.name}: rig() returned {rig!r}; it must be a SensorRig")
    return rig


def _mount(world: DrivenWorld, rig: SensorRig, seed: int, agent: Agent) -> Callable[[], Frame]:
    try:
        return world.attach(rig, seed)
    except CarlaError:
        raise  # the server's fault, not the agent's
    except (RoadworthyError, TypeError, ValueError, AttributeError) as error:
        raise SensorsError(f"agent {agent.name}: its sensors are invalid ({error})") from error


def blind_frame(world: DrivenWorld) -> Frame:
    """Frame of a vehicle without sensors: true speed and motion, no pictures, no place."""
    row, ego = world.actors[0], world.ego
    return Frame(
        world.frame,
        world.time,
        {},
        np.zeros((0, 4), np.float32),
        Imu(
            (float(row[Actor.ACCEL]), float(ego[Ego.LATERAL_ACCEL]), 9.81),
            (0.0, 0.0, float(row[Actor.YAW_RATE])),
            0.0,
        ),
        Gnss(0.0, 0.0, 0.0),
        world.speed,
        {},
        {},
    )
