"""Train the perception network on a data set; keeps what was learned when it is cut off."""

from __future__ import annotations

import copy
import io
import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from roadworthy.perception import dataset
from roadworthy.perception import signature as net
from roadworthy.perception.augment import Batches
from roadworthy.perception.dataset import Samples
from roadworthy.perception.evaluate import evaluate, print_score
from roadworthy.perception.losses import Losses, light_weights, losses
from roadworthy.perception.network import Deployed, PerceptionNet
from roadworthy.perception.same_run import require_same
from roadworthy.perception.scene import LightCol
from roadworthy.sim.errors import ModelError, SettingsError, StorageError
from roadworthy.sim.files import write_whole
from roadworthy.sim.sensors.specs import CameraSpec

CHECKPOINT = "checkpoint.pt"
METRICS = "metrics.json"
# Settings in which a run may go on otherwise than it began: they do not change what is learned.
_MAY_DIFFER = frozenset({"minutes", "steps", "threads", "checkpoint_every"})


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """How to train."""

    minutes: float | None = 30.0  # of wall-clock time; None for no limit
    steps: int | None = None  # None for no limit; with steps alone a run repeats exactly
    batch: int = 24
    rate: float = 2e-3  # peak learning rate
    decay: float = 1e-2  # weight decay
    average: float = 0.998  # of the weights from step to step
    seed: int = 0
    threads: int = 1  # of torch
    checkpoint_every: int = 100  # steps
    limit: int | None = None  # samples read, for trying out
    start: str | None = None  # run whose weights to begin with; random ones where None

    def validate(self) -> TrainSettings:
        """Return self.

        Raises:
            SettingsError: nothing ends the training, or a number makes no sense.
        """
        if self.minutes is None and self.steps is None:
            raise SettingsError("give the training an end: minutes, steps or both")
        if self.batch < 2 or self.rate <= 0 or self.threads < 1:
            raise SettingsError(
                f"batch {self.batch}, rate {self.rate}, threads {self.threads}: "
                "the batch must be at least 2, the others positive"
            )
        return self


