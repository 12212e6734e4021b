"""Moments that no people can have: what the form allows and arithmetic does not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from ipdma.bundle.records import INDICATORS, LEVEL, Block, Bundle, CellCounts, Moments

SLACK = 1e-8  # relative: moments are floating-point sums
HEX = set("0123456789abcdef")


def find_faults(bundle: Bundle) -> Iterator[str]:
    """A sentence for each part of a bundle that cannot be, in the order of its parts."""
    for name, own in (("plan", bundle.plan), ("dictionary", bundle.dictionary)):
        for key, digest in (("digest", own.digest), *own.keys.items()):
            if set(digest) - HEX:
                yield f"{name}: the digest of '{key}' is no SHA-256 in small hexadecimal digits"
    if bundle.gate.for_sharing and bundle.gate.minimum_cell == 1:
        yield "gate: minimum_cell is 1, so the gate was off, and yet the bundle says that it is for sharing"
    for own_scale in bundle.scales:
        if own_scale.df >= own_scale.n:
            yield (
                f"scales: {own_scale.instrument} has {own_scale.df} degrees of freedom from {own_scale.n} "
                "scores; expected fewer than scores"
            )
    for cell in bundle.cells:
        yield from cell_faults(cell, bundle)
    yield from twice_served(bundle)
    for number, block in enumerate(bundle.blocks):
        for fault in block_faults(block, bundle):
            yield f"blocks.{number} ({describe(block)}): {fault}"


def describe(block: Block) -> str:
    """A block's first cell and its columns, in a few words."""
    first = block.serves[0]
    cell = " ".join(part for part in (first.contrast, first.outcome, first.timepoint, first.rows) if part)
    imputed = "" if block.imputation is None else f", data set {block.imputation}"
    return f"{cell}: {', '.join(block.names)[:80]}{imputed}"


def cell_faults(cell: CellCounts, bundle: Bundle) -> Iterator[str]:
    """Counts of a cell that do not add up."""
    own = cell.serves
    name = f"cells ({own.contrast} {own.outcome} {own.timepoint} {own.rows})"
    for arm, counts in cell.arms.items():
        if arm not in bundle.arms:
            yield f"{name}: arm '{arm}' is not among the trial's arms"
            continue
        whole = bundle.arms[arm].n
        if counts.n is not None and whole is not None and counts.n > whole:
            yield f"{name}: arm '{arm}' has {counts.n} people, and the trial's arm {whole}"
        if counts.n is not None and counts.observed is not None and counts.observed > counts.n:
            yield f"{name}: arm '{arm}' has {counts.observed} outcomes of {counts.n} people"


def twice_served(bundle: Bundle) -> Iterator[str]:
    """Two blocks of the same rows, columns and data set."""
    found = Counter(
        (serves, tuple(sorted(block.names)), block.imputation)
        for block in bundle.blocks
        for serves in block.serves
    )
    for (serves, names, _), times in found.items():
        if times > 1:
            yield (
                f"blocks: {times} blocks of {serves.contrast} {serves.outcome} {serves.timepoint} "
                f"{serves.rows} have the columns {', '.join(names)}; expected one"
            )


def block_faults(block: Block, bundle: Bundle) -> Iterator[str]:
    """What is wrong with one block, arm by arm."""
    labels = block.labels
    for label in sorted({label for label in labels if labels.count(label) > 1}):
        yield f"two columns are called {label}"
    for column in block.columns:
        if (column.coding == LEVEL) != bool(column.level):
            yield f"column {column.label}: a level goes with coding 'level' and with no other"
        if column.range is not None and not column.range[0] < column.range[1]:
            yield f"column {column.label}: a range from {column.range[0]:g} to {column.range[1]:g}"
    for arm, moments in block.arms.items():
        for fault in arm_faults(arm, moments, block, bundle):
            yield f"arm '{arm}': {fault}"


