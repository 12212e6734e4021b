"""From records to forest plots of within-trial interactions: of one moderator by trial, of all moderators
by question."""

from __future__ import annotations

from ipdma.analysis.records import Ident
from ipdma.model.term import Term
from ipdma.report import wording
from ipdma.report.boundary import boundary, ends, in_place, told
from ipdma.report.forest_layout import Forest, Line
from ipdma.report.forest_rows import POOLED, axis_title, headings
from ipdma.report.heterogeneity import f_test
from ipdma.report.ledger import Ledger, Pen
from ipdma.report.material import Analysis, Material
from ipdma.report.records import Row, distinct, first, select
from ipdma.report.words import MODERATOR_KINDS, in_sentence


def interaction_forest_of(
    material: Material, analysis: Analysis, moderator: str, ledger: Ledger
) -> Forest | None:
    """Each study's own within-trial interaction; no subgroup diamonds, so that across-trial information
    stays out."""
    ids = [analysis.ident(material.primary, stage, moderator) for stage in ("two", "one")]
    rows = next((r for i in ids if (r := material.records.of("study_estimates", i))), [])
    rows = [r for r in rows if r.term.is_effect("within", moderator)]
    if not rows:
        return None
    pen = ledger.pen(f"figures/interaction.{analysis.id}.{moderator}")
    lines: list[Line] = []
    seen = not any(r.text("level") for r in rows)
    for term in distinct(rows, "term"):
        lines += interaction_block(material, ids, pen, term, list(select(rows, term=term)))
    left, right = material.directions(analysis.contrast, analysis.outcome)
    unit = material.unit(ids[-1], moderator)
    return Forest(
        title=f"{material.title(analysis)}: within-trial interaction with "
        f"{moderator_text(material, moderator)}",
        columns=interaction_columns(material, analysis, seen),
        left=4 if seen else 3,
        spare=(6, 3) if seen else (5,),
        lines=lines,
        answer=tuple(line for line in lines if line.kind != "study"),
        directions=(f"Higher value: {wording_lower(left)}", f"Higher value: {wording_lower(right)}"),
        axis=f"Difference in effect{' ' + unit if unit else ''}",
        footer=interaction_footer(material, analysis),
        stamp=material.stamp,
    )


def wording_lower(text: str) -> str:
    """`Favours STPP` as `favours STPP more`."""
    return text[:1].lower() + text[1:] + " more"


def moderator_text(material: Material, moderator: str) -> str:
    """A moderator's name inside a title."""
    return in_sentence(material.moderator(moderator))


def interaction_columns(material: Material, analysis: Analysis, seen: bool) -> list[tuple[str, str, str]]:
    """Study, n per arm, moderator mean (SD) where it has one | estimate, p, weight."""
    active, reference = headings(material, analysis)
    return [
        ("", "Study", "left"),
        (active, "n", "right"),
        (reference, "n", "right"),
        *([("Moderator", "Mean (SD)", "right")] if seen else []),
        ("", f"Interaction [{material.level} CI]", "right"),
        ("", "p", "right"),
        ("", "Weight", "right"),
    ]


def interaction_block(
    material: Material, ids: list[Ident], pen: Pen, term: str, rows: list[Row]
) -> list[Line]:
    """The lines of one interaction term: studies, then the two pooled within-trial estimates."""
    level = rows[0].text("level")
    lines = (
        [Line("heading", (f"{wording.heading(level)} against {reference_level(material, ids)}",))]
        if level
        else []
    )
    order = material.in_order(r.text("study") for r in rows)
    for row in sorted(rows, key=lambda r: order.index(r.text("study"))):
        sides = [
            pen.count(row, f"n_{s}") if row.number(f"n_{s}") is not None else ""
            for s in ("active", "reference")
        ]
        weight = pen.number(row, "weight", 1) + "%" if row.number("weight") is not None else ""
        seen = [] if level else [moderator_seen(material, ids, pen, row.text("study"))]
        texts = (material.study(row.text("study")), *sides, *seen, pen.effect(row), "", weight)
        bounds = row.number("ci_low"), row.number("ci_high")
        of_trial = row.text("study")
        lines.append(
            Line("study", texts, row.number("estimate"), *bounds, row.number("weight"), (), of_trial)
        )
    for name, ident in zip(("Two-stage", "One-stage"), ids, strict=True):
        pooled = first(material.records.of("estimates", ident), term=term)
        if pooled is not None and pooled.number("estimate") is not None:
            p = "" if boundary(material, pooled) else pen.p(pooled)
            texts = (name, *[""] * (2 if level else 3), told(material, pen, pooled), p, "")
            shown = (pooled.number("k") or POOLED) >= POOLED
            lines.append(Line("pooled", texts, *(ends(material, pooled) if shown else ())))
    return lines


def reference_level(material: Material, ids: list[Ident]) -> str:
    """The name of a categorical moderator's reference level."""
    rows = [r for i in ids for r in material.counts_of(i, "moderator_reference")]
    return rows[0].text("level") if rows else "the reference level"


def moderator_seen(material: Material, ids: list[Ident], pen: Pen, study: str) -> str:
    """Mean (SD) of the moderator in a study."""
    found = [
        next((r for i in ids for r in material.counts_of(i, what, study=study)), None)
        for what in ("study_mean", "study_sd")
    ]
    if found[0] is None or found[0].number("value") is None:
        return ""
    return f"{pen.number(found[0], 'value')} ({pen.number(found[1], 'value')})"


def interaction_footer(material: Material, analysis: Analysis) -> list[str]:
    """How to read an interaction."""
    return [
        "Squares: each trial's own interaction between treatment and the moderator, area by weight; "
        "diamonds: pooled within-trial "
        "interaction. Differences between trials do not enter.",
        material.sign_note(analysis.contrast, analysis.outcome),
    ]


