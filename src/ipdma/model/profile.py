"""Profile-likelihood intervals of variance components and of single coefficients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from ipdma.model.bordered import Bordered
from ipdma.model.criterion import Point, Value, evaluate
from ipdma.model.crossing import Profile
from ipdma.model.derivatives import differentiate
from ipdma.model.factor import factor_of
from ipdma.model.newton import Optimum, Search, newton_step
from ipdma.model.problem import Prepared, Problem
from ipdma.model.search import FLOOR, State, on_boundary, pack, search_derivatives, unpack

STEPS = 60
LARGEST = 1e6  # a variance this many times the residual one counts as without upper limit


def variance_intervals(
    prepared: Prepared, optimum: Optimum[State], only: str = ""
) -> dict[str, tuple[float, float]]:
    """Profile intervals of the variances between studies, of participants and of the residuals.

    Residual variances by study have none here. Under REML the profile is that of the restricted likelihood.
    The upper end is infinite where the likelihood never falls far enough; both ends are NaN where the profile
    could not be followed. `only` asks for one kind of component: `treatment`, `interaction`, `residual`.

    Returns
    -------
    dict of str to (float, float)
        By the component's name, in the outcome's units squared.
    """
    full, scale = prepared.full, prepared.scaling.scale
    unit = scale[full.y] ** 2
    level = prepared.design.spec.level
    found: dict[str, tuple[float, float]] = {}
    for name, i, times in prepared.design.components:
        if not name.startswith(only):
            continue
        low, high = random_interval(prepared.swept, optimum, i, level)
        size = times * unit / scale[full.z[i]] ** 2
        found[name] = (low * size, high * size)
    d = len(full.pairs)
    if full.participant and prepared.design.spec.clustered.startswith(only):
        low, high = interval_of(prepared.swept, optimum.point, d + full.n_groups, level, np.square)
        found[prepared.design.spec.clustered] = (low * unit, high * unit)
    if prepared.design.spec.residual == "common" and "residual".startswith(only):
        low, high = interval_of(prepared.swept, optimum.point, d, level, np.exp)
        found["residual"] = (low * unit, high * unit)
    return found


def random_interval(
    problem: Problem, optimum: Optimum[State], which: int, level: float
) -> tuple[float, float]:
    """Interval of D_ii: the effect goes first, so that its variance is the square of one entry of L."""
    turned: Problem = problem
    point: Point = optimum.point
    if which == 1 and (1, 0) in problem.pairs:
        turned, point = swap_first_two(problem, point)
        which = 0
    at = turned.pairs.index((which, which))
    return interval_of(turned, point, at, level, np.square)


def swap_first_two(problem: Problem, point: Point) -> tuple[Problem, Point]:
    """The same model with its first two random effects in the other order."""
    order = np.arange(len(problem.z))
    order[:2] = [1, 0]
    raw = problem.raw_zz[..., order[:, None], order]
    between = point.between[order[:, None], order]
    factor = factor_of(between)
    return replace(problem, z=problem.z[order], raw_zz=raw), Point(factor, point.sigma2, point.phi)


def interval_of(
    problem: Problem,
    point: Point,
    at: int,
    level: float,
    forward: Callable[[float], float],
) -> tuple[float, float]:
    """Interval of forward(theta[at]), a variance, by the profile deviance; NaN where that jumps."""
    for restart in (False, True):
        try:
            low, high = profile_ends(problem, point, at, level, forward is np.square, restart)
        except ValueError:  # the search slipped into another basin: once more, each time from the optimum
            continue
        return float(forward(low)), float(forward(high))
    return float("nan"), float("nan")


def profile_ends(
    problem: Problem, point: Point, at: int, level: float, squared: bool, restart: bool
) -> tuple[float, float]:
    """Both ends of the interval of theta[at]; `restart` searches from the optimum at every value.

    Raises
    ------
    ValueError
        Where the profile jumps.
    """
    theta = pack(problem, point)
    theta[at] = abs(theta[at]) if squared else theta[at]
    path = {"theta": theta}

    def held_at(value: float) -> tuple[float, float]:
        start = theta if restart else path["theta"]
        path["theta"], deviance, slope = constrained(problem, start, at, value)
        return deviance, slope

    best, scale = float(theta[at]), float(np.sqrt(point.sigma2.mean()))
    target = float(special.ndtri(0.5 + level / 2))
    profile = Profile(held_at, best, evaluate(problem, point).deviance, target)
    low = profile.lower_end(1e-6 * scale) if squared else profile.end(best - 0.1, most=30.0)
    path["theta"] = theta
    if squared:
        return low, profile.end(best + max(best, 0.05 * scale) / 2, most=np.sqrt(LARGEST) * scale)
    return low, profile.end(best + 0.1, most=30.0)


def constrained(
    problem: Problem, theta: np.ndarray, at: int, value: float
) -> tuple[np.ndarray, float, float]:
    """The lowest deviance with one search parameter held, from a warm start; and its slope in that one."""
    theta = theta.copy()
    theta[at] = value
    search = HeldSearch(problem, np.arange(len(theta)) != at)
    reached = search.descend(search.state(wake_up(problem, positive_root(problem, theta), search.free)))
    assert reached is not None
    return reached.point.theta, reached.point.value.deviance, float(search.gradient[at])


@dataclass(frozen=True)
class Held:
    """A point of the search: its parameters and the criterion there."""

    theta: np.ndarray
    point: Point
    value: Value


class HeldSearch(Search[Held]):
    """Newton on the deviance; parameters that are not `free` are held."""

    most_steps = STEPS

    def __init__(self, problem: Problem, free: np.ndarray) -> None:
        self.problem, self.free = problem, free

    def state(self, theta: np.ndarray) -> Held:
        """The criterion at some parameters."""
        return held(self.problem, positive_root(self.problem, theta))

    def direction(self, point: Held) -> tuple[np.ndarray, float]:
        """Newton's step in the free parameters; none where all are held."""
        free, step = self.free, np.zeros_like(point.theta)
        derivatives = differentiate(self.problem, point.point, point.value)
        gradient, hessian = search_derivatives(self.problem, point.point, derivatives)
        self.gradient = gradient
        if not free.any():
            return step, 0.0
        step[free], decrease, _ = newton_step(
            gradient[free], picked(hessian, free), FLOOR, FLOOR, scaled=True
        )
        return step, decrease / 2

    def shorten(self, point: Held, step: np.ndarray, promised: float) -> Held | None:
        """The first of step, step/3, ... that lowers the deviance."""
        return lower(self.problem, point.theta, self.free, step[self.free], point.value.deviance)

    def enough(self, point: Held) -> float:
        """A deviance of 1e-11."""
        return 1e-11

    def nearly(self, point: Held) -> float:
        """A deviance of 1e-6."""
        return 1e-6

    def on_boundary(self, point: Held) -> bool:
        """Whether D is singular, or the participant variance is zero."""
        return on_boundary(self.problem, point.point)