def arm_faults(arm: str, moments: Moments, block: Block, bundle: Bundle) -> Iterator[str]:
    """What is wrong with the moments of one arm."""
    if arm not in bundle.arms:
        yield "is not among the trial's arms"
        return
    if not (np.isfinite(moments.means).all() and np.isfinite(moments.covariance).all()):
        yield "a mean or covariance is too large to be a number"
        return
    yield from too_many(arm, moments, block, bundle)
    variances = np.diag(moments.covariance)
    if (variances < 0).any():
        yield f"a variance below 0 ({block.labels[int(np.argmin(variances))]})"
    elif not is_positive(moments.covariance):
        yield "the covariance is not positive semidefinite: no people have it"
    for place, column in enumerate(block.columns):
        if column.coding in INDICATORS:
            yield from indicator_faults(column.label, moments, place)
        elif column.range is not None:
            yield from range_faults(column.label, column.range, moments, place)
    yield from level_faults(moments, block)
    yield from whole_faults(moments, block)


def too_many(arm: str, moments: Moments, block: Block, bundle: Bundle) -> Iterator[str]:
    """More people than the arm, or the cell, has."""
    whole = bundle.arms[arm].n
    if whole is not None and moments.n > whole:
        yield f"{moments.n} people, and the trial's arm has {whole}"
    for serves in block.serves:
        cell = bundle.cell(serves)
        own = None if cell is None else cell.arms.get(arm)
        if own is not None and own.n is not None and moments.n > own.n:
            yield f"{moments.n} people, and the cell's arm has {own.n}"


def is_positive(covariance: np.ndarray) -> bool:
    """Whether a covariance is positive semidefinite, in correlations, up to rounding."""
    sd = np.sqrt(np.diag(covariance))
    at = sd > 0
    if (np.abs(covariance[~at]) > SLACK * (1.0 + sd.max(initial=0.0) ** 2)).any():
        return False
    correlation = covariance[np.ix_(at, at)] / np.outer(sd[at], sd[at])
    return correlation.size == 0 or float(np.linalg.eigvalsh(correlation)[0]) > -SLACK * len(correlation)


def indicator_faults(label: str, moments: Moments, place: int) -> Iterator[str]:
    """A mean that is no share of whole people, and a variance that such a share does not have."""
    n, mean = moments.n, float(moments.means[place])
    people = mean * n
    if not -SLACK <= mean <= 1 + SLACK:
        yield f"{label}: a share of {mean:g}; expected 0 to 1"
    elif abs(people - round(people)) > SLACK * n:
        yield f"{label}: a share of {mean:g} of {n} people is no whole number of them"
    elif n > 1 and abs(moments.covariance[place, place] - mean * (1 - mean) * n / (n - 1)) > SLACK:
        yield f"{label}: its variance is not that of its share"


def range_faults(label: str, limits: tuple[float, float], moments: Moments, place: int) -> Iterator[str]:
    """A mean outside what is possible, and a variance larger than any inside has."""
    low, high = limits
    mean, slack = float(moments.means[place]), SLACK * (1.0 + abs(low) + abs(high))
    if not low - slack <= mean <= high + slack:
        yield f"{label}: a mean outside the range from {low:g} to {high:g}"
        return
    most = max((high - mean) * (mean - low), 0.0) * moments.n
    if moments.products[place, place] > most + slack**2 * moments.n + SLACK * most:
        yield f"{label}: a variance larger than any in the range from {low:g} to {high:g}"


def whole_faults(moments: Moments, block: Block) -> Iterator[str]:
    """Sums and sums of products of whole numbers that are no whole numbers."""
    places = [i for i, column in enumerate(block.columns, 1) if column.whole]
    with np.errstate(over="ignore", invalid="ignore"):  # numbers beyond 1e150 are told of elsewhere
        totals = moments.totals[np.ix_([0, *places], [0, *places])]
        off = np.abs(totals - np.round(totals)) > SLACK * (1.0 + np.abs(totals))
    labels = ["", *(block.labels[i - 1] for i in places)]
    for pair in dict.fromkeys((labels[j] or labels[i], labels[i]) for i, j in np.argwhere(np.tril(off))):
        what = " and ".join(dict.fromkeys(pair))
        yield f"{what}: whole numbers whose sum, or sum of products, is no whole number"


def level_faults(moments: Moments, block: Block) -> Iterator[str]:
    """Levels of a category that do not add up to everybody."""
    for name in block.names:
        places = [i for i, c in enumerate(block.columns) if c.name == name and c.coding == LEVEL]
        total = float(moments.means[places].sum())
        if places and abs(total - 1.0) > SLACK:
            yield f"{name}: the shares of its levels add up to {total:g}; expected 1"
