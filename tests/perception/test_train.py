"""Training learns, repeats itself, goes on where it stopped, and exports what it learned."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from roadworthy.perception import signature as net
from roadworthy.perception.augment import inputs_of
from roadworthy.perception.dataset import write_shard
from roadworthy.perception.evaluate import evaluate
from roadworthy.perception.export import TOLERANCE, export, random_inputs
from roadworthy.perception.losses import focal, light_weights
from roadworthy.perception.network import PerceptionNet
from roadworthy.perception.train import (
    CHECKPOINT,
    METRICS,
    TorchBackend,
    TrainSettings,
    learning_rate,
    load_checkpoint,
    train,
)
from roadworthy.sim.errors import ModelError, SettingsError, StorageError

from .frames import made_up_samples


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_shard(folder / "a.npz", made_up_samples(24, seed=0))
    return folder


@pytest.fixture(scope="module")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run")
    settings = TrainSettings(minutes=None, steps=60, batch=6, checkpoint_every=30)
    train([data], out, settings, held_out=[data], quiet=True)
    return out


def test_the_loss_falls_and_the_metrics_are_written(run: Path) -> None:
    metrics = json.loads((run / METRICS).read_text())
    totals = [entry["total"] for entry in metrics["loss"]]
    assert totals[-1] < 0.5 * totals[0]
    assert metrics["steps"] == 60
    assert set(metrics["held_out"]["recall"]) == {"vehicle", "walker", "cyclist"}


def test_the_same_seed_gives_the_same_weights(data: Path, tmp_path: Path) -> None:
    settings = TrainSettings(minutes=None, steps=2, batch=4)
    for name in ("a", "b"):
        train([data], tmp_path / name, settings, quiet=True)
    a, b = (load_checkpoint(tmp_path / name).state_dict() for name in ("a", "b"))
    for key in a:
        assert torch.equal(a[key], b[key]), key


def test_a_run_goes_on_where_it_stopped(data: Path, tmp_path: Path) -> None:
    train([data], tmp_path, TrainSettings(minutes=None, steps=1, batch=4), quiet=True)
    after = train([data], tmp_path, TrainSettings(minutes=None, steps=3, batch=4), quiet=True)
    assert after["steps"] == 3


def test_a_run_begins_with_the_weights_of_another(data: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    settings = TrainSettings(minutes=None, steps=2, batch=4)
    train([data], first, settings, quiet=True)
    gentle = replace(settings, steps=1, rate=1e-12, decay=0.0, start=str(first))
    train([data], second, gentle, quiet=True)
    ours, theirs = load_checkpoint(second).parameters(), load_checkpoint(first).parameters()
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=0.0)
    with pytest.raises(ModelError, match="there is no checkpoint"):
        train([data], tmp_path / "third", replace(settings, start=str(tmp_path)), quiet=True)


def test_a_run_is_not_gone_on_with_by_other_settings_or_data(data: Path, tmp_path: Path) -> None:
    out, other = tmp_path / "run", tmp_path / "other"
    write_shard(other / "Elsewhere-7-0000.npz", made_up_samples(4, seed=1))
    settings = TrainSettings(minutes=None, steps=1, batch=4)
    train([data], out, settings, quiet=True)
    before = (out / CHECKPOINT).read_bytes()
    with pytest.raises(SettingsError, match=r"seed was 0 and is 3.*another --out"):
        train([data], out, replace(settings, seed=3), quiet=True)
    with pytest.raises(SettingsError, match=r"data was a and is Elsewhere-7.*another --out"):
        train([other], out, settings, quiet=True)
    assert (out / CHECKPOINT).read_bytes() == before
    longer = replace(settings, steps=2, threads=2, checkpoint_every=7)
    assert train([data], out, longer, quiet=True)["steps"] == 2


def test_a_checkpoint_without_its_settings_is_gone_on_with(data: Path, tmp_path: Path) -> None:
    settings = TrainSettings(minutes=None, steps=1, batch=4)
    train([data], tmp_path, settings, quiet=True)
    state = torch.load(tmp_path / CHECKPOINT, weights_only=True)
    del state["settings"], state["data"]
    torch.save(state, tmp_path / CHECKPOINT)
    assert train([data], tmp_path, replace(settings, steps=2), quiet=True)["steps"] == 2


def test_a_checkpoint_of_another_network_is_named(data: Path, tmp_path: Path) -> None:
    torch.save({"model": {}}, tmp_path / CHECKPOINT)
    with pytest.raises(ModelError, match="another version"):
        train([data], tmp_path, TrainSettings(minutes=None, steps=1, batch=4), quiet=True)


def test_a_full_disk_is_a_sentence_and_keeps_the_last_checkpoint(  # type: ignore[no-untyped-def]
    run: Path, data: Path, tmp_path: Path, full_disk
) -> None:
    settings = TrainSettings(minutes=None, steps=1, batch=4)
    train([data], tmp_path, settings, quiet=True)
    before = (tmp_path / CHECKPOINT).read_bytes()
    with full_disk(), pytest.raises(StorageError) as caught:
        train([data], tmp_path, replace(settings, steps=2), quiet=True)
    assert f"{CHECKPOINT}: cannot write the checkpoint (File too large)" in str(caught.value)
    assert (tmp_path / CHECKPOINT).read_bytes() == before
    with full_disk(), pytest.raises(StorageError, match=r"perception\.onnx: cannot write"):
        export(load_checkpoint(run), tmp_path / "perception.onnx", checks=1)
    assert {path.name for path in tmp_path.iterdir()} == {CHECKPOINT, METRICS}


def test_ctrl_c_keeps_what_was_learned(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from roadworthy.perception import train as module

    inner, calls = module._Run.learn, []

    def learn(*args: object) -> object:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return inner(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(module._Run, "learn", learn)
    out = train([data], tmp_path, TrainSettings(minutes=None, steps=50, batch=4), quiet=True)
    assert out["steps"] == 2
    assert (tmp_path / CHECKPOINT).exists()


def test_the_exported_graph_does_what_the_network_does(run: Path, tmp_path: Path) -> None:
    path = tmp_path / "perception.onnx"
    model = load_checkpoint(run)
    assert export(model, path, notes={"run": "test"}, checks=5) <= TOLERANCE
    notes = {entry.key: entry.value for entry in onnx.load(str(path)).metadata_props}
    assert notes["run"] == "test"
    assert json.loads(notes["classes"]) == ["vehicle", "walker", "cyclist"]
    assert [p.name for p in tmp_path.iterdir()] == ["perception.onnx"]


def test_only_peaks_leave_the_deployed_network(run: Path) -> None:
    backend = TorchBackend(load_checkpoint(run))
    heat = backend(random_inputs(PerceptionNet(), np.random.default_rng(0)))[net.HEAT][0]
    for k, row, column in zip(*np.nonzero(heat), strict=True):
        around = heat[k, max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
        assert heat[k, row, column] == around.max()


def test_a_perfect_network_scores_perfectly() -> None:
    samples = made_up_samples(6, seed=7)
    score = evaluate(_Perfect(samples), samples).summary()
    assert all(value in (1.0, None) for value in score["recall"].values())
    assert all(value in (1.0, None) for value in score["precision"].values())
    assert score["light_accuracy"] == 1.0
    assert score["place_error_m"] == pytest.approx(0.0, abs=1e-4)


class _Perfect:
    """Says exactly what the labels say, frame after frame."""

    def __init__(self, samples) -> None:  # type: ignore[no-untyped-def]
        from roadworthy.perception.augment import targets_of

        self.targets, self.at = targets_of(samples), -1

    def __call__(self, inputs):  # type: ignore[no-untyped-def]
        self.at += 1
        t, i = self.targets, self.at
        heat = t.heat[i : i + 1].numpy()
        return {
            net.HEAT: heat * (heat == 1.0),
            net.BOX: t.box[i : i + 1].numpy(),
            net.LIGHT: np.eye(4, dtype=np.float32)[None, int(t.light[i])],
            net.LIGHT_DISTANCE: t.light_distance[i : i + 1].numpy(),
        }


def test_mirrored_camera_features_are_the_mirror_image() -> None:
    """The ground table and the flip of the picture agree, so mirrored data are true data."""
    from roadworthy.perception.augment import mirror

    torch.manual_seed(0)
    stem = PerceptionNet().camera.eval()
    for module in stem.modules():  # symmetric filters make the whole stem symmetric
        if isinstance(module, torch.nn.Conv2d):
            weight = module.weight.data
            module.weight.data = weight + weight.flip(3)
            module.stride, module.padding = module.stride, module.padding
    samples = made_up_samples(1, seed=0)
    samples.image[:] = samples.image[:, :1, :1]  # without detail, only the table matters
    samples.image[0, :, :160] = 250
    before = stem(inputs_of(samples).image.float().permute(0, 3, 1, 2))
    mirror(samples, np.array([True]))
    after = stem(inputs_of(samples).image.float().permute(0, 3, 1, 2)).flip(3)
    share = ((before - after).abs() > 0.05 * before.abs().max()).float().mean()
    assert share < 0.1  # strided filters see the seam half a cell off


def test_focal_loss_is_small_where_the_heat_is_right() -> None:
    target = torch.zeros(1, 1, 5, 5)
    target[0, 0, 2, 2] = 1.0
    right = torch.where(target > 0, 8.0, -8.0)
    weight = torch.ones_like(target)
    assert focal(right, target, weight) < 1e-3
    assert focal(-right, target, weight) > 1.0
    assert focal(-right, target, 0 * weight) == 0


def test_rare_states_of_the_light_weigh_more() -> None:
    weights = light_weights(torch.tensor([0] * 80 + [1] * 10 + [2] * 1 + [3] * 9))
    assert weights[2] > weights[3] >= weights[1] > weights[0]


def test_the_rate_rises_and_falls() -> None:
    rates = [learning_rate(p / 100, 1.0) for p in range(101)]
    assert max(rates) == pytest.approx(1.0)
    assert rates[0] == pytest.approx(0.1)
    assert rates[-1] == pytest.approx(0.01)


def test_wrong_settings_and_damaged_checkpoints_are_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="end"):
        TrainSettings(minutes=None).validate()
    with pytest.raises(ModelError, match="no checkpoint"):
        load_checkpoint(tmp_path)
    (tmp_path / CHECKPOINT).write_bytes(b"rubbish")
    with pytest.raises(ModelError, match="damaged"):
        load_checkpoint(tmp_path)
