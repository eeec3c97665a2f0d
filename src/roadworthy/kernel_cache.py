"""Where compiled kernels are kept, and when they are made anew.

Numba looks at the file of a kernel to see whether its compiled form is still good, but not at
the files that it imports. After an update of one of them the old code would run on, and the same
seed would no longer give the same bytes. So each module's kernels lie in a folder named after a
digest of its source and of every source of this package that it imports, however indirectly.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
import time
from functools import cache
from pathlib import Path
from shutil import rmtree
from typing import Any

KEEP = 14 * 86400  # [s] folders of older sources that were not used for so long are removed
LOCATORS = (
    "roadworthy.kernel_cache.SourcesLocator",
    "UserProvidedCacheLocator",
    "InTreeCacheLocator",
    "UserWideCacheLocator",
    "IPythonCacheLocator",
)
_IMPORT = re.compile(r"^\s*from\s+([\w.]+)\s+import\s+(\([^)]*\)|[^\n]*)", re.MULTILINE)
_PLAIN_IMPORT = re.compile(r"^\s*import\s+([\w.]+)", re.MULTILINE)


class Sources:
    """The modules of one package and what they import of each other."""

    def __init__(self, package: Path) -> None:
        """Look at the sources below `package`, the folder of the package."""
        self.package = package
        self._texts: dict[str, str] = {}

    def _file(self, module: str) -> Path | None:
        """Source of `module`, given by its dotted name; None where it is not of this package."""
        first, *rest = module.split(".")
        if first != self.package.name or not rest:
            return None
        path = self.package.joinpath(*rest)
        for candidate in (path.with_suffix(".py"), path / "__init__.py"):
            if candidate.is_file():
                return candidate
        return None

    def _text(self, module: str) -> str | None:
        if module not in self._texts:
            path = self._file(module)
            if path is None:
                return None
            self._texts[module] = path.read_text(encoding="utf-8")
        return self._texts[module]

    def closure(self, module: str) -> list[str]:
        """Dotted names of `module` and of all that it imports of this package, sorted."""
        found: set[str] = set()
        waiting = [module]
        while waiting:
            name = waiting.pop()
            text = None if name in found else self._text(name)
            if text is None:
                continue
            found.add(name)
            waiting += _PLAIN_IMPORT.findall(text)
            for source, names in _IMPORT.findall(text):
                waiting.append(source)
                waiting += [f"{source}.{word}" for word in re.findall(r"\w+", names)]
        return sorted(found)

    def digest(self, module: str) -> str:
        """Digest of the sources that `module`'s kernels depend on, 16 hexadecimal digits."""
        digest = hashlib.sha256()
        for name in self.closure(module):
            digest.update(name.encode())
            digest.update(str(self._text(name)).encode())
        return digest.hexdigest()[:16]


@cache
def _own_sources() -> Sources:
    return Sources(Path(__file__).resolve().parent)


def kernel_folder() -> Path:
    """Folder below which compiled kernels are kept."""
    root = Path(os.environ.get("ROADWORTHY_CACHE") or Path.home() / ".cache" / "roadworthy")
    return root / "kernels"


@cache
def _folder_of(module: str) -> Path:
    """Folder for the kernels of one module as the sources are now."""
    name = module.split(".", 1)[1]
    return kernel_folder() / f"{name}-{_own_sources().digest(module)}"


class SourcesLocator:
    """Tells Numba where the kernels of this package lie (NUMBA_CACHE_LOCATOR_CLASSES)."""

    def __init__(self, module: str, line: int, path: str) -> None:
        self._folder = _folder_of(module)
        self._line = line
        self._py_file = path  # read by Numba for its warnings

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> SourcesLocator | None:
        """Make a locator; None for code that is not of this package or where nothing is kept."""
        if not py_func.__module__.startswith("roadworthy."):
            return None
        locator = cls(py_func.__module__, py_func.__code__.co_firstlineno, py_file)
        try:
            locator.ensure_cache_path()
        except OSError:
            return None  # no home to write to: Numba's own choice is then as good as any
        return locator

    def ensure_cache_path(self) -> None:
        """Make the folder, and note that it is in use."""
        self._folder.mkdir(parents=True, exist_ok=True)
        os.utime(self._folder)

    def get_cache_path(self) -> str:
        """Folder of the module's kernels."""
        return str(self._folder)

    def get_source_stamp(self) -> str:
        """What must not have changed: the folder's name holds the digest."""
        return self._folder.name

    def get_disambiguator(self) -> str:
        """Tells functions of one name apart."""
        return str(self._line)


def use_own_cache() -> None:
    """Let Numba keep the kernels of this package by the sources that they depend on.

    Does nothing where the user has chosen a folder with NUMBA_CACHE_DIR or other locators.
    """
    if os.environ.get("NUMBA_CACHE_DIR") or os.environ.get("NUMBA_CACHE_LOCATOR_CLASSES"):
        return
    remove_old(kernel_folder())
    locators = ",".join(LOCATORS)
    os.environ["NUMBA_CACHE_LOCATOR_CLASSES"] = locators
    if "numba" in sys.modules:
        sys.modules["numba"].config.CACHE_LOCATOR_CLASSES = locators


def remove_old(folder: Path) -> None:
    """Remove what was not used for KEEP seconds below `folder`."""
    try:
        for other in folder.iterdir():
            if other.stat().st_mtime < time.time() - KEEP:
                rmtree(other, ignore_errors=True)
    except OSError:
        return  # there is none yet, or it is not ours
