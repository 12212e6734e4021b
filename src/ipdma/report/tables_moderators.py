"""Moderators in three tables: interactions within trials, effects at levels and values, across and naive."""

from __future__ import annotations

from collections.abc import Callable

from ipdma.analysis.records import Ident
from ipdma.model.df import df_label
from ipdma.model.term import Term
from ipdma.report import wording
from ipdma.report.boundary import reason
from ipdma.report.heterogeneity import f_test, tau2_of
from ipdma.report.ledger import Ledger, Pen
from ipdma.report.material import Analysis, Material
from ipdma.report.records import Row, distinct, first, select
from ipdma.report.table import Column, Section, Table
from ipdma.report.tables_efficacy import section_title, sign_line

APART = "exploratory, or another form of a variable that is counted already; p not corrected"
AT = ("p10", "p50", "p90")
BESIDE_BIAS = "rob_moderator"  # the model that lets the effect differ by risk of bias too
RowsOf = Callable[[Material, Analysis, Pen, str], list[tuple[str, ...]]]


def tabulate_moderators(material: Material, ledger: Ledger) -> list[Table]:
    """Interactions within trials; the effect at levels and values; across trials, naive and how it was
    fitted."""
    kinds = (
        ("moderators", "Moderators of the effect", interaction_columns, interaction_rows, interaction_notes),
        ("moderator_effects", "Effects at levels of moderators", effect_columns, effect_rows, effect_notes),
        (
            "moderators_across",
            "Moderators within trials and across",
            across_columns,
            across_rows,
            across_notes,
        ),
    )
    return [
        Table(
            name,
            title,
            columns(material),
            rows_of(material, ledger.pen(f"tables/{name}"), rows),
            notes(material),
        )
        for name, title, columns, rows, notes in kinds
    ]


def rows_of(material: Material, pen: Pen, rows: RowsOf) -> list[tuple[str, ...] | Section]:
    """A section per question with the rows of each declared moderator, then one of those that stand apart."""
    found: list[tuple[str, ...] | Section] = []
    for analysis in material.analyses:
        lines: dict[bool, list[tuple[str, ...]]] = {True: [], False: []}
        for name in material.plan.get("moderators", {}):
            apart = material.standing(analysis.ident(material.primary, "one", name), name)
            lines[not apart] += rows(material, analysis, pen, name)
        title = section_title(material, analysis)
        for declared, heading in ((True, title), (False, f"{title}: {APART}")):
            found += [Section(heading), *lines[declared]] if lines[declared] else []
    return found


def named(material: Material, head: Ident, name: str) -> str:
    """A moderator's label, with the form that its variable is counted in where that is another."""
    apart = material.standing(head, name)
    return material.moderator(name) + (f" ({apart})" if apart not in ("", "exploratory") else "")


def interaction_columns(material: Material) -> list[Column]:
    """What is asked first of a moderator."""
    return [
        Column("Moderator", "left"),
        Column("K"),
        Column("n"),
        Column(f"B [{material.level} CI]"),
        Column("p"),
        Column("Holm p"),
        Column(f"B adjusted for risk of bias [{material.level} CI]"),
    ]


def interaction_rows(material: Material, analysis: Analysis, pen: Pen, name: str) -> list[tuple[str, ...]]:
    """The interaction within trials, or why there is none; a joint test before the levels of a category."""
    head = analysis.ident(material.primary, "one", name)
    beside = analysis.ident(BESIDE_BIAS, "one", name)
    refused = material.count(head, "refused") or material.count(head, "not_fitted")
    if not material.records.of("estimates", head):
        text = refused.text("level") if refused is not None else ""
        line = (f"{material.moderator(name)}: not analysed, {text}", *[wording.NOTHING] * 6)
        return [line] if refused is not None else []
    k, n = shared_cells(material, pen, head)
    rows: list[tuple[str, ...]] = []
    for label, term, lead in term_lines(material, head, name):
        row, adjusted = pooled(material, head, term), pooled(material, beside, term)
        holm = first(material.counts_of(head, "holm_p"), variable=term)
        tested = row is not None and row.number("estimate") is None
        texts = (
            f_test(material, pen, row, short=True) + reason(material, row)
            if tested and row is not None
            else estimate(material, pen, row)
        )
        other = "" if tested else estimate(material, pen, adjusted)
        rows.append((label, *((k, n) if lead else ("", "")), texts, pen.p(row), pen.p(holm, "value"), other))
    return rows


