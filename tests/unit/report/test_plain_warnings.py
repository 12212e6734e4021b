"""What stands beside a headline when its fit went other than planned: a reader's words, not an engine's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.builders.gaussian_rows import draw_rows
from tests.builders.report_mock import mock_material

from ipdma.model.df import df_method, methods_of
from ipdma.model.gaussian import fit_gaussian
from ipdma.model.pool import pool_effects
from ipdma.model.spec import ModelSpec, PoolSpec
from ipdma.report.plain_warnings import EDGE, NO_SPREAD, plain_warnings, sentence_of, trials_in


@pytest.fixture(scope="module")
def material():
    return mock_material(3)


def warned(material, *texts):
    """The material and its headline, with these warnings alone."""
    row = material.headline(material.analyses[0], "one")
    where = row.text("analysis_id")
    counts = material.counts[
        (material.counts["analysis_id"] != where) | (material.counts["what"] != "warning")
    ]
    more = pd.DataFrame([{"analysis_id": where, "what": "warning", "level": text} for text in texts])
    return replace(material, counts=pd.concat([counts, more], ignore_index=True)), row


def test_what_does_not_touch_the_headline_is_not_said(material):
    changed, row = warned(
        material, "df: nst: the nuisance terms carry t on K - 1's standard errors and intervals"
    )
    assert plain_warnings(changed, row) == []


def test_a_kind_that_nobody_translated_is_counted(material):
    changed, row = warned(
        material, "xyz: a new thing", "abc: another", "two studies: a variance is hardly estimable"
    )
    assert plain_warnings(changed, row) == [
        "From two trials it can hardly be told how far effects differ between trials.",
        "2 further notes on this fit in audit.html.",
    ]


def test_trials_are_called_as_everywhere(material):
    study = material.in_order(material.citations)[0]
    text = f"treatment: no information from {study} (all its participants had no event)"
    assert material.study(study) in sentence_of(material, text)
    assert trials_in(material, f"{study}x: no event") == "one trial"


TAIL = {
    "normal": "The interval may be too narrow.",
    "satterthwaite": "The interval may be too narrow.",
    "residual": "The interval is unreliable here and may be too narrow.",
    "hksj": "With few trials the interval is unreliable: it can be narrower than one that takes the trials "
    "to share one effect.",
    "k_minus_1": "",
    "kenward_roger": "",
    "nst": "",
}


@pytest.mark.parametrize("name", sorted({*methods_of("gaussian"), *methods_of("binomial")}))
def test_the_tail_of_a_singular_fit_is_that_of_its_df_method(material, name):
    text = f"singular fit: the variance of treatment is zero; {df_method(name).singular}"
    assert sentence_of(material, text) == f"{NO_SPREAD} {TAIL[name]}".rstrip()


@pytest.mark.parametrize(
    ("what", "lead"),
    [
        ("the variance of treatment is zero", NO_SPREAD),
        ("the variance of 1, treatment is zero", NO_SPREAD),
        ("the variance of treatment, therapist is zero", NO_SPREAD),
        ("the variance of therapist is zero", EDGE),
        ("the variance of 1, treatment:within:age is zero", EDGE),
        ("the random effects are perfectly correlated", EDGE),
        ("a variance or correlation is on its boundary", EDGE),
    ],
)
def test_no_difference_between_trials_is_said_of_the_treatment_alone(material, what, lead):
    assert sentence_of(material, f"singular fit: {what}; {df_method('nst').singular}") == lead


def test_the_engines_own_singular_fit_is_told_by_what_is_zero(material):
    """Trials that share one effect: the words that the model itself finds."""
    one = draw_rows(k=1)
    same = pd.concat([one.assign(study=f"S{i}") for i in range(5)], ignore_index=True)
    spec = ModelSpec.from_mapping({"covariates": ["base"], "df": "kenward_roger"})
    said = [sentence_of(material, text) for text in fit_gaussian(same, spec).warnings if "singular" in text]
    assert said == [NO_SPREAD]


def test_events_in_a_singular_fit_have_a_narrow_interval(material):
    text = (
        "singular fit: a between-study variance or its correlation is at its boundary; standard errors take "
        "it as known to be there, so that intervals may be too narrow"
    )
    assert sentence_of(material, text) == f"{EDGE} {TAIL['normal']}"


@pytest.mark.parametrize(("count", "said"), [(1, "One trial alone"), (2, "From two trials")])
def test_what_the_engine_says_of_few_trials_is_known(material, count, said):
    """The pool's own words, so that a change there is noticed here."""
    y, se = np.array([-0.5, 0.1])[:count], np.array([0.2, 0.3])[:count]
    found = pool_effects([f"s{i}" for i in range(count)], y, se, PoolSpec.from_mapping({"ci": "nst"}))
    lines = [sentence_of(material, text) for text in found.warnings]
    assert None not in lines
    assert any(line.startswith(said) for line in lines)


def test_no_singular_fit_is_told_in_the_engines_words(material):
    rng = np.random.default_rng(1)
    y, se = -0.5 + 0.01 * rng.normal(size=6), np.full(6, 0.3)
    found = pool_effects([f"s{i}" for i in range(6)], y, se, PoolSpec.from_mapping({"ci": "nst"}))
    assert found.warnings
    for text in found.warnings:
        line = sentence_of(material, text)
        assert line is not None, text
        assert "singular" not in line
        assert "nst" not in line
