"""Clips: the seconds around what went wrong, of the worst drives.

A drive is repeated with its seed up to there, which gives the same drive, and is drawn only in
those seconds: a clip costs little more than the drive did without pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from roadworthy.agents.agent import Agent
from roadworthy.agents.evaluation.backdrop import Backdrop
from roadworthy.agents.evaluation.drive import Drive, DriveObserver, Moment, ask
from roadworthy.agents.evaluation.picture import Caption, Image, compose
from roadworthy.agents.evaluation.report.content import Clip, arrived
from roadworthy.agents.evaluation.results import Incident, Record
from roadworthy.agents.evaluation.series import Series, file_name, read_series
from roadworthy.agents.evaluation.tally import Tally
from roadworthy.agents.evaluation.tasks import Task
from roadworthy.agents.evaluation.video import VideoWriter
from roadworthy.perception.oracle import Oracle
from roadworthy.perception.scene import Scene
from roadworthy.sim.errors import InputError, RoadworthyError
from roadworthy.sim.files import write_whole
from roadworthy.sim.scenario.scenario import Scenario
from roadworthy.sim.sensors.specs import CameraSpec, SensorRig
from roadworthy.sim.town import Town
from roadworthy.sim.world.columns import Actor
from roadworthy.sim.world.driven import DrivenWorld

VIDEOS = "videos"  # folder beside results.json
BEFORE, AFTER = 10.0, 3.0  # [s] of a clip, around what went wrong
_ALONE = 960  # [pixels] width of a picture of an agent that is told what is there
_SIZE = 0.75  # of a clip's pictures by those of `drive --video`
_MOVING = 0.5  # [m/s]
_NEAR = 0.01  # [m], [s] between the drive and its repetition, which should not differ at all
_STUCK = (
    "vehicle_blocked",
    "route_timeout",
    "scenario_timeouts",
)  # what matters is how it came to stand still
# What a clip is made of where a drive has several infractions: the first that is named.
_GRAVEST = (
    "collisions_pedestrian",
    "collisions_vehicle",
    "collisions_layout",
    "red_light",
    "route_dev",
    "scenario_timeouts",
    "yield_emergency_vehicle_infractions",
    "stop_infraction",
    "vehicle_blocked",
    "outside_route_lanes",
    "route_timeout",
)  # driving more slowly than the traffic makes no picture
CAMERA = CameraSpec(name="clip", width=640, height=320, fov=1.9)  # wide: much comes from aside


@dataclass(frozen=True, slots=True)
class Driven:
    """A drive that is over, with what it takes to repeat it."""

    scenario: Scenario
    record: Record


@dataclass(frozen=True, slots=True)
class Cut:
    """Seconds of a drive that are worth seeing."""

    driven: Driven
    incident: Incident
    series: Series
    begin: float  # [s] of the drive
    end: float  # [s]

    @property
    def shows(self) -> str:
        """What one sees, in a sentence."""
        what = self.incident.message.split(" at (")[0].split(" for about")[0]
        moment = self.incident.time
        if self.end < moment:
            return f"{what} at {moment:.0f} s: how it came to a stand, {self.begin:.0f} s on"
        return f"{what} at {moment:.1f} s; the seconds from {self.begin:.0f} to {self.end:.0f}"


def film_worst(
    agent_of: Callable[[], Agent],
    tasks: Sequence[Task],
    records: Sequence[Record],
    town_of: Callable[[str], Town],
    out: Path,
    most: int,
    *,
    filmed: Callable[[Cut, int, int], None] | None = None,
) -> Mapping[str, Sequence[Clip]]:
    """Film the worst drives of an evaluation.

    Args:
        agent_of: makes the agent; asked only where there is something to film.
        tasks: that were driven.
        records: of the drives.
        town_of: loads a town by its name.
        out: folder of the run.
        most: how many drives are filmed; 0 for none.
        filmed: called after each with it, their number so far and the number of all.

    Returns:
        Clips by Record.route_id, for `write_evaluation`.

    Raises:
        StorageError: a video cannot be written.
    """
    scenarios = {task.record_id: task.scenario for task in tasks}
    # Not those that broke down: an agent that hung or crashed would do so again, here.
    driven = [
        Driven(scenarios[r.route_id], r)
        for r in records
        if r.route_id in scenarios and not r.meta.failure
    ]
    cuts = choose(out, driven, most)
    if not cuts:
        return {}
    done = 0

    def tell(cut: Cut, _: bool) -> None:
        nonlocal done
        done += 1
        if filmed is not None:
            filmed(cut, done, len(cuts))

    return film_failures(agent_of(), cuts, town_of, out, filmed=tell)


def choose(out: Path, driven: Sequence[Driven], most: int) -> list[Cut]:
    """Choose what to film: of the worst drives what was gravest in each, the worst drive first.

    Args:
        out: folder of the run, which has the samples of its drives.
        driven: all drives of the run.
        most: how many are filmed.
    """
    wrong = [one for one in driven if any(i.kind in _GRAVEST for i in one.record.meta.incidents)]
    wrong.sort(key=lambda one: (one.record.scores.score_composed, one.record.index))
    wrong.sort(key=lambda one: arrived(one.record))
    cuts: list[Cut] = []
    for one in wrong:
        if len(cuts) >= most:
            break
        try:
            series = read_series(out, one.record.route_id)
        except InputError:
            continue
        if series is not None and len(series):
            cuts.append(_cut(one, series))
    return cuts


def _cut(driven: Driven, series: Series) -> Cut:
    incident = min((i for i in driven.record.meta.incidents if i.kind in _GRAVEST), key=_gravity)
    end = min(incident.time + AFTER, float(series.time[-1]))
    if incident.kind in _STUCK:
        moved = series.time[(series.time < incident.time) & (np.abs(series.speed) > _MOVING)]
        end = min(end, (float(moved[-1]) if len(moved) else 0.0) + AFTER)
    return Cut(driven, incident, series, max(0.0, end - BEFORE - AFTER), end)


def _gravity(incident: Incident) -> tuple[int, float]:
    return _GRAVEST.index(incident.kind), incident.time


def film_failures(
    agent: Agent,
    cuts: Sequence[Cut],
    town_of: Callable[[str], Town],
    out: Path,
    *,
    filmed: Callable[[Cut, bool], None] | None = None,
) -> Mapping[str, Sequence[Clip]]:
    """Film what was chosen. What was filmed by an earlier run is taken from there.

    Args:
        agent: who drove.
        cuts: what to film.
        town_of: loads a town by its name.
        out: folder of the run; the videos go into its folder `videos`.
        filmed: called after each, and told whether there is a clip: there is none where the
            drive could not be repeated, as of an agent that does not do the same twice.

    Returns:
        Clips by Record.route_id, with paths relative to `out`.

    Raises:
        StorageError: a video cannot be written.
    """
    clips: dict[str, list[Clip]] = {}
    towns: dict[str, Town] = {}
    for cut in sorted(cuts, key=lambda cut: cut.driven.scenario.town):
        town = cut.driven.scenario.town
        path = _kept(out, cut)
        if path is None:
            if town not in towns:
                towns = {town: town_of(town)}  # one at a time: meshes are large
            path = film(agent, cut, towns[town], out)
        if path is not None:
            clip = Clip(_relative(path, out), cut.shows, _relative(_poster(path), out))
            clips.setdefault(cut.driven.record.route_id, []).append(clip)
        if filmed is not None:
            filmed(cut, path is not None)
    return clips


def film(agent: Agent, cut: Cut, town: Town, out: Path) -> Path | None:
    """Film one cut; None where the drive could not be repeated.

    Raises:
        StorageError: the video cannot be written.
    """
    record = cut.driven.record
    with VideoWriter(_path(out, cut)) as video:
        camera = _ClipCamera(cut, video)
        try:
            Drive(
                agent,
                town,
                cut.driven.scenario,
                seed=record.meta.seed,
                observers=[camera],
                time_limit=cut.end,
            ).run()
        except RoadworthyError:
            return None
        if not camera.faithful or not camera.poster:
            video.discard()
            return None
    write_whole(_poster(video.path), camera.poster, what="a picture of a video")
    return video.path


def _relative(path: Path, out: Path) -> str:
    return path.relative_to(out).as_posix()


def _poster(video: Path) -> Path:
    return video.with_suffix(".jpg")


def _path(out: Path, cut: Cut) -> Path:
    """Named after drive and trajectory, so that the clip of another drive is never taken for it."""
    record = cut.driven.record
    name = f"{file_name(record.route_id)}-{record.meta.trajectory[:8]}-{cut.end:.1f}s.mp4"
    return out / VIDEOS / name


def _kept(out: Path, cut: Cut) -> Path | None:
    path = _path(out, cut)
    videos = [path, path.with_suffix(".webm")]
    return next((p for p in videos if p.is_file() and _poster(p).is_file()), None)


class _ClipCamera(DriveObserver):
    """Draws the seconds of a cut, and looks whether the drive is the one that was cut."""

    def __init__(self, cut: Cut, video: VideoWriter) -> None:
        self._cut, self._video = cut, video
        self.faithful = True  # whether it went where the drive had gone, all the way
        self._steps = 0
        self.poster = b""  # JPEG of the moment that matters
        self._left: float | None = None  # [s] from the poster to that moment
        self._believes = False

    def begin(self, world: DrivenWorld, scenario: Scenario, agent: Agent, seed: int) -> None:
        """Set the camera up."""
        self._world, self._agent = world, agent
        self._oracle = Oracle(world.batch)
        self._look = world.attach(SensorRig(cameras=(CAMERA,), lidar=None), seed)
        self._backdrop = Backdrop(world.network)

    def decided(self, moment: Moment) -> None:
        """Draw a picture where it is time."""
        time = moment.frame.time
        if time < self._cut.begin:
            return
        if self._left is None:
            self._believes = self._belief() is not None
        whole = self._picture(moment)
        width = whole.shape[1] if self._believes else _ALONE
        picture = _smaller(whole[:, :width])
        self._video.add(picture)
        left = abs(min(self._cut.incident.time, self._cut.end - AFTER) - time)
        if self._left is None or left < self._left:
            self._left = left
            bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
            self.poster = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()

    def _belief(self) -> Scene | None:
        return None if self._agent.privileged else ask(self._agent, self._agent.last_scene)

    def stepped(self, world: DrivenWorld, tally: Tally) -> None:
        """Compare the place with that of the drive."""
        series, k = self._cut.series, self._steps
        self._steps += 1
        row = world.actors[0]
        if k < len(series):
            away = np.hypot(row[Actor.X] - series.x[k], row[Actor.Y] - series.y[k])
            late = abs(world.time - series.time[k])
            self.faithful &= bool(away < _NEAR and late < _NEAR)

    def _picture(self, moment: Moment) -> Image:
        world, agent = self._world, self._agent
        caption = Caption(
            f"{agent.name} on {world.town.name}, route {world.route.id}",
            moment.frame.time,
            world.speed,
            moment.tally.completion,
            moment.tally.score().composed,
            [message for _, message in moment.tally.log],
        )
        row = world.actors[0]
        return compose(
            self._look().images[CAMERA.name],
            self._oracle.scene().of_world(0),
            self._belief(),
            ask(agent, agent.last_plan),
            moment.control,
            caption,
            self._backdrop.around(*(float(row[c]) for c in (Actor.X, Actor.Y, Actor.YAW))),
        )


def _smaller(picture: Image) -> Image:
    small = cv2.resize(picture, None, fx=_SIZE, fy=_SIZE, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)
