"""The registry of the synthetic review: `studies.tsv` and `aggregate.tsv`."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ipdma.synthetic.trial import trial_rng
from ipdma.synthetic.truth import StudyTruth, Truth

COLUMNS = (
    "study", "citation", "year", "country", "registration", "status", "reason", "randomised", "arms",
    "rob_d1", "rob_d2", "rob_d3", "rob_d4", "rob_d5", "rob_overall",
    "quality", "diagnosis", "format", "sessions",
)  # fmt: skip
DOMAINS = ("rob_d1", "rob_d2", "rob_d3", "rob_d4", "rob_d5")
GRADES = ("low", "some concerns", "high")
ARM_COLUMNS = (
    "instrument",
    *(
        f"{name}_{side}"
        for side in ("active", "reference")
        for name in ("baseline_mean", "baseline_sd", "mean", "sd")
    ),
    "correlation",
)


SIDES = ("active", "reference")  # conditions, where the contrast leaves them open


def registry_table(truth: Truth) -> pd.DataFrame:
    """Every eligible trial of the synthetic review, a row each, in the columns of `studies.tsv`."""
    rows = [with_data(study, truth) for study in truth.studies.values()]
    rows += [without_data(name, entry, truth) for name, entry in truth.without_data.items()]
    return pd.DataFrame(rows, columns=list(COLUMNS)).sort_values("study", ignore_index=True)


def with_data(study: StudyTruth, truth: Truth) -> dict[str, object]:
    """Registry row of a trial that sent its data."""
    internet = "internet" in study.title.lower() or "online" in study.title.lower()
    return {
        "study": study.name,
        "citation": f"SYNTHETIC. {study.title}",
        "year": study.year,
        "country": study.country,
        "registration": f"SYNTHETIC-{study.name}" if study.year >= 2005 else "",
        "status": "ipd",
        "reason": "",
        "randomised": sum(study.randomised.get(name, n) for name, n in study.arms.items()),
        "arms": arms_text({name: study.randomised.get(name, n) for name, n in study.arms.items()}),
        "diagnosis": "cut-off" if study.name in ("US-B", "GB-C") else "criteria",
        "format": "internet" if internet else "individual",
        **appraise(study.name, truth, study.attrition["post"], one_arm=len(study.arms) == 1),
    }


def without_data(name: str, entry: Mapping[str, Any], truth: Truth) -> dict[str, object]:
    """Registry row of a trial that sent aggregate results or nothing."""
    pair = [entry.get("n_active"), entry.get("n_reference")]
    both = sum(int(str(n)) for n in pair if n is not None)
    return {
        "study": name,
        "citation": "SYNTHETIC. A trial whose participant data did not arrive",
        "year": entry["year"],
        "country": entry["country"],
        "registration": "",
        "status": entry["status"],
        "reason": entry["reason"],
        "randomised": entry.get("randomised", both),
        "arms": arms_text(entry["arms"]),
        "diagnosis": "criteria",
        "format": "individual",
        **appraise(name, truth, 0.2, one_arm=False),
    }


def arms_text(sizes: Mapping[str, int]) -> str:
    """`stpp 78; tau 79`: who was randomised to what."""
    return "; ".join(f"{condition} {n}" for condition, n in sizes.items())


def appraise(name: str, truth: Truth, attrition: float, one_arm: bool) -> dict[str, object]:
    """Draw risk of bias, therapy quality and sessions; they have nothing to do with the effects.

    Risk of bias is in the five domains of RoB 2 (Sterne and others 2019, BMJ 366:l4898). Missing outcome data
    (domain 3) follows the trial's attrition; overall is the worst domain. A trial of one arm has none.
    """
    rng = trial_rng(truth.seed, f"registry {name}")
    drawn = rng.choice(3, len(DOMAINS), p=[0.6, 0.3, 0.1])
    drawn[2] = 0 if attrition < 0.06 else 1 if attrition < 0.25 else 2
    sessions = int(rng.choice([8, 10, 12, 16, 20, 24]))
    quality = str(rng.choice(["high", "moderate", "low"], p=[0.5, 0.35, 0.15]))
    if one_arm:
        return {**dict.fromkeys((*DOMAINS, "rob_overall"), ""), "quality": quality, "sessions": sessions}
    grades = {domain: GRADES[k] for domain, k in zip(DOMAINS, drawn, strict=True)}
    return {**grades, "rob_overall": GRADES[int(drawn.max())], "quality": quality, "sessions": sessions}


def aggregate_table(truth: Truth) -> pd.DataFrame:
    """Results of trials without participant data, in the columns of `aggregate.tsv`.

    The estimate of a trial is its own effect (mean and between-trial SD of its contrast) plus sampling
    error of the size that an analysis adjusted for baseline has: variance 0.85^2 (1/n1 + 1/n0). Beside it
    stand the means and SDs of the arms on HAM-D17 as a paper prints them, whose difference is that estimate;
    how baseline and outcome go together is known as a range.
    """
    rows = []
    for name, entry in truth.without_data.items():
        if entry["status"] != "aggregate":
            continue
        rng = trial_rng(truth.seed, f"aggregate {name}")
        contrast = str(entry["contrast"])
        sizes = [int(entry["n_active"]), int(entry["n_reference"])]
        error = 0.85 * float(np.sqrt(sum(1 / n for n in sizes)))
        effect = truth.effects[contrast]
        estimate = (
            effect.mean["post"] + effect.tau["post"] * rng.standard_normal() + error * rng.standard_normal()
        )
        result = (f"{estimate:.3f}", f"{error:.3f}")
        arms = [*printed_arms(estimate, rng), *(str(entry.get(side) or "") for side in SIDES)]
        rows.append(
            (name, contrast, "depression", "post", *result, *sizes, "SYNTHETIC summary results", *arms)
        )
    names = ["study", "contrast", "outcome", "timepoint", "estimate", "std_error"]
    return pd.DataFrame(rows, columns=[*names, "n_active", "n_reference", "source", *ARM_COLUMNS, *SIDES])


def printed_arms(estimate: float, rng: np.random.Generator) -> tuple[str, ...]:
    """Instrument, means and SDs of both arms with one decimal, and the range of the correlation."""
    before, after = 20 + rng.standard_normal(), 14 + rng.standard_normal()
    numbers = [(before, 4.4, after + 4.5 * estimate, 6.1), (before + 0.3, 4.6, after, 6.0)]
    return ("hamd17", *(f"{value:.1f}" for arm in numbers for value in arm), "0.3..0.7")


def tsv_text(table: pd.DataFrame) -> str:
    """A table as tab-separated UTF-8 text."""
    out = io.StringIO()
    table.to_csv(out, sep="\t", index=False, lineterminator="\n")
    return out.getvalue()
