"""The network finds what was put in: in the repository's own consortium, and over drawn networks."""

from pathlib import Path

import pytest
from tests.recovery.network_recovery import DESIGNS, repeat

from ipdma.analysis.run import analyse
from ipdma.codebook import load_codebook
from ipdma.cohort import stack
from ipdma.plan import read_plan
from ipdma.runs.files import with_contrast
from ipdma.runs.tables import build_tables
from ipdma.synthetic.consortium import draw_consortium
from ipdma.synthetic.truth import read_truth
from ipdma.synthetic.uploads import uploads_of

ROOT = Path(__file__).parents[2]


def truth_of(node, truth, time):
    """Where a node stands: a sum of contrasts, counted from an untreated arm."""
    return sum(w * truth.effects[contrast].mean[time] for contrast, w in truth.conditions[node].items())


def test_the_default_plan_recovers_the_consortium_s_truth(monkeypatch):
    monkeypatch.chdir(ROOT)
    truth, plan = read_truth(ROOT / "data" / "synthetic" / "truth.yaml"), read_plan("config/config.yaml")
    cohort = stack(uploads_of(draw_consortium(truth)), load_codebook())
    tables, _ = with_contrast("network", build_tables(cohort, plan, "network"))
    rows = analyse(tables, plan, codebook=load_codebook()).estimates
    held = []
    for time, own in rows[rows["analysis_id"].str.endswith(".network.one")].groupby("timepoint"):
        for row in own.to_dict("records"):
            one, other = row["level"].split(" v ")
            value = truth_of(one, truth, time) - truth_of(other, truth, time)
            assert abs(row["estimate"] - value) < 4 * row["std_error"]
            held.append(row["ci_low"] <= value <= row["ci_high"])
    assert len(held) == 28 + 21
    assert sum(held) >= 44


@pytest.mark.slow
@pytest.mark.parametrize("name", list(DESIGNS))
@pytest.mark.parametrize("tau", [0.0, 0.3, 0.6])
def test_intervals_cover(name, tau):
    found = repeat(DESIGNS[name], tau, range(150)).mean()
    assert found["coverage_one"] >= 0.93
    assert abs(found["bias_one"]) < 0.06  # about two Monte-Carlo errors of the largest tau
    assert found["inconsistency"] <= 0.09
    assert found["split"] <= 0.09
