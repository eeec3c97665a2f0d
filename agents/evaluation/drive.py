"""One drive: an agent, a town, a route, a seed; the same inputs give the same drive."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from roadworthy.sim.sensors.suite import SensorSuite

from roadworthy.agents.agent import Agent
from roadworthy.agents.evaluation.picture import Caption, Image, compose
from roadworthy.agents.evaluation.results import Record, RecordMeta, Scores
from roadworthy.agents.evaluation.score import Score
from roadworthy.agents.evaluation.tally import Tally
from roadworthy.agents.evaluation.video import VideoWriter
from roadworthy.perception.oracle import Oracle
from roadworthy.sim.frame import Control, Frame, Gnss, Imu
from roadworthy.sim.road.route import Route, RouteSet
from roadworthy.sim.sensors.specs import CameraSpec, SensorRig
from roadworthy.sim.town import Town
from roadworthy.sim.world.batch import BatchWorld
from roadworthy.sim.world.columns import Actor, Ego
from roadworthy.sim.world.settings import WorldSettings

TICKS = 2  # physics ticks per decision
# What the viewer of a video sees where the agent has no camera of its own.
VIDEO_CAMERA = CameraSpec(name="video", width=480, height=240)


@dataclass(frozen=True, slots=True)
class Moment:
    """What an observer gets after each step."""

    frame: Frame
    control: Control
    tally: Tally
    picture: Callable[[], Image]  # draws this moment; costs some milliseconds


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
    infractions: dict[str, list[str]]
    log: list[tuple[float, str]]
    route_length: float  # [m]
    duration_game: float  # [s]
    duration_system: float  # [s]
    trajectory: str  # hash of the ego's states

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
                trajectory=self.trajectory,
            ),
        )


def record_id(route: str, repetition: int) -> str:
    """Name a route's repetition as the leaderboard does."""
    return f"RouteScenario_{route}_rep{repetition}"


def drive(
    agent: Agent,
    town: Town,
    route: Route,
    *,
    seed: int = 0,
    settings: WorldSettings | None = None,
    video: VideoWriter | None = None,
    observe: Callable[[Moment], None] | None = None,
    time_limit: float | None = None,
) -> DriveResult:
    """Let an agent drive one route in the embedded world.

    Args:
        agent: who drives. An exception of its makes the drive "Failed - Agent crashed".
        town: where.
        route: from where to where.
        seed: of traffic, walkers, lights and sensor noise.
        settings: of the world.
        video: gets a picture of every step.
        observe: called after every step.
        time_limit: end the drive after so many seconds of the world's time, as timed out.

    Returns:
        How it went.

    Raises:
        RouteError: the route does not fit the town.
        StorageError: the video cannot be written.
    """
    begin = time.perf_counter()
    batch = BatchWorld(town, RouteSet.of([route]), 1, seed=seed, settings=settings)
    oracle, tally = Oracle(batch), Tally(route)
    sense = _Senses(batch, town, agent, seed, needs_camera=video is not None)
    try:
        agent.start(town, route, seed)
    except Exception as error:
        tally.crash(0.0, _say(error))
    while not tally.over:
        now = float(batch.time[0])
        frame = sense()
        truth = oracle.scene().of_world(0) if agent.privileged or video is not None else None
        try:
            control = agent.act(frame, truth if agent.privileged else None).validate()
        except Exception as error:
            tally.crash(now, _say(error))
            break
        if video is not None or observe is not None:

            def picture(
                frame: Frame = frame, control: Control = control, now: float = now
            ) -> Image:
                scene = agent.last_scene() or oracle.scene().of_world(0)
                score = tally.score()
                caption = Caption(
                    f"{agent.name} on {town.name}, route {route.id}",
                    now,
                    frame.speed,
                    tally.completion,
                    score.composed,
                    [message for _, message in tally.log],
                )
                return compose(sense.view(frame), scene, agent.last_plan(), control, caption)

            if video is not None:
                video.add(picture())
            if observe is not None:
                observe(Moment(frame, control, tally, picture))
        reverse = 1.0 if control.reverse else 0.0
        brake = 1.0 if control.hand_brake else control.brake
        wish = np.array([[control.throttle, brake, control.steer, reverse]], np.float32)
        batch.step(wish, TICKS)
        tally.note(float(batch.time[0]), batch.events[0], batch.ego[0], batch.actors[0, 0])
        if time_limit is not None and batch.time[0] >= time_limit and not tally.over:
            tally.fail(float(batch.time[0]), "Agent timed out")
    tally.close()
    return DriveResult(
        agent=agent.name,
        town=town.name,
        route=route.id,
        seed=seed,
        status=tally.status(),
        score=tally.score(),
        score_2_1=tally.score("2.1"),
        infractions=tally.infractions,
        log=tally.log,
        route_length=route.length,
        duration_game=float(batch.time[0]),
        duration_system=time.perf_counter() - begin,
        trajectory=tally.trajectory,
    )


class _Senses:
    """Makes Frames of the one world, with the sensors that agent and video need."""

    def __init__(
        self, batch: BatchWorld, town: Town, agent: Agent, seed: int, *, needs_camera: bool
    ) -> None:
        self._batch = batch
        rig = agent.rig()
        self._view: str | None = rig.cameras[0].name if rig is not None and rig.cameras else None
        if needs_camera and self._view is None:
            self._view = VIDEO_CAMERA.name
            bare = rig or SensorRig(cameras=(), lidar=None)
            rig = replace(bare, cameras=(*bare.cameras, VIDEO_CAMERA))
        self._suite = SensorSuite(town, rig, seed) if rig is not None else None

    def __call__(self) -> Frame:
        """Sense now."""
        batch = self._batch
        number, now = int(batch.frame[0]), float(batch.time[0])
        if self._suite is None:
            return blind_frame(number, now, batch.actors[0, 0], batch.ego[0])
        return self._suite.sense(
            batch.actors[0], batch.ego[0], batch.lights[0], number, now, batch.key[0]
        )

    def view(self, frame: Frame) -> Image | None:
        """Picture that the viewer of a video sees."""
        return None if self._view is None else frame.images.get(self._view)


def blind_frame(
    number: int, now: float, row: NDArray[np.float32], ego: NDArray[np.float32]
) -> Frame:
    """Frame of a vehicle without sensors: true speed and motion, no pictures, no place."""
    return Frame(
        number,
        now,
        {},
        np.zeros((0, 4), np.float32),
        Imu(
            (float(row[Actor.ACCEL]), float(ego[Ego.LATERAL_ACCEL]), 9.81),
            (0.0, 0.0, float(row[Actor.YAW_RATE])),
            0.0,
        ),
        Gnss(0.0, 0.0, 0.0),
        float(row[Actor.SPEED]),
        {},
        {},
    )


def _say(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
