"""A model of the plan as a phrase, for the methods and for the plan in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ipdma.model.df import df_label
from ipdma.report import wording
from ipdma.report.words import Words, in_sentence

INTERCEPT = {
    "stratified": "an intercept for each trial",
    "random": "random intercepts of the trials",
    "common": "one intercept for all trials",
}
EFFECT = {
    "random": "a treatment effect that varies between trials",
    "common": "one treatment effect common to all trials",
}
RESIDUAL = {
    "by_study": "a residual variance for each trial",
    "common": "one residual variance",
}
SLOPE = {"stratified": "with a slope for each trial", "common": "with one slope for all trials"}


def model_words(words: Words, model: Mapping[str, Any], effects: Mapping[str, str] = EFFECT) -> str:
    """`an intercept for each trial, a treatment effect that varies between trials, ... adjusted for ...`."""
    parts = [
        INTERCEPT.get(str(model.get("intercept") or "stratified"), ""),
        effects.get(str(model.get("treatment_effect") or "random"), ""),
        RESIDUAL.get(str(model.get("residual") or "common"), ""),
    ]
    text = wording.several([part for part in parts if part])
    names = [covariate_words(words, str(name)) for name in model.get("covariates") or []]
    if not names:
        return f"{text}, not adjusted for any covariate"
    slope = SLOPE.get(str(model.get("covariate_slopes") or "stratified"), "")
    return f"{text}, adjusted for {wording.several(names)} {slope}".rstrip()


def covariate_words(words: Words, name: str) -> str:
    """A covariate inside a sentence."""
    return "the score before treatment" if name == "baseline" else in_sentence(words.variable(name))


def interval_words(method: str) -> str:
    """`the null-standardised t`, `t with Kenward-Roger degrees of freedom`."""
    label = df_label(method)
    counted = {"kenward_roger", "satterthwaite", "residual"}
    if method in counted:
        return f"t with {label} degrees of freedom"
    return f"the {label}" if method == "nst" else f"the {label} method"