class TorchBackend:
    """Runs a network in torch, as a Backend."""

    def __init__(self, model: PerceptionNet) -> None:
        self._model = Deployed(model).eval()

    def __call__(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Run on named arrays."""
        with torch.no_grad():
            out = self._model(*(torch.from_numpy(inputs[name]) for name in net.INPUTS))
        return {name: value.numpy() for name, value in zip(net.OUTPUTS, out, strict=True)}


def learning_rate(progress: float, peak: float) -> float:
    """One cycle: a tenth of the time up, then a cosine down to a hundredth of the peak."""
    if progress < 0.1:
        return peak * (0.1 + 0.9 * progress / 0.1)
    share = min((progress - 0.1) / 0.9, 1.0)
    return peak * (0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * share)))


class _Run:
    """One training run: the network, its running average, the optimiser, the log."""

    def __init__(self, settings: TrainSettings, out: Path, data: list[str]) -> None:
        torch.manual_seed(settings.seed)
        self.settings, self.out, self.data = settings, out, data
        self.model = PerceptionNet(CameraSpec()).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        if settings.start is not None:
            self.model.load_state_dict(load_checkpoint(Path(settings.start)).state_dict())
        self.mean = copy.deepcopy(self.model)
        self.optimiser = torch.optim.AdamW(
            self.model.parameters(), lr=settings.rate, weight_decay=settings.decay
        )
        self.step, self.seconds = 0, 0.0
        self.log: list[dict[str, float]] = []

    def restore(self) -> bool:
        """Go on from the checkpoint, if there is one.

        Raises:
            ModelError: it is damaged, or of another version.
        """
        path = self.out / CHECKPOINT
        if not path.exists():
            return False
        state = _read_checkpoint(path)
        try:
            self.model.load_state_dict(state["model"])
            self.mean.load_state_dict(state["mean"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.step, self.seconds, self.log = state["step"], state["seconds"], state["log"]
        except (KeyError, ValueError, RuntimeError) as error:
            raise ModelError(
                f"{path}: the checkpoint is of another version; choose another --out"
            ) from error
        return True

    def save(self) -> None:
        """Write the checkpoint beside, then rename."""
        state = {
            "model": self.model.state_dict(),
            "mean": self.mean.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
            "log": self.log,
            "settings": asdict(self.settings),
            "data": self.data,
        }
        # Through memory: torch's own writer tells of a full disk in words of its inside.
        memory = io.BytesIO()
        torch.save(state, memory)
        write_whole(self.out / CHECKPOINT, memory.getvalue(), what="the checkpoint")

    @property
    def progress(self) -> float:
        """Share of the run that is done."""
        done = 0.0
        if self.settings.steps:
            done = self.step / self.settings.steps
        if self.settings.minutes:
            done = max(done, self.seconds / (60.0 * self.settings.minutes))
        return done

    def learn(self, batches: Batches, weights: torch.Tensor) -> Losses:
        """Make one step."""
        inputs, targets = batches.next()
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.progress, self.settings.rate)
        parts = losses(self.model(*inputs), targets, weights)
        self.optimiser.zero_grad(set_to_none=True)
        parts.total.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 10.0)
        self.optimiser.step()
        self._average()
        self.step += 1
        return parts

    @torch.no_grad()
    def _average(self) -> None:
        """Follow the weights slowly, and at first quickly; batch statistics alike."""
        keep = min(self.settings.average, (1 + self.step) / (10 + self.step))
        pairs = zip(self.mean.state_dict().values(), self.model.state_dict().values(), strict=True)
        for mean, value in pairs:
            if mean.dtype.is_floating_point:
                mean.lerp_(value, 1.0 - keep)
            else:
                mean.copy_(value)


def train(
    data: Sequence[Path],
    out: Path,
    settings: TrainSettings | None = None,
    *,
    held_out: Sequence[Path] = (),
    quiet: bool = False,
) -> dict[str, Any]:
    """Train, write checkpoints and `metrics.json` into `out`, and judge on held-out frames.

    A run that finds a checkpoint in `out` goes on from it. Ctrl-C ends the run early and keeps it.

    Args:
        data: folders of shards to learn from.
        out: folder of the run.
        settings: how to train.
        held_out: folders of shards of a town that `data` does not have.
        quiet: print nothing.

    Returns:
        What `metrics.json` holds: settings, loss curve, figures on the held-out frames.

    Raises:
        InputError: a data set is missing or damaged.
        ModelError: a checkpoint is missing, damaged, or of another version.
        SettingsError: the settings make no sense, or are not those that the run was begun with.
        StorageError: the run's folder cannot be written.
    """
    settings = (settings or TrainSettings()).validate()
    torch.set_num_threads(settings.threads)
    origins = dataset.origins(data)
    require_same_run(out, settings, origins)
    samples = dataset.load(data, settings.limit)
    judged = dataset.load(held_out, settings.limit) if held_out else None
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{out}: cannot make the run's folder ({error.strerror})") from error
    run = _Run(settings, out, origins)
    run.restore()
    console = Console(quiet=quiet)
    console.print(f"{len(samples)} frames; {out}; step {run.step}")
    try:
        _loop(run, samples, quiet)
    except KeyboardInterrupt:
        console.print("interrupted: what was learned so far is kept")
    run.save()
    metrics: dict[str, Any] = {
        "settings": asdict(settings),
        "frames": len(samples),
        "steps": run.step,
        "seconds": run.seconds,
        "loss": run.log,
    }
    if judged is not None:
        score = evaluate(TorchBackend(run.mean), judged)
        metrics["held_out"] = {"frames": len(judged), **score.summary()}
        if not quiet:
            print_score(score, f"a town that training never saw, {len(judged)} frames", console)
    _write_metrics(out / METRICS, metrics)
    return metrics


def _loop(run: _Run, samples: Samples, quiet: bool) -> None:
    """Learn until time or steps are up."""
    # A run that goes on draws other batches than it began with, yet always the same ones.
    batches = Batches(samples, run.settings.batch, run.settings.seed + 1_000_003 * run.step)
    weights = light_weights(torch.from_numpy(samples.light[:, LightCol.STATE]))
    run.model.train()
    sums = np.zeros(5)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, disable=quiet) as progress:
        task = progress.add_task("training", total=1.0)
        while run.progress < 1.0:
            begin = time.perf_counter()
            parts = run.learn(batches, weights)
            run.seconds += time.perf_counter() - begin
            sums += [float(part.detach()) for part in parts]
            if run.step % 20 == 0:
                mean, sums = sums / 20, np.zeros(5)
                run.log.append(
                    {"step": float(run.step), "seconds": round(run.seconds, 1)}
                    | dict(zip(Losses._fields, (round(float(x), 4) for x in mean), strict=True))
                )
                progress.update(
                    task,
                    completed=run.progress,
                    description=f"step {run.step}  loss {mean[0]:.3f}  heat {mean[1]:.3f}  "
                    f"box {mean[2]:.3f}  light {mean[3]:.3f}",
                )
            if run.step % run.settings.checkpoint_every == 0:
                run.save()
                _write_metrics(run.out / METRICS, {"steps": run.step, "loss": run.log})


def load_checkpoint(path: Path) -> PerceptionNet:
    """Load the averaged weights of a run.

    Args:
        path: the checkpoint, or the folder of the run.

    Raises:
        ModelError: it is missing, damaged, or of another version.
    """
    path = path / CHECKPOINT if path.is_dir() else path
    state = _read_checkpoint(path)
    model = PerceptionNet(CameraSpec())
    try:
        model.load_state_dict(state["mean"])
    except (KeyError, RuntimeError) as error:
        raise ModelError(
            f"{path}: the weights do not fit this version's network; train anew"
        ) from error
    return model.eval()


def _read_checkpoint(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise ModelError(
            f"{path}: there is no checkpoint; make one with `roadworthy train perception`"
        )
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises pickle, zip and runtime errors of all kinds
        raise ModelError(f"{path}: the checkpoint is damaged; delete it and train anew") from error
    if not isinstance(state, dict):
        raise ModelError(f"{path}: this is no checkpoint of the perception network")
    return state


def require_same_run(out: Path, settings: TrainSettings, data: Sequence[str]) -> None:
    """Refuse to go on with a run that was begun otherwise. Its length may differ, and its pace.

    Args:
        out: folder of the run; that it has no checkpoint yet is fine.
        settings: how it shall go on.
        data: where the frames come from, as `dataset.origins` names it; for towns that are
            yet to be collected, "TOWN-SEED" of each.

    Raises:
        ModelError: the checkpoint is damaged.
        SettingsError: a setting or the data are others than those of the checkpoint.
    """
    if not (out / CHECKPOINT).exists():
        return
    state = _read_checkpoint(out / CHECKPOINT)
    before = {**state.get("settings", {}), "data": state.get("data")}
    wanted = {**asdict(settings), "data": sorted(data)}
    compared = {name: value for name, value in wanted.items() if name not in _MAY_DIFFER}
    require_same(out, before, compared)


def _write_metrics(path: Path, metrics: Mapping[str, Any]) -> None:
    write_whole(path, json.dumps(metrics, indent=1).encode(), what="the learning curve")
