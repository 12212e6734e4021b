"""From a design to a logistic mixed model that has a maximum: what has none is taken out, and said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from scipy import sparse

from ipdma.errors import FitError
from ipdma.model.design import Design
from ipdma.model.glmm import GlmmData
from ipdma.model.glmm_search import Layout, descend
from ipdma.model.problem import Prepared, prepare, random_pairs
from ipdma.model.rank import between_only, drop_aliased, informing, informing_studies, nuisance_notes
from ipdma.model.separation import SATURATED
from ipdma.model.separation_among import Columns, separated_among
from ipdma.model.term import Term

Array = np.ndarray


PENALISED = (
    "Firth's penalty: every estimate is finite and drawn towards no effect, the more the fewer the events; "
    "standard errors are those of the information at the estimate"
)


@dataclass(frozen=True)
class BinomialProblem:
    """What is maximised, and the map back to the scale of the data.

    Attributes
    ----------
    data, layout
        Rows and parameters; columns are centred (where an intercept takes it up) and scaled.
    start : ndarray
        Fixed-effect estimates without random effects, theta zero.
    to_data : sparse array of shape (P, P)
        Coefficients on the scale of the data = to_data @ fixed part of the parameters.
    terms : tuple of Term
        Of the P coefficients.
    informed : dict of Term to tuple of str
        Studies that inform each shared term and each joint test.
    """

    design: Design
    data: GlmmData
    layout: Layout
    start: Array
    to_data: sparse.csr_array
    terms: tuple[Term, ...]
    informed: dict[Term, tuple[str, ...]]
    warnings: tuple[str, ...]


def build_problem(design: Design) -> BinomialProblem:
    """Take out what has no finite maximum or cannot be told apart, then set up the likelihood.

    Raises
    ------
    FitError
        Where no study has both outcomes, a shared term's estimate is infinite, or columns are aliased.
    """
    empty = empty_cells(design)
    design, notes = drop_constant_studies(design)
    notes += empty
    prepared = check_columns(design)
    problem = assemble(prepared, notes)
    eta = np.einsum("nc,nc->n", problem.data.A, problem.layout.spread(problem.start)[0][problem.data.study])
    if np.abs(eta).max() < SATURATED:
        return problem
    p, data = problem.layout.p, problem.data
    separated = separated_among(Columns(data.A[:, :p], data.A[:, p:], data.study), data.y)
    if not separated.any():
        return problem
    rest = without_rows(prepared, separated)
    lost = [term for term in prepared.shared_terms if term not in rest.shared_terms]
    note = across_separation_note(design, separated, lost) if lost else separation_note(design, separated)
    return assemble(rest, [*notes, note])


def whole_problem(design: Design) -> BinomialProblem:
    """The likelihood with all rows that inform it, for a penalty under which nothing is infinite.

    Raises
    ------
    FitError
        Where no study has both outcomes, or columns are aliased.
    """
    design, notes = drop_constant_studies(design)
    return assemble(check_columns(design), [*notes, PENALISED])


def drop_constant_studies(design: Design) -> tuple[Design, list[str]]:
    """Leave out studies with one outcome only, where each has its own intercept: it is infinite there.

    Raises FitError where no study is left. The sentences name the studies that are left out.
    """
    if "intercept" not in design.nuisance_terms:
        return design, []
    sums = np.bincount(design.study, weights=design.outcome)
    silent = (sums == 0) | (sums == design.study_sizes)
    if not silent.any():
        return design, []
    if silent.all():
        raise FitError(
            f"no study has both outcomes in '{design.spec.outcome}': with an intercept for each study "
            "nothing is left to estimate"
        )
    notes = [
        f"{', '.join(np.array(design.studies)[part])}: {what} in any arm, so no information"
        for part, what in ((sums == 0, "no event"), (sums == design.study_sizes, "nothing but events"))
        if part.any()
    ]
    return subset_rows(design, ~silent[design.study]), notes


def empty_cells(design: Design) -> list[str]:
    """Name the studies with both outcomes of which an arm has one outcome only."""
    treatment = design.shared[:, design.shared_terms.index("treatment")]
    named = []
    starts = np.searchsorted(design.study, np.arange(len(design.studies) + 1))
    for study, (start, stop) in zip(design.studies, pairwise(starts), strict=True):
        t, y = treatment[start:stop], design.outcome[start:stop]
        arms = np.unique(t)
        if len(arms) == 2 and np.ptp(y) and any(not np.ptp(y[t == arm]) for arm in arms):
            named.append(study)
    if not named:
        return []
    return [
        f"empty cell of outcome by arm in {', '.join(named)}: a study's own estimate is infinite there, so "
        "that it informs the treatment effect through the model alone"
    ]


def subset_rows(design: Design, keep: Array) -> Design:
    """The design with these of its rows; studies without rows leave it."""
    present, study = np.unique(design.study[keep], return_inverse=True)
    return replace(
        design,
        outcome=design.outcome[keep],
        study=study,
        studies=tuple(design.studies[i] for i in present),
        shared=design.shared[keep],
        nuisance=design.nuisance[keep],
        random=design.random[keep],
        row_index=design.row_index[keep],
        study_means={name: means[present] for name, means in design.study_means.items()},
    )


def check_columns(design: Design) -> Prepared:
    """Refuse aliased columns as the Gaussian model does; across-trial terms that are aliased are left out."""
    group = np.zeros(len(design.studies), dtype=int)
    prepared = drop_aliased(prepare(design, list(range(design.shared.shape[1])), group))
    return replace(prepared, warnings=[*prepared.warnings, *nuisance_notes(prepared)])


def without_rows(prepared: Prepared, separated: Array) -> Prepared:
    """The problem that decides what is finite: the rows that are not separated.

    An across-trial term that has no finite estimate is left out, as one that cannot be told apart is.

    Raises
    ------
    FitError
        Where another shared term is no longer determined: its estimate is infinite.
    """
    design = prepared.design
    if separated.all():
        raise FitError(separation_fault(design, list(prepared.shared_terms)))
    left = on_rows(prepared, ~separated, prepared.shared_terms)
    informed = informing(left).sum(axis=0)
    lost = [t for t, count in zip(left.shared_terms, informed, strict=True) if not count]
    gone, hidden = between_only(left)
    lost += [t for t in (left.shared_terms[j] for j in (*gone, *hidden)) if t not in lost]
    left_out = [t for t in lost if t.kind == "across"]  # a fit can do without it
    if len(left_out) < len(lost):
        raise FitError(separation_fault(design, [t for t in lost if t not in left_out]))
    left = on_rows(prepared, ~separated, [t for t in left.shared_terms if t not in left_out])
    try:
        checked = drop_aliased(left)
    except FitError:
        raise FitError(separation_fault(design, list(left.shared_terms))) from None
    return replace(checked, warnings=prepared.warnings)


def on_rows(prepared: Prepared, keep: Array, terms: Sequence[str]) -> Prepared:
    """The same model on some of its rows, with these of its shared terms."""
    rest = subset_rows(prepared.design, keep)
    shared = [rest.shared_terms.index(term) for term in terms]
    return prepare(rest, shared, np.zeros(len(rest.studies), dtype=int))


def across_separation_note(design: Design, separated: Array, terms: Sequence[Term]) -> str:
    """Say which across-trial terms have no finite estimate, and what the other terms then are."""
    studies = [design.studies[i] for i in np.unique(design.study[separated])]
    return (
        f"separation: no finite estimate of {', '.join(terms)}, which predicts {int(separated.sum())} rows "
        f"of {', '.join(studies)} without error; it is left out with these rows, and treatment is the effect "
        "in the other trials"
    )


def separation_fault(design: Design, terms: Sequence[Term]) -> str:
    """Say that a shared term has no finite estimate."""
    return (
        f"separation: the outcome '{design.spec.outcome}' is predicted without error by a combination of "
        f"columns, so that there is no finite estimate of {', '.join(terms)}; look for an empty cell of "
        "outcome by arm (or by level), leave the column out, or use estimator: firth"
    )


def separation_note(design: Design, separated: Array) -> str:
    """Name the studies in which a study's own coefficient is infinite."""
    studies = [design.studies[i] for i in np.unique(design.study[separated])]
    return (
        f"separation in {', '.join(studies)}: the study's own intercept or slopes predict "
        f"{int(separated.sum())} rows without error; they are infinite there and are not shown, and these "
        "rows tell nothing of the other terms"
    )


