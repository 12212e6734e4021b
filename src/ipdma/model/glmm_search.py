"""The maximum of the marginal likelihood of a logistic mixed model: Newton steps from several starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ipdma.model.arrow import MANY, Arrow
from ipdma.model.factor import is_singular
from ipdma.model.glmm import GlmmData, Modes, factors, marginal
from ipdma.model.glmm_hessian import marginal_hessian
from ipdma.model.newton import Optimum, Search, newton_step

Array = np.ndarray
NEWTON_STEPS = 100
FLOOR, TINY = 1e-10, 1e-310  # of the curvature's eigenvalues: share of the largest, and the least
SINGULAR = 1e-4  # a standard deviation of a direction of D that counts as zero
GAIN = 1e-13  # a Newton step that promises less deviance than this share is the end


@dataclass(frozen=True)
class Layout:
    """Where each study's own copy of a parameter stands among the model's parameters.

    Attributes
    ----------
    index : ndarray of int, shape (K, c + m)
        Position in the parameter vector; -1 where the study lacks the column.
    size : int
        Number of parameters; the last m are theta.
    m : int
        Number of entries of theta.
    p : int
        Number of shared coefficients, the first ones.
    """

    index: Array
    size: int
    m: int
    p: int

    def spread(self, psi: Array) -> tuple[Array, Array]:
        """Each study's copy: coefficients of shape (K, c) and theta of shape (K, m)."""
        copies = np.where(self.index >= 0, psi[self.index], 0.0)
        c = self.index.shape[1] - self.m
        return copies[:, :c], copies[:, c:]

    def gather(self, gradient: Array) -> Array:
        """Sum the studies' gradients into one."""
        total = np.zeros(self.size)
        have = self.index >= 0
        np.add.at(total, self.index[have], gradient[have])
        return total

    def gather_hessian(self, blocks: Array) -> Array | Arrow:
        """Sum the studies' Hessian blocks, shape (K, c + m, c + m), into one."""
        if self.size > MANY:
            local = np.arange(self.index.shape[1])
            own = (local >= self.p) & (local < len(local) - self.m)
            whole = blocks[:, ~own][..., ~own].sum(axis=0)
            edge = blocks[:, own][..., ~own]
            return Arrow(
                whole, edge, blocks[:, own][..., own], self.index[0, ~own], self.index[:, own], self.size
            )
        total = np.zeros((self.size + 1, self.size + 1))  # the last for what a study does not have
        np.add.at(total, (self.index[:, :, None], self.index[:, None, :]), blocks)
        return total[:-1, :-1]


@dataclass(frozen=True)
class Marginal:
    """A point of the search.

    Attributes
    ----------
    psi : ndarray of shape (size,)
        Coefficients, then the entries of L.
    deviance : float
        Minus twice the log likelihood.
    gradient, hessian : ndarray of shape (size,) and (size, size)
        Of the deviance; the Hessian is empty until the search has ended, and an `Arrow` of many parameters.
    modes : Modes or None
        None without random effects.
    """

    psi: Array
    deviance: float
    gradient: Array
    modes: Modes | None
    hessian: Array | Arrow = field(default_factory=lambda: np.empty((0, 0)))


def evaluate(
    data: GlmmData, layout: Layout, psi: Array, near: Modes | None = None
) -> tuple[float, Array, Modes | None]:
    """Deviance, its gradient, and the modes."""
    value, gradient, modes = marginal(data, *layout.spread(psi), None if near is None else near.b)
    return -2 * float(value.sum()), -2 * layout.gather(gradient), modes


def hessian(data: GlmmData, layout: Layout, psi: Array, modes: Modes | None) -> Array | Arrow:
    """Second derivatives of the deviance."""
    return layout.gather_hessian(-2 * marginal_hessian(data, *layout.spread(psi), modes))


def step_of(gradient: Array, curvature: Array | Arrow, free: NDArray[np.bool_]) -> tuple[Array, float]:
    """Newton's step in the free parameters, and the fall that it promises."""
    if isinstance(curvature, Arrow):
        found = curvature.newton(gradient, FLOOR, ~free)
        if found is not None:
            return found
        curvature = curvature.matrix
    step = np.zeros(len(gradient))
    step[free], promised, _ = newton_step(gradient[free], curvature[np.ix_(free, free)], FLOOR, TINY)
    return step, promised


def common_factor(data: GlmmData, layout: Layout, psi: Array) -> Array:
    """L of the random effects at psi, shape (r, r)."""
    if layout.m == 0:
        return np.zeros((0, 0))
    found: Array = factors(psi[-layout.m :][None], data)[0]
    return found


