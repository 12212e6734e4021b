"""Newton for many models at once with a residual variance by study, from several starts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ipdma.model.batch_by_study import GroupedBatch, GroupedState, Slopes, derive, evaluate
from ipdma.model.factor import is_singular
from ipdma.model.search import FLOOR, HOPELESS, NEAR_BOUNDARY, NEARLY, SINGULAR

TOLERANCE = 1e-10
MAX_STEPS = 60
POLISHING_STEPS = 2
SETTLED = 1e-15  # a gain after whose step nothing is left to gain
HALF = 0.5  # of the residual SD: a start away from the boundary
WIDE = (0.2, 1.0)  # the same, of starts that every model follows
ONE_LARGE = (1.0, 0.05)  # of several random effects one, and the others
AWAKE = 0.05  # of the residual SD: a start closer to a variance of zero would not leave it

Ratio = float | np.ndarray
Known = tuple[np.ndarray, np.ndarray]  # theta (B, T) and deviance (B,)
Found = tuple[np.ndarray, np.ndarray, np.ndarray]  # theta (B, T), deviance (B,), converged (B,): see `search`


def newton(slopes: Slopes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Step (B, T), gain (B,) and smallest scaled eigenvalue (B,) of Newton with |eigenvalues|.

    Parameters that nothing hangs on (the variance of a study that is left out) stay.
    """
    diagonal = np.abs(np.einsum("bii->bi", slopes.hessian))
    size = np.sqrt(np.maximum(diagonal, 1e-12))
    scaled = slopes.hessian / (size[:, :, None] * size[:, None])
    idle = np.arange(scaled.shape[-1])
    scaled[:, idle, idle] = np.where(diagonal > 0, scaled[:, idle, idle], 1.0)
    values, vectors = np.linalg.eigh(scaled)
    lengths = np.maximum(np.abs(values), 1e-7)
    inner = ((slopes.gradient / size)[:, None] @ vectors)[:, 0]
    step = -(vectors @ (inner / lengths)[..., None])[..., 0] / size
    return step, (inner**2 / lengths).sum(axis=1) / 2, values[:, 0]


