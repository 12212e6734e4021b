"""Stage one for a whole table: every study by itself, over completed data sets and repeated rows too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pandas as pd

from ipdma.errors import DataError, FitError
from ipdma.model.design import Design, build_design
from ipdma.model.gaussian import fit_gaussian
from ipdma.model.imputed import data_sets
from ipdma.model.records import Fit
from ipdma.model.rubin import one_or_list, rows_note
from ipdma.model.spec import ModelSpec
from ipdma.model.stage_one import OWN_KINDS, StudyFit, combine_imputations, fit_studies, nothing, study_of_fit
from ipdma.model.term import OWN_EFFECTS, TREATMENT, Term
from ipdma.model.visits import trial_fits, whole_design


@dataclass(frozen=True)
class StageOne:
    """The studies' fits and what is known of the rows behind them.

    `sizes` are the analysed rows of each study, empty over visits.
    `fits` are those that are pooled; `sets` holds them for each completed data set, where there are several.
    """

    fits: list[StudyFit]
    terms: tuple[Term, ...]
    joint: dict[Term, tuple[Term, ...]]
    studies: tuple[str, ...]
    sizes: dict[str, int]
    n_rows: int | list[int]
    n_excluded: int | list[int]
    warnings: list[str]
    sets: list[list[StudyFit]] = field(default_factory=list)
    visits: tuple[str, ...] = ()


def stage_one(rows: pd.DataFrame, spec: ModelSpec) -> StageOne:
    """Fit the studies of one table of rows.

    Raises
    ------
    DataError, SpecError, FitError
        As `build_design`, or `build_visit_design` over visits. A study that cannot be fitted raises nothing:
        its fit has no terms and says why.
    """
    if spec.visit:
        return stage_of_visits(rows, spec)
    design = build_design(rows, spec.replace(contrasts={}))
    terms = [t for t in design.shared_terms if t.kind in OWN_KINDS]
    if spec.participant or spec.nesting:
        fits = mixed_fits(rows, design, spec)
        estimated = {t for fit in fits for t in fit.terms}
        terms = [t for t in terms if t.kind in OWN_EFFECTS or t in estimated]
    else:
        fits = fit_studies(design)
    return StageOne(
        fits,
        tuple(terms),
        {name: group for name, group in design.joint.items() if all(t in terms for t in group)},
        design.studies,
        dict(zip(design.studies, design.study_sizes.tolist(), strict=True)),
        design.n_rows,
        design.n_excluded,
        stage_warnings(design),
    )


def stage_of_visits(rows: pd.DataFrame, spec: ModelSpec) -> StageOne:
    """Fit each study over its visits: one treatment effect per visit."""
    design = whole_design(rows, spec)
    every = [column.name for column in design.fixed]
    terms = [t for t in every if t.kind in OWN_EFFECTS]
    across = [t for t in every if t.kind == "across"]
    groups = {name: tuple(t for t in group if t in terms) for name, group in design.joint.items()}
    return StageOne(
        trial_fits(rows, spec, design, terms),
        tuple(terms),
        {name: group for name, group in groups.items() if group},
        tuple(design.base.studies),
        {},
        len(design.visit),
        design.base.n_excluded,
        [*design.warnings, *across_note(across)],
        visits=tuple(design.visits),
    )


def mixed_fits(rows: pd.DataFrame, design: Design, spec: ModelSpec) -> list[StudyFit]:
    """Fit each study's rows, repeated or in clusters, with the one-stage engine."""
    analysed = rows.iloc[design.row_index]
    own = spec.of_one_study("kenward_roger" if spec.nesting else "residual")
    fits = []
    for k, study in enumerate(design.studies):
        fit, why = try_fit(fit_without_profile, analysed[design.study == k], own)
        fits.append(study_of_fit(study, fit) if fit else nothing(study, (TREATMENT,), why))
    return fits


def fit_without_profile(rows: pd.DataFrame, spec: ModelSpec) -> Fit:
    """The Gaussian engine without the variances' intervals, which stage one has no use for."""
    return fit_gaussian(rows, spec, profile=False)


def try_fit(
    fit: Callable[[pd.DataFrame, ModelSpec], Fit], rows: pd.DataFrame, spec: ModelSpec
) -> tuple[Fit | None, str]:
    """A study's fit, or why it has none."""
    try:
        return fit(rows, spec), ""
    except (FitError, DataError) as error:
        return None, str(error)


def stage_warnings(design: Design) -> list[str]:
    """The design's warnings that concern two stages, and the terms that they cannot have."""
    across = [design.shared_terms[j] for j in design.shared_index("across")]
    said = [w for w in design.warnings if not w.startswith("treatment does not vary in")]
    return [*said, *across_note(across)]


def across_note(across: Sequence[Term]) -> list[str]:
    """Say which terms two stages cannot have."""
    if not across:
        return []
    return [
        f"not estimated in two stages, since no study informs it by itself: {', '.join(across)}; "
        "use stages: one"
    ]


def imputed_stage(rows: pd.DataFrame, spec: ModelSpec) -> StageOne:
    """Stage one in each completed data set, then Rubin's rules within each study."""
    sets = [stage_one(part, spec.replace(imputation=None)) for _, part in data_sets(rows, spec)]
    first = sets[0]
    terms = tuple(t for t in first.terms if all(t in stage.terms for stage in sets))
    warnings = list(dict.fromkeys(w for stage in sets for w in stage.warnings))
    warnings = [*rows_note([stage.n_rows for stage in sets]), *warnings]
    return StageOne(
        combine_imputations([stage.fits for stage in sets]),
        terms,
        {name: group for name, group in first.joint.items() if all(t in terms for t in group)},
        tuple(dict.fromkeys(s for stage in sets for s in stage.studies)),
        {study: n for stage in reversed(sets) for study, n in stage.sizes.items()},
        one_or_list([stage.n_rows for stage in sets]),
        one_or_list([stage.n_excluded for stage in sets]),
        warnings,
        [stage.fits for stage in sets],
        first.visits,
    )
