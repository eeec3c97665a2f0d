"""Cameras, lidar, GNSS and IMU: everything that turns the world into a Frame."""
