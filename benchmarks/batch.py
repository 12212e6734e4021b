"""A thousand fits of a common design at once, with both degrees of freedom: processor milliseconds.

    python benchmarks/batch.py [--models 1000]

The design is that of `engines.py` with 800 rows (eight columns, correlated random intercept and treatment
effect); each model has an outcome of its own. With one residual variance, and with one for each study.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
from draw import draw
from engines import spec

from ipdma.model.design import build_design
from ipdma.model.gaussian import prepare_design
from ipdma.model.many import ManyFits, batch_problem, fit_by_study, fit_prepared
from ipdma.model.problem import Prepared


def outcomes(prepared: Prepared, models: int) -> np.ndarray:
    """Products of the columns with an outcome drawn for each model, shape (B, K, c, c)."""
    rng, full, design = np.random.default_rng(2), prepared.full, prepared.design
    study, treat = design.study, design.shared[:, 0]
    columns = (design.shared - prepared.scaling.origin[0, full.x]) / prepared.scaling.scale[full.x]
    effects = rng.normal(size=(2, models, len(design.studies))) * np.array([0.5, 0.3])[:, None, None]
    y = effects[0][:, study] + effects[1][:, study] * treat + rng.normal(size=(models, len(study)))
    gram = np.repeat(full.gram[None, :, 0], models, axis=0)
    for k in range(len(design.studies)):
        rows = study == k
        gram[:, k, full.y, full.y] = (y[:, rows] ** 2).sum(axis=1)
        gram[:, k, full.x, full.y] = gram[:, k, full.y, full.x] = y[:, rows] @ columns[rows]
    return gram


def least(run: Callable[[], object], times: int = 5) -> float:
    """Least processor time in milliseconds."""
    found = []
    for _ in range(times):
        start = time.process_time()
        run()
        found.append(1e3 * (time.process_time() - start))
    return min(found)


def main() -> None:
    """Print a line for each residual structure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=int, default=1000)
    models = parser.parse_args().models
    rows = draw(800)
    for residual in ("common", "by_study"):
        fit = fitter(prepare_design(build_design(rows, spec(residual))), residual, models)
        ended = int(fit().fits.converged.sum())
        print(f"{models} fits, residual {residual}: {least(fit):.0f} ms, {ended} converged", flush=True)


def fitter(prepared: Prepared, residual: str, models: int) -> Callable[[], ManyFits]:
    """What fits the models of one residual structure."""
    gram, none = outcomes(prepared, models), np.zeros(models)
    n = np.broadcast_to(prepared.full.n[:, 0], gram.shape[:2])
    if residual == "by_study":
        return lambda: fit_by_study(prepared, gram, n, none)
    problem = batch_problem(prepared, gram, n.sum(axis=1), none)
    return lambda: fit_prepared(prepared, problem, True)


if __name__ == "__main__":
    main()
