"""The report: what was driven, as one page that needs no server and no network."""

from __future__ import annotations

from roadworthy.agents.evaluation.report.content import Clip, Driven, GateLine, Report, stages_of
from roadworthy.agents.evaluation.report.evaluation import write_evaluation
from roadworthy.agents.evaluation.report.page import write_report

__all__ = [
    "Clip",
    "Driven",
    "GateLine",
    "Report",
    "stages_of",
    "write_evaluation",
    "write_report",
]
