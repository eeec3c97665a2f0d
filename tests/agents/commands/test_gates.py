from __future__ import annotations

import pytest

from roadworthy.agents.commands.evaluate import check_gates, parse_gate
from roadworthy.agents.evaluation.results import GlobalRecord, Scores
from roadworthy.sim.errors import SettingsError


@pytest.fixture
def total() -> GlobalRecord:
    return GlobalRecord(
        scores_mean=Scores(score_composed=60.0), infractions={"collisions_vehicle": 0.25}
    )


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("score_composed>=60", True),
        ("score_composed > 60", False),
        ("collisions_vehicle<=0.25", True),
        ("collisions_vehicle < 0.2", False),
        ("red_light<=0", True),
    ],
)
def test_a_gate_holds_or_not(text: str, holds: bool, total: GlobalRecord) -> None:
    assert check_gates([parse_gate(text)], total) is holds


@pytest.mark.parametrize("text", ["", "score", "score_composed=60", "speed>3", "red_light<=x"])
def test_a_gate_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="--gate"):
        parse_gate(text)
