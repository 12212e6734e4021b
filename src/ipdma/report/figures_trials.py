"""Figures about the trials: PRISMA-IPD flow, participants' flow per trial, risk of bias, missing values,
balance."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ipdma.privacy.few import say_few
from ipdma.report import wording
from ipdma.report.exhibit import Exhibit
from ipdma.report.flow import Box, Flow, draw_flow_page
from ipdma.report.forest_rows import ROB
from ipdma.report.grid import Balance, Grid, draw_balance_page, draw_grid_page, pages_of
from ipdma.report.ledger import Ledger, Pen
from ipdma.report.material import Material
from ipdma.report.records import Row, distinct, first, select
from ipdma.report.words import ARM_LEFT_OUT, LEFT_OUT, in_sentence

AFTER = {"dropout", "sessions_attended", "remitted_by_diagnosis", "therapist"}  # known only after baseline
WITHOUT = {"aggregate": "published results used", "not_obtained": "not obtained"}
DOMAINS = ("Randomisation", "Deviations", "Missing outcomes", "Measurement", "Selective reporting", "Overall")


def trial_exhibits(material: Material, ledger: Ledger) -> Iterator[Exhibit]:
    """All of them, where the records hold what they need."""
    yield from prisma_exhibit(material, ledger)
    yield from bias_exhibit(material)
    yield from missing_exhibit(material)
    yield from balance_exhibits(material, ledger)


def prisma_exhibit(material: Material, ledger: Ledger) -> Iterator[Exhibit]:
    """PRISMA-IPD flow (Stewart et al. 2015, JAMA 313) from the registry and the counts of each analysis."""
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
    branches = [
        found
        for contrast in dict.fromkeys(a.contrast for a in material.analyses)
        if (found := analysed(material, pen, contrast))
    ]
    flow = Flow("PRISMA-IPD flow of trials and participants", tuple(boxes), tuple(branches), material.stamp)
    alt = "Flow diagram. " + " ".join(
        f"{b.head}: {'; '.join(b.lines)}." if b.lines else f"{b.head}."
        for b in [*boxes, *(b for branch in branches for b in branch)]
    )
    caption = (
        "Flow of trials and participants (PRISMA-IPD), from the registry of eligible trials and the "
        "participants contributed."
    )
    yield Exhibit("prisma_ipd_flow", "Trials", caption, alt, partial(draw_flow_page, flow), main=True)


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
        label = material.timepoint(analysis.timepoint)
        if studies is not None and people is not None:
            trials = f"{pen.count(studies)} {wording.plural(studies.number('n'), 'trial')}"
            lines.append(f"{label}: {trials}, {pen.count(people)} participants")
        reasons = [
            f"{pen.count(row)} {LEFT_OUT.get(row.text('level'), row.text('level'))}"
            for row in material.counts_of(analysis.id, "excluded_studies", study="")
            if row.text("level") != ARM_LEFT_OUT
        ]
        out += [f"{label}: {'; '.join(reasons)}"] if reasons else []
    boxes = [Box(f"Analysed: {material.contrast(contrast)}", tuple(lines))] if lines else []
    return boxes + ([Box("Trials left out", tuple(out))] if boxes and out else [])


def bias_exhibit(material: Material) -> Iterator[Exhibit]:
    """Risk of bias of every trial, from the registry."""
    trials = material.in_order(s for s, e in material.citations.items() if any(e.get(item) for item in ROB))
    if not trials:
        return
    cells = tuple(tuple(material.registry_text(s, item) for item in ROB) for s in trials)
    grid = Grid(
        "Risk of bias",
        tuple(material.study(s) for s in trials),
        DOMAINS,
        cells,
        "lights",
        (),
        material.stamp,
        tuple(trials),
    )
    judged = "; ".join(
        f"{material.study(s)}: overall {row[-1] or 'not judged'}"
        for s, row in zip(trials, cells, strict=True)
    )
    caption = (
        "Risk of bias in each domain as judged in the registry: + low, ? some concerns, \u2212 high. "
        "Bars: share of trials."
    )
    yield from grid_exhibits("risk_of_bias", caption, f"Risk of bias by trial. {judged}.", grid, main=True)


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
    footer = (
        f"Shares of participants; 'few': from 1 to {least - 1} participants; 'withheld': none, or a number "
        "that would give another away.",
    )
    grid = Grid(
        "Missing values",
        tuple(material.study(s) for s in studies),
        heads,
        cells,
        "shares",
        footer,
        material.stamp,
        tuple(studies),
    )
    never = [material.variable(v) for v in variables if any(held.get((s, v)) == "never" for s in studies)]
    caption = (
        "Missing values by trial and variable: none, few, shares of the participants, or never "
        "measured (hatched)."
    )
    alt = f"Map of missing values. Never measured in some trials: {', '.join(never) or 'nothing'}."
    yield from grid_exhibits("missingness", caption, alt, grid)


def grid_exhibits(name: str, caption: str, alt: str, grid: Grid, main: bool = False) -> Iterator[Exhibit]:
    """An exhibit per page of a grid: `NAME`, then `NAME.page2`."""
    for number, page in enumerate(pages_of(grid), 1):
        own = name if number == 1 else f"{name}.page{number}"
        words = caption if number == 1 else f"{caption} Page {number}."
        yield Exhibit(own, "Trials", words, alt, partial(draw_grid_page, page), main)


def missing_class(row: Row, least: int) -> str:
    """`none`, `few`, `under a quarter`, `under a half`, `half or more`, `never`, `withheld`: what the map
    shows of a count."""
    if row.withheld:
        return "few" if row.withheld == say_few(least) else "withheld"
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
            (balance_head(material, v, rows), balance_rows(material, list(select(rows, variable=v))))
            for v in distinct(rows, "variable")
        )
        title = f"Baseline balance: {material.contrast(contrast)}"
        sides = " minus ".join(in_sentence(side) for side in material.sides(contrast))
        note = (
            f"Difference in means or shares ({sides}) in standard deviations, in each trial. Dotted: a "
            "quarter of one. A mark for each level of a category. Trials with fewer than "
            f"{material.least} values are left out."
        )
        balance = Balance(title, panels, (note,), material.stamp)
        alt = (
            f"{title}: standardised differences of {wording.several([name for name, _ in panels])} in "
            "each trial."
        )
        yield Exhibit(
            f"balance.{contrast}", "Trials", f"{title}. {note}", alt, partial(draw_balance_page, balance)
        )


def balance_head(material: Material, variable: str, rows: list[Row]) -> str:
    """`Sex: female` where one of two levels is shown, else the variable."""
    levels = distinct(select(rows, variable=variable), "level")
    return f"{material.variable(variable)}{f': {levels[0]}' if len(levels) == 2 else ''}"


def balance_rows(material: Material, rows: list[Row]) -> tuple[tuple[str, tuple[float, ...]], ...]:
    """(trial, differences): one, or one per level of a category."""
    levels = distinct(rows, "level")
    if len(levels) == 2:  # the share of one is the other's turned round
        rows = list(select(rows, level=levels[0]))
    studies = material.in_order(distinct(rows, "study"))
    return tuple((material.study(s), tuple(r["value"] for r in select(rows, study=s))) for s in studies)
