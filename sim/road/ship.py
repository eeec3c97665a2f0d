"""Make the shipped towns anew: `python -m roadworthy.sim.road.ship`."""

from __future__ import annotations

from pathlib import Path

from roadworthy.sim.road.compile import compile_xodr
from roadworthy.sim.road.generate import generate_town
from roadworthy.sim.road.store import save_network

# Rivertown is flat, Hillcrest has hills, Marlow is held out: nothing is trained or tuned on it.
# Ringford has roundabouts and signs, Carriden a dual carriageway with ramps.
SHIPPED = {
    "Rivertown": (31, "grid"),
    "Hillcrest": (0, "grid"),
    "Marlow": (33, "grid"),
    "Ringford": (31, "roundabouts"),
    "Carriden": (3, "highway"),
}


def write_shipped(folder: Path) -> None:
    """Write NAME.xodr and NAME.npz of every shipped town into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (seed, kind) in SHIPPED.items():
        source = folder / f"{name}.xodr"
        source.write_text(generate_town(seed, name, kind), encoding="utf-8")
        save_network(compile_xodr(source, cache=False), folder / f"{name}.npz")


if __name__ == "__main__":
    write_shipped(Path(__file__).parent / "data")