class MarginalSearch(Search[Marginal]):
    """Newton on the deviance; parameters that are not `free` are held."""

    most_steps = NEWTON_STEPS

    def __init__(self, data: GlmmData, layout: Layout, free: Array | None = None) -> None:
        self.data, self.layout = data, layout
        self.free = np.ones(layout.size, dtype=bool) if free is None else free

    def on_boundary(self, point: Marginal) -> bool:
        """Whether the covariance of the random effects is singular; columns have size 1."""
        return bool(is_singular(common_factor(self.data, self.layout, point.psi), SINGULAR))

    def direction(self, point: Marginal) -> tuple[Array, float]:
        """Newton's step in the free parameters, no entry larger than 5, and the fall that it promises."""
        curvature = hessian(self.data, self.layout, point.psi, point.modes)
        step, promised = step_of(point.gradient, curvature, self.free)
        return step * min(1.0, 5.0 / max(np.abs(step).max(initial=0.0), 1e-300)), promised

    def enough(self, point: Marginal) -> float:
        """A share of the deviance."""
        return GAIN * (1 + abs(point.deviance))

    def nearly(self, point: Marginal) -> float:
        """A larger share of the deviance."""
        return 1e-8 * (1 + abs(point.deviance))

    def shorten(self, point: Marginal, step: Array, promised: float) -> Marginal | None:
        """The step, halved until the deviance falls enough; None where it does not."""
        value, slope, factor = point.deviance, float(point.gradient @ step), 1.0
        for _ in range(40):
            trial = at(self.data, self.layout, point.psi + factor * step, point.modes)
            if np.isfinite(trial.deviance):
                flat = abs(factor * slope) < 1e-9 * (1 + abs(value))
                if trial.deviance <= value + (0.0 if flat else 1e-4 * factor * slope):
                    return trial
            factor /= 2
        return None


def at(data: GlmmData, layout: Layout, psi: Array, near: Modes | None = None) -> Marginal:
    """The deviance at some parameters, as a point of the search."""
    value, gradient, modes = evaluate(data, layout, psi, near)
    return Marginal(psi, value, gradient, modes)


def descend(data: GlmmData, layout: Layout, psi: Array, free: Array | None = None) -> Optimum[Marginal]:
    """Newton steps with backtracking from one start; parameters that are not `free` are held."""
    reached = MarginalSearch(data, layout, free).descend(at(data, layout, psi))
    assert reached is not None
    return reached


def maximise(data: GlmmData, layout: Layout, psi: Array) -> Optimum[Marginal]:
    """The best maximum over several starts of theta, from fixed-effect coefficients `psi`.

    theta = 0 is always stationary, so it is a candidate by itself; a maximum that is no better than it
    by more than rounding is taken to be it.
    """
    if layout.m == 0:
        best = descend(data, layout, psi)
        return finish(data, layout, best)
    found = [descend(data, layout, start) for start in starting_points(data, layout, psi)]
    best = min(found, key=lambda one: one.point.deviance)
    return finish(data, layout, snap_to_boundary(data, layout, best))


def starting_points(data: GlmmData, layout: Layout, psi: Array) -> list[Array]:
    """Starts that differ in the size of the random effects, together and one at a time."""
    diagonal = [position for position, (i, j) in enumerate(data.pairs) if i == j]
    rms = np.sqrt(np.maximum((data.Z**2).sum(axis=0), 1e-300) / np.maximum((data.Z != 0).sum(axis=0), 1))
    sizes: Sequence[Sequence[float]] = [(0.3,) * len(diagonal), (1.2,) * len(diagonal)]
    if len(diagonal) > 1:
        sizes = [*sizes, *(tuple(1.0 if d == e else 0.05 for e in diagonal) for d in diagonal)]
    starts = []
    for size in sizes:
        start = psi.copy()
        for position, s in zip(diagonal, size, strict=True):
            start[layout.size - layout.m + position] = s / rms[data.pairs[position][0]]
        starts.append(start)
    return starts


def snap_to_boundary(data: GlmmData, layout: Layout, best: Optimum[Marginal]) -> Optimum[Marginal]:
    """Set tiny entries of theta to exactly zero where the deviance does not notice."""
    theta = best.point.psi[-layout.m :]
    if not np.any((theta != 0) & (np.abs(theta) < 1e-3)):
        return best
    psi = best.point.psi.copy()
    psi[-layout.m :] = np.where(np.abs(theta) < 1e-3, 0.0, theta)
    snapped = descend(data, layout, psi)
    return snapped if snapped.point.deviance <= best.point.deviance + 1e-9 else best


def finish(data: GlmmData, layout: Layout, best: Optimum[Marginal]) -> Optimum[Marginal]:
    """One Newton step more, and the Hessian at its end."""
    psi, modes = best.point.psi, best.point.modes
    value, gradient, modes = evaluate(data, layout, psi, modes)
    curvature = hessian(data, layout, psi, modes)
    step, _ = step_of(gradient, curvature, np.ones(layout.size, dtype=bool))
    theta = np.arange(layout.size) >= layout.size - layout.m
    step[theta & (psi == 0)] = 0.0  # rounding must not move what is exactly on the boundary
    new, new_gradient, new_modes = evaluate(data, layout, psi + step, modes)
    if new <= value + 1e-9 and np.abs(step).max(initial=0.0) < 1e-3:
        psi, value, gradient, modes = psi + step, new, new_gradient, new_modes
        curvature = hessian(data, layout, psi, modes)
    point = Marginal(psi, value, gradient, modes, curvature)
    return replace(best, point=point, singular=MarginalSearch(data, layout).on_boundary(point))
