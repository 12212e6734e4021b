"""From rows and a specification to columns: what is shared by all studies, what each study has of its own.

    y = X beta + N_k gamma_k + Z u_k + e        (study k)

`X` holds the shared columns (treatment, interactions, common slopes), `N` the nuisance columns whose
coefficients are stratified by study, `Z` the columns with a random effect per study.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ipdma.errors import FitError
from ipdma.model.by_study import VARIES, centre_by_study, mean_by_study, varies_by_study
from ipdma.model.columns import ModelColumns, read_columns
from ipdma.model.nesting import nested_clusters
from ipdma.model.spec import ModelSpec
from ipdma.model.term import INTERACTIONS, INTERCEPT, TREATMENT, Term
from ipdma.model.variance import component_names, shared_name


@dataclass(frozen=True)
class Design:
    """Columns of one model, rows ordered by study.

    Attributes
    ----------
    spec : ModelSpec
        Resolved, with random effects that one study cannot carry made common.
    outcome : ndarray of shape (n,)
    study : ndarray of int, shape (n,)
        Position in `studies`, never decreasing.
    studies : tuple of str
    shared : ndarray of shape (n, p)
        Columns with one coefficient for all studies; `shared_terms` says what each is.
    nuisance : ndarray of shape (n, q)
        Columns with a coefficient per study; `nuisance_terms` says what each is, without its study.
    random : ndarray of shape (n, r)
        Columns with a random effect per study; `random_terms` says whose effect varies, and `correlated`
        whether those of intercept and treatment (the first two) are correlated.
    participant : ndarray of int or None
        Each row's participant, when participants have a random intercept; with `nesting` its cluster, -1
        where it has none.
    joint : mapping of Term to tuple of Term
        Tests that several shared terms are zero at once.
    row_index : ndarray of int
        Position of each row in the table that was read.
    n_excluded : int
        Rows left out because a used column is missing there.
    study_means : mapping of Term to ndarray of shape (K,)
        Study means of the moderator's own column (or of each of its dummies), over the analysed rows.
    tied : int
        How many of the last random columns share one variance (the levels of a categorical moderator); 1
        where none do.
    warnings : tuple of str
    """

    spec: ModelSpec
    outcome: np.ndarray
    study: np.ndarray
    studies: tuple[str, ...]
    shared: np.ndarray
    shared_terms: tuple[Term, ...]
    nuisance: np.ndarray
    nuisance_terms: tuple[Term, ...]
    random: np.ndarray
    random_terms: tuple[Term, ...]
    correlated: bool
    participant: np.ndarray | None
    joint: dict[Term, tuple[Term, ...]]
    row_index: np.ndarray
    n_excluded: int
    study_means: dict[Term, np.ndarray] = field(default_factory=dict)
    tied: int = 1
    warnings: tuple[str, ...] = ()

    @property
    def components(self) -> tuple[tuple[str, int, float], ...]:
        """Each variance between studies: its name, its first random column, and a factor.

        The variance that is reported is the factor times that of the random column.
        """
        single = len(self.random_terms) - (self.tied if self.tied > 1 else 0)
        found = [(name, i, 1.0) for i, name in enumerate(component_names(self.random_terms[:single]))]
        if self.tied > 1:
            found.append((shared_name(self.random_terms[-1]), single, 2.0))
        return tuple(found)

    @property
    def n_rows(self) -> int:
        """Rows that are analysed."""
        return len(self.outcome)

    @property
    def study_sizes(self) -> np.ndarray:
        """Analysed rows of each study."""
        found: np.ndarray = np.diff(np.searchsorted(self.study, np.arange(len(self.studies) + 1)))
        return found

    def shared_index(self, *kinds: str) -> list[int]:
        """Positions of the shared columns of these kinds."""
        return [j for j, term in enumerate(self.shared_terms) if term.kind in kinds]


@dataclass
class Parts:
    """Columns while they are gathered."""

    shared: list[tuple[Term, np.ndarray]] = field(default_factory=list)
    nuisance: list[tuple[Term, np.ndarray]] = field(default_factory=list)
    random: list[tuple[Term, np.ndarray]] = field(default_factory=list)
    joint: dict[Term, tuple[Term, ...]] = field(default_factory=dict)
    study_means: dict[Term, np.ndarray] = field(default_factory=dict)
    tied: int = 1
    warnings: list[str] = field(default_factory=list)


def build_design(rows: pd.DataFrame, spec: ModelSpec) -> Design:
    """Build the columns of `spec` from a table of rows.

    Parameters
    ----------
    rows : DataFrame
        One row per participant (or per measurement, with `participant`).
    spec : ModelSpec

    Raises
    ------
    SpecError
        A column with two roles that exclude each other.
    DataError
        Absent or wrong columns, infinite values, a constant outcome, no complete row.
    FitError
        A treatment that varies in no study, more terms than rows.
    """
    columns = read_columns(rows, spec)
    return design_of_columns(columns, spec)


def design_of_columns(columns: ModelColumns, spec: ModelSpec) -> Design:
    """Build the design from columns that are read and checked already; raises FitError as `build_design`."""
    spec, notes = simplify_for_studies(spec.resolved(), len(columns.studies))
    participant, note = repeated_participants(columns, spec)
    notes += note
    parts = Parts(warnings=[*columns.warnings, *notes])
    add_treatment(parts, columns, spec)
    add_moderator(parts, columns, spec, {"": columns.numeric[spec.treatment]})
    add_intercept(parts, columns, spec)
    add_covariates(parts, columns, spec)
    order_random(parts)
    return assemble(parts, columns, spec, participant)


def assemble(
    parts: Parts, columns: ModelColumns, spec: ModelSpec, participant: np.ndarray | None = None
) -> Design:
    """The design of gathered columns. Raises FitError for more terms than rows."""
    n = len(columns.study)
    design = Design(
        spec=spec,
        outcome=columns.numeric[spec.outcome],
        study=columns.study,
        studies=columns.studies,
        shared=stack([c for _, c in parts.shared], n),
        shared_terms=tuple(term for term, _ in parts.shared),
        nuisance=stack([c for _, c in parts.nuisance], n),
        nuisance_terms=tuple(term for term, _ in parts.nuisance),
        random=stack([c for _, c in parts.random], n),
        random_terms=tuple(term for term, _ in parts.random),
        correlated=spec.random_correlation,
        participant=participant,
        joint=parts.joint,
        row_index=columns.row_index,
        n_excluded=columns.n_excluded,
        study_means=parts.study_means,
        tied=parts.tied,
        warnings=tuple(parts.warnings),
    )
    check_size(design)
    return design


def simplify_for_studies(spec: ModelSpec, k: int) -> tuple[ModelSpec, list[str]]:
    """One study carries no random effect; two carry one with a warning."""
    random = [key for key in ("intercept", "treatment_effect", "interaction_effect") if is_random(spec, key)]
    if not random or spec.stages == "two":
        return spec, []
    if k == 1:
        note = f"one study: {', '.join(random)} taken as common, since one study cannot vary"
        return spec.replace(**dict.fromkeys(random, "common")), [note]
    if k == 2:
        return spec, ["two studies: a variance between two studies is hardly estimable; read it with care"]
    return spec, []


def repeated_participants(columns: ModelColumns, spec: ModelSpec) -> tuple[np.ndarray | None, list[str]]:
    """Participants, unless each has one row: their variance could not be told from the residual's."""
    who = columns.participant
    if spec.nesting:
        return nested_clusters(columns, spec)
    if who is None or spec.visit or np.bincount(who).max() > 1:
        return who, []
    return None, [
        f"column '{spec.participant}': every participant has one row, so there is no participant "
        "variance beside the residual one"
    ]