def assemble(prepared: Prepared, notes: list[str]) -> BinomialProblem:
    """Set up the likelihood and its start."""
    design, keep = prepared.design, prepared.full.keep
    shared = [design.shared_terms.index(term) for term in prepared.shared_terms]
    raw = np.column_stack([design.shared[:, shared], design.nuisance])
    shift, scale = centring(design, prepared, raw)
    own = np.column_stack([np.ones((len(design.studies), len(shared)), dtype=bool), keep])
    A = np.where(own[design.study], (raw - shift[design.study]) / scale, 0.0)
    pairs = random_pairs(design)
    index, terms = parameter_index(prepared, keep, len(pairs))
    P = len(terms)
    data = GlmmData(
        y=design.outcome,
        A=A,
        Z=design.random,
        study=design.study,
        starts=np.searchsorted(design.study, np.arange(len(design.studies))),
        pairs=pairs,
        tied=design.tied,
        **gauss_hermite(design.spec.quadrature if pairs else 1),
    )
    layout = Layout(index, P + len(pairs), len(pairs), len(shared))
    return BinomialProblem(
        design,
        data,
        layout,
        np.concatenate([start_of(data, layout, P), np.zeros(len(pairs))]),
        map_to_data(index[:, : raw.shape[1]], shift, scale, intercept_at(prepared), P),
        terms,
        informing_studies(prepared),
        tuple([*notes, *prepared.warnings]),
    )


