"""What each kind of count tells of: people as every trial prints them, no people at all, or people with an
attribute. A kind that stands in none of these lists is taken for the last."""

from __future__ import annotations

from ipdma.disclosure.cells import COUNTS

# people by trial and arm, and who was lost: as in the trials' own papers (docs/privacy.md)
OF_TRIALS = (
    "participants", "randomised", "rows", "analysed", "missing_outcome", "excluded", "comparator",
    "instrument", "weeks", "outcome_mean", "outcome_sd", "baseline_mean", "baseline_sd", "standardiser",
    "crosswalk", "pooled_arm", "longitudinal_participants", "trajectory", "trajectory_weeks", "hamd_sd",
    "hamd_effect", "hamd_low", "hamd_high", "network_node", "network_left_out",
)  # fmt: skip
# trials, tests, trees, data sets: nobody
OF_NOBODY = (
    "studies", "excluded_studies", "contributed_studies", "characteristic_studies", "registry",
    "registry_reason", "with_ipd", "without_ipd", "integrity_checks", "integrity_published",
    "moderator_studies", "moderator_measured", "missing_studies", "tree_stability", "holm_p", "power",
    "power_se", "bias_trials", "imputations", "two_level_trials", "concordance_flag", "multiverse",
    "egger_limit", "same_trials", "network_design", "nesting_studies", "therapists",
)  # fmt: skip
# what is said of a fit on the scale of its model: no risk and no number of people follows from it
OF_FITS = (
    "odds_ratio", "beside", "tau2", "i2", "h2", "q", "variance", "criterion", "df_num", "wald_chi2", "fmi",
    "riv", "lambda", "mc_error", "concordance", "power", "holm_p", "funnel_contour", "delta", "choice",
    "bias_trials", "average_case_mix", "moderator_unit", "knot", "not_made", "multiverse", "trace",
    "observed_share", "imputed_share", "imputed_mean", "imputed_sd", "observed_mean", "observed_sd",
)  # fmt: skip


def tells_people(what: str) -> bool:
    """Whether the `n` of a kind of count may be of people with an attribute and no cell reads it."""
    read = what in COUNTS and what != "excluded_rows"  # of models of the plan; others leave rows out as well
    return not (read or what in OF_TRIALS or what in OF_NOBODY)


def tells_risk(what: str) -> bool:
    """Whether the `value` of a count that belongs to a fit of events may be, or give back, a risk."""
    return what not in COUNTS and what not in OF_TRIALS and not what.startswith(OF_FITS)
