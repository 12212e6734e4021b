"""Moderators: within-trial interaction first, across-trial and naive beside it, effects at chosen values."""

from __future__ import annotations

from ipdma.analysis.records import Ident
from ipdma.model.df import df_label
from ipdma.model.term import Term
from ipdma.report import wording
from ipdma.report.forest_rows import f_test, tau2_of
from ipdma.report.ledger import Ledger, Pen
from ipdma.report.material import Analysis, Material
from ipdma.report.records import Row, distinct, first, select
from ipdma.report.table import Column, Section, Table
from ipdma.report.tables_efficacy import section_title, sign_line

AT = ("p10", "p50", "p90")


def tabulate_moderators(material: Material, ledger: Ledger) -> Table:
    """One section per contrast, outcome and time point; one row per moderator, or per level of a
    categorical one."""
    pen = ledger.pen("tables/moderators")
    level = material.level
    columns = [
        Column("Moderator", "left"),
        Column("Coding", "left"),
        Column("K"),
        Column("n"),
        Column("Missing", "left"),
        Column(f"Within trials [{level} CI]"),
        Column("SE"),
        Column("df"),
        Column("p"),
        Column("Holm p"),
        Column(f"Varying between trials [{level} CI]", "left"),
        Column(f"Across trials [{level} CI]"),
        Column(f"Naive [{level} CI]"),
        Column("Planned power"),
        Column("Effect at values", "left"),
    ]
    rows: list[tuple[str, ...] | Section] = []
    for analysis in material.analyses:
        lines = [
            line
            for name in material.plan.get("moderators", {})
            for line in moderator_rows(material, analysis, pen, name)
        ]
        rows += [Section(section_title(material, analysis)), *lines] if lines else []
    return Table("moderators", "Moderators of the effect", columns, rows, notes_of(material))


def moderator_rows(material: Material, analysis: Analysis, pen: Pen, name: str) -> list[tuple[str, ...]]:
    """The rows of one moderator; a line with the reason where it was not analysed."""
    head = analysis.ident(material.primary, "one", name)
    rows = material.records.of("estimates", head)
    refused = material.count(head, "refused") or material.count(head, "not_fitted")
    if not rows:
        text = refused.text("level") if refused is not None else ""
        return (
            [(material.moderator(name), f"not analysed: {text}", *[wording.NOTHING] * 12, "")]
            if refused is not None
            else []
        )
    within = [r for r in rows if r.term.is_effect("within", name)]
    levels = distinct([*within, *rows], "level")
    if not levels:
        return [continuous_row(material, pen, name, head)]
    return [
        joint_row(material, pen, name, head),
        *[level_row(material, pen, name, head, level) for level in levels],
    ]


def pooled(material: Material, head: Ident, term: Term) -> Row | None:
    """An estimate of the moderator's fit."""
    row = first(material.records.of("estimates", head), term=term)
    return (
        row
        if row is not None and (row.number("estimate") is not None or row.number("p_value") is not None)
        else None
    )


def shared_cells(material: Material, pen: Pen, head: Ident) -> tuple[str, str, str]:
    """K, n and who is missing."""
    studies = material.count(head, "moderator_studies")
    k = f"{pen.count(studies)} of {pen.count(studies, 'of')}" if studies is not None else wording.NOTHING
    n = pen.count(material.count(head, "moderator_complete"))
    kinds = {r.text("level"): r for r in material.counts_of(head, "moderator_missing", study="")}
    parts = [f"{pen.count(kinds[kind])} {kind}" for kind in ("sporadic", "systematic") if kind in kinds]
    return k, n, "; ".join(parts) or wording.NOTHING


def numbers(
    material: Material, pen: Pen, head: Ident, terms: tuple[Term, Term, Term], row: Row | None
) -> tuple[str, ...]:
    """Within, SE, df, p, Holm, varying between trials, across, naive, planned power."""
    within, across, naive = terms
    holm = first(material.counts_of(head, "holm_p"), variable=within)
    across_row, naive_row = pooled(material, head, across), pooled(material, head.but(variant="naive"), naive)
    effect = pen.effect(row) if row is not None and row.number("estimate") is not None else wording.NOTHING
    return (
        effect,
        pen.number(row, "std_error", 3),
        pen.number(row, "df", 1),
        pen.p(row),
        pen.p(holm, "value"),
        varying(material, pen, head, within, row),
        pen.effect(across_row)
        if across_row is not None and across_row.number("estimate") is not None
        else wording.NOTHING,
        pen.effect(naive_row)
        if naive_row is not None and naive_row.number("estimate") is not None
        else wording.NOTHING,
        power_text(material, pen, head, within),
    )


def varying(material: Material, pen: Pen, head: Ident, within: Term, row: Row | None) -> str:
    """`-0.20 [-0.61, 0.21], p = .238, tau2 0.03 [0.00, 0.21]` of the interaction that varies between trials.

    Of a joint test its F and p; of a headline that varies itself tau2 alone.
    """
    if row is not None and row.number("tau2") is not None:
        return f"\u03c4\u00b2 {tau2_of(material, pen, row, within)}"
    other = pooled(material, head.but(variant="random"), within)
    if other is None:
        return wording.NOTHING
    if other.number("estimate") is None:
        return f_test(material, pen, other)
    text = f"{pen.effect(other)}, {pen.p_phrase(other)}"
    return f"{text}, \u03c4\u00b2 {tau2_of(material, pen, other, within)}"


