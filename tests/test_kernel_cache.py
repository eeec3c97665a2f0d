"""Compiled kernels never outlive the sources that they were made from."""

from __future__ import annotations

import os
from pathlib import Path

import numba
import pytest

from roadworthy.kernel_cache import KEEP, digest_of, use_fresh_cache


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of two files, and a cache of its own."""
    # Set first, so that monkeypatch takes back what the function under test sets.
    monkeypatch.setenv("NUMBA_CACHE_DIR", "")
    monkeypatch.setattr(numba.config, "CACHE_DIR", numba.config.CACHE_DIR)
    monkeypatch.setenv("ROADWORTHY_CACHE", str(tmp_path / "cache"))
    room = tmp_path / "package" / "room"
    room.mkdir(parents=True)
    (room / "caller.py").write_text("from room.callee import f\n")
    (room / "callee.py").write_text("f = 1\n")
    return tmp_path / "package"


def test_a_change_of_a_callee_changes_the_folder(package: Path) -> None:
    before = digest_of(package)
    assert digest_of(package) == before
    (package / "room" / "callee.py").write_text("f = 2\n")
    assert digest_of(package) != before


def test_the_cache_is_named_after_the_sources_and_old_ones_go(package: Path) -> None:
    old = package.parent / "cache" / "kernels" / "0000"
    old.mkdir(parents=True)
    os.utime(old, (1.0, 1.0 + KEEP))
    use_fresh_cache(package)
    folder = Path(os.environ["NUMBA_CACHE_DIR"])
    assert folder.is_dir()
    assert folder.name == digest_of(package)
    assert not old.exists()


def test_a_folder_that_the_user_chose_stays(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/chosen")
    use_fresh_cache(package)
    assert os.environ["NUMBA_CACHE_DIR"] == "/chosen"
