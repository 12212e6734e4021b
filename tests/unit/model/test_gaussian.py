"""The edges of docs/interface/model.md: few studies, odd studies, bad columns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.builders.dense_gaussian import Dense, variance_directions
from tests.builders.gaussian_rows import draw_rows

from ipdma.errors import DataError, FitError, IpdmaError, SpecError
from ipdma.model.design import build_design
from ipdma.model.gaussian import fit_gaussian
from ipdma.model.records import Fit
from ipdma.model.spec import ModelSpec


def fit(rows: pd.DataFrame, **keys: object) -> Fit:
    """A fit with profile intervals."""
    return fit_gaussian(rows, ModelSpec.from_mapping(keys))


def said(result: Fit, *words: str) -> bool:
    """Whether one warning holds all of the words."""
    return any(all(word in w for word in words) for w in result.warnings)


def test_one_study_takes_a_common_effect() -> None:
    """The least squares answer on residual df, with a warning, no variance between studies."""
    rows = draw_rows(k=1)
    result = fit(rows, covariates=["base"])
    x = np.column_stack([np.ones(len(rows)), rows.treat, rows.base])
    beta, ss = np.linalg.lstsq(x, rows.y, rcond=None)[:2]
    assert result.estimate("treatment").estimate == pytest.approx(beta[1], rel=1e-9)
    assert result.estimate("treatment").df == pytest.approx(len(rows) - 3)
    assert result.variance.residual == pytest.approx(ss[0] / (len(rows) - 3), rel=1e-9)
    assert result.variance.treatment is None
    assert result.prediction is None
    assert said(result, "one study", "common")


def test_two_studies_are_fitted_with_a_warning() -> None:
    """No prediction interval from two studies either, and it is said why."""
    rows = draw_rows(k=2)
    result = fit(rows, covariates=["base"])
    assert result.variance.treatment is not None
    assert result.prediction is None
    assert said(result, "two studies")
    assert said(result, "prediction", "three studies")


def test_two_studies_with_an_across_term_leave_no_variance() -> None:
    """Treatment and across-trial term take up both studies: the effect is taken as common, and said."""
    result = fit(draw_rows(k=2), moderator="z")
    assert result.variance.treatment is None
    assert said(result, "treatment", "common", "across")


def rows_with_rare_levels() -> pd.DataFrame:
    """Four studies, one person with level `rare` in two of them, one with level `odd` in two."""
    rows = draw_rows(k=4)
    rows["level"] = np.where(np.arange(len(rows)) % 3 == 0, "b", "a")
    for study, level in (("S0", "rare"), ("S1", "rare"), ("S2", "odd"), ("S3", "odd")):
        rows.loc[rows.index[rows.study == study][4], "level"] = level
    return rows


RARE = {"moderator": "level", "moderator_type": "categorical", "residual": "by_study", "df": "residual"}


@pytest.mark.parametrize("interaction_effect", ["common", "random"])
def test_rare_levels_that_leave_no_variance_of_the_treatment_effect(interaction_effect: str) -> None:
    """Their own coefficients take up the few people, so that they speak of differences between studies alone.

    The criterion is then the same at every variance, and least squares without it is the answer.
    """
    rows = rows_with_rare_levels()
    result = fit(rows, **RARE, interaction_effect=interaction_effect)
    assert result.converged
    assert result.variance.treatment is None
    assert said(result, "treatment", "common", "across")
    if interaction_effect == "random":
        return
    without = fit(rows, **RARE, treatment_effect="common")
    assert result.criterion == pytest.approx(without.criterion, abs=1e-9)
    found, plain = result.estimate("treatment:within:level[b]"), without.estimate("treatment:within:level[b]")
    assert found.estimate == pytest.approx(plain.estimate, rel=1e-9)
    assert found.std_error == pytest.approx(plain.std_error, rel=1e-9)


def test_the_criterion_is_flat_where_a_variance_is_taken_as_zero() -> None:
    """Written out densely it has one value whatever the variance of the treatment effect."""
    rows = rows_with_rare_levels()
    result = fit(rows, **RARE)
    design = build_design(rows, ModelSpec.from_mapping(RARE))
    parts, gamma, kinds = variance_directions(replace(design, random_terms=()), result)
    treated = (design.study[:, None] == design.study) * np.outer(design.random[:, 0], design.random[:, 0])
    at = [
        Dense(design, result, True, np.append(gamma, tau2), ([*parts, treated], None, kinds)).deviance()
        for tau2 in (0.0, 0.1, 1.0, 100.0)
    ]
    assert at == pytest.approx([result.criterion] * 4, abs=1e-6)


def test_a_variance_that_is_flagged_zero_is_written_as_zero() -> None:
    """Two studies whose effects agree closely end a rounding away from the boundary."""
    rows = draw_rows(k=2)
    rows["y"] = rows.y - rows.groupby(["study", "treat"]).y.transform("mean") + rows.treat
    result = fit(rows, covariates=["z"])
    assert result.singular
    assert result.variance.treatment == 0


def test_one_study_by_study_has_no_interval_of_a_common_residual() -> None:
    """`variance_ci` speaks of the components that the model has."""
    result = fit(draw_rows(k=1), residual="by_study")
    assert result.variance.residual is None
    assert "residual" not in result.variance_ci


def test_a_moderator_missing_in_one_study() -> None:
    """The study leaves, its rows are counted, the warning names it."""
    rows = draw_rows()
    rows.loc[rows.study == "S2", "z"] = np.nan
    result = fit(rows, moderator="z")
    assert result.n_studies == 5
    assert result.n_rows_excluded == (rows.study == "S2").sum()
    assert said(result, "S2", "left out")
    assert result.estimate("treatment:within:z").estimate == pytest.approx(
        fit(rows[rows.study != "S2"], moderator="z").estimate("treatment:within:z").estimate
    )


def test_a_moderator_constant_in_one_study_and_in_all() -> None:
    """In one: it does not inform the within term. In all: the across term alone, with a warning."""
    rows = draw_rows()
    rows.loc[rows.study == "S2", "z"] = 1.0
    result = fit(rows, moderator="z", df="k_minus_1")
    assert result.studies_by_term["treatment:within:z"] == 5
    assert result.estimate("treatment:within:z").df == 4
    constant = rows.assign(z=rows.study.str[1:].astype(int) ** 2)
    alone = fit(constant, moderator="z")
    assert "treatment:within:z" not in [e.term for e in alone.estimates]
    assert "treatment:across:z" in [e.term for e in alone.estimates]
    assert said(alone, "constant within every study")


def test_a_tiny_study_shares_its_variance() -> None:
    """Four rows, one column informed: it shares with the next smallest study, which the warning names."""
    rows = draw_rows()
    tiny = rows[rows.study == "S0"].groupby("treat").head(2).assign(study="S8")
    sizes = rows.study.value_counts()
    partner = sorted(sizes.index, key=lambda s: (sizes[s], s))[0]
    result = fit(pd.concat([rows, tiny]), residual="by_study")
    values = result.variance.residual_by_study
    assert values["S8"] == values[partner]
    assert len(set(values.values())) == 6
    assert said(result, "S8", partner)
    assert result.variance.residual is None


def test_tau2_of_zero_is_a_result() -> None:
    """Found, flagged, with honest intervals, a lower limit of zero, and each df method's warning."""
    rng = np.random.default_rng(8)
    rows = draw_rows()
    rows["y"] = rng.permutation(rows.y.to_numpy()) * 0 + rng.normal(size=len(rows))
    for df, word in (
        ("kenward_roger", "conservative"),
        ("satterthwaite", "unreliable"),
        ("normal", "unreliable"),
        ("k_minus_1", "K - 1"),
    ):
        result = fit(rows, df=df)
        assert result.singular
        assert result.converged
        assert result.df_method == df
        assert result.variance.treatment == 0
        assert result.variance_ci["treatment"][0] == 0
        assert result.variance_ci["treatment"][1] > 0
        assert said(result, "singular", word)


