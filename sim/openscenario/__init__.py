"""OpenSCENARIO 1.x: read, check and play scenario files in the embedded world.

`load` makes a Scenario of an .xosc file; `validate` checks one without its town.
"""

from __future__ import annotations

from roadworthy.sim.openscenario.loading import load, story_of, validate

__all__ = ["load", "story_of", "validate"]
