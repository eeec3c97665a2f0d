"""Methods of the recorder. Files lie in one folder of the server's; clients name them there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from roadworthy.sim.carla.server.maps import load_map
from roadworthy.sim.carla.server.methods import method
from roadworthy.sim.carla.server.recorder import Recorder, read_recording
from roadworthy.sim.carla.server.replayer import Replayer, Wishes
from roadworthy.sim.carla.server.reports import blocked, collisions, file_info
from roadworthy.sim.carla.server.values import (
    Pose,
    RefusedError,
    anything,
    flag,
    pose,
    real,
    text,
    whole,
)
from roadworthy.sim.errors import MapError

if TYPE_CHECKING:
    from roadworthy.sim.carla.server.server import Server

_NAME = re.compile(r"[^\w.\- ]")


def recording_path(server: Server, name: str) -> Path:
    """Where a recording lies: whatever folders a client names, only the file's name counts.

    Raises:
        RefusedError: it is no name.
    """
    last = _NAME.sub("_", name.replace("\\", "/").rsplit("/", 1)[-1])[:128]
    if not last.strip(". "):
        raise RefusedError(f"{name!r:.100} is no name for a recording")
    return server.recordings / last


@method("start_recorder", text, flag)
def start_recorder(server: Server, name: str, additional: bool) -> str:
    """Begin to record; returns the file's path. All data is recorded, asked for or not."""
    stop_recorder(server)
    server.recorder = Recorder(recording_path(server, name), server.episode)
    return str(server.recorder.path)


@method("stop_recorder")
def stop_recorder(server: Server) -> None:
    """Close the file."""
    if server.recorder is not None:
        server.recorder.end()
        server.recorder = None


@method("show_recorder_file_info", text, flag)
def show_recorder_file_info(server: Server, name: str, everything: bool) -> str:
    """What a recording holds."""
    return file_info(read_recording(recording_path(server, name)), everything)


@method("show_recorder_collisions", text, anything, anything)
def show_recorder_collisions(server: Server, name: str, first: object, second: object) -> str:
    """Who hit whom in a recording."""
    letters = [chr(c) if isinstance(c, int) and 0 < c < 128 else str(c) for c in (first, second)]
    return collisions(read_recording(recording_path(server, name)), letters[0], letters[1])


@method("show_recorder_actors_blocked", text, real, real)
def show_recorder_actors_blocked(
    server: Server, name: str, least_time: float, least_way: float
) -> str:
    """Who stood still in a recording; CARLA's distances here are in centimetres."""
    recording = read_recording(recording_path(server, name))
    return blocked(recording, least_time, 0.01 * least_way)


@method("replay_file", text, real, real, whole, flag, pose)
def replay_file(
    server: Server, name: str, start: float, duration: float, follow: int, sensors: bool,
    offset: Pose,
) -> str:  # fmt: skip
    """Play a recording again; its sensors are not."""
    if server.stage is not None:
        raise RefusedError("this server plays a scenario, no recordings")
    recording = read_recording(recording_path(server, name))
    stop_replayer(server, True)
    if recording.map != server.episode.map.name:
        try:
            server.begin(load_map(recording.map, server.map_dir))
        except MapError:
            raise RefusedError(f"the map {recording.map} of {name} is not here") from None
    server.episode.replayer = Replayer(
        recording, server.episode, start, duration, follow, offset, server.wishes
    )  # fmt: skip
    server.episode.ledger.moved()
    return f"Replaying File: {name}\nDuration: {recording.duration:g} seconds\n"


@method("stop_replayer", flag)
def stop_replayer(server: Server, keep: bool) -> None:
    """End a replay."""
    if server.episode.replayer is not None:
        server.episode.replayer.stop(keep)
        server.episode.replayer = None


def _wish(server: Server, wishes: Wishes) -> None:
    server.wishes = wishes
    if server.episode.replayer is not None:
        server.episode.replayer.wishes = wishes


@method("set_replayer_time_factor", real)
def set_replayer_time_factor(server: Server, factor: float) -> None:
    """Play faster or slower."""
    _wish(server, server.wishes._replace(factor=min(max(factor, 0.0), 1000.0)))


@method("set_replayer_ignore_hero", flag)
def set_replayer_ignore_hero(server: Server, ignored: bool) -> None:
    """Let heroes of a replay go their own way, or play them like anybody else."""
    _wish(server, server.wishes._replace(ignore_hero=ignored))


@method("set_replayer_ignore_spectator", flag)
def set_replayer_ignore_spectator(server: Server, ignored: bool) -> None:
    """Leave the spectator alone in replays, or let it go where it was recorded."""
    _wish(server, server.wishes._replace(ignore_spectator=ignored))
