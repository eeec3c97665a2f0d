"""One drive: an agent, a town, a route, a seed; the same inputs give the same drive."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np

from roadworthy.agents.agent import Agent
from roadworthy.agents.evaluation.backdrop import Backdrop
from roadworthy.agents.evaluation.metrics.min_speed import traffic_speeds
from roadworthy.agents.evaluation.picture import Caption, Image, compose
from roadworthy.agents.evaluation.results import Incident, Record, RecordMeta, Scores
from roadworthy.agents.evaluation.score import Score
from roadworthy.agents.evaluation.series import Series
from roadworthy.agents.evaluation.tally import Tally
from roadworthy.agents.evaluation.video import VideoWriter
from roadworthy.perception.oracle import Oracle
from roadworthy.sim.errors import InputError, RoadworthyError
from roadworthy.sim.frame import Control, Frame, Gnss, Imu
from roadworthy.sim.road.route import Route
from roadworthy.sim.scenario.event import ScenarioEvent
from roadworthy.sim.scenario.scenario import Scenario
from roadworthy.sim.sensors.specs import CameraSpec, SensorRig
from roadworthy.sim.sensors.suite import SensorSuite
from roadworthy.sim.town import Town
from roadworthy.sim.world.columns import Actor, Ego
from roadworthy.sim.world.world import World

T = TypeVar("T")
CRASHED = "Failed - Agent crashed"  # status of a drive that the agent's own error ended

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

    def begin(self, world: World, scenario: Scenario, agent: Agent, seed: int) -> None:
        """The world was made; nothing has moved yet."""

    def decided(self, moment: Moment) -> None:
        """The agent decided; the world has not moved on yet."""

    def stepped(self, world: World, tally: Tally) -> None:
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


@dataclass(frozen=True, slots=True)
class DriveResult:
    """How a drive went."""

    agent: str
    town: str
    route: str
    seed: int
    status: str
    score: Score  # leaderboard 2.0
    score_2_1: Score
    events: tuple[str, ...]  # "KIND at S m", in the order of the route
    infractions: dict[str, list[str]]
    log: list[tuple[float, str]]
    incidents: list[Incident]  # the infractions with time and place
    route_length: float  # [m]
    duration_game: float  # [s]
    duration_system: float  # [s]
    min_speed_percents: tuple[float, ...]  # one for each checkpoint passed
    smoothness: float | None  # [0, 1] share of the drive that was comfortable
    trajectory: str  # hash of the ego's states
    series: Series | None = field(default=None, compare=False, repr=False)  # sample by sample

    @classmethod
    def of(
        cls,
        agent: str,
        town: str,
        route: Route,
        seed: int,
        tally: Tally,
        ended: float,
        spent: float,
        events: Sequence[ScenarioEvent] = (),
    ) -> DriveResult:
        """Sum up a closed tally; `ended` and `spent` are seconds of the world's and of ours."""
        return cls(
            agent=agent,
            town=town,
            route=route.id,
            seed=seed,
            status=tally.status(),
            score=tally.score(),
            score_2_1=tally.score("2.1"),
            events=tuple(f"{event.kind} at {event.s:.0f} m" for event in events),
            infractions=tally.infractions,
            log=tally.log,
            incidents=tally.incidents,
            route_length=route.length,
            duration_game=ended,
            duration_system=spent,
            min_speed_percents=tuple(tally.pace.percents),
            smoothness=tally.smoothness(),
            trajectory=tally.trajectory,
            series=tally.series(),
        )

    def record(self, index: int, repetition: int) -> Record:
        """Make the record of the result file."""
        return Record(
            index=index,
            route_id=record_id(self.route, repetition),
            status=self.status,
            num_infractions=sum(len(found) for found in self.infractions.values()),
            infractions=self.infractions,
            scores=Scores(
                score_route=self.score.route,
                score_penalty=self.score.penalty,
                score_composed=self.score.composed,
            ),
            meta=RecordMeta(
                route_length=round(self.route_length, 3),
                duration_game=round(self.duration_game, 3),
                duration_system=round(self.duration_system, 3),
                town=self.town,
                seed=self.seed,
                score_composed_2_1=self.score_2_1.composed,
                events=list(self.events),
                min_speed_percents=list(self.min_speed_percents),
                smoothness=self.smoothness,
                incidents=self.incidents,
                trajectory=self.trajectory,
            ),
        )


