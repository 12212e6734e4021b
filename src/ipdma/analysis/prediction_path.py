"""What the PATH statement asks of predictive analyses of treatment effects, answered from this run.

Kent and others (2020), Ann Intern Med 172:35, with its explanation and elaboration (172:W1); in our words.
"""

from __future__ import annotations

from collections.abc import Sequence

from ipdma.analysis.prediction_data import PredictionData
from ipdma.analysis.records import Ident, Ledger
from ipdma.model.ridge import Ridge

YES, NO, AUTHOR = "yes", "no", "author"
ANSWERS = {
    "better": "yes, in the trials left out predictions did better than everybody alike",
    "no better": "no: no better than the average effect",
    "untested": "no: too few trials to leave one out",
}


def write_path(
    ledger: Ledger, ident: Ident, data: PredictionData, ridge: Ridge, verdict: str, in_points: bool
) -> None:
    """Write an answer and its reason for each item."""
    for number, (answer, reason) in enumerate(path_answers(data, ridge, verdict, in_points), 1):
        ledger.count(ident, "path_item", variable=str(number), level=f"{answer}: {reason}")


def path_answers(
    data: PredictionData, ridge: Ridge, verdict: str, in_points: bool
) -> Sequence[tuple[str, str]]:
    """Answer and reason, in the order of `PATH_ITEMS` of the report."""
    variables = list(dict.fromkeys(c.moderator.name for c in data.columns))
    tested = verdict != "untested"
    shrunk = "to nothing: everybody alike" if ridge.omega2 == 0 else "by a variance estimated from the trials"
    return (
        (YES, f"the effect of everybody alike stands beside every prediction, of {len(data.studies)} trials"),
        (YES, f"named in the plan before any result: {', '.join(variables)}; none was chosen by its result"),
        (AUTHOR, "why these variables were expected to change the effect is not in the data"),
        (YES, "each has its prognostic slope in each trial beside its interaction"),
        (YES, f"all interactions are drawn towards none, {shrunk}"),
        (YES, "interactions rest on differences inside trials, where treatment was randomised"),
        (YES, f"in {'points' if in_points else 'units of the outcome'}, outcomes under both treatments"),
        (YES if tested else NO, "each trial was predicted from the others" if tested else ANSWERS[verdict]),
        (YES if tested else NO, "calibration and discrimination for benefit, and what the same data promised"
         if tested else ANSWERS[verdict]),
        (YES if verdict == "better" else NO, ANSWERS[verdict]),
        (YES if tested and in_points else NO, "net benefit at several thresholds" if tested and in_points
         else "no thresholds in points could be judged"),
        (AUTHOR, "whether these people are those who come for treatment"),
    )  # fmt: skip
