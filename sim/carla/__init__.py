"""CARLA 0.9.16's own wire protocol, and the embedded world behind it."""
