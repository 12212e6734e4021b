"""Newton on the unbounded theta, with an eigenvalue-modified Hessian, backtracking and several starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipdma.model.visits.criterion import Evaluation, Problem, evaluate
from ipdma.model.visits.derivatives import differentiate

Array = NDArray[Any]
ITERATIONS = 200
DECREMENT = 1e-10


@dataclass(frozen=True)
class Optimum:
    """Where the search ended, and whether it got there."""

    point: Evaluation
    converged: bool
    evaluations: int


def newton(problem: Problem, start: Array) -> Optimum | None:
    """Minimise from one start; None where the criterion cannot be evaluated there."""
    first = evaluate(problem, start)
    if first is None:
        return None
    point = differentiate(problem, first)
    count = 1
    for _ in range(ITERATIONS):
        assert point.gradient is not None
        assert point.hessian is not None
        values, vectors = np.linalg.eigh(point.hessian)
        floor = max(float(np.abs(values).max()) * 1e-9, 1e-10)
        step = -vectors @ ((vectors.T @ point.gradient) / np.maximum(np.abs(values), floor))
        decrement = float(-point.gradient @ step)
        if decrement < DECREMENT:
            return Optimum(point, True, count)
        longest = 2.0 * (1.0 + float(np.abs(point.theta).max()))
        step *= min(1.0, longest / max(float(np.abs(step).max()), 1e-300))
        found = backtrack(problem, point, step, decrement)
        count += found[1]
        if found[0] is None:
            return Optimum(point, decrement < 1e-5, count)
        point = found[0]
    return Optimum(point, False, count)


def backtrack(
    problem: Problem, point: Evaluation, step: Array, decrement: float
) -> tuple[Evaluation | None, int]:
    """Halve the step until the criterion falls enough; None where it no longer can."""
    size = 1.0
    for tries in range(1, 40):
        trial = evaluate(problem, point.theta + size * step)
        if trial is not None and trial.value < point.value - 1e-4 * size * decrement:
            return differentiate(problem, trial), tries
        if size * decrement < 1e-13 * max(1.0, abs(point.value)):
            return None, tries
        size /= 2
    return None, 40


def minimise(problem: Problem, starts: list[Array]) -> Optimum | None:
    """The lowest criterion that any start reaches."""
    best: Optimum | None = None
    total = 0
    for start in starts:
        reached = newton(problem, start)
        if reached is None:
            continue
        total += reached.evaluations
        lower = best is None or reached.point.value < best.point.value - 1e-9
        if lower or (best is not None and reached.converged and not best.converged):
            best = reached
    return None if best is None else Optimum(best.point, best.converged, total)
