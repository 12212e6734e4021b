"""Ranges and bins that end at no one person's value."""

from __future__ import annotations

import numpy as np

INSIDE = (0.05, 0.95)  # quantiles between which a curve is drawn
STEPS = 20  # round numbers in that range


def round_step(values: np.ndarray) -> float:
    """A round number (1, 2 or 5 times a power of ten), about a twentieth of the middle nine tenths."""
    low, high = np.quantile(values, INSIDE)
    width = (high - low) / STEPS or np.ptp(values) / STEPS or 1.0
    power = 10.0 ** np.floor(np.log10(width))
    return float(next(n * power for n in (1, 2, 5, 10) if n * power >= width * (1 - 1e-9)))


def inner_range(values: np.ndarray) -> tuple[float, float]:
    """The 5th and the 95th percentile, each at the nearest round number that lies inside the values."""
    step = round_step(values)
    low, high = (round(float(q) / step) * step for q in np.quantile(values, INSIDE))
    return (low, high) if low < high else (low - step, high + step)


def shown_quantile(values: np.ndarray, share: float, fewest: int) -> float:
    """A quantile that is no one person's value: rounded just as far as that enough people round to it.

    Parameters
    ----------
    values : (n,) array
    share : float
        Between 0 and 1.
    fewest : int
        People that the number stands for at least, where there are so many.
    """
    exact = float(np.quantile(values, share))
    if int(np.isclose(values, exact, rtol=1e-9).sum()) >= fewest:
        return exact
    largest = round_step(values)
    power = 10.0 ** np.floor(np.log10(largest))
    steps = [n * power / finer for finer in (100, 10, 1) for n in (1, 2, 5) if n * power / finer < largest]
    for step in steps:
        near = nearest(exact, step)
        if int((np.abs(values - near) <= step / 2).sum()) >= fewest:
            return near
    return nearest(exact, largest)


def nearest(value: float, step: float) -> float:
    """The multiple of a round number that lies nearest, without the last digits of its making."""
    return float(f"{round(value / step) * step:.12g}")


def is_inside(values: np.ndarray, value: float, fewest: int) -> bool:
    """Whether at least so many people lie at or beyond a value on either side."""
    return bool((values <= value).sum() >= fewest and (values >= value).sum() >= fewest)


def bin_edges(values: np.ndarray, bins: int, fewest: int) -> list[float]:
    """Inner edges of bins at round numbers, near the quantiles; the outer bins are open.

    Parameters
    ----------
    values : (n,) array
    bins : int
        No more than so many bins.
    fewest : int
        Values that each bin holds at least.
    """
    step = round_step(values)
    wanted = np.quantile(values, np.linspace(0, 1, bins + 1)[1:-1])
    edges: list[float] = []
    for edge in sorted({round(float(q) / step) * step for q in wanted}):
        below = edges[-1] if edges else -np.inf
        inside = int(((values >= below) & (values < edge)).sum())
        if inside >= fewest and int((values >= edge).sum()) >= fewest:
            edges.append(edge)
    return edges
