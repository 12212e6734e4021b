"""Which analyses of a contrast share a job."""

from __future__ import annotations

from ipdma.analysis.reads import READS
from ipdma.plan import NETWORK, PROGNOSIS

IMPUTED = ("missing",)


def analyses_of(kind: str) -> list[str]:
    """Names of the analyses of a job: `imputation`, which takes long, or `fit`, everything else."""
    names = [name for name in READS if name not in (PROGNOSIS, NETWORK)]  # these have jobs of their own
    return [name for name in names if (name in IMPUTED) == (kind == "imputation")]
