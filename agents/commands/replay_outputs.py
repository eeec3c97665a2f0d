"""What `roadworthy replay` writes: which moments, and into which files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from roadworthy.agents.commands.outcome import out

if TYPE_CHECKING:
    from roadworthy.agents.evaluation.picture import Image
    from roadworthy.agents.recording import Recording, Replay
    from roadworthy.agents.recording.views import View
    from roadworthy.sim.sensors.specs import SensorRig


@dataclass(frozen=True, slots=True)
class Window:
    """Which moments are looked at."""

    first: int
    last: int
    at: int  # for a single picture

    @classmethod
    def of(
        cls,
        recording: Recording,
        jump: float | None,
        start: float | None,
        before: float,
        after: float,
    ) -> Window:
        """Around a jump, from a start on, or all."""
        last = len(recording) - 1
        first = 0 if start is None else recording.index_at(start)
        if jump is None:
            return cls(first, last, first)
        if start is None:
            first = recording.index_at(jump - before)
        return cls(first, recording.index_at(jump + after), recording.index_at(jump))


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is to be written."""

    views: list[View]
    rig: SensorRig | None
    video: Path | None
    picture: Path | None
    mcap: Path | None
    rerun: Path | None
    frames: Path | None

    def write(self, replays: list[Replay], window: Window) -> None:
        """Write it, of the last replay; pictures and videos of all of them."""
        if self.video is not None or self.picture is not None:
            self._film(replays, window)
        outside = [view.camera.name for view in self.views if view.ego]
        if self.mcap is not None:
            from roadworthy.agents.recording.foxglove import write_mcap

            write_mcap(replays[-1], self.mcap, self.rig, window.first, window.last, outside)
            out.print(f"mcap: {self.mcap}")
        if self.rerun is not None:
            from roadworthy.agents.recording.rerun_file import write_rerun

            write_rerun(replays[-1], self.rerun, self.rig, window.first, window.last, outside)
            out.print(f"rerun: {self.rerun}")
        if self.frames is not None:
            from roadworthy.agents.recording.frames import write_frames

            count = write_frames(
                replays[-1], self.frames, self.rig, window.first, window.last, outside
            )
            out.print(f"frames: {self.frames} ({count} moments)")

    def _film(self, replays: list[Replay], window: Window) -> None:
        from roadworthy.agents.commands.progress import bar
        from roadworthy.agents.evaluation.video import VideoWriter
        from roadworthy.agents.recording.film import Film, beside, write_picture

        view = self.views[0] if self.views else None
        films = [Film(replay, view) for replay in replays]

        def shown(first: int, last: int) -> Iterator[Image]:
            if len(films) == 1:
                return films[0].pictures(first, last)
            return beside(films[0], films[1], first, last)

        if self.picture is not None:
            write_picture(self.picture, next(iter(shown(window.at, window.at))))
            out.print(f"picture: {self.picture}")
        if self.video is not None:
            with bar() as progress, VideoWriter(self.video) as writer:
                task = progress.add_task("filming", total=window.last - window.first + 1)
                for image in shown(window.first, window.last):
                    writer.add(image)
                    progress.advance(task)
            out.print(f"video: {writer.path}")
