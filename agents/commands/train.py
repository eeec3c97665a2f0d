"""`roadworthy train`: perception from collected frames, the planner in the worlds themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roadworthy.agents.commands import options
from roadworthy.agents.commands.outcome import INTERRUPTED, err, guarded, out
from roadworthy.sim.errors import SettingsError

if TYPE_CHECKING:
    from roadworthy.perception.train import TrainSettings

_LARGEST_SEED = 2**32 - 1  # of NumPy's legacy generator, which stable-baselines3 seeds


@dataclass(frozen=True, slots=True)
class PerceptionPreset:
    """How much to collect and how long to learn."""

    minutes: float
    frames: int  # of each town
    held_out: int  # frames of the town that judges


PERCEPTION = {
    "quick": PerceptionPreset(4.0, 600, 200),
    "standard": PerceptionPreset(40.0, 6000, 1000),
}


@guarded
def train(
    what: Annotated[str, typer.Argument(metavar="perception|planner", help="What to train.")],
    preset: Annotated[
        str,
        typer.Option(metavar="quick|standard", help="quick takes minutes, standard an hour."),
    ] = "standard",
    minutes: Annotated[
        float | None, typer.Option(min=0.1, help="Learn for so long; the preset's time by default.")
    ] = None,
    out_dir: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Folder of the run; runs/WHAT by default."),
    ] = None,
    seed: options.Seed = 0,
    data: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="DIR",
            help="Perception: folder of `roadworthy collect`; collected first where none is given.",
        ),
    ] = None,
    held_out: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="DIR",
            help="Perception: folder of frames that judge but teach nothing; where none is given, "
            "frames of Marlow are collected, unless the data has Marlow.",
        ),
    ] = None,
    town: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TOWN",
            help="Town to learn in, Rivertown and Hillcrest by default; may be given repeatedly.",
        ),
    ] = None,
    from_scratch: Annotated[
        bool, typer.Option("--from-scratch", help="Planner: do not imitate the expert first.")
    ] = False,
    start: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN",
            help="Begin with what another run learned. Perception: its folder; planner: its folder "
            "or the .zip of a learner.",
        ),
    ] = None,
    map_dir: options.MapDir = None,
) -> None:
    """Train perception or the planner. Ctrl-C keeps what was learned; the same command goes on.

    At the end it prints how well that does in a town that it never saw.
    Then `roadworthy export RUN_DIR` makes an agent of it.
    """
    if what not in ("perception", "planner"):
        raise SettingsError(f"cannot train {what!r}; choose perception or planner")
    from roadworthy.perception.train import TrainSettings
    from roadworthy.sim.road.towns import TRAINING_TOWNS

    if preset not in PERCEPTION:
        raise SettingsError(f"unknown preset {preset!r}; choose {', '.join(PERCEPTION)}")
    folder = out_dir or Path("runs") / what
    towns = tuple(town or TRAINING_TOWNS)
    if what == "planner":
        if data or held_out:
            raise SettingsError(
                "--data and --held-out are for perception; the planner learns in the worlds"
            )
        if seed > _LARGEST_SEED:
            raise SettingsError(f"--seed {seed}: the planner's learner takes 0..{_LARGEST_SEED}")
        finished = _planner(folder, preset, minutes, seed, towns, from_scratch, start, map_dir)
    else:
        settings = TrainSettings(
            minutes=minutes or PERCEPTION[preset].minutes,
            seed=seed,
            start=None if start is None else str(start),
        )
        finished = _perception(folder, preset, settings, towns, data, held_out, map_dir)
    out.print(f"run: {folder}")
    out.print(f"make an agent of it: roadworthy export {folder}")
    if not finished:
        err.print("stopped; what was learned is kept, the same command goes on", style="yellow")
        raise typer.Exit(INTERRUPTED)


def _planner(
    folder: Path,
    preset: str,
    minutes: float | None,
    seed: int,
    towns: tuple[str, ...],
    from_scratch: bool,
    start: Path | None,
    map_dir: Path | None,
) -> bool:
    """Train the planner; False where it was stopped."""
    from roadworthy.planning.training_run import train_planner
    from roadworthy.sim.road.towns import HELD_OUT_TOWN

    result = train_planner(
        folder,
        minutes=minutes,
        seed=seed,
        preset_name=preset,
        from_scratch=from_scratch,
        start=start,
        towns=towns,
        held_out=None if HELD_OUT_TOWN in towns else HELD_OUT_TOWN,
        map_dir=map_dir,
        console=out,
    )
    return not result["interrupted"]


def _perception(
    folder: Path,
    preset: str,
    settings: TrainSettings,
    towns: tuple[str, ...],
    data: list[Path] | None,
    held_out: list[Path] | None,
    map_dir: Path | None,
) -> bool:
    """Collect frames where none are given, and train perception; False where it was stopped."""
    from roadworthy.agents.commands.progress import open_town
    from roadworthy.perception.collect import collect
    from roadworthy.perception.dataset import shards
    from roadworthy.perception.train import load_checkpoint, require_same_run
    from roadworthy.perception.train import train as learn
    from roadworthy.sim.road.towns import HELD_OUT_TOWN

    chosen, seed = PERCEPTION[preset], settings.seed
    if settings.start is not None:
        load_checkpoint(Path(settings.start))  # one that does not fit is told before collecting
    for given in (*(data or ()), *(held_out or ())):
        shards(given)  # a folder without any is told before frames are collected
    if any(folder.resolve().is_relative_to(given.resolve()) for given in data or ()):
        raise SettingsError(
            f"--out {folder} lies within --data, where the frames that judge would be learned "
            "from; choose another --out"
        )
    if not data:
        data = [folder / "data"]
        places = [open_town(name, map_dir) for name in towns]
        # Before frames of other towns come to lie among those of the training that is there.
        require_same_run(folder, settings, [f"{place.name}-{seed}" for place in places])
        for place in places:
            collect(place, chosen.frames, data[0], seed=seed)
    if not held_out and HELD_OUT_TOWN in _towns_of(data):
        err.print(
            f"the data has {HELD_OUT_TOWN}: no town is left to judge on; give --held-out DIR",
            style="yellow",
        )
    elif not held_out:
        held_out = [folder / "held-out"]
        collect(open_town(HELD_OUT_TOWN, map_dir), chosen.held_out, held_out[0], seed=seed)
    metrics = learn(data, folder, settings, held_out=held_out or ())
    return bool(metrics["seconds"] >= 60.0 * (settings.minutes or 0.0))


def _towns_of(folders: Sequence[Path]) -> set[str]:
    """Return the towns of data sets, by the names of their shards: TOWN-SEED-NUMBER.npz."""
    from roadworthy.perception.dataset import shards

    return {path.stem.rsplit("-", 2)[0] for folder in folders for path in shards(folder)}
