"""Newton on the unbounded Cholesky factor, from several starts.

The search parameters are the free entries of L (D = L L'), the logarithms of the residual variances and the
root of the participant variance. None is bounded: L may change sign, and a variance of zero is an ordinary
point, a saddle when the variance is truly positive, from which negative curvature leads away, and a minimum
with quadratic convergence when it is truly zero.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.linalg import lapack

from ipdma.model.bordered import Bordered
from ipdma.model.criterion import Point, Value, best_scale, evaluate
from ipdma.model.derivatives import Derivatives, differentiate
from ipdma.model.factor import is_singular
from ipdma.model.newton import Optimum, Search, eigen, lowest_direction, newton_step, solve_definite
from ipdma.model.problem import Problem
from ipdma.model.structure import structure_of

MAX_STEPS = 100
SCORING_STEPS = 3
FAR = 1.0  # a predicted gain in deviance below which Newton's step is as sure as a scoring step
FLOOR = 1e-7  # of the scaled Hessian's eigenvalues
GRADIENT_TOLERANCE = 1e-10  # of the predicted gain in deviance
NEARLY = 1e-6  # the same where rounding hides what a step gains
POLISHING_STEPS = 3
POLISHED = 1e-22  # a gain below which no step is worth its while
HOPELESS = 20.0  # a deviance that far above the known optimum's is no start towards a lower one
NEAR_BOUNDARY = 0.1  # share of the residual (or largest) variance below which the boundary is tried as well
SINGULAR = 1e-4  # share of the residual SD below which a direction of D counts as zero, as lme4 has it


def pack(problem: Problem, point: Point) -> np.ndarray:
    """Search parameters of a point."""
    entries = point.factor.ravel()[structure_of(problem).entries]
    phi = [np.sqrt(point.phi)] if problem.participant else []
    return np.concatenate([entries, np.log(point.sigma2), phi])


def unpack(problem: Problem, theta: np.ndarray) -> Point:
    """The point of search parameters."""
    d = len(problem.pairs)
    sigma2 = np.exp(theta[d : d + problem.n_groups])
    phi = float(theta[-1] ** 2) if problem.participant else 0.0
    return Point(structure_of(problem).factor(theta[:d]), sigma2, phi)


def tie(matrix: np.ndarray, tied: int) -> None:
    """Give the last `tied` diagonal entries the value of the first of them, in place."""
    if tied > 1:
        levels = np.arange(len(matrix) - tied, len(matrix))
        matrix[levels, levels] = matrix[levels[0], levels[0]]


def jacobian(problem: Problem, point: Point) -> np.ndarray:
    """d gamma / d theta: linear parameters by search parameters, shape (G, G)."""
    d, groups = len(problem.pairs), problem.n_groups
    total = d + groups + problem.participant
    jac = np.zeros((total, total))
    jac[:d, :d] = structure_of(problem).chain @ point.factor.ravel()
    jac.flat[d * (total + 1) : (d + groups) * (total + 1) : total + 1] = point.sigma2
    if problem.participant:
        jac[-1, -1] = 2 * np.sqrt(point.phi)
    return jac


def search_derivatives(
    problem: Problem, point: Point, derivatives: Derivatives
) -> tuple[np.ndarray, np.ndarray | Bordered]:
    """Gradient and Hessian of the deviance in the search parameters (chain rule)."""
    if isinstance(derivatives.hessian, Bordered):
        return many_derivatives(problem, point, derivatives, derivatives.hessian)
    jac, slope, sigma2 = jacobian(problem, point), derivatives.gradient, point.sigma2
    d, groups, total = len(problem.pairs), problem.n_groups, len(jac)
    hessian = jac.T @ derivatives.hessian @ jac
    hessian[:d, :d] += structure_of(problem).curvature @ slope[:d]
    hessian.flat[d * (total + 1) : (d + groups) * (total + 1) : total + 1] += slope[d : d + groups] * sigma2
    if problem.participant:
        hessian[-1, -1] += 2 * slope[-1]
    return slope @ jac, hessian


def many_derivatives(
    problem: Problem, point: Point, derivatives: Derivatives, hessian: Bordered
) -> tuple[np.ndarray, Bordered]:
    """The same with very many residual variances."""
    form, d = structure_of(problem), len(problem.pairs)
    jac, slope, sigma2 = form.chain @ point.factor.ravel(), derivatives.gradient, point.sigma2
    turned = hessian.turned(jac, sigma2)
    corner = turned.corner + form.curvature @ slope[:d]
    gradient = np.concatenate([jac.T @ slope[:d], sigma2 * slope[d:]])
    return gradient, replace(turned, corner=corner, own=turned.own + sigma2 * slope[d:])


def limit_step(problem: Problem, point: Point, step: np.ndarray) -> np.ndarray:
    """Keep a step from leaving the region where the quadratic model means anything."""
    d = len(problem.pairs)
    sigma = math.sqrt(mean(point.sigma2))
    reach = 2 * max(float(np.abs(point.factor).max(initial=0.0)), sigma)
    over = [float(np.abs(step[:d]).max(initial=0.0)) / reach]
    over.append(float(np.abs(step[d : d + problem.n_groups]).max()) / 2.0)
    if problem.participant:
        over.append(abs(float(step[-1])) / (2 * max(np.sqrt(point.phi), sigma)))
    return step / max(over) if max(over) > 1 else step


@dataclass(frozen=True)
class State(Point):
    """A point of the search, with the criterion and its derivatives there."""

    value: Value = field(kw_only=True)
    derivatives: Derivatives = field(kw_only=True)


class GaussianSearch(Search[State]):
    """Some scoring steps, then Newton, on the unbounded parameters.

    Parameters
    ----------
    known : Optimum of State, optional
        An optimum found from another start: the search ends where it enters its basin.
    scoring : int
        How many scoring steps to try first.
    """

    most_steps = MAX_STEPS

    def __init__(self, problem: Problem, known: Optimum[State] | None, scoring: int) -> None:
        self.problem, self.known, self.scoring = problem, known, scoring
        self.steps = 0

    def state(self, found: tuple[Point, Value]) -> State:
        """The point with its derivatives."""
        point, value = found
        derivatives = differentiate(self.problem, point, value)
        return State(point.factor, point.sigma2, point.phi, value=value, derivatives=derivatives)

    def direction(self, point: State) -> tuple[np.ndarray, float]:
        """Newton's step and the decrease that the quadratic model promises."""
        self.steps += 1
        gradient, self.hessian = search_derivatives(self.problem, point, point.derivatives)
        step, decrease, self.lowest = newton_step(gradient, self.hessian, FLOOR, FLOOR, scaled=True)
        return step, decrease / 2

    def is_known(self, point: State, promised: float) -> bool:
        """Whether a start has entered the basin of the known optimum."""
        known = self.known
        if known is None or promised >= 0.1 or not same_basin(point, point.value, known.point):
            return False
        return known.singular or same_floor(point, known.point)

    def enough(self, point: State) -> float:
        """A deviance of 1e-10."""
        return GRADIENT_TOLERANCE

    def nearly(self, point: State) -> float:
        """A deviance of 1e-6."""
        return NEARLY

    def on_boundary(self, point: State) -> bool:
        """Whether a variance or a direction of D is zero relative to the residual SD."""
        return on_boundary(self.problem, point)

    def beyond(self, point: State) -> State | None:
        """A lower point along a direction of negative curvature."""
        if self.lowest >= -1e-6:
            return None
        moved = leave_saddle(self.problem, point, point.value, self.hessian)
        return None if moved is None else self.state(moved)

    def shorten(self, point: State, step: np.ndarray, promised: float) -> State | None:
        """A scoring step while there are some left, else Newton's, shortened until the deviance falls."""
        moved = None
        if self.steps <= self.scoring and promised > FAR:
            moved = scoring_step(self.problem, point, point.value, point.derivatives)
            self.scoring = 0 if moved is None else self.scoring
        moved = moved or backtrack(self.problem, point, point.value, limit_step(self.problem, point, step))
        return None if moved is None else self.state(moved)


