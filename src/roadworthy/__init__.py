"""Roadworthy: train driving agents, replay scenarios and certify policies, headless."""

from pathlib import Path

from roadworthy.kernel_cache import use_fresh_cache

__version__ = "0.1.0"

use_fresh_cache(Path(__file__).parent)
