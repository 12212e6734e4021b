"""What is in a bundle, what is not, and what it cannot tell: sections for a terminal and for a page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ipdma.bundle.records import EVENT, EVERYONE, LEVEL, Block, Bundle, Moments, Serves
from ipdma.report.wording import compact, fixed, heading, plural

NOT_FOR_SHARING = (
    "NOT FOR SHARING: the gate was off (minimum_cell: 1). Single people can be told from this bundle. Keep "
    "it on the machine that holds the rows."
)
HELD_BACK = "NOT FOR SHARING: an attack on the bundle as it stands still finds people; see what was tried."
CANNOT = (
    "No row of a person, no identifier, no date, no free text, no smallest or largest value.",
    "Who took part. Somebody who knows a participant learns from it what a table of means by arm would tell.",
    "A course or a combination of answers of any one person: every sum is over at least {least} people, and "
    "so is every difference of two sums that share a measurement.",
    "Anything about a question that the plan does not ask: another moderator needs a new bundle, and the "
    "ledger at the site compares it with this one.",
)
CAN = (
    "Means, spreads and correlations of the columns below in each arm, exactly, as a long table of a paper "
    "would print them. That is more than a paper prints, and it is exact; nothing is blurred.",
    "How many people of each arm had an event, or stand at a level, where that is {least} or more.",
    "The attacks below are those that were tried. Others exist: see docs/privacy.md for what was not tried.",
)
FIRST_SET = (
    "Where the plan fills gaps, values were drawn for those who lack them, many times over: completed data "
    "sets. The first is shown here; the file holds all, and they differ in what was drawn."
)
ATTACKS = {
    "cells": "Arms, categories, their complements and crossings of two of few people",
    "differences": "Two sets of people that differ by few",
    "leverage": "A combination of columns that is the indicator of few people",
    "rank": "Nearly as many columns as people",
    "reconstruction": "Whole-number scores solved for from their sums",
    "extremes": "Everybody, or all but few, at one value",
    "sets": "Completed data sets side by side: what differs is of those whose values were drawn",
    "standardisers": "Sums of squares of few scores, or of almost the people of a block",
    "releases": "Differences from what was released before",
}


@dataclass(frozen=True)
class Grid:
    """A table: its caption, head and rows of text."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Part:
    """A section: its title, sentences, tables, and tables that a page folds."""

    title: str
    sentences: tuple[str, ...] = ()
    grids: tuple[Grid, ...] = ()
    folded: tuple[Grid, ...] = ()


def warning(bundle: Bundle) -> str:
    """What has to be said aloud first; empty where the bundle is for sharing."""
    if bundle.gate.for_sharing:
        return ""
    return NOT_FOR_SHARING if bundle.gate.minimum_cell == 1 else HELD_BACK


def bundle_parts(bundle: Bundle) -> list[Part]:
    """Everything that a person should see of a bundle, what matters first."""
    least = bundle.gate.minimum_cell
    inside, told = counts_line(bundle), tuple(text.format(least=least) for text in CAN)
    never = tuple(text.format(least=least) for text in (CANNOT if least > 1 else CANNOT[:1]))
    blocks = [block for block in bundle.blocks if block.imputation in (None, 1)]
    drawn = (FIRST_SET,) if len(blocks) < len(bundle.blocks) else ()
    return [
        Part("What is in it", (inside, *(told if least > 1 else told[:1])), (arms_grid(bundle),)),
        Part("What it cannot tell", never),
        Part("The numbers that answer the first question", (), tuple(grids_of(blocks[:1]))),
        withheld_part(bundle),
        attacks_part(bundle),
        Part("Every set of people", drawn, (blocks_grid(bundle, blocks),), tuple(grids_of(blocks[1:]))),
        Part("For standardising, by instrument", (), (scales_grid(bundle),)),
        Part("What it was made for", (), (made_grid(bundle),)),
    ]


def counts_line(bundle: Bundle) -> str:
    """How many numbers there are, of how many sets of people."""
    numbers = sum(
        len(own.means) * (len(own.means) + 3) // 2 + 1
        for block in bundle.blocks
        for own in block.arms.values()
    )
    many = sum(block.imputation in (None, 1) for block in bundle.blocks)
    return (
        f"{numbers} numbers on {many} {plural(many, 'set')} of people of trial {bundle.study_id}: how many "
        "they are, means and covariances, arm by arm."
    )


def arms_grid(bundle: Bundle) -> Grid:
    """The trial's arms."""
    rows = tuple(
        (name, heading(arm.condition), arm.label, "withheld" if arm.n is None else str(arm.n))
        for name, arm in bundle.arms.items()
    )
    return Grid("The arms", ("Arm", "Condition", "Called", "People"), rows)


