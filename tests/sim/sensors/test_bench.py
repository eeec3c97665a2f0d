from __future__ import annotations

from roadworthy.sim.sensors.bench import measure


def test_the_benchmark_names_its_figures_as_the_design_does() -> None:
    figures = measure(seconds=0.1)
    assert set(figures) == {"camera_frames_per_s", "lidar_sweeps_per_s"}
    assert all(value > 1.0 for value in figures.values())
