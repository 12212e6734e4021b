"""Records as a run leaves them, invented number by number (seeded), for tests of what is drawn from them."""

from __future__ import annotations

import math
from functools import cache
from io import StringIO
from typing import Any

import numpy as np
import pandas as pd

from ipdma.analysis.records import COUNT_COLUMNS, ESTIMATE_COLUMNS, STUDY_COLUMNS, table_of
from ipdma.disclosure.mask import FILES, mask_tables
from ipdma.io import read_text_table
from ipdma.report.exhibit import Exhibit
from ipdma.report.figures import list_exhibits
from ipdma.report.material import Material
from ipdma.report.table import Section, Table
from tests.builders.report_mock_extras import add_more

PLAN: dict[str, Any] = {
    "title": "STPP for depression",
    "studies": "data/synthetic",
    "registry": "config/studies.tsv",
    "results": "results",
    "standardise": "instrument_baseline_sd",
    "instruments": {"preference": ["hamd17", "madrs", "bdi2"], "rating": "any"},
    "time_points": {"post": {"timepoint": "post"}, "follow_up": {"timepoint": "follow_up"}},
    "contrasts": {
        "stpp_control": {
            "active": ["stpp"],
            "reference": ["waitlist", "tau", "placebo"],
            "label": "STPP against control",
            "negative_favours": "active",
        }
    },
    "outcomes": {"depression": {"family": "gaussian"}, "response": {"family": "binomial"}},
    "models": {
        "primary": {"covariates": ["baseline"], "residual": "by_study", "df": None, "level": 0.95},
        "publication": {"covariates": ["baseline"], "intercept": "random", "treatment_effect": "common"},
    },
    "primary_model": "primary",
    "moderators": {
        "severity": {"column": "baseline"},
        "duration": {"column": "episode_duration_months"},
        "chronicity": {
            "column": "episode_duration_months",
            "type": "categorical",
            "cuts": [12, 24],
            "labels": ["under 1 year", "1 to under 2 years", "2 years or more"],
        },
    },
    "minimum_cell": 10,
    "seed": 20260101,
}
LEVELS = {"chronicity": ["1 to under 2 years", "2 years or more"]}
CONTINUOUS = {"severity": ("per 1 of baseline", 4.0), "duration": ("per 12 of episode_duration_months", 18.0)}
COMPARATORS = ["tau", "waitlist", "placebo"]
LONG = " of the remarkably long-named collaborating hospital consortium"


