"""The demo's folder: only its own files are ever replaced there."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from roadworthy.sim.errors import InputError, StorageError
from roadworthy.sim.files import write_whole

MARKER = "demo.json"  # says that the folder is a demo's; written first
RUN, AGENT = "run", "agent"
REPORT, PICTURES, VIDEO = "report.html", "pictures.png", "drive.mp4"
_FORMAT = 1
_MADE_BY = "roadworthy demo"


def results_name(agent: str) -> str:
    """Name of an agent's result file."""
    return f"results-{agent}.json"


def prepare(out: Path, seed: int, agents: tuple[str, str]) -> None:
    """Make the folder ready: new, empty, or cleared of an earlier demo's files.

    Args:
        out: the folder.
        seed: noted in it.
        agents: whose result files there will be.

    Raises:
        InputError: the folder holds something that no demo wrote; nothing is touched then.
        StorageError: it cannot be written.
    """
    marker = out / MARKER
    names = [MARKER, RUN, AGENT, REPORT, PICTURES, VIDEO, str(Path(VIDEO).with_suffix(".webm"))]
    names += [results_name(agent) for agent in agents]
    if out.exists() or out.is_symlink():
        names += _check(out, marker)
    for name in names[1:]:
        _remove(out / name)
    files = sorted(set(names) - {MARKER})
    content = {"made_by": _MADE_BY, "format": _FORMAT, "seed": seed, "files": files}
    write_whole(marker, json.dumps(content, indent=1).encode() + b"\n")


def _check(out: Path, marker: Path) -> list[str]:
    """Make sure that a folder is a demo's or empty; return what an earlier demo wrote there."""
    if not out.is_dir():
        raise InputError(f"{out} is no folder; choose another --out")
    if not marker.exists():
        found = sorted(path.name for path in out.iterdir())
        if found:
            raise InputError(
                f"folder {out} holds {', '.join(found[:3])}{' ...' * (len(found) > 3)}, which no "
                "demo wrote; choose another --out, or delete it"
            )
        return []
    try:
        content = json.loads(marker.read_text("utf-8"))
        if content["made_by"] != _MADE_BY or content["format"] != _FORMAT:
            raise ValueError(f"made by {content['made_by']!r}, format {content['format']!r}")
        files = [str(name) for name in content["files"]]
        if any(Path(name).name != name or name in ("", ".", "..") for name in files):
            raise ValueError("a file of it lies elsewhere")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"demo file {marker}: it is damaged ({error}); choose another --out, or delete the "
            "folder"
        ) from error
    return files


def _remove(path: Path) -> None:
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(
            f"cannot replace {path} of an earlier demo ({error.strerror}); choose another --out"
        ) from error
