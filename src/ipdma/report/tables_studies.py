"""Tables of trials: characteristics, those without participant data, and the scales."""

from __future__ import annotations

from ipdma.report import wording
from ipdma.report.ledger import Ledger, Pen
from ipdma.report.material import Material
from ipdma.report.records import Row, distinct, first
from ipdma.report.table import Column, Section, Table
from ipdma.report.words import STANDARDISE, condition, in_sentence

STATUS = {"ipd": "Participant data", "aggregate": "Published results only", "not_obtained": "Not obtained"}


def tabulate_studies(material: Material, ledger: Ledger) -> Table:
    """Study characteristics: one row per trial that contributed participants."""
    pen = ledger.pen("tables/study_characteristics")
    cohort = material.records.of("counts", "cohort")
    studies = material.in_order(distinct((r for r in cohort if r.text("what") == "participants"), "study"))
    columns = [
        Column("Study", "left"),
        Column("Country", "left"),
        Column("Diagnosis", "left"),
        Column("Format", "left"),
        Column("Sessions"),
        Column("Arms (n contributed)", "left"),
        Column("Randomised"),
        Column("Contributed"),
        Column("Depression measure", "left"),
        Column("Weeks"),
        Column("Risk of bias", "left"),
    ]
    rows: list[tuple[str, ...] | Section] = [study_row(material, pen, s) for s in studies]
    notes = [
        "Randomised: number randomised, from the registry or the trial's own file. Contributed: participants "
        "in the data. "
        "Depression measure: instrument analysed; weeks: median weeks from randomisation of the outcome, at "
        "the first time "
        "point of the plan. Arm sizes are not suppressed.",
    ]
    return Table(
        "study_characteristics", "Characteristics of the trials with participant data", columns, rows, notes
    )


def study_row(material: Material, pen: Pen, study: str) -> tuple[str, ...]:
    """One trial."""
    cohort = material.records.of("counts", "cohort")
    registry = {
        c: material.registry_text(study, c) or wording.NOTHING
        for c in ("country", "diagnosis", "format", "sessions")
    }
    arms = [
        r for r in cohort if r.text("what") == "participants" and r.text("study") == study and r.text("arm")
    ]
    mix = "; ".join(f"{condition(r.text('arm'))} ({pen.count(r)})" for r in arms)
    whole = first(cohort, what="participants", study=study, arm="")
    contributed = pen.count(whole) if whole is not None else wording.NOTHING
    randomised = first(cohort, what="randomised", study=study)
    instruments, weeks = instruments_of(material, pen, study)
    rob = material.registry_text(study, "rob_overall") or wording.NOTHING
    return (
        material.study(study),
        registry["country"],
        registry["diagnosis"],
        registry["format"],
        registry["sessions"],
        mix,
        pen.count(randomised),
        contributed,
        instruments,
        weeks,
        rob,
    )


def instruments_of(material: Material, pen: Pen, study: str) -> tuple[str, str]:
    """Instruments on which a trial is analysed, and when its first outcome was asked."""
    names: list[str] = []
    weeks: Row | None = None
    for analysis in material.analyses:
        names += [r.text("variable") for r in material.counts_of(analysis.id, "instrument", study=study)]
        weeks = weeks or first(material.counts_of(analysis.id, "weeks"), study=study)
    return ", ".join(dict.fromkeys(n.upper() for n in names)) or wording.NOTHING, pen.compact(weeks, "value")


def tabulate_not_obtained(material: Material, ledger: Ledger) -> Table:
    """Eligible trials without participant data, with the reason, and how they compare with those that have
    them."""
    pen = ledger.pen("tables/studies_not_obtained")
    cohort = material.records.of("counts", "cohort")
    columns = [
        Column("Study or group", "left"),
        Column("Status", "left"),
        Column("Reason", "left"),
        Column("Studies"),
        Column("Randomised"),
    ]
    rows: list[tuple[str, ...] | Section] = []
    for study, entry in material.citations.items():
        if entry.get("status") in {"aggregate", "not_obtained"}:
            randomised = first(cohort, what="randomised", study=study)
            reason = entry.get("reason") or wording.NOTHING
            rows.append((material.study(study), STATUS[entry["status"]], reason, "", pen.count(randomised)))
    totals = [r for r in cohort if r.text("what") == "registry"]
    rows += [Section("All eligible trials of the registry")] if totals else []
    for row in totals:
        name = STATUS.get(row.text("variable"), wording.heading(row.text("variable")))
        rows.append(
            ("All", name, "", f"{pen.count(row)} of {pen.count(row, 'of')}", pen.number(row, "value", 0))
        )
    notes = [
        "Trials whose participants could not be analysed, from the registry. Their published results, where "
        "given, stand in the forest plots under a mark of their own."
    ]
    return Table(
        "studies_not_obtained", "Eligible trials with and without participant data", columns, rows, notes
    )


def tabulate_scales(material: Material, ledger: Ledger) -> Table:
    """The constants by which outcomes were divided."""
    pen = ledger.pen("tables/standardisers")
    columns = [
        Column("Analysis", "left"),
        Column("Instrument", "left"),
        Column("Rating", "left"),
        Column("Study", "left"),
        Column("Scores"),
        Column("SD"),
    ]
    rows: list[tuple[str, ...] | Section] = []
    for analysis in material.analyses:
        for row in material.counts_of(analysis.id, "standardiser"):
            study = material.study(row.text("study")) if row.text("study") else "all"
            rating = row.text("level").rstrip("/").replace("/", ", ")
            number = pen.number(row, "value", 2)
            scores = pen.count(row)
            rows.append(
                (material.title(analysis), row.text("variable").upper(), rating, study, scores, number)
            )
    word = STANDARDISE.get(str(material.plan.get("standardise")), "a constant of the plan")
    notes = [
        f"Outcome and baseline of an instrument were divided by {in_sentence(word)}; instruments on which "
        "higher is better were turned first."
    ]
    return Table("standardisers", "Standard deviations used to standardise", columns, rows, notes)
