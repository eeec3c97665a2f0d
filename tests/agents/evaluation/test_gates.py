from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.agents.evaluation.gates import check_gates, names, parse_gate
from roadworthy.agents.evaluation.results import Checkpoint, Record, RecordMeta, Results, Scores
from roadworthy.sim.errors import InputError, SettingsError


def run_of(scores: Sequence[float], crashes: int = 0, seeds: int = 1, first: int = 0) -> Results:
    """A run: each route 500 m long and driven to its end; the first has all the crashes."""
    records = [
        Record(
            index=i * seeds + k,
            route_id=f"RouteScenario_{first + i}_rep{k}",
            status="Completed" if crashes and i == 0 else "Perfect",
            infractions={"collisions_vehicle": ["crash"] * (crashes if i == k == 0 else 0)},
            scores=Scores(score_composed=score, score_route=100.0, score_penalty=score / 100.0),
            meta=RecordMeta(town="Marlow", seed=k, route_length=500.0),
        )
        for i, score in enumerate(scores)
        for k in range(seeds)
    ]
    return Results(_checkpoint=Checkpoint(records=records))


def check(text: str, results: Results, baseline: Results | None = None) -> bool:
    (held,) = check_gates([parse_gate(text)], results, baseline)
    return held.holds


@pytest.mark.parametrize(
    ("text", "holds"),
    [  # four routes of 50, 60, 60 and 70 points, 2 km, one crash
        ("score_composed>=60", True),
        ("driving_score > 60", False),
        ("driving_score==60", True),
        ("driving_score != 60", False),
        ("  driving_score>=6e1 ", True),
        ("score_route>=100", True),
        ("infraction_penalty>=0.6", True),
        ("collisions_vehicle<=0.5", True),  # a kilometre
        ("collisions_vehicle<0.5", False),
        ("collisions_vehicle.total==1", True),
        ("collisions_pedestrian==0", True),
        ("driving_score.least>=50", True),
        ("driving_score.most<70", False),
        ("driving_score.low>=60", False),
        ("driving_score.high>60", True),
        ("driving_score.deviation<8.17", True),  # sqrt(200 / 3) = 8.165
        ("driving_score.deviation<8.16", False),
        ("success_rate==75", True),  # the crash is none
        ("failures==0", True),
        ("driving_score>=-5", True),
    ],
)
def test_a_gate_holds_or_not(text: str, holds: bool) -> None:
    assert check(text, run_of([50.0, 60.0, 60.0, 70.0], crashes=1)) is holds


@pytest.mark.parametrize(
    ("text", "holds"),
    [  # two points less on each of three routes
        ("driving_score>=baseline", False),
        ("driving_score>=baseline-2", True),
        ("driving_score >= baseline - 1.9", False),
        ("driving_score<baseline+1", True),
        ("driving_score.change>=-2", True),
        ("driving_score.change.low>=-2", True),
        ("driving_score.change.high>-2", False),
        ("driving_score>=50", True),
    ],
)
def test_a_gate_against_the_baseline(text: str, holds: bool) -> None:
    assert check(text, run_of([48.0, 58.0, 68.0]), run_of([50.0, 60.0, 70.0])) is holds


def test_the_baseline_counts_only_where_both_have_driven() -> None:
    now = run_of([10.0, 60.0], first=0)
    before = run_of([60.0, 99.0], first=1)
    assert check("driving_score>=baseline", now, before)  # route 1 alone: 60 and 60
    with pytest.raises(InputError, match="no drive in common"):
        check("driving_score>=baseline", now, run_of([1.0], first=7))
    with pytest.raises(SettingsError, match="needs a --baseline"):
        check("driving_score.change>=0", now)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not understood"),
        ("driving_score", "not understood"),
        ("driving_score=60", "not understood"),
        ("driving_score>=nan", "not understood"),
        ("driving_score>=baseline*2", "not understood"),
        ("driving_score>=60 and more", "not understood"),
        ("driving_score>=" + "9" * 300, "not understood"),
        ("driving_score<=1e999", "too large"),
        ("speed>3", "no figure 'speed'"),
        ("driving_score.middle>3", "no part 'middle'"),
    ],
)
def test_a_gate_that_cannot_be_read_is_refused(text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        parse_gate(text)


@given(st.text(max_size=250))
def test_any_text_is_a_gate_or_a_sentence(text: str) -> None:
    try:
        gate = parse_gate(text)
    except SettingsError:
        return
    assert gate.figure in names()


def test_infractions_where_nothing_was_driven_are_no_few() -> None:
    stood = Record(
        index=0,
        route_id="RouteScenario_0_rep0",
        status="Failed - Agent got blocked",
        infractions={"vehicle_blocked": ["blocked"]},
        meta=RecordMeta(town="Marlow", route_length=500.0),
    )
    nothing = Results(_checkpoint=Checkpoint(records=[stood]))
    for limit in ("==0", "<=0.5", "<1e300"):  # infinitely many a kilometre
        assert not check(f"vehicle_blocked{limit}", nothing)
    assert check("vehicle_blocked>=1", nothing)
    assert check("collisions_vehicle==0", nothing)


def test_a_baseline_of_the_leaderboard_is_paired_by_its_repetitions() -> None:
    theirs = run_of([50.0], seeds=2)
    for record, score in zip(theirs.checkpoint.records, (80.0, 20.0), strict=True):
        record.meta = RecordMeta(town="Marlow", route_length=500.0)  # names no seed
        record.scores.score_composed = score
    ours = run_of([50.0], seeds=2)
    assert check("driving_score.change==0", ours, theirs)
    assert check("driving_score==baseline", ours, theirs)


@pytest.mark.parametrize("part", ["low", "high", "change.low", "change.high"])
def test_nothing_is_sure_of_a_single_drive(part: str) -> None:
    one = run_of([90.0])
    with pytest.raises(SettingsError, match="a single drive has no interval"):
        check(f"driving_score.{part}>=-99", one, one)


def test_a_gate_says_what_it_found() -> None:
    (held,) = check_gates([parse_gate("driving_score>=80")], run_of([50.0]))
    assert str(held) == "gate driving_score>=80 does not hold: driving_score is 50"
    held = check_gates([parse_gate("driving_score>=baseline-2")], run_of([50.0]), run_of([51.5]))[0]
    assert str(held).endswith("holds: driving_score is 50, the limit 49.5")


def test_every_figure_can_be_asked_for() -> None:
    results = run_of([50.0, 60.0])
    asked = 0
    for name in names():
        try:
            assert check(f"{name}>=0", results), name
        except SettingsError:
            with pytest.raises(SettingsError, match=f"no drive has a {name}"):  # only real ones do
                check(f"{name}>=0", results)
        else:
            asked += 1
    assert asked >= 20