def overview_of(material: Material, analysis: Analysis, ledger: Ledger) -> Forest | None:
    """All moderators of the one-stage model, grouped by what they describe."""
    pen = ledger.pen(f"figures/moderators.{analysis.id}")
    lines = grouped_lines(material, analysis, pen)
    if not lines:
        return None
    left, right = material.directions(analysis.contrast, analysis.outcome)
    return Forest(
        title=f"{material.title(analysis)}: moderators",
        columns=[
            ("", "Moderator", "left"),
            ("", "K", "right"),
            ("", f"Interaction [{material.level} CI]", "right"),
            ("", "p", "right"),
            ("", "Holm p", "right"),
        ],
        left=2,
        lines=lines,
        directions=(f"Higher value: {wording_lower(left)}", f"Higher value: {wording_lower(right)}"),
        axis="Difference in effect",
        footer=[
            "Within-trial interactions of the one-stage model. Units differ between moderators: compare "
            "intervals with zero, not sizes."
        ],
        stamp=material.stamp,
    )


def grouped_lines(material: Material, analysis: Analysis, pen: Pen) -> list[Line]:
    """The lines of all moderators under the headings of their kinds."""
    lines = []
    for kind in MODERATOR_KINDS:
        names = [n for n in material.plan.get("moderators", {}) if material.kind_of_moderator(n) == kind]
        found = [line for name in names for line in overview_lines(material, analysis, pen, name)]
        lines += [Line("heading", (kind,)), *found] if found else []
    return lines


def overview_lines(material: Material, analysis: Analysis, pen: Pen, name: str) -> list[Line]:
    """The lines of one moderator: one for a scale or two levels, else the joint test and one per level."""
    head = analysis.ident(material.primary, "one", name)
    rows = [r for r in material.records.of("estimates", head) if r.term.is_effect("within", name)]
    levels = [r for r in rows if r.number("estimate") is not None]
    joint = next((r for r in rows if r.number("estimate") is None and r.number("p_value") is not None), None)
    reference = reference_level(material, [head])
    lines = []
    apart = material.standing(head, name)
    label = material.moderator(name) + (f" ({apart})" if apart else "")
    if len(levels) > 1 and joint is not None:
        tests = (
            ("", "")
            if (away := in_place(material, joint))
            else (pen.p(joint), holm_text(material, pen, head, joint))
        )
        shown = away or f_test(material, pen, joint, short=True)
        lines.append(Line("study", (label, pen.count(joint, "k"), shown, *tests)))
    for row in levels:
        what = level_words(row, reference) or material.unit(head, name)
        lead = f"  {what}" if len(levels) > 1 else f"{label}, {what}".removesuffix(", ")
        away = boundary(material, row)
        words = (lead, pen.count(row, "k"), told(material, pen, row), "" if away else pen.p(row))
        test = joint if row.text("level") else row
        last = "" if len(levels) > 1 or away else holm_text(material, pen, head, test)
        lines.append(Line("study", (*words, last), *ends(material, row), 1.0))
    return lines


def holm_text(material: Material, pen: Pen, head: Ident, row: Row | None) -> str:
    """The adjusted p value of a test, where it belongs to the declared family."""
    if row is None:
        return ""
    holm = first(material.counts_of(head, "holm_p"), variable=row.text("term"))
    return pen.p(holm, "value") if holm is not None else ""


def level_words(row: Row, reference: str) -> str:
    """`2 years or more against under 1 year`."""
    return f"{row.text('level')} against {reference}".replace("_", " ") if row.text("level") else ""


def levels_of(material: Material, analysis: Analysis, ledger: Ledger) -> Forest | None:
    """The effect at each level of every categorical moderator, with n and the test of the interaction."""
    pen = ledger.pen(f"figures/levels.{analysis.id}")
    lines = [
        line
        for name in material.plan.get("moderators", {})
        for line in level_lines(material, analysis, pen, name)
    ]
    if not lines:
        return None
    return Forest(
        title=f"{material.title(analysis)}: effects at levels of moderators",
        columns=[
            ("", "Level", "left"),
            ("", "n", "right"),
            ("", f"Effect [{material.level} CI]", "right"),
        ],
        left=2,
        lines=lines,
        directions=material.directions(analysis.contrast, analysis.outcome),
        axis=axis_title(material, analysis),
        footer=[
            "Effects for participants at each level in a trial of average case mix, from within-trial "
            "information; the test "
            "is that of the interaction within trials. No subgroup diamonds: levels share their trials.",
        ],
        stamp=material.stamp,
    )


def level_lines(material: Material, analysis: Analysis, pen: Pen, name: str) -> list[Line]:
    """A heading with the test, then a line per level."""
    head = analysis.ident(material.primary, "one", name)
    rows = list(select(material.records.of("estimates", head.but(variant="at")), term=Term("at", name)))
    rows = [r for r in rows if r.number("estimate") is not None and r.number("ci_low") is not None]
    if not rows or material.count(head, "moderator_reference") is None:
        return []
    test = first(material.records.of("estimates", head), term=Term("within", name))
    text = (
        f": {f_test(material, pen, test)}" if test is not None and test.number("p_value") is not None else ""
    )
    counts = [
        first(material.counts_of(head, "moderator_level"), level=r.text("level"), study="", arm="")
        for r in rows
    ]
    lines = [Line("heading", (f"{material.moderator(name)}{text}",))]
    for row, count in zip(rows, counts, strict=True):
        n = "" if count is None else pen.count(count)
        texts = (f"  {row.text('level').replace('_', ' ')}", n, told(material, pen, row))
        lines.append(Line("study", texts, *ends(material, row), 1.0))
    return lines