class Book:
    """Collects rows of the three files."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.estimates: list[dict[str, Any]] = []
        self.study_estimates: list[dict[str, Any]] = []
        self.counts: list[dict[str, Any]] = []

    def estimate(
        self, analysis_id: str, term: str = "treatment", level: str = "", moderator: str = "", **more: Any
    ) -> None:
        centre, error = more.pop("at", -0.55), more.pop("se", 0.11)
        value = centre + self.rng.normal(0, 0.02)
        row = {**place_of(analysis_id), "term": term, "moderator": moderator, "level": level}
        two = row["stage"] == "two"
        row |= {
            "estimate": value,
            "std_error": error,
            "df": 8.31,
            "statistic": value / error,
            "p_value": math.erfc(abs(value / error) / math.sqrt(2)),
            "ci_low": value - 2.29 * error,
            "ci_high": value + 2.29 * error,
            "tau2": 0.0412,
            "i2": 38.4 if two else None,
            "pi_low": None,
            "pi_high": None,
            "k": 11,
            "n": 763,
            "df_method": "modified_hksj" if two else "kenward_roger",
            "converged": True,
            "singular": False,
            "source_digest": "5ea1" * 16,
            "data_digest": "da7a" * 16,
        }
        self.estimates.append({**row, **more})

    def joint(self, analysis_id: str, term: str, moderator: str, df_num: float = 2) -> None:
        blank = dict.fromkeys(["estimate", "std_error", "ci_low", "ci_high", "tau2", "i2"])
        self.estimate(analysis_id, term, "", moderator, **blank, statistic=3.21, p_value=0.0432, df=12.4)
        self.count(analysis_id, "df_num", variable=term, value=df_num)

    def study(
        self,
        analysis_id: str,
        study: str,
        term: str = "treatment",
        level: str = "",
        moderator: str = "",
        **more: Any,
    ) -> None:
        value = more.pop("estimate", -0.5 + self.rng.normal(0, 0.35))
        error = more.pop("std_error", float(self.rng.uniform(0.15, 0.5)))
        row = {**place_of(analysis_id), "term": term, "moderator": moderator, "level": level}
        row |= {
            "study": study,
            "estimate": value,
            "std_error": error,
            "ci_low": value - 1.98 * error,
            "ci_high": value + 1.98 * error,
            "weight": 100 * error,
            "n_active": 40,
            "n_reference": 38,
            "mean_active": 1.92,
            "sd_active": 0.98,
            "mean_reference": 2.51,
            "sd_reference": 1.03,
            "source": "ipd",
            "source_digest": "5ea1" * 16,
            "data_digest": "da7a" * 16,
        }
        self.study_estimates.append({**row, **more})

    def count(self, analysis_id: str, what: str, **more: Any) -> None:
        blank = {"study": "", "arm": "", "variable": "", "level": "", "n": None, "of": None, "value": None}
        self.counts.append({"analysis_id": analysis_id, "what": what, **blank, **more})


def study_names(studies: int) -> list[str]:
    """`DE-A`, `NL-B`, ..."""
    lands = ["DE", "GB", "IT", "NL", "SE", "US", "CA"]
    return [f"{lands[i % 7]}-{chr(65 + i % 26)}{i // 26 or ''}" for i in range(studies)]


def make_registry(names: list[str], long_names: bool) -> pd.DataFrame:
    """studies.tsv with every status."""
    words = ["low", "some concerns", "high"]
    rows = [
        {
            "study": name,
            "citation": f"Trial {name}" + (LONG if long_names else ""),
            "year": 2000 + i % 20,
            "country": name[:2],
            "registration": "",
            "status": "ipd",
            "reason": "",
            "randomised": 86,
            **{f"rob_d{d}": words[(i + d) % 3] for d in range(1, 6)},
            "rob_overall": words[i % 3],
            "quality": "high",
            "diagnosis": "major depression",
            "format": "individual",
            "sessions": 16,
        }
        for i, name in enumerate(names)
    ]
    rows.append(
        {
            **rows[0],
            "study": "FR-Y",
            "citation": "Trial FR-Y",
            "status": "aggregate",
            "reason": "data destroyed",
        }
    )
    rows.append(
        {**rows[0], "study": "ES-Z", "citation": "Trial ES-Z", "status": "not_obtained", "reason": "no reply"}
    )
    return pd.DataFrame(rows)


def add_headlines(book: Book, names: list[str], outcome: str, timepoint: str, huge: bool) -> None:
    """Both models in both stages, the study rows and the counts about the rows."""
    base = f"stpp_control.{outcome}.{timepoint}"
    for model in PLAN["models"]:
        for stage in ("one", "two"):
            book.estimate(f"{base}.{model}.{stage}", pi_low=-1.05, pi_high=-0.02)
            for what, value in {
                "tau2_low": 0.0,
                "tau2_high": 0.213,
                "q": 18.42,
                "q_df": 10,
                "q_p": 0.0483,
            }.items():
                book.count(f"{base}.{model}.{stage}", what, variable="treatment", value=value)
    for i, name in enumerate(names):
        wide = {"estimate": -1.2, "std_error": 30.0} if huge and i == 1 else {}
        twin = book.rng.bit_generator.state
        for stage in ("one", "two"):
            book.rng.bit_generator.state = twin
            book.study(f"{base}.primary.{stage}", name, **wide)
        book.count(base, "comparator", study=name, level=COMPARATORS[i % 3], n=78)
        book.count(base, "instrument", study=name, variable="hamd17", level="observer", n=78)
        book.count(base, "weeks", study=name, n=78, value=16)
        for arm in ("active", "reference"):
            book.count(base, "rows", study=name, arm=arm, n=43)
            book.count(base, "analysed", study=name, arm=arm, n=40 if arm == "active" else 38, of=43)
            book.count(base, "events", study=name, arm=arm, n=15, of=40, value=0.375)
            book.count(base, "missing_outcome", study=name, arm=arm, n=5 if i % 2 else 3, of=43)
            book.count(
                base, "baseline_mean", study=name, arm=arm, variable="raw", level="hamd17", n=40, value=19.83
            )
            book.count(
                base, "baseline_sd", study=name, arm=arm, variable="raw", level="hamd17", n=40, value=4.12
            )
            book.count(
                base, "outcome_mean", study=name, arm=arm, variable="raw", level="hamd17", n=40, value=10.41
            )
            book.count(
                base, "outcome_sd", study=name, arm=arm, variable="raw", level="hamd17", n=40, value=6.37
            )
    for arm in ("active", "reference", ""):
        book.count(base, "rows", arm=arm, n=43 * len(names) * (1 if arm else 2))
        book.count(base, "analysed", arm=arm, n={"active": 40, "reference": 38, "": 78}[arm] * len(names))
    book.count(base, "studies", n=len(names), of=len(names) + 1)
    book.count(base, "excluded", study=names[0], level="no baseline score", n=12)
    book.count(base, "excluded_studies", level="no reference arm", n=1)
    book.count(base, "standardiser", variable="hamd17", level="observer/", n=640, value=4.31)
    for comparator in COMPARATORS:
        book.estimate(
            f"{base}.subgroup.two.comparator.{comparator}",
            level=comparator,
            moderator="comparator",
            k=4,
            n=250,
        )
    book.joint(f"{base}.subgroup.two.comparator.test", "treatment:across:comparator", "comparator")
    for name in names:
        book.estimate(f"{base}.leave_out:{name}.one", k=len(names) - 1)
    for end, value in {"": 2.68, "_low": 1.61, "_high": 4.47}.items():
        if outcome == "response":
            book.count(f"{base}.primary.one", f"odds_ratio{end}", variable="treatment", value=value)
    if outcome == "response":
        add_risks(book, f"{base}.primary.one")
    for level, n, share in (("low", 1, 0.11), ("some concerns", 2, 0.31), ("high", 4, 0.58)):
        book.count(
            f"{base}.primary.one", "bias_trials", variable="rob_overall", level=level, n=n, of=7, value=share
        )
    for i, item in enumerate(["rob_d1", "rob_overall"]):
        book.estimate(f"{base}.risk_of_bias.one.{item}", moderator=item)
        book.estimate(
            f"{base}.risk_of_bias.one.{item}", f"treatment:across:{item}[high]", "high", item, at=0.1 * i
        )
    book.estimate(f"{base}.low_risk.one", k=4, n=301)
    book.estimate(f"{base}.low_risk:same_trials.one", k=4, n=333, at=-0.44)
    book.count(
        f"{base}.low_risk.one",
        "same_trials",
        level="the primary model on the same trials stands beside it",
        n=4,
        of=4,
    )
    for engine in ("engine_ipdma", "statsmodels", "lme4"):
        book.estimate(f"{base}.{engine}.one")
        book.count(f"{base}.{engine}.one", "engine_version", level="1.1-31")
    book.count(
        f"{base}.primary.one", "concordance", variable="treatment", level="unmatched: residual", value=0.0312
    )
    book.count(f"{base}.matched.one", "concordance", variable="treatment", level="matched", value=0.0021)
    for stage in ("one", "two"):
        book.estimate(f"{base}.matched.{stage}")
    book.count(f"{base}.primary.one", "warning", level="the variance between studies is at its boundary")
    for i in range(24):
        book.estimate(f"{base}.multiverse:{i:04d}.one", at=-0.5 + 0.01 * i)
        for dimension, choices in {
            "covariates": ["baseline", "none"],
            "slopes": ["stratified", "common"],
        }.items():
            book.count(f"{base}.multiverse:{i:04d}.one", "choice", variable=dimension, level=choices[i % 2])
    for name, value in {"0.1": 1.645, "0.05": 1.96, "0.01": 2.576}.items():
        book.count(f"{base}.primary.two", "funnel_contour", variable=name, value=value)
    book.count(f"{base}.primary.one", "nnt", variable="0.2", value=6.2, level="NNTB 6.2 (4.6 to 9.5)")
    book.count(f"{base}.primary.one", "hamd_effect", level="the data", n=640, value=-2.41)
    book.count(f"{base}.primary.one", "hamd_low", value=-3.32)
    book.count(f"{base}.primary.one", "hamd_high", value=-1.49)
    book.estimate(f"{base}.aggregate.two", k=len(names) + 1)
    book.estimate(f"{base}.not_obtained.two", k=1, at=-0.3)
    missing = dict.fromkeys(["mean_active", "sd_active", "mean_reference", "sd_reference"])
    book.study(f"{base}.aggregate.two", "FR-Y", source="aggregate", n_active=31, n_reference=30, **missing)


def add_risks(book: Book, head: str) -> None:
    """Absolute effects of events from a control risk."""
    book.count(head, "control_risk", level="the trials' baselines", value=0.112)
    for end, value in {"": 0.253, "_low": 0.169, "_high": 0.361}.items():
        book.count(head, f"active_risk{end}", value=value)
        book.count(head, f"absolute_effect{end}", value=value - 0.112)


def add_moderators(book: Book, names: list[str], outcome: str, timepoint: str) -> None:
    """Within, across, naive, effects at values, curves, and who has the moderator."""
    base = f"stpp_control.{outcome}.{timepoint}.primary"
    for name, (unit, middle) in CONTINUOUS.items():
        add_moderator_counts(book, base, name, names, unit, middle)
        for stage in ("one", "two"):
            head = f"{base}.{stage}.{name}"
            book.estimate(head, moderator=name)
            book.estimate(head, f"treatment:within:{name}", "", name, at=-0.18, se=0.06)
            book.estimate(head, f"treatment:across:{name}", "", name, at=0.2, se=0.3)
            for study in names:
                book.study(
                    head, study, f"treatment:within:{name}", "", name, estimate=-0.2 + book.rng.normal(0, 0.1)
                )
        book.count(f"{base}.one.{name}", "holm_p", variable=f"treatment:within:{name}", value=0.0123, n=3)
        book.estimate(f"{base}.one.{name}.naive", f"treatment:{name}", "", name, at=-0.3, se=0.05)
        for what, offset in {"p10": -1.5, "p50": 0.0, "p90": 1.5}.items():
            book.estimate(
                f"{base}.one.{name}.at",
                f"treatment:at:{name}",
                f"{middle + offset:g}",
                name,
                at=-0.5 - 0.2 * offset,
            )
            book.count(f"{base}.one.{name}.at", "at_value", level=what, value=middle + offset)
        for i in range(21):
            value = middle + (i - 10) * middle / 10
            line = -0.5 - 0.15 * (i - 10) / 5
            book.estimate(f"{base}.one.{name}.curve", f"treatment:at:{name}", f"{value:g}", name, at=line)
            book.estimate(
                f"{base}.one.{name}.naive_curve", f"treatment:at:{name}", f"{value:g}", name, at=line * 1.2
            )
    for name, levels in LEVELS.items():
        add_moderator_counts(book, base, name, names, "", 0.0)
        reference = "under 1 year"
        for stage in ("one", "two"):
            head = f"{base}.{stage}.{name}"
            book.joint(head, f"treatment:within:{name}", name)
            for level in levels:
                book.estimate(head, f"treatment:within:{name}[{level}]", level, name, at=-0.3, se=0.15)
                book.estimate(head, f"treatment:across:{name}[{level}]", level, name, at=0.1, se=0.5)
                for study in names:
                    book.study(head, study, f"treatment:within:{name}[{level}]", level, name)
        book.count(f"{base}.one.{name}", "holm_p", variable=f"treatment:within:{name}", value=0.0864, n=3)
        book.count(f"{base}.one.{name}", "moderator_reference", level=reference)
        for i, level in enumerate([reference, *levels]):
            book.estimate(f"{base}.one.{name}.at", f"treatment:at:{name}", level, name, at=-0.3 - 0.2 * i)
            book.count(f"{base}.one.{name}", "moderator_level", level=level, n=[310, 203, 7][i])
            for arm in ("active", "reference"):
                book.count(f"{base}.one.{name}", "moderator_level", level=level, arm=arm, n=[155, 101, 3][i])
            if level != reference:
                book.estimate(f"{base}.one.{name}.naive", f"treatment:{name}[{level}]", level, name, at=-0.4)


def add_moderator_counts(
    book: Book, base: str, name: str, names: list[str], unit: str, middle: float
) -> None:
    """K, n, missing and the studies' means."""
    head = f"{base}.one.{name}"
    book.count(head, "moderator_studies", n=9, of=len(names))
    book.count(head, "moderator_complete", n=520, of=763)
    book.count(head, "moderator_missing", level="sporadic", n=43, of=763)
    book.count(head, "moderator_missing", level="systematic", n=200, of=763)
    if unit:
        book.count(head, "moderator_unit", level=unit, value=float(unit.split()[1]))
    for i, study in enumerate(names):
        book.count(head, "study_mean", study=study, n=70, value=middle + 0.1 * (i - 5) * (middle or 1))
        book.count(head, "study_sd", study=study, n=70, value=1.02)


