"""Multiple imputation within and across studies; departures from missing at random."""

from ipdma.imputation.departures import reference_based, shift_outcomes
from ipdma.imputation.missingness import incomplete_percentage, tabulate_missing
from ipdma.imputation.rows import (
    ImputedRows,
    impute_rows,
    needed_imputations,
    pooled_sets,
    sets_of_trials,
    squeezed,
)
from ipdma.imputation.study import ImputedStudy, impute_study, study_seed
from ipdma.imputation.systematic import TrialData, impute_unmeasured

__all__ = [
    "ImputedRows",
    "ImputedStudy",
    "TrialData",
    "impute_rows",
    "impute_study",
    "impute_unmeasured",
    "incomplete_percentage",
    "needed_imputations",
    "pooled_sets",
    "reference_based",
    "sets_of_trials",
    "shift_outcomes",
    "squeezed",
    "study_seed",
    "tabulate_missing",
]
