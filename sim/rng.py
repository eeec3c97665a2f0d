"""Counter-based random numbers: a value is a pure function of (key, counter).

Nothing is stored but the key, so a world draws the same numbers whatever the batch size, the
thread count or the order in which the other worlds are stepped. The mixing function is
SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014).
"""

from __future__ import annotations

import numpy as np

from roadworthy.sim.kernel import kernel

_CHILD = np.uint64(0xA0761D6478BD642F)  # keeps keys apart from the draws of their parent
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S40 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(40)
_TO_UNIT = np.float32(1.0 / (1 << 24))


@kernel
def mix(x: np.uint64) -> np.uint64:
    """Scramble 64 bits."""
    x = (x ^ (x >> _S30)) * _MIX_1
    x = (x ^ (x >> _S27)) * _MIX_2
    return x ^ (x >> _S31)


@kernel
def derive(key: np.uint64, index: int) -> np.uint64:
    """Make the key of the stream number `index` below `key`."""
    return mix((np.uint64(key) ^ _CHILD) + _GOLDEN * (np.uint64(index) + np.uint64(1)))


@kernel
def uniform(key: np.uint64, counter: int) -> np.float32:
    """Draw number `counter` of stream `key`, in [0, 1)."""
    bits = mix(np.uint64(key) + _GOLDEN * (np.uint64(counter) + np.uint64(1)))
    return np.float32(bits >> _S40) * _TO_UNIT


@kernel
def integer(key: np.uint64, counter: int, n: int) -> int:
    """Draw number `counter` of stream `key` as an integer in [0, n)."""
    return int(uniform(key, counter) * n)


@kernel
def normal(key: np.uint64, counter: int) -> np.float32:
    """Draw a standard normal number (Box-Muller on draws 2 * counter and 2 * counter + 1)."""
    u = max(uniform(key, 2 * counter), np.float32(1e-7))
    v = uniform(key, 2 * counter + 1)
    return np.float32(np.sqrt(-2.0 * np.log(u)) * np.cos(2.0 * np.pi * v))
