"""`roadworthy replay`: look at a recorded drive again, or let another agent drive on."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roadworthy.agents.commands import options
from roadworthy.agents.commands.outcome import FAILED, guarded, out
from roadworthy.agents.commands.replay_outputs import Window, Wishes
from roadworthy.agents.commands.replay_tell import tell, tell_hand_over, tell_moment
from roadworthy.sim.errors import SettingsError

if TYPE_CHECKING:
    from roadworthy.agents.recording import HandOver, Recording, Replay


@guarded
def replay(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What drive --record wrote, .rwr.")],
    video: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a video, .mp4 or .webm.")
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write one picture of the moment of --at, .png."),
    ] = None,
    mcap: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write .mcap for Foxglove; needs roadworthy\\[mcap]."),
    ] = None,
    rerun: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write .rrd for Rerun; needs roadworthy\\[rerun]."),
    ] = None,
    frames: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write what the sensors see: .png, .npy and .json."),
    ] = None,
    camera: Annotated[
        list[str] | None,
        typer.Option(
            metavar="VIEW",
            help="front, chase, top, left, right, rear, or KEY=VALUE,... (x, y, z in metres; "
            "pitch, yaw, fov in degrees; width, height, ego=1 to show the vehicle itself). The "
            "first one is the video's. By default: what the agent had.",
        ),
    ] = None,
    sensor: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND",
            help="camera, lidar, semantic_lidar or radar, each with ,KEY=VALUE,... as the specs "
            "have them: lidar,channels=64,range=100. For --mcap, --rerun and --frames.",
        ),
    ] = None,
    at: Annotated[
        float | None, typer.Option(metavar="TIME", help="Jump to a time in seconds.")
    ] = None,
    infraction: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Jump to the N-th infraction.")
    ] = None,
    before: Annotated[
        float, typer.Option(metavar="S", min=0.0, help="Begin so many seconds before the jump.")
    ] = 5.0,
    after: Annotated[
        float, typer.Option(metavar="S", min=0.0, help="End so many seconds after the jump.")
    ] = 3.0,
    agent: Annotated[
        str | None,
        typer.Option(
            metavar="AGENT", help="Who takes the wheel at --from: what would it have done?"
        ),
    ] = None,
    start: Annotated[
        float | None,
        typer.Option(
            "--from",
            metavar="TIME",
            help="Begin, or hand over, at this time in seconds; by default --before the jump.",
        ),
    ] = None,
    warm_up: Annotated[
        float,
        typer.Option(min=0.0, help="Seconds that who takes over sees what there is, before."),
    ] = 3.0,
    record: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Record the drive of --agent, .rwr.")
    ] = None,
    town: Annotated[
        str | None,
        typer.Option(metavar="TOWN|FILE.xodr", help="The town, if it is not found by its name."),
    ] = None,
    map_dir: options.MapDir = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit code 1 unless states and score are equal.")
    ] = False,
    device: options.Device = "auto",
) -> None:
    """Replay a recorded drive: prove it, look at it anew, or let another agent drive on.

    Simulates the drive again from its seed and its controls and compares every state byte for
    byte; where the world has changed since, it plays the recorded states back, and says so.
    """
    from roadworthy.agents.commands.progress import bar, open_town
    from roadworthy.agents.evaluation.files import check_writable
    from roadworthy.agents.recording import Recording, Replay
    from roadworthy.agents.recording.views import parse_sensors, parse_view

    for path in (video, picture, mcap, rerun, record):
        if path is not None:
            check_writable(path)
    if agent is None and record is not None:
        raise SettingsError("--record keeps the drive of --agent; say who takes the wheel")
    views = [parse_view(text) for text in camera or []]
    rig = parse_sensors(sensor or [], views) if sensor or views else None
    recording = Recording.read(file)
    tell(recording)
    jump = _jump(recording, at, infraction)
    again = Replay(recording, open_town(town or recording.head.town, map_dir))
    with bar() as progress:
        task = progress.add_task("re-simulating", total=1.0)
        proof = again.prove(lambda share: progress.update(task, completed=share))
    out.print(proof.sentence(), style="green" if proof.holds else "yellow")
    if jump is not None:
        tell_moment(again, recording.index_at(jump))
    wishes = Wishes(views, rig, video, picture, mcap, rerun, frames)
    if agent is None:
        wishes.write([again], Window.of(recording, jump, start, before, after))
    else:
        when = start if start is not None else _begin(jump, before)
        with _kept(record) as path:
            other, result = _hand_over(again, agent, when, warm_up, path, device)
            tell_hand_over(result)
            longer = max(recording, other.recording, key=len)
            window = Window.of(longer, when if jump is None else jump, None, before, after)
            if jump is None:
                window = Window(window.first, len(longer) - 1, window.at)
            wishes.write([again, other], window)
        if record is not None:
            out.print(f"recording: {record}")
    if strict and not proof.holds:
        raise typer.Exit(FAILED)


def _jump(recording: Recording, at: float | None, infraction: int | None) -> float | None:
    """The time that is jumped to.

    Raises:
        SettingsError: both are given, or there is no such time or infraction.
    """
    if at is not None and infraction is not None:
        raise SettingsError("give --at TIME or --infraction N, not both")
    if infraction is not None:
        found = recording.incidents
        if infraction > len(found):
            raise SettingsError(
                f"--infraction {infraction}: the recording has {len(found) or 'none'}"
            )
        return found[infraction - 1].time
    if at is not None and not 0.0 <= at <= recording.duration + 1e-6:
        raise SettingsError(f"--at {at:g}: the recording is {recording.duration:.1f} s long")
    return at


def _begin(jump: float | None, before: float) -> float:
    """When the wheel changes hands where no time is given.

    Raises:
        SettingsError: there is no jump either.
    """
    if jump is None:
        raise SettingsError("--agent takes the wheel at --from TIME, --at TIME or --infraction N")
    return max(jump - before, 0.0)


@contextmanager
def _kept(record: Path | None) -> Iterator[Path]:
    """Where the drive of a hand-over is recorded: a file that stays, or one that does not."""
    if record is not None:
        yield record
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "drive.rwr"


def _hand_over(
    again: Replay, agent: str, when: float, warm_up: float, path: Path, device: str
) -> tuple[Replay, HandOver]:
    """Let the other agent drive on, and record it."""
    from roadworthy.agents.commands.progress import bar
    from roadworthy.agents.evaluation.drive import Moment, Watching
    from roadworthy.agents.recording import Recording, Replay, hand_over, record
    from roadworthy.agents.registry import make_agent

    driver = make_agent(agent, device=device)
    with bar() as progress, record(path) as recorder:
        task = progress.add_task(f"{agent} drives on", total=100.0)

        def observe(moment: Moment) -> None:
            progress.update(task, completed=moment.tally.completion)

        watchers = [recorder, Watching(observe)]
        result = hand_over(again, driver, when, warm_up=warm_up, observers=watchers)
    return Replay(Recording.read(path), again.town), result