def descend(
    problem: Problem,
    start: tuple[Point, Value],
    known: Optimum[State] | None = None,
    scoring: int = SCORING_STEPS,
) -> Optimum[State]:
    """The optimum that one start reaches, which may be the known one."""
    search = GaussianSearch(problem, known, scoring)
    reached = search.descend(search.state(start)) or known
    assert reached is not None
    return reached


def same_basin(point: Point, value: Value, known: State) -> bool:
    """Whether a point is so near a known optimum that Newton would end there."""
    sigma2 = mean(known.sigma2)
    apart = float(np.abs(point.between - known.between).max(initial=0.0)) / sigma2
    apart = max(apart, abs(point.phi - known.phi) / sigma2)
    size = max(float(np.abs(known.between).max(initial=0.0)) / sigma2, 0.02)
    return apart < 0.1 * size and value.deviance < known.value.deviance + 0.1


def same_floor(point: Point, known: Point) -> bool:
    """Whether the smallest direction of D is about as large: a start beside the boundary has left it."""
    if not len(known.factor):
        return True
    least, expected = eigen(point.between)[0][0], eigen(known.between)[0][0]
    return bool(abs(least - expected) < 0.5 * expected)


def scoring_step(
    problem: Problem, point: Point, value: Value, derivatives: Derivatives
) -> tuple[Point, Value] | None:
    """gamma - T^-1 score, brought back to where D is positive definite; None where the deviance rises.

    Scoring is the surer step far from the optimum, where L's curvature says little.
    """
    d, r = len(problem.pairs), len(problem.z)
    if r == 0:
        return None
    step = solve_definite(derivatives.expected, -derivatives.gradient)
    if step is None:
        return None
    change = step[:d] @ structure_of(problem).directions.reshape(d, r * r)
    sigma2 = np.maximum(point.sigma2 + step[d : d + problem.n_groups], 0.2 * point.sigma2)
    factor = raised_factor(problem, *eigen(point.between + change.reshape(r, r)), 1e-3 * mean(sigma2))
    phi = max(point.phi + float(step[-1]), 0.1 * point.phi) if problem.participant else 0.0
    new_point, new = best_scale(problem, Point(factor, sigma2, phi))
    return (new_point, new) if new.deviance < value.deviance else None


