"""Which within-trial interactions any study informs, against matrices written out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.builders.gaussian_rows import draw_rows

from ipdma.errors import FitError
from ipdma.model.binomial import fit_binomial
from ipdma.model.design import Design, build_design
from ipdma.model.gaussian import fit_gaussian
from ipdma.model.spec import ModelSpec
from ipdma.model.term import Term

LEVELS = {"moderator": "level", "moderator_type": "categorical", "df": "residual"}
RARE = "treatment:within:level[rare]"
TOLD = "treatment:within:level[b]"


def one_armed_rows(inform: bool = False) -> pd.DataFrame:
    """Five studies; people with level `rare` stand in one arm of each of three, in both where `inform`."""
    rows = draw_rows(k=5)
    rows["level"] = np.where(np.arange(len(rows)) % 3 == 0, "b", "a")
    for study, arm, count in (("S0", 1, 1), ("S1", 0, 2), ("S2", 1, 3)):
        there = rows.index[(rows.study == study) & (rows.treat == arm)]
        rows.loc[there[:count], "level"] = "rare"
    if inform:
        rows.loc[rows.index[(rows.study == "S2") & (rows.treat == 0)][:2], "level"] = "rare"
    return rows


def spec_of(**keys: object) -> ModelSpec:
    return ModelSpec.from_mapping({**LEVELS, "treatment_effect": "common", **keys})


def by_study(design: Design, column: np.ndarray) -> np.ndarray:
    return np.where(design.study[:, None] == np.arange(len(design.studies)), column[:, None], 0.0)


def own_effects(design: Design) -> np.ndarray:
    """Each study's own intercept, nuisance columns and treatment effect."""
    own = [
        np.ones(design.n_rows),
        *design.nuisance.T,
        design.shared[:, design.shared_terms.index("treatment")],
    ]
    return np.column_stack([by_study(design, column) for column in own])


def is_told_within(design: Design, term: str) -> bool:
    """Whether the column adds to the rank, beside the other within-trial ones and studies' own effects."""
    within = design.shared_index("within")
    others = [j for j in within if design.shared_terms[j] != term]
    rest = np.column_stack([own_effects(design), design.shared[:, others]])
    whole = np.column_stack([rest, design.shared[:, design.shared_terms.index(term)]])
    return bool(np.linalg.matrix_rank(whole) > np.linalg.matrix_rank(rest))


@pytest.mark.parametrize("residual", ["common", "by_study"])
@pytest.mark.parametrize("intercept", ["stratified", "random"])
def test_a_level_in_one_arm_of_each_study_has_no_within_trial_interaction(
    residual: str, intercept: str
) -> None:
    rows, spec = one_armed_rows(), spec_of(residual=residual, intercept=intercept)
    design = build_design(rows, spec)
    assert (is_told_within(design, RARE), is_told_within(design, TOLD)) == (False, True)
    result = fit_gaussian(rows, spec)
    terms = [estimate.term for estimate in result.estimates]
    assert RARE not in terms
    assert TOLD in terms
    assert any(f"no study informs '{RARE}'" in warning for warning in result.warnings)
    assert next(t for t in result.tests if t.name == "treatment:within:level").terms == (TOLD,)


def test_the_other_estimates_are_those_of_the_model_with_the_level() -> None:
    """The across-trial column says what the left-out one did: least squares with either has the same rest."""
    rows, spec = one_armed_rows(), spec_of()
    design, result = build_design(rows, spec), fit_gaussian(rows, spec)
    kept = [j for j, term in enumerate(design.shared_terms) if term != "treatment:across:level[rare]"]
    nuisance = np.column_stack([by_study(design, column) for column in design.nuisance.T])
    X = np.column_stack([design.shared[:, kept], nuisance])
    beta, _, rank, _ = np.linalg.lstsq(X, design.outcome, rcond=None)
    sigma2 = ((design.outcome - X @ beta) ** 2).sum() / (len(X) - rank)
    error = np.sqrt(np.diag(np.linalg.pinv(X.T @ X)) * sigma2)
    at = [design.shared_terms[j] for j in kept]
    for term in (TOLD, "treatment:across:level[b]"):
        found = result.estimate(term)
        assert found.estimate == pytest.approx(beta[at.index(term)], rel=1e-8)
        assert found.std_error == pytest.approx(error[at.index(term)], rel=1e-8)
    across = result.estimate("treatment:across:level[rare]")
    assert across.estimate == pytest.approx(-beta[at.index(RARE)], rel=1e-8)


