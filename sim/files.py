"""Writing files so that a reader never meets half of one."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from roadworthy.sim.errors import StorageError


def refuse_special(path: Path) -> None:
    """Refuse a path that something else than a file has.

    A rename would put the file in its place: root lost its `/dev/full` to a picture so.

    Raises:
        OSError: there is a folder, a device or a pipe of that name.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "there is a folder of that name")
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "there is a device or a pipe of that name")


@contextmanager
def whole(path: Path, *, what: str = "the file") -> Iterator[Path]:
    """Have a file written beside, and rename it if all went well.

    Args:
        path: where; its folder is made where it is missing.
        what: the content is, for the sentence of the error.

    Yields:
        Where to write: nothing is there, and nothing stays there.

    Raises:
        StorageError: the folder is not writable, the disk is full, or `path` is no file; what
            was there stays.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        refuse_special(path)
        yield beside
        with beside.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError as error:
        raise StorageError(
            f"{path}: cannot write {what} ({error.strerror or error}); free some space or choose "
            "another folder, then run the same command again. What was written before is kept"
        ) from error
    finally:
        with suppress(OSError):
            beside.unlink()


def write_whole(path: Path, content: bytes, *, what: str = "the file") -> None:
    """Write a file beside, then rename: it is the old one or the new one, never a part.

    Args:
        path: where; its folder is made where it is missing.
        content: of the file.
        what: the content is, for the sentence of the error.

    Raises:
        StorageError: as `whole`.
    """
    with whole(path, what=what) as beside:
        beside.write_bytes(content)
