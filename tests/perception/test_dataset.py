"""What is stored is what is read, and damage is a sentence."""

from __future__ import annotations

import zipfile
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from roadworthy.perception.augment import mirror, misplace
from roadworthy.perception.dataset import Samples, load, read_shard, shards, write_shard
from roadworthy.perception.signature import HintCol
from roadworthy.perception.user_box import UserBox
from roadworthy.sim.errors import InputError, StorageError

from .frames import made_up_samples


def assert_same(a: Samples, b: Samples) -> None:
    for field in fields(Samples):
        np.testing.assert_array_equal(getattr(a, field.name), getattr(b, field.name))


def test_a_shard_reads_back_as_it_was_written(tmp_path: Path) -> None:
    samples = made_up_samples(3, seed=1)
    write_shard(tmp_path / "deep" / "a.npz", samples)
    assert_same(read_shard(tmp_path / "deep" / "a.npz"), samples)
    assert [path.name for path in shards(tmp_path)] == ["a.npz"]


def test_folders_are_read_together_up_to_a_limit(tmp_path: Path) -> None:
    write_shard(tmp_path / "x" / "a.npz", made_up_samples(3, seed=1))
    write_shard(tmp_path / "y" / "b.npz", made_up_samples(2, seed=2))
    assert len(load([tmp_path / "x", tmp_path / "y"])) == 5
    assert len(load([tmp_path / "x", tmp_path / "y"], limit=4)) == 4


@pytest.mark.parametrize("damage", ["cut", "rubbish", "empty"])
def test_a_damaged_shard_is_named(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "a.npz"
    write_shard(path, made_up_samples(1, seed=1))
    data = path.read_bytes()
    path.write_bytes({"cut": data[: len(data) // 2], "rubbish": b"no shard", "empty": b""}[damage])
    with pytest.raises(InputError, match=r"a\.npz"):
        read_shard(path)


def test_a_flipped_byte_is_named_or_harmless(tmp_path: Path) -> None:
    path, samples = tmp_path / "a.npz", made_up_samples(1, seed=1)
    write_shard(path, samples)
    whole, told = path.read_bytes(), []
    with zipfile.ZipFile(path) as archive:
        # The first byte of each deflated stream; 7 there is a type of block that no stream has.
        streams = [member.header_offset + 50 + len(member.filename) for member in archive.filelist]
    flips = [(at, whole[at] | 7) for at in streams]
    flips += [(at, whole[at] ^ 0x55) for at in np.random.default_rng(0).integers(0, len(whole), 40)]
    for at, value in flips:
        path.write_bytes(whole[:at] + bytes([value]) + whole[at + 1 :])
        try:
            assert_same(read_shard(path), samples)
            assert len(load([tmp_path])) == 1
        except InputError as error:
            told.append(str(error))
    assert len(told) > 30
    assert all("a.npz" in sentence for sentence in told)


def test_shards_of_another_camera_are_named(tmp_path: Path) -> None:
    write_shard(tmp_path / "a.npz", made_up_samples(1, seed=1))
    other = made_up_samples(1, seed=2)
    write_shard(tmp_path / "b.npz", replace(other, image=other.image[:, :80]))
    with pytest.raises(InputError, match=r"b\.npz.*pictures"):
        load([tmp_path])


def test_a_full_disk_is_a_sentence_and_leaves_no_half_shard(tmp_path: Path, full_disk) -> None:  # type: ignore[no-untyped-def]
    with full_disk(), pytest.raises(StorageError, match=r"a\.npz.*free some space"):
        write_shard(tmp_path / "a.npz", made_up_samples(1, seed=1))
    assert not list(tmp_path.iterdir())


def test_a_folder_without_shards_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no shards"):
        load([tmp_path])


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="file"):
        write_shard(tmp_path / "file" / "a.npz", made_up_samples(1, seed=1))


def test_mirroring_twice_gives_the_sample_back() -> None:
    samples, twice = made_up_samples(4, seed=3), made_up_samples(4, seed=3)
    which = np.array([True, False, True, True])
    mirror(twice, which)
    assert (twice.image[0] != samples.image[0]).any()
    np.testing.assert_array_equal(twice.image[1], samples.image[1])
    np.testing.assert_array_equal(twice.labels[0, :, UserBox.Y], -samples.labels[0, :, 1])
    mirror(twice, which)
    assert_same(samples, twice)


def test_misplaced_routes_stay_near_and_labels_stay_put() -> None:
    samples, moved = made_up_samples(50, seed=4), made_up_samples(50, seed=4)
    misplace(moved, np.random.default_rng(0))
    np.testing.assert_array_equal(samples.labels, moved.labels)
    present = (samples.hint[:, HintCol.PRESENT] > 0) & (moved.hint[:, HintCol.PRESENT] > 0)
    shift = (moved.hint - samples.hint)[present][:, [HintCol.X, HintCol.Y]]
    assert 0.05 < np.abs(shift).mean() < 1.0
    dropped = (samples.hint[:, HintCol.PRESENT] > 0) & (moved.hint[:, HintCol.PRESENT] == 0)
    assert not moved.hint[dropped].any()
