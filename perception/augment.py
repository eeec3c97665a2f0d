"""Batches for training: samples drawn, varied, mirrored, and turned into tensors and targets.

Everything random comes from one generator, so a run is a pure function of its seed.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from roadworthy.perception import grid
from roadworthy.perception.dataset import Samples
from roadworthy.perception.labels import draw_targets
from roadworthy.perception.losses import Targets
from roadworthy.perception.network import N_CLASSES
from roadworthy.perception.scene import LightCol, RouteCol
from roadworthy.perception.signature import BoxCol, HintCol
from roadworthy.perception.user_box import UserBox

_GAIN: Final = (0.6, 1.4)  # of the picture's brightness
_OFFSET: Final = 25.0  # of 255
_TINT: Final = 0.06  # share by which a colour channel may differ; more would turn lamps' colours
_NOISE: Final = 8.0  # of 255, largest standard deviation
_LOST_RETURNS: Final = 0.3  # largest share of raster cells emptied
# Errors of localisation that the route and the hint carry at run time (see `localise`).
_POSITION_NOISE: Final = 0.25  # [m]
_YAW_NOISE: Final = 0.008  # [rad]
_HINT_DROPPED: Final = 0.12  # share of frames without a hint: maps are not complete


class Inputs(NamedTuple):
    """What the network takes."""

    image: Tensor
    raster: Tensor
    route: Tensor
    hint: Tensor


def inputs_of(samples: Samples) -> Inputs:
    """Make inputs of samples as they are."""
    return Inputs(
        torch.from_numpy(samples.image),
        torch.from_numpy(samples.raster),
        torch.from_numpy(samples.route),
        torch.from_numpy(samples.hint),
    )


def targets_of(samples: Samples) -> Targets:
    """Draw the targets of samples."""
    n, size = len(samples), grid.SIZE
    heat = np.empty((n, N_CLASSES, size, size), np.float32)
    weight = np.empty_like(heat)
    box = np.empty((n, len(BoxCol), size, size), np.float32)
    centre = np.empty((n, size, size), np.float32)
    draw_targets(samples.labels, heat, box, weight, centre)
    return Targets(
        torch.from_numpy(heat),
        torch.from_numpy(box),
        torch.from_numpy(weight),
        torch.from_numpy(centre),
        torch.from_numpy(samples.light[:, LightCol.STATE].astype(np.int64)),
        torch.from_numpy(np.ascontiguousarray(samples.light[:, LightCol.DISTANCE])),
    )


def mirror(samples: Samples, which: NDArray[np.bool_]) -> None:
    """Swap left and right of some samples, in place; needs a camera that looks straight ahead."""
    samples.image[which] = samples.image[which][:, :, ::-1]
    samples.raster[which] = samples.raster[which][..., ::-1]
    sign = np.where(which, -1.0, 1.0).astype(np.float32)
    samples.route[:, :, [RouteCol.Y, RouteCol.SIN]] *= sign[:, None, None]
    samples.labels[:, :, [UserBox.Y, UserBox.SIN]] *= sign[:, None, None]
    samples.hint[:, HintCol.Y] *= sign


def misplace(samples: Samples, rng: np.random.Generator) -> None:
    """Give route and hint the errors of localisation, and take some hints away, in place."""
    n = len(samples)
    dx, dy = rng.normal(0.0, _POSITION_NOISE, (2, n)).astype(np.float32)
    turn = rng.normal(0.0, _YAW_NOISE, n).astype(np.float32)
    c, s = np.cos(turn)[:, None], np.sin(turn)[:, None]
    route, hint = samples.route, samples.hint
    for a, b in ((RouteCol.X, RouteCol.Y), (RouteCol.COS, RouteCol.SIN)):
        x, y = route[:, :, a].copy(), route[:, :, b].copy()
        route[:, :, a], route[:, :, b] = c * x - s * y, s * x + c * y
    route[:, :, RouteCol.X] += dx[:, None]
    route[:, :, RouteCol.Y] += dy[:, None]
    x, y = hint[:, HintCol.X].copy(), hint[:, HintCol.Y].copy()
    hint[:, HintCol.X] = c[:, 0] * x - s[:, 0] * y + dx
    hint[:, HintCol.Y] = s[:, 0] * x + c[:, 0] * y + dy
    hint[:, HintCol.DISTANCE] += dx
    hint[:, HintCol.Z] += rng.normal(0.0, 0.15, n)
    keep = (hint[:, HintCol.PRESENT] > 0) & (rng.random(n) >= _HINT_DROPPED)
    hint *= keep[:, None]


def vary(inputs: Inputs, generator: torch.Generator) -> Inputs:
    """Vary light and noise of the pictures, and lose some lidar returns."""
    n = len(inputs.image)

    def draw(*shape: int) -> Tensor:
        return torch.rand(shape, generator=generator)

    gain = _GAIN[0] + (_GAIN[1] - _GAIN[0]) * draw(n, 1, 1, 1)
    gain = gain * (1.0 + _TINT * (2.0 * draw(n, 1, 1, 3) - 1.0))
    image = inputs.image.float() * gain + _OFFSET * (2.0 * draw(n, 1, 1, 1) - 1.0)
    spread = _NOISE * draw(n, 1, 1, 1) ** 2
    image = image + spread * torch.randn(image.shape, generator=generator)
    lost = (_LOST_RETURNS * draw(n, 1, 1, 1)) ** 1.0 * (draw(n, 1, 1, 1) < 0.5)
    keep = draw(n, 1, *inputs.raster.shape[2:]) >= lost
    return Inputs(image.clamp_(0.0, 255.0), inputs.raster * keep, inputs.route, inputs.hint)


class Batches:
    """Draws batches without end."""

    def __init__(self, samples: Samples, batch: int, seed: int, *, plain: bool = False) -> None:
        """Prepare.

        Args:
            samples: to draw from.
            batch: samples per batch.
            seed: of the drawing and of the variations.
            plain: draw the samples as they are.
        """
        self._samples, self._batch, self._plain = samples, min(batch, len(samples)), plain
        self._rng = np.random.default_rng(seed)
        self._generator = torch.Generator().manual_seed(seed)
        self._order = np.zeros(0, np.int64)

    def next(self) -> tuple[Inputs, Targets]:
        """Return one batch; every sample comes once before any comes again."""
        if len(self._order) < self._batch:
            self._order = self._rng.permutation(len(self._samples))
        pick, self._order = self._order[: self._batch], self._order[self._batch :]
        taken = self._samples.take(pick)  # fancy indexing copies, so changing it is fine
        if self._plain:
            return inputs_of(taken), targets_of(taken)
        misplace(taken, self._rng)
        mirror(taken, self._rng.random(len(pick)) < 0.5)
        return vary(inputs_of(taken), self._generator), targets_of(taken)
