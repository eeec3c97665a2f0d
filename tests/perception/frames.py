"""Made-up samples: boxes of lidar returns on an empty plane, and a lamp in the picture."""

from __future__ import annotations

import numpy as np

from roadworthy.perception import grid
from roadworthy.perception.dataset import Samples
from roadworthy.perception.grid import Rasteriser
from roadworthy.perception.scene import LightCol, LightState
from roadworthy.perception.signature import HintCol
from roadworthy.perception.user_box import UserBox
from roadworthy.sim.sensors.specs import LidarSpec

SIZES = ((4.5, 1.9, 1.5), (0.5, 0.5, 1.7), (1.8, 0.6, 1.6))  # length, width, height by UserClass
LAMPS = ((90, 90, 90), (30, 255, 60), (255, 220, 30), (255, 30, 30))  # by LightState


def made_up_samples(n: int, seed: int) -> Samples:
    """Return n samples, each with three road users and any state of the light."""
    rng = np.random.default_rng(seed)
    out = Samples.empty(n, 160, 320)
    rasteriser = Rasteriser(LidarSpec())
    for i in range(n):
        returns = []
        for j in range(3):
            kind = int(rng.integers(0, 3))
            length, width, height = SIZES[kind]
            x, y = rng.uniform(grid.X_MIN + 4, 30), rng.uniform(-20, 20)
            local = rng.uniform(-0.5, 0.5, (80, 2)) * (length, width)
            z = rng.uniform(0.25, height, 80) - 2.2
            returns.append(np.column_stack([x + local[:, 0], y + local[:, 1], z, 0.5 + 0 * z]))
            out.labels[i, j] = [x, y, 1.0, 0.0, length, width, kind, 80]
        out.raster[i] = rasteriser.raster(np.concatenate(returns).astype(np.float32))
        state = int(rng.integers(0, 4))
        out.image[i] = rng.integers(60, 120, (160, 320, 3))
        out.image[i, 40:44, 200:203] = LAMPS[state]
        out.light[i, LightCol.STATE] = state
        out.light[i, LightCol.DISTANCE] = 20.0 if state != LightState.NONE else 50.0
        if state != LightState.NONE:
            out.hint[i] = [1.0, 20.0, 30.0, 8.8, 10.0]
    assert out.labels[:, :3, UserBox.HITS].all()
    assert out.hint.shape[1] == len(HintCol)
    return out
