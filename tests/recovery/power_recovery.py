"""Planned power against consortia that are drawn and analysed with the plan's own models.

    python -m tests.recovery.power_recovery 2000 [CELL ...]

prints the table of docs/validation-power.md; every cell has a seed of its own.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special
from scipy.special import expit, logit

from ipdma.analysis.planned_questions import PlannedTrial, Question
from ipdma.analysis.planning import Power, plan_power
from ipdma.errors import FitError
from ipdma.model.batch_by_study import GroupedBatch
from ipdma.model.batch_by_study_inference import each_coefficient, observed_covariance, small_sample
from ipdma.model.batch_by_study_search import fit_grouped
from ipdma.model.binomial import fit_binomial
from ipdma.model.nst_share import TrialSets, signed_share
from ipdma.model.spec import ModelSpec

SD, RHO, RISK = 1.1, 0.5, 0.4
SHARES = {"two": (0.6, 0.4), "three": (0.5, 0.3, 0.2)}
BATCH = 250  # consortia that are drawn at once
CONSORTIA = {  # people in the active and the reference arm, SD of the moderator
    "8 trials": ((60, 40, 1.2), (35, 35, 0.8), (80, 90, 1.0), (50, 45, 1.1), (100, 60, 0.9), (30, 60, 1.3),
                 (45, 45, 1.0), (70, 70, 0.7)),
    "5 small": ((20, 18, 1.0), (25, 25, 1.0), (14, 15, 1.2), (30, 28, 0.9), (22, 24, 1.1)),
    "12 unequal": ((10, 10, 1.0), (12, 14, 1.0), (15, 15, 1.1), (18, 9, 0.9), (20, 20, 1.0), (24, 26, 1.2),
                   (30, 30, 0.8), (16, 40, 1.0), (45, 45, 1.0), (60, 30, 1.1), (75, 80, 0.9),
                   (150, 150, 1.0)),
    "3 unequal": ((15, 15, 1.0), (40, 40, 1.0), (120, 120, 1.0)),
}  # fmt: skip
PRIMARY = {"outcome": "y", "covariates": ["x"], "residual": "by_study", "df": "nst"}
EVENTS = {"outcome": "y", "family": "binomial", "df": "nst"}


@dataclass(frozen=True)
class Cell:
    """One question on one consortium.

    Attributes
    ----------
    trials : str
        Of `CONSORTIA`.
    family : str
    moderator : str
        Empty for the headline; `z` a number, `two` and `three` levels.
    effect, interaction : float
        True ones, per unit or between the second and the first level.
    tau : float
        SD between trials of what is asked.
    """

    trials: str
    family: str
    moderator: str
    effect: float
    interaction: float
    tau: float

    @property
    def spec(self) -> ModelSpec:
        """The plan's primary model with this moderator; an interaction that varies is fitted so."""
        keys: dict[str, object] = dict(PRIMARY if self.family == "gaussian" else EVENTS)
        if self.moderator:
            keys["moderator"] = "z"
            if self.moderator != "z":
                keys.update(moderator_type="categorical", levels=list("abc"[: len(self.shares)]))
            if self.tau:
                keys["interaction_effect"] = "random"
        return ModelSpec.from_mapping(keys, "power")

    @property
    def shares(self) -> tuple[float, ...]:
        """Of the moderator's levels."""
        return SHARES.get(self.moderator, ())

    @property
    def by_engine(self) -> bool:
        """Whether each consortium has to be fitted by itself: a common interaction of events."""
        return self.common and self.family == "binomial"

    @property
    def common(self) -> bool:
        """Whether what is asked is common to the trials."""
        return bool(self.moderator) and not self.tau

    @property
    def term(self) -> str:
        """The estimate that is tested."""
        if not self.moderator:
            return "treatment"
        return "treatment:within:z" + ("" if self.moderator == "z" else "[b]")

    def planned(self) -> Power:
        """What `ipdma power` says."""
        trials = [
            PlannedTrial(str(n), 1.0, {"main": (a, r)}, SD, RHO * (self.family == "gaussian"), RISK,
                         {"z": self.shares or sd})
            for n, (a, r, sd) in enumerate(CONSORTIA[self.trials])
        ]  # fmt: skip
        common = "kenward_roger" if self.family == "gaussian" else "k_minus_1_common"
        assumed = self.interaction if self.moderator else self.effect
        asked = Question(
            "main", "y", self.family, "z" if self.moderator else "", "", 1, 1.0, assumed, self.effect,
            self.tau, "", common if self.common else "nst", len(self.spec.covariates),
        )  # fmt: skip
        (found,) = plan_power([asked], trials, 0.95, 1)
        return found.expected


