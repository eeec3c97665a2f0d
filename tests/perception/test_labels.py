"""Targets say where things are, and ask nothing about what cannot be seen."""

from __future__ import annotations

import numpy as np

from roadworthy.perception import grid
from roadworthy.perception.augment import targets_of
from roadworthy.perception.dataset import Samples
from roadworthy.perception.decode import Decoder
from roadworthy.perception.labels import count_hits
from roadworthy.perception.user_box import UserBox

from .frames import made_up_samples


def test_targets_decode_to_the_labels_they_were_drawn_from() -> None:
    samples = made_up_samples(4, seed=1)
    samples.labels[:, :, UserBox.COS], samples.labels[:, :, UserBox.SIN] = 0.6, -0.8
    targets = targets_of(samples)
    decoder = Decoder((0.999, 0.999, 0.999))
    for i in range(4):
        found = decoder(targets.heat[i].numpy(), targets.box[i].numpy())
        wanted = samples.labels[i, :3, : UserBox.HITS]
        got = found[np.lexsort(found[:, :2].T)][:, : UserBox.SCORE]
        np.testing.assert_allclose(got, wanted[np.lexsort(wanted[:, :2].T)], atol=1e-4)


def test_what_no_return_touches_is_neither_asked_nor_denied() -> None:
    samples = made_up_samples(1, seed=2)
    samples.labels[0, 1:] = 0.0
    samples.labels[0, 0, UserBox.HITS] = 0.0
    targets = targets_of(samples)
    assert not targets.heat.any()
    assert not targets.centre.any()
    row = int(samples.labels[0, 0, 0] - grid.X_MIN)
    column = int(samples.labels[0, 0, 1] - grid.Y_MIN)
    kind = int(samples.labels[0, 0, UserBox.CLASS])
    assert targets.weight[0, kind, row, column] == 0
    assert targets.weight.sum() > 0.99 * targets.weight.numel()


def test_hits_are_counted_on_the_body_and_not_on_the_ground() -> None:
    labels = np.zeros((2, len(UserBox)), np.float32)
    labels[0, : UserBox.HITS] = [10, 0, 0.0, 1.0, 4.0, 2.0, 0]  # faces right: long along y
    labels[1, : UserBox.HITS] = [20, 5, 1.0, 0.0, 0.5, 0.5, 1]
    points = np.array(
        [[10, 1.9, -1, 0], [12, 0, -1, 0], [10, 0, -2.15, 0], [20.1, 5.1, -1.5, 0]], np.float32
    )
    count_hits(points, 0.0, 0.0, 2.2, labels, 2)
    assert labels[:, UserBox.HITS].tolist() == [1, 1]


def test_an_empty_frame_has_empty_targets() -> None:
    targets = targets_of(Samples.empty(2, 160, 320))
    assert not targets.heat.any()
    assert targets.weight.all()
