"""`roadworthy train`: perception from collected frames, the planner in the worlds themselves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from roadworthy.agents.commands import options
from roadworthy.agents.commands.outcome import INTERRUPTED, err, guarded, out
from roadworthy.sim.errors import SettingsError

HELD_OUT = "Marlow"
TOWNS = ("Rivertown", "Hillcrest")


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
    town: Annotated[
        list[str] | None,
        typer.Option(help="Town to learn in; may be given more than once."),
    ] = None,
    from_scratch: Annotated[
        bool, typer.Option("--from-scratch", help="Planner: do not imitate the expert first.")
    ] = False,
    map_dir: options.MapDir = None,
) -> None:
    """Train perception or the planner. Ctrl-C keeps what was learned; the same command goes on.

    Then `roadworthy export RUN_DIR` makes an agent of it.
    """
    if what not in ("perception", "planner"):
        raise SettingsError(f"cannot train {what!r}; choose perception or planner")
    if preset not in PERCEPTION:
        raise SettingsError(f"unknown preset {preset!r}; choose {', '.join(PERCEPTION)}")
    folder = out_dir or Path("runs") / what
    towns = tuple(town or TOWNS)
    if what == "planner":
        if data:
            raise SettingsError("--data is for perception; the planner learns in the worlds")
        finished = _planner(folder, preset, minutes, seed, towns, from_scratch, map_dir)
    else:
        finished = _perception(folder, preset, minutes, seed, towns, data, map_dir)
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
    map_dir: Path | None,
) -> bool:
    """Train the planner; False where it was stopped."""
    from roadworthy.planning.training_run import train_planner

    result = train_planner(
        folder,
        minutes=minutes,
        seed=seed,
        preset_name=preset,
        from_scratch=from_scratch,
        towns=towns,
        held_out=None if HELD_OUT in towns else HELD_OUT,
        map_dir=map_dir,
        console=out,
    )
    return not result["interrupted"]


def _perception(
    folder: Path,
    preset: str,
    minutes: float | None,
    seed: int,
    towns: tuple[str, ...],
    data: list[Path] | None,
    map_dir: Path | None,
) -> bool:
    """Collect frames where none are given, and train perception; False where it was stopped."""
    from roadworthy.agents.commands.progress import open_town
    from roadworthy.perception.collect import collect
    from roadworthy.perception.train import TrainSettings
    from roadworthy.perception.train import train as learn

    chosen = PERCEPTION[preset]
    held_out: list[Path] = []
    if not data:
        data = [folder / "data"]
        for name in towns:
            collect(open_town(name, map_dir), chosen.frames, data[0], seed=seed)
        if HELD_OUT not in towns:
            held_out = [folder / "held-out"]
            collect(open_town(HELD_OUT, map_dir), chosen.held_out, held_out[0], seed=seed)
    settings = TrainSettings(minutes=minutes or chosen.minutes, seed=seed)
    metrics = learn(data, folder, settings, held_out=held_out)
    return bool(metrics["seconds"] >= 60.0 * (settings.minutes or 0.0))