def test_hksj_row_by_hand() -> None:
    """SE^2 = sum w (est_k - est)^2 / ((K - 1) sum w), t on K - 1; nuisance rows say Satterthwaite."""
    result = fit(draw_rows(), df="hksj", covariates=["base"])
    own, row = result.study_estimates, result.estimate("treatment")
    tau2 = result.variance.treatment
    w = np.array([1 / (s.std_error**2 + tau2) for s in own])
    q = (w * (np.array([s.estimate for s in own]) - row.estimate) ** 2).sum()
    assert row.std_error == pytest.approx(np.sqrt(q / (5 * w.sum())), rel=1e-9)
    assert row.df == 5
    assert said(result, "hksj", "Satterthwaite")


def test_rank_deficient_designs_name_the_columns() -> None:
    """A copy of a covariate, a covariate of the study, a copy of the outcome."""
    rows = draw_rows()
    rows = rows.assign(copy=2 * rows.base + 1, level=rows.study.str[1:].astype(float), twin=rows.y)
    for keys, words in (
        ({"covariates": ["base", "copy"]}, ("copy", "base")),
        ({"covariates": ["base", "copy"], "covariate_slopes": "common"}, ("copy", "base")),
        ({"covariates": ["level"]}, ("level",)),
        ({"covariates": ["level"], "covariate_slopes": "common", "centre_covariates": "none"}, ("level",)),
        ({"covariates": ["twin"]}, ("y", "exactly")),
    ):
        with pytest.raises(FitError) as caught:
            fit(rows, **keys)
        assert all(word in str(caught.value) for word in words)
    shared = fit(
        rows, covariates=["level"], covariate_slopes="common", centre_covariates="none", intercept="random"
    )
    assert shared.converged


