"""The default plan's profiles against the truth of the synthetic consortium, over consortia drawn from it.

    python -m tests.recovery.profile_recovery 100

The plan's model is straight in log months; the truth steps at one and two years. So the benefit of each
profile is held against two: the stated one, and the nearest to it that is straight (least squares in trials).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ipdma.analysis.cell import Cell, cell_of
from ipdma.analysis.prediction_data import PredictionData, prediction_data
from ipdma.analysis.prediction_profiles import Scale, points_of, profiles_of
from ipdma.analysis.records import Ledger
from ipdma.analysis.run import analyse
from ipdma.analysis.settings import Settings, read_settings
from ipdma.codebook import load_codebook
from ipdma.cohort import build_rows, stack
from ipdma.plan import Plan, read_plan
from ipdma.synthetic.consortium import draw_consortium
from ipdma.synthetic.truth import Effect, Truth, read_truth
from ipdma.synthetic.uploads import uploads_of

ROOT = Path(__file__).parents[2]
OUTCOME, TIME = "depression", "post"


def default() -> tuple[Plan, Truth]:
    """The plan and the truth that the repository ships."""
    return read_plan(ROOT / "config" / "config.yaml"), read_truth(ROOT / "data" / "synthetic" / "truth.yaml")


def stepped(months: np.ndarray, effect: Effect) -> np.ndarray:
    """What the length of the episode adds to the effect."""
    middle, long = effect.chronicity[TIME]
    return np.select([months >= 24, months >= 12], [long, middle], 0.0)


def straight(data: PredictionData, added: np.ndarray) -> np.ndarray:
    """Coefficients, per SD inside trials, of the straight function nearest to what is added to the effect."""
    inside = added - pd.Series(added).groupby(data.rows["study"].to_numpy()).transform("mean").to_numpy()
    found: np.ndarray = np.linalg.lstsq(data.centred, inside, rcond=None)[0]
    return found


def trial_mean(data: PredictionData, added: np.ndarray) -> float:
    """The plain mean of the trials' means."""
    return float(pd.Series(added).groupby(data.rows["study"].to_numpy()).mean().mean())


def truths(cell: Cell, settings: Settings, effect: Effect) -> Iterator[tuple[str, float, float]]:
    """Each profile's name, its benefit as stated, and that of the nearest straight function."""
    data = prediction_data(Ledger(), cell.ident("prediction", "one"), cell, settings)
    scale = Scale(data, points_of(cell, settings)[0], settings.plan["minimum_cell"])
    columns = [column.name for column in data.columns]
    own, months = columns.index("severity"), np.exp(data.x[:, columns.index("log_duration")])
    slope = effect.severity[TIME]
    added = stepped(months, effect)
    near = straight(data, slope * data.x[:, own] + added)
    for profile in profiles_of(scale, settings):
        away = scale.away(profile)
        steps = stepped(np.array([profile.values["log_duration"]], dtype=float), effect)[0]
        stated = slope * away[own] * data.scale[own] + steps - trial_mean(data, added)
        yield profile.name, effect.mean[TIME] + stated, effect.mean[TIME] + float(near @ away)


def one(plan: Plan, truth: Truth, seed: int) -> Iterator[dict[str, object]]:
    """A row for each profile of each contrast of one drawn consortium."""
    cohort = stack(uploads_of(draw_consortium(truth, seed)), load_codebook())
    settings = read_settings(plan)
    for contrast, effect in truth.effects.items():
        key = contrast, OUTCOME, TIME
        table = build_rows(cohort, plan, *key)
        records = analyse({key: table}, plan, parts=["prediction"])
        found = records.estimates[records.estimates["term"] == "treatment:at:(profile)"].set_index("level")
        for name, stated, near in truths(cell_of(key, table, "gaussian", ()), settings, effect):
            low, high = found.loc[name, ["ci_low", "ci_high"]]
            held = {"stated": low <= stated <= high, "straight": low <= near <= high}
            off = {"estimate": found.loc[name, "estimate"] - near, "apart": near - stated}
            yield {"seed": seed, "contrast": contrast, "profile": name, **held, **off}


def recover(seeds: Sequence[int]) -> pd.DataFrame:
    """Every profile of every consortium."""
    plan, truth = default()
    return pd.DataFrame([row for seed in seeds for row in one(plan, truth, seed)])


def main(arguments: Sequence[str]) -> None:
    """Print coverage by contrast."""
    found = recover(range(1, 1 + int((arguments or ["100"])[0])))
    numbers = found.groupby("contrast", sort=False)[["stated", "straight", "estimate", "apart"]]
    print(numbers.mean().join(found.groupby("contrast").size().rename("profiles")).round(3))


if __name__ == "__main__":
    main(sys.argv[1:])
