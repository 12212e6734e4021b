"""Record files of an unadjusted analysis of events: each trial's odds ratio, pools of all and all but one."""

from __future__ import annotations

import math

import pandas as pd

from ipdma.analysis.records import COUNT_COLUMNS, ESTIMATE_COLUMNS, STUDY_COLUMNS

PLAN = {
    "minimum_cell": 10,
    "models": {"primary": {"covariates": []}},
    "primary_model": "primary",
    "moderators": {},
    "sensitivity": {},
}
QUESTION = "main.response.post"
HEADLINE = f"{QUESTION}.primary.two"
TRIALS = {
    "A": (3, 30, 5, 32),
    "B": (8, 41, 4, 40),
    "C": (30, 75, 21, 70),
    "D": (44, 90, 33, 88),
    "E": (6, 25, 0, 24),
}


def log_odds(cell: tuple[int, int, int, int]) -> tuple[float, float]:
    """The log odds ratio of a trial and its standard error."""
    a, n, c, m = cell
    four = [float(v) for v in (a, n - a, c, m - c)]
    four = [v + 0.5 for v in four] if 0 in four else four
    return math.log(four[0] * four[3] / (four[1] * four[2])), math.sqrt(sum(1 / v for v in four))


def pooled(trials: dict[str, tuple[int, int, int, int]]) -> tuple[float, float]:
    """A common effect by inverse variances."""
    rows = [log_odds(cell) for cell in trials.values()]
    weight = sum(1 / se**2 for _, se in rows)
    return sum(y / se**2 for y, se in rows) / weight, weight**-0.5


def count_rows(trials: dict[str, tuple[int, int, int, int]]):
    """People and events by trial and arm; the risk under the reference arms as the pages tell it."""
    sides = {study: {"active": cell[:2], "reference": cell[2:]} for study, cell in trials.items()}
    own = list(sides.values())
    sides[""] = {
        side: (sum(arms[side][0] for arms in own), sum(arms[side][1] for arms in own))
        for side in ("active", "reference")
    }
    for study, arms in sides.items():
        for arm in ("active", "reference", ""):
            pairs = [arms[arm]] if arm else list(arms.values())
            events, people = (sum(pair[i] for pair in pairs) for i in (0, 1))
            base = {"analysis_id": QUESTION, "study": study, "arm": arm}
            yield {**base, "what": "rows", "n": people}
            yield {**base, "what": "analysed", "n": people, "of": people}
            yield {**base, "what": "events", "n": events, "of": people, "value": events / people}
    events, people = sides[""]["reference"]
    yield from risk_rows(events, people, log_odds((*sides[""]["active"], events, people))[0])


def risk_rows(events: int, people: int, effect: float):
    """What is told of the absolute effect at the risk of the reference arms."""
    rate = events / people
    active = 1 / (1 + (1 - rate) / rate * math.exp(-effect))
    base = {"analysis_id": HEADLINE}
    yield {**base, "what": "event_rate", "n": events, "of": people, "value": rate}
    yield {**base, "what": "control_risk", "level": "the trials' baselines", "value": rate}
    yield {**base, "what": "active_risk", "level": "the trials' baselines", "value": active}
    yield {**base, "what": "absolute_effect", "level": "the trials' baselines", "value": active - rate}
    yield {**base, "what": "risk_ratio", "value": active / rate}
    yield {**base, "what": "risk_difference", "value": active - rate}
    words = {"variable": f"{rate:.6g}", "level": "NNTB 3.0 (1.7 to 5.8)"}
    yield {**base, "what": "nnt", "value": 1 / (active - rate), **words}
    yield {**base, "what": "a_risk_of_tomorrow", "value": rate}


def records_of(trials: dict[str, tuple[int, int, int, int]]) -> dict[str, pd.DataFrame]:
    """The three record files, every cell as text."""
    sets = {HEADLINE: trials}
    for study in trials:
        left = {name: cell for name, cell in trials.items() if name != study}
        if left:
            sets[f"{QUESTION}.leave_out:{study}.two"] = left
    names = dict(zip(("contrast", "outcome", "timepoint"), QUESTION.split("."), strict=True))
    estimates, studies = [], []
    for name, own in sets.items():
        effect, error = pooled(own)
        row = {**names, "analysis_id": name, "term": "treatment", "k": len(own)}
        estimates.append(
            {**row, "estimate": effect, "std_error": error, "n": sum(c[1] + c[3] for c in own.values())}
        )
    for study, cell in trials.items():
        effect, error = log_odds(cell)
        row = {**names, "analysis_id": HEADLINE, "study": study, "source": "ipd", "n_active": cell[1]}
        shares = {
            "mean_active": cell[0] / cell[1],
            "mean_reference": cell[2] / cell[3],
            "n_reference": cell[3],
        }
        studies.append({**row, **shares, "estimate": effect, "std_error": error, "weight": 1})
    found = {
        "estimates": pd.DataFrame(estimates, columns=ESTIMATE_COLUMNS, dtype=object),
        "study_estimates": pd.DataFrame(studies, columns=STUDY_COLUMNS, dtype=object),
        "counts": pd.DataFrame(list(count_rows(trials)), columns=COUNT_COLUMNS, dtype=object),
    }
    return {name: table.fillna("").astype(str) for name, table in found.items()}
