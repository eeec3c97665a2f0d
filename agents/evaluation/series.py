"""Series: how one drive went, sample by sample, in a small file beside the results.

A drive keeps one sample a decision (10 Hz), a few hundred to a few thousand in all. The file is
NumPy's `.npz`, one float32 array [N] a column: some 10 kB for a minute, and `numpy.load` opens it.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.errors import InputError
from roadworthy.sim.files import write_whole
from roadworthy.sim.road.route import Route, RoutePoint

FOLDER = "drives"  # beside results.json
_SUFFIX = ".npz"
_LONGEST_NAME = 120  # characters; file systems end at 255
_MOST = 10_000_000  # samples; a file that claims more is refused
Sample = tuple[float, float, float, float, float, float, float]  # as in Series, without `limit`


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Samples of a drive, float32 [N] each, in the order of time."""

    time: NDArray[np.float32]  # [s] since the drive began
    s: NDArray[np.float32]  # [m] along the route: of the projection, which may go back
    speed: NDArray[np.float32]  # [m/s]
    accel: NDArray[np.float32]  # [m/s^2] forward
    lateral: NDArray[np.float32]  # [m/s^2] to the right
    x: NDArray[np.float32]  # [m] CARLA's axes
    y: NDArray[np.float32]  # [m]
    limit: NDArray[np.float32]  # [m/s] of the road at `s`

    @classmethod
    def of(cls, samples: Sequence[Sample], route: Route) -> Series:
        """Make it from rows of (time, s, speed, accel, lateral, x, y) and the route driven."""
        rows = np.array(samples, np.float32).reshape(len(samples), len(fields(cls)) - 1)
        along = route.points[:, RoutePoint.S]
        limit = np.interp(rows[:, 1], along, route.points[:, RoutePoint.SPEED_LIMIT])
        return cls(*(*rows.T.copy(), limit.astype(np.float32)))

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.time)

    def s_at(self, time: float) -> float:
        """Where on the route the ego was at a time [m]; 0 where there is no sample."""
        return float(np.interp(time, self.time, self.s)) if len(self) else 0.0


def series_path(folder: Path, record_id: str) -> Path:
    """File of one drive's series in the folder of results: `drives/RouteScenario_1_rep0.npz`."""
    return folder / FOLDER / f"{file_name(record_id)}{_SUFFIX}"


def file_name(record_id: str) -> str:
    """Name that a file of a drive may have, a different one for each drive.

    What no file may have is quoted as in a URL, very long names end in their hash.
    """
    name = quote(record_id, safe=" ", errors="surrogatepass")
    if len(name) > _LONGEST_NAME:
        whole = record_id.encode("utf-8", "surrogatepass")
        name = f"{name[:_LONGEST_NAME]}-{hashlib.blake2b(whole, digest_size=8).hexdigest()}"
    return name


def write_series(folder: Path, record_id: str, series: Series) -> Path:
    """Write one drive's series, whole or not at all; the same series gives the same bytes.

    Args:
        folder: of the results.
        record_id: the drive's, "RouteScenario_12_rep0".
        series: what to write.

    Returns:
        The file.

    Raises:
        StorageError: it cannot be written.
    """
    memory = io.BytesIO()
    np.savez_compressed(
        memory,
        allow_pickle=False,
        **{column.name: getattr(series, column.name) for column in fields(Series)},
    )
    path = series_path(folder, record_id)
    write_whole(path, memory.getvalue(), what="the samples of a drive")
    return path


def read_series(folder: Path, record_id: str) -> Series | None:
    """Read one drive's series; None where there is no file of it.

    Raises:
        InputError: the file is damaged or is none of this kind.
    """
    path = series_path(folder, record_id)
    if not path.exists():
        return None
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = [entry.file_size for entry in archive.infolist()]
        if sum(sizes) > _MOST * 4 * len(fields(Series)):
            raise ValueError(f"its columns take {sum(sizes)} bytes")
        with np.load(path, allow_pickle=False) as columns:
            found = [columns[column.name] for column in fields(Series)]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(
            f"samples of a drive {path}: {error}; delete the file, the report then does without it"
        ) from error
    shapes = {(column.dtype.str, column.shape) for column in found}
    if len(shapes) != 1 or found[0].dtype != np.float32 or found[0].ndim != 1:
        raise InputError(
            f"samples of a drive {path}: its columns must be float32 of one length, not "
            f"{sorted(shapes)}; delete the file, the report then does without it"
        )
    return Series(*found)
