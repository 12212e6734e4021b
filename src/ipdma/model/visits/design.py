"""From rows at visits to columns: each column of the ordinary design becomes one per visit.

The columns of `ipdma.model.design` are the features of a row. A shared column gets a coefficient per
visit (treatment columns at the later visits only), a nuisance column one per visit and study, and a
random treatment or interaction column a random effect per visit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ipdma.errors import DataError, FitError, SpecError, join_faults, nearest
from ipdma.model.columns import as_text
from ipdma.model.design import Design, build_design
from ipdma.model.spec import ModelSpec
from ipdma.model.term import INTERACTIONS, INTERCEPT, TREATMENT, Term

Array = NDArray[Any]


@dataclass(frozen=True)
class Column:
    """One column of the design: a feature at one visit (or at all, a random intercept).

    Attributes
    ----------
    name : Term
    feature : int
    visit : int or None
        None: at every visit.
    study : int or None
        The one study that has it (nuisance), or None.
    """

    name: Term
    feature: int
    visit: int | None
    study: int | None = None


@dataclass(frozen=True)
class VisitDesign:
    """Rows reduced to features, and the columns made of them.

    Attributes
    ----------
    base : Design
        The ordinary design of the same rows.
    visits : tuple of str
        Names of the visits, baseline first where there is one, numbers in order, else as they appear.
    effect_visits : tuple of int
        Visits at which treatment has an effect.
    visit, participant : ndarray of int, shape (n,)
        Codes of each row; participants are numbered over all studies.
    features : ndarray, shape (n, q)
        Scaled (and shifted) columns; the outcome is the last.
    scale : ndarray, shape (q,)
    outcome_mean : ndarray, shape (J,)
        Taken off the outcome at each visit.
    fixed, nuisance, random : tuple of Column
    joint : dict of Term to tuple of Term
        The terms that are tested together, by the test's name.
    """

    base: Design
    visits: tuple[str, ...]
    effect_visits: tuple[int, ...]
    visit: NDArray[np.intp]
    participant: NDArray[np.intp]
    features: Array
    scale: Array
    outcome_mean: Array
    fixed: tuple[Column, ...]
    nuisance: tuple[Column, ...]
    random: tuple[Column, ...]
    joint: dict[Term, tuple[Term, ...]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def spec(self) -> ModelSpec:
        """The specification as it is fitted."""
        return self.base.spec

    @property
    def n_studies(self) -> int:
        """Studies with analysed rows."""
        return len(self.base.studies)


def build_visit_design(rows: pd.DataFrame, spec: ModelSpec) -> VisitDesign:
    """Build the design of a model over visits.

    Raises
    ------
    DataError
        A participant twice at a visit, a treatment that changes between visits, a visit seen in one
        study only while its effect is random, or what the ordinary design refuses; all faults at once.
    SpecError
        A baseline visit that is not among the visits.
    FitError
        More terms than rows.
    """
    base = build_design(rows, spec)
    names, visit = name_visits(rows, base, spec)
    participant = np.asarray(base.participant, dtype=np.intp)
    effects = tuple(j for j in range(len(names)) if names[j] != spec.baseline_visit)
    check_rows(base, names, visit, participant)
    lone = check_lone_visits(base, names, visit, effects)
    features, scale, means = scaled_features(base, visit, len(names))
    fixed, joint = fixed_terms(base, names, effects)
    nuisance = nuisance_terms(base, names, visit, features)
    design = VisitDesign(
        base,
        names,
        effects,
        visit,
        participant,
        features,
        scale,
        means,
        fixed,
        nuisance,
        random_terms(base, names, effects),
        joint,
        (*base.warnings, *lone, *never_together(names, visit, participant)),
    )
    check_enough_rows(design)
    return design


def name_visits(
    rows: pd.DataFrame, base: Design, spec: ModelSpec
) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    """Visits in their order, and the code of each analysed row; raises as `build_visit_design` says."""
    text = as_text(rows[spec.visit])[base.row_index]
    in_file = as_text(rows[spec.visit])[np.sort(base.row_index)]
    names = order_visits(list(dict.fromkeys(in_file)))
    baseline = spec.baseline_visit
    if baseline is not None:
        if baseline not in names:
            raise SpecError(
                f"baseline_visit: '{baseline}' is not a visit in column '{spec.visit}'"
                f"{nearest(baseline, names) or '; visits: ' + ', '.join(names)}"
            )
        names = [baseline, *[n for n in names if n != baseline]]
    if len(names) < 2:
        raise DataError(
            f"column '{spec.visit}': expected at least two visits, got one ('{names[0]}'); "
            "leave `visit` out for a single visit"
        )
    code = {name: j for j, name in enumerate(names)}
    return tuple(names), np.array([code[t] for t in text], dtype=np.intp)


def order_visits(names: list[str]) -> list[str]:
    """Numbers ascending; otherwise as the visits first appear."""
    try:
        return sorted(names, key=float)
    except ValueError:
        return names


def check_rows(
    base: Design, names: tuple[str, ...], visit: NDArray[np.intp], participant: NDArray[np.intp]
) -> None:
    """Refuse a participant twice at a visit, and a treatment that changes between visits."""
    faults = []
    pairs = participant.astype(np.int64) * len(names) + visit
    unique, first, counts = np.unique(pairs, return_index=True, return_counts=True)
    if (counts > 1).any():
        twice = first[counts > 1]
        where = sorted({f"'{names[visit[i]]}' in {base.studies[base.study[i]]}" for i in twice})
        faults.append(
            f"column '{base.spec.participant}': {len(twice)} of {len(unique)} participant visits have more "
            f"than one row (visit {', '.join(where[:6])}); expected one row per participant and visit"
        )
    treatment = base.shared[:, base.shared_terms.index("treatment")]
    low, high = spread_by(treatment, participant)
    changed = np.flatnonzero(high > low)
    if len(changed):
        where = sorted({base.studies[base.study[np.flatnonzero(participant == p)[0]]] for p in changed})
        faults.append(
            f"column '{base.spec.treatment}': the treatment changes between visits for {len(changed)} of "
            f"{len(low)} participants (in {', '.join(where[:6])}); expected the randomised arm at every visit"
        )
    if faults:
        raise DataError(join_faults(faults))


def spread_by(values: Array, group: NDArray[np.intp]) -> tuple[Array, Array]:
    """Lowest and highest value of each group."""
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(group[order]) != 0])
    sorted_values = values[order]
    return np.minimum.reduceat(sorted_values, starts), np.maximum.reduceat(sorted_values, starts)


def check_lone_visits(
    base: Design, names: tuple[str, ...], visit: NDArray[np.intp], effects: tuple[int, ...]
) -> list[str]:
    """Refuse a visit of one study where its effect varies between studies; else note it."""
    if len(base.studies) == 1:
        return []
    seen = [sorted(set(base.study[visit == j])) for j in range(len(names))]
    lone = [f"'{names[j]}' (in {base.studies[seen[j][0]]} alone)" for j in effects if len(seen[j]) == 1]
    if not lone:
        return []
    if "treatment" in base.random_terms:
        raise DataError(
            f"column '{base.spec.visit}': visit {', '.join(lone)} is seen in one study only, so its effect "
            "cannot vary between studies; leave that visit out, or use treatment_effect: common"
        )
    return [f"visit {', '.join(lone)} is seen in one study only: its effect is that study's"]


def never_together(
    names: tuple[str, ...], visit: NDArray[np.intp], participant: NDArray[np.intp]
) -> list[str]:
    """Note pairs of visits that no participant has both of: their covariance is not informed."""
    seen = np.zeros((participant.max() + 1, len(names)))
    seen[participant, visit] = 1
    together = seen.T @ seen
    pairs = [
        f"'{names[a]}' and '{names[b]}'"
        for a in range(len(names))
        for b in range(a + 1, len(names))
        if together[a, b] == 0
    ]
    return [f"no participant was seen at both {p}: their covariance is not informed" for p in pairs]


def scaled_features(base: Design, visit: NDArray[np.intp], n_visits: int) -> tuple[Array, Array, Array]:
    """Features of each row on a common scale: shared, nuisance and random columns, then the outcome."""
    means = np.bincount(visit, base.outcome, n_visits) / np.bincount(visit, minlength=n_visits)
    outcome = base.outcome - means[visit]
    raw = np.column_stack([base.shared, swept_means(base), base.random, outcome])
    scale = np.sqrt(np.mean(raw**2, axis=0))
    scale[scale == 0] = 1.0
    return raw / scale, scale, means


def swept_means(base: Design) -> Array:
    """Nuisance columns less their study means where each study has its own intercepts (same span)."""
    if "intercept" not in base.nuisance_terms:
        return base.nuisance
    sizes = base.study_sizes
    columns = []
    for name, column in zip(base.nuisance_terms, base.nuisance.T, strict=True):
        mean = np.bincount(base.study, column, len(sizes)) / sizes
        columns.append(column if name == "intercept" else column - mean[base.study])
    return np.column_stack(columns)


def fixed_terms(
    base: Design, names: tuple[str, ...], effects: tuple[int, ...]
) -> tuple[tuple[Column, ...], dict[Term, tuple[Term, ...]]]:
    """Shared columns at their visits, and the joint tests over visits and levels."""
    columns = []
    for feature, term in enumerate(base.shared_terms):
        at = effects if term.is_treatment else range(len(names))
        columns += [Column(term.but(visit=names[j]), feature, j) for j in at]
    joint = {}
    for label, members in {TREATMENT: (TREATMENT,), **single_interactions(base), **base.joint}.items():
        joint[label] = tuple(m.but(visit=names[j]) for m in members for j in effects)
    return tuple(columns), joint


def single_interactions(base: Design) -> dict[Term, tuple[Term, ...]]:
    """A joint test over visits for each interaction with a continuous moderator."""
    members = {m for group in base.joint.values() for m in group}
    return {t: (t,) for t in base.shared_terms if t.kind in INTERACTIONS and t not in members}


def nuisance_terms(
    base: Design, names: tuple[str, ...], visit: NDArray[np.intp], features: Array
) -> tuple[Column, ...]:
    """Nuisance columns of each study at its visits; columns that the study's rows cannot tell apart once."""
    first = len(base.shared_terms)
    terms = []
    for study, label in enumerate(base.studies):
        for j, name in enumerate(names):
            rows = (base.study == study) & (visit == j)
            if not rows.any():
                continue
            kept = independent(features[rows, first : first + len(base.nuisance_terms)])
            own = [t.but(visit=name, study=label) for t in base.nuisance_terms]
            terms += [Column(own[i], first + i, j, study) for i in kept]
    return tuple(terms)