@pytest.mark.parametrize(
    ("change", "keys", "words"),
    [
        ({}, {"covariates": ["bsae"]}, ("bsae", "base")),
        ({"base": "text"}, {"covariates": ["base"]}, ("base", "numbers", "text")),
        ({"base": np.inf}, {"covariates": ["base"]}, ("base", "finite", "infinite")),
        ({"y": 3.0}, {}, ("y", "constant")),
        ({"treat": 1.0}, {}, ("treat", "vary")),
        ({}, {"covariates": ["treat"]}, ("treat", "role")),
        ({}, {"contrasts": {"a": {"nothing": 1}}}, ("a", "nothing", "treatment")),
        ({"z": np.nan}, {"moderator": "z"}, ("z",)),
    ],
)
def test_bad_input_is_named(change: dict, keys: dict, words: tuple) -> None:
    """One sentence that names the column, what was got and what expected; never a participant's value."""
    with pytest.raises((DataError, FitError, SpecError)) as caught:
        fit(draw_rows().assign(**change), **keys)
    assert all(word in str(caught.value) for word in words)


def test_more_terms_than_rows_and_no_rows() -> None:
    """Said before anything is computed."""
    rows = draw_rows()
    few = rows.groupby(["study", "treat"]).head(1)
    with pytest.raises(FitError, match="more terms than rows"):
        fit(few, covariates=["base"])
    with pytest.raises(IpdmaError, match="no rows"):
        fit(rows.iloc[:0])


def test_participants_with_one_row_each_have_no_variance_of_their_own() -> None:
    """It is said, and the model is fitted without."""
    rows = draw_rows()
    result = fit(rows.assign(pid=range(len(rows))), participant="pid")
    assert result.variance.participant is None
    assert said(result, "one row")


def test_the_profile_of_a_participant_variance_crosses_zero() -> None:
    """A search that passes through a negative standard deviation of participants finds its way back."""
    who = ["a", "b", "c", "c", "d", "d", "e", "f", "g", "g", "h", "i", "j", "k"]
    y = [19.17, 15.37, 13.14, 15.09, 14.9, 13.9, 12.75, 10.76, 19.13, 18.36, 17.57, 5.15, 19.66, 19.18]
    rows = pd.DataFrame(
        {
            "study": [f"S{i // 2}" for i in range(14)],
            "pid": who,
            "treat": [1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 1, 1, 0],
            "y": y,
        }
    )
    result = fit(rows, participant="pid", intercept="common", treatment_effect="common")
    for name in ("participant", "residual"):
        low, high = result.variance_ci[name]
        assert 0 <= low < result.variance.numbers[name] < high
    assert result.variance_ci["participant"][1] < 100


def test_a_level_that_one_study_informs_shares_the_variance_of_the_others() -> None:
    """Levels are exchangeable: one variance for all, also where a level occurs in one study alone."""
    rows = draw_rows(k=4)
    rows["lev"] = np.array(["a", "b", "c"])[np.arange(len(rows)) % 3]
    rows.loc[(rows.study != "S0") & (rows.lev == "c"), "lev"] = "a"
    result = fit(rows, moderator="lev", moderator_type="categorical", interaction_effect="random")
    assert set(result.variance.interactions) == {"b", "c"}
    assert result.variance.interactions["b"] == result.variance.interactions["c"]
    assert np.isfinite(result.estimate("treatment:within:lev[c]").std_error)


def test_a_trial_with_a_constant_outcome_is_named() -> None:
    """Refused where it would need a variance of its own, said where the variance is common."""
    rows = draw_rows(k=4)
    name = sorted(rows.study.unique())[2]
    rows.loc[rows.study == name, "y"] = 7.0
    with pytest.raises(FitError, match=f"constant in {name}"):
        fit(rows, covariates=["base"], residual="by_study")
    assert said(fit(rows, covariates=["base"]), "constant", name)


def test_the_interval_of_one_variance_is_that_among_all() -> None:
    rows = draw_rows(k=6)
    rows["m"] = np.random.default_rng(4).normal(size=len(rows))
    spec = ModelSpec.from_mapping({"moderator": "m", "interaction_effect": "random"})
    whole = fit_gaussian(rows, spec).variance_ci
    assert {"treatment", "interaction", "residual"} <= set(whole)
    for name in ("treatment", "interaction", "residual"):
        assert fit_gaussian(rows, spec, profile=name).variance_ci == {name: whole[name]}
