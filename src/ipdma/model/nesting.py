"""Partial nesting: clusters (therapists) in some of the arms, and whether their variance can be told."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ipdma.model.columns import ModelColumns
from ipdma.model.spec import ModelSpec


def nested_clusters(columns: ModelColumns, spec: ModelSpec) -> tuple[np.ndarray | None, list[str]]:
    """The cluster of each row, unless no study could tell the clusters' variance from the residual one.

    Telling them apart takes a study with two clusters, one of them with two rows.

    Returns
    -------
    clusters : ndarray of int, shape (n,), or None
        -1 for a row without a cluster; None where the variance is left out.
    warnings : list of str
    """
    who = columns.participant
    assert who is not None
    inside = who >= 0
    table = pd.DataFrame({"study": columns.study[inside], "who": who[inside]})
    sizes = table.groupby(["study", "who"]).size().groupby("study").agg(["size", "max"])
    if ((sizes["size"] > 1) & (sizes["max"] > 1)).any():
        return who, []
    return None, [
        f"nesting: no study has two values of '{spec.nesting}' with two rows at one of them, so that the "
        "variance between them cannot be told from the residual one: left out"
    ]
