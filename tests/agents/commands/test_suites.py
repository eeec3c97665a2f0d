"""Suites and scenario files from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from roadworthy.agents.evaluation.routes import load_scenarios, suite_file, suite_names

Run = Callable[..., Result]
MINE = """
scenarios:
  - id: here
    town: Marlow
    route: {random: {seed: 4, length: [120, 200]}}
    traffic: {vehicles: 1, walkers: 0}
    weather: WetNight
    events: [{kind: ControlLoss, s: 20}]
    seed: 5
"""


def test_suites_are_listed_and_shown_so_that_they_can_be_copied(run: Run) -> None:
    listed = run("suites").output
    assert all(name in listed for name in suite_names())
    assert run("suites", "list").output == listed
    shown = run("suites", "show", "ci")
    assert shown.stdout == suite_file("ci").read_text("utf-8")
    unknown = run("suites", "show", "nope")
    assert unknown.exit_code == 2
    assert "no suite 'nope'; there are ci" in unknown.output


def test_a_scenario_file_is_driven_as_it_says_and_options_replace_that(
    run: Run, tmp_path: Path, foreign: str
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(MINE)
    command = ("drive", "--agent", f"{foreign}:Brief", "--out", tmp_path, "--scenario")
    done = run(*command, f"{path}#here")
    what = json.loads((tmp_path / "results.json").read_text())["roadworthy"]
    assert (what["seed"], what["route"], what["settings"]["vehicles"]) == (5, "here", 1)
    assert what["settings"]["weather"]["sun_altitude_angle"] == -90
    assert "ControlLoss at 20 m" in done.output
    other = run(*command, path, "--vehicles", 2, "--events", "none", "--seed", 6)
    what = json.loads((tmp_path / "results.json").read_text())["roadworthy"]
    assert (what["seed"], what["settings"]["vehicles"]) == (6, 2)
    assert "ControlLoss" not in other.output
    assert what["settings"]["weather"]["sun_altitude_angle"] == -90


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["drive", "--scenario", "{tmp}/mine.yaml#there"], "no scenario has the id 'there'"),
        (["drive", "--scenario", "{tmp}/mine.yaml", "--town", "Marlow"], "give one of --route"),
        (["drive", "--scenario", "quick"], "has 4 routes; choose one with FILE#ID: Marlow_0"),
        (["drive", "--scenario", "{tmp}/broken.yaml"], "broken.yaml, line 1: has no 'route'"),
        (["evaluate", "--routes", "{tmp}/broken.yaml"], "broken.yaml, line 1: has no 'route'"),
        (["drive", "--scenario", "{tmp}/mine.yaml", "--weather", "Hail"], "--weather 'Hail'"),
    ],
)
def test_what_cannot_be_driven_is_a_sentence(
    arguments: list[str], says: str, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "mine.yaml").write_text(MINE)
    (tmp_path / "broken.yaml").write_text("town: Marlow\n")
    done = run(*(a.format(tmp=tmp_path) for a in arguments), "--agent", "brake")
    assert done.exit_code == 2, done.output
    assert says in done.output


def test_what_the_world_lacks_is_printed_and_kept_in_the_results(
    run: Run, tmp_path: Path, foreign: str
) -> None:
    path = tmp_path / "r.xml"
    points = load_scenarios("quick#Marlow_0")[0].route.points[[0, -1], :2].tolist()
    ends = "".join(f'<position x="{x}" y="{y}" z="0"/>' for x, y in points)
    path.write_text(
        f'<routes><route id="3" town="Marlow"><waypoints>{ends}</waypoints><scenarios>'
        '<scenario name="Saucer_1" type="Saucer"><trigger_point x="0" y="0" z="0"/></scenario>'
        "</scenarios></route></routes>"
    )
    done = run("drive", "--agent", f"{foreign}:Brief", "--route", path, "--out", tmp_path)
    told = "Saucer_1: left out: this world lacks scenarios of this type"
    assert told in " ".join(done.output.split())
    (record,) = json.loads((tmp_path / "results.json").read_text())["_checkpoint"]["records"]
    assert record["meta"]["missing"] == [told]
