"""A fit straight from a design matrix, for callers that have one already."""

from __future__ import annotations

import numpy as np

from ipdma.errors import DataError
from ipdma.model.design import Design
from ipdma.model.gaussian import fit_design
from ipdma.model.records import Fit
from ipdma.model.spec import ModelSpec
from ipdma.model.term import Term


def fit_arrays(
    outcome: np.ndarray,
    design_matrix: np.ndarray,
    terms: tuple[str, ...],
    study: np.ndarray,
    random: tuple[str, ...] = ("intercept", "treatment"),
    spec: ModelSpec | None = None,
) -> Fit:
    """Fit y = X beta + Z u + e with every column shared by all studies.

    Parameters
    ----------
    outcome : ndarray of shape (n,)
    design_matrix : ndarray of shape (n, p)
        With a column of ones named `intercept`. Column-major order is read fastest.
    terms : tuple of str
        Names of its columns; `treatment` must be among them.
    study : ndarray of int, shape (n,)
        0 to K - 1. Rows grouped by study are read in place; others are sorted first.
    random : tuple of str
        Terms with a random effect, intercept first; intercept and treatment are correlated by the spec.
    spec : ModelSpec, optional
        Its `df`, `estimator`, `residual`, `random_correlation` and `level` are taken.

    Raises
    ------
    DataError
        When `intercept` or `treatment` is not among the terms, or a value is not finite.
    """
    spec = (spec or ModelSpec()).resolved()
    missing = [t for t in ("intercept", "treatment") if t not in terms]
    if missing or len(terms) != design_matrix.shape[1]:
        raise DataError(
            f"expected a name for each of {design_matrix.shape[1]} columns, 'intercept' and "
            f"'treatment' among them; got {', '.join(terms)}"
        )
    if not np.isfinite(outcome.sum()):
        raise DataError("the outcome holds values that are not finite")
    if np.any(study[1:] < study[:-1]):
        order = np.argsort(study, kind="stable")
        outcome, design_matrix, study = outcome[order], design_matrix[order], study[order]
    n, at = len(outcome), [terms.index(name) for name in random]
    named = tuple(Term.parse(t) for t in terms)
    design = Design(
        spec=spec.replace(intercept="random" if "intercept" in random else "common"),
        outcome=outcome,
        study=study,
        studies=tuple(str(i) for i in range(int(study[-1]) + 1)),
        shared=design_matrix,
        shared_terms=named,
        nuisance=np.empty((n, 0)),
        nuisance_terms=(),
        random=design_matrix[:, : max(at) + 1] if at == list(range(len(at))) else design_matrix[:, at],
        random_terms=tuple(named[i] for i in at),
        correlated=spec.random_correlation,
        participant=None,
        joint={},
        row_index=np.empty(0, dtype=int),
        n_excluded=0,
    )
    return fit_design(design, profile=False)
