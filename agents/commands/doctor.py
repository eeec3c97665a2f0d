"""`roadworthy doctor`: what is installed, and whether it fits together."""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from roadworthy.agents.commands.outcome import FAILED, guarded, out

PACKAGES = (
    "numpy",
    "numba",
    "torch",
    "stable-baselines3",
    "gymnasium",
    "onnx",
    "carla",
    "av",
)
_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the examination."""

    what: str
    state: str  # "ok", "note" or "wrong"
    detail: str


@guarded
def doctor(
    out_dir: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Write doctor.json into this folder, too."),
    ] = None,
) -> None:
    """Check the installation: versions, ONNX Runtime's provider, CUDA, folders, towns."""
    from rich.table import Table
    from rich.text import Text

    from roadworthy.agents.commands.progress import working
    from roadworthy.sim.files import write_whole

    with working("examining"):
        findings = examine()
    table = Table()
    for name in ("what", "", "detail"):
        table.add_column(name)
    colours = {"ok": "green", "note": "yellow", "wrong": "bold red"}
    for finding in findings:
        state = Text(finding.state, colours[finding.state])
        table.add_row(finding.what, state, finding.detail)
    out.print(table)
    if out_dir is not None:
        found = json.dumps([asdict(finding) for finding in findings], indent=1)
        write_whole(out_dir / "doctor.json", found.encode() + b"\n")
        out.print(f"findings: {out_dir / 'doctor.json'}")
    wrong = sum(finding.state == "wrong" for finding in findings)
    if wrong:
        out.print(f"{wrong} thing{'s' if wrong > 1 else ''} to mend, see above")
        raise typer.Exit(FAILED)
    out.print("all well")


def examine() -> list[Finding]:
    """Look at everything."""
    found = [_python(), *_packages(), _onnxruntime(), _opencv(), *_providers()]
    return [*found, _cache(), _towns(), _weights(), _data()]


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _python() -> Finding:
    text = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    cores = os.cpu_count() or 1
    state = "ok" if sys.version_info >= (3, 11) else "wrong"
    return Finding("Python", state, f"{text}, {cores} cores")


def _packages() -> list[Finding]:
    found = []
    optional = {
        "carla": "new maps cannot be compiled; the shipped towns work",
        "av": "videos are written as .webm instead of H.264",
    }
    for name in PACKAGES:
        version = _version(name)
        if version is not None:
            found.append(Finding(name, "ok", version))
        elif name in optional:
            found.append(Finding(name, "note", f"not installed: {optional[name]}"))
        else:
            found.append(Finding(name, "wrong", "not installed; run pip install roadworthy again"))
    return found


def _onnxruntime() -> Finding:
    builds = {
        name: version
        for name in ("onnxruntime", "onnxruntime-gpu")
        if (version := _version(name)) is not None
    }
    text = ", ".join(f"{name} {version}" for name, version in builds.items())
    if len(builds) > 1:
        text += ": both builds share one folder; uninstall both, then install one"
    elif not builds:
        text = "not installed; install onnxruntime or onnxruntime-gpu"
    return Finding("ONNX Runtime", "ok" if len(builds) == 1 else "wrong", text)


def _opencv() -> Finding:
    names = ("opencv-python", "opencv-python-headless", "opencv-contrib-python")
    builds = [f"{name} {version}" for name in names if (version := _version(name)) is not None]
    text = ", ".join(builds) or "not installed"
    if len(builds) > 1:
        text += ": they share one folder; uninstall all, then install opencv-python-headless"
    return Finding("OpenCV", "ok" if len(builds) == 1 else "wrong", text)


def _providers() -> list[Finding]:
    from roadworthy.control.runtime import OnnxModel, choose_providers, has_cuda_driver

    driver = has_cuda_driver()
    found = [
        Finding(
            "CUDA driver",
            "ok" if driver else "note",
            "present" if driver else "none: everything runs on the CPU",
        )
    ]
    with tempfile.TemporaryDirectory() as folder:
        try:
            path = Path(folder) / "probe.onnx"
            path.write_bytes(_probe())
            model = OnnxModel(path, device="auto")
            took = model.warm_up()
        except Exception as error:  # a broken installation raises anything; tell it
            return [*found, Finding("inference", "wrong", f"{type(error).__name__}: {error}")]
    wanted = choose_providers("auto")[0]
    text = f"a session gets {model.provider} ({took:.2f} ms)"
    if model.fell_back:
        text += f", though {wanted} was asked for; install roadworthy[gpu]"
    return [*found, Finding("inference", "note" if model.fell_back else "ok", text)]


def _probe() -> bytes:
    """Make the smallest model: y = x + x."""
    from onnx import TensorProto, helper

    shape = [1, 4]
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "x"], ["y"])],
        "probe",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
    )
    opset = [helper.make_opsetid("", 17)]
    return bytes(helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString())


def _cache() -> Finding:
    from roadworthy.sim.road.compile import cache_dir

    folder = cache_dir()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder):
            pass
    except OSError as error:
        advice = "set $ROADWORTHY_CACHE to a folder of yours, or maps are compiled every time"
        return Finding("map cache", "wrong", f"{folder}: {error.strerror}; {advice}")
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return Finding("map cache", "ok", f"{folder} ({size / _MIB:.1f} MiB)")


def _towns() -> Finding:
    from roadworthy.sim.road.towns import town_names

    names = town_names()
    text = ", ".join(names) or "none are shipped with this installation"
    folder = os.environ.get("ROADWORTHY_MAPS")
    if folder:
        more = len(list(Path(folder).glob("*.xodr")))
        text += f"; $ROADWORTHY_MAPS has {more} more"
    return Finding("towns", "ok" if names else "wrong", text)


def _weights() -> Finding:
    from roadworthy.agents.registry import PERCEPTION_FILE, PLANNER_FILE, WEIGHTS

    missing = [name for name in (PERCEPTION_FILE, PLANNER_FILE) if not (WEIGHTS / name).is_file()]
    if missing:
        return Finding("weights", "wrong", f"{', '.join(missing)} missing in {WEIGHTS}")
    size = sum((WEIGHTS / name).stat().st_size for name in (PERCEPTION_FILE, PLANNER_FILE))
    return Finding("weights", "ok", f"perception and planner, {size / _MIB:.1f} MiB")


def _data() -> Finding:
    folder = os.environ.get("ROADWORTHY_DATA")
    if not folder:
        return Finding("$ROADWORTHY_DATA", "note", "not set: tests on CARLA's towns are skipped")
    there = Path(folder).is_dir()
    return Finding("$ROADWORTHY_DATA", "ok" if there else "wrong", folder if there else "no folder")