def record_id(route: str, repetition: int) -> str:
    """Name a route's repetition as the leaderboard does."""
    return f"RouteScenario_{route}_rep{repetition}"


def drive(
    agent: Agent,
    town: Town,
    scenario: Scenario,
    *,
    seed: int = 0,
    observers: Sequence[DriveObserver] = (),
    time_limit: float | None = None,
) -> DriveResult:
    """Let an agent drive one scenario in the embedded world.

    Args:
        agent: who drives. An exception of its that is no RoadworthyError makes the drive
            "Failed - Agent crashed".
        town: where.
        scenario: the route, the traffic, the weather and the events.
        seed: of traffic, walkers, lights, drawn events and sensor noise.
        observers: that watch the drive, in this order.
        time_limit: end the drive after so many seconds of the world's time, as timed out.

    Returns:
        How it went.

    Raises:
        EventError: an event has no place on the route.
        RouteError: the route does not fit the town.
        InputError: the agent cannot say which sensors it wants.
        RoadworthyError: the agent found its models or its frames not to be what they should be.
        StorageError: what an observer writes cannot be written.
    """
    begin = time.perf_counter()
    world = World.of(scenario, town, seed)
    run = _Run(agent, world, seed, any(watcher.needs_camera for watcher in observers))
    tally = run.tally
    for watcher in observers:
        watcher.begin(world, scenario, agent, seed)
    run.start()
    while not tally.over:
        moment = run.decide()
        if moment is None:
            break
        for watcher in observers:
            watcher.decided(moment)
        world.step(moment.control)
        traffic = float(traffic_speeds(world.batch)[0])
        tally.note(world.time, world.batch.events[0], world.ego, world.actors[0], traffic)
        for watcher in observers:
            watcher.stepped(world, tally)
        if world.telling is not None and world.telling.over is not None and not tally.over:
            tally.finish()
        if time_limit is not None and world.time >= time_limit and not tally.over:
            tally.fail(world.time, "Agent timed out")
    tally.close()
    result = DriveResult.of(
        agent.name,
        town.name,
        scenario.route,
        seed,
        tally,
        world.time,
        time.perf_counter() - begin,
        scenario.happening(town.network, seed),
    )
    for watcher in observers:
        watcher.ended(result)
    return result


class _Run:
    """One drive in the making: the agent in its world, with the sensors that it needs."""

    def __init__(self, agent: Agent, world: World, seed: int, needs_camera: bool) -> None:
        self.agent, self.world, self.seed = agent, world, seed
        self.tally = Tally(world.route)
        self._oracle = Oracle(world.batch, far=bool(getattr(agent, "far", False)))
        rig = ask(agent, agent.rig)
        self._view: str | None = rig.cameras[0].name if rig is not None and rig.cameras else None
        if needs_camera and self._view is None:
            self._view = VIDEO_CAMERA.name
            bare = rig or SensorRig(cameras=(), lidar=None)
            rig = replace(bare, cameras=(*bare.cameras, VIDEO_CAMERA))
        self._suite = SensorSuite(world.town, rig, seed) if rig is not None else None
        self._backdrop: Backdrop | None = None

    def start(self) -> None:
        """Tell the agent that a drive begins."""
        try:
            self.agent.start(self.world.town, self.world.route, self.seed)
        except RoadworthyError:
            raise  # it has a sentence already
        except Exception as error:
            self.tally.crash(0.0, f"{type(error).__name__}: {error}")

    def decide(self) -> Moment | None:
        """Sense and let the agent decide; None where it crashed."""
        frame = self._sense()
        truth = self._oracle.scene().of_world(0) if self.agent.privileged else None
        try:
            control = self.agent.act(frame, truth)
        except RoadworthyError:
            raise
        except Exception as error:
            self.tally.crash(frame.time, f"{type(error).__name__}: {error}")
            return None
        try:
            control = control.validate()
        except Exception as error:  # whatever it was that came
            self.tally.crash(frame.time, f"{type(error).__name__}: {error}")
            return None
        return Moment(frame, control, self.tally, lambda: self._picture(frame, control))

    def _sense(self) -> Frame:
        if self._suite is not None:
            return self.world.sense(self._suite)
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
    except Exception as error:
        name = getattr(question, "__name__", "it")
        raise InputError(
            f"agent {agent.name}: {name}() failed ({type(error).__name__}: {error}); "
            "see roadworthy.agents.agent.Agent for what it must do"
        ) from error


def blind_frame(world: World) -> Frame:
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
