"""Tasks on their way to a worker: a story travels as its texts and is made again over there.

A story holds the roads of its town and functions of its own; its texts are small, and
`story_of` makes the same story of them.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass, replace

from roadworthy.agents.evaluation.tasks import Task
from roadworthy.sim.errors import InputError, WorldError
from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.scenario.story import Telling
from roadworthy.sim.world.world import World


@dataclass
class Tale:
    """A story that must be unpacked before it can be told."""

    name: str
    guests: int
    texts: Mapping[str, str]

    def begin(self, world: World) -> Telling:
        """Stories that are packed cannot begin.

        Raises:
            WorldError: always.
        """
        raise WorldError(f"story {self.name} is packed; unpack its task first")

    def source(self) -> Mapping[str, str]:
        """Its texts."""
        return self.texts


def pack(task: Task) -> Task:
    """A task that can be pickled.

    Raises:
        InputError: it cannot be.
    """
    story = task.scenario.story
    if story is None:
        return task
    if not isinstance(story, Tale):
        tale = Tale(story.name, story.guests, dict(story.source()))
        if any(name.endswith(".xosc") for name in tale.texts):
            return replace(task, scenario=replace(task.scenario, story=tale))
    try:
        pickle.dumps(story)
    except Exception as error:  # whatever its parts raise
        raise InputError(
            f"scenario {task.scenario.id}: its story cannot be sent to a worker "
            f"({type(error).__name__}: {error}); evaluate it with --workers 0"
        ) from error
    return task


def unpack(task: Task, network: RoadNetwork) -> Task:
    """The task as it was before `pack`.

    Raises:
        OpenScenarioError: the story's texts are not of this version.
    """
    story = task.scenario.story
    if not isinstance(story, Tale):
        return task
    from roadworthy.sim.openscenario import story_of

    return replace(task, scenario=replace(task.scenario, story=story_of(story.texts, network)))
