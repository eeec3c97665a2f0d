"""Going on with a training only as it was begun."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from roadworthy.sim.errors import SettingsError


def require_same(folder: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Refuse to go on with a run of other settings.

    Args:
        folder: of the run.
        before: settings that the run was begun with; one that is missing or None is not known
            and not compared.
        now: settings that it shall go on with, by the same names.

    Raises:
        SettingsError: they differ.
    """
    told = [
        f"{name} was {_in_words(before[name])} and is {_in_words(value)} now"
        for name, value in now.items()
        if before.get(name) not in (None, value)
    ]
    if told:
        raise SettingsError(
            f"{folder}: a training lies here that was begun otherwise: {'; '.join(told)}. "
            "Go on with the same settings, or choose another --out"
        )


def _in_words(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