def gauss_hermite(points: int) -> dict[str, Array]:
    """Nodes and weights for the weight exp(-x^2); one point is Laplace."""
    nodes, weights = np.polynomial.hermite.hermgauss(points)
    return {"nodes": nodes, "weights": weights}


def intercept_at(prepared: Prepared) -> int | None:
    """Position of the intercept among the local columns (shared, then nuisance), if there is one."""
    if "intercept" in prepared.design.nuisance_terms:
        return len(prepared.shared_terms) + prepared.design.nuisance_terms.index("intercept")
    return prepared.shared_terms.index("intercept") if "intercept" in prepared.shared_terms else None


def centring(design: Design, prepared: Prepared, raw: Array) -> tuple[Array, Array]:
    """What is taken off each column in each study, shape (K, c), and what it is divided by, shape (c,).

    A study's own intercept takes up the study's means, a shared one the means of the shared columns.
    """
    k, c = len(design.studies), raw.shape[1]
    at = intercept_at(prepared)
    shift = np.zeros((k, c))
    if "intercept" in design.nuisance_terms:
        sums = np.add.reduceat(raw, np.searchsorted(design.study, np.arange(k)), axis=0)
        shift = sums / design.study_sizes[:, None]
    elif at is not None:
        p = len(prepared.shared_terms)
        shift[:, :p] = raw[:, :p].mean(axis=0)
    if at is not None:
        shift[:, at] = 0.0
    rest = raw - shift[design.study]
    size = np.sqrt((rest**2).mean(axis=0))
    return shift, np.where(size > 0, size, 1.0)


def parameter_index(prepared: Prepared, keep: Array, m: int) -> tuple[Array, tuple[Term, ...]]:
    """Positions of each study's coefficients and theta, and the coefficients' terms."""
    design, p = prepared.design, len(prepared.shared_terms)
    k, q = keep.shape
    index = np.full((k, p + q + m), -1)
    index[:, :p] = np.arange(p)
    terms = list(prepared.shared_terms)
    for h, name in enumerate(design.nuisance_terms):
        for i in np.flatnonzero(keep[:, h]):
            index[i, p + h] = len(terms)
            terms.append(name.but(study=design.studies[i]))
    index[:, p + q :] = len(terms) + np.arange(m)
    return index, tuple(terms)


def map_to_data(index: Array, shift: Array, scale: Array, at: int | None, P: int) -> sparse.csr_array:
    """The linear map from scaled, centred coefficients to those of the data."""
    sizes = np.zeros(P)
    study, j = np.nonzero(index >= 0)
    sizes[index[study, j]] = 1 / scale[j]
    found = sparse.diags_array(sizes, format="csr")
    if at is None:
        return found
    beside = (j != at) & (index[study, at] >= 0)
    study, j = study[beside], j[beside]
    place = (index[study, at], index[study, j])
    _, first = np.unique(
        place[0] * P + place[1], return_index=True
    )  # a shared one has the same of each study
    values = -shift[study, j] / scale[j]
    rest = sparse.csr_array((values[first], (place[0][first], place[1][first])), shape=(P, P))
    return sparse.csr_array(found + rest)


def start_of(data: GlmmData, layout: Layout, P: int) -> Array:
    """Fixed effects of the model without random effects."""
    plain = replace(
        data, Z=np.empty((len(data.y), 0)), pairs=(), nodes=np.zeros(1), weights=np.array([np.sqrt(np.pi)])
    )
    index = layout.index[:, : data.A.shape[1]]
    return descend(plain, Layout(index, P, 0, layout.p), np.zeros(P)).point.psi


def fixed_columns(problem: BinomialProblem) -> sparse.csr_array:
    """All P columns side by side, each study's own columns zero elsewhere; shape (n, P)."""
    return side_by_side(problem, problem.data.A)


def data_columns(problem: BinomialProblem) -> sparse.csr_array:
    """The same columns on the scale of the data, shape (n, P)."""
    design, terms = problem.design, problem.terms[: problem.layout.p]
    shared = design.shared[:, [design.shared_terms.index(term) for term in terms]]
    return side_by_side(problem, np.column_stack([shared, design.nuisance]))


def side_by_side(problem: BinomialProblem, local: Array) -> sparse.csr_array:
    """Columns of each study (n, c) at the places of their coefficients, shape (n, P)."""
    places = problem.layout.index[problem.data.study, : local.shape[1]]
    row, j = np.nonzero(places >= 0)
    return sparse.csr_array((local[row, j], (row, places[row, j])), shape=(len(local), len(problem.terms)))
