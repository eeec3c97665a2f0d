from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from roadworthy.agents.commands.application import app
from roadworthy.agents.commands.demo import run_demo
from roadworthy.agents.commands.demo_folder import MARKER, prepare
from roadworthy.agents.commands.demo_steps import Extent
from roadworthy.sim.errors import InputError

AGENTS = ("roadworthy", "just-trained")


def test_a_new_or_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "new" / "deep", tmp_path / "empty"):
        prepare(folder, 3, AGENTS)
        assert (folder / MARKER).is_file()


def test_an_earlier_demo_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    prepare(tmp_path, 3, ("other", "just-trained"))
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "state.json").write_text("{}")
    for name in ("report.html", "drive.webm", "results-other.json", "mine.txt"):
        (tmp_path / name).write_text("x")
    prepare(tmp_path, 4, AGENTS)
    assert sorted(path.name for path in tmp_path.iterdir()) == [MARKER, "mine.txt"]
    assert json.loads((tmp_path / MARKER).read_text())["seed"] == 4


def test_a_link_in_the_folder_is_removed_and_what_it_points_at_stays(tmp_path: Path) -> None:
    prepare(tmp_path / "demo", 3, AGENTS)
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("x")
    (tmp_path / "demo" / "run").symlink_to(tmp_path / "precious")
    prepare(tmp_path / "demo", 3, AGENTS)
    assert not (tmp_path / "demo" / "run").exists()
    assert (tmp_path / "precious" / "file").read_text() == "x"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("thesis.tex", "x"),
        (MARKER, "{"),
        (MARKER, "[]"),
        (MARKER, '{"made_by": "me", "format": 1, "files": []}'),
        (MARKER, '{"made_by": "roadworthy demo", "format": 1, "files": ["../precious"]}'),
        (MARKER, '{"made_by": "roadworthy demo", "format": 1}'),
    ],
)
def test_a_foreign_or_damaged_folder_is_refused_before_any_work_and_stays(
    name: str, content: str, tmp_path: Path
) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "precious").write_text("x")
    (tmp_path / "demo" / name).write_text(content)
    done = CliRunner().invoke(app, ["demo", "--agent", "brake", "--out", str(tmp_path / "demo")])
    assert done.exit_code == 2, done.output
    assert "choose another --out" in done.output.replace("\n", " ")
    assert [path.name for path in (tmp_path / "demo").iterdir()] == [name]
    assert (tmp_path / "precious").exists()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="no folder"):
        prepare(tmp_path / "file", 3, AGENTS)


@pytest.mark.slow
def test_a_tiny_demo_leaves_everything_that_it_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    extent = Extent(minutes=0.05, worlds=8, time_limit=3.0)
    for _ in range(2):  # the second replaces the first
        run_demo(tmp_path, "oracle", extent, 3, "cpu")
    names = {path.name for path in tmp_path.iterdir()}
    wanted = {"run", "agent", "report.html", "pictures.png", "demo.json"}
    assert wanted | {"results-oracle.json", "results-just-trained.json"} <= names
    assert names & {"drive.mp4", "drive.webm"}
    page = (tmp_path / "report.html").read_text()
    assert all(name in page for name in ("Marlow_1", "Marlow_2", "oracle", "just-trained"))
    assert "What was learned" in page
    assert '<svg class="chart"' in page
    printed = capsys.readouterr().out
    assert "report.html" in printed
    assert "just-trained" in printed
