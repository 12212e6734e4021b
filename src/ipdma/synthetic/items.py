"""Item answers that add up to a total, by an instrument's own scoring."""

from __future__ import annotations

import numpy as np

from ipdma.codebook.records import Scoring


def draw_items(totals: np.ndarray, scoring: Scoring, rng: np.random.Generator) -> np.ndarray:
    """Draw answers whose scored sum is each total.

    Every item is a bag with as many points as it can give; a total takes its points from all bags at random
    (multivariate hypergeometric), so that each answer stays in the item's range. Of items of which only the
    highest counts, the first is answered and the others stay at their floor. Reversed items are turned back.

    Parameters
    ----------
    totals : ndarray of shape (n,)
        Whole sums in range.
    scoring : Scoring
        Rule `sum`, multiplier 1.

    Returns
    -------
    ndarray of shape (n, scoring.items)
    """
    low, high = np.array([r.bounds for r in scoring.item_ranges]).T.astype(int)
    idle = [item - 1 for group in scoring.highest_of for item in group[1:]]
    bags = high - low
    bags[idle] = 0
    floor = low.sum() - low[idle].sum()
    if len(totals) == 0:
        return np.empty((0, len(bags)), dtype=int)
    spread = np.array([rng.multivariate_hypergeometric(bags, int(total - floor)) for total in totals])
    answers = low + spread
    turned = [item - 1 for item in scoring.reversed_items]
    answers[:, turned] = (low + high)[turned] - answers[:, turned]
    return answers
