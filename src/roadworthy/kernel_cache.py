"""Where compiled kernels are kept: in a folder of their own for each state of the sources.

Numba looks at the file of a kernel to see whether its compiled form is still good, but not at
the files of the kernels that it calls. After an update of one of them the old code would run on,
and the same seed would no longer give the same bytes. So the cache's folder carries a digest of
all sources.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
from pathlib import Path
from shutil import rmtree

KEEP = 14 * 86400  # [s] folders of older sources that were not used for so long are removed


def digest_of(folder: Path) -> str:
    """Digest of all Python sources below `folder`, 16 hexadecimal digits."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*/**/*.py")):
        digest.update(str(path.relative_to(folder)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def use_fresh_cache(package: Path) -> None:
    """Point Numba's cache to a folder for the sources of `package` as they are now.

    Does nothing where the user has chosen a folder with NUMBA_CACHE_DIR.
    """
    if os.environ.get("NUMBA_CACHE_DIR"):
        return
    root = Path(os.environ.get("ROADWORTHY_CACHE") or Path.home() / ".cache" / "roadworthy")
    folder = root / "kernels" / digest_of(package)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)
        for other in folder.parent.iterdir():
            if other.stat().st_mtime < time.time() - KEEP:
                rmtree(other, ignore_errors=True)
    except OSError:
        return  # no home to write to: Numba's own choice is then as good as any
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
    if "numba" in sys.modules:
        sys.modules["numba"].config.CACHE_DIR = str(folder)
