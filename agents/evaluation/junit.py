"""JUnit XML: the verdict as continuous integration systems read it.

There is no standard; the elements are those that Jenkins, GitLab and GitHub's actions take
(testsuites, testsuite, testcase, failure, error, system-out). What fails here is what lets the
command end with exit code 1: gates that do not hold, and agents or simulations that broke down. A
drive that ended badly (blocked, timed out on its route) is a result and no failure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from roadworthy.agents.evaluation.gates import Held
from roadworthy.agents.evaluation.results import Record

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, 2.2


def junit(name: str, held: Sequence[Held], records: Sequence[Record]) -> bytes:
    """Make the file: one case for each gate and one for each drive.

    Args:
        name: of the evaluation.
        held: verdicts of the gates.
        records: of all drives.
    """
    root = ElementTree.Element("testsuites", name=_text(name))
    _gates(root, held)
    _drives(root, records)
    for key in ("tests", "failures", "errors"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in root)))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"


def _gates(root: ElementTree.Element, held: Sequence[Held]) -> None:
    broken = sum(not verdict.holds for verdict in held)
    suite = _suite(root, "gates", len(held), failures=broken)
    for verdict in held:
        case = ElementTree.SubElement(
            suite, "testcase", classname="roadworthy.gates", name=verdict.gate.text, time="0"
        )
        if verdict.holds:
            ElementTree.SubElement(case, "system-out").text = str(verdict)
        else:
            ElementTree.SubElement(case, "failure", message=str(verdict), type="gate")


def _drives(root: ElementTree.Element, records: Sequence[Record]) -> None:
    broken = sum(bool(record.meta.failure) for record in records)
    suite = _suite(root, "drives", len(records), errors=broken)
    for record in records:
        case = ElementTree.SubElement(
            suite,
            "testcase",
            classname=_text(f"roadworthy.{record.meta.town}"),
            name=_text(record.route_id),
            time=f"{record.meta.duration_system:.3f}",
        )
        if record.meta.failure:
            told = _text(f"{record.status}: {record.meta.failure}")
            ElementTree.SubElement(case, "error", message=told, type=_text(record.status))
        ElementTree.SubElement(case, "system-out").text = _text(_story(record))


def _suite(
    root: ElementTree.Element, name: str, tests: int, failures: int = 0, errors: int = 0
) -> ElementTree.Element:
    return ElementTree.SubElement(
        root,
        "testsuite",
        name=name,
        tests=str(tests),
        failures=str(failures),
        errors=str(errors),
    )


def _story(record: Record) -> str:
    """How a drive went, in lines."""
    scores = record.scores
    lines = [
        f"{record.status}: driving score {scores.score_composed:.2f}, route completion "
        f"{scores.score_route:.2f} %, penalty {scores.score_penalty:.3f}, seed {record.meta.seed}"
    ]
    lines += [f"{name}: {told}" for name, found in record.infractions.items() for told in found]
    return "\n".join(lines)


def _text(text: str) -> str:
    """Without characters that XML cannot hold."""
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
