"""Where a profile deviance meets a quantile: Newton's method on its root, which is almost a line.

The slope of a profile is the slope of the deviance in the held parameter, everything else at its optimum.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

STEPS = 60
CLOSE = 1e-6  # a last step of this share of the way: Newton squares the error
FARTHEST = 4.0  # times the way from the optimum, in one step where nothing beyond is known


@dataclass(frozen=True)
class Profile:
    """A profile deviance around its lowest value.

    Attributes
    ----------
    at : callable
        A held value to the lowest deviance there and its slope.
    best, lowest : float
        The value without restriction, and the deviance there.
    target : float
        How far the root of the deviance's rise above the lowest may go: a normal quantile.
    """

    at: Callable[[float], tuple[float, float]]
    best: float
    lowest: float
    target: float

    def root(self, value: float) -> tuple[float, float]:
        """The root of the rise above the lowest deviance, and its slope."""
        deviance, slope = self.at(value)
        rise = math.sqrt(max(deviance - self.lowest, 0.0))
        return rise, slope / (2 * rise) if rise else 0.0

    def lower_end(self, least: float) -> float:
        """The lower end of a standard deviation's interval; zero where zero is inside.

        An estimate below `least` counts as zero. Raises ValueError as `end` does.
        """
        if self.best < least:
            return 0.0
        rise, _ = self.root(0.0)
        if rise <= self.target:
            return 0.0
        return self.end(self.best * (1 - self.target / rise), outside=0.0)

    def end(self, guess: float, outside: float | None = None, most: float = math.inf) -> float:
        """The end of the interval on the side of a first guess; infinite where it is farther off than `most`.

        Parameters
        ----------
        guess : float
            A held value other than the best.
        outside : float, optional
            A value that is known to lie outside the interval.
        most : float
            The distance from the best value beyond which nothing is looked for.

        Raises
        ------
        ValueError
            Where the profile jumps over the target.
        """
        inside, value = self.best, guess
        for _ in range(STEPS):
            rise, slope = self.root(value)
            if rise < self.target:
                inside = value
                if outside is None and abs(value - self.best) > most:
                    return math.copysign(math.inf, value - self.best)
            else:
                outside = value
            step = (self.target - rise) / slope if slope else math.nan
            if abs(step) <= CLOSE * abs(value - self.best):
                return value + step
            value = self.next(value, step, inside, outside)
            if outside is not None and abs(value - inside) <= CLOSE * abs(value - self.best):
                break
        raise ValueError("the profile deviance jumps over its target")

    def next(self, value: float, step: float, inside: float, outside: float | None) -> float:
        """Newton's step where it lands between the known sides, else the middle or a wider reach."""
        moved, reach = value + step, value - self.best
        if outside is not None:
            between = min(inside, outside) < moved < max(inside, outside)
            return moved if between else (inside + outside) / 2
        share = (moved - self.best) / reach
        return self.best + reach * (min(share, FARTHEST) if share > 1 else FARTHEST)
