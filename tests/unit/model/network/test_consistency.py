"""Direct against indirect, design against design, ranks."""

import numpy as np
import pytest
from tests.builders.network_rows import NODES, draw_network

from ipdma.errors import FitError
from ipdma.model.network import fit_inconsistency, fit_network, network_of, p_scores, split_node
from ipdma.model.spec import ModelSpec

LOOP = {f"{a}{b}{i}": (a, b) for a, b in (("tau", "stpp"), ("tau", "ad"), ("stpp", "ad")) for i in range(3)}
SPEC = ModelSpec(treatment="node", covariates=("base",), residual="by_study")


def network_for(rows):
    return network_of(zip(rows["study"], rows["node"], strict=True), NODES)


def shifted(rows, by):
    """The trials of antidepressants against STPP disagree with the loop by so much."""
    at = rows["study"].str.startswith("stppad") & (rows["node"] == "ad")
    return rows.assign(y=rows["y"] + np.where(at, by, 0.0))


def test_a_loop_of_pairs_splits_into_its_trials_and_the_rest():
    """Of trials with two arms the direct answer is theirs and the indirect one the others'."""
    rows = draw_network(arms=LOOP, tau=0.0, seed=2)
    spec = SPEC.replace(treatment_effect="common", residual="common")
    split = split_node(rows, spec, network_for(rows), ("ad", "stpp"))
    direct = rows["study"].str.startswith("stppad")
    others = fit_network(rows[~direct], spec, network_for(rows[~direct]))
    indirect = next(c for c in others.comparisons if (c.active, c.reference) == ("ad", "stpp"))
    assert split.indirect.estimate == pytest.approx(indirect.estimate.estimate, rel=1e-9)
    assert split.difference.estimate == pytest.approx(
        split.direct.estimate - split.indirect.estimate, rel=1e-9
    )
    own = fit_network(rows[direct], spec, network_for(rows[direct]))
    assert split.direct.estimate == pytest.approx(own.comparisons[0].estimate.estimate, rel=1e-9)


def test_a_disagreement_is_seen_by_both_tests():
    rows = draw_network(arms=LOOP, tau=0.1, seed=2)
    network = network_for(rows)
    assert fit_inconsistency(rows, SPEC, network).test.p_value > 0.05
    wrong = shifted(rows, 4.0)
    test = fit_inconsistency(wrong, SPEC, network).test
    split = split_node(wrong, SPEC, network, ("ad", "stpp"))
    assert test.df_num == 1
    assert test.p_value < 0.01
    assert split.difference.estimate == pytest.approx(4.0, abs=1.5)
    assert split.difference.p_value == pytest.approx(test.p_value, rel=1e-6)


def test_there_is_nothing_to_split_without_a_loop():
    rows = draw_network(arms={k: v for k, v in LOOP.items() if not k.startswith("stppad")})
    network = network_for(rows)
    assert split_node(rows, SPEC, network, ("stpp", "tau")) is None
    assert split_node(rows, SPEC, network, ("ad", "stpp")) is None
    assert fit_inconsistency(rows, SPEC, network) is None


def test_designs_that_stand_once_cannot_be_told_from_variance():
    rows = draw_network(arms={k: v for k, v in LOOP.items() if k.endswith("0")})
    with pytest.raises(FitError, match="no two trials have the same arms"):
        fit_inconsistency(rows, SPEC, network_for(rows))


def test_p_scores_rank_and_add_up():
    rows = draw_network(tau=0.1)
    fit = fit_network(rows, SPEC, network_for(rows))
    scores = p_scores(fit.comparisons, fit.network.nodes)
    assert sum(scores.values()) == pytest.approx(len(scores) / 2)
    assert max(scores, key=scores.get) == "both"
    assert min(scores, key=scores.get) == "wait"


def test_how_the_fits_behind_it_ended_is_carried():
    """Not how the consistent network ended: these are fits of their own."""
    rows = draw_network(arms=LOOP, tau=0.0, seed=2)
    network = network_for(rows)
    test, split = fit_inconsistency(rows, SPEC, network), split_node(rows, SPEC, network, ("ad", "stpp"))
    assert test.converged
    assert split.fit.converged
    assert test.singular == any("singular" in warning for warning in test.warnings)
    assert split.fit.singular == any("singular" in warning for warning in split.fit.warnings)
    assert test.singular or split.fit.singular  # drawn without variance between trials
