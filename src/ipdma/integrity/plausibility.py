"""Domain 8: outliers over several variables, missing data that is too regular or differs by arm."""

from __future__ import annotations

import numpy as np
import pandas as pd
import scipy  # its parts are loaded where they are first used

from ipdma.integrity.finding import Check, IntegrityResult
from ipdma.integrity.tables import TrialTables

OUTLIER_LEVEL = 1e-5
MISSING_LEVEL = 0.001
OUTLIERS = Check("outliers", 8)
NO_MISSING = Check("no_missing_outcome", 8)
BY_ARM = Check("missing_by_arm", 8)


def check_plausibility(trial: TrialTables) -> list[IntegrityResult]:
    """All checks of the domain."""
    return [check_outliers(trial), check_no_missing(trial), *check_missing_by_arm(trial)]


def check_outliers(trial: TrialTables) -> IntegrityResult:
    """Participants far from all others in several baseline variables together (Mahalanobis)."""
    data = trial.baseline.dropna(axis=1, thresh=int(0.8 * len(trial.baseline)) + 1).dropna()
    data = data.loc[:, data.nunique() > 2]
    if data.shape[1] < 2 or len(data) < 10 * data.shape[1]:
        return OUTLIERS.skipped(trial.study, "too few complete baseline values")
    logged = data.apply(lambda c: np.log1p(c) if (c >= 0).all() and c.skew() > 1 else c)
    centred = logged - logged.median()
    scale = (centred.abs().median() * 1.4826).replace(0, np.nan).fillna(centred.std()).replace(0, 1)
    z = (centred / scale).to_numpy()
    inverse = np.linalg.pinv(np.corrcoef(z.T))
    distance = np.einsum("ij,jk,ik->i", z, inverse, z)
    far = int((scipy.special.chdtrc(data.shape[1], distance) < OUTLIER_LEVEL).sum())
    return OUTLIERS.judged(
        trial.study,
        far > 0,
        "Some participants have a combination of baseline values unlike all others; please look at them.",
        "No participant's combination of baseline values stands apart.",
        subject="baseline variables",
        statistic=float(far),
        threshold=OUTLIER_LEVEL,
        n=far,
        of=len(data),
        among=len(trial.participants),
    )


def check_no_missing(trial: TrialTables) -> IntegrityResult:
    """No missing outcome at all is rare in a trial of psychotherapy."""
    post = trial.scores[[c for c in trial.scores.columns if " post" in c]]
    if post.empty or len(trial.participants) < 30:
        return NO_MISSING.skipped(trial.study, "fewer than thirty participants or no post score")
    seen, of = int(post.notna().any(axis=1).sum()), len(trial.participants)
    return NO_MISSING.judged(
        trial.study,
        seen == of,
        "Nobody lacks a post score, which is rare; please say whether missing scores were filled in.",
        "Some post scores are missing, as in most trials.",
        subject="post scores",
        statistic=seen / of,
        threshold=1.0,
        n=seen,
        of=of,
    )


def check_missing_by_arm(trial: TrialTables) -> list[IntegrityResult]:
    """Missing outcomes by arm."""
    arm = trial.participants.set_index("participant")["arm"].astype(str)
    results = []
    for column in trial.scores.columns:
        if " post" not in column and " follow_up" not in column:
            continue
        lacks = trial.scores[column].reindex(arm.index).isna()
        assessed = ~lacks.groupby(arm).transform("all")  # an arm that was not followed up by design
        table = pd.crosstab(arm[assessed], lacks[assessed])
        if table.shape[0] < 2 or table.shape[1] < 2 or len(arm) < 20:
            continue
        p = float(
            scipy.stats.fisher_exact(table.to_numpy())[1]
            if table.shape == (2, 2)
            else scipy.stats.chi2_contingency(table)[1]
        )
        results.append(
            BY_ARM.judged(
                trial.study,
                p < MISSING_LEVEL,
                "Missing scores differ between arms by more than chance allows; please say why "
                "participants were not assessed.",
                "Missing scores are about as frequent in every arm.",
                subject=column,
                statistic=p,
                threshold=MISSING_LEVEL,
                n=int(lacks.sum()),
                of=len(lacks),
            )
        )
    return results
