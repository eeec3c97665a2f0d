"""Making the story of a recording again from the texts that it keeps."""

from __future__ import annotations

from roadworthy.agents.recording.container import RecordingError
from roadworthy.agents.recording.head import StoryHead
from roadworthy.sim.scenario.story import Story


def story_of(head: StoryHead) -> Story:
    """Make a story of its texts.

    Raises:
        RecordingError: this version cannot tell it.
    """
    raise RecordingError(
        f"its story {head.name!r} cannot be told from the texts in the recording; give the story "
        "itself to Replay"
    )
