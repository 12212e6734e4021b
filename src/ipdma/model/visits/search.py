"""The search over the unbounded theta of the covariances, from several starts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipdma.model.factor import factor_of, is_singular
from ipdma.model.newton import Optimum, Search, newton_step
from ipdma.model.visits.criterion import Evaluation, VisitsProblem, between_matrix, evaluate, within_matrix
from ipdma.model.visits.derivatives import differentiate

Array = NDArray[Any]
SINGULAR = 1e-7  # of the mean variance of a visit: a variance no larger counts as zero


class VisitsSearch(Search[Evaluation]):
    """Newton on theta; a point is the criterion with its derivatives."""

    most_steps = 200

    def __init__(self, problem: VisitsProblem) -> None:
        self.problem = problem

    def direction(self, point: Evaluation) -> tuple[Array, float]:
        """Newton's step, no entry past 2 (1 + max |theta|), and g'|H|^-1 g: twice the decrease to expect."""
        assert point.gradient is not None
        assert point.hessian is not None
        step, decrease, _ = newton_step(point.gradient, point.hessian, 1e-9, 1e-10)
        longest = 2.0 * (1.0 + float(np.abs(point.theta).max()))
        return step * min(1.0, longest / max(float(np.abs(step).max()), 1e-300)), decrease

    def enough(self, point: Evaluation) -> float:
        """A deviance of 1e-10."""
        return 1e-10

    def nearly(self, point: Evaluation) -> float:
        """A deviance of 1e-5."""
        return 1e-5

    def on_boundary(self, point: Evaluation) -> bool:
        """Whether the participants' variance, or a direction of D, is zero beside a visit's variance."""
        problem = self.problem
        gamma = problem.covariance.gamma(point.theta)
        within = [np.trace(within_matrix(problem, gamma, s.study)) for s in problem.studies]
        least = float(np.sqrt(SINGULAR * np.mean(within) / problem.n_visits))
        participants = np.sqrt(gamma[:1, None]) if problem.covariance.participant else np.eye(0)
        between = factor_of(between_matrix(problem, gamma))
        return bool(is_singular(between, least) | is_singular(participants, least))

    def shorten(self, point: Evaluation, step: Array, promised: float) -> Evaluation | None:
        """Halve the step until the criterion falls enough; None where it no longer can."""
        size = 1.0
        for _ in range(39):
            trial = evaluate(self.problem, point.theta + size * step)
            if trial is not None and trial.value < point.value - 1e-4 * size * promised:
                return differentiate(self.problem, trial)
            if size * promised < 1e-13 * max(1.0, abs(point.value)):
                return None
            size /= 2
        return None


def minimise(problem: VisitsProblem, starts: Sequence[Array]) -> Optimum[Evaluation] | None:
    """The lowest criterion that any start reaches; None where it cannot be evaluated at any."""
    search = VisitsSearch(problem)
    best: Optimum[Evaluation] | None = None
    for start in starts:
        first = evaluate(problem, start)
        reached = None if first is None else search.descend(differentiate(problem, first))
        if reached is None:
            continue
        lower = best is None or reached.point.value < best.point.value - 1e-9
        if lower or (best is not None and reached.converged and not best.converged):
            best = reached
    return best
