"""Figures about missing data that were filled in: diagnostics, and what shifts would tip the answer."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ipdma.analysis.records import Ident, as_number
from ipdma.report.exhibit import Exhibit
from ipdma.report.forest_rows import axis_title
from ipdma.report.imputation_plots import (
    Diagnostics,
    Shares,
    Shift,
    Tipping,
    draw_diagnostics_page,
    draw_tipping_page,
)
from ipdma.report.ledger import Ledger, Pen
from ipdma.report.material import Analysis, Material
from ipdma.report.records import Row, distinct, first, select
from ipdma.report.wording import fixed
from ipdma.report.words import in_sentence

MODEL = "imputed"


def imputation_exhibits(material: Material, ledger: Ledger) -> Iterator[Exhibit]:
    """Both figures for each question whose gaps were filled in."""
    for analysis in material.analyses:
        yield from diagnostics_exhibit(material, analysis, ledger)
        yield from tipping_exhibit(material, analysis, ledger)


def diagnostics_exhibit(material: Material, analysis: Analysis, ledger: Ledger) -> Iterator[Exhibit]:
    """Observed against imputed shares of each variable, and the trace of the outcome."""
    head = analysis.ident(MODEL, "one")
    rows = material.counts_of(head, "observed_share")
    trace = [(as_number(r.text("level")), r.number("value")) for r in material.counts_of(head, "trace")]
    trace = [(s, v) for s, v in trace if s is not None and v is not None]
    pen = ledger.pen(f"figures/imputation.{analysis.id}")
    panels = tuple(shares_of(material, head, pen, v) for v in distinct(rows, "variable"))
    if not panels and len(trace) < 2:
        return
    found = Diagnostics(
        f"{material.title(analysis)}: imputed values",
        panels,
        tuple(trace) if len(trace) > 1 else (),  # type: ignore[arg-type]
        (
            "Observed: values that were measured. Imputed: draws in place of gaps, over all data sets. "
            "They need not agree where those with gaps differ. Variables with fewer than ten gaps are left "
            "out.",
        ),
        material.stamp,
    )
    caption = f"{found.title}. {' '.join(found.footer)}"
    alt = f"Observed against imputed values. {'; '.join(f'{p.name}: {p.line}' for p in panels)}."
    draw = partial(draw_diagnostics_page, found)
    yield Exhibit(f"imputation.{analysis.id}", "Checks", caption, alt, draw)


def shares_of(material: Material, head: Ident, pen: Pen, variable: str) -> Shares:
    """One variable's bins and means."""
    rows = material.counts_of(head, "observed_share", variable=variable)
    imputed = {r.text("level"): r for r in material.counts_of(head, "imputed_share", variable=variable)}
    bins = [
        (r.text("level").replace("-", "\u2212"), r.number("value") or 0.0, other.number("value") or 0.0)
        for r in rows
        if (other := imputed.get(r.text("level"))) is not None
    ]
    means = [
        first(material.counts_of(head, f"{kind}_mean"), variable=variable) for kind in ("observed", "imputed")
    ]
    line = f"mean {pen.number(means[0], 'value')} observed, {pen.number(means[1], 'value')} imputed"
    names = {"outcome": "Outcome", "baseline": "Baseline score"}
    return Shares(names.get(variable) or material.variable(variable), tuple(bins), line)


def tipping_exhibit(material: Material, analysis: Analysis, ledger: Ledger) -> Iterator[Exhibit]:
    """The effect under each pair of shifts."""
    rows = [r for r in material.rows_of(analysis, "delta") if r.text("term") == "treatment"]
    rows = [r for r in rows if r.number("estimate") is not None and not r.text("moderator")]
    if not rows:
        return
    pen = ledger.pen(f"figures/tipping_points.{analysis.id}")
    placed = {shifts_of(material, r): r for r in rows}
    none = first(
        select(material.records.of("estimates", analysis.ident(MODEL, "one")), term="treatment"), moderator=""
    )
    if none is not None:
        placed[(0.0, 0.0)] = none
    active, reference = material.sides(analysis.contrast)
    found = Tipping(
        f"{material.title(analysis)}: shifts that would tip the answer",
        f"Shift of imputed outcomes, {in_sentence(active)} ({material.scores_in(analysis.outcome)})",
        axis_title(material, analysis),
        tipping_lines(material, pen, placed, reference),
        material.directions(analysis.contrast, analysis.outcome),
        (
            "Effect if those without an outcome had been worse (positive) or better (negative) than "
            f"imputed, by arm, with {material.level} interval. Full marks: the interval excludes no effect; "
            f"open ones: it does not. {material.sign_note(analysis.contrast, analysis.outcome)}",
        ),
        material.stamp,
    )
    caption = f"{found.title}. {found.footer[0]}"
    shifts = [shift_words(material, pen, row) for row in rows]
    tips = any(low <= 0 <= high for _, points in found.lines for _, _, low, high in points)
    alt = f"Tipping points: {'some' if tips else 'no'} intervals hold no effect. {'; '.join(shifts)}."
    draw = partial(draw_tipping_page, found)
    yield Exhibit(f"tipping_points.{analysis.id}", "Checks", caption, alt, draw)


def tipping_lines(
    material: Material, pen: Pen, placed: dict[tuple[float, float], Row], reference: str
) -> tuple[tuple[str, tuple[Shift, ...]], ...]:
    """For each shift of the reference arm: (shift of the active arm, effect, low, high), in order."""
    lines = []
    for own in sorted({pair[0] for pair in placed}):
        found = sorted(
            ((active, row) for (other, active), row in placed.items() if other == own), key=first_of
        )
        numbers = [(a, r.number("estimate"), r.number("ci_low"), r.number("ci_high")) for a, r in found]
        points = tuple(n for n in numbers if None not in n)
        if points:
            shift = shift_text(material, pen, found[0][1], "reference")
            unit = material.scores_in(found[0][1].text("outcome"))
            lines.append((f"{reference} shifted by {shift} {unit}", points))
    return tuple(lines)  # type: ignore[arg-type]


def first_of(pair: tuple[float, Row]) -> float:
    """The shift of a pair of shift and row."""
    return pair[0]


def shift_text(material: Material, pen: Pen, row: Row, arm: str) -> str:
    """The shift of one arm as it is printed; the imputed headline has none."""
    count = first(material.records.of("counts", row.text("analysis_id")), what="delta", arm=arm)
    return fixed(0.0) if count is None else pen.number(count, "value")


def shift_words(material: Material, pen: Pen, row: Row) -> str:
    """One shift in words, for those who cannot see."""
    active, reference = (shift_text(material, pen, row, arm) for arm in ("active", "reference"))
    unit = material.scores_in(row.text("outcome"))
    return f"shifts of {active} and {reference} {unit}: {pen.effect(row)}"


def shifts_of(material: Material, row: Row) -> tuple[float, float]:
    """(reference, active) shift of a row."""
    counts = material.records.of("counts", row.text("analysis_id"))
    found = [first(counts, what="delta", arm=side) for side in ("reference", "active")]
    values = [0.0 if r is None else r.number("value") or 0.0 for r in found]
    return values[0], values[1]
