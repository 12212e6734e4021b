"""The intervals that stand next to a headline's own: what reviewers know, and a common effect's."""

from __future__ import annotations

from ipdma.analysis.record_words import SAME
from ipdma.model.df import df_label
from ipdma.report import wording
from ipdma.report.ledger import Pen
from ipdma.report.material import Analysis, Material
from ipdma.report.records import Row, first

NST = "nst"
UNPUBLISHED = (
    "The null-standardised t interval was developed and validated for this program and is not yet published "
    "elsewhere (docs/validation-intervals.md); the interval that reviewers know stands next to it."
)
OTHER_MODELS = {"common": "common effect", SAME: "primary model, same trials"}
AIM = (
    "The null-standardised t interval aims at the mean of the trials' effects; the estimate beside it is the "
    f"model's, weighted by REML. {UNPUBLISHED}"
)


def beside_text(material: Material, pen: Pen, row: Row, odds: bool = False) -> str:
    """`Kenward-Roger [-0.12, 1.02]; common effect 0.41 [0.10, 0.72]`, or a dash; log odds ratios as odds
    ratios where `odds` says so."""
    show = pen.ratio if odds else pen.number
    counts = material.records.of("counts", row.text("analysis_id"))
    place = {"variable": row.text("term"), "study": ""}
    found = [c for c in counts if c.text("what") == "beside" and c.text("variable") == place["variable"]]
    parts = []
    for count in found:
        method = count.text("level")
        ends = [first(counts, what=f"beside{end}", level=method, **place) for end in ("_low", "_high")]
        if None in ends:
            continue
        value = f"{show(count, 'value')} " if method in OTHER_MODELS else ""
        low, high = (show(end, "value") for end in ends)
        parts.append(f"{method_label(method)} {value}[{low}, {high}]")
    return "; ".join(parts) or wording.NOTHING


def known_intervals(material: Material, analysis: Analysis, pen: Pen, odds: bool) -> str:
    """What stands next to the null-standardised intervals of both stages, a sentence for a forest's foot."""
    parts: list[str] = []
    for stage, name in (("one", "one stage"), ("two", "two stages")):
        row = material.headline(analysis, stage)
        text = wording.NOTHING if row is None else beside_text(material, pen, row, odds)
        if text != wording.NOTHING:
            parts.append(f"{name if not parts else name.capitalize()}: {text}")
    return f"Other {material.level} intervals, {'. '.join(parts)}." if parts else ""


def method_label(method: str) -> str:
    """A method's name, or that of another model."""
    return OTHER_MODELS.get(method) or df_label(method)
