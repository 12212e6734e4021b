"""From harmonised uploads to analysis rows: stack, choose scale and visit, standardise, derive outcomes."""

from ipdma.cohort.records import AnalysisRows, Cohort, Upload
from ipdma.cohort.rows import build_arm_rows, build_rows
from ipdma.cohort.stack import stack

__all__ = ["AnalysisRows", "Cohort", "Upload", "build_arm_rows", "build_rows", "stack"]
