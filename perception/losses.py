"""Losses: Gaussian focal for the heat map, L1 at the centres, cross entropy for the light."""

from __future__ import annotations

from typing import Final, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from roadworthy.perception.network import Raw
from roadworthy.perception.scene import LightState

BOX_WEIGHT: Final = 1.0
LIGHT_WEIGHT: Final = 0.5
DISTANCE_WEIGHT: Final = 0.01
# By BoxCol; headings are harder and matter less than places.
_BOX_COLUMNS: Final = (1.0, 1.0, 0.5, 0.5, 0.5, 0.5)


class Targets(NamedTuple):
    """What the network should have said."""

    heat: Tensor  # [B, N_CLASSES, SIZE, SIZE]
    box: Tensor  # [B, BoxCol, SIZE, SIZE]
    weight: Tensor  # [B, N_CLASSES, SIZE, SIZE]
    centre: Tensor  # [B, SIZE, SIZE]
    light: Tensor  # [B] int64 LightState
    light_distance: Tensor  # [B] m


class Losses(NamedTuple):
    """The parts of the loss and their weighted sum."""

    total: Tensor
    heat: Tensor
    box: Tensor
    light: Tensor
    distance: Tensor


def focal(logits: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Gaussian focal loss (Law and Deng, CornerNet, 2018, equation 1; alpha 2, beta 4).

    Normalised by the number of centres. Written with log-sigmoids, which stay finite.
    """
    p = logits.sigmoid()
    centre = (target >= 0.999).float()
    at_centre = -functional.logsigmoid(logits) * (1 - p) ** 2 * centre
    beside = -functional.logsigmoid(-logits) * p**2 * (1 - target) ** 4 * (1 - centre)
    return ((at_centre + beside) * weight).sum() / centre.sum().clamp(min=1.0)


def losses(raw: Raw, targets: Targets, light_weights: Tensor) -> Losses:
    """Compute the losses of a batch.

    Args:
        raw: the network's outputs.
        targets: what they should have been.
        light_weights: [LightState] weights of the classes of the light.
    """
    heat = focal(raw.heat, targets.heat, targets.weight)
    centre = targets.centre[:, None]
    columns = raw.box.new_tensor(_BOX_COLUMNS)[None, :, None, None]
    box = ((raw.box - targets.box).abs() * columns * centre).sum() / centre.sum().clamp(min=1.0)
    light = functional.cross_entropy(raw.light, targets.light, light_weights)
    there = (targets.light != int(LightState.NONE)).float()
    away = (raw.light_distance - targets.light_distance).abs() * there
    distance = away.sum() / there.sum().clamp(min=1.0)
    total = heat + BOX_WEIGHT * box + LIGHT_WEIGHT * light + DISTANCE_WEIGHT * distance
    return Losses(total, heat, box, light, distance)


def light_weights(states: Tensor) -> Tensor:
    """Return class weights [LightState]: one over the square root of the share, mean about 1."""
    share = torch.bincount(states.long(), minlength=len(LightState)).float()
    share = (share / share.sum().clamp(min=1.0)).clamp(min=0.01)
    weight = share.rsqrt()
    return weight / (weight * share).sum()
