"""Tables of trials: characteristics, those without participant data, and the scales."""

from __future__ import annotations

from ipdma.report import wording
from ipdma.report.ledger import Ledger, Pen
from ipdma.report.material import Material
from ipdma.report.records import distinct, first
from ipdma.report.table import Column, Section, Table
from ipdma.report.words import STANDARDISE, condition, in_sentence

REGISTERED = (
    "year", "country", "population", "diagnosis", "stpp_model", "format", "sessions", "rob_overall",
)  # fmt: skip
STATUS = {"ipd": "Participant data", "aggregate": "Published results only", "not_obtained": "Not obtained"}


def tabulate_studies(material: Material, ledger: Ledger) -> Table:
    """Study characteristics: one row per trial that contributed participants."""
    pen = ledger.pen("tables/study_characteristics")
    cohort = material.records.of("counts", "cohort")
    studies = material.in_order(distinct((r for r in cohort if r.text("what") == "participants"), "study"))
    columns = [
        Column("Study", "left"),
        Column("Year, country", "left"),
        Column("Population", "left"),
        Column("STPP", "left"),
        Column("Arms (n)", "left"),
        Column("N"),
        Column("Instruments", "left"),
        Column("Weeks", "left"),
        Column("Bias", "left"),
    ]
    rows: list[tuple[str, ...] | Section] = [study_row(material, pen, s) for s in studies]
    notes = [
        "Population, STPP (its model, format, sessions) and bias (overall risk of bias) as the registry has "
        "them. Arms: participants contributed. N: number randomised, from the registry or the trial's own "
        "file. Instruments: those analysed. Weeks: median weeks from randomisation at the time points of the "
        "plan. Arm sizes are not suppressed.",
    ]
    return Table(
        "study_characteristics", "Characteristics of the trials with participant data", columns, rows, notes
    )


def study_row(material: Material, pen: Pen, study: str) -> tuple[str, ...]:
    """One trial."""
    cohort = material.records.of("counts", "cohort")
    found = {c: material.registry_text(study, c) for c in REGISTERED}
    arms = [
        r for r in cohort if r.text("what") == "participants" and r.text("study") == study and r.text("arm")
    ]
    mix = "; ".join(f"{condition(r.text('arm'))} ({pen.count(r)})" for r in arms)
    sessions = f"{found['sessions']} sessions" if found["sessions"] else ""
    stpp = ", ".join(t for t in (found["stpp_model"], found["format"], sessions) if t)
    instruments, weeks = instruments_of(material, pen, study)
    return (
        material.study(study),
        ", ".join(t for t in (found["year"], found["country"]) if t) or wording.NOTHING,
        found["population"] or found["diagnosis"] or wording.NOTHING,
        stpp or wording.NOTHING,
        mix,
        pen.count(first(cohort, what="randomised", study=study)),
        instruments,
        weeks,
        found["rob_overall"] or wording.NOTHING,
    )


def instruments_of(material: Material, pen: Pen, study: str) -> tuple[str, str]:
    """Instruments on which a trial is analysed, and the weeks at which it asked, in the plan's order."""
    names: list[str] = []
    weeks: dict[str, str] = {}
    for analysis in material.analyses:
        names += [r.text("variable") for r in material.counts_of(analysis.id, "instrument", study=study)]
        row = first(material.counts_of(analysis.id, "weeks"), study=study)
        if row is not None and analysis.timepoint not in weeks:
            weeks[analysis.timepoint] = pen.compact(row, "value")
    shown = ", ".join(dict.fromkeys(n.upper().replace("_", " ") for n in names)) or wording.NOTHING
    return shown, ", ".join(
        weeks[t] for t in material.plan.get("time_points", {}) if t in weeks
    ) or wording.NOTHING


def tabulate_not_obtained(material: Material, ledger: Ledger) -> Table:
    """Eligible trials without participant data, each with the reason; then how many trials gave what."""
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