def picked(hessian: np.ndarray | Bordered, free: np.ndarray) -> np.ndarray | Bordered:
    """The Hessian in the free parameters."""
    return hessian.picked(free) if isinstance(hessian, Bordered) else hessian[np.ix_(free, free)]


def held(problem: Problem, theta: np.ndarray) -> Held:
    """The criterion at some parameters."""
    point = unpack(problem, theta)
    return Held(theta, point, evaluate(problem, point))


def positive_root(problem: Problem, theta: np.ndarray) -> np.ndarray:
    """Take the participants' standard deviation as positive, as the derivatives do."""
    return np.append(theta[:-1], abs(theta[-1])) if problem.participant else theta


def wake_up(problem: Problem, theta: np.ndarray, free: np.ndarray) -> np.ndarray:
    """Move variances off zero, where their gradient vanishes, before the others are optimised."""
    d = len(problem.pairs)
    sigma = float(np.exp(theta[d] / 2))
    for a, (i, j) in enumerate(problem.pairs):
        if free[a] and i == j and abs(theta[a]) < 1e-3 * sigma:
            theta[a] = 0.05 * sigma
    if problem.participant and free[-1] and abs(theta[-1]) < 1e-3 * sigma:
        theta[-1] = 0.05 * sigma
    return theta


def lower(
    problem: Problem, theta: np.ndarray, free: np.ndarray, step: np.ndarray, deviance: float
) -> Held | None:
    """The first of step, step/3, ... that lowers the deviance with the held parameter untouched."""
    step = step / max(1.0, float(np.abs(step).max()) / 2)
    for _ in range(14):
        trial = theta.copy()
        trial[free] += step
        try:
            moved = held(problem, positive_root(problem, trial))
            if moved.value.deviance < deviance:
                return moved
        except np.linalg.LinAlgError:
            pass
        step = step / 3
    return None
