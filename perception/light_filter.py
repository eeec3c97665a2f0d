"""The light over time: one frame's doubt does not make the light change.

A recursive Bayes filter over the states of the light with a transition model (lights turn from
green to yellow to red to green), then hysteresis: the state that is told changes once the other
one is clearly likelier. Red and yellow are believed faster than green, since a red light missed
is worse than a green one.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from roadworthy.perception.scene import LIGHT_RANGE, LightCol, LightState

_N = len(LightState)
# Chance of turning from the row's state to the column's within 0.1 s; rows sum to 1.
_TURN: Final = np.array(
    [
        # none, green, yellow, red
        [0.900, 0.040, 0.020, 0.040],
        [0.020, 0.960, 0.015, 0.005],
        [0.020, 0.005, 0.940, 0.035],
        [0.020, 0.010, 0.005, 0.965],
    ]
)
# Share of probability from which a state is told while another one is in force.
_BELIEVED: Final = np.array([0.7, 0.7, 0.5, 0.5])
_FLOOR: Final = 0.05  # of a single frame's likelihood: no frame is certain
_LOST_AFTER: Final = 1.0  # [m] behind the front, a line governs no longer


class LightFilter:
    """Keeps the belief about the light that governs the ego."""

    def __init__(self) -> None:
        self._row = np.zeros(len(LightCol), np.float32)
        self.reset()

    def reset(self) -> None:
        """Forget."""
        self._belief = np.full(_N, 1.0 / _N)
        self._state = int(LightState.NONE)
        self._distance = float(LIGHT_RANGE)

    def update(
        self,
        probabilities: NDArray[np.float32],
        seen_distance: float,
        map_distance: float | None,
        moved: float,
    ) -> NDArray[np.float32]:
        """Take in one frame.

        Args:
            probabilities: [LightState] of this frame.
            seen_distance: [m] to the stop line, as the network tells it.
            map_distance: [m] as map and localisation tell it; None where the map knows no light
                within LIGHT_RANGE. Where given it is more exact than the network's.
            moved: [m] driven since the last call.

        Returns:
            A row of LightCol; the same array each time.
        """
        jumped = map_distance is not None and map_distance > self._distance + 10.0
        if jumped and self._state != LightState.NONE:
            self.reset()  # the line was passed; the next light is another one
        likelihood = np.maximum(probabilities.astype(np.float64), _FLOOR)
        belief = (self._belief @ _TURN) * likelihood
        self._belief = belief / belief.sum()
        best = int(self._belief.argmax())
        if best != self._state and self._belief[best] >= _BELIEVED[best]:
            self._state = best
        self._follow(seen_distance, map_distance, moved)
        row = self._row
        row[LightCol.STATE] = self._state
        row[LightCol.DISTANCE] = self._distance
        row[LightCol.CONFIDENCE] = self._belief[self._state]
        return row

    def _follow(self, seen: float, mapped: float | None, moved: float) -> None:
        """Update the distance to the stop line."""
        if self._state == LightState.NONE:
            self._distance = float(LIGHT_RANGE)
        elif mapped is not None:
            self._distance = mapped
        else:
            expected = self._distance - moved
            if self._distance >= LIGHT_RANGE or abs(seen - expected) > 15.0:
                expected = seen
            self._distance = expected + 0.2 * (seen - expected)
            if self._distance < -_LOST_AFTER:
                self.reset()
