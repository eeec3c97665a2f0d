"""Worlds, maps, traffic, physics, sensors, scenarios and the gymnasium environments."""
