"""Rerun files (.rrd) with what the MCAP files hold."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import cv2

from roadworthy.agents.recording import right_handed, sights
from roadworthy.agents.recording.foxglove import JPEG_QUALITY
from roadworthy.agents.recording.replay import Replay
from roadworthy.agents.recording.sights import Box, Colour, Sight, library
from roadworthy.sim.files import whole
from roadworthy.sim.sensors.specs import SensorRig
from roadworthy.sim.world.columns import Actor

TIMELINE = "world"  # seconds since the drive began


def write_rerun(
    replay: Replay,
    path: Path,
    rig: SensorRig | None = None,
    first: int = 0,
    last: int | None = None,
    outside: Collection[str] = (),
) -> None:
    """Write a recording, or a part of it, for the Rerun viewer.

    Args:
        replay: the recording in its town.
        path: where to.
        rig: the sensors; by default those that the agent had, or one camera.
        first: index of the first moment.
        last: index of the last one.
        outside: names of cameras that show the vehicle itself.

    Raises:
        InputError: the library is not installed.
        StorageError: the disk is full or the folder is not ours.
    """
    rr = library("rerun", "rerun")
    rig = sights.rig_of(replay, rig)
    last = len(replay.recording) - 1 if last is None else last
    head = replay.recording.head
    with whole(path, what="the Rerun file") as beside:
        stream = rr.RecordingStream(
            "roadworthy", recording_id=f"{head.driver.name}-{head.route}-{head.seed}"
        )
        stream.set_log_time_enabled(False)  # when it was written is nobody's business
        stream.set_log_tick_enabled(False)
        try:
            stream.save(str(beside))
            _write(rr, stream, replay, rig, sights.look(replay, rig, first, last, outside))
            stream.flush()
            stream.disconnect()
        except RuntimeError as error:  # Rerun's own word for whatever the system says
            raise OSError(str(error)) from error
        if not beside.is_file() or beside.stat().st_size == 0:
            raise OSError("nothing could be written")


def _write(rr: Any, stream: Any, replay: Replay, rig: SensorRig, seen: Iterator[Sight]) -> None:
    recording = replay.recording
    last: float | None = None
    stream.log("map", rr.ViewCoordinates.RIGHT_HAND_Z_UP, static=True)
    route = rr.LineStrips3D([sights.route_line(replay)], colors=[_bytes(sights.ROUTE)], radii=0.25)
    stream.log("map/route", route, static=True)
    roads = sights.road_lines(replay.town.network)
    lines = rr.LineStrips3D(roads, colors=[_bytes(sights.ROADS)] * len(roads), radii=0.06)
    stream.log("map/roads", lines, static=True)
    _place_sensors(rr, stream, rig)
    for sight in seen:
        stream.set_time(TIMELINE, duration=sight.nanoseconds * 1e-9)
        stream.log(
            "map/ego",
            rr.Transform3D(
                translation=sight.place, quaternion=rr.Quaternion(xyzw=list(sight.rotation))
            ),
        )
        _log_sensors(rr, stream, sight, rig)
        stream.log("map/actors", _boxes(rr, sight.boxes))
        if not recording.head.driver.privileged:
            stream.log("map/ego/belief", _boxes(rr, sight.belief))
        plan = [sight.plan] if len(sight.plan) else []
        stream.log("map/ego/plan", rr.LineStrips3D(plan, colors=[_bytes(sights.PLAN)], radii=0.12))
        stream.log(
            "map/lights",
            rr.Points3D(
                [place for place, _ in sight.lights],
                colors=[_bytes(colour) for _, colour in sight.lights],
                radii=0.3,
            ),
        )
        _log_state(rr, stream, sight)
        for incident in sights.happened(recording, last, sight.moment.time):
            stream.log("log", rr.TextLog(incident.message, level=rr.TextLogLevel.ERROR))
        last = sight.moment.time


def _bytes(colour: Colour) -> list[int]:
    return [round(255.0 * part) for part in colour]


def _boxes(rr: Any, boxes: list[Box]) -> Any:
    return rr.Boxes3D(
        centers=[box.centre for box in boxes],
        sizes=[box.size for box in boxes],
        quaternions=[rr.Quaternion(xyzw=list(box.rotation)) for box in boxes],
        colors=[_bytes(box.colour) for box in boxes],
        labels=[box.label for box in boxes],
        show_labels=False,
    )


def _place_sensors(rr: Any, stream: Any, rig: SensorRig) -> None:
    for camera in rig.cameras:
        name = f"map/ego/camera/{camera.name}"
        turned = right_handed.quaternion(camera.yaw, camera.pitch, camera.roll)
        stream.log(
            name,
            rr.Transform3D(
                translation=(camera.x, -camera.y, camera.z),
                quaternion=rr.Quaternion(
                    xyzw=list(right_handed.product(turned, right_handed.OPTICAL))
                ),
            ),
            rr.Pinhole(
                fov_y=_vertical(camera.fov, camera.width, camera.height),
                aspect_ratio=camera.width / camera.height,
                width=camera.width,
                height=camera.height,
                camera_xyz=rr.ViewCoordinates.RDF,
            ),
            static=True,
        )
    for lidar in [*([rig.lidar] if rig.lidar is not None else []), *rig.lidars]:
        turned = right_handed.quaternion(lidar.yaw, lidar.pitch, lidar.roll)
        stream.log(
            f"map/ego/lidar/{lidar.name}",
            rr.Transform3D(
                translation=(lidar.x, -lidar.y, lidar.z),
                quaternion=rr.Quaternion(xyzw=list(turned)),
            ),
            static=True,
        )


def _vertical(fov: float, width: int, height: int) -> float:
    """Vertical field of view [rad] of a camera whose horizontal one is `fov`."""
    return 2.0 * math.atan(math.tan(0.5 * fov) * height / width)


def _log_sensors(rr: Any, stream: Any, sight: Sight, rig: SensorRig) -> None:
    frame = sight.frame
    for camera in rig.cameras:
        picture = cv2.cvtColor(frame.images[camera.name], cv2.COLOR_RGB2BGR)
        data = cv2.imencode(".jpg", picture, [int(cv2.IMWRITE_JPEG_QUALITY), JPEG_QUALITY])[1]
        image = rr.EncodedImage(contents=data.tobytes(), media_type="image/jpeg")
        stream.log(f"map/ego/camera/{camera.name}", image)
    clouds = dict(frame.lidars)
    if rig.lidar is not None:
        clouds[rig.lidar.name] = frame.lidar
    for name, cloud in clouds.items():
        points = right_handed.points(cloud)[:, :3]
        stream.log(f"map/ego/lidar/{name}", rr.Points3D(points, radii=0.04))


def _log_state(rr: Any, stream: Any, sight: Sight) -> None:
    moment = sight.moment
    values = {"speed": float(moment.actors[0, Actor.SPEED]), "driving_score": moment.score}
    if moment.control is not None:
        control = moment.control
        values |= {"throttle": control.throttle, "brake": control.brake, "steer": control.steer}
    for name, value in values.items():
        stream.log(f"state/{name}", rr.Scalars(value))
