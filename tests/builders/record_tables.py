"""The record files of small invented trials, as text: who was there, with what attribute, who was lost."""

from __future__ import annotations

import random

import pandas as pd

from ipdma.analysis.records import COUNT_COLUMNS, ESTIMATE_COLUMNS, STUDY_COLUMNS

PLAN = {
    "minimum_cell": 10,
    "models": {"primary": {"covariates": ["baseline"]}},
    "primary_model": "primary",
    "moderators": {"job": {"column": "job"}},
    "sensitivity": {},
}
JOBS = ("employed", "student", "retired", "other")


def draw_people(seed: int, sizes: dict[str, int]) -> pd.DataFrame:
    """One row a participant: study, side, job (sometimes missing), event, lost."""
    draw = random.Random(seed)
    rows = []
    for study, size in sizes.items():
        for i in range(size):
            job = draw.choices([*JOBS, ""], [60, 25, 8, 4, 3])[0]
            side = ("active", "reference")[i % 2]
            rows.append((study, side, job, draw.random() < 0.3, draw.random() < 0.15))
    return pd.DataFrame(rows, columns=["study", "side", "job", "event", "lost"])


def count_people(people: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Their record files, every cell as text."""
    rows = [*heads(people, "main"), *shares(people), *question(people), *events(people[~people["lost"]])]
    counts = pd.DataFrame(rows, columns=COUNT_COLUMNS, dtype=object).fillna("").astype(str)
    return {
        "estimates": pd.DataFrame(columns=ESTIMATE_COLUMNS, dtype=str),
        "study_estimates": pd.DataFrame(columns=STUDY_COLUMNS, dtype=str),
        "counts": counts,
    }


def places(people: pd.DataFrame, arms: bool = True):
    """Every trial and side, and all of them."""
    for study in ("", *people["study"].unique()):
        own = people if not study else people[people["study"] == study]
        for arm in ("", "active", "reference") if arms or not study else ("",):
            yield study, arm, own if not arm else own[own["side"] == arm]


def heads(people: pd.DataFrame, name: str):
    """Participants by trial and side."""
    for study, arm, part in places(people):
        yield {"analysis_id": name, "what": "participants", "study": study, "arm": arm, "n": len(part)}


def shares(people: pd.DataFrame):
    """The characteristic `job` of the contrast."""
    for study, arm, part in places(people, arms=False):
        known = part[part["job"] != ""]
        for job, n in known["job"].value_counts().sort_index().items():
            yield {
                "analysis_id": "main", "what": "characteristic_share", "study": study, "arm": arm,
                "variable": "job", "level": job, "n": n, "of": len(known), "value": n / len(known),
            }  # fmt: skip


def question(people: pd.DataFrame):
    """Rows, analysed and lost of one question."""
    for study, arm, part in places(people):
        base = {"analysis_id": "main.response.post", "study": study, "arm": arm}
        lost = int(part["lost"].sum())
        yield {**base, "what": "rows", "n": len(part)}
        yield {**base, "what": "analysed", "n": len(part) - lost, "of": len(part)}
        yield {**base, "what": "missing_outcome", "n": lost, "of": len(part)}


def events(people: pd.DataFrame):
    """Events by trial and side."""
    for study, arm, part in places(people):
        n = int(part["event"].sum())
        yield {
            "analysis_id": "main.response.post", "what": "events", "study": study, "arm": arm, "n": n,
            "of": len(part), "value": n / len(part),
        }  # fmt: skip
