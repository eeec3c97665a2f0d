"""Data sets: frames with labels, in shards on disk and as arrays in memory.

A shard is an .npz file. Pictures are stored as PNG, losslessly; everything else as it is.
Shards are written beside their place and then renamed, so none is ever cut off half-way.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from roadworthy.perception import grid
from roadworthy.perception.labels import MAX_LABELS
from roadworthy.perception.scene import ROUTE_DISTANCES, LightCol, RouteCol
from roadworthy.perception.signature import HintCol
from roadworthy.perception.user_box import UserBox
from roadworthy.sim.errors import InputError, StorageError
from roadworthy.sim.files import write_whole

FORMAT = 1  # raise when the meaning of a column changes


@dataclass(frozen=True, eq=False)
class Samples:
    """Frames with labels; N of them."""

    image: NDArray[np.uint8]  # [N, height, width, 3]
    raster: NDArray[np.uint8]  # [N, CHANNELS, RASTER_SIZE, RASTER_SIZE]
    route: NDArray[np.float32]  # [N, 12, RouteCol]
    hint: NDArray[np.float32]  # [N, HintCol]
    labels: NDArray[np.float32]  # [N, MAX_LABELS, UserBox]
    light: NDArray[np.float32]  # [N, LightCol]
    speed: NDArray[np.float32]  # [N] m/s of the ego

    def __len__(self) -> int:
        return len(self.image)

    @classmethod
    def empty(cls, n: int, height: int, width: int) -> Samples:
        """Allocate room for n samples."""
        size = grid.RASTER_SIZE
        return cls(
            np.zeros((n, height, width, 3), np.uint8),
            np.zeros((n, grid.CHANNELS, size, size), np.uint8),
            np.zeros((n, len(ROUTE_DISTANCES), len(RouteCol)), np.float32),
            np.zeros((n, len(HintCol)), np.float32),
            np.zeros((n, MAX_LABELS, len(UserBox)), np.float32),
            np.zeros((n, len(LightCol)), np.float32),
            np.zeros(n, np.float32),
        )

    def take(self, index: NDArray[np.integer] | slice) -> Samples:
        """Return some of the samples."""
        return Samples(*(getattr(self, field.name)[index] for field in fields(self)))


def write_shard(path: Path, samples: Samples) -> None:
    """Write samples to a shard.

    Raises:
        StorageError: the file cannot be written.
    """
    pictures = [_to_png(image) for image in samples.image]
    start = np.cumsum([0] + [len(picture) for picture in pictures])
    arrays = {f.name: getattr(samples, f.name) for f in fields(samples) if f.name != "image"}
    memory = io.BytesIO()
    np.savez_compressed(
        memory,
        format=np.int64(FORMAT),
        png=np.concatenate(pictures),
        png_start=start,
        **arrays,
    )
    write_whole(path, memory.getvalue(), what="the shard")


# All that zipfile, zlib, NumPy and OpenCV were seen to raise over damaged files.
_DAMAGE = (
    OSError,
    EOFError,
    ValueError,
    LookupError,
    TypeError,
    RuntimeError,  # zipfile: a flag says that the member is encrypted; NotImplementedError too
    MemoryError,  # a header that asks for more than there is
    zipfile.BadZipFile,
    zlib.error,
    cv2.error,
)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open a shard of this version; what is wrong with it becomes an InputError."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            if int(stored["format"]) != FORMAT:
                raise InputError(
                    f"{path}: the shard has format {int(stored['format'])}, this version reads "
                    f"{FORMAT}; collect the data set anew"
                )
            yield stored
    except _DAMAGE as error:
        raise InputError(
            f"{path}: this is no shard of a data set ({error}); delete it and collect anew"
        ) from error


def count_frames(path: Path) -> int:
    """Return the number of samples of a shard; quicker than `read_shard`.

    Raises:
        InputError: the file is no shard of this version.
    """
    with _opened(path) as stored:
        return len(stored["speed"])


def read_shard(path: Path) -> Samples:
    """Read a shard.

    Raises:
        InputError: the file is no shard of this version.
    """
    with _opened(path) as stored:
        png, start = stored["png"], stored["png_start"]
        pictures = [_from_png(png[a:b]) for a, b in pairwise(start)]
        names = [field.name for field in fields(Samples)][1:]
        return Samples(np.stack(pictures), *(stored[name] for name in names))


def shards(folder: Path) -> list[Path]:
    """Return the shards in a folder and the folders below it, in a fixed order.

    Raises:
        InputError: there is none.
    """
    found = sorted(path for path in folder.rglob("*.npz") if not path.name.startswith("."))
    if not found:
        raise InputError(f"{folder}: there are no shards here; make some with `roadworthy collect`")
    return found


def load(folders: Sequence[Path], limit: int | None = None) -> Samples:
    """Read all shards of some folders into memory, `limit` samples at most.

    Raises:
        InputError: a folder holds no shards, or one of them is damaged.
    """
    whole: Samples | None = None
    paths = [path for folder in folders for path in shards(folder)]
    total = sum(count_frames(path) for path in paths)
    total = total if limit is None else min(total, limit)
    done = 0
    for path in paths:
        if done == total:
            break
        part = read_shard(path).take(slice(0, total - done))
        if whole is None:
            whole = Samples.empty(total, *part.image.shape[1:3])
        if part.image.shape[1:] != whole.image.shape[1:]:
            raise InputError(
                f"{path}: its pictures are {part.image.shape[2]}x{part.image.shape[1]}, those of "
                f"the shards before {whole.image.shape[2]}x{whole.image.shape[1]}; collect all "
                "with one rig"
            )
        for field in fields(Samples):
            getattr(whole, field.name)[done : done + len(part)] = getattr(part, field.name)
        done += len(part)
    if whole is None:
        raise InputError(f"{', '.join(str(folder) for folder in folders)}: no frames to read")
    return whole


def origins(folders: Sequence[Path]) -> list[str]:
    """Name where the shards of some folders come from: "TOWN-SEED" of those that were collected.

    Says whether two data sets are the same wherever they lie and however many frames they have.

    Raises:
        InputError: a folder holds no shards.
    """
    names = (path.stem for folder in folders for path in shards(folder))
    return sorted({re.sub(r"-\d+$", "", name) for name in names})


def _to_png(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    done, data = cv2.imencode(".png", image[:, :, ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 6])
    if not done:
        raise StorageError("a picture could not be encoded as PNG")
    return np.asarray(data, np.uint8).ravel()


def _from_png(data: NDArray[np.uint8]) -> NDArray[np.uint8]:
    image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError("a picture is damaged")
    return np.ascontiguousarray(image[:, :, ::-1]).astype(np.uint8, copy=False)
