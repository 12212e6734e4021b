"""A small plan that asks for every kind of block."""

PLAN = {
    "studies": "trials",
    "contrasts": {"main": {"active": ["stpp"], "reference": ["waitlist"]}},
    "models": {"primary": {"covariates": ["baseline"]}, "older": {"covariates": ["baseline", "age"]}},
    "moderators": {
        "severity": {"column": "baseline"},
        "age": {"column": "age", "per": 10},
        "sex": {"column": "sex", "type": "categorical"},
        "chronicity": {
            "column": "episode_duration_months",
            "type": "categorical",
            "cuts": [12, 24],
            "labels": ["short", "middle", "long"],
        },
        "log_duration": {"column": "episode_duration_months", "transform": "log"},
    },
    "sensitivity": {
        "unadjusted": {"model": {"covariates": []}},
        "completers": {"participants": {"dropout": ["no"]}},
        "low_risk": {"registry": {"rob_overall": ["low"]}},
        "own_sd": {"standardise": "study_baseline_sd"},
    },
    "longitudinal": {"visits": ["post", "follow_up"]},
    "minimum_cell": 1,
}
