"""Which shared columns the data can tell apart, and which studies inform each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from scipy.linalg import lapack

from ipdma.errors import FitError, join_faults
from ipdma.model.criterion import Point, evaluate
from ipdma.model.derivatives import differentiate
from ipdma.model.design import Design
from ipdma.model.problem import Prepared, Problem, pivots, sweep_columns, sweep_nuisance
from ipdma.model.search import starting_points
from ipdma.model.term import INTERACTIONS, Term

ALIASED = 1e-10  # share of a column's sum of squares that must be left beside the columns before it
NOISE = 1e-14  # mean square of a scaled column below which it is rounding
OF_STUDIES = ("intercept", "treatment", "study_mean", "across")  # constant or treatment alone in a study
ORDER = ("intercept", "treatment", "covariate", "main", "within", "naive", "study_mean", "across")


def least_squares_products(prepared: Prepared) -> np.ndarray:
    """Unweighted products with nuisance columns swept out, shape (K, c, c)."""
    full = prepared.full
    if full.gram.shape[1] == 1:
        return prepared.swept.gram[:, 0]
    pooled = replace(full, gram=full.gram.sum(axis=1, keepdims=True), n=full.n.sum(axis=1, keepdims=True))
    return sweep_nuisance(pooled).gram[:, 0]


def informing(prepared: Prepared) -> np.ndarray:
    """Whether each study informs each shared column: not all zero once its nuisance is swept out; (K, p)."""
    problem = prepared.full
    left = np.einsum("kii->ki", least_squares_products(prepared))[:, problem.x]
    size = np.einsum("ksii->ki", problem.gram)[:, problem.x]
    found: np.ndarray = (left > ALIASED * size) & (left > NOISE * problem.raw_n.sum(axis=1)[:, None])
    return found


def informing_studies(prepared: Prepared) -> dict[Term, tuple[str, ...]]:
    """The studies that inform each shared term, and each joint test by any of its terms."""
    there, design = informing(prepared), prepared.design
    each = dict(zip(prepared.shared_terms, there.T, strict=True))
    for name, wanted in design.joint.items():
        each[name] = there[:, [term in wanted for term in prepared.shared_terms]].any(axis=1)
    return {
        name: tuple(
            str(study) for study, informs in zip(design.studies, those.tolist(), strict=True) if informs
        )
        for name, those in each.items()
    }


def rows_informing(design: Design, informing: Mapping[Term, tuple[str, ...]]) -> dict[Term, int]:
    """How many rows the studies behind each term have."""
    sizes = dict(zip(map(str, design.studies), design.study_sizes.tolist(), strict=True))
    return {term: sum(sizes[study] for study in studies) for term, studies in informing.items()}


def drop_aliased(prepared: Prepared) -> Prepared:
    """Leave out across-trial terms that studies cannot tell apart, and within-trial ones that none informs.

    Raises
    ------
    FitError
        Naming each other column that cannot be estimated and those that it cannot be told from; an
        interaction of which nothing is left.
    """
    terms = prepared.shared_terms
    gone, hidden = between_only(prepared)
    notes = [describe_between(terms, gone, hidden)] if gone or hidden else []
    aliased, said, faults = aliased_columns(prepared, [j for j in range(len(terms)) if j not in gone])
    dropped = [*gone, *aliased]
    if gone and not any(terms[j].kind in INTERACTIONS for j in range(len(terms)) if j not in dropped):
        faults.append(f"{notes[0]}; leave the moderator out")
    if faults:
        raise FitError(join_faults(faults))
    return leave_out(prepared, dropped, [*notes, *said]) if notes or dropped else prepared


def aliased_columns(prepared: Prepared, among: list[int]) -> tuple[list[int], list[str], list[str]]:
    """Across-trial columns to leave out, what to say of them, and the faults of any other aliased column."""
    problem, terms = prepared.swept, prepared.shared_terms
    total, size = least_squares_products(prepared).sum(axis=0), column_sizes(prepared)
    order = sorted(among, key=lambda j: ORDER.index(terms[j].kind))
    dropped: list[int] = []
    kept: list[int] = []
    notes: list[str] = []
    faults: list[str] = []
    if plainly_distinct(total, size, problem.x[order]):
        return dropped, notes, faults
    for j in order:
        others = aliases(total, size, problem.x, kept, j)
        if others is None:
            kept.append(j)
            continue
        sentence = describe_alias(prepared, j, others)
        if terms[j].kind == "across":
            dropped.append(j)
            notes.append(f"{sentence}; it is left out")
        else:
            faults.append(f"{sentence}; leave {'one of them' if others else 'it'} out")
    return dropped, notes, faults


def describe_between(terms: Sequence[Term], gone: list[int], hidden: list[int]) -> str:
    """Say which within-trial interactions no study informs by itself."""
    said = []
    left_out, kept = (", ".join(f"'{terms[j]}'" for j in among) for among in (gone, hidden))
    if gone:
        said.append(
            f"no study informs {left_out} by itself: within each, what varies "
            "goes with the treatment effect or other columns; left out, and what differs between studies is "
            "across-trial"
        )
    if hidden:
        said.append(
            f"no study tells {kept} apart by itself: they rest on "
            "differences between studies too; take another reference level"
        )
    return "; ".join(said)


def plainly_distinct(total: np.ndarray, size: np.ndarray, columns: np.ndarray) -> bool:
    """Whether each column, beside those before it, keeps far more than rounding can leave."""
    own = total[columns, columns]
    if (own <= 1e-6 * size[columns]).any():
        return False
    root = np.sqrt(own)
    chol, failed = lapack.dpotrf(total[columns[:, None], columns] / np.outer(root, root), lower=1)
    return not failed and bool(chol.diagonal().min() > 1e-3)


def aliases(total: np.ndarray, size: np.ndarray, x: np.ndarray, kept: list[int], j: int) -> list[int] | None:
    """Columns among `kept` that make up column j; an empty list: the nuisance alone; None: it is its own."""
    column = x[j]
    if total[column, column] <= ALIASED * size[column]:
        return []
    if not kept:
        return None
    others = x[kept]
    among, link = total[others[:, None], others], total[others, column]
    weights = np.linalg.lstsq(among, link, rcond=1e-13)[0]
    left = total[column, column] - link @ weights
    if left > 10 * ALIASED * total[column, column]:
        return None
    share = np.abs(weights) * np.sqrt(np.diag(among) / total[column, column])
    return [kept[i] for i in np.flatnonzero(share > 1e-6)]


def describe_alias(prepared: Prepared, j: int, others: list[int]) -> str:
    """Name the columns that cannot be told apart."""
    name = prepared.shared_terms[j]
    if not others:
        nuisance = ", ".join(prepared.design.nuisance_terms)
        where = f"within any study beside each study's own {nuisance}" if nuisance else "at all"
        return f"rank-deficient design: '{name}' does not vary {where}, so it cannot be estimated"
    named = ", ".join(f"'{prepared.shared_terms[i]}'" for i in others)
    own = f" beside each study's own {', '.join(prepared.design.nuisance_terms)}"
    beside = own if prepared.design.nuisance_terms else ""
    return f"rank-deficient design: '{name}' cannot be told apart from {named}{beside}"


def between_only(prepared: Prepared) -> tuple[list[int], list[int]]:
    """Within-trial interactions of which no study, by itself, says anything; positions among shared columns.

    Beside each study's own treatment effect nothing is left of the first (as where each study has the level
    in one arm alone): a coefficient would compare studies, as an across-trial one does. The second are hidden
    by one another: a combination of them is told within studies.
    """
    terms, x = prepared.shared_terms, prepared.swept.x
    within = [j for j, term in enumerate(terms) if term.kind == "within"]
    if not within:
        return [], []
    columns = [j for j, term in enumerate(terms) if term.kind not in OF_STUDIES]
    left, size = beside_own_effects(prepared).sum(axis=0), column_sizes(prepared)
    if plainly_distinct(left, size, x[columns]):
        return [], []
    hiding = {j: aliases(left, size, x, [i for i in columns if i != j], j) for j in within}
    gone = [j for j in within if hiding[j] == []]
    return gone, [j for j in within if hiding[j]]


def beside_own_effects(prepared: Prepared) -> np.ndarray:
    """Each study's products beside an intercept and a treatment effect of its own, shape (K, c, c)."""
    named = zip(prepared.swept.x.tolist(), prepared.shared_terms, strict=True)
    own = np.array([j for j, term in named if term.kind in ("intercept", "treatment")])
    products = least_squares_products(prepared)
    size = np.einsum("ksii->ki", prepared.full.gram)[:, own]
    keep = pivots(products[:, own[:, None], own], prepared.products.rows.astype(float), size)
    return sweep_columns(products, own, keep)[0]


