from __future__ import annotations

from html.parser import HTMLParser

from roadworthy.agents.evaluation.report import write_report
from roadworthy.agents.evaluation.results import Record, RecordMeta, Scores, summarize


class Text(HTMLParser):
    """Collects tags that are open and the text between."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_is_whole_and_tells_scores_and_infractions() -> None:
    records = [
        Record(
            index=0,
            route_id="RouteScenario_a<b_rep0",
            status="Completed",
            infractions={"red_light": ["Agent ran a red light at (x=1.00, y=2.00, z=0.00)"]},
            scores=Scores(score_route=100.0, score_penalty=0.7, score_composed=70.0),
            meta=RecordMeta(route_length=500.0, town="Marlow"),
        ),
        Record(
            index=1,
            route_id="RouteScenario_c_rep0",
            status="Perfect",
            scores=Scores(score_route=100.0, score_penalty=1.0, score_composed=100.0),
            meta=RecordMeta(route_length=500.0),
        ),
    ]
    page = Text()
    what = {"agent": "<b>", "world": "embedded", "settings": {"vehicles": 20}}
    page.feed(write_report(summarize(records), records, what))
    assert page.open == []
    for expected in ("85.0 ± 21.2", "a<b_rep0", "ran a red light", "1.0 km", "vehicles", "<b>"):
        assert expected in page.text
