"""What continuous integration reads: JUnit XML and Markdown."""

from __future__ import annotations

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from roadworthy.agents.evaluation.compare import compare
from roadworthy.agents.evaluation.gates import check_gates, parse_gate
from roadworthy.agents.evaluation.junit import junit
from roadworthy.agents.evaluation.results import Checkpoint, Record, RecordMeta, Results, Scores
from roadworthy.agents.evaluation.summary import summary


def record(number: int, score: float, why: str = "", town: str = "Marlow") -> Record:
    return Record(
        index=number,
        route_id=f"RouteScenario_{number}_rep0",
        status="Failed - Agent crashed" if why else "Perfect",
        infractions={"red_light": ["Agent ran a red light at (x=1, y=2, z=0)"] * (score < 50.0)},
        scores=Scores(score_composed=score, score_route=100.0, score_penalty=1.0),
        meta=RecordMeta(town=town, seed=0, route_length=500.0, duration_system=1.5, failure=why),
    )


def results(*records: Record) -> Results:
    return Results(_checkpoint=Checkpoint(records=list(records)), roadworthy={"agent": "expert"})


def test_junit_has_a_case_for_each_gate_and_each_drive() -> None:
    run = results(record(0, 40.0), record(1, 90.0, "ValueError: <no> & \x00"))
    held = check_gates([parse_gate("driving_score>=80"), parse_gate("failures<=1")], run)
    root = ElementTree.fromstring(junit("expert", held, run.checkpoint.records))
    assert (root.tag, root.get("tests"), root.get("failures"), root.get("errors")) == (
        "testsuites", "4", "1", "1",
    )  # fmt: skip
    gates, drives = root
    assert [case.get("name") for case in gates] == ["driving_score>=80", "failures<=1"]
    assert "driving_score is 65" in gates[0][0].attrib["message"]
    assert gates[1].find("failure") is None
    assert drives[0].find("error") is None  # a bad drive is a result, no failure
    assert "red_light: Agent ran" in str(drives[0].findtext("system-out"))
    assert "ValueError: <no> & " in drives[1][0].attrib["message"]
    assert drives[1].get("time") == "1.500"


@given(st.text(), st.text())
def test_junit_is_xml_whatever_the_agent_says(why: str, town: str) -> None:
    run = results(record(0, 40.0, why, town))
    root = ElementTree.fromstring(junit(town, [], run.checkpoint.records))
    assert len(root.findall(".//testcase")) == 1


def test_the_summary_tells_means_gates_changes_and_failures() -> None:
    before = results(*(record(i, 90.0) for i in range(6)))
    now = results(*(record(i, 60.3) for i in range(5)), record(5, 60.0, "IndexError: 7"))
    held = check_gates([parse_gate("driving_score>=80")], now)
    page = summary(now, held, compare(before, now))
    assert page.startswith("## \N{CROSS MARK} Roadworthy: expert, 6 drives")
    assert "| driving\\_score>=80 | **does not hold** | 60.25 |" in page
    row = next(line for line in page.splitlines() if line.startswith("| driving score |"))
    assert row.split("|")[2].strip() == "60.2"
    assert row.split("|")[6].strip() == "worse"
    assert "IndexError: 7" in page
    assert "| Marlow | 5\\_rep0 | Agent crashed |" in page
    assert "6 pairs" in page
    assert summary(before).startswith("## \N{WHITE HEAVY CHECK MARK}")
    assert "Nothing was driven" in summary(results())


@given(st.text(max_size=400))
def test_no_message_breaks_a_row_of_the_summary(why: str) -> None:
    page = summary(results(record(0, 40.0, why + "x")))
    rows = [line for line in page.splitlines() if line.startswith("| Marlow")]
    assert len(rows) == 1
    assert rows[0].replace("\\|", "").count("|") == 5
