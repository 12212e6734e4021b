"""A headline's warnings for readers who never saw the engine: what each means for the number beside it.

A warning that says nothing of that number has an empty sentence; one of a kind that is not listed is counted,
and stands in its own words in `audit.html`.
"""

from __future__ import annotations

import re

from ipdma.model.term import TREATMENT
from ipdma.report import wording
from ipdma.report.material import Material
from ipdma.report.records import Row

NO_SPREAD = (
    "No difference between the trials' effects was estimated, which with few trials does not show that "
    "there is none."
)
EDGE = "A variance or a correlation of the model was estimated at the edge of what is possible."
NARROW = "The interval may be too narrow."
UNRELIABLE = "The interval is unreliable here and may be too narrow."
BY_CHANCE = (
    "With few trials the interval is unreliable: it can be narrower than one that takes the trials to share "
    "one effect."
)
SINGULAR = re.compile(r"singular fit: ([^;]*)(.*)")
ZERO = re.compile(r"the variance of (.+) is zero")
TAILS = (  # what a df method or a likelihood says of itself in such a fit; the others' intervals stand
    (r"residual df are unreliable", UNRELIABLE),
    (r"scale is unreliable here with few", BY_CHANCE),
    (r"too narrow|normal interval is unreliable", NARROW),
)
WIDER = (
    "The interval is narrower than one that takes the trials to share one effect; that one stands beside it."
)
TOO_FEW = "There are too few trials to say where the effect of a new trial may lie."
FEW_SPREAD = "From two trials it can hardly be told how far effects differ between trials."
ALONE = "One trial alone: nothing was pooled."
NOBODY = "In {trials} nobody had the event, so nothing is learnt of the effect there."
SEPARATED = (
    "In {trials} an arm had only events or none; such a trial informs the result through the model alone."
)
UNSURE = "From {trials} nothing is learnt of how sure the result is."
GAP = "Two separate ranges of effects fit the data; the interval spans both."
APART = "The one-stage and the two-stage answer differ by more than rounding, and nobody has recorded why."
PLAIN = (  # a part of a warning, and its sentence
    (r"df: \w+: the nuisance terms carry", ""),
    (r"no interval of tau2", ""),
    (r"empty cell in .*is added to every cell", ""),
    (r"the variance between studies is at its boundary", NO_SPREAD),
    (r"is narrower than that of a common effect", WIDER),
    (r"two studies: ", FEW_SPREAD),
    (r"no prediction interval: it needs", TOO_FEW),
    (r"one study", ALONE),
    (r"no event in any arm|all its participants had no event", NOBODY),
    (r"separation|empty cell of outcome by arm", SEPARATED),
    (r"its interval has no information from", UNSURE),
    (r"lies in a gap of the accepted effects", GAP),
    (r"one stage and two stages, matched, differ", APART),
)


def plain_warnings(material: Material, row: Row | None) -> list[str]:
    """The sentences that stand beside a headline, each once."""
    if row is None:
        return []
    found = material.counts_of(row.text("analysis_id"), "warning")
    said = dict.fromkeys(r.text("level") for r in found)
    lines = [sentence_of(material, text) for text in said]
    known = list(dict.fromkeys(line for line in lines if line))
    others = sum(line is None for line in lines)
    if others:
        known.append(f"{others} further {wording.plural(others, 'note')} on this fit in audit.html.")
    return known


def sentence_of(material: Material, text: str) -> str | None:
    """What a warning means for its number: empty where nothing, None where its kind is not known."""
    if singular := SINGULAR.search(text):
        return singular_words(singular[1], singular[2])
    for pattern, sentence in PLAIN:
        if re.search(pattern, text):
            return sentence.format(trials=trials_in(material, text)) if "{trials}" in sentence else sentence
    return None


def singular_words(what: str, tail: str) -> str:
    """What a singular fit means, by what is zero in it and by what its interval makes of that."""
    zero = ZERO.fullmatch(what)
    lead = NO_SPREAD if zero and TREATMENT in zero[1].split(", ") else EDGE
    more = next((sentence for pattern, sentence in TAILS if re.search(pattern, tail)), "")
    return f"{lead} {more}".rstrip()


def trials_in(material: Material, text: str) -> str:
    """The trials that a warning names, as the report calls them; `one trial` where it names none."""
    named = [s for s in material.citations if re.search(rf"(?<![\w-]){re.escape(s)}(?![\w-])", text)]
    return wording.several([material.study(s) for s in material.in_order(named)]) or "one trial"
