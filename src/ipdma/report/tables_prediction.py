"""Predicted benefit in tables: profiles, how predictions did in trials left out, thirds, decisions."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ipdma.report import wording
from ipdma.report.ledger import Ledger, Pen
from ipdma.report.material import Analysis, Material
from ipdma.report.prediction_words import (
    INTERVAL,
    LEFT_OUT,
    OPTIMISM,
    SAME_DATA,
    WAY,
    head_of,
    lead,
    predicted,
    profile_names,
    profile_words,
    ranged,
    unit_of,
    validation,
)
from ipdma.report.records import first
from ipdma.report.table import Column, Section, Table

Lines = Iterator[tuple[str, ...]]
MEASURES = {
    "gain": "Fall of the deviance against everybody alike",
    "calibration_slope": "Slope of observed on predicted benefit (1 is right)",
    "c_for_benefit": "c for benefit (0.5 is chance)",
}
MEASURED = (
    "Each trial is predicted by a model of the others (internal-external validation; of more than 100 "
    "trials, of those outside its group). Optimism: what the data of the fit promised less what the trials "
    "left out kept. Intervals treat the predictions of different trials as independent; they share most of "
    "their trials.",
    "The deviance falls where predicted differences inside trials come nearer to the outcomes than the "
    "average effect for everybody; below zero predictions did worse.",
)
THIRDS = (
    "Thirds of each trial by the benefit predicted from the other trials; observed: differences between the "
    "arms inside these thirds, adjusted, over all trials."
)
DECISIONS = (
    "Net benefit over treating nobody, per person: the benefit of those treated less the threshold that each "
    "must be worth. Everybody alike: all are treated where the average effect exceeds the threshold, else "
    "nobody. In trials left out."
)


def tabulate_prediction(material: Material, ledger: Ledger) -> list[Table]:
    """The four tables."""
    asked = [a for a in predicted(material) if lead(material, a)]
    level = material.level
    kinds: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...], Callable[..., Lines]], ...] = (
        ("prediction", "Expected outcome and benefit of profiles",
         ("Profile", "Expected with the treatment", "Expected without it", f"Benefit [{level} interval]"),
         (WAY, INTERVAL), profile_lines),
        ("prediction_tested", "Predicted benefit: how it did in trials left out",
         ("Measure", f"Trials left out [{level} CI]", "Same data", "Optimism"), MEASURED, measure_lines),
        ("prediction_thirds", "Predicted and observed benefit by thirds",
         ("Third by predicted benefit", "n, active", "n, reference", "Predicted", f"Observed [{level} CI]"),
         (THIRDS, WAY), third_lines),
        ("prediction_decisions", "Treating by predicted benefit, against everybody alike",
         ("Treat if the benefit exceeds", "By prediction", "Everybody alike", f"Difference [{level} CI]"),
         (DECISIONS,), decision_lines),
    )  # fmt: skip
    return [
        table_of(material, asked, name, title, list(heads), list(notes), lines, ledger.pen(f"tables/{name}"))
        for name, title, heads, notes, lines in kinds
    ]


def table_of(
    material: Material, asked: list[Analysis], name: str, title: str, heads: list[str], notes: list[str],
    lines: Callable[..., Lines], pen: Pen,
) -> Table:  # fmt: skip
    """A section per question, and first among the notes what the predictions are worth."""
    rows: list[tuple[str, ...] | Section] = []
    said = []
    for analysis in asked:
        found = list(lines(material, analysis, pen))
        if found:
            rows += [Section(f"{material.title(analysis)} ({unit_of(material, analysis)[1]})"), *found]
            said.append(f"{material.title(analysis)}: {lead(material, analysis)}")
    columns = [Column(head, "right" if i else "left") for i, head in enumerate(heads)]
    return Table(name, title, columns, rows, [*said, *notes])


def profile_lines(material: Material, analysis: Analysis, pen: Pen) -> Lines:
    """A line for each profile; benefit is the treatment's effect with its sign turned."""
    head, (unit, _) = head_of(analysis).but(variant="profiles"), unit_of(material, analysis)
    rows = material.records.of("estimates", head)
    for name in profile_names(material, analysis):
        row = first(rows, level=name)
        sides = [
            material.count(head, "profile_outcome", variable=name, arm=arm) for arm in ("active", "reference")
        ]
        low, high = (pen.scaled(row, end, -unit) for end in ("ci_high", "ci_low"))
        yield (
            wording.heading(profile_words(material, analysis, name, pen)),
            *(pen.scaled(side, "value", unit) for side in sides),
            f"{pen.scaled(row, 'estimate', -unit)} [{low}, {high}]",
        )


def measure_lines(material: Material, analysis: Analysis, pen: Pen) -> Lines:
    """Each measure in the trials left out, on the data of the fit, and the optimism."""
    head = head_of(analysis)
    for name, words in MEASURES.items():
        left, same, optimism = (validation(material, head, name, w) for w in (LEFT_OUT, SAME_DATA, OPTIMISM))
        if left is not None or same is not None:
            yield (
                words,
                wording.NOTHING if left is None else ranged(material, pen, left),
                pen.number(same, "value"),
                pen.number(optimism, "value"),
            )


def third_lines(material: Material, analysis: Analysis, pen: Pen) -> Lines:
    """A line for each third of predicted benefit, the lowest first."""
    head, (unit, _) = head_of(analysis), unit_of(material, analysis)
    for row, words in zip(
        material.counts_of(head, "third_observed"), ("Lowest", "Middle", "Highest"), strict=False
    ):
        number = row.text("variable")
        sides = [material.count(head, "third", variable=number, arm=arm) for arm in ("active", "reference")]
        yield (
            words,
            *(pen.count(side) for side in sides),
            pen.scaled(material.count(head, "third_predicted", variable=number), "value", unit),
            ranged(material, pen, row, 1, unit),
        )


def decision_lines(material: Material, analysis: Analysis, pen: Pen) -> Lines:
    """A line for each threshold, then those at which there is no net benefit to tell, and why."""
    head, (_, points) = head_of(analysis), unit_of(material, analysis)
    rows = material.counts_of(head, "net_benefit")
    for threshold in dict.fromkeys(r.text("variable") for r in rows):
        model, alike, difference = (
            first(rows, variable=threshold, level=rule) for rule in ("model", "everybody alike", "difference")
        )
        yield (
            f"{threshold} {points}",
            pen.number(model, "value"),
            pen.number(alike, "value"),
            wording.NOTHING if difference is None else ranged(material, pen, difference),
        )
    for row in material.counts_of(head, "no_net_benefit"):
        yield (f"{row.text('variable')} {points}", row.text("level"), wording.NOTHING, wording.NOTHING)