def raised_factor(problem: Problem, values: np.ndarray, vectors: np.ndarray, floor: float) -> np.ndarray:
    """L of the D with these eigenvalues, raised to a floor, and eigenvectors. Raises LinAlgError."""
    between = (vectors * np.maximum(values, floor)) @ vectors.T
    factor, failed = lapack.dpotrf(between, lower=1, clean=1)
    if failed:
        raise np.linalg.LinAlgError("the covariance of the random effects is not positive definite")
    tie(factor, problem.tied)
    found: np.ndarray = factor
    return found


def mean(values: np.ndarray) -> float:
    """The mean of a few numbers, in a third of the time of numpy's own."""
    return float(values.sum()) / len(values)


def backtrack(problem: Problem, point: Point, value: Value, step: np.ndarray) -> tuple[Point, Value] | None:
    """The first of step, step/3, ... that lowers the deviance; None when none does."""
    theta = pack(problem, point)
    for _ in range(14):
        try:
            trial = unpack(problem, theta + step)
            new_point, new = best_scale(problem, trial)
        except np.linalg.LinAlgError:
            step = step / 3
            continue
        if np.isfinite(new.deviance) and new.deviance < value.deviance:
            return new_point, new
        step = step / 3
    return None


def leave_saddle(
    problem: Problem, point: Point, value: Value, hessian: np.ndarray | Bordered
) -> tuple[Point, Value] | None:
    """Go along the direction of most negative curvature, where the gradient is zero but descent is left."""
    direction = lowest_direction(hessian)
    for length in (1.0, 0.3, 0.1, 0.01):
        moved = backtrack(problem, point, value, limit_step(problem, point, length * direction))
        if moved is not None and moved[1].deviance < value.deviance - 1e-9:
            return moved
    return None


def on_boundary(problem: Problem, point: Point) -> bool:
    """Whether D is singular relative to the residual SD, or the participant variance is zero."""
    least = SINGULAR * math.sqrt(mean(point.sigma2))
    return bool(is_singular(point.factor, least)) or (problem.participant and np.sqrt(point.phi) <= least)