def is_random(spec: ModelSpec, key: str) -> bool:
    """Whether the effect that `key` names varies between studies."""
    return getattr(spec, key) == "random" and (key != "interaction_effect" or spec.moderator is not None)


def add_treatment(parts: Parts, columns: ModelColumns, spec: ModelSpec) -> None:
    """The treatment, and its random effect. Raises FitError where it does not vary as the model needs."""
    t, k = columns.numeric[spec.treatment], len(columns.studies)
    varies = varies_by_study(t, columns.study, k)
    if np.ptp(t) == 0 or (spec.intercept == "stratified" and not varies.any()):
        where = "in any study" if np.ptp(t) else "at all"
        raise FitError(
            f"column '{spec.treatment}': the treatment does not vary {where}; its effect cannot be estimated"
        )
    parts.shared.append((TREATMENT, t))
    if spec.treatment_effect == "random":
        centred = centre_by_study(t, columns.study, k) if spec.centre_treatment else t
        parts.random.append((TREATMENT, centred))
    if not varies.all():
        one_arm = [columns.studies[i] for i in np.flatnonzero(~varies)]
        parts.warnings.append(
            f"treatment does not vary in {', '.join(one_arm)}: no information about its effect from within"
        )


def add_moderator(
    parts: Parts, columns: ModelColumns, spec: ModelSpec, arms: Mapping[str, np.ndarray]
) -> None:
    """The interaction of treatment and moderator, and the moderator's own columns.

    Parameters
    ----------
    arms : mapping of str to ndarray of shape (n,)
        The treatment's column; in a network one for each node but the reference.
    """
    if spec.moderator is None:
        return
    for level, z in moderator_columns(columns, spec):
        main = Term("main", str(spec.moderator), level)
        if spec.interaction == "within":
            add_within(parts, columns, spec, main, z, arms)
            continue
        for node, t in arms.items():
            add_interaction(parts, spec, main.but(kind="naive", node=node), t * z)
        add_own_column(parts, spec, main, z)
    tie_levels(parts, columns, spec)
    add_joint(parts, spec)
    varies = any(term.kind in INTERACTIONS for term, _ in parts.random)
    if spec.interaction_effect == "random" and not varies:
        parts.warnings.append(
            f"moderator '{spec.moderator}' does not vary within any study: no random interaction is fitted"
        )


