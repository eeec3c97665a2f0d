"""Finding out whether a file can be written before the work that fills it."""

from __future__ import annotations

import os
from pathlib import Path

from roadworthy.sim.errors import StorageError
from roadworthy.sim.files import refuse_special, write_whole

__all__ = ["check_writable", "write_whole"]


def check_writable(path: Path) -> None:
    """Find out before the work whether `write_whole` may write here after it.

    Raises:
        StorageError: the folder cannot be made or written, or `path` is a folder or a device.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        refuse_special(path)
        beside.touch()
        beside.unlink()
    except OSError as error:
        raise StorageError(
            f"{path}: cannot write here ({error.strerror or error}); choose another folder"
        ) from error
