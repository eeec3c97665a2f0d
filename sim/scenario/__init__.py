"""Scenario events: what makes a drive hard, placed on its route by kind, place and parameters."""
