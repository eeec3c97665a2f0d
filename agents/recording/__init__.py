"""Recordings: drives in files, replayed to the byte, looked at anew, and driven on by others."""

from __future__ import annotations

from roadworthy.agents.recording.container import RecordingError
from roadworthy.agents.recording.hand_over import HandOver, hand_over
from roadworthy.agents.recording.recorder import Recorder, record
from roadworthy.agents.recording.recording import RecordedMoment, Recording
from roadworthy.agents.recording.replay import Proof, Replay

__all__ = [
    "HandOver",
    "Proof",
    "RecordedMoment",
    "Recorder",
    "Recording",
    "RecordingError",
    "Replay",
    "hand_over",
    "record",
]
