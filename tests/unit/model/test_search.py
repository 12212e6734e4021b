"""The search of a Gaussian model: further starts are followed where they may lead elsewhere."""

import numpy as np
import pytest
from tests.recovery.hard_sets import COMMON, DESIGNS, SPECS, draw_set

from ipdma.model import search
from ipdma.model.criterion import Point, best_scale
from ipdma.model.design import build_design
from ipdma.model.gaussian import prepare_design
from ipdma.model.search import falls_towards, minimise, starting_points
from ipdma.model.spec import ModelSpec


def problem_of(number, **keys):
    spec = ModelSpec.from_mapping({**COMMON, **SPECS[DESIGNS[number % len(DESIGNS)]], **keys})
    return prepare_design(build_design(draw_set(number), spec)).swept


def test_every_start_falls_towards_the_only_optimum():
    problem = problem_of(2)
    known = minimise(problem).point
    for start in starting_points(problem):
        assert falls_towards(problem, best_scale(problem, start), known)


def test_the_sign_of_the_factor_is_no_barrier():
    problem = problem_of(0)
    known = minimise(problem).point
    mirrored = Point(-known.factor, known.sigma2)
    for start in starting_points(problem):
        scaled = best_scale(problem, start)
        assert falls_towards(problem, scaled, mirrored) == falls_towards(problem, scaled, known)


def test_a_rise_on_the_way_is_a_barrier():
    problem = problem_of(2)
    known = minimise(problem).point
    far = Point(30 * np.sqrt(known.sigma2[0]) * np.eye(len(problem.z)), known.sigma2)
    assert not falls_towards(problem, (known, known.value), far)


@pytest.mark.parametrize("residual", ["common", "by_study"])
@pytest.mark.parametrize("number", range(16))
def test_the_optimum_is_that_of_following_every_start(monkeypatch, number, residual):
    problem = problem_of(number, residual=residual)
    found = minimise(problem).point
    monkeypatch.setattr(search, "falls_towards", lambda *start: False)
    followed = minimise(problem).point
    assert found.value.deviance == pytest.approx(followed.value.deviance, abs=1e-8)
    assert found.between == pytest.approx(followed.between, abs=1e-5 * followed.sigma2.mean())
