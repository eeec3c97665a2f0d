"""The tables of what is supported: in the code, in the documents, and in what files need."""

from __future__ import annotations

from pathlib import Path

import pytest

from roadworthy.sim.openscenario.criteria import KNOWN
from roadworthy.sim.openscenario.elements import PARTS, elements, markdown

PAGE = Path(__file__).parents[3] / "docs" / "openscenario.md"


@pytest.mark.parametrize("part", PARTS)
def test_the_document_shows_the_tables_that_files_are_checked_against(part: str) -> None:
    assert f"### {part}\n\n{markdown(part)}" in PAGE.read_text("utf-8")


def test_the_document_counts_right_and_names_all_criteria() -> None:
    text = PAGE.read_text("utf-8")
    count = {s: sum(e.support == s for e in elements().values()) for s in ("yes", "partly", "no")}
    assert sum(count.values()) == len(elements())
    assert (
        f"{count['yes']} elements are supported, {count['partly']} in part, {count['no']}" in text
    )
    assert all(f"`{name}`" in text for name in KNOWN)


def test_the_tables_hold_together() -> None:
    known = elements()
    for element in known.values():
        assert element.support in ("yes", "partly", "no")
        missing = element.children - set(known)
        assert not missing, f"{element.tag} may hold {missing}, which is not in the tables"
        if element.support == "partly":
            assert element.remark, f"{element.tag} does not say what is missing"
    reached = {child for element in known.values() for child in element.children}
    assert set(known) - reached == {"OpenSCENARIO"}
