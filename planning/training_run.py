"""`train planner`: towns, routes and worlds for the Trainer, and its progress on the screen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from roadworthy.perception.oracle import Oracle
from roadworthy.planning.env import PlannerVecEnv, SceneSource, Worlds
from roadworthy.planning.export import export_planner
from roadworthy.planning.noise import SceneNoise
from roadworthy.planning.policy import load_model
from roadworthy.planning.run_files import RunFolder
from roadworthy.planning.train import Courses, Trainer, TrainSettings, preset, require_same_run
from roadworthy.planning.variety import vary
from roadworthy.sim.errors import SettingsError
from roadworthy.sim.road.route import RouteSet
from roadworthy.sim.road.routing import random_routes
from roadworthy.sim.road.towns import HELD_OUT_TOWN, TRAINING_TOWNS, load_town
from roadworthy.sim.world.batch import BatchWorld
from roadworthy.sim.world.settings import WorldSettings

_ROUTES = 200  # per town
_CHECKS = 48  # validation drives per town
_LENGTHS = (200.0, 800.0)  # [m]
# Traffic of the halves of each town's worlds: vehicles, walkers, seconds of green.
_TRAFFIC = ((20, 6, 13.0), (32, 12, 10.0))
_SEED_OF_CHECKS = 777_000  # apart from those of training


def make_courses(
    settings: TrainSettings,
    *,
    towns: Sequence[str] = TRAINING_TOWNS,
    held_out: str | None = HELD_OUT_TOWN,
    map_dir: str | Path | None = None,
) -> Courses:
    """Build the worlds of a training: half quiet, half busy in each town, and the checks.

    Raises:
        MapError: a town is unknown.
        SettingsError: there are fewer worlds than parts to share them out to.
    """
    parts = len(towns) * len(_TRAFFIC)
    if settings.worlds < parts:
        raise SettingsError(f"{settings.worlds} worlds are too few for {parts} kinds of traffic")
    batches: list[Worlds] = []
    checks: list[tuple[str, Worlds, SceneSource | None]] = []
    for number, name in enumerate(towns):
        town = load_town(name, map_dir)
        shortest, longest = _LENGTHS
        for vehicles, walkers, green in _TRAFFIC:
            # Each half has stop lines and limits of its own.
            varied = vary(town, settings.seed + 1000 * len(batches))
            routes = random_routes(
                varied.network,
                _ROUTES,
                settings.seed + number,
                min_length=shortest,
                max_length=longest,
            )
            batches.append(
                BatchWorld(
                    varied,
                    RouteSet.of(routes),
                    settings.worlds // parts,
                    seed=settings.seed,
                    settings=WorldSettings(vehicles=vehicles, walkers=walkers, green_time=green),
                    first_index=len(batches) * 100_000,
                )
            )
        checks.append((name, *check_course(name, map_dir=map_dir)))
    if held_out:
        checks.append((held_out, *check_course(held_out, map_dir=map_dir)))
    env = PlannerVecEnv(batches, noise=SceneNoise(), seed=settings.seed)
    return Courses(env, checks, list(towns))


def check_course(
    name: str,
    *,
    count: int = _CHECKS,
    seed: int = _SEED_OF_CHECKS,
    vehicles: int = 20,
    walkers: int = 6,
    map_dir: str | Path | None = None,
) -> tuple[BatchWorld, Oracle]:
    """Worlds for `rollout.evaluate`: `count` routes of a town that training never sees."""
    town = load_town(name, map_dir)
    routes = random_routes(town.network, count, seed, min_length=150, max_length=400)
    worlds = BatchWorld(
        town,
        RouteSet.of(routes),
        count,
        seed=seed,
        settings=WorldSettings(vehicles=vehicles, walkers=walkers),
    )
    return worlds, Oracle(worlds)


class Progress:
    """Tells on a console how a training goes."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def __call__(self, kind: str, row: dict[str, float]) -> None:
        """Print one event of the Trainer."""
        if kind == "ppo":
            hit = sum(row.get(f"collision_{what}", 0.0) for what in ("vehicle", "walker", "static"))
            self._console.print(
                f"[dim]{row['elapsed'] / 60:5.1f} min[/]  {row['steps'] / 1e6:6.2f} M steps  "
                f"{row['steps_per_s'] / 1e3:5.1f} k/s  return {row.get('return', 0.0):6.2f}  "
                f"finished {row.get('finished', 0.0):4.0%}  collided {hit:4.0%}  "
                f"red light {row.get('red_light', 0.0):4.0%}  "
                f"blocked {row.get('blocked', 0.0):4.0%}"
            )
        elif kind == "imitate":
            self._console.print(
                f"imitation round {row['round']:.0f}/{row['of']:.0f}: loss {row['loss']:.3f}, "
                f"agrees with the expert in {row['agreement']:.0%} of the states"
            )
        elif kind == "critic":
            self._console.print(f"critic fitted, loss {row['loss']:.3f}")
        else:
            self._console.print(self._table(row))

    @staticmethod
    def _table(figures: dict[str, float]) -> Table:
        table = Table("town", "finished", "clean", "completion", "collisions", "red lights")
        names = [key.removesuffix("_clean") for key in figures if key.endswith("_clean")]
        for name in names:
            hits = sum(
                figures[f"{name}_collisions_{what}_per_route"]
                for what in ("vehicle", "walker", "static")
            )
            table.add_row(
                name,
                f"{figures[f'{name}_finished']:.0%}",
                f"{figures[f'{name}_clean']:.0%}",
                f"{figures[f'{name}_completion']:.1%}",
                f"{hits:.2f} per route",
                f"{figures[f'{name}_red_lights_per_route']:.2f} per route",
            )
        return table


