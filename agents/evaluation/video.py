"""Video files: H.264 in .mp4 through PyAV where it is installed, else VP9 in .webm through OpenCV.

OpenCV's wheels cannot write H.264, and what they can write into .mp4 no browser plays.
"""

from __future__ import annotations

import errno
import importlib.util
import io
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from roadworthy.agents.evaluation.files import write_whole
from roadworthy.sim.errors import SettingsError, StorageError

SUFFIXES = (".mp4", ".webm")


class VideoWriter:
    """Writes pictures of one size to a video file; a context manager.

    The file appears under its name when it is complete; a drive that is broken off leaves a
    playable file of what was driven. H.264 is collected in memory (some 5 kB a picture): what
    FFmpeg does when the disk is full in the middle of a file is no sentence.
    """

    def __init__(self, path: str | Path, fps: int = 10) -> None:
        """Prepare to write.

        Args:
            path: ends in .mp4 or .webm. Without PyAV, .mp4 becomes .webm; `self.path` says.
            fps: pictures per second.

        Raises:
            SettingsError: the name ends in something else.
        """
        path = Path(path)
        if path.suffix.lower() not in SUFFIXES:
            raise SettingsError(f"video {path}: the name must end in {' or '.join(SUFFIXES)}")
        self._av = importlib.util.find_spec("av") is not None
        if not self._av:
            path = path.with_suffix(".webm")
        self.path = path
        self._beside = path.with_name(f".part.{path.name}")
        self._fps = fps
        self._memory = io.BytesIO()
        self._sink: Any = None
        self._stream: Any = None

    def add(self, picture: NDArray[np.uint8]) -> None:
        """Append one picture, RGB uint8 [H, W, 3], H and W even.

        Raises:
            StorageError: the file cannot be written.
        """
        if self._sink is None:
            self._open(picture.shape[1], picture.shape[0])
        if self._av:
            import av

            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            self._sink.mux(self._stream.encode(frame))
        else:
            self._sink.write(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))

    def close(self) -> None:
        """Finish the file.

        Raises:
            StorageError: the file cannot be written.
        """
        if self._sink is None:
            return
        sink, self._sink = self._sink, None
        if self._av:
            sink.mux(self._stream.encode(None))
            sink.close()
            write_whole(self.path, self._memory.getvalue())
            return
        sink.release()
        try:
            if self._beside.stat().st_size == 0:
                raise OSError(errno.ENOSPC, "No space left on device")
            self._beside.replace(self.path)
        except OSError as error:
            self._beside.unlink(missing_ok=True)
            raise StorageError(f"cannot write video {self.path}: {error.strerror}") from error

    def discard(self) -> None:
        """Forget all pictures: there will be no file."""
        sink, self._sink = self._sink, None
        if sink is None:
            return
        if self._av:
            sink.close()
        else:
            sink.release()
            self._beside.unlink(missing_ok=True)

    def _open(self, width: int, height: int) -> None:
        if self._av:
            import av

            kind = self.path.suffix.lower()
            codec = "libx264" if kind == ".mp4" else "libvpx-vp9"
            self._sink = av.open(self._memory, "w", format=kind[1:])
            self._stream = self._sink.add_stream(codec, rate=Fraction(self._fps))
            self._stream.width, self._stream.height = width, height
            self._stream.pix_fmt = "yuv420p"
            fast = {"crf": "24", "preset": "veryfast"}
            good = {"crf": "34", "b": "0", "cpu-used": "8", "deadline": "realtime"}
            self._stream.options = fast if codec == "libx264" else good
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"cannot write video {self.path}: {error.strerror}") from error
        code = cv2.VideoWriter.fourcc(*"VP90")
        self._sink = cv2.VideoWriter(str(self._beside), code, self._fps, (width, height))
        if not self._sink.isOpened():
            raise StorageError(f"cannot write video {self.path}: OpenCV could not open it")

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.close()
        except StorageError:
            if error is None:
                raise
