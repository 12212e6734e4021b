"""Events by arm pooled by Mantel-Haenszel, Peto and inverse variance, from rows: metafor's answers."""

import csv
import json
from pathlib import Path

import pandas as pd
import pytest

from ipdma.errors import SpecError
from ipdma.model.fit import fit_model
from ipdma.model.spec import ModelSpec

HERE = Path(__file__).parent
ANSWERS = json.loads((HERE / "two_by_two.json").read_text())


def rows_of(name):
    """A row per participant of one set of trials."""
    with (HERE / "two_by_two.csv").open() as stream:
        trials = [t for t in csv.DictReader(stream) if t["set"] == name]
    rows = []
    for trial in trials:
        for arm, events, n in ((1, trial["a"], trial["n1"]), (0, trial["c"], trial["n2"])):
            rows += [(trial["study"], arm, int(i < int(events))) for i in range(int(n))]
    return pd.DataFrame(rows, columns=["study", "treat", "y"])


def fit(name, method, measure, **keys):
    pool = {"method": method, "measure": measure, "ci": "hksj"}
    mapping = {"family": "binomial", "stages": "two", "pool": pool, **keys}
    return fit_model(rows_of(name), ModelSpec.from_mapping(mapping))


@pytest.mark.parametrize("key", sorted(k for k in ANSWERS if k.split()[1:] != ["inverse_variance", "or"]))
def test_metafor_finds_the_same(key):
    got, expected = fit(*key.split()).estimates[0], ANSWERS[key]
    for number, value in expected.items():
        assert getattr(got, number) == pytest.approx(value, rel=2e-5, abs=1e-8), number


def test_no_trial_with_one_empty_cell_is_lost_and_an_empty_trial_is():
    got = fit("rare", "mantel_haenszel", "or")
    assert (got.n_studies, got.estimates[0].extra["k"]) == (6, 6)
    assert (got.n_rows, got.n_rows_excluded) == (1180, 200)
    assert sum(s.weight for s in got.study_estimates) == pytest.approx(100)
    assert any(w.startswith("S4: left out") for w in got.warnings)
    assert any("S1, S3, S6, S7: an empty cell" in w for w in got.warnings)
    assert fit("rare", "mantel_haenszel", "rd").n_studies == 7


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"moderator": "m"}, "no room for a moderator"),
        ({"family": "gaussian"}, "needs family: binomial"),
        ({"pool": {"method": "peto", "measure": "rr"}}, "gives an odds ratio"),
    ],
)
def test_what_tables_cannot_do_is_refused(keys, said):
    mapping = {"family": "binomial", "stages": "two", "pool": {"method": "peto"}, **keys}
    with pytest.raises(SpecError, match=said):
        ModelSpec.from_mapping(mapping)


def test_nobody_with_an_event_in_one_arm_is_said():
    rows = rows_of("rare")
    rows.loc[rows.treat == 1, "y"] = 0
    mapping = {"family": "binomial", "stages": "two", "pool": {"method": "mantel_haenszel"}}
    with pytest.raises(Exception, match="nobody in one of the arms had an event"):
        fit_model(rows, ModelSpec.from_mapping(mapping))
