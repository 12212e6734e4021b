"""What stands beside a headline when its fit went other than planned: a reader's words, not an engine's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.builders.report_mock import mock_material

from ipdma.model.pool import pool_effects
from ipdma.model.spec import PoolSpec
from ipdma.report.plain_warnings import plain_warnings, sentence_of, trials_in


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
