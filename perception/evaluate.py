"""How good the network is: precision and recall by class and distance, and the light."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from roadworthy.perception import grid
from roadworthy.perception import signature as net
from roadworthy.perception.dataset import Samples
from roadworthy.perception.decode import Decoder
from roadworthy.perception.scene import LightCol, LightState, UserClass
from roadworthy.perception.user_box import UserBox

Backend = Callable[[Mapping[str, NDArray[Any]]], Mapping[str, NDArray[Any]]]

DISTANCES: Final = (0.0, 15.0, 30.0, 48.0)  # [m] edges of the bins
MATCH: Final = 2.0  # [m] between centres (nuScenes matches at 0.5, 1, 2 and 4 m)
_CLASSES: Final = tuple(kind.name.lower() for kind in UserClass)
_STATES: Final = tuple(state.name.lower() for state in LightState)


def _zeros() -> NDArray[np.int64]:
    return np.zeros((len(UserClass), len(DISTANCES) - 1), np.int64)


@dataclass(eq=False)
class Score:
    """Counts over frames.

    Road users that no lidar return touches are neither asked nor held against the network.
    """

    found: NDArray[np.int64] = field(default_factory=_zeros)  # [class, bin] true positives
    missed: NDArray[np.int64] = field(default_factory=_zeros)
    false: NDArray[np.int64] = field(default_factory=_zeros)
    place_error: list[float] = field(default_factory=list)  # [m] of the true positives
    heading_error: list[float] = field(default_factory=list)  # [rad] of the found vehicles
    light: NDArray[np.int64] = field(  # [true state, told state], the map knows the light
        default_factory=lambda: np.zeros((len(LightState), len(LightState)), np.int64)
    )
    light_distance: list[float] = field(default_factory=list)  # [m] error without the map

    def summary(self) -> dict[str, Any]:
        """Return the figures as plain data."""
        tp, fn, fp = (a.sum(1) for a in (self.found, self.missed, self.false))
        right = int(np.trace(self.light))
        governed = self.light[1:]
        return {
            "precision": dict(zip(_CLASSES, _share(tp, tp + fp), strict=True)),
            "recall": dict(zip(_CLASSES, _share(tp, tp + fn), strict=True)),
            "recall_by_distance": {
                name: _share(self.found[k], self.found[k] + self.missed[k])
                for k, name in enumerate(_CLASSES)
            },
            "precision_by_distance": {
                name: _share(self.found[k], self.found[k] + self.false[k])
                for k, name in enumerate(_CLASSES)
            },
            "counts": {name: int(n) for name, n in zip(_CLASSES, tp + fn, strict=True)},
            "distance_edges_m": list(DISTANCES),
            "place_error_m": float(np.mean(self.place_error)) if self.place_error else None,
            "heading_error_deg": (
                float(np.degrees(np.median(self.heading_error))) if self.heading_error else None
            ),
            "light_accuracy": right / max(int(self.light.sum()), 1),
            "light_accuracy_where_governed": (
                int(np.trace(self.light[1:, 1:])) / max(int(governed.sum()), 1)
            ),
            "light_confusion": {name: self.light[k].tolist() for k, name in enumerate(_STATES)},
            "light_distance_error_m": (
                float(np.mean(self.light_distance)) if self.light_distance else None
            ),
        }


def _share(part: NDArray[np.int64], whole: NDArray[np.int64]) -> list[float | None]:
    return [float(p / w) if w else None for p, w in zip(part, whole, strict=True)]


def evaluate(backend: Backend, samples: Samples, decoder: Decoder | None = None) -> Score:
    """Run the (deployed) network over samples and count.

    Args:
        backend: maps named inputs of batch 1 to named outputs.
        samples: frames with labels.
        decoder: thresholds; the ones of the running stack by default.
    """
    decoder, score = decoder or Decoder(), Score()
    for i in range(len(samples)):
        one = samples.take(slice(i, i + 1))
        out = backend(
            {
                net.IMAGE: one.image,
                net.RASTER: one.raster,
                net.ROUTE: one.route,
                net.HINT: one.hint,
            }
        )
        detections = decoder(out[net.HEAT][0], out[net.BOX][0])
        _count_users(score, detections, samples.labels[i])
        state = int(samples.light[i, LightCol.STATE])
        score.light[state, int(out[net.LIGHT][0].argmax())] += 1
        if state != LightState.NONE:
            seen = float(out[net.LIGHT_DISTANCE][0])
            score.light_distance.append(abs(seen - float(samples.light[i, LightCol.DISTANCE])))
    return score


def _bin(x: float, y: float) -> int:
    return int(np.clip(np.searchsorted(DISTANCES, np.hypot(x, y)) - 1, 0, len(DISTANCES) - 2))


def _count_users(
    score: Score, detections: NDArray[np.float32], labels: NDArray[np.float32]
) -> None:
    """Match detections, strongest first, to the labels of one frame."""
    margin = 0.5 * grid.CELL
    inside = (
        (labels[:, UserBox.LENGTH] > 0)
        & (labels[:, UserBox.X] > grid.X_MIN + margin)
        & (labels[:, UserBox.X] < grid.X_MAX - margin)
        & (np.abs(labels[:, UserBox.Y]) < grid.Y_MAX - margin)
    )
    labels = labels[inside & (np.hypot(labels[:, 0], labels[:, 1]) < DISTANCES[-1])]
    open_ = np.ones(len(labels), np.bool_)
    for d in detections:
        if np.hypot(d[UserBox.X], d[UserBox.Y]) >= DISTANCES[-1]:
            continue
        kind = int(d[UserBox.CLASS])
        away = np.hypot(labels[:, 0] - d[UserBox.X], labels[:, 1] - d[UserBox.Y])
        away = np.where(open_ & (labels[:, UserBox.CLASS] == kind), away, np.inf)
        best = int(away.argmin()) if len(away) else -1
        if best < 0 or away[best] > MATCH:
            score.false[kind, _bin(d[UserBox.X], d[UserBox.Y])] += 1
            continue
        open_[best] = False
        label = labels[best]
        if label[UserBox.HITS] < 1:
            continue
        score.found[kind, _bin(label[0], label[1])] += 1
        score.place_error.append(float(away[best]))
        if kind == UserClass.VEHICLE:
            cosine = d[UserBox.COS] * label[UserBox.COS] + d[UserBox.SIN] * label[UserBox.SIN]
            score.heading_error.append(float(np.arccos(np.clip(cosine, -1.0, 1.0))))
    for label in labels[open_ & (labels[:, UserBox.HITS] >= 1)]:
        score.missed[int(label[UserBox.CLASS]), _bin(label[0], label[1])] += 1


def print_score(score: Score, title: str, console: Console | None = None) -> None:
    """Print the figures as tables."""
    console, figures = console or Console(), score.summary()
    table = Table(title=title)
    bins = [f"{a:g}-{b:g} m" for a, b in pairwise(DISTANCES)]
    for heading in ("class", "", "labels", "all", *bins):
        table.add_column(heading, justify="left" if heading in ("class", "") else "right")
    for name in _CLASSES:
        for what, labels in (("precision", ""), ("recall", str(figures["counts"][name]))):
            row = [figures[what][name], *figures[f"{what}_by_distance"][name]]
            shown = name if what == "precision" else ""
            table.add_row(shown, what, labels, *(_percent(value) for value in row))
    console.print(table)
    light = Table(title="light: rows are true, columns are told")
    for heading in ("", *_STATES):
        light.add_column(heading, justify="right")
    for name, row in figures["light_confusion"].items():
        light.add_row(name, *(str(n) for n in row))
    console.print(light)
    console.print(
        f"light accuracy {_percent(figures['light_accuracy'])}, where one governs "
        f"{_percent(figures['light_accuracy_where_governed'])}; mean place error "
        f"{figures['place_error_m'] or 0:.2f} m, median heading error "
        f"{figures['heading_error_deg'] or 0:.1f} degrees"
    )


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"
