"""Roadworthy: train driving agents, replay scenarios and certify policies, headless."""

__version__ = "0.1.0"
