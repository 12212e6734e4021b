"""The methods of a run as paragraphs for a paper, written from the plan without a word of its keys."""

from __future__ import annotations

from ipdma.model.df import df_label
from ipdma.report import wording
from ipdma.report.ledger import Ledger, Pen
from ipdma.report.material import Material
from ipdma.report.records import first
from ipdma.report.words import STANDARDISE, in_sentence, instrument_words


def methods_paragraphs(material: Material, ledger: Ledger) -> list[str]:
    """What was done, from the plan as it ran."""
    pen = ledger.pen("report/methods")
    return [
        p
        for p in (
            data_methods(material, pen),
            outcome_methods(material),
            model_methods(material),
            moderator_methods(material),
            missing_methods(material),
            certainty_methods(material),
            closing(material),
        )
        if p
    ]


def data_methods(material: Material, pen: Pen) -> str:
    """Trials and participants."""
    total = first(material.records.of("counts", "cohort"), what="participants", study="", arm="")
    ipd = first(material.records.of("counts", "cohort"), what="registry", variable="ipd")
    parts = []
    if ipd is not None:
        parts.append(
            f"Participant data were obtained for {pen.count(ipd)} of {pen.count(ipd, 'of')} eligible trials"
        )
    if total is not None:
        parts.append(f"{pen.count(total)} participants were contributed")
    contrasts = [material.contrast(c) for c in material.plan.get("contrasts", {})]
    text = "; ".join(parts)
    lead = f"{text}. " if text else ""
    return (
        f"{lead}The comparisons were {wording.several(contrasts)}. Participants were analysed in the arm "
        "to which they were allocated."
    )


def outcome_methods(material: Material) -> str:
    """Instruments, scale, binary outcomes."""
    instruments = material.plan.get("instruments", {})
    preference = wording.several([instrument_words(str(i)) for i in instruments.get("preference", [])])
    text = (
        f"In each trial, contrast and time point the outcome was the first available of {preference}"
        if preference
        else "The outcome was each trial's depression measure"
    )
    rating = instruments.get("rating", "any")
    text += f" ({rating}-rated only)" if rating in {"observer", "self"} else ""
    word = str(material.plan.get("standardise"))
    text += (
        f". Scores were divided by {STANDARDISE.get(word, 'a constant')}."
        if word != "none"
        else ". Scores were analysed in raw points."
    )
    if any(material.is_binary(o) for o in material.plan.get("outcomes", {})):
        text += (
            " Response was a loss of at least half of the baseline score, remission a score at or below "
            "the instrument's threshold; both were analysed as observed, as log odds ratios."
        )
    return text


def model_methods(material: Material) -> str:
    """The primary model in words."""
    model = material.plan.get("models", {}).get(material.primary, {})
    covariates = [str(c) for c in model.get("covariates", [])]
    slopes = model.get("covariate_slopes", "stratified")
    adjusted = (
        f", adjusted for {wording.several(covariates)} "
        f"({'a slope per trial' if slopes == 'stratified' else 'a common slope'})"
        if covariates
        else ""
    )
    intercept = {
        "stratified": "an intercept per trial",
        "random": "random intercepts",
        "common": "a common intercept",
    }[str(model.get("intercept") or "stratified")]
    effect = {"random": "a random treatment effect", "common": "a common treatment effect"}[
        str(model.get("treatment_effect") or "random")
    ]
    residual = (
        "a residual variance per trial"
        if model.get("residual") == "by_study"
        else "a common residual variance"
    )
    row = next((r for a in material.analyses if (r := material.headline(a, "one")) is not None), None)
    method = (
        f" Intervals and tests used {df_label(row.text('df_method'))} degrees of freedom."
        if row is not None
        else ""
    )
    return (
        f"The primary analysis was a one-stage mixed model with {intercept}, {effect} and "
        f"{residual}{adjusted}, fitted by restricted maximum likelihood "
        f"(maximum likelihood for binary outcomes).{method} A two-stage analysis estimated each trial by "
        "itself and pooled the estimates by random-effects meta-analysis."
    )


def moderator_methods(material: Material) -> str:
    """How moderators were tested."""
    names = [in_sentence(material.moderator(n)) for n in material.plan.get("moderators", {})]
    if not names:
        return ""
    return (
        f"Moderators ({wording.several(names)}) were tested as interactions with treatment within trials: "
        "each moderator was centred at its trial's mean, and the "
        "trial mean entered as a separate across-trial term, so that differences between trials cannot pass "
        "for differences between participants. Naive interactions "
        "are shown for comparison only."
    )


def missing_methods(material: Material) -> str:
    """What was done about missing values."""
    missing = material.plan.get("missing") or {}
    if missing.get("method") != "multiple_imputation":
        return "Participants without the outcome were left out of the analysis of observed rows."
    text = (
        f"Missing values were filled in by multiple imputation within trial and arm (at least {missing['m']} "
        "completed data sets), and results were combined by Rubin's rules; results of observed rows stand "
        "beside them."
    )
    if (missing.get("delta") or {}).get("grid") or missing.get("reference_based"):
        text += (
            " Departures from missing at random were tried by worsening imputed outcomes step by step"
            f"{', and by letting them follow the reference arm' if missing.get('reference_based') else ''}."
        )
    return text


def certainty_methods(material: Material) -> str:
    """How certainty was judged."""
    signed = (material.plan.get("certainty") or {}).get("judgements")
    who = "judged by the authors" if signed else "suggested from the data, unsigned by the authors"
    return (
        f"Certainty of evidence follows GRADE and is {who}. Absolute effects on events start from the risk "
        "in the reference arms unless another risk is stated."
    )


def closing(material: Material) -> str:
    """Suppression and software."""
    version = material.versions.get("ipdma", "")
    return (
        f"Small counts (under {material.least}) of participants with an attribute are withheld. The software "
        f"was ipdma {version}".strip()
        + "."
    )
