"""Small uploads and plans, written out by hand in the tests of the cohort stage."""

import pandas as pd

from ipdma.codebook import load_codebook
from ipdma.cohort import Upload, stack
from ipdma.plan import Plan

BASE = {
    "studies": "unused",
    "contrasts": {"main": {"active": ["stpp"], "reference": ["waitlist", "tau"]}},
    "instruments": {"preference": ["hamd17", "madrs", "bdi2"]},
}


def plan(**changes):
    """A plan with the defaults of the schema but for `changes`."""
    return Plan.from_mapping({**BASE, **changes})


def upload(study, people, scores, variables=None):
    """An upload.

    people: {participant: condition} (the arm is named after it)
    scores: (participant, instrument, timepoint, weeks, score[, rating[, scoring]])
    variables: {name: {participant: value}}
    """
    participants = pd.DataFrame(
        [
            {
                "study": study,
                "participant": p,
                "arm": condition,
                "condition": condition,
                **{name: str(values.get(p, "")) for name, values in (variables or {}).items()},
            }
            for p, condition in people.items()
        ]
    )
    columns = ["study", "participant", "instrument", "rating", "timepoint", "weeks", "score", "scoring"]
    rows = [score_row(study, *score) for score in scores]
    missing = pd.DataFrame(columns=["study", "participant", "variable", "reason"], dtype=str)
    return Upload({"study": {"id": study}}, participants, pd.DataFrame(rows, columns=columns), missing)


def score_row(study, participant, instrument, timepoint, weeks, score, rating=None, scoring=""):
    """One row of assessments.csv; the rater is the instrument's own where none is given."""
    rating = rating or ("observer" if instrument in ("hamd17", "madrs") else "self")
    return (study, participant, instrument, rating, timepoint, str(weeks), str(score), scoring)


def cohort(*uploads, registry=None):
    """The uploads, stacked with the built-in codebook."""
    return stack(uploads, load_codebook(), registry)


def two_arms(
    study, active, reference, instrument="hamd17", timepoint="post", weeks=16, conditions=("stpp", "tau")
):
    """A trial of (baseline, outcome) pairs per arm; None is a missing score."""
    people, scores = {}, []
    for condition, pairs in zip(conditions, (active, reference), strict=True):
        for number, (before, after) in enumerate(pairs, start=1):
            person = f"{condition}{number}"
            people[person] = condition
            if before is not None:
                scores.append((person, instrument, "baseline", 0, before))
            if after is not None:
                scores.append((person, instrument, timepoint, weeks, after))
    return upload(study, people, scores)


def account(table, everyone):
    """Participants in the rows and in the exclusions, which must be everyone."""
    counted = len(table.rows) + int(table.exclusions["n"].sum())
    assert counted == everyone, (len(table.rows), table.exclusions)
