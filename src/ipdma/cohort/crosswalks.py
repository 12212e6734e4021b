"""Scores converted to one instrument through a published crosswalk, for sensitivity analyses."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd

from ipdma.codebook import Codebook, Crosswalk
from ipdma.cohort.choose import Choice


def find_crosswalk(codebook: Codebook, source: str, target: str) -> Crosswalk | None:
    """The first crosswalk, by name, from one instrument to another; None where there is none."""
    for name in sorted(codebook.crosswalks):
        crosswalk = codebook.crosswalks[name]
        if (crosswalk.source, crosswalk.target) == (source, target):
            return crosswalk
    return None


def convert_scores(scores: pd.DataFrame, crosswalk: Crosswalk) -> pd.DataFrame:
    """Scores on the target's scale; one outside the published points is missing: they are never extended."""
    converted = [crosswalk.convert(float(score)) for score in scores["score"]]
    return scores.assign(score=[math.nan if value is None else value for value in converted])


def converted_choice(choice: Choice, target: str, codebook: Codebook) -> Choice:
    """The choice as the target instrument sees it, scored in the target's default way."""
    return replace(choice, instrument=target, rating=codebook.instruments[target].rating, scoring="")
