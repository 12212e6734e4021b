"""A bundle as the mapping of its JSON, and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from ipdma.bundle.records import (
    Arm,
    ArmCount,
    Attack,
    Block,
    Bundle,
    CellCounts,
    Column,
    Digests,
    Gate,
    Moments,
    ScaleOf,
    ScaleSquares,
    Serves,
    Withheld,
    sets_of,
)


def bundle_of(values: Mapping[str, Any]) -> Bundle:
    """A bundle from its JSON mapping, which the schema has passed."""
    gate = values["gate"]
    return Bundle(
        study=dict(values["study"]),
        arms={name: Arm(**own) for name, own in values["arms"].items()},
        plan=Digests(**values["plan"]),
        dictionary=Digests(**values["dictionary"]),
        versions=dict(values["versions"]),
        gate=Gate(
            gate["minimum_cell"],
            gate["for_sharing"],
            tuple(Attack(**own) for own in gate["attacks"]),
            tuple(Withheld(**own) for own in gate["withheld"]),
        ),
        scales=tuple(ScaleSquares(**own) for own in values["scales"]),
        cells=tuple(cell_counts_of(own) for own in values["cells"]),
        blocks=(
            *(block_of(own) for own in values["blocks"]),
            *(block for own in values["completed"] for block in blocks_of_sets(own)),
        ),
        integrity=tuple((own["domain"], own["outcome"], own["n"]) for own in values["integrity"]),
        time_points=dict(values["time_points"]),
    )


def cell_counts_of(values: Mapping[str, Any]) -> CellCounts:
    """The counts of a cell from their mapping."""
    named = Serves(*(values[key] for key in ("contrast", "outcome", "timepoint", "rows")))
    return CellCounts(
        named,
        scale_of(values["scale"]),
        {arm: ArmCount(**own) for arm, own in values["arms"].items()},
        tuple((own["reason"], own["n"]) for own in values["left_out"]),
    )


def block_of(values: Mapping[str, Any]) -> Block:
    """A block of rows as they were observed, from its mapping."""
    arms = {arm: moments_of(own) for arm, own in values["arms"].items()}
    return Block(*head_of(values), None, columns_of(values), arms)


def blocks_of_sets(values: Mapping[str, Any]) -> Iterator[Block]:
    """The blocks of all completed data sets of the same rows and columns."""
    head, columns = head_of(values), columns_of(values)
    for number, own in enumerate(zip(*values["arms"].values(), strict=True), 1):
        arms = {arm: moments_of_row(row, len(columns)) for arm, row in zip(values["arms"], own, strict=True)}
        yield Block(*head, number, columns, arms)


def head_of(values: Mapping[str, Any]) -> tuple[tuple[Serves, ...], ScaleOf | None]:
    """What a block serves, and its scale."""
    return tuple(Serves(**own) for own in values["serves"]), scale_of(values["scale"])


def columns_of(values: Mapping[str, Any]) -> tuple[Column, ...]:
    """The columns of a block."""
    return tuple(Column(**{**own, "range": range_of(own["range"])}) for own in values["columns"])


def moments_of_row(row: Sequence[float], p: int) -> Moments:
    """Moments from one row of numbers: n, p means, the covariance's lower triangle."""
    lower = np.zeros((p, p))
    lower[np.tril_indices(p)] = row[p + 1 :]
    return Moments(int(row[0]), np.asarray(row[1 : p + 1], dtype=float), lower + np.tril(lower, -1).T)


def row_of_moments(moments: Moments) -> list[float]:
    """The same numbers in one row."""
    triangle = moments.covariance[np.tril_indices(len(moments.means))]
    return [moments.n, *(float(v) + 0.0 for v in (*moments.means, *triangle))]


def range_of(values: Sequence[float] | None) -> tuple[float, float] | None:
    """A range from its list."""
    return None if values is None else (float(values[0]), float(values[1]))


def scale_of(values: Mapping[str, Any] | None) -> ScaleOf | None:
    """A scale from its mapping."""
    return None if values is None else ScaleOf(**values)


def moments_of(values: Mapping[str, Any]) -> Moments:
    """Moments from their mapping: the covariance's lower triangle becomes the whole."""
    means = np.asarray(values["means"], dtype=float)
    covariance = np.zeros((len(means), len(means)))
    for i, row in enumerate(values["covariance"]):
        covariance[i, : i + 1] = covariance[: i + 1, i] = row
    return Moments(int(values["n"]), means, covariance)


def mapping_of(bundle: Bundle) -> dict[str, Any]:
    """The JSON mapping of a bundle; `bundle_of` reads it back the same."""
    return {
        "ipdma_bundle": 1,
        "study": dict(bundle.study),
        "arms": {name: asdict(arm) for name, arm in bundle.arms.items()},
        "plan": {"digest": bundle.plan.digest, "keys": dict(bundle.plan.keys)},
        "dictionary": {"digest": bundle.dictionary.digest, "keys": dict(bundle.dictionary.keys)},
        "versions": dict(bundle.versions),
        "gate": {
            "minimum_cell": bundle.gate.minimum_cell,
            "for_sharing": bundle.gate.for_sharing,
            "attacks": [asdict(own) for own in bundle.gate.attacks],
            "withheld": [asdict(own) for own in bundle.gate.withheld],
        },
        "time_points": dict(bundle.time_points),
        "scales": [asdict(own) for own in bundle.scales],
        "cells": [cell_mapping(own) for own in bundle.cells],
        "blocks": [block_mapping(own) for own in bundle.blocks if own.imputation is None],
        "completed": [sets_mapping(own) for own in sets_of(bundle.blocks)],
        "integrity": [dict(zip(("domain", "outcome", "n"), own, strict=True)) for own in bundle.integrity],
    }


def cell_mapping(cell: CellCounts) -> dict[str, Any]:
    """The mapping of a cell's counts."""
    return {
        **asdict(cell.serves),
        "scale": None if cell.scale is None else asdict(cell.scale),
        "arms": {arm: asdict(own) for arm, own in cell.arms.items()},
        "left_out": [{"reason": reason, "n": n} for reason, n in cell.left_out],
    }


def block_mapping(block: Block) -> dict[str, Any]:
    """The mapping of a block of rows as they were observed."""
    return {**head_mapping(block), "arms": {arm: moments_mapping(own) for arm, own in block.arms.items()}}


def head_mapping(block: Block) -> dict[str, Any]:
    """What a block serves, its scale and its columns."""
    return {
        "serves": [asdict(own) for own in block.serves],
        "scale": None if block.scale is None else asdict(block.scale),
        "columns": [column_mapping(own) for own in block.columns],
    }


def sets_mapping(blocks: Sequence[Block]) -> dict[str, Any]:
    """The mapping of completed data sets of the same rows and columns."""
    arms = {arm: [row_of_moments(own.arms[arm]) for own in blocks] for arm in blocks[0].arms}
    return {**head_mapping(blocks[0]), "arms": arms}


def column_mapping(column: Column) -> dict[str, Any]:
    """The mapping of a column."""
    return {**asdict(column), "range": None if column.range is None else list(column.range)}


def moments_mapping(moments: Moments) -> dict[str, Any]:
    """The mapping of moments: the covariance's lower triangle alone."""
    p = len(moments.means)
    rows = [[float(v) + 0.0 for v in moments.covariance[i, : i + 1]] for i in range(p)]
    return {"n": moments.n, "means": [float(v) + 0.0 for v in moments.means], "covariance": rows}