CELLS = {
    f"{cell.family[:1]}{n}": cell
    for n, cell in enumerate(
        [
            *(Cell(k, "gaussian", "", e, 0, tau) for k, e in
              (("8 trials", -0.3), ("5 small", -0.6), ("12 unequal", -0.3), ("3 unequal", -0.7))
              for tau in (0.0, 0.2, 0.4)),
            *(Cell("8 trials", "gaussian", "z", -0.35, i, 0) for i in (0.1, 0.15, 0.2)),
            *(Cell(k, "gaussian", "z", -0.35, i, 0) for k, i in
              (("5 small", 0.3), ("12 unequal", 0.2), ("3 unequal", 0.25))),
            *(Cell(k, "gaussian", m, -0.35, i, 0) for k, i in
              (("8 trials", 0.4), ("5 small", 0.8), ("12 unequal", 0.5)) for m in ("two", "three")),
            *(Cell(k, "gaussian", "z", -0.35, i, 0.15) for k, i in
              (("8 trials", 0.2), ("5 small", 0.35), ("12 unequal", 0.25))),
            *(Cell(k, "binomial", "", e, 0, tau) for k, e in
              (("8 trials", 0.5), ("5 small", 0.9), ("12 unequal", 0.6)) for tau in (0.0, 0.3)),
            *(Cell(k, "binomial", "z", 0.4, i, 0) for k, i in
              (("8 trials", 0.35), ("5 small", 0.7), ("12 unequal", 0.45))),
            *(Cell(k, "binomial", m, 0.4, i, 0) for k, i in
              (("8 trials", 0.8), ("5 small", 1.5), ("12 unequal", 1.0)) for m in ("two", "three")),
            Cell("8 trials", "binomial", "z", 0.4, 0.45, 0.2),
        ]
    )
}  # fmt: skip


@dataclass(frozen=True)
class Drawn:
    """One trial in B consortia.

    Attributes
    ----------
    treat : ndarray of shape (n,)
    x, y : ndarray of shape (B, n)
        Baseline and outcome.
    z : ndarray of shape (B, n, q)
        The moderator: itself, or a column for each level but the first; q is 0 for the headline.
    """

    treat: np.ndarray
    x: np.ndarray
    z: np.ndarray
    y: np.ndarray

    def fill(self, kinds: str) -> np.ndarray:
        """Columns of shape (B, n, p): `1`, `x`, `t` for the treatment, `z`, `i` for treatment times z."""
        ones = np.ones_like(self.x)[..., None]
        arm = self.treat[None, :, None] * ones
        made = {"1": ones, "x": self.x[..., None], "t": arm, "z": self.z, "i": arm * self.z}
        return np.concatenate([made[kind] for kind in kinds], axis=2)


def draw(rng: np.random.Generator, cell: Cell, count: int) -> list[Drawn]:
    """Consortia with the planned numbers; moderator and baseline are drawn anew for everybody."""
    trials = []
    for active, reference, sd in CONSORTIA[cell.trials]:
        treat = np.repeat([1.0, 0.0], [active, reference])
        shape = count, len(treat)
        x, stray = rng.normal(0, SD, shape), cell.tau * rng.normal(size=(count, 1))
        if cell.shares:
            level = rng.choice(len(cell.shares), shape, p=cell.shares)
            z = (level[..., None] == np.arange(1, len(cell.shares))).astype(float)
        else:
            z = rng.normal(0, sd, (*shape, 1 if cell.moderator else 0))
        own = cell.effect + (cell.interaction + stray) * z[..., 0] if cell.moderator else cell.effect + stray
        if cell.family == "binomial":
            y = (rng.random(shape) < expit(logit(RISK) + treat * own)).astype(float)
        else:
            y = treat * own + RHO * x + rng.normal(0, SD * math.sqrt(1 - RHO**2), shape)
        trials.append(Drawn(treat, x, z, y))
    return trials


