"""Whole drivers; evaluation, metrics and reports; the command line.

`evaluate` and `Evaluation` are here for scripts: `from roadworthy.agents import evaluate`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from roadworthy.agents.evaluation.evaluate import Evaluation, evaluate

__all__ = ["Evaluation", "evaluate"]


def __getattr__(name: str) -> Any:
    """Import what is asked for only now, so that the command line starts fast."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from roadworthy.agents.evaluation import evaluate as module

    return getattr(module, name)
