"""`roadworthy demo`: see it drive."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roadworthy.agents.commands import options
from roadworthy.agents.commands.outcome import guarded, out

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_ROUTE_SEED = 3  # a route with traffic and lights
_PICTURES = 6


@guarded
def demo(
    out_dir: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder to write into.")
    ] = Path("out/demo"),
    agent: options.Agent = "roadworthy",
    seed: options.Seed = 3,
    device: options.Device = "auto",
) -> None:
    """Let the shipped agent drive a route of a town that it never saw in training.

    Writes a video, a sheet of pictures and the leaderboard's results.json. About a minute.
    """
    from roadworthy.agents.commands.drive import tell
    from roadworthy.agents.commands.progress import bar, open_town, working
    from roadworthy.agents.evaluation.drive import Moment, drive
    from roadworthy.agents.evaluation.files import write_whole
    from roadworthy.agents.evaluation.results import ResultFile, read_results
    from roadworthy.agents.evaluation.routes import HELD_OUT, random_route
    from roadworthy.agents.evaluation.video import VideoWriter
    from roadworthy.agents.registry import make_agent

    with working("loading the agent"):
        driver = make_agent(agent, device=device)
        route = random_route(HELD_OUT, _ROUTE_SEED)
    town = open_town(route.town, None)
    for model in getattr(driver, "models", ()):
        out.print(model.describe())
    pictures: list[NDArray[np.uint8]] = []
    with VideoWriter(out_dir / "drive.mp4") as video, bar() as progress:
        task = progress.add_task("building the world (kernels compile once)", total=100.0)

        def observe(moment: Moment) -> None:
            done = moment.tally.completion
            progress.update(task, completed=done, description=f"driving, {moment.frame.time:.0f} s")
            if done >= 100.0 * len(pictures) / _PICTURES + 5.0 and len(pictures) < _PICTURES:
                pictures.append(moment.picture())

        result = drive(driver, town, route, seed=seed, video=video, observe=observe)
    results = out_dir / "results.json"
    if results.exists() and "demo" in read_results(results).roadworthy:
        results.unlink()  # of an earlier demo; those of an evaluation are not overwritten
    file = ResultFile(results, {"agent": driver.name, "demo": route.id, "seed": seed}, 1)
    file.add(result.record(0, 0))
    file.finish()
    sheet = out_dir / "pictures.png"
    write_whole(sheet, contact_sheet(pictures))
    tell(result)
    out.print("\nlook at")
    for path in (video.path, sheet, results):
        out.print(f"  {path}")


def contact_sheet(pictures: list[NDArray[np.uint8]]) -> bytes:
    """Lay pictures side by side, two a row, as PNG."""
    import cv2
    import numpy as np

    small = [
        cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        for picture in pictures
    ]
    if len(small) % 2:
        small.append(np.zeros_like(small[0]))
    rows = [np.concatenate(small[i : i + 2], 1) for i in range(0, len(small), 2)]
    sheet = np.concatenate(rows) if rows else np.zeros((2, 2, 3), np.uint8)
    return bytes(cv2.imencode(".png", cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))[1].tobytes())