def search(
    batch: GroupedBatch, theta: np.ndarray, known: Known | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Newton for all models at once; those that have arrived take a last step and leave.

    Parameters
    ----------
    theta : ndarray of shape (B, T)
        Where to start.
    known : tuple of ndarray, optional
        Parameters and deviances of optima: a model that enters the basin of its own leaves, unconverged.

    Returns
    -------
    theta : ndarray of shape (B, T)
    deviance : ndarray of shape (B,)
    converged : ndarray of bool, shape (B,)
    """
    final, lowest = theta.copy(), np.full(len(theta), np.inf)
    converged, active, current = np.zeros(len(theta), dtype=bool), np.arange(len(theta)), batch
    state = evaluate(current, theta)
    for _ in range(MAX_STEPS):
        step, gain, curvature = newton(derive(current, state))
        arrived = (gain < TOLERANCE) & (curvature > -1e-6)
        final[active] = state.theta + np.where(arrived[:, None], step, 0.0)
        lowest[active] = state.deviance
        converged[active[arrived]] = True
        if known is not None:
            arrived |= (gain < 0.1) & same_basin(current, state, known, active)
        if arrived.all():
            break
        step = np.where(arrived[:, None], 0.0, step)
        if arrived.any():
            keep = np.flatnonzero(~arrived)
            active, current, step, gain = active[keep], current.take(keep), step[keep], gain[keep]
            state = evaluate(current, state.theta[keep])
        state, stuck = shorten(current, state, step)
        if stuck.all():
            converged[active[gain < 1e-6]] = True
            break
    return final, lowest, converged


def same_basin(batch: GroupedBatch, state: GroupedState, known: Known, models: np.ndarray) -> np.ndarray:
    """Whether each model is so near its known optimum that Newton would end there; as `search.same_basin`."""
    theta, lowest = known[0][models], known[1][models]
    factor = batch.factor(theta)
    between = factor @ factor.mT
    sigma2 = np.exp(theta[:, len(batch.pairs) :]).mean(axis=1)
    apart = np.abs(state.between - between).max(axis=(1, 2), initial=0.0) / sigma2
    size = np.maximum(np.abs(between).max(axis=(1, 2), initial=0.0) / sigma2, 0.02)
    found: np.ndarray = (apart < 0.1 * size) & (state.deviance < lowest + 0.1)
    return found


def shorten(batch: GroupedBatch, state: GroupedState, step: np.ndarray) -> tuple[GroupedState, np.ndarray]:
    """The state after the first of step, step/3, ... that lowers each deviance, and where none does."""
    d, sigma = len(batch.pairs), np.sqrt(state.sigma2.mean(axis=1))
    reach = 2 * np.maximum(np.abs(state.theta[:, :d]).max(axis=1, initial=0.0), sigma)
    over = np.maximum(
        np.abs(step[:, :d]).max(axis=1, initial=0.0) / reach, np.abs(step[:, d:]).max(axis=1) / 2
    )
    step = step / np.maximum(1.0, over)[:, None]
    moved = evaluate(batch, state.theta + step)
    bad = whole = np.flatnonzero(~(moved.deviance < state.deviance))
    for _ in range(12):
        if not len(bad):
            break
        step[bad] /= 3
        tried = evaluate(batch.take(bad), state.theta[bad] + step[bad]).deviance
        bad = bad[~(tried < state.deviance[bad])]
    step[bad] = 0.0
    stuck = np.zeros(len(step), dtype=bool)
    stuck[bad] = True
    return evaluate(batch, state.theta + step) if len(whole) else moved, stuck


def fit_grouped(
    batch: GroupedBatch, start: np.ndarray, ratios: Sequence[Ratio] = ()
) -> tuple[GroupedState, Slopes, np.ndarray]:
    """The optimum of each model, from a start and, where that ends at the boundary, from away of it.

    Parameters
    ----------
    start : ndarray of shape (B, d + R)
    ratios : sequence of float or ndarray of shape (r,)
        Search each model from more starts, as `search.minimise` does one: also with these SDs between studies
        in units of the residual one, and from beside the boundary where the best of all is near it.

    Returns
    -------
    state, slopes : GroupedState, Slopes
        At the optimum.
    converged : ndarray of bool, shape (B,)
    """
    found = search(batch, awake(batch, start))
    again = np.flatnonzero(near_boundary(batch, found[0]) | ~found[2])
    challenge(batch, found, again, wide(batch, start[again], HALF))
    if len(ratios) and batch.pairs:
        everyone = np.tile(np.arange(len(start)), len(ratios))
        challenge(batch, found, everyone, np.concatenate([wide(batch, start, ratio) for ratio in ratios]))
        challenge(batch, found, *beside_boundary(batch, found))
    best, _, converged = found
    state = evaluate(batch, best)
    slopes = derive(batch, state)
    for _ in range(POLISHING_STEPS):
        step, gain, lowest = newton(slopes)
        sure = converged & (gain < NEARLY) & (lowest > FLOOR)
        state = evaluate(batch, state.theta + np.where(sure[:, None], step, 0.0))
        slopes = derive(batch, state)
        if gain[sure].max(initial=0.0) < SETTLED:
            break
    return state, slopes, converged


def challenge(batch: GroupedBatch, found: Found, models: np.ndarray, start: np.ndarray) -> None:
    """Search models from other starts, one or several each; the best takes the place of what was found."""
    if not len(models):
        return
    best, lowest, converged = found
    known = best[models], lowest[models]
    theta, deviance, ended = search(batch.take(models), start, known)
    for at, model in enumerate(models):
        as_low = deviance[at] <= lowest[model] + 1e-6
        if deviance[at] < lowest[model] - 1e-9 or (as_low and ended[at] and not converged[model]):
            best[model], lowest[model], converged[model] = theta[at], deviance[at], ended[at]


def wide(batch: GroupedBatch, start: np.ndarray, ratio: Ratio) -> np.ndarray:
    """The start with the SDs between studies at a share of the residual one, uncorrelated."""
    theta, share = start.copy(), np.broadcast_to(ratio, len(batch.z))
    sigma = np.exp(theta[:, len(batch.pairs) :] / 2).mean(axis=1)
    for at, (i, j) in enumerate(batch.pairs):
        theta[:, at] = share[i] * sigma if i == j else 0.0
    return theta


def beside_boundary(batch: GroupedBatch, found: Found) -> tuple[np.ndarray, np.ndarray]:
    """Which models ended near the boundary, not at it, and starts beside it that are not hopeless.

    As `search.boundary_start`, where the reason stands.
    """
    theta, lowest, _ = found
    d = len(batch.pairs)
    factor = batch.factor(theta)
    values, vectors = np.linalg.eigh(factor @ factor.mT)
    sigma2 = np.exp(theta[:, d:]).mean(axis=1)
    near = values[:, 0] <= NEAR_BOUNDARY * np.maximum(sigma2, values[:, -1])
    models = np.flatnonzero(near & ~near_boundary(batch, theta))
    if not len(models):
        return models, theta[models]
    least = 1e-4 * sigma2[models, None]
    kept = np.maximum(values[models], least)
    kept[:, :1] = least
    own = vectors[models]
    root = np.linalg.cholesky((own * kept[:, None]) @ own.mT)
    start = theta[models].copy()
    start[:, :d] = root.reshape(len(root), -1)[:, batch.form.entries]
    hopeful = evaluate(batch.take(models), start).deviance < lowest[models] + 2 * HOPELESS
    return models[hopeful], start[hopeful]


def spread(r: int) -> list[Ratio]:
    """Ratios of further starts: all variances small, all large, and of several one alone large."""
    large, small = ONE_LARGE
    alone: list[Ratio] = [np.where(np.arange(r) == i, large, small) for i in range(r)]
    return [*WIDE, *(alone if r > 1 else [])]


def awake(batch: GroupedBatch, start: np.ndarray) -> np.ndarray:
    """A start with no variance at zero, where its slope would vanish."""
    theta, sigma = start.copy(), np.exp(start[:, len(batch.pairs) :] / 2).mean(axis=1)
    for at, (i, j) in enumerate(batch.pairs):
        if i == j:
            theta[:, at] = np.where(np.abs(theta[:, at]) < AWAKE * sigma, AWAKE * sigma, theta[:, at])
    return theta


def near_boundary(batch: GroupedBatch, theta: np.ndarray) -> np.ndarray:
    """Where some direction of D has an SD of 1e-4 of the residual SD or less, shape (B,)."""
    sigma = np.sqrt(np.exp(theta[:, len(batch.pairs) :]).mean(axis=1))
    return is_singular(batch.factor(theta) / sigma[:, None, None], SINGULAR)