def independent(block: Array) -> list[int]:
    """Positions of columns that are no combination of those before them."""
    kept: list[int] = []
    basis = np.empty((len(block), 0))
    for i, column in enumerate(block.T):
        size = float(np.linalg.norm(column))
        rest = column - basis @ (basis.T @ column)
        rest = rest - basis @ (basis.T @ rest)
        left = float(np.linalg.norm(rest))
        if size > 0 and left > 1e-7 * size:
            kept.append(i)
            basis = np.column_stack([basis, rest / left])
    return kept


def random_terms(base: Design, names: tuple[str, ...], effects: tuple[int, ...]) -> tuple[Column, ...]:
    """A random intercept over all visits; a random treatment or interaction effect per later visit."""
    first = len(base.shared_terms) + len(base.nuisance_terms)
    terms: list[Column] = []
    for i, term in enumerate(base.random_terms):
        if term == INTERCEPT:
            terms.append(Column(term, first + i, None))
        else:
            terms += [Column(term.but(visit=names[j]), first + i, j) for j in effects]
    return tuple(terms)


def check_enough_rows(design: VisitDesign) -> None:
    """Refuse more terms than rows."""
    terms, n = len(design.fixed) + len(design.nuisance), len(design.visit)
    if n <= terms:
        raise FitError(
            f"more terms than rows: the model has {terms} terms and the data {n} complete rows; "
            "leave out covariates, or take common slopes"
        )
