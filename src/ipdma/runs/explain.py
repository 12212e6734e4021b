"""The plan's explanations of differences between the stages: words, so no fit waits for them.

A fit marks the place where an explanation stands; the words are put there when the records are gathered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from ipdma.plan import Plan

MARK = "explained in the plan"
FLAG = "concordance_flag"  # docs/records.md: its `level` is the explanation


def mark_explanations(plan: Plan) -> Plan:
    """The plan with a mark in the place of each explanation's words."""
    values = plan.as_mapping()
    for entry in values["explanations"]:
        entry["why"] = MARK
    return Plan(values)


def explain(
    tables: Mapping[str, pd.DataFrame], explanations: Sequence[Mapping[str, str]]
) -> dict[str, pd.DataFrame]:
    """Record tables, every cell text, with the plan's words in the place of the marks."""
    words = {entry["analysis"]: entry["why"] for entry in explanations}
    counts = tables["counts"].copy()
    marked = (counts["what"] == FLAG) & (counts["level"] == MARK)
    counts.loc[marked, "level"] = counts.loc[marked, "analysis_id"].map(words)
    return {**tables, "counts": counts}
