"""`roadworthy export`: a training run to a folder that drives."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Annotated

import typer

from roadworthy.agents.commands import options
from roadworthy.agents.commands.outcome import guarded, out
from roadworthy.sim.errors import ModelError

CHECKS = 1000  # inputs on which an exported network is compared with torch


@guarded
def export(
    run_dir: Annotated[
        Path,
        typer.Argument(
            metavar="RUN_DIR",
            help="Folder of a training run, or one that holds runs in perception/ and planner/.",
        ),
    ],
    out_dir: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Folder to write; RUN_DIR/agent by default."),
    ] = None,
    seed: options.Seed = 0,
) -> None:
    """Export trained networks as ONNX, checked against torch, into a folder that is an agent.

    Each is compared with torch on 1,000 random inputs, drawn from --seed. What the run does not
    hold, perception or planner, is taken from the shipped agent.
    """
    target = out_dir or run_dir / "agent"
    kind = export_agent(run_dir, target, seed)
    out.print(f"agent: {target} ({kind})")
    out.print(f"drive it: roadworthy drive --agent {target} --town Marlow")


def export_agent(run_dir: Path, target: Path, seed: int = 0) -> str:
    """Write perception.onnx, planner.onnx and agent.json; return the kind of the agent.

    Raises:
        ModelError: the folder holds no run, a network cannot be exported, or ONNX Runtime differs
            from torch.
        StorageError: a file cannot be written.
    """
    from roadworthy.agents.commands.progress import working
    from roadworthy.agents.registry import (
        AGENT_FILE,
        FORMAT,
        PERCEPTION_FILE,
        PLANNER_FILE,
        WEIGHTS,
    )
    from roadworthy.sim.files import write_whole

    eyes, head = find_runs(run_dir)
    target.mkdir(parents=True, exist_ok=True)
    if eyes is not None:
        import torch

        from roadworthy.perception import export as perception
        from roadworthy.perception.train import load_checkpoint

        # On a busy machine, threads of torch that wait for each other take minutes for what one
        # does in seconds.
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        with working("exporting perception and comparing it with torch (up to a minute)"):
            worst = perception.export(
                load_checkpoint(eyes),
                target / PERCEPTION_FILE,
                notes={"run": eyes.name},
                checks=CHECKS,
                seed=seed,
            )
        torch.set_num_threads(threads)
        _tell_parity("perception", worst)
    if head is not None:
        from roadworthy.planning.export import PARITY_LIMIT, export_planner, parity
        from roadworthy.planning.policy import load_model

        with working("exporting the planner and comparing it with torch"):
            policy, path = load_model(head), target / PLANNER_FILE
            export_planner(policy, path, run={"run": head.parent.name})
            worst = parity(policy, path, CHECKS, seed)
            if not worst <= PARITY_LIMIT:
                path.unlink()
                raise ModelError(
                    f"{path}: the exported graph differs from torch by {worst:.2g} "
                    f"(at most {PARITY_LIMIT:g} is accepted) and was deleted"
                )
        _tell_parity("planner", worst)
    for name in (PERCEPTION_FILE, PLANNER_FILE):
        if not (target / name).is_file() and (WEIGHTS / name).is_file():
            shutil.copyfile(WEIGHTS / name, target / name)
    if not (target / PLANNER_FILE).is_file():
        raise ModelError(
            f"{run_dir} holds no planner and none is shipped; train one with "
            "`roadworthy train planner`"
        )
    kind = "roadworthy" if (target / PERCEPTION_FILE).is_file() else "oracle"
    described = {"format": FORMAT, "kind": kind, "name": target.name}
    write_whole(target / AGENT_FILE, json.dumps(described, indent=1).encode() + b"\n")
    return kind


def _tell_parity(what: str, worst: float) -> None:
    out.print(f"{what}: differs from torch by {worst:.2g} at most, over {CHECKS:,} inputs")


def find_runs(run_dir: Path) -> tuple[Path | None, Path | None]:
    """Find a perception checkpoint and a planner's model in a folder.

    Raises:
        ModelError: there is neither.
    """
    folders = [run_dir, run_dir / "perception", run_dir / "planner"]
    eyes = next((f / "checkpoint.pt" for f in folders if (f / "checkpoint.pt").is_file()), None)
    heads = [f / name for f in folders for name in ("best.zip", "model.zip")]
    head = next((path for path in heads if path.is_file()), None)
    if eyes is None and head is None:
        raise ModelError(
            f"{run_dir}: there is no training run (checkpoint.pt, best.zip or model.zip) in it; "
            "make one with `roadworthy train perception` or `roadworthy train planner`"
        )
    return eyes, head
