"""Where the null-standardised test accepts: a scan that resolves every turn of it, then the ends exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ipdma.model.nst_share import TrialSets, share_and_slope, signed_share

Array = np.ndarray
SMALLEST_OFFSET = 1e-3  # in standard errors of a trial: nearer to its estimate nothing turns
MOST = 1_440_000  # trials times candidates; of more than 240 trials every second, third ... one is looked at
FEWEST = 1000
REACHES = np.array([1.0, 1.5, 2.0, 3.0, 4.0, 8.0, 16.0])
INSIDE = np.arange(1, 18) / 18  # points of a bracket looked at in one step towards a minimum


@dataclass(frozen=True)
class Scan:
    """Candidates that resolve every turn of T, ascending, and their shares; both of shape (B, G).

    Of very many trials each turn is small, and a fixed number of candidates resolves them.

    About each estimate they stand at multiples of its own standard error, out to where all is rejected.
    Those of the points where |T| is least between rejected neighbours are among them.
    """

    theta: Array
    share: Array


def scan(trials: TrialSets, critical: float) -> Scan:
    """Look at every set of trials."""
    reach, nearest = rejected_beyond(trials, critical), SMALLEST_OFFSET * np.sqrt(trials.v)
    steps = np.linspace(0, 1, int(np.clip(1000 // trials.k, 12, 60)))
    outward = nearest[..., None] * (reach / nearest)[..., None] ** steps
    y = trials.y[..., None]
    around = np.concatenate([y, y - outward, y + outward], axis=2)
    theta = np.sort(np.concatenate(list(around), axis=1), axis=1)
    every = -(-theta.shape[1] // max(MOST // trials.k, FEWEST))
    if every > 1:
        theta = np.concatenate([theta[:, :-1:every], theta[:, -1:]], axis=1)
    return with_near_misses(trials, Scan(theta, signed_share(trials, theta)), critical)


def rejected_beyond(trials: TrialSets, critical: float) -> Array:
    """A distance from any estimate past which every theta is rejected, shape (B,).

    There is one, since far out T grows with the distance.
    """
    low, high = trials.y.min(axis=0), trials.y.max(axis=0)
    reach: Array = high - low + 2 * np.sqrt(trials.v.max(axis=0))
    for _ in range(60):
        far = reach[:, None] * REACHES
        theta = np.concatenate([low[:, None] - far, high[:, None] + far], axis=1)
        accepted = (np.abs(signed_share(trials, theta)) <= critical).any(axis=1)
        if not accepted.any():
            break
        reach = np.where(accepted, 2 * reach, reach)
    beyond: Array = 2 * reach + high - low
    return beyond


def with_near_misses(trials: TrialSets, found: Scan, critical: float) -> Scan:
    """The same with the exact minima of |share| about those candidates that are rejected minima."""
    size = np.abs(found.share)
    inner = (size[:, 1:-1] < size[:, :-2]) & (size[:, 1:-1] <= size[:, 2:]) & (size[:, 1:-1] > critical)
    sets, at = np.nonzero(inner)
    if not len(sets):
        return found
    theta = least_share(trials.of(sets), found.theta[sets, at], found.theta[sets, at + 2])
    place = np.zeros(len(sets), dtype=int)  # of a minimum among those of its set
    place[1:] = np.arange(1, len(sets)) - np.searchsorted(sets, sets[1:])
    more = np.repeat(found.theta[:, -1:], place.max() + 1, axis=1)
    more[sets, place] = theta
    wider = np.concatenate([found.theta, more], axis=1)
    order = np.argsort(wider, axis=1, kind="stable")
    share = np.repeat(found.share[:, -1:], place.max() + 1, axis=1)
    share[sets, place] = signed_share(trials.of(sets), theta)
    shares = np.concatenate([found.share, share], axis=1)
    return Scan(np.take_along_axis(wider, order, axis=1), np.take_along_axis(shares, order, axis=1))


def least_share(trials: TrialSets, low: Array, high: Array) -> Array:
    """Where |T| is least between two points with one minimum between them, to 1e-10 of their distance."""
    rows = np.arange(len(low))
    width = high - low
    while (high - low > 1e-10 * width).any():
        theta = low[:, None] + (high - low)[:, None] * INSIDE
        best = np.abs(signed_share(trials, theta)).argmin(axis=1)
        step = (high - low) * INSIDE[0]
        low, high = theta[rows, best] - step, theta[rows, best] + step
    middle: Array = (low + high) / 2
    return middle


def hull(trials: TrialSets, found: Scan, critical: float) -> tuple[Array, Array]:
    """Ends of the accepted sets' hulls, each of shape (B,).

    The outermost step of the scan over which the share falls to its critical value, or past it to the other
    sign, holds the end.
    """
    positive, accepted = found.share > 0, np.abs(found.share) <= critical
    turns = accepted[:, 1:] | accepted[:, :-1] | (positive[:, 1:] != positive[:, :-1])
    sets = np.arange(len(turns))
    first, last = turns.argmax(axis=1), turns.shape[1] - 1 - turns[:, ::-1].argmax(axis=1)
    at = np.concatenate([first, last])
    twice = np.concatenate([sets, sets])
    outer = np.concatenate([found.share[sets, first], found.share[sets, last + 1]])
    ends = crossing(
        trials.of(twice), found.theta[twice, at], found.theta[twice, at + 1], np.copysign(critical, outer)
    )
    return ends[: len(sets)], ends[len(sets) :]


def centres(trials: TrialSets, found: Scan) -> Array:
    """Where T is 0, ascending, of one set of trials."""
    theta, share = found.theta[0], found.share[0]
    at = np.flatnonzero(share[:-1] * share[1:] < 0)
    one = trials.of(np.zeros(len(at), dtype=int))
    return np.sort(
        np.concatenate([crossing(one, theta[at], theta[at + 1], np.zeros(len(at))), theta[share == 0]])
    )


def crossing(trials: TrialSets, low: Array, high: Array, target: Array) -> Array:
    """Where the share is at its target, between points on either side of it; each of shape (B,).

    Newton's steps, and the bracket halved where they leave it or do not halve the step before last.
    """
    falls = signed_share(trials, low) > target
    theta: Array = (low + high) / 2
    last = high - low
    smallest = 1e-11 * np.sqrt(trials.v.min(axis=0))
    for _ in range(200):
        share, slope = share_and_slope(trials, theta)
        excess = share - target
        before = (excess > 0) == falls
        low, high = np.where(before, theta, low), np.where(before, high, theta)
        step = -excess / np.where(slope == 0, 1e-300, slope)
        done = np.abs(step) <= smallest + 4e-16 * np.abs(theta)
        newton = (theta + step > low) & (theta + step < high) & (2 * np.abs(step) <= np.abs(last))
        moved = np.where(newton | done, theta + step, (low + high) / 2)
        last, theta = moved - theta, moved
        if (done | (high - low <= smallest)).all():
            break
    return theta
