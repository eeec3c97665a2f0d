"""What cannot be played is refused before anything moves, with file, element and line."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from roadworthy.sim.errors import OpenScenarioError
from roadworthy.sim.openscenario import load, validate
from roadworthy.sim.openscenario.elements import elements

from .scripts import at, condition, event

GO = event("go", '<ActivateControllerAction longitudinal="true"/>', at(0.0))


def line_of(path: Path, text: str) -> int:
    return path.read_text("utf-8").split(text)[0].count("\n") + 1


@pytest.mark.parametrize(
    ("before", "after", "element", "says"),
    [
        ('longitudinal="true"', 'longitudinal="maybe"', "ActivateControllerAction", "true nor"),
        ('longitudinal="true"', 'sideways="true"', "ActivateControllerAction", "no attribute"),
        ('priority="parallel"', 'priority="now"', "Event", "take one of overwrite"),
        ('value="0.0" rule', 'value="soon" rule', "SimulationTimeCondition", "no number"),
        ('value="0.0" rule', 'value="nan" rule', "SimulationTimeCondition", "no number"),
        ('entityRef="other"/></Actors>', 'entityRef="oter"/></Actors>', "EntityRef", "no entity"),
        (
            "<ActivateControllerAction",
            "<ActivateControlerAction",
            "ActivateControlerAction",
            "name",
        ),
        ('ds="30"', 'ds="$far"', "RelativeLanePosition", r"\$far is not declared"),
        ('ds="30"', 'ds="${1/0}"', "RelativeLanePosition", "makes no sense"),
        ('ds="30"', 'ds="${open(1)}"', "RelativeLanePosition", "makes no sense"),
        ('laneId="-2" s="10"', 'laneId="-9" s="10"', "LanePosition", "has no lane -9"),
        ('laneId="-2" s="10"', 'laneId="-2" s="1e4"', "LanePosition", "is not on road 12"),
        ('roadId="12"', 'roadId="9912"', "LanePosition", "no road 9912"),
        ('"external_control"', '"my_control"', "Controller", "there are external_control"),
        ('revMajor="1"', 'revMajor="2"', "FileHeader", "another OpenSCENARIO"),
        ('filepath="Carriden"', 'filepath="Nowhere"', "LogicFile", "unknown town"),
        ('name="other"><V', 'name="hero"><V', "ScenarioObject", "more than one entity"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(
    write: Callable[..., Path], before: str, after: str, element: str, says: str
) -> None:
    path = write(GO)
    load(path)  # it is right before
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), "utf-8")
    line = line_of(path, after)
    where = re.escape(f"{path}, line {line}, <{element}>: ")
    with pytest.raises(OpenScenarioError, match=f"{where}.*{says}"):
        load(path)


@pytest.mark.parametrize(
    "body",
    [
        "<PrivateAction><VisibilityAction/></PrivateAction>",
        "<GlobalAction><TrafficAction/></GlobalAction>",
        "<UserDefinedAction/>",
        "<PrivateAction><LongitudinalAction><SpeedProfileAction/></LongitudinalAction>"
        "</PrivateAction>",
    ],
)
def test_an_unsupported_action_stops_the_run_before_it_starts(
    write: Callable[..., Path], body: str
) -> None:
    path = write(GO)
    inner = '<PrivateAction><ActivateControllerAction longitudinal="true"/></PrivateAction>'
    text = path.read_text("utf-8")
    path.write_text(text.replace(inner, f"\n\n{body}"), "utf-8")
    tag = next(t for t in reversed(re.findall(r"<(\w+)", body)) if t not in ("PrivateAction",))
    with pytest.raises(OpenScenarioError, match=rf"line \d+, <{tag}>: is not supported"):
        validate(path)


def test_each_unsupported_element_is_known_by_name(write: Callable[..., Path]) -> None:
    refused = [e for e in elements().values() if e.support == "no"]
    assert len(refused) > 20
    for element in refused:
        path = write(GO)
        text = path.read_text("utf-8").replace("<Init>", f"<{element.tag}/><Init>", 1)
        path.write_text(text, "utf-8")
        with pytest.raises(OpenScenarioError, match=f"<{element.tag}>"):
            validate(path)


def test_snow_other_criteria_and_states_of_nothing_are_refused(write: Callable[..., Path]) -> None:
    snow = (
        '<GlobalAction><EnvironmentAction><Environment name="e"><Weather><Precipitation '
        'precipitationType="snow" intensity="1"/></Weather></Environment></EnvironmentAction>'
        "</GlobalAction>"
    )
    with pytest.raises(OpenScenarioError, match=r"<Precipitation>: it does not snow"):
        validate(write(event("snow", snow, at(1))))
    criterion = condition(
        '<ByValueCondition><ParameterCondition parameterRef="" value="" rule="lessThan"/>'
        "</ByValueCondition>",
        "criteria_BeautyTest",
    )
    with pytest.raises(OpenScenarioError, match=r"criteria_BeautyTest.*criteria_CollisionTest"):
        validate(write(GO, stop=criterion))
    lost = condition(
        '<StoryboardElementStateCondition storyboardElementType="event" '
        'storyboardElementRef="never" state="completeState"/>'
    )
    with pytest.raises(OpenScenarioError, match="no Event 'never'; there are go"):
        validate(write(event("go", '<ActivateControllerAction lateral="true"/>', lost)))


def test_catalogs_that_do_not_hold_what_is_asked_for(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    path = write(GO)
    reference = '<CatalogReference catalogName="C" entryName="x"/>'
    text = re.sub(r"<Vehicle .*?</Vehicle>", reference, path.read_text("utf-8"), count=1)
    path.write_text(text, "utf-8")
    with pytest.raises(OpenScenarioError, match="names no folder for a Vehicle"):
        validate(path)
    folder = '<CatalogLocations><VehicleCatalog><Directory path="cars"/></VehicleCatalog>'
    path.write_text(text.replace("<CatalogLocations/>", f"{folder}</CatalogLocations>"), "utf-8")
    with pytest.raises(OpenScenarioError, match="there is no such catalog"):
        validate(path)
    (tmp_path / "cars").mkdir()
    (tmp_path / "cars" / "c.xosc").write_text(
        '<OpenSCENARIO><Catalog name="C"><Vehicle name="y"/></Catalog></OpenSCENARIO>', "utf-8"
    )
    with pytest.raises(OpenScenarioError, match=r"no Vehicle or .* 'x'.*y"):
        validate(path)


def test_hostile_xml_is_refused_and_nothing_is_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("do not tell", "utf-8")
    laughs = "".join(f'<!ENTITY l{k} "{f"&l{k - 1};" * 10 if k else "ha"}">' for k in range(12))
    cases = {
        "entity": f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{secret}">]><OpenSCENARIO>&e;'
        "</OpenSCENARIO>",
        "laughs": f"<!DOCTYPE x [{laughs}]><OpenSCENARIO>&l11;</OpenSCENARIO>",
        "network": '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd"><OpenSCENARIO/>',
        "broken": "<OpenSCENARIO><a></OpenSCENARIO>",
        "empty": "",
        "binary": "\x00\x01\x02",
        "other": "<OpenDRIVE/>",
        "bare": "<OpenSCENARIO/>",
        "deep": "<OpenSCENARIO>" + "<a>" * 5000 + "</a>" * 5000 + "</OpenSCENARIO>",
        "catalog": '<OpenSCENARIO><FileHeader revMajor="1" revMinor="0"/><Catalog name="x"/>'
        "</OpenSCENARIO>",
    }
    for name, text in cases.items():
        path = tmp_path / f"{name}.xosc"
        path.write_text(text, "utf-8")
        with pytest.raises(OpenScenarioError) as told:
            load(path)
        assert str(path) in str(told.value)
        assert "do not tell" not in str(told.value)
    with pytest.raises(OpenScenarioError, match="no OpenSCENARIO file"):
        load(tmp_path / "nothing.xosc")
    with pytest.raises(OpenScenarioError, match="no OpenSCENARIO file"):
        load(tmp_path)


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.xosc"
    with path.open("wb") as stream:
        stream.truncate(9_000_000)
    with pytest.raises(OpenScenarioError, match="more than 8 MB"):
        load(path)


def test_an_ego_that_stands_nowhere_or_beside_the_roads_is_refused(
    write: Callable[..., Path],
) -> None:
    far = '<WorldPosition x="5000" y="5000" z="0"/>'
    with pytest.raises(OpenScenarioError, match="no driving lane"):
        load(write(GO, place=far, other='<LanePosition roadId="12" laneId="-2" s="60"/>'))
    circle = '<RelativeWorldPosition entityRef="{}" dx="1" dy="0"/>'
    with pytest.raises(OpenScenarioError, match="puts nowhere"):
        load(write(GO, place=circle.format("other"), other=circle.format("hero")))


NASTY = ("", "-1", "nan", "-1e309", "$x", "${", "${1/0}", "hero", "9" * 40, "x" * 3000, "é\u2028")


def test_whatever_stands_in_an_attribute_is_taken_or_told(write: Callable[..., Path]) -> None:
    path = write(GO)
    text = path.read_text("utf-8")
    spots = [match.span(1) for match in re.finditer(r'="([^"]*)"', text)]
    told = []
    for number, (begin, end) in enumerate(spots):
        worse = text[:begin] + NASTY[number % len(NASTY)] + text[end:]
        path.write_text(worse, "utf-8")
        try:
            load(path)
        except OpenScenarioError as error:
            told.append(str(error))
    assert all(str(path) in message for message in told)
    assert len(spots) / 3 < len(told) < len(spots)
