"""MCAP files with Foxglove's schemas: what Foxglove opens without further set-up.

Topics: `/tf`; `/camera/NAME` with `/camera/NAME/calibration`; `/lidar/NAME`; `/actors`, `/lights`,
`/belief`, `/plan`, `/route` and `/roads` (SceneUpdate); `/log`; `/state` (JSON). Times are the
world's, in nanoseconds from the drive's beginning.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from roadworthy.agents.recording import right_handed, sights
from roadworthy.agents.recording.replay import Replay
from roadworthy.agents.recording.sights import Box, Colour, Sight, library
from roadworthy.sim.files import whole
from roadworthy.sim.sensors.specs import CameraSpec, LidarSpec, SensorRig
from roadworthy.sim.world.columns import Actor

JPEG_QUALITY = 85
_STATE = {
    "type": "object",
    "properties": {
        "speed": {"type": "number", "description": "m/s"},
        "acceleration": {"type": "number", "description": "m/s^2"},
        "throttle": {"type": "number"},
        "brake": {"type": "number"},
        "steer": {"type": "number", "description": "positive to the right"},
        "completion": {"type": "number", "description": "percent of the route"},
        "driving_score": {"type": "number"},
        "tick": {"type": "integer"},
    },
}


def write_mcap(
    replay: Replay,
    path: Path,
    rig: SensorRig | None = None,
    first: int = 0,
    last: int | None = None,
    outside: Collection[str] = (),
) -> None:
    """Write a recording, or a part of it, as MCAP.

    Args:
        replay: the recording in its town.
        path: where to.
        rig: the sensors; by default those that the agent had, or one camera.
        first: index of the first moment.
        last: index of the last one.
        outside: names of cameras that show the vehicle itself.

    Raises:
        InputError: the libraries are not installed.
        StorageError: the disk is full or the folder is not ours.
    """
    writer = library("mcap.writer", "mcap")
    rig = sights.rig_of(replay, rig)
    last = len(replay.recording) - 1 if last is None else last
    with whole(path, what="the MCAP file") as beside, beside.open("wb") as file:
        sheet = _Sheet(writer.Writer(file))
        _write(sheet, replay, rig, sights.look(replay, rig, first, last, outside))
        sheet.finish()


class _Sheet:
    """Channels of an MCAP file, registered as they come."""

    def __init__(self, writer: Any) -> None:
        self._writer = writer
        self._channels: dict[str, int] = {}
        self._schemas: dict[str, int] = {}
        self._register = library("mcap_protobuf.schema", "mcap").register_schema
        writer.start(profile="", library="roadworthy")

    def add(self, topic: str, message: Any, when: int) -> None:
        """Append a protobuf message, or a dictionary as JSON."""
        if topic not in self._channels:
            self._channels[topic] = self._channel(topic, message)
        as_json = isinstance(message, dict)
        data = json.dumps(message).encode() if as_json else message.SerializeToString()
        self._writer.add_message(self._channels[topic], when, data, when)

    def _channel(self, topic: str, message: Any) -> int:
        if isinstance(message, dict):
            text = json.dumps({"title": "roadworthy.State", **_STATE}).encode()
            schema = self._writer.register_schema("roadworthy.State", "jsonschema", text)
            return int(self._writer.register_channel(topic, "json", schema))
        name = message.DESCRIPTOR.full_name
        if name not in self._schemas:
            self._schemas[name] = self._register(self._writer, type(message))
        return int(self._writer.register_channel(topic, "protobuf", self._schemas[name]))

    def note(self, name: str, data: dict[str, str]) -> None:
        """Add metadata."""
        self._writer.add_metadata(name, data)

    def finish(self) -> None:
        """Write the index."""
        self._writer.finish()


def _schema(name: str) -> Any:
    return getattr(library(f"foxglove_schemas_protobuf.{name}_pb2", "mcap"), name)


def _stamp(target: Any, when: int) -> Any:
    target.seconds, target.nanos = divmod(when, 1_000_000_000)
    return target


def _write(sheet: _Sheet, replay: Replay, rig: SensorRig, seen: Iterator[Sight]) -> None:
    recording = replay.recording
    head = recording.head
    sheet.note(
        "roadworthy",
        {
            "agent": head.driver.name,
            "town": head.town,
            "route": head.route,
            "seed": str(head.seed),
            "version": head.version,
            "environment": head.environment,
        },
    )
    known: dict[str, set[str]] = {}
    last: float | None = None
    for sight in seen:
        when, time = sight.nanoseconds, sight.moment.time
        if last is None:
            _add_ways(sheet, replay, when)
        sheet.add("/tf", _transforms(sight, rig), when)
        _add_sensors(sheet, sight, rig)
        _add_boxes(sheet, "/actors", "map", sight.boxes, when, known)
        if not head.driver.privileged:
            _add_boxes(sheet, "/belief", "ego", sight.belief, when, known)
        sheet.add("/lights", _lights(sight), when)
        plan = [sight.plan] if len(sight.plan) else []
        sheet.add("/plan", _lines("plan", plan, sights.PLAN, when, 0.25, "ego"), when)
        sheet.add("/state", _state(sight), when)
        for incident in sights.happened(recording, last, time):
            log = _schema("Log")()
            _stamp(log.timestamp, when)
            log.level, log.name, log.message = 4, incident.kind, incident.message  # ERROR
            sheet.add("/log", log, when)
        last = time


def _add_ways(sheet: _Sheet, replay: Replay, when: int) -> None:
    """Add the route and the roads, once."""
    route = _lines("route", [sights.route_line(replay)], sights.ROUTE, when, 0.5)
    sheet.add("/route", route, when)
    roads = _lines("roads", sights.road_lines(replay.town.network), sights.ROADS, when, 0.12)
    sheet.add("/roads", roads, when)


def _state(sight: Sight) -> dict[str, float]:
    moment, row = sight.moment, sight.moment.actors[0]
    control = moment.control
    return {
        "speed": float(row[Actor.SPEED]),
        "acceleration": float(row[Actor.ACCEL]),
        "throttle": control.throttle if control else 0.0,
        "brake": control.brake if control else 0.0,
        "steer": control.steer if control else 0.0,
        "completion": moment.completion,
        "driving_score": moment.score,
        "tick": moment.frame,
    }


def _set(target: Any, names: str, values: Any) -> None:
    for name, value in zip(names, values, strict=True):
        setattr(target, name, float(value))


def _transforms(sight: Sight, rig: SensorRig) -> Any:
    found = _schema("FrameTransforms")()

    def add(parent: str, child: str, place: Any, rotation: Any) -> None:
        one = found.transforms.add()
        _stamp(one.timestamp, sight.nanoseconds)
        one.parent_frame_id, one.child_frame_id = parent, child
        _set(one.translation, "xyz", place)
        _set(one.rotation, "xyzw", rotation)

    add("map", "ego", sight.place, sight.rotation)
    for camera in rig.cameras:
        turned = right_handed.quaternion(camera.yaw, camera.pitch, camera.roll)
        optical = right_handed.product(turned, right_handed.OPTICAL)
        add("ego", camera.name, (camera.x, -camera.y, camera.z), optical)
    for lidar in _lidars(rig):
        turned = right_handed.quaternion(lidar.yaw, lidar.pitch, lidar.roll)
        add("ego", lidar.name, (lidar.x, -lidar.y, lidar.z), turned)
    return found


def _lidars(rig: SensorRig) -> list[LidarSpec]:
    return [*([rig.lidar] if rig.lidar is not None else []), *rig.lidars]


def _add_sensors(sheet: _Sheet, sight: Sight, rig: SensorRig) -> None:
    when, frame = sight.nanoseconds, sight.frame
    for camera in rig.cameras:
        image = _schema("CompressedImage")()
        _stamp(image.timestamp, when)
        picture = cv2.cvtColor(frame.images[camera.name], cv2.COLOR_RGB2BGR)
        quality = [int(cv2.IMWRITE_JPEG_QUALITY), JPEG_QUALITY]
        image.data = cv2.imencode(".jpg", picture, quality)[1].tobytes()
        image.frame_id, image.format = camera.name, "jpeg"
        sheet.add(f"/camera/{camera.name}", image, when)
        sheet.add(f"/camera/{camera.name}/calibration", _calibration(camera, when), when)
    for lidar in _lidars(rig):
        cloud = frame.lidar if lidar is rig.lidar else frame.lidars[lidar.name]
        sheet.add(f"/lidar/{lidar.name}", _cloud(cloud, lidar.name, when), when)


def _calibration(camera: CameraSpec, when: int) -> Any:
    found = _schema("CameraCalibration")()
    _stamp(found.timestamp, when)
    focal = 0.5 * camera.width / math.tan(0.5 * camera.fov)
    cx, cy = 0.5 * camera.width, 0.5 * camera.height
    found.frame_id, found.width, found.height = camera.name, camera.width, camera.height
    found.K.extend([focal, 0.0, cx, 0.0, focal, cy, 0.0, 0.0, 1.0])
    found.R.extend([1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0])
    found.P.extend([focal, 0.0, cx, 0.0, 0.0, focal, cy, 0.0, 0.0, 0.0, 1.0, 0.0])
    return found


def _cloud(rows: NDArray[np.float32], name: str, when: int) -> Any:
    found = _schema("PointCloud")()
    _stamp(found.timestamp, when)
    found.frame_id, found.point_stride = name, 16
    found.pose.orientation.w = 1.0
    number = _schema("PackedElementField")
    for offset, field in enumerate(("x", "y", "z", "intensity")):
        found.fields.append(number(name=field, offset=4 * offset, type=number.FLOAT32))
    found.data = right_handed.points(rows).astype("<f4").tobytes()
    return found


def _paint(target: Any, colour: Colour) -> None:
    _set(target, "rgba", colour)


def _add_boxes(
    sheet: _Sheet, topic: str, frame: str, boxes: list[Box], when: int, known: dict[str, set[str]]
) -> None:
    """Boxes as entities, and deletions of those that are gone."""
    update = _schema("SceneUpdate")()
    gone = known.get(topic, set()) - {box.id for box in boxes}
    known[topic] = {box.id for box in boxes}
    for name in sorted(gone):
        deletion = update.deletions.add()
        _stamp(deletion.timestamp, when)
        deletion.id = name
    for box in boxes:
        entity = update.entities.add()
        _stamp(entity.timestamp, when)
        entity.id, entity.frame_id = box.id, frame
        entity.frame_locked = frame == "ego"
        entity.metadata.add(key="label", value=box.label)
        cube = entity.cubes.add()
        _set(cube.pose.position, "xyz", box.centre)
        _set(cube.pose.orientation, "xyzw", box.rotation)
        _set(cube.size, "xyz", box.size)
        _paint(cube.color, box.colour)
    sheet.add(topic, update, when)


def _lights(sight: Sight) -> Any:
    update = _schema("SceneUpdate")()
    entity = update.entities.add()
    _stamp(entity.timestamp, sight.nanoseconds)
    entity.id, entity.frame_id = "lights", "map"
    for place, colour in sight.lights:
        ball = entity.spheres.add()
        _set(ball.pose.position, "xyz", place)
        ball.pose.orientation.w = 1.0
        _set(ball.size, "xyz", (0.6, 0.6, 0.6))
        _paint(ball.color, colour)
    return update


def _lines(
    name: str,
    lines: list[NDArray[np.float32]],
    colour: Colour,
    when: int,
    thickness: float,
    frame: str = "map",
) -> Any:
    update = _schema("SceneUpdate")()
    entity = update.entities.add()
    _stamp(entity.timestamp, when)
    entity.id, entity.frame_id, entity.frame_locked = name, frame, frame == "ego"
    for points in lines:
        line = entity.lines.add()
        line.type, line.thickness = 0, thickness  # LINE_STRIP
        line.pose.orientation.w = 1.0
        _paint(line.color, colour)
        for point in points:
            _set(line.points.add(), "xyz", point)
    return update
