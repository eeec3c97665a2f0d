"""Export the network to ONNX: everything inside the graph, and what it is in its metadata."""

from __future__ import annotations

import importlib.metadata
import io
import json
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import torch
from numpy.typing import NDArray

from roadworthy.perception import grid
from roadworthy.perception import signature as net
from roadworthy.perception.network import Deployed, PerceptionNet
from roadworthy.perception.scene import ROUTE_DISTANCES, LightState, RouteCol, UserClass
from roadworthy.perception.signature import HintCol
from roadworthy.sim.errors import ModelError
from roadworthy.sim.files import write_whole

OPSET: Final = 17
TOLERANCE: Final = 1e-4  # largest difference between torch and ONNX Runtime that is accepted


def random_inputs(model: PerceptionNet, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
    """Draw one set of inputs of batch 1, as wild as the types allow within reason."""
    camera, size = model.camera_spec, grid.RASTER_SIZE
    raster = rng.integers(0, 256, (1, grid.CHANNELS, size, size), np.uint8)
    raster *= rng.random((1, 1, size, size)) < 0.2
    hint = rng.uniform(-1.0, 1.0, (1, len(HintCol))) * [0, 50, 60, 20, 6]
    hint[0, HintCol.PRESENT] = rng.integers(0, 2)
    return {
        net.IMAGE: rng.integers(0, 256, (1, camera.height, camera.width, 3), np.uint8),
        net.RASTER: raster,
        net.ROUTE: rng.normal(0.0, 10.0, (1, len(ROUTE_DISTANCES), len(RouteCol))).astype(
            np.float32
        ),
        net.HINT: hint.astype(np.float32),
    }


def metadata(model: PerceptionNet, notes: dict[str, str]) -> dict[str, str]:
    """Return what the file shall say about itself."""
    versions = {
        name: importlib.metadata.version(name) for name in ("roadworthy", "torch", "onnx", "numpy")
    }
    area = {
        "x_min": grid.X_MIN,
        "x_max": grid.X_MAX,
        "y_min": grid.Y_MIN,
        "y_max": grid.Y_MAX,
        "raster_cell": grid.RASTER_CELL,
        "cell": grid.CELL,
    }
    return {
        "kind": "roadworthy.perception",
        "grid": json.dumps(area),
        "classes": json.dumps([kind.name.lower() for kind in UserClass]),
        "light_states": json.dumps([state.name.lower() for state in LightState]),
        "box": json.dumps([column.name.lower() for column in net.BoxCol]),
        "camera": json.dumps(asdict(model.camera_spec)),
        "route_distances": json.dumps(ROUTE_DISTANCES),
        "versions": json.dumps(versions),
        **notes,
    }


def export(
    model: PerceptionNet,
    path: Path,
    *,
    notes: dict[str, str] | None = None,
    checks: int = 1000,
    seed: int = 0,
) -> float:
    """Write the network to `path` and compare it with torch.

    The file is put in its place only after it passed.

    Args:
        model: the network.
        path: where to write.
        notes: more metadata, such as the training run.
        checks: random inputs on which torch and ONNX Runtime are compared.
        seed: of these inputs.

    Returns:
        The largest difference found.

    Raises:
        ModelError: the difference exceeds TOLERANCE, or the exported graph is not valid.
        StorageError: the file cannot be written.
    """
    deployed = Deployed(model).eval()
    rng = np.random.default_rng(seed)
    example = random_inputs(model, rng)
    memory = io.BytesIO()
    with warnings.catch_warnings():
        # The TorchScript exporter is deprecated; it makes the leaner graph of fixed shapes.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            deployed,
            tuple(torch.from_numpy(example[name]) for name in net.INPUTS),
            memory,  # type: ignore[arg-type]  # torch writes to it, whatever its types say
            input_names=list(net.INPUTS),
            output_names=list(net.OUTPUTS),
            opset_version=OPSET,
            dynamo=False,
        )
    graph = onnx.load_model_from_string(memory.getvalue())
    for key, value in metadata(model, notes or {}).items():
        graph.metadata_props.add(key=key, value=value)
    onnx.checker.check_model(graph, full_check=True)
    content = graph.SerializeToString()
    worst = parity(model, content, checks=checks, seed=seed)
    if not worst <= TOLERANCE:
        raise ModelError(
            f"{path}: ONNX Runtime differs from torch by {worst:.2g}, more than {TOLERANCE:g}; "
            "the file was not written"
        )
    write_whole(path, content, what="the model")
    return worst


def parity(
    model: PerceptionNet, onnx_model: Path | bytes, *, checks: int = 1000, seed: int = 0
) -> float:
    """Return the largest difference between torch and the ONNX file over random inputs.

    Of values above 1 it is the share by which they differ.

    A cell that is a peak in one and not in the other, which happens where neighbours are equal to
    the last bit, counts with the difference of the two maps before the peaks were picked.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    source = onnx_model if isinstance(onnx_model, bytes) else str(onnx_model)
    session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    deployed = Deployed(model).eval()
    rng = np.random.default_rng(seed)
    worst = 0.0
    for _ in range(checks):
        inputs = random_inputs(model, rng)
        got = dict(zip(net.OUTPUTS, session.run(list(net.OUTPUTS), inputs), strict=True))
        with torch.no_grad():
            tensors = [torch.from_numpy(inputs[name]) for name in net.INPUTS]
            raw = model(*tensors)
            heat = raw.heat.sigmoid()
            peaks = deployed.peaks(heat).numpy()
        wanted = {
            net.BOX: raw.box.numpy(),
            net.LIGHT: raw.light.softmax(1).numpy(),
            net.LIGHT_DISTANCE: raw.light_distance.numpy(),
        }
        for name, value in wanted.items():
            # Metres of a light far off have fewer digits behind the point than probabilities.
            size = np.maximum(np.abs(value), 1.0)
            worst = max(worst, float((np.abs(got[name] - value) / size).max()))
        both = (got[net.HEAT] > 0) & (peaks > 0)
        one = (got[net.HEAT] > 0) ^ (peaks > 0)
        worst = max(worst, float(np.abs((got[net.HEAT] - peaks)[both]).max(initial=0.0)))
        if one.any():
            values = np.where(got[net.HEAT] > 0, got[net.HEAT], heat.numpy())
            best = deployed.pool(torch.from_numpy(values)).numpy()
            worst = max(worst, float((best - values)[one].max()))
    return worst
