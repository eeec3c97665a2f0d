"""The child process of `compile`: CARLA's parser may crash here without taking the drive along.

Run as `python -m roadworthy.sim.road.compile_child MAP.xodr OUT.npz`. Exit code 0: done; 3: the
last line on stdout says what is wrong with the map.
"""

from __future__ import annotations

import sys
from pathlib import Path

from roadworthy.sim.errors import RoadworthyError

FAILED = 3


def main(arguments: list[str]) -> int:
    """Compile one map; see the module."""
    source, target = Path(arguments[0]), Path(arguments[1])
    try:
        import carla

        from roadworthy.sim.road.assemble import build_network
        from roadworthy.sim.road.opendrive import read_text
        from roadworthy.sim.road.store import save_network

        save_network(build_network(read_text(source), source, carla.Map), target)
    except RoadworthyError as error:
        text = str(error).replace("\n", " ")
        print(text if str(source) in text or "cannot write" in text else f"{source}: {text}")
        return FAILED
    except MemoryError:
        print(f"{source} needs more memory than there is; cut it into smaller towns")
        return FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