def column_sizes(prepared: Prepared) -> np.ndarray:
    """What is left of a column is measured against: its sum of squares, or the rows where more; (c,)."""
    rows = float(prepared.full.raw_n.sum())
    found: np.ndarray = np.maximum(np.einsum("ksii->i", prepared.full.gram), rows)
    return found


def leave_out(prepared: Prepared, dropped: list[int], notes: list[str]) -> Prepared:
    """The same data without these of the shared columns, nor a random effect of such a column alone.

    Tied levels stay together: they stand for what differs between any two of them.
    """
    terms, design = prepared.shared_terms, prepared.design
    keep = [j for j in range(len(terms)) if j not in dropped]
    x = prepared.full.x[keep]
    found = replace(
        prepared,
        full=replace(prepared.full, x=x),
        swept=replace(prepared.swept, x=x),
        shared_terms=tuple(terms[j] for j in keep),
        warnings=[*prepared.warnings, *notes],
    )
    gone = {terms[j] for j in dropped}
    tied = set(design.random_terms[-design.tied + 1 :]) if design.tied > 1 else set()
    lost = [i for i, t in enumerate(design.random_terms) if t in gone and t not in tied]
    if tied and tied <= gone:
        lost.append(len(design.random_terms) - design.tied)  # the reference's, with which all of them go
    return without_random(found, lost, "its variance between studies is left out with it") if lost else found


