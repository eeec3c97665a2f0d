"""Compiled kernels never outlive the sources that they were made from."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from roadworthy.kernel_cache import KEEP, Sources, kernel_folder, remove_old, use_own_cache


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package whose module `a` imports `b`, which imports `c`; `d` stands alone."""
    room = tmp_path / "town" / "room"
    room.mkdir(parents=True)
    (room / "__init__.py").write_text("")
    (room / "a.py").write_text("from town.room import (\n    b,\n)\n")
    (room / "b.py").write_text("def f():\n    from town.room.c import g\n    return g\n")
    (room / "c.py").write_text("g = 1\n")
    (room / "d.py").write_text("import math\n")
    return tmp_path / "town"


def test_a_change_of_a_callee_of_a_callee_changes_the_digest(package: Path) -> None:
    before = Sources(package).digest("town.room.a")
    assert Sources(package).digest("town.room.a") == before
    (package / "room" / "c.py").write_text("g = 2\n")
    assert Sources(package).digest("town.room.a") != before


def test_a_change_elsewhere_leaves_the_kernels_as_they_are(package: Path) -> None:
    before = Sources(package).digest("town.room.a")
    (package / "room" / "d.py").write_text("import cmath\n")
    assert Sources(package).digest("town.room.a") == before
    assert Sources(package).closure("town.room.d") == ["town.room.d"]


def test_a_kernel_is_kept_below_our_folder_under_its_module(tmp_path: Path) -> None:
    code = (
        "from roadworthy.sim.physics.boxes import boxes_overlap as f\n"
        "assert f(0., 0., 0., 4., 2., 1., 0., 0., 4., 2.)\n"
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA_CACHE")}
    environment["ROADWORTHY_CACHE"] = str(tmp_path)
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    folders = [path.name for path in (tmp_path / "kernels").iterdir()]
    assert any(name.startswith("sim.physics.boxes-") for name in folders)
    assert list((tmp_path / "kernels").glob("sim.physics.boxes-*/*.nbc"))


def test_folders_of_old_sources_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROADWORTHY_CACHE", str(tmp_path))
    old, new = kernel_folder() / "old", kernel_folder() / "new"
    old.mkdir(parents=True)
    new.mkdir()
    os.utime(old, (1.0, 1.0 + KEEP))
    remove_old(kernel_folder())
    assert [path.name for path in kernel_folder().iterdir()] == ["new"]


def test_a_folder_that_the_user_chose_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/chosen")
    monkeypatch.delenv("NUMBA_CACHE_LOCATOR_CLASSES", raising=False)
    use_own_cache()
    assert "NUMBA_CACHE_LOCATOR_CLASSES" not in os.environ
