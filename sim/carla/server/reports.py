"""What a recording holds, in words, as CARLA's recorder tells it."""

from __future__ import annotations

import numpy as np

from roadworthy.sim.carla.server.recorder import Recording

HERO = "hero"
# CARLA's letters for kinds of actors in show_recorder_collisions.
_KINDS = {"v": "vehicle.", "w": "walker.", "t": "traffic.", "o": "static.", "h": "", "a": ""}


def _head(recording: Recording) -> list[str]:
    return ["Version: 1", f"Map: {recording.map.rsplit('/', 1)[-1]}", ""]


def _foot(recording: Recording) -> list[str]:
    return ["", f"Frames: {len(recording.frames)}", f"Duration: {recording.duration:g} seconds", ""]


def file_info(recording: Recording, everything: bool) -> str:
    """Who appears and leaves when; with `everything`, where each is at each frame."""
    lines = _head(recording)
    for number, frame in enumerate(recording.frames, 1):
        said = [
            f" Create {b.id}: {b.description.id} at "
            f"({b.pose.x:.2f}, {b.pose.y:.2f}, {b.pose.z:.2f})"
            for b in frame.begun
        ]
        said += [f" Destroy {i}" for i in frame.ended]
        if everything:
            said += [f" Collision {a} with {b}" for a, b in frame.hits]
            said += [
                f" Position {i}: ({row[0]:.2f}, {row[1]:.2f}, {row[2]:.2f}) yaw {row[4]:.1f}"
                for i, row in zip(frame.ids, frame.poses, strict=True)
            ]
        if said:
            lines += [f"Frame {number} at {frame.time:g} seconds", *said]
    return "\n".join(lines + _foot(recording))


def collisions(recording: Recording, first: str, second: str) -> str:
    """Who hit whom: kinds by CARLA's letters, such as v for vehicles and a for any."""
    names = {b.id: b.description.id for frame in recording.frames for b in frame.begun}
    heroes = {
        b.id for frame in recording.frames for b in frame.begun
        if b.description.get("role_name", "") == HERO
    }  # fmt: skip

    def fits(number: int, letter: str) -> bool:
        if letter == "h":
            return number in heroes
        kind = _KINDS.get(letter, "")
        return names.get(number, "static.map").startswith(kind)

    lines = [*_head(recording), "    Time  Types     Id Actor 1            Id Actor 2"]
    before: set[tuple[int, int]] = set()
    for frame in recording.frames:
        now = {(min(pair), max(pair)) for pair in frame.hits}
        for a, b in sorted(now - before):
            for one, other in ((a, b), (b, a)):
                if fits(one, first) and fits(other, second):
                    lines.append(
                        f"{frame.time:8.2f}  {first} {second} {one:8d} {names.get(one, 'map')}"
                        f" {other:8d} {names.get(other, 'map')}"
                    )
                    break
        before = now
    return "\n".join(lines + _foot(recording))


def blocked(recording: Recording, least_time: float, least_way: float) -> str:
    """Vehicles that went less than `least_way` [m] for at least `least_time` [s]."""
    names = {b.id: b.description.id for frame in recording.frames for b in frame.begun}
    since: dict[int, tuple[float, np.ndarray]] = {}
    found: list[tuple[float, int, float]] = []

    def note(number: int, until: float) -> None:
        begin = since[number][0]
        if until - begin >= least_time:
            found.append((begin, number, until - begin))

    for frame in recording.frames:
        for number, row in zip(frame.ids.tolist(), frame.poses, strict=True):
            if not names.get(number, "").startswith("vehicle."):
                continue
            if number not in since:
                since[number] = (frame.time, row[:3])
            elif float(np.linalg.norm(row[:3] - since[number][1])) > least_way:
                note(number, frame.time)
                since[number] = (frame.time, row[:3])
    for number in since:
        note(number, recording.duration)
    lines = [*_head(recording), "    Time     Id Actor                          Duration"]
    lines += [
        f"{begin:8.2f} {number:6d} {names[number]:30s} {spent:8.2f}"
        for begin, number, spent in sorted(found)
    ]
    return "\n".join(lines + _foot(recording))