def nuisance_notes(prepared: Prepared) -> list[str]:
    """Say which studies have no coefficient of their own for which nuisance column; refuse one in none.

    Raises
    ------
    FitError
        When a nuisance column can be estimated in no study.
    """
    design, notes, faults = prepared.design, [], []
    for h, name in enumerate(design.nuisance_terms):
        keep = prepared.full.keep[:, h]
        others = ", ".join(n for n in design.nuisance_terms if n != name)
        if not keep.any():
            faults.append(
                f"rank-deficient design: column '{name}' has no coefficient in any study: it does not vary "
                f"within studies, or not apart from {others}; leave it out"
            )
        elif not keep.all():
            without = ", ".join(design.studies[i] for i in np.flatnonzero(~keep))
            notes.append(
                f"'{name}' has no coefficient of its own in {without}: it does not vary there "
                f"apart from {others}"
            )
    if faults:
        raise FitError(join_faults(faults))
    return notes


def drop_unidentified(prepared: Prepared) -> Prepared:
    """Make common the random effects whose variance fixed columns take up entirely.

    Two studies with an across-trial term leave nothing for the variance of the treatment effect: its
    information tr(P V_i P V_i) is zero, the criterion is flat in it, and no estimate of it would mean
    anything. An interaction with a level so rare that each study's own coefficient of that level takes up
    its participants differs between studies alone, and counts like an across-trial term.
    """
    problem = prepared.swept
    informed = np.count_nonzero(np.einsum("ksii->ki", problem.gram)[:, problem.z], axis=0)
    if not len(problem.z) or informed.min() > len(problem.x):  # p columns cannot take up more studies than p
        return prepared
    start = starting_points(problem)[0]
    information = differentiate(problem, start, evaluate(problem, start)).expected
    own = information.diagonal()
    lost = [i for at, (i, j) in enumerate(problem.pairs) if i == j and is_flat(own[at], start, i)]
    if not lost:
        return prepared
    names = [name for name, i, _ in prepared.design.components if i in lost]
    note = (
        f"the variance between studies of {', '.join(names)} cannot be told from the across-trial terms with "
        "so few studies: taken as common"
    )
    return without_random(prepared, lost, note)


def is_flat(information: float, point: Point, i: int) -> bool:
    """Whether a variance has no information, measured in units of its own value at the point."""
    return bool(information * float(point.between[i, i]) ** 2 < 1e-12)


def without_random(prepared: Prepared, lost: list[int], note: str) -> Prepared:
    """The same model with some random effects made common."""
    r, tied = len(prepared.full.z), prepared.full.tied
    if r - tied in lost:
        lost, tied = [*lost, *range(r - tied, r)], 1
    keep = [i for i in range(r) if i not in lost]
    place = {old: new for new, old in enumerate(keep)}
    pairs = tuple((place[i], place[j]) for i, j in prepared.full.pairs if i in place and j in place)
    design = replace(
        prepared.design,
        random=prepared.design.random[:, keep],
        random_terms=tuple(prepared.design.random_terms[i] for i in keep),
        tied=tied,
    )
    at = np.array(keep, dtype=int)

    def reduce(problem: Problem) -> Problem:
        raw = problem.raw_zz[..., at[:, None], at]
        return replace(problem, z=problem.z[at], pairs=pairs, raw_zz=raw, tied=tied)

    warnings = [*prepared.warnings, note]
    return replace(
        prepared, design=design, full=reduce(prepared.full), swept=reduce(prepared.swept), warnings=warnings
    )