def as_rows(trials: Sequence[Drawn], b: int, cell: Cell) -> pd.DataFrame:
    """One of the consortia as rows for `fit_model`."""
    parts = []
    for n, own in enumerate(trials):
        z: np.ndarray = own.z[b].sum(axis=1)
        if cell.shares:
            z = np.array(list("abc"))[(own.z[b] @ np.arange(1, len(cell.shares))).astype(int)]
        columns = {"study": str(n), "treat": own.treat, "x": own.x[b], "z": z, "y": own.y[b]}
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


def p_values(trials: Sequence[Drawn], cell: Cell) -> np.ndarray:
    """Of the term that is asked in each consortium, as the plan's model has it; NaN without an answer."""
    if cell.by_engine:
        return one_by_one(trials, cell)
    return by_batch(trials) if cell.common else by_trials(trials, cell)


def by_trials(trials: Sequence[Drawn], cell: Cell) -> np.ndarray:
    """The null-standardised t of the trials' own regressions."""
    kinds = ("1" if cell.family == "binomial" else "1x") + ("zti" if cell.moderator else "t")
    fit = logistic if cell.family == "binomial" else least_squares
    asked = -max(trials[0].z.shape[2], 1)  # the treatment, or the first level's interaction
    found = [fit(own.fill(kinds), own.y, asked) for own in trials]
    estimate, variance = (np.array([one[n] for one in found]) for n in (0, 1))
    k = len(trials)
    share = signed_share(TrialSets(estimate, variance), np.zeros(estimate.shape[1]))
    t = share * math.sqrt(k - 1) / np.sqrt(np.maximum(1 - share**2, 1e-300))
    return 2 * special.stdtr(k - 1, -np.abs(t))


def least_squares(columns: np.ndarray, y: np.ndarray, at: int) -> tuple[np.ndarray, np.ndarray]:
    """Estimate and variance of one column in each consortium."""
    gram = np.swapaxes(columns, 1, 2) @ columns
    inverse = np.linalg.inv(gram)
    beta = (inverse @ (np.swapaxes(columns, 1, 2) @ y[..., None]))[..., 0]
    rest = ((y - (columns @ beta[..., None])[..., 0]) ** 2).sum(axis=1) / (y.shape[1] - columns.shape[2])
    return beta[:, at], inverse[:, at, at] * rest


def logistic(columns: np.ndarray, y: np.ndarray, at: int) -> tuple[np.ndarray, np.ndarray]:
    """The same of logistic regressions; of a treatment alone an empty cell has a half added to all four."""
    if columns.shape[2] == 2:
        arm = columns[0, :, 1]
        events = np.stack([y[:, arm == a].sum(axis=1) for a in (1, 0)])
        cells = np.stack([events, np.array([(arm == a).sum() for a in (1, 0)])[:, None] - events])
        cells = cells + 0.5 * (cells == 0).any(axis=(0, 1))
        odds = np.log(cells[0] / cells[1])
        return odds[0] - odds[1], (1 / cells).sum(axis=(0, 1))
    beta = np.zeros((len(y), columns.shape[2]))
    for _ in range(12):
        p = expit((columns @ beta[..., None])[..., 0])
        information = np.swapaxes(columns, 1, 2) @ (columns * (p * (1 - p))[..., None])
        score = np.swapaxes(columns, 1, 2) @ (y - p)[..., None]
        beta = beta + np.linalg.solve(information, score)[..., 0]
    return beta[:, at], np.linalg.inv(information)[:, at, at]


