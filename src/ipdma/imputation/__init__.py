"""Multiple imputation within and across studies; departures from missing at random."""

from ipdma.imputation.departures import reference_based, shift_outcomes
from ipdma.imputation.missingness import incomplete_percentage, tabulate_missing
from ipdma.imputation.rows import ImputedRows, impute_rows, needed_imputations
from ipdma.imputation.study import ImputedStudy, impute_study, study_seed

__all__ = [
    "ImputedRows",
    "ImputedStudy",
    "impute_rows",
    "impute_study",
    "incomplete_percentage",
    "needed_imputations",
    "reference_based",
    "shift_outcomes",
    "study_seed",
    "tabulate_missing",
]