def boundary_start(problem: Problem, optimum: Optimum[State]) -> tuple[Point, Value] | None:
    """A start beside the boundary, where the smallest direction of D is small but not zero.

    Scoring keeps away from the boundary, and the likelihood can have a second optimum there (a correlation of
    one): in four thousand hard sets one had, from a start whose deviance was 6 above.
    """
    if not len(problem.z) or optimum.singular:
        return None
    values, vectors = eigen(optimum.point.between)
    sigma2 = mean(optimum.point.sigma2)
    if values[0] > NEAR_BOUNDARY * sigma2 and values[0] > NEAR_BOUNDARY * values[-1]:
        return None
    values[0] = 1e-4 * sigma2
    factor = raised_factor(problem, values, vectors, 1e-4 * sigma2)
    return best_scale(problem, Point(factor, optimum.point.sigma2, optimum.point.phi))


def starting_points(problem: Problem) -> list[Point]:
    """Starts spread over small and large variances between studies, the most likely first."""
    sigma2 = start_sigma2(problem)
    r, base = len(problem.z), float(np.mean(sigma2))
    varying = r - problem.tied + 1
    participants = [0.5, 0.1] if problem.participant else [0.0]
    if r == 0:
        return [Point(np.zeros((0, 0)), sigma2, share * base) for share in participants]
    ratios = [np.full(r, 0.2), np.full(r, 1.0)]
    if varying > 1:
        ratios += [np.where(np.minimum(np.arange(r), varying - 1) == i, 1.0, 0.05) for i in range(varying)]
    return [
        Point(np.diag(np.sqrt(base) * ratio), sigma2, share * base)
        for share in participants
        for ratio in ratios
    ]


def start_sigma2(problem: Problem) -> np.ndarray:
    """Residual variance of the pooled least squares fit, for each group."""
    plain = Point(np.zeros((len(problem.z),) * 2), np.ones(problem.n_groups))
    value = evaluate(problem, plain)
    return np.full(problem.n_groups, value.residual_ss / problem.residual_dimensions)


def minimise(problem: Problem, starts: list[Point] | None = None, most: int = 2) -> Optimum[State]:
    """The best optimum over several starts.

    Parameters
    ----------
    problem : Problem
    starts : list of Point, optional
        Default: a spread of starts.
    most : int
        How many of them are followed where a correlated intercept and treatment effect are all that varies:
        the most promising and the least. With random interactions each is: of 1,600 hard sets 7 had their
        optimum from another one.
    """
    scaled = [best_scale(problem, point) for point in starts or starting_points(problem)]
    ranked = sorted(scaled, key=lambda found: found[1].deviance)
    alone = len(problem.z) <= 2 and (1, 0) in problem.pairs  # intercept and treatment, correlated
    followed = [*ranked[: most - 1], ranked[-1]] if alone and len(ranked) > most else ranked
    optima: list[Optimum[State]] = []
    for start in followed:
        known = min(optima, key=lambda o: o.point.value.deviance) if optima else None
        optima.append(descend(problem, start, known))
    best = min(optima, key=lambda o: o.point.value.deviance)
    challenger = boundary_start(problem, best)
    if challenger is not None and challenger[1].deviance < best.point.value.deviance + HOPELESS:
        optima.append(descend(problem, challenger, best, scoring=0))
    return polish(problem, min(optima, key=lambda o: o.point.value.deviance))


def polish(problem: Problem, optimum: Optimum[State]) -> Optimum[State]:
    """The optimum after Newton steps whose gain is below what the deviance's rounding can show."""
    for _ in range(POLISHING_STEPS):
        point, search = optimum.point, GaussianSearch(problem, None, 0)
        step, promised = search.direction(point)
        if not POLISHED < promised < NEARLY or search.lowest < FLOOR:
            return optimum
        moved = search.state(best_scale(problem, unpack(problem, pack(problem, point) + step)))
        if moved.value.deviance > point.value.deviance + 1e-8:
            return optimum
        optimum = replace(optimum, point=moved)
    return optimum