def moderator_columns(columns: ModelColumns, spec: ModelSpec) -> list[tuple[str, np.ndarray]]:
    """The moderator as it stands, or a dummy for each level but the reference; with its level."""
    if columns.level_codes is None:
        return [("", columns.numeric[str(spec.moderator)])]
    codes = columns.level_codes
    return [(level, (codes == i).astype(float)) for i, level in enumerate(columns.levels) if i]


def add_within(
    parts: Parts,
    columns: ModelColumns,
    spec: ModelSpec,
    main: Term,
    z: np.ndarray,
    arms: Mapping[str, np.ndarray],
) -> None:
    """Treatment by the study-centred moderator, treatment by the centred study mean, own columns."""
    study, k = columns.study, len(columns.studies)
    means = mean_by_study(z, study, k)
    parts.study_means[main] = means
    centred = centre_by_study(z, study, k)
    if centred.any():
        for node, t in arms.items():
            add_interaction(parts, spec, main.but(kind="within", node=node), t * centred)
        add_own_column(parts, spec, main, centred)
    else:
        parts.warnings.append(
            f"moderator '{main}' is constant within every study: "
            "only its across-trial association is estimated"
        )
    spread = means - means.mean()
    if np.ptp(means) > VARIES * max(1e-300, float(np.abs(means).max())):
        parts.shared += [(main.but(kind="across", node=n), t * spread[study]) for n, t in arms.items()]
        if spec.intercept != "stratified":
            parts.shared.append((main.but(kind="study_mean"), means[study]))
    else:
        parts.warnings.append(
            f"moderator '{main}': its mean is the same in every study, so there is no across-trial term"
        )