def add_cohort(book: Book, names: list[str]) -> None:
    """Registry, participants and characteristics."""
    total = 86 * len(names)
    for status, studies in {"ipd": len(names), "aggregate": 1, "not_obtained": 1}.items():
        book.count("cohort", "registry", variable=status, n=studies, of=len(names) + 2, value=86 * studies)
    book.count("cohort", "registry_reason", level="no reply", n=1, value=86)
    book.count("cohort", "participants", n=total)
    for study in names:
        book.count("cohort", "randomised", study=study, n=90)
        for arm in ("stpp", "tau"):
            book.count("cohort", "participants", study=study, arm=arm, n=43)
    for where in ("cohort", "stpp_control"):
        for arm in ("", "active", "reference"):
            size = total if not arm else total // 2
            book.count(where, "participants", arm=arm, n=size)
            for variable, mean in {"age": 40.83, "episode_duration_months": 18.42}.items():
                book.count(
                    where, "characteristic_mean", variable=variable, arm=arm, n=size - 20, of=size, value=mean
                )
                book.count(
                    where, "characteristic_sd", variable=variable, arm=arm, n=size - 20, of=size, value=13.31
                )
            for level, half in {
                "female": size_of(total, 0.79),
                "male": size_of(total, 0.2),
                "other": 4,
            }.items():
                known = size_of(total, 0.79) + size_of(total, 0.2) + 4
                n, of = (half, known) if arm else (2 * half, 2 * known)
                book.count(
                    where,
                    "characteristic_share",
                    variable="sex",
                    level=level,
                    arm=arm,
                    n=n,
                    of=of,
                    value=n / of,
                )
        for variable in ("age", "episode_duration_months", "sex"):
            book.count(where, "characteristic_studies", variable=variable, n=len(names) - 2, of=len(names))
            book.count(where, "characteristic_missing", variable=variable, level="sporadic", n=20, of=total)
            for i, study in enumerate(names):
                kind = "systematic" if i % 5 == 4 and variable != "age" else "sporadic"
                book.count(
                    where,
                    "characteristic_missing",
                    variable=variable,
                    study=study,
                    level=kind,
                    n=86 if kind == "systematic" else 4 * (i % 7),
                    of=86,
                )
            for i, study in enumerate(names):
                book.count(where, "smd", variable=variable, study=study, n=80, value=0.03 * (i - 5))