def learner_of(path: Path) -> Path:
    """Saved learner of a run's folder, its best where it has one; a file stands for itself."""
    if not path.is_dir():
        return path
    folder = RunFolder(path)
    return folder.best if folder.best.is_file() else folder.model


def train_planner(
    out: str | Path,
    *,
    minutes: float | None = None,
    seed: int | None = None,
    preset_name: str = "standard",
    from_scratch: bool = False,
    start: str | Path | None = None,
    worlds: int | None = None,
    threads: int | None = None,
    towns: Sequence[str] = TRAINING_TOWNS,
    held_out: str | None = HELD_OUT_TOWN,
    map_dir: str | Path | None = None,
    console: Console | None = None,
) -> dict[str, Any]:
    """Train a planner into the folder `out`; go on where a run there was cut off.

    Ctrl-C ends it cleanly; what was learned until then is kept and exported.

    Args:
        out: folder of the run: model.zip, best.zip, planner.onnx, state.json, metrics.json.
        minutes: for all of it; the preset's by default.
        seed: of everything random.
        preset_name: "quick" or "standard".
        from_scratch: without imitation first.
        start: learner to begin with, in place of imitation: a run's folder or a .zip of one.
        worlds: that are driven in at once; the preset's by default.
        threads: of torch.
        towns: to learn in.
        held_out: town that is looked at but not learned from; None for none.
        map_dir: folder with further maps.
        console: to tell progress on; a new one by default.

    Returns:
        The last validation's figures, steps, and whether it was interrupted.

    Raises:
        SettingsError: a setting makes no sense, or the folder holds a run begun otherwise.
        MapError: a town is unknown.
        ModelError: the files of the folder, or of `start`, are missing or damaged.
        StorageError: the folder cannot be written.
    """
    console = console or Console()
    settings = preset(
        preset_name,
        minutes=minutes,
        seed=seed,
        from_scratch=from_scratch or None,
        start=None if start is None else str(learner_of(Path(start))),
        worlds=worlds,
        threads=threads,
    )
    if settings.start is not None:
        load_model(settings.start)  # one that does not fit is told before the worlds are built
    folder = RunFolder(out)
    require_same_run(folder, settings, towns)  # before the worlds are built, which takes long
    with console.status("Building the worlds (the first time, kernels are compiled: a minute) ..."):
        courses = make_courses(settings, towns=towns, held_out=held_out, map_dir=map_dir)
        trainer = Trainer(courses, settings, folder, Progress(console))
    result = trainer.run()
    chosen = folder.best if folder.best.is_file() else folder.model
    difference = export_planner(
        load_model(chosen),
        folder.path / "planner.onnx",
        run={"seed": settings.seed, "steps": result["steps"], "towns": list(towns)},
    )
    ended = "interrupted" if result["interrupted"] else "done"
    console.print(
        f"Training {ended}: {folder.path / 'planner.onnx'} "
        f"(differs from torch by {difference:.1g} at most)"
    )
    return result
