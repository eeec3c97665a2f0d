"""Roadworthy: train driving agents, replay scenarios and certify policies, headless."""

from roadworthy.kernel_cache import use_own_cache

__version__ = "0.1.0"

use_own_cache()