def by_batch(trials: Sequence[Drawn]) -> np.ndarray:
    """Kenward and Roger's test of a common interaction in one stage, from swept cross-products."""
    count, q = len(trials[0].y), trials[0].z.shape[2]
    means = np.stack([own.z.mean(axis=1) for own in trials])
    gram = np.empty((count, len(trials), 2 + 2 * q, 2 + 2 * q))
    for k, own in enumerate(trials):
        arm = own.fill("t")
        across = arm * (means[k] - means.mean(axis=0))[:, None]
        columns = np.concatenate([arm, arm * (own.z - means[k][:, None]), across, own.y[..., None]], axis=2)
        basis = np.linalg.qr(own.fill("1xz"))[0]
        left = columns - basis @ (np.swapaxes(basis, 1, 2) @ columns)
        gram[:, k] = np.swapaxes(left, 1, 2) @ left
    sizes = np.array([len(own.treat) - 2 - q for own in trials], dtype=float)
    batch = GroupedBatch(
        gram,
        np.tile(sizes, (count, 1)),
        (0,),
        ((0, 0),),
        np.zeros(count),
        np.tile(np.arange(len(trials)), (count, 1)),
    )
    start = np.tile([0.2, *np.full(len(trials), math.log(SD**2))], (count, 1))
    state, slopes, converged = fit_grouped(batch, start)
    found = small_sample(batch, state, slopes)
    _, _, df, variance = each_coefficient(found, observed_covariance(slopes))
    t = np.abs(state.beta[:, 1]) / np.sqrt(variance[:, 1])
    return np.where(converged, 2 * special.stdtr(df[:, 1], -t), np.nan)


def one_by_one(trials: Sequence[Drawn], cell: Cell) -> np.ndarray:
    """The logistic mixed model of each consortium."""
    found = []
    for b in range(len(trials[0].y)):
        try:
            fit = fit_binomial(as_rows(trials, b, cell), cell.spec, profile=False)
        except FitError:
            found.append(math.nan)
            continue
        found.append(next(own.p_value for own in fit.estimates if str(own.term) == cell.term))
    return np.array(found)


@dataclass(frozen=True)
class Row:
    """What was planned and what was found of a cell.

    Attributes
    ----------
    planned : Power
    found, error : float
        Share of consortia in which the term was found, and its Monte Carlo standard error.
    consortia, missing : int
        That were drawn, and that had no answer.
    """

    planned: Power
    found: float
    error: float
    consortia: int
    missing: int


def line(name: str, repeats: int) -> Row:
    """Draw and analyse a cell."""
    cell, rng = CELLS[name], np.random.default_rng([20261129, list(CELLS).index(name)])
    parts = [p_values(draw(rng, cell, BATCH), cell) for _ in range(math.ceil(repeats / BATCH))]
    p = np.concatenate(parts)
    told = np.isfinite(p)
    share = float((p[told] < 0.05).mean())
    error = math.sqrt(share * (1 - share) / told.sum())
    return Row(cell.planned(), share, error, len(p), int((~told).sum()))


def shown(name: str, row: Row) -> str:
    """A row of the table."""
    cell = CELLS[name]
    size = cell.interaction if cell.moderator else cell.effect
    asked = {"": "effect", "z": "x number", "two": "x 2 levels", "three": "x 3 levels"}[cell.moderator]
    numbers = (row.planned.power_wald, row.planned.power, row.found, row.error, row.found - row.planned.power)
    wald, planned, found, error, off = (100 * number for number in numbers)
    return (
        f"| {name} | {cell.trials} | {asked} | {size:g} | {cell.tau:g} | {wald:.1f} | {planned:.1f} | "
        f"{found:.1f} ({error:.1f}) | {off:+.1f} | {row.consortia} |"
    )


def main(arguments: Sequence[str]) -> None:
    """Print the table."""
    repeats, *named = arguments or ["2000"]
    for name in named or CELLS:
        print(shown(name, line(name, int(repeats))), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