def add_interaction(parts: Parts, spec: ModelSpec, term: Term, column: np.ndarray) -> None:
    """One interaction column, and its random effect."""
    parts.shared.append((term, column))
    if spec.interaction_effect == "random":
        parts.random.append((term, column))


def tie_levels(parts: Parts, columns: ModelColumns, spec: ModelSpec) -> None:
    """Exchangeable levels: a random column for each level, the reference too, all with one variance.

    The centred dummies of a study add up to zero, so sum_l z_l u_l = sum_{l > 0} z_l (u_l - u_0): with
    independent u_l of variance tau2 / 2, differences between two levels have variance tau2 and covariance
    tau2 / 2, and no answer depends on which level is the reference.
    """
    within = [(term, column) for term, column in parts.random if term.kind == "within"]
    if spec.moderator_type != "categorical" or len(within) < 2:
        return
    t, study, k = columns.numeric[spec.treatment], columns.study, len(columns.studies)
    assert columns.level_codes is not None
    reference = centre_by_study((columns.level_codes == 0).astype(float), study, k)
    first = within[0][0].but(level=columns.levels[0])
    rest = [item for item in parts.random if item[0].kind != "within"]
    parts.random[:] = [*rest, (first, t * reference), *within]
    parts.tied = 1 + len(within)


def add_own_column(parts: Parts, spec: ModelSpec, main: Term, column: np.ndarray) -> None:
    """The moderator's own prognostic slope."""
    (parts.nuisance if spec.moderator_slopes == "stratified" else parts.shared).append((main, column))


def add_joint(parts: Parts, spec: ModelSpec) -> None:
    """Joint tests of the dummies of a categorical moderator."""
    if spec.moderator_type != "categorical":
        return
    for term, _ in parts.shared:
        if term.kind in INTERACTIONS:
            name = term.but(level="")
            parts.joint[name] = (*parts.joint.get(name, ()), term)


def add_intercept(parts: Parts, columns: ModelColumns, spec: ModelSpec) -> None:
    """The intercept: one per study, or shared, with or without a random part."""
    ones = np.ones(len(columns.study))
    if spec.intercept == "stratified":
        parts.nuisance.insert(0, (INTERCEPT, ones))
        return
    parts.shared.append((INTERCEPT, ones))
    if spec.intercept == "random":
        parts.random.append((INTERCEPT, ones))


def add_covariates(parts: Parts, columns: ModelColumns, spec: ModelSpec) -> None:
    """Prognostic columns; a covariate that is the moderator stands there already."""
    for name in spec.covariates:
        if name == spec.moderator:
            continue
        column = columns.numeric[name]
        if spec.centre_covariates == "study":
            column = centre_by_study(column, columns.study, len(columns.studies))
        term = Term("covariate", column=name)
        (parts.nuisance if spec.covariate_slopes == "stratified" else parts.shared).append((term, column))


def order_random(parts: Parts) -> None:
    """Intercept and treatment first, in this order: they may be correlated."""
    place = {INTERCEPT: 0, TREATMENT: 1}
    parts.random.sort(key=lambda item: place.get(item[0], 2))


def stack(columns: list[np.ndarray], n: int) -> np.ndarray:
    """Columns side by side, shape (n, number of columns), each in one piece of memory."""
    return np.array(columns).T if columns else np.empty((n, 0))


def check_size(design: Design) -> None:
    """Raise FitError for as many terms as rows, or more.

    A nuisance column that is zero in a study is no term there.
    """
    starts = np.searchsorted(design.study, np.arange(len(design.studies)))
    used = [np.logical_or.reduceat(c != 0, starts).sum() for c in design.nuisance.T]
    terms = design.shared.shape[1] + int(sum(used))
    if design.n_rows <= terms:
        raise FitError(
            f"more terms than rows: the model has {terms} terms and the data {design.n_rows} complete rows; "
            "leave out covariates, take common slopes, or use intercept: random"
        )