def size_of(total: int, share: float) -> int:
    """A share of one side."""
    return round(share * (total // 2 - 8))


def as_shared(*records: list[dict[str, object]], plan: dict[str, object] = PLAN) -> list[pd.DataFrame]:
    """Records as a report reads them: small counts withheld, numbers as numbers."""
    columns = (ESTIMATE_COLUMNS, STUDY_COLUMNS, COUNT_COLUMNS)
    whole = {
        name: read_text_table(StringIO(table_of(rows, wanted).to_csv(index=False)))
        for name, rows, wanted in zip(FILES, records, columns, strict=True)
    }
    shared = mask_tables(whole, plan)
    texts = [StringIO(shared[name].to_csv(index=False)) for name in FILES]
    return [pd.read_csv(text, keep_default_na=False, na_values=[""], low_memory=False) for text in texts]


def mock_material(
    studies: int = 11, long_names: bool = False, huge: bool = False, synthetic: bool = True
) -> Material:
    """A whole run's records for so many studies."""
    return Material(
        *(table.copy() for table in mock_records(studies, huge)),
        PLAN,
        make_registry(study_names(studies), long_names),
        None,
        ["response: one study had no event"],
        synthetic,
        {"ipdma": "0.1.0", "code digest": "5ea1" * 16},
    )


@cache
def mock_records(studies: int, huge: bool) -> list[pd.DataFrame]:
    """The record files of so many studies."""
    book, names = Book(7), study_names(studies)
    add_cohort(book, names)
    for outcome in PLAN["outcomes"]:
        for timepoint in PLAN["time_points"]:
            add_headlines(book, names, outcome, timepoint, huge)
            if outcome == "depression":
                add_moderators(book, names, outcome, timepoint)
    add_more(book, names)
    return as_shared(book.estimates, book.study_estimates, book.counts)


KINDS = ("forest", "effect_by", "prisma_ipd_flow")


def few(material, ledger) -> list[Exhibit]:
    """One exhibit of each of some kinds; the rest is left out to save time."""
    found: dict[str, Exhibit] = {}
    for exhibit in list_exhibits(material, ledger):
        if exhibit.name.split(".")[0] in KINDS:
            found.setdefault(exhibit.name.split(".")[0], exhibit)
    return list(found.values())


def cells_of(table: Table) -> list[list[str]]:
    """A table's rows without headings."""
    return [row for row in table.rows if not isinstance(row, Section)]


def place_of(analysis_id: str) -> dict[str, str]:
    """The columns that an analysis id spells."""
    names = ("contrast", "outcome", "timepoint", "model", "stage")
    return {"analysis_id": analysis_id, **dict(zip(names, analysis_id.split("."), strict=False))}
