"""Which analyses of a contrast share a job."""

from __future__ import annotations

from ipdma.analysis.run import CELL_ANALYSES, TOGETHER

IMPUTED = ("missing",)


def analyses_of(kind: str) -> list[str]:
    """Names of the analyses of a job: `imputation`, which takes long, or `fit`, everything else."""
    names = [*CELL_ANALYSES, *TOGETHER]
    return [name for name in names if (name in IMPUTED) == (kind == "imputation")]
