from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from roadworthy.agents.evaluation.clips import AFTER, BEFORE, Driven, choose, film_failures
from roadworthy.agents.evaluation.drive import drive
from roadworthy.agents.evaluation.report.content import Clip
from roadworthy.agents.evaluation.report.media import embedded
from roadworthy.agents.evaluation.results import Incident
from roadworthy.agents.evaluation.series import Series, write_series
from roadworthy.agents.simple import BrakeAgent
from roadworthy.sim.frame import Control
from roadworthy.sim.road.routing import random_routes
from roadworthy.sim.road.towns import load_town
from roadworthy.sim.scenario.scenario import Scenario
from roadworthy.sim.town import Town
from roadworthy.sim.world.settings import WorldSettings


class Reckless(BrakeAgent):
    """Stands for a while, then drives straight on until it hits something."""

    def __init__(self) -> None:
        super().__init__()
        self.waits = 4.0  # [s]

    def act(self, frame: Any, truth: Any) -> Control:
        return Control(throttle=0.8) if frame.time > self.waits else Control(brake=1.0)


@pytest.fixture(scope="module")
def town() -> Town:
    return load_town("Marlow")


@pytest.fixture
def driven(town: Town, tmp_path: Path) -> list[Driven]:
    """A drive that went wrong, with its samples."""
    route = random_routes(town.network, 1, 3, min_length=150.0, max_length=300.0)[0]
    scenario = Scenario(route, WorldSettings(vehicles=6, walkers=2))
    result = drive(Reckless(), town, scenario, seed=5, time_limit=40.0)
    record = result.record(0, 0)
    assert result.series is not None
    write_series(tmp_path, record.route_id, result.series)
    return [Driven(scenario, record)]


def frames_of(path: Path) -> list[Any]:
    with av.open(str(path)) as video:
        return [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]


def test_the_seconds_around_what_went_wrong_are_filmed_once(
    driven: list[Driven], town: Town, tmp_path: Path
) -> None:
    (cut,) = choose(tmp_path, driven, 3)
    assert "collided" in cut.incident.message
    told: list[bool] = []

    def film() -> Any:
        return film_failures(
            Reckless(), [cut], lambda _: town, tmp_path, filmed=lambda _, done: told.append(done)
        )

    (clip,) = film()[driven[0].record.route_id]
    path = tmp_path / clip.source
    frames = frames_of(path)
    assert len(frames) == pytest.approx(10 * (cut.end - cut.begin), abs=2)
    assert len(frames) <= 10 * (BEFORE + AFTER) + 1
    assert frames[-1].std() > 20.0  # there is something to be seen
    assert not np.array_equal(frames[0], frames[-1])
    assert f"at {cut.incident.time:.1f} s" in clip.shows
    assert cv2.imread(str(tmp_path / clip.poster)) is not None
    before = path.stat().st_mtime_ns
    assert film()[driven[0].record.route_id] == [clip]
    assert path.stat().st_mtime_ns == before
    assert told == [True, True]


def test_who_does_not_do_the_same_twice_is_not_filmed_doing_something_else(
    driven: list[Driven], town: Town, tmp_path: Path
) -> None:
    other = Reckless()
    other.waits = 2.0
    told: list[bool] = []
    cuts = choose(tmp_path, driven, 3)
    clips = film_failures(
        other, cuts, lambda _: town, tmp_path, filmed=lambda _, done: told.append(done)
    )
    assert clips == {}
    assert told == [False]
    assert list((tmp_path / "videos").glob("*")) == []


def test_the_worst_drives_come_first_and_of_each_what_was_gravest(
    driven: list[Driven], tmp_path: Path
) -> None:
    def one(route: str, score: float, completion: float, *found: Incident) -> Driven:
        record = driven[0].record.model_copy(deep=True)
        record.route_id = f"RouteScenario_{route}_rep0"
        record.scores.score_composed, record.scores.score_route = score, completion
        record.status = "Completed" if completion >= 100.0 else "Failed - Agent got blocked"
        record.meta.incidents = list(found)
        time = np.arange(2000, dtype=np.float32) / 10
        flat = np.ones_like(time)
        speed = np.where(time < 15.0, 3.0, 0.0).astype(np.float32)
        series = Series(time, time, speed, flat, flat, flat, flat, flat)
        write_series(tmp_path, record.route_id, series)
        return Driven(driven[0].scenario, record)

    def incident(kind: str, time: float) -> Incident:
        return Incident(kind=kind, time=time, x=0.0, y=0.0, z=0.0, message=kind)

    red, hit = incident("red_light", 50.0), incident("collisions_pedestrian", 90.0)
    everything = [
        one("slow", 10.0, 100.0, incident("min_speed_infractions", 3.0)),
        one("clean", 100.0, 100.0),
        one("red", 40.0, 100.0, red),
        one("hit", 30.0, 100.0, red, hit),
        one("stuck", 60.0, 60.0, incident("vehicle_blocked", 195.0)),
    ]
    cuts = choose(tmp_path, everything, 9)
    assert [cut.driven.record.route_id for cut in cuts] == [
        f"RouteScenario_{route}_rep0" for route in ("stuck", "hit", "red")
    ]
    assert cuts[0].end == pytest.approx(14.9 + AFTER)  # not minutes later, when it counted
    assert (cuts[1].begin, cuts[1].end) == pytest.approx((90.0 - BEFORE, 90.0 + AFTER))
    assert len(choose(tmp_path, everything, 1)) == 1
    assert choose(tmp_path, everything, 0) == []


def test_videos_go_into_the_page_as_long_as_there_is_room(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.webm", "a.jpg"):
        (tmp_path / name).write_bytes(b"x" * 300)
    clips = {"one": [Clip("a.mp4", "a", "a.jpg"), Clip("b.webm", "b", "a.jpg")]}
    first, second = embedded(clips, tmp_path, budget=1000)["one"]
    assert first.source.startswith("data:video/mp4;base64,eHh4")
    assert first.poster.startswith("data:image/jpeg;base64,")
    assert second == clips["one"][1]
    assert embedded(clips, tmp_path)["one"][1].source.startswith("data:video/webm;base64,")
