"""Making the story of a recording again from the texts that it keeps."""

from __future__ import annotations

from roadworthy.agents.recording.container import RecordingError
from roadworthy.agents.recording.head import StoryHead
from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.scenario.story import Story


def story_of(head: StoryHead, network: RoadNetwork) -> Story:
    """Make a story of its texts, in its town.

    Raises:
        OpenScenarioError: the texts are of an OpenSCENARIO file that this version does not play.
        RecordingError: this version cannot tell it.
    """
    if any(name.endswith(".xosc") for name in head.files):
        from roadworthy.sim.openscenario import story_of as openscenario

        return openscenario(head.files, network)
    raise RecordingError(
        f"its story {head.name!r} cannot be told from the texts in the recording; give the story "
        "itself to Replay"
    )
