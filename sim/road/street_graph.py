"""The street graph of a generated town: leave streets out, but never so that it falls apart."""

from __future__ import annotations

import numpy as np

Edge = tuple[int, int]


def thin_out(edges: list[Edge], nodes: int, count: int, rng: np.random.Generator) -> list[Edge]:
    """Remove up to `count` edges so that every node still lies on a loop.

    Args:
        edges: pairs of nodes.
        nodes: number of nodes.
        count: how many to remove at most.
        rng: draws the order in which edges are tried.

    Returns:
        The edges that are left, in their order; no single one of them can be cut without
        cutting the town in two.
    """
    kept = list(edges)
    for index in rng.permutation(len(edges)):
        if len(edges) - len(kept) >= count:
            break
        trial = [edge for edge in kept if edge != edges[index]]
        if is_bridgeless(trial, nodes):
            kept = trial
    return kept


def is_bridgeless(edges: list[Edge], nodes: int) -> bool:
    """Return whether the graph is connected, and stays so whichever edge is cut."""
    return is_connected(edges, nodes) and all(
        is_connected(edges[:i] + edges[i + 1 :], nodes) for i in range(len(edges))
    )


def is_connected(edges: list[Edge], nodes: int) -> bool:
    """Return whether every node can be reached from node 0."""
    neighbours: list[list[int]] = [[] for _ in range(nodes)]
    for a, b in edges:
        neighbours[a].append(b)
        neighbours[b].append(a)
    seen, frontier = {0}, [0]
    while frontier:
        for other in neighbours[frontier.pop()]:
            if other not in seen:
                seen.add(other)
                frontier.append(other)
    return len(seen) == nodes
