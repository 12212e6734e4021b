"""Trials as bundles: one made, one attacked, and a headline and ten moderators fitted to many of them.

    python benchmarks/bundles.py [--trials 200] [--people 300]

Seconds of one processor, from bundles in memory; the people are invented.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ipdma.analysis.cell import Cell, cell_of, design_frame
from ipdma.analysis.fitting import fit_rows, specify
from ipdma.analysis.moderator_frame import moderator_frame
from ipdma.analysis.run import analyse
from ipdma.analysis.settings import Settings, read_settings
from ipdma.bundle import Bundle
from ipdma.bundle.guest import guest_of
from ipdma.codebook import load_codebook
from ipdma.cohort import Upload, build_rows, stack
from ipdma.plan import Plan
from ipdma.release.attack import attack_bundle
from ipdma.release.gate import release, ungated
from ipdma.release.make import draft_trial

NUMBERS = {
    "age": (20, 65),
    "age_at_onset": (12, 60),
    "episode_duration_months": (1, 60),
    "previous_episodes": (0, 9),
}
CATEGORIES = {
    "sex": ("female", "male"),
    "chronic": ("no", "yes"),
    "antidepressant_at_baseline": ("no", "yes"),
    "comorbid_anxiety": ("no", "yes"),
    "personality_disorder": ("no", "yes"),
}
CELL = ("main", "depression", "post")
PLAN = {
    "studies": "trials",
    "contrasts": {"main": {"active": ["stpp"], "reference": ["waitlist"]}},
    "outcomes": {"depression": {"family": "gaussian", "time_points": ["post"]}},
    "models": {"primary": {"covariates": ["baseline"]}},
    "primary_model": "primary",
    "moderators": {
        "severity": {"column": "baseline", "spline": False},
        **{name: {"column": name, "spline": False} for name in NUMBERS},
        **{name: {"column": name, "type": "categorical"} for name in CATEGORIES},
    },
    "sensitivity": {},
    "multiverse": {"enabled": False},
}


def invent(study: str, n: int, seed: int) -> Upload:
    """A trial of n people, half in each arm, whose moderators change the effect a little."""
    rng = np.random.default_rng(seed)
    active = np.arange(n) % 2 == 0
    people = pd.DataFrame(
        {
            "study": study,
            "participant": [f"p{i:05d}" for i in range(n)],
            "arm": np.where(active, "A", "B"),
            "condition": np.where(active, "stpp", "waitlist"),
            **{name: rng.integers(*ends, n).astype(str) for name, ends in NUMBERS.items()},
            **{name: rng.choice(levels, n) for name, levels in CATEGORIES.items()},
        }
    )
    before = rng.integers(14, 32, n)
    effect = rng.normal(-2.0, 1.0) + 0.03 * (people["age"].astype(int) - 40)
    after = np.clip(np.rint(0.5 * before + effect * active + rng.normal(0, 5, n)), 0, 52).astype(int)
    times = (("baseline", "0", before), ("post", "16", after))
    head = people[["study", "participant"]].assign(instrument="hamd17", rating="observer", scoring="")
    scores = [head.assign(timepoint=at, weeks=weeks, score=own.astype(str)) for at, weeks, own in times]
    words = {"study": {"id": study}, "arms": {"A": {"condition": "stpp"}, "B": {"condition": "waitlist"}}}
    missing = pd.DataFrame(columns=["study", "participant", "variable", "reason"])
    return Upload(words, people, pd.concat(scores, ignore_index=True), missing)


def make(trials: int, people: int) -> tuple[Plan, list[Bundle]]:
    """The plan, and every trial's bundle with the gate off."""
    plan, codebook = Plan.from_mapping({**PLAN, "minimum_cell": 1}), load_codebook()
    uploads = (invent(f"T{i:03d}", people, i) for i in range(trials))
    return plan, [ungated(draft_trial(upload, plan, codebook)) for upload in uploads]


def rows_of(plan: Plan, bundles: Sequence[Bundle]) -> Any:
    """The table of the one cell."""
    cohort = stack([], load_codebook(), None, [guest_of(bundle) for bundle in bundles])
    return build_rows(cohort, plan, *CELL)


def fit_headline(cell: Cell, settings: Settings) -> None:
    """The primary model in one stage."""
    spec = settings.primary("gaussian")
    frame, covariates = design_frame(cell.with_columns(spec.covariates), spec.covariates)
    fit_rows(frame, specify(spec.replace(covariates=covariates), "one"))


def fit_moderators(cell: Cell, settings: Settings) -> None:
    """Each moderator in the primary model, in one stage."""
    spec = settings.primary("gaussian")
    for moderator in settings.moderators:
        data = moderator_frame(cell, moderator, spec.covariates)
        fit_rows(data.frame.dropna(), specify(data.join(spec), "one"))


def best(what: str, act: Callable[[], object], times: int = 3) -> None:
    """Print the least seconds of some tries."""
    taken = []
    for _ in range(times):
        start = time.process_time()
        act()
        taken.append(time.process_time() - start)
    print(f"{what:60s} {min(taken):8.3f} s", flush=True)


def time_fits(trials: int, people: int) -> None:
    """Headline and moderators of some trials, each fit anew from the bundles."""
    plan, bundles = make(trials, people)
    settings, table = read_settings(plan), rows_of(plan, bundles)
    name = f"{trials} bundles of {people}"
    best(f"{name}: rows of the cell", lambda: rows_of(plan, bundles))
    fresh = lambda: cell_of(CELL, table, "gaussian", bundles)  # noqa: E731
    best(f"{name}: headline", lambda: fit_headline(fresh(), settings))
    best(f"{name}: ten moderators", lambda: fit_moderators(fresh(), settings))
    parts = ("efficacy", "moderators")
    whole = lambda: analyse({CELL: table}, plan, bundles=bundles, parts=parts)  # noqa: E731
    best(f"{name}: every record of efficacy and moderators", whole, 1)


def time_gate(people: int) -> None:
    """One bundle made through the gate, and attacked."""
    plan, codebook = Plan.from_mapping(PLAN), load_codebook()
    upload = invent("T000", people, 0)
    made = release(draft_trial(upload, plan, codebook), plan, 10)
    best("a bundle", lambda: release(draft_trial(upload, plan, codebook), plan, 10))
    if made.bundle is not None:
        best("attack on it", lambda: attack_bundle(made.bundle, 10))


def main() -> None:
    """Time everything."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--people", type=int, default=300)
    options = parser.parse_args()
    time_gate(options.people)
    time_fits(21, 100)
    time_fits(options.trials, options.people)


if __name__ == "__main__":
    main()