def power_text(material: Material, pen: Pen, head: Ident, term: Term) -> str:
    """The power that the pooled data had for the interaction stated beforehand."""
    return pen.percent(first(material.counts_of(head, "power"), variable=term), "value", 0)


def continuous_row(material: Material, pen: Pen, name: str, head: Ident) -> tuple[str, ...]:
    """A moderator on a scale."""
    terms = (Term("within", name), Term("across", name), Term("naive", name))
    coding = material.unit(head, name) or "per unit"
    row = pooled(material, head, terms[0])
    return (
        material.moderator(name),
        coding,
        *shared_cells(material, pen, head),
        *numbers(material, pen, head, terms, row),
        at_values(material, pen, name, head),
    )


def at_values(material: Material, pen: Pen, name: str, head: Ident) -> str:
    """`12: -0.20 [..]; 18: ...`, at the percentiles that the run chose."""
    parts = []
    for what in AT:
        value = material.count(head.but(variant="at"), "at_value", level=what) or material.count(
            head, "at_value", level=what
        )
        row = None if value is None else effect_at(material, name, head, value.number("value"))
        if row is not None:
            parts.append(f"{what} ({pen.number(value, 'value')}): {pen.effect(row)}")
    return "; ".join(parts) or wording.NOTHING


def effect_at(material: Material, name: str, head: Ident, value: float | None) -> Row | None:
    """The effect whose level is that value."""
    rows = select(material.records.of("estimates", head.but(variant="at")), term=Term("at", name))
    return next((r for r in rows if value is not None and close(r.text("level"), value)), None)


def close(text: str, value: float) -> bool:
    """Whether a level's text is that number, to the digits with which it is written."""
    try:
        return abs(float(text) - value) <= 1e-6 * max(1.0, abs(value))
    except ValueError:
        return False


def joint_row(material: Material, pen: Pen, name: str, head: Ident) -> tuple[str, ...]:
    """The first row of a categorical moderator: its joint test, and the effect at the reference level."""
    term = Term("within", name)
    row = pooled(material, head, term)
    reference = material.count(head, "moderator_reference")
    word = reference.text("level") if reference is not None else ""
    test = f_test(material, pen, row) if row is not None else wording.NOTHING
    holm = first(material.counts_of(head, "holm_p"), variable=term)
    coding = f"reference: {word}{level_count(material, pen, head, word)}" if word else "categorical"
    lead = (material.moderator(name), coding, *shared_cells(material, pen, head))
    blank = wording.NOTHING
    return (
        *lead,
        test,
        blank,
        pen.number(row, "df", 1),
        pen.p(row),
        pen.p(holm, "value"),
        varying(material, pen, head, term, None),
        blank,
        blank,
        blank,
        level_effect(material, pen, name, head, word),
    )


def level_row(material: Material, pen: Pen, name: str, head: Ident, level: str) -> tuple[str, ...]:
    """One level against the reference."""
    terms = (Term("within", name, level), Term("across", name, level), Term("naive", name, level))
    row = pooled(material, head, terms[0])
    coding = f"{level}{level_count(material, pen, head, level)}"
    return (
        "",
        coding,
        "",
        "",
        "",
        *numbers(material, pen, head, terms, row),
        level_effect(material, pen, name, head, level),
    )


def level_count(material: Material, pen: Pen, head: Ident, level: str) -> str:
    """`, n = 203`, or what stands for a withheld count."""
    row = first(material.counts_of(head, "moderator_level", study=""), level=level, arm="")
    return "" if row is None else f", n = {pen.count(row)}"


def level_effect(material: Material, pen: Pen, name: str, head: Ident, level: str) -> str:
    """The effect at a level."""
    row = first(material.records.of("estimates", head.but(variant="at")), term=Term("at", name), level=level)
    return pen.effect(row) if row is not None else wording.NOTHING


def notes_of(material: Material) -> list[str]:
    """How to read the columns."""
    methods = {r.text("df_method") for r in material.records.estimates if r.term.kind == "within"}
    words = wording.several(sorted(df_label(m) for m in methods if m))
    least = material.least
    stated = [r.text("level") for r in material.records.counts if r.text("what") == "power"]
    power = "; ".join(dict.fromkeys(f"{text}" for text in stated if text))
    notes = [
        "Within trials: interaction of treatment with the participant's deviation from the trial's mean; the "
        "only column that speaks of "
        "participants. Across trials: association of the trials' effects with their means, ecological. "
        "Naive: the two mixed, as in a model "
        "without centring, for comparison only.",
        "Varying between trials: the same interaction where it may differ from trial to trial; beside it the "
        "headline holds it common unless the model says otherwise.",
        sign_line(material) if material.analyses else "",
        f"One-stage models. Degrees of freedom: {words}." if words else "",
        f"Planned power: of the pooled trials for an interaction stated beforehand ({power}), by the "
        "planning formula; not for the interaction found."
        if power
        else "",
        "Holm p: adjusted over the declared family of moderators. Effects at values: for a participant with "
        "that value in a trial of "
        "average case mix; p10, p50, p90 are percentiles.",
        "Missing: sporadic, in trials that measured the moderator; systematic, in trials that did not. "
        f"Counts from 1 to {least - 1} are withheld.",
        "CI confidence interval; K trials that inform the interaction; n participants with the moderator; SE "
        "standard error; df degrees of "
        "freedom; \u03c4\u00b2 variance of the interaction between trials.",
    ]
    return [note for note in notes if note]
