"""Videos that go into the page itself."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path

from roadworthy.agents.evaluation.report.content import Clip

BUDGET = 12_000_000  # characters of all videos within a page


def embedded(
    clips: Mapping[str, Sequence[Clip]], out: Path, budget: int = BUDGET
) -> dict[str, list[Clip]]:
    """Put videos into the page, as data URIs; those beyond the budget stay files beside it.

    Args:
        clips: with paths relative to `out`.
        out: folder of the page.
        budget: characters that all of them may take in the page.
    """
    inside: dict[str, list[Clip]] = {}
    for record_id, found in clips.items():
        for clip in found:
            whole = Clip(_data(out / clip.source), clip.shows, _data(out / clip.poster))
            size = len(whole.source) + len(whole.poster)
            kept = whole if size <= budget else clip
            budget -= size if kept is whole else 0
            inside.setdefault(record_id, []).append(kept)
    return inside


def _data(path: Path) -> str:
    """A file as data URI."""
    kinds = {".mp4": "video/mp4", ".webm": "video/webm", ".jpg": "image/jpeg"}
    content = base64.b64encode(path.read_bytes()).decode()
    return f"data:{kinds[path.suffix]};base64,{content}"
