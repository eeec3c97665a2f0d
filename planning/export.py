"""Export: the policy as one ONNX file, with all that is needed to use it inside or in its notes.

Input: `observation` float32 [batch, D]. Outputs: `acceleration` [batch] in m/s^2 and
`curvature_offset` [batch] in 1/m, the table entries of the most likely action, and `logits`
[batch, 7 + 9]. What remains to do is in `decision.DecisionState`.
"""

from __future__ import annotations

import io
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import stable_baselines3
import torch
from stable_baselines3 import PPO
from torch import nn

from roadworthy.planning.action import ACCELERATIONS, ACTION_SIZES, CURVATURE_OFFSETS
from roadworthy.planning.observation import OBSERVATION_SIZE, OBSERVATION_VERSION
from roadworthy.sim.errors import ModelError
from roadworthy.sim.files import write_whole

OPSET = 17
PARITY_LIMIT = 1e-4


class PlannerGraph(nn.Module):
    """The policy's actor with the action tables behind it; no distribution is ever built."""

    def __init__(self, model: PPO) -> None:
        super().__init__()
        extractor: Any = model.policy.mlp_extractor
        self.actor = extractor.policy_net
        self.head = model.policy.action_net
        self.register_buffer("accelerations", torch.from_numpy(ACCELERATIONS))
        self.register_buffer("offsets", torch.from_numpy(CURVATURE_OFFSETS))

    def forward(self, observation: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return acceleration, curvature offset and logits."""
        logits = self.head(self.actor(observation))
        split = ACTION_SIZES[0]
        first, second = logits[:, :split].argmax(1), logits[:, split:].argmax(1)
        accelerations, offsets = self.get_buffer("accelerations"), self.get_buffer("offsets")
        return accelerations[first], offsets[second], logits


def export_planner(model: PPO, path: str | Path, *, run: dict[str, Any] | None = None) -> float:
    """Write the policy as ONNX and compare it with torch.

    Args:
        model: the learner.
        path: of the file to write (beside, then renamed).
        run: facts about the training run for the file's metadata.

    Returns:
        The largest difference of the outputs over 1,000 inputs.

    Raises:
        ModelError: the difference is above PARITY_LIMIT; the file is not written then.
        StorageError: the file cannot be written.
    """
    path = Path(path)
    graph = PlannerGraph(model).eval().cpu()
    memory = io.BytesIO()
    with warnings.catch_warnings():
        # The TorchScript exporter is the one that writes opset 17; torch calls it legacy.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            graph,
            (torch.zeros(2, OBSERVATION_SIZE),),
            memory,  # type: ignore[arg-type]  # torch writes to it, whatever its types say
            input_names=["observation"],
            output_names=["acceleration", "curvature_offset", "logits"],
            dynamic_axes={
                name: {0: "batch"}
                for name in ("observation", "acceleration", "curvature_offset", "logits")
            },
            opset_version=OPSET,
            dynamo=False,
        )
    content = _annotated(memory.getvalue(), run or {})
    difference = parity(model, content)
    if not difference <= PARITY_LIMIT:
        raise ModelError(
            f"{path}: the exported graph differs from torch by {difference:.2g} "
            f"(at most {PARITY_LIMIT:g} is accepted); report this with the run's folder"
        )
    write_whole(path, content, what="the planner")
    return difference


def _annotated(content: bytes, run: dict[str, Any]) -> bytes:
    """Add the metadata to an ONNX model, and check it."""
    proto = onnx.load_model_from_string(content)
    notes = {
        "kind": "roadworthy planner",
        "observation_version": str(OBSERVATION_VERSION),
        "observation_size": str(OBSERVATION_SIZE),
        "accelerations": json.dumps([round(float(a), 4) for a in ACCELERATIONS]),
        "curvature_offsets": json.dumps([round(float(k), 4) for k in CURVATURE_OFFSETS]),
        "outputs": "acceleration [m/s^2], curvature_offset [1/m], logits",
        "training_run": json.dumps(run, sort_keys=True),
        "versions": json.dumps(
            {
                "torch": torch.__version__,
                "stable_baselines3": stable_baselines3.__version__,
                "onnx": onnx.__version__,
            }
        ),
    }
    del proto.metadata_props[:]
    for key, value in notes.items():
        entry = proto.metadata_props.add()
        entry.key, entry.value = key, value
    onnx.checker.check_model(proto)
    return proto.SerializeToString()


def parity(model: PPO, planner: Path | bytes, inputs: int = 1000, seed: int = 0) -> float:
    """Largest difference of an ONNX planner's outputs from torch's over random observations."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    source = planner if isinstance(planner, bytes) else str(planner)
    session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    generator = np.random.default_rng(seed)
    observation = generator.uniform(-1.0, 1.0, (inputs, OBSERVATION_SIZE)).astype(np.float32)
    got = session.run(None, {"observation": observation})
    with torch.no_grad():
        expected = PlannerGraph(model).eval().cpu()(torch.from_numpy(observation))
    # Where two logits are as good as equal, either entry of a table is right.
    worst = float(np.abs(got[2] - expected[2].numpy()).max())
    split = ACTION_SIZES[0]
    for part, index in ((slice(0, split), 0), (slice(split, None), 1)):
        best = np.sort(expected[2].numpy()[:, part], axis=1)
        clear = best[:, -1] - best[:, -2] > 10 * PARITY_LIMIT
        apart = np.abs(got[index] - expected[index].numpy())[clear]
        worst = max(worst, float(apart.max(initial=0.0)))
    return worst
