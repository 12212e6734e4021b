"""What a fit leaves in the records: the tau2 of a random interaction at every level, with its interval."""

import numpy as np
import pandas as pd
import pytest
from tests.builders.analysis_rows import KEY, as_table, count, pick, rows_with_status, small_plan

from ipdma.analysis import fitting
from ipdma.analysis.cell import DesignRows
from ipdma.analysis.fitting import attempt, fit_rows, try_fit
from ipdma.analysis.reads import UNREAD
from ipdma.analysis.records import Ident, Ledger
from ipdma.analysis.run import analyse
from ipdma.errors import UndeclaredReading
from ipdma.model.gaussian import fit_gaussian
from ipdma.model.spec import ModelSpec
from ipdma.model.term import Term

NAME = "stpp_control.depression.post.primary.one.m"
MODEL = {"covariates": ["baseline"], "interaction_effect": "random"}


@pytest.fixture(scope="module")
def rows():
    return rows_with_status()


def analysed(rows, levels):
    plan = small_plan(
        models={"primary": MODEL},
        moderators={"m": {"column": "status", "type": "categorical", "levels": levels}},
    )
    return analyse({KEY: as_table(rows)}, plan, parts=["moderators"])


@pytest.mark.parametrize("levels", [["a", "b"], ["a", "b", "c"]])
def test_tau2_of_a_categorical_random_interaction_is_in_the_records(rows, levels):
    got = analysed(rows, levels)
    for level in levels[1:]:
        term = f"treatment:within:m[{level}]"
        row = pick(got.estimates, term=term, analysis_id=NAME)
        low, high = (
            count(got, analysis_id=NAME, what=w, variable=term).value for w in ("tau2_low", "tau2_high")
        )
        assert len(low) == len(high) == 1
        assert 0 <= low.iloc[0] <= row.tau2 <= high.iloc[0]
        assert row.tau2 > 0.01  # that of a difference, the same at every level
        assert count(got, analysis_id=NAME, what="variance", variable="interaction").value.tolist() == [
            row.tau2
        ]


def test_across_terms_have_no_variance_of_their_own(rows):
    got = analysed(rows, ["a", "b", "c"])
    across = got.estimates[
        got.estimates.term.str.startswith("treatment:across:") & (got.estimates.stage == "one")
    ]
    assert across.tau2.isna().all()
    assert len(across)


def test_the_record_holds_the_variance_of_the_fit(rows):
    got = analysed(rows, ["a", "b"])
    two = rows[rows.status != "c"].rename(columns={"status": "m"})
    spec = ModelSpec.from_mapping(
        {
            "outcome": "outcome",
            "treatment": "treat",
            "moderator": "m",
            "moderator_type": "categorical",
            **MODEL,
        },
        "here",
    )
    fit = fit_gaussian(two, spec, profile=False)
    row = pick(got.estimates, term="treatment:within:m[b]", analysis_id=NAME)
    assert row.tau2 == pytest.approx(fit.variance.of(Term("within", "m", "b")), rel=1e-8)


def test_the_same_rows_and_model_are_fitted_once(rows, monkeypatch):
    frame = rows[["study", "treat", "outcome", "baseline"]]
    spec = ModelSpec(outcome="outcome", covariates=("baseline",), df="kenward_roger")
    fits = []

    def counted(*asked):
        fits.append(asked)
        return fit_gaussian(*asked)

    monkeypatch.setattr(fitting, "fit_gaussian", counted)
    first = fitting.fit_rows(frame, spec)
    assert fitting.fit_rows(frame.copy(), spec.replace(level=0.95)) is first
    assert len(fits) == 1
    moved = frame.assign(outcome=frame["outcome"] + (frame.index == frame.index[0]))
    others = [(moved, spec, False), (frame, spec.replace(df="satterthwaite"), False), (frame, spec, True)]
    assert all(fitting.fit_rows(*asked) is not first for asked in others)
    assert len(fits) == 4


def test_kept_fits_are_let_go_by_their_estimates(rows, monkeypatch):
    """A fit of very many trials is large: what is kept is counted in estimates."""
    frame = rows[["study", "treat", "outcome", "baseline"]]
    spec = ModelSpec(outcome="outcome", covariates=("baseline",), df="kenward_roger")
    monkeypatch.setattr(fitting, "FOUND", {})
    size = len(fitting.fit_rows(frame, spec).estimates)
    monkeypatch.setattr(fitting, "MOST_FOUND", 2 * size)
    for level, kept in ((0.9, 2), (0.8, 1)):
        fitting.fit_rows(frame, spec.replace(level=level))
        assert len(fitting.FOUND) == kept


@pytest.mark.parametrize(
    "read", [lambda x: x.groupby("study"), lambda x: x["study"], lambda x: list(x), lambda x: x or None]
)
def test_reading_what_is_not_declared_is_no_fit_that_failed(read):
    with pytest.raises(UndeclaredReading):
        attempt(Ledger(), Ident("c", "o", "p", "primary", "one"), lambda: read(UNREAD))


def sparse_trials(k=200):
    """Trials of six whose effects go with their errors: half 0 with 0.1, half 1 with 3, each moved by 0.3."""
    spread = np.array([-1.0, 0.0, 1.0])
    frames = []
    for at in range(k):
        effect, error = (0.0, 0.1) if at < k / 2 else (1.0, 3.0)
        scale = error / np.sqrt(2 / 3)  # so that the trial's own variance is error^2
        reference, active = scale * spread, scale * spread + effect + 0.3 * (-1) ** at
        outcome = np.concatenate([reference, active])
        treat = np.repeat([0.0, 1.0], 3)
        frames.append(pd.DataFrame({"study": f"S{at:03d}", "treat": treat, "outcome": outcome}))
    return DesignRows(pd.concat(frames, ignore_index=True), ())


def test_an_interval_that_does_not_hold_its_estimate_gives_way_to_the_customary_one():
    """A hundred precise trials without effect, a hundred coarse ones with one: by REML 0.0098 (closed form,
    weights 1 / (v + tau2)), while the interval weighs by 1 / sqrt(v + tau2)."""
    rows = sparse_trials()
    spec = ModelSpec.from_mapping(
        {"outcome": "outcome", "treatment": "treat", "study": "study", "pool": {"ci": "nst"}, "stages": "two"}
    )
    direct = fit_rows(rows.frame, spec).estimate("treatment")
    assert direct.estimate < direct.ci_low
    ledger = Ledger()
    ident = Ident("c", "o", "t", "primary", "two")
    fit = try_fit(ledger, ident, rows, spec)
    row = fit.estimate("treatment")
    weights = 1 / (np.repeat([0.01, 9.0], 100) + fit.variance.treatment)
    effects = np.repeat([0.0, 1.0], 100) + 0.3 * (-1.0) ** np.arange(200)
    assert row.estimate == pytest.approx(weights @ effects / weights.sum(), abs=1e-9)
    assert row.ci_low < row.estimate < row.ci_high
    assert fit.df_method == "modified_hksj"
    assert any("does not hold the estimate" in note["text"] for note in ledger.notes)
