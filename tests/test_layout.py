"""The shape of the house: imports run downward, the links are links, files stay readable."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FLOORS = {"sim": 0, "perception": 1, "planning": 2, "control": 3, "agents": 4}
FORBIDDEN = {"utils", "util", "common", "helpers", "helper", "misc", "manager", "stuff"}
LONGEST = 400


def sources() -> list[Path]:
    files = [path for room in FLOORS for path in sorted((ROOT / room).rglob("*.py"))]
    assert files
    return files


def imported_rooms(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return {
        parts[1]
        for parts in (name.split(".") for name in names)
        if parts[0] == "roadworthy" and len(parts) > 1 and parts[1] in FLOORS
    }


@pytest.mark.parametrize("room", FLOORS)
def test_a_room_imports_only_from_the_rooms_below_it(room: str) -> None:
    for path in sorted((ROOT / room).rglob("*.py")):
        above = {
            other
            for other in imported_rooms(ast.parse(path.read_text("utf-8")))
            if FLOORS[other] > FLOORS[room]
        }
        assert not above, f"{path.relative_to(ROOT)} imports from {sorted(above)} above it"


def test_the_import_rule_sees_an_import_that_runs_upward() -> None:
    tree = ast.parse("from roadworthy import agents\nimport roadworthy.control.runtime")
    assert imported_rooms(tree) == {"agents", "control"}


@pytest.mark.parametrize("room", FLOORS)
def test_the_package_reaches_each_room_by_a_link(room: str) -> None:
    link = ROOT / "src" / "roadworthy" / room
    assert link.is_symlink()
    assert link.readlink() == Path("..") / ".." / room


def test_no_module_has_a_name_that_says_nothing() -> None:
    inside = [path.relative_to(ROOT) for path in sources()]
    assert not [path for path in inside if FORBIDDEN & {path.stem, *path.parent.parts}]


def test_no_file_is_longer_than_a_reader_can_hold() -> None:
    tests = sorted((ROOT / "tests").rglob("*.py"))
    long = {
        str(path.relative_to(ROOT)): count
        for path in [*sources(), *tests]
        if (count := len(path.read_text("utf-8").splitlines())) > LONGEST
    }
    assert not long


def test_the_folders_of_the_checkout_are_no_packages_of_their_own() -> None:
    """`import sim` must fail from anywhere but the checkout's own root."""
    code = f"import roadworthy.sim, sys; print(sorted(set(sys.modules) & set({list(FLOORS)!r})))"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, cwd="/", check=True
    )
    assert done.stdout.strip() == "[]"
