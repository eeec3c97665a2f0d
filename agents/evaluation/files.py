"""Writing files so that a reader never meets half of one."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from roadworthy.sim.errors import StorageError


def write_whole(path: Path, content: bytes) -> None:
    """Write beside, then rename: the file is the old one or the new one, never a part.

    Raises:
        StorageError: the folder is not writable or the disk is full; the old file stays.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise StorageError(
            f"cannot write {path}: {error.strerror or error}; free some space or choose another "
            "folder. What was written before is kept"
        ) from error


def check_writable(path: Path) -> None:
    """Find out before the work whether `write_whole` may write here after it.

    Raises:
        StorageError: the folder cannot be made or written, or `path` is a folder itself.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "there is a folder of that name")
        beside.touch()
        beside.unlink()
    except OSError as error:
        raise StorageError(
            f"cannot write {path}: {error.strerror or error}; choose another folder"
        ) from error
