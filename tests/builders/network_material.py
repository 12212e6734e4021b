"""The records of a network as a report reads them."""

import numpy as np
import pandas as pd

from ipdma.analysis.run import analyse
from ipdma.plan import Plan
from ipdma.report.material import Material
from tests.builders.network_rows import draw_network
from tests.builders.report_mock import as_shared

CONDITIONS = {"tau": "tau", "wait": "waitlist", "stpp": "stpp", "ad": "antidepressant", "both": "combined"}
PLAN = {
    "studies": "here",
    "contrasts": {
        "stpp_control": {"active": ["stpp"], "reference": ["tau", "waitlist", "placebo"]},
        "stpp_medication": {"active": ["stpp"], "reference": ["antidepressant"]},
    },
    "moderators": {
        "severity": {"column": "baseline"},
        "level": {"column": "level", "levels": ["a", "b", "c"]},
    },
    "network": {"outcomes": ["depression"], "reference": "tau", "moderators": ["severity", "level"]},
}


def as_rows(drawn: pd.DataFrame) -> pd.DataFrame:
    """Drawn rows as the cohort leaves them."""
    renamed = drawn.rename(columns={"y": "outcome", "base": "baseline"})
    renamed["condition"] = renamed["node"].map(CONDITIONS)
    renamed["participant"] = np.arange(len(renamed)).astype(str)
    return renamed.drop(columns="node").assign(treat=1)


def network_material(drawn: pd.DataFrame | None = None) -> Material:
    """A report's material with nothing but a network."""
    plan = Plan.from_mapping(PLAN)
    drawn = draw_network(tau=0.8) if drawn is None else drawn
    records = analyse({("network", "depression", "post"): as_rows(drawn)}, plan)
    tables = (records.estimates, records.study_estimates, records.counts)
    own = [table.astype(object).where(table.notna(), None).to_dict("records") for table in tables]
    return Material(*as_shared(*own, plan=plan.as_mapping()), plan.as_mapping())