def withheld_part(bundle: Bundle) -> Part:
    """What the gate took out."""
    held = bundle.gate.withheld
    if not held:
        return Part("What was withheld", ("Nothing.",))
    rows = tuple((own.what, own.reason, own.way_out) for own in held)
    many = len(held)
    line = f"{many} {plural(many, 'entry', 'entries')}: what did not pass is not in the bundle."
    return Part("What was withheld", (line,), (), (Grid("Withheld", ("What", "Why", "Way out"), rows),))


def attacks_part(bundle: Bundle) -> Part:
    """What was tried on the bundle as it stands."""
    if not bundle.gate.attacks:
        return Part("What was tried", ("Nothing: the gate was off.",))
    rows = tuple(
        (
            ATTACKS.get(own.attack, own.attack),
            str(own.tried),
            str(own.found),
            limit_words(own.steps_allowed),
        )
        for own in bundle.gate.attacks
    )
    return Part(
        "What was tried", (), (Grid("Attacks", ("Attack", "Tried", "Found somebody", "Limit"), rows),)
    )


def limit_words(steps: int | None) -> str:
    """A search's limit in words."""
    return "no limit" if steps is None else f"up to {steps:,} steps"


def blocks_grid(bundle: Bundle, blocks: list[Block]) -> Grid:
    """A line for each set of people; completed data sets of the same people in one."""
    rows = tuple(
        (
            f"{used_for(block)}{sets_words(block, bundle)}",
            ", ".join(map(column_words, block.names)),
            people_words(block),
        )
        for block in blocks
    )
    return Grid("Sets of people", ("For", "Columns", "People by arm"), rows)


def used_for(block: Block) -> str:
    """The cells of the plan that a block serves, shortened."""
    first = serves_words(block.serves[0])
    more = len(block.serves) - 1
    return f"{first}{f', and {more} more' if more else ''}"


def sets_words(block: Block, bundle: Bundle) -> str:
    """How many completed data sets there are of a block; empty for rows as they were observed."""
    return "" if block.imputation is None else f", {bundle.sets[block.serves[0]]} completed data sets"


def serves_words(serves: Serves) -> str:
    """A cell of the plan in words."""
    if serves.rows == EVERYONE:
        return "everyone contributed"
    return ", ".join(
        heading(part) for part in (serves.contrast, serves.outcome, serves.timepoint, serves.rows)
    )


def column_words(name: str) -> str:
    """A column's name as words."""
    return name.removeprefix("moderator.").replace("_", " ")


def people_words(block: Block) -> str:
    """`A 60, B 55`."""
    return ", ".join(f"{arm} {own.n}" for arm, own in block.arms.items())


def grids_of(blocks: list[Block]) -> Iterator[Grid]:
    """Means, SDs and correlations of each block, arm by arm."""
    for block in blocks:
        for arm, own in block.arms.items():
            yield moments_grid(block, arm, own)


def moments_grid(block: Block, arm: str, own: Moments) -> Grid:
    """One arm of a block as a table: mean or count, SD, correlations with the columns before."""
    sd = np.sqrt(np.maximum(np.diag(own.covariance), 0.0))
    labels = [column.label.removeprefix("moderator.").replace("_", " ") for column in block.columns]
    rows = []
    for i, column in enumerate(block.columns):
        counted = column.coding in (LEVEL, EVENT)
        value = f"{own.means[i] * own.n:.0f} of {own.n}" if counted else fixed(own.means[i])
        spread = "" if counted else fixed(sd[i])
        rows.append((labels[i], value, spread, *(correlation(own, sd, i, j) for j in range(len(labels) - 1))))
    head = ("Column", "Mean or count", "SD", *(f"r with {label}" for label in labels[:-1]))
    set_words = "" if block.imputation is None else f" (completed data set {block.imputation})"
    return Grid(f"{used_for(block)}{set_words}: arm {arm}, {own.n} people", head, tuple(rows))


def correlation(own: Moments, sd: np.ndarray, i: int, j: int) -> str:
    """A correlation with a column that stands before; empty for others, and where either does not vary."""
    if j >= i or not sd[i] * sd[j]:
        return ""
    return fixed(float(own.covariance[i, j] / (sd[i] * sd[j])))


def scales_grid(bundle: Bundle) -> Grid:
    """Sums of squares by instrument."""
    rows = tuple(
        (
            " ".join(part for part in (own.instrument, own.rating, own.scoring) if part),
            heading(own.standardise),
            " ".join(part for part in (own.contrast, own.timepoint) if part),
            str(own.n),
            str(own.df),
            compact(own.sum_of_squares),
        )
        for own in bundle.scales
    )
    return Grid("Standardisers", ("Instrument", "For", "Where", "Scores", "df", "Sum of squares"), rows)


def made_grid(bundle: Bundle) -> Grid:
    """Plan, dictionary and versions."""
    rows = (
        ("Plan, SHA-256", bundle.plan.digest),
        ("Dictionary, SHA-256", bundle.dictionary.digest),
        ("Fewest people that may be told of", str(bundle.gate.minimum_cell)),
        *((name, text) for name, text in bundle.versions.items()),
    )
    return Grid("Made with", ("What", "Which"), rows)
