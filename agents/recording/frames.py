"""Frames as files: what sensors see at the moments of a recording."""

from __future__ import annotations

import io
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from roadworthy.agents.recording.recording import RecordedMoment
from roadworthy.agents.recording.replay import Replay
from roadworthy.sim.files import write_whole
from roadworthy.sim.frame import Frame
from roadworthy.sim.sensors.specs import SensorRig


def write_frames(
    replay: Replay,
    folder: Path,
    rig: SensorRig | None,
    first: int,
    last: int,
    outside: Collection[str] = (),
) -> int:
    """Write what sensors see, each file named by its tick: `000120_front.png`.

    Cameras are .png, depth [m], semantic labels and point clouds .npy, and all else one .json.

    Args:
        replay: the recording in its town.
        folder: where to.
        rig: the sensors; those that the agent had by default.
        first: index of the first moment.
        last: index of the last one.
        outside: names of cameras that show the vehicle itself.

    Returns:
        How many moments were written.

    Raises:
        RecordingError: no rig is given and the agent had no sensors.
        StorageError: the disk is full or the folder is not ours.
    """
    recording, count = replay.recording, 0
    begin, end = recording[first].time, recording[last].time
    for moment, frame in replay.frames(rig, begin, end, outside=outside):
        _write(folder / f"{moment.frame:06d}", moment, frame)
        count += 1
    return count


def _write(stem: Path, moment: RecordedMoment, frame: Frame) -> None:
    def path(name: str) -> Path:
        return stem.with_name(f"{stem.name}_{name}")

    for name, image in frame.images.items():
        data = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1]
        write_whole(path(f"{name}.png"), data.tobytes())
    arrays: dict[str, NDArray[Any]] = {
        **{f"{name}_depth": array for name, array in frame.depths.items()},
        **{f"{name}_semantic": array for name, array in frame.semantics.items()},
        **{f"{name}_instance": array for name, array in frame.instances.items()},
        **frame.lidars,
        **frame.semantic_lidars,
        **frame.radars,
    }
    if len(frame.lidar):
        arrays["lidar"] = frame.lidar
    for name, array in arrays.items():
        memory = io.BytesIO()
        np.save(memory, array, allow_pickle=False)
        write_whole(path(f"{name}.npy"), memory.getvalue())
    control = moment.control
    rest = {
        "tick": moment.frame,
        "time": moment.time,
        "speed": frame.speed,
        "acceleration": frame.imu.acceleration,
        "gyroscope": frame.imu.gyroscope,
        "compass": frame.imu.compass,
        "gnss": [frame.gnss.latitude, frame.gnss.longitude, frame.gnss.altitude],
        "control": None
        if control is None
        else {
            "throttle": control.throttle,
            "brake": control.brake,
            "steer": control.steer,
            "reverse": control.reverse,
            "hand_brake": control.hand_brake,
        },
    }
    write_whole(path("frame.json"), json.dumps(rest, indent=1).encode())
