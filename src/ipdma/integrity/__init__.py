"""What the coordinating centre looks for in contributed data: eight domains, counts only."""

from __future__ import annotations

from ipdma.integrity.allocation import check_allocation
from ipdma.integrity.baseline import check_baseline
from ipdma.integrity.disposition import list_discrepancies
from ipdma.integrity.external import check_external
from ipdma.integrity.finding import DOMAINS, Check, IntegrityResult, tabulate_results
from ipdma.integrity.patterns import check_patterns
from ipdma.integrity.plausibility import check_plausibility
from ipdma.integrity.relations import check_relations
from ipdma.integrity.tables import TrialTables, read_tables

__all__ = [
    "DOMAINS",
    "IntegrityResult",
    "check_integrity",
    "list_discrepancies",
    "read_tables",
    "tabulate_results",
]


def check_integrity(trial: TrialTables) -> list[IntegrityResult]:
    """Run every check of every domain on one trial.

    A domain that fails by a fault of its own is reported as not checked, and stops no other.
    """
    results: list[IntegrityResult] = []
    for number, check in (
        (1, check_patterns),
        (2, check_baseline),
        (3, check_relations),
        (5, check_allocation),
        (7, check_external),
        (8, check_plausibility),
    ):
        try:
            results += check(trial)
        except (ArithmeticError, ValueError, KeyError, TypeError, IndexError) as error:
            why = f"a fault of the tool ({type(error).__name__}), not of the data"
            results.append(Check("tool", number).skipped(trial.study, why, DOMAINS[number]))
    return results