def term_lines(material: Material, head: Ident, name: str) -> list[tuple[str, Term, bool]]:
    """(label, term within trials, whether it leads) of a moderator on a scale, or a test and its levels."""
    rows = material.records.of("estimates", head)
    levels = distinct([r for r in rows if r.term.is_effect("within", name)] + list(rows), "level")
    if not levels:
        unit = material.unit(head, name) or "per unit"
        return [(f"{named(material, head, name)}, {unit}", Term("within", name), True)]
    reference = material.count(head, "moderator_reference")
    word = f" (reference: {reference.text('level')})" if reference is not None else ""
    lines = [(f"{named(material, head, name)}{word}", Term("within", name), True)]
    return lines + [(f"  {level}", Term("within", name, level), False) for level in levels]


def estimate(material: Material, pen: Pen, row: Row | None) -> str:
    """`0.10 [0.01, 0.19]`, with why it is not told where it stands at a boundary; or a dash."""
    if row is None or row.number("estimate") is None:
        return wording.NOTHING
    return pen.effect(row) + reason(material, row)


def effect_columns(material: Material) -> list[Column]:
    """The effect where a reader stands."""
    return [
        Column("Moderator", "left"),
        Column("Level or value", "left"),
        Column("n"),
        Column(f"Effect [{material.level} CI]"),
    ]


def effect_rows(material: Material, analysis: Analysis, pen: Pen, name: str) -> list[tuple[str, ...]]:
    """The effect at each level, or at the percentiles that the run chose."""
    head = analysis.ident(material.primary, "one", name)
    if not material.records.of("estimates", head):
        return []
    found = level_rows(material, pen, name, head) or value_rows(material, pen, name, head)
    return [(material.moderator(name) if i == 0 else "", *row) for i, row in enumerate(found)]


def level_rows(material: Material, pen: Pen, name: str, head: Ident) -> list[tuple[str, str, str]]:
    """The effect at each level of a categorical moderator, the reference first."""
    reference = material.count(head, "moderator_reference")
    levels = distinct(
        [r for r in material.records.of("estimates", head) if r.term.is_effect("within", name)], "level"
    )
    names = [reference.text("level"), *levels] if reference is not None else levels
    return [
        (v, level_count(material, pen, head, v), level_effect(material, pen, name, head, v)) for v in names
    ]


def value_rows(material: Material, pen: Pen, name: str, head: Ident) -> list[tuple[str, str, str]]:
    """The effect at percentiles of a moderator on a scale."""
    rows = []
    for what in AT:
        value = material.count(head.but(variant="at"), "at_value", level=what) or material.count(
            head, "at_value", level=what
        )
        row = None if value is None else effect_at(material, name, head, value.number("value"))
        if row is not None:
            rows.append((f"{what} ({pen.number(value, 'value')})", "", estimate(material, pen, row)))
    return rows


def across_columns(material: Material) -> list[Column]:
    """What stands beside the interaction within trials."""
    return [
        Column("Moderator", "left"),
        Column("Missing", "left"),
        Column("SE"),
        Column("df"),
        Column(f"Varying between trials [{material.level} CI]", "left"),
        Column(f"Across trials [{material.level} CI]"),
        Column(f"Naive [{material.level} CI]"),
        Column("Power"),
    ]


def across_rows(material: Material, analysis: Analysis, pen: Pen, name: str) -> list[tuple[str, ...]]:
    """Fit, association across trials and the naive mixture of both."""
    head = analysis.ident(material.primary, "one", name)
    if not material.records.of("estimates", head):
        return []
    rows: list[tuple[str, ...]] = []
    for label, term, lead in term_lines(material, head, name):
        row = pooled(material, head, term)
        across = pooled(material, head, Term("across", name, term.level))
        naive = pooled(material, head.but(variant="naive"), Term("naive", name, term.level))
        others = (
            estimate(material, pen, across),
            estimate(material, pen, naive),
            power_text(material, pen, head, term),
        )
        gaps = missing_text(material, pen, head) if lead else ""
        spread = (
            pen.number(row, "std_error", 3),
            pen.number(row, "df", 1),
            varying(material, pen, head, term, row),
        )
        rows.append((label, gaps, *spread, *others))
    return rows


