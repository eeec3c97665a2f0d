"""Writing files so that a reader never meets half of one."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from roadworthy.sim.errors import StorageError


def write_whole(path: Path, content: bytes, *, what: str = "the file") -> None:
    """Write beside, then rename: the file is the old one or the new one, never a part.

    Args:
        path: where; its folder is made where it is missing.
        content: of the file.
        what: the content is, for the sentence of the error.

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
        with suppress(OSError):
            beside.unlink()
        raise StorageError(
            f"{path}: cannot write {what} ({error.strerror or error}); free some space or choose "
            "another folder, then run the same command again. What was written before is kept"
        ) from error
