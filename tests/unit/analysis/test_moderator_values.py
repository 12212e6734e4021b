"""The points at which a moderator's effect is shown."""

from __future__ import annotations

from types import SimpleNamespace

from ipdma.analysis.moderator_values import EffectPoint, points_told
from ipdma.model.term import TREATMENT, Term

B, RARE = Term("within", "m", "b"), Term("within", "m", "rare")


def test_a_level_whose_interaction_is_left_out_has_no_point() -> None:
    points = [
        EffectPoint(f"at:{level}", level, ("level",), False, {TREATMENT: 1.0, B: b, RARE: rare})
        for level, b, rare in (("a", -0.3, -0.1), ("b", 0.7, -0.1), ("rare", -0.3, 0.9))
    ]
    fit = SimpleNamespace(estimates=[SimpleNamespace(term=term) for term in (TREATMENT, B)])
    told = points_told(points, fit)
    assert [(p.value, dict(p.weights)) for p in told] == [
        ("a", {TREATMENT: 1.0, B: -0.3}),
        ("b", {TREATMENT: 1.0, B: 0.7}),
    ]


def test_a_number_whose_interaction_is_left_out_has_no_points() -> None:
    term = Term("within", "m")
    points = [EffectPoint("at:1", "1", ("mean",), True, {TREATMENT: 1.0, term: 0.0})]
    assert points_told(points, SimpleNamespace(estimates=[SimpleNamespace(term=TREATMENT)])) == []
