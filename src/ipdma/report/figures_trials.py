"""Figures about the trials: PRISMA-IPD flow, participants' flow per trial, risk of bias, missing values,
balance."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from matplotlib.figure import Figure

from ipdma.report import wording
from ipdma.report.exhibit import Exhibit, page_axes
from ipdma.report.flow import Box, Flow, draw_flow, place_boxes
from ipdma.report.forest_rows import ROB
from ipdma.report.grid import Balance, Grid, draw_balance_page, draw_grid_page
from ipdma.report.ledger import Ledger, Pen
from ipdma.report.material import Analysis, Material
from ipdma.report.records import Row, distinct, first, select
from ipdma.report.strips import Strip, Strips, draw_strips_page
from ipdma.report.words import in_sentence

AFTER = {"dropout", "sessions_attended", "remitted_by_diagnosis", "therapist"}  # known only after baseline
WITHOUT = {"aggregate": "published results used", "not_obtained": "not obtained"}
DOMAINS = ("Randomisation", "Deviations", "Missing outcomes", "Measurement", "Selective reporting", "Overall")


def trial_exhibits(material: Material, ledger: Ledger) -> Iterator[Exhibit]:
    """All of them, where the records hold what they need."""
    yield from prisma_exhibit(material, ledger)
    yield from participant_flow_exhibits(material, ledger)
    yield from bias_exhibit(material)
    yield from missing_exhibit(material)
    yield from balance_exhibits(material, ledger)


def prisma_exhibit(material: Material, ledger: Ledger) -> Iterator[Exhibit]:
    """PRISMA-IPD flow from the registry and the counts of each analysis."""
    pen = ledger.pen("figures/prisma_ipd_flow")
    cohort = material.records.of("counts", "cohort")
    status = {r.text("variable"): r for r in cohort if r.text("what") == "registry"}
    if not status:
        return
    boxes = [
        Box(
            "Records identified, screened, read in full",
            ("Not part of the registry: the author adds these counts.",),
        ),
        Box(f"Eligible trials: {pen.count(next(iter(status.values())), 'of')}"),
    ]
    boxes += [Box(*lacking(material, pen, status, cohort), side=True)] if set(status) & set(WITHOUT) else []
    boxes.append(obtained(pen, status.get("ipd"), cohort))
    boxes += [
        box
        for contrast in dict.fromkeys(a.contrast for a in material.analyses)
        for box in analysed(material, pen, contrast)
    ]
    flow = Flow("PRISMA-IPD flow of trials and participants", tuple(boxes), material.stamp)
    alt = "Flow diagram. " + " ".join(
        f"{b.head}: {'; '.join(b.lines)}." if b.lines else f"{b.head}." for b in boxes
    )
    caption = (
        "Flow of trials and participants (PRISMA-IPD), from the registry of eligible trials and the "
        "participants contributed."
    )
    yield Exhibit("prisma_ipd_flow", "Trials", caption, alt, partial(draw_flow_page, flow))


def lacking(
    material: Material, pen: Pen, status: dict[str, Row], cohort: list[Row]
) -> tuple[str, tuple[str, ...]]:
    """Trials without participant data: how many, and why."""
    lines = [trials_text(pen, row, WITHOUT[name]) for name, row in status.items() if name in WITHOUT]
    reasons = [
        trials_text(pen, r, r.text("level"))
        for r in cohort
        if r.text("what") == "registry_reason" and r.text("level")
    ]
    return "Participant data not obtained", (*lines, *(["Reasons:"] if reasons else []), *reasons)


def trials_text(pen: Pen, row: Row, what: str) -> str:
    """`no reply: 1 trial, 86 randomised`."""
    text = f"{what}: {pen.count(row)} {wording.plural(row.number('n'), 'trial')}"
    return f"{text}, {pen.number(row, 'value', 0)} randomised" if row.number("value") is not None else text


def obtained(pen: Pen, ipd: Row | None, cohort: list[Row]) -> Box:
    """Participant data obtained."""
    head = (
        f"Participant data obtained: {pen.count(ipd)} {wording.plural(ipd.number('n'), 'trial')}"
        if ipd is not None
        else "Participant data obtained"
    )
    total = first(cohort, what="participants", study="", arm="")
    lines = (
        [f"{pen.number(ipd, 'value', 0)} randomised"]
        if ipd is not None and ipd.number("value") is not None
        else []
    )
    lines += [f"{pen.count(total)} participants contributed"] if total is not None else []
    return Box(head, tuple(lines))


def analysed(material: Material, pen: Pen, contrast: str) -> list[Box]:
    """One box per contrast: trials and participants analysed at each outcome and time point; who is left
    out beside it."""
    lines, out = [], []
    for analysis in (a for a in material.detailed if a.contrast == contrast):
        studies, people = material.count(analysis.id, "studies"), material.count(analysis.id, "analysed")
        label = f"{material.outcome(analysis.outcome)}, {material.timepoint(analysis.timepoint)}"
        if studies is not None and people is not None:
            trials = f"{pen.count(studies)} {wording.plural(studies.number('n'), 'trial')}"
            lines.append(f"{label}: {trials}, {pen.count(people)} participants")
        for row in material.counts_of(analysis.id, "excluded_studies", study=""):
            out.append(
                f"{label}: {pen.count(row)} {wording.plural(row.number('n'), 'trial')}, {row.text('level')}"
            )
    boxes = [Box(f"Analysed: {material.contrast(contrast)}", tuple(lines))] if lines else []
    return boxes + ([Box("Trials left out", tuple(out), side=True)] if boxes and out else [])


def draw_flow_page(flow: Flow) -> Figure:
    """The figure of a flow diagram."""
    placed, width, height = place_boxes(flow)
    figure, axes = page_axes(width, height)
    draw_flow(flow, placed, (width, height), axes)
    return figure


def participant_flow_exhibits(material: Material, ledger: Ledger) -> Iterator[Exhibit]:
    """CONSORT flow per trial and arm, a strip each, one figure per contrast."""
    for contrast in dict.fromkeys(a.contrast for a in material.analyses):
        strips = strips_of(material, contrast, ledger.pen(f"figures/consort.{contrast}"))
        if strips.strips:
            caption = f"Flow of participants in each trial and arm: {material.contrast(contrast)}."
            alt = (
                caption
                + " "
                + "; ".join(f"{s.trial}, {s.arm}: {', '.join(s.cells)}" for s in strips.strips)
                + "."
            )
            yield Exhibit(f"consort.{contrast}", "Trials", caption, alt, partial(draw_strips_page, strips))


def strips_of(material: Material, contrast: str, pen: Pen) -> Strips:
    """Randomised, contributed, with baseline, and at each time point who was lost and who analysed."""
    analyses = [a for a in material.analyses if a.contrast == contrast]
    analyses = [a for a in analyses if a.outcome == analyses[0].outcome]
    counts = [r for a in analyses for r in material.records.of("counts", a.id)]
    strips = []
    for study in material.in_order(distinct((r for r in counts if r.text("what") == "rows"), "study")):
        randomised = first(material.records.of("counts", "cohort"), what="randomised", study=study)
        for arm, label in zip(("active", "reference"), material.sides(contrast), strict=True):
            whole = cell(pen, randomised) if arm == "active" else ""
            steps = flow_steps(material, contrast, analyses, pen, study, arm)
            name = material.study(study) if arm == "active" else ""
            strips.append(Strip(name, label[:1].upper() + label[1:], (whole, *steps)))
    heads = ["Randomised, all arms", "Contributed", "With baseline score"]
    for analysis in analyses:
        when = material.timepoint(analysis.timepoint)
        heads += [f"No outcome, {when}", f"Analysed, {when}"]
    note = (
        "Randomised: the whole trial with all of its arms. No outcome: with a baseline score, without one "
        "at that time point. A dash: the trial has no score there. Arm sizes are not withheld."
    )
    title = f"Participants in each trial: {material.contrast(contrast)}"
    lost = frozenset(i for i, head in enumerate(heads) if head.startswith("No outcome"))
    return Strips(title, tuple(heads), tuple(strips), (note,), material.stamp, lost)


def flow_steps(
    material: Material, contrast: str, analyses: list[Analysis], pen: Pen, study: str, arm: str
) -> list[str]:
    """Contributed, with baseline, then lost and analysed at each time point: one arm of one trial."""
    rows = [first(material.counts_of(a.id, "rows"), study=study, arm=arm) for a in analyses]
    baseline = max((r for r in rows if r is not None), key=lambda r: r.number("n") or 0, default=None)
    given = first(material.records.of("counts", contrast), what="participants", study=study, arm=arm)
    steps = [cell(pen, given), cell(pen, baseline)]
    for analysis in analyses:
        lost = first(material.counts_of(analysis.id, "missing_outcome"), study=study, arm=arm)
        steps.append(cell(pen, lost))
        steps.append(cell(pen, first(material.counts_of(analysis.id, "analysed"), study=study, arm=arm)))
    return steps


def cell(pen: Pen, row: Row | None) -> str:
    """A count, or a dash."""
    return wording.NOTHING if row is None or row.number("n") is None else pen.count(row)


def bias_exhibit(material: Material) -> Iterator[Exhibit]:
    """Risk of bias of every trial, from the registry."""
    trials = material.in_order(s for s, e in material.citations.items() if any(e.get(item) for item in ROB))
    if not trials:
        return
    cells = tuple(tuple(material.registry_text(s, item) for item in ROB) for s in trials)
    grid = Grid(
        "Risk of bias", tuple(material.study(s) for s in trials), DOMAINS, cells, "lights", (), material.stamp
    )
    judged = "; ".join(
        f"{material.study(s)}: overall {row[-1] or 'not judged'}"
        for s, row in zip(trials, cells, strict=True)
    )
    caption = (
        "Risk of bias in each domain as judged in the registry: + low, ? some concerns, \u2212 high. "
        "Bars: share of trials."
    )
    yield Exhibit(
        "risk_of_bias", "Trials", caption, f"Risk of bias by trial. {judged}.", partial(draw_grid_page, grid)
    )


def missing_exhibit(material: Material) -> Iterator[Exhibit]:
    """Which trial lacks which variable."""
    rows = [
        r
        for r in material.records.of("counts", "cohort")
        if r.text("what") == "characteristic_missing" and r.text("study")
    ]
    if not rows:
        return
    studies, variables = material.in_order(distinct(rows, "study")), distinct(rows, "variable")
    least = material.least
    held = {(r.text("study"), r.text("variable")): missing_class(r, least) for r in rows}
    cells = tuple(tuple(held.get((s, v), "") for v in variables) for s in studies)
    heads = tuple(material.variable(v) for v in variables)
    footer = (f"Shares of participants; 'few': from 1 to {least - 1} participants.",)
    grid = Grid(
        "Missing values",
        tuple(material.study(s) for s in studies),
        heads,
        cells,
        "shares",
        footer,
        material.stamp,
    )
    never = [material.variable(v) for v in variables if any(held.get((s, v)) == "never" for s in studies)]
    caption = (
        "Missing values by trial and variable: none, few, shares of the participants, or never "
        "measured (hatched)."
    )
    yield Exhibit(
        "missingness",
        "Trials",
        caption,
        f"Map of missing values. Never measured in some trials: {', '.join(never) or 'nothing'}.",
        partial(draw_grid_page, grid),
    )


def missing_class(row: Row, least: int) -> str:
    """`none`, `few`, `under a quarter`, `under a half`, `half or more`, `never`: what the map shows of a
    count."""
    n, of = row.number("n") or 0.0, row.number("of") or 0.0
    if row.text("level") == "systematic" or (of and n >= of):
        return "never"
    if n < least:
        return "few" if n else "none"
    return "under a quarter" if n < of / 4 else "under a half" if n < of / 2 else "half or more"


def balance_exhibits(material: Material, ledger: Ledger) -> Iterator[Exhibit]:
    """Standardised differences between the sides of each trial at baseline, one figure per contrast."""
    for contrast in dict.fromkeys(a.contrast for a in material.analyses):
        rows = [
            r for r in material.records.of("counts", contrast) if r.text("what") == "smd" and r.text("study")
        ]
        rows = [r for r in rows if r.number("value") is not None and (r.number("n") or 0) >= material.least]
        rows = [r for r in rows if r.text("variable") not in AFTER]
        if not rows:
            continue
        panels = tuple(
            (material.variable(v), balance_rows(material, list(select(rows, variable=v))))
            for v in distinct(rows, "variable")
        )
        title = f"Baseline balance: {material.contrast(contrast)}"
        sides = " minus ".join(in_sentence(side) for side in material.sides(contrast))
        note = (
            f"Difference in means or shares ({sides}) in standard deviations, in each trial. Dotted: a "
            f"quarter of one. Trials with fewer than {material.least} values are left out."
        )
        balance = Balance(title, panels, (note,), material.stamp)
        alt = (
            f"{title}: standardised differences of {wording.several([name for name, _ in panels])} in "
            "each trial."
        )
        yield Exhibit(
            f"balance.{contrast}", "Trials", f"{title}. {note}", alt, partial(draw_balance_page, balance)
        )


def balance_rows(material: Material, rows: list[Row]) -> tuple[tuple[str, tuple[float, ...]], ...]:
    """(trial, differences): one, or one per level of a category."""
    studies = material.in_order(distinct(rows, "study"))
    return tuple((s, tuple(r["value"] for r in select(rows, study=s))) for s in studies)