def pooled(material: Material, head: Ident, term: Term) -> Row | None:
    """A term's row in a moderator's fit, or None where it has neither an estimate nor a p value."""
    row = first(material.records.of("estimates", head), term=term)
    return (
        row
        if row is not None and (row.number("estimate") is not None or row.number("p_value") is not None)
        else None
    )


def shared_cells(material: Material, pen: Pen, head: Ident) -> tuple[str, str]:
    """How many trials inform the interaction, of how many; and the participants with the moderator."""
    studies = material.count(head, "moderator_studies")
    k = f"{pen.count(studies)} of {pen.count(studies, 'of')}" if studies is not None else wording.NOTHING
    return k, pen.count(material.count(head, "moderator_complete"))


def missing_text(material: Material, pen: Pen, head: Ident) -> str:
    """Who lacks the moderator, by kind."""
    kinds = {r.text("level"): r for r in material.counts_of(head, "moderator_missing", study="")}
    parts = [f"{pen.count(kinds[kind])} {kind}" for kind in ("sporadic", "systematic") if kind in kinds]
    return "; ".join(parts) or wording.NOTHING


def power_text(material: Material, pen: Pen, head: Ident, term: Term) -> str:
    """The power that the pooled data had for the interaction stated beforehand."""
    return pen.percent(first(material.counts_of(head, "power"), variable=term), "value", 0)


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
    text = f"{estimate(material, pen, other)}, {pen.p_phrase(other)}"
    return f"{text}, \u03c4\u00b2 {tau2_of(material, pen, other, within)}"


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


def level_count(material: Material, pen: Pen, head: Ident, level: str) -> str:
    """How many stand at a level, or what stands for a withheld count."""
    row = first(material.counts_of(head, "moderator_level", study=""), level=level, arm="")
    return "" if row is None else pen.count(row)


def level_effect(material: Material, pen: Pen, name: str, head: Ident, level: str) -> str:
    """The effect at a level."""
    row = first(material.records.of("estimates", head.but(variant="at")), term=Term("at", name), level=level)
    return estimate(material, pen, row)


def interaction_notes(material: Material) -> list[str]:
    """How to read the first table."""
    rows = [r for r in material.records.estimates if r.term.kind == "within" and not r.ident.variant]
    methods = {r.text("df_method") for r in rows if r.ident.stage == "one" and r.text("df") != ""}
    words = wording.several(sorted(df_label(m) for m in methods if m))
    notes = [
        "B: interaction of treatment with the participant's deviation from the trial's mean, so that it "
        "speaks of participants and not of trials; F: joint test of all levels. Adjusted: the interaction "
        "beside that of treatment with the trial's overall risk of bias. Holm p: over the declared family of "
        "moderators, in which a variable of several forms counts once.",
        sign_line(material) if material.analyses else "",
        f"One-stage models. Degrees of freedom: {words}." if words else "",
        "CI confidence interval; K trials that inform the interaction; n participants with the moderator.",
    ]
    return [note for note in notes if note]


def effect_notes(material: Material) -> list[str]:
    """How to read the second."""
    return [
        "Effects for a participant with that level or value in a trial of average case mix, from information "
        "within trials; p10, p50, p90 are percentiles. The test of a moderator is its interaction, not a "
        f"comparison of these lines. Counts from 1 to {material.least - 1} are withheld."
    ]


def across_notes(material: Material) -> list[str]:
    """How to read the third."""
    stated = [r.text("level") for r in material.records.counts_like("power")]
    power = "; ".join(dict.fromkeys(text for text in stated if text))
    notes = [
        "SE and df of the interaction within trials. Varying between trials: the same interaction where it "
        "may differ from trial to trial, with its variance \u03c4\u00b2; beside it the headline holds it "
        "common unless the model says otherwise. Across trials: association of the trials' effects with "
        "their means, ecological. Naive: the two mixed, as in a model without centring, for comparison "
        "only.",
        f"Power: that the pooled trials had for an interaction stated beforehand ({power}), by the planning "
        "formula; not for the interaction found."
        if power
        else "",
        "Missing: sporadic, in trials that measured the moderator; systematic, in trials that did not. "
        f"Counts from 1 to {material.least - 1} are withheld.",
    ]
    return [note for note in notes if note]