def test_one_study_with_the_level_in_both_arms_informs_it() -> None:
    rows, spec = one_armed_rows(inform=True), spec_of()
    assert is_told_within(build_design(rows, spec), RARE)
    result = fit_gaussian(rows, spec)
    assert np.isfinite(result.estimate(RARE).std_error)
    assert not any("no study" in warning for warning in result.warnings)


def test_levels_told_from_one_another_alone_are_kept_with_a_warning() -> None:
    """The reference stands in one arm of each study: differences of the others are told, and nothing else."""
    rows, spec = one_armed_rows(), spec_of(levels=["rare", "a", "b"])
    named = ["treatment:within:level[a]", "treatment:within:level[b]"]
    design = build_design(rows, spec)
    assert not any(is_told_within(design, term) for term in named)
    result = fit_gaussian(rows, spec)
    assert set(named) <= {estimate.term for estimate in result.estimates}
    assert any("another reference level" in warning for warning in result.warnings)


def test_a_random_effect_of_nothing_but_such_a_level_leaves_with_it() -> None:
    rows = one_armed_rows()
    rows["level"] = np.where(rows.level == "rare", "rare", "a")
    result = fit_gaussian(rows, spec_of(interaction_effect="random", treatment_effect="random"))
    assert RARE not in [estimate.term for estimate in result.estimates]
    assert result.variance.of(Term("within", "level", "rare")) is None
    three = fit_gaussian(one_armed_rows(), spec_of(interaction_effect="random"))
    assert three.variance.of(Term("within", "level", "b")) is not None


@pytest.mark.parametrize("family", ["gaussian", "binomial"])
def test_a_random_effect_of_which_every_level_leaves_goes_whole(family: str) -> None:
    """Two levels, each in one arm of its studies: the part of the reference goes with them."""
    rows = draw_rows(k=5)
    rows["level"] = "a"
    for study, arm, level in (
        ("S0", 1, "rare"),
        ("S3", 0, "rare"),
        ("S4", 1, "rare"),
        ("S1", 1, "b"),
        ("S2", 0, "b"),
    ):
        there = rows.index[(rows.study == study) & (rows.treat == arm)]
        rows.loc[there[:4], "level"] = level
    keys = {**LEVELS, "interaction_effect": "random", "treatment_effect": "random"}
    if family == "binomial":
        rows["y"] = (np.random.default_rng(3).random(len(rows)) < 0.5).astype(float)
        keys = {k: v for k, v in keys.items() if k != "df"} | {"family": "binomial"}
    result = (fit_gaussian if family == "gaussian" else fit_binomial)(rows, ModelSpec.from_mapping(keys))
    assert not [e.term for e in result.estimates if e.term.kind == "within"]
    assert [e.term for e in result.estimates if e.term.kind == "across"]
    assert result.variance.of(Term("within", "level", "rare")) is None


def test_a_binary_outcome_leaves_it_out_too() -> None:
    rows = one_armed_rows()
    rows["y"] = (np.random.default_rng(3).random(len(rows)) < 0.5).astype(float)
    spec = ModelSpec.from_mapping(
        {k: v for k, v in LEVELS.items() if k != "df"} | {"family": "binomial", "treatment_effect": "common"}
    )
    result = fit_binomial(rows, spec)
    assert RARE not in [estimate.term for estimate in result.estimates]
    assert any(f"no study informs '{RARE}'" in warning for warning in result.warnings)


def test_one_study_that_cannot_tell_its_only_interaction_is_refused() -> None:
    rows = one_armed_rows()
    rows = rows[rows.study == "S0"].assign(level=lambda d: np.where(d.level == "rare", "rare", "a"))
    with pytest.raises(FitError, match="level"):
        fit_gaussian(rows, spec_of())
