"""Figures that ask whether the answer holds: funnel, leave-one-out, specification curve, one stage against
two."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ipdma.model.df import df_label
from ipdma.report.boundary import boundary, ends, told
from ipdma.report.exhibit import Exhibit
from ipdma.report.figures_forest import paged
from ipdma.report.forest_layout import Forest, Line
from ipdma.report.forest_rows import axis_title
from ipdma.report.ledger import Ledger, Pen
from ipdma.report.material import Analysis, Material
from ipdma.report.plots import (
    Agreement,
    Funnel,
    Specifications,
    draw_agreement_page,
    draw_funnel_page,
    draw_specifications_page,
)
from ipdma.report.records import Row, first, select
from ipdma.report.words import in_sentence

FEWEST_IN_FUNNEL = 10  # below, a funnel and its test say next to nothing (Cochrane Handbook, 13.3.5.4)


def check_exhibits(material: Material, ledger: Ledger) -> Iterator[Exhibit]:
    """All of them, where the records hold what they need."""
    for analysis in material.detailed:
        yield from funnel_exhibit(material, analysis, ledger)
        yield from leave_out_exhibit(material, analysis, ledger)
        yield from specification_exhibit(material, analysis, ledger)
    yield from agreement_exhibit(material)


def funnel_exhibit(material: Material, analysis: Analysis, ledger: Ledger) -> Iterator[Exhibit]:
    """Funnel plot of the second stage with contours of significance (Peters et al. 2008, J Clin Epidemiol
    61), from ten trials on, published results among them."""
    two = analysis.ident(material.primary, "two")
    row = material.headline(analysis, "two")
    contours = [(r.text("variable"), r.number("value")) for r in material.counts_of(two, "funnel_contour")]
    rows = list(select(material.records.of("study_estimates", two), term="treatment", moderator=""))
    rows += list(
        select(material.records.of("study_estimates", analysis.ident("aggregate", "two")), source="aggregate")
    )
    studies = [
        (r["estimate"], r["std_error"], r.text("source") or "ipd")
        for r in rows
        if r.number("estimate") is not None and r.number("std_error")
    ]
    if row is None or row.number("estimate") is None or not contours or len(studies) < FEWEST_IN_FUNNEL:
        return
    pen = ledger.pen(f"figures/funnel.{analysis.id}")
    levels = sorted(((level, z) for level, z in contours if z), key=lambda pair: pair[1])
    footer = small_study_lines(material, analysis, pen)
    funnel = Funnel(
        f"{material.title(analysis)}: funnel plot",
        axis_title(material, analysis),
        tuple(studies),
        row["estimate"],
        tuple(levels),
        footer,
        material.stamp,
    )
    caption = f"{funnel.title}, with contours of significance about no effect. {' '.join(footer)}"
    yield Exhibit(
        f"funnel.{analysis.id}",
        "Checks",
        caption,
        f"Funnel plot. {caption}",
        partial(draw_funnel_page, funnel),
    )


def small_study_lines(material: Material, analysis: Analysis, pen: Pen) -> tuple[str, ...]:
    """Egger's test where it was run, and what it cannot show."""
    head = analysis.ident("egger", "two")
    slope = first(material.records.of("estimates", head), term="egger:slope")
    limit = material.count(head, "egger_limit") or material.count(analysis.contrast, "egger_limit")
    lines = (
        [f"Egger's test: slope {pen.effect(slope)}, {pen.p_phrase(slope)}."]
        if slope is not None and slope.number("estimate") is not None
        else []
    )
    return (*lines, *([limit.text("level")] if limit is not None else []))


def leave_out_exhibit(material: Material, analysis: Analysis, ledger: Ledger) -> Iterator[Exhibit]:
    """The headline without each trial in turn, that of the first stage where it was fitted; the trial that
    moves the effect most stands first."""
    start = "leave_out:"
    rows = [r for r in material.rows_of(analysis, "leave_out") if r.text("term") == "treatment"]
    rows = [r for r in rows if r.number("estimate") is not None and not r.text("moderator")]
    stages = {r.text("stage") for r in rows}
    rows = [r for r in rows if r.text("stage") == ("one" if "one" in stages else "two")]
    if not rows:
        return
    pen = ledger.pen(f"figures/leave_one_out.{analysis.id}")
    whole = material.headline(analysis, rows[0].text("stage"))
    centre = whole.number("estimate") if whole is not None else None
    rows = sorted(rows, key=lambda r: -abs(r["estimate"] - (centre or 0.0)))
    lines = [leave_out_line(material, pen, row, start) for row in rows]
    if whole is not None:
        cells = (
            "All trials",
            pen.count(whole, "k"),
            pen.count(whole),
            told(material, pen, whole),
            pen.p(whole),
        )
        lines.append(Line("pooled", cells, *ends(material, whole)))
    forest = Forest(
        f"{material.title(analysis)}: leaving out one trial",
        [
            ("", "Without", "left"),
            ("", "K", "right"),
            ("", "N", "right"),
            ("", f"Estimate [{material.level} CI]", "right"),
            ("", "p", "right"),
        ],
        3,
        lines,
        material.directions(analysis.contrast, analysis.outcome),
        axis_title(material, analysis),
        False,
        (),
        ["Primary model, fitted without the trial named; the trial that moves the effect most stands first."],
        material.stamp,
        answer=tuple(line for line in lines if line.kind == "pooled"),
    )
    caption = f"{forest.title}: the primary model fitted without each trial in turn."
    yield from paged(f"leave_one_out.{analysis.id}", "Checks", caption, forest, ledger)


def leave_out_line(material: Material, pen: Pen, row: Row, start: str) -> Line:
    """One trial left out."""
    study = row.text("model").removeprefix(start)
    p = "" if boundary(material, row) else pen.p(row)
    cells = (material.study(study), pen.count(row, "k"), pen.count(row), told(material, pen, row), p)
    return Line("study", cells, *ends(material, row), 1.0, (), study)


def specification_exhibit(material: Material, analysis: Analysis, ledger: Ledger) -> Iterator[Exhibit]:
    """Every specification of the multiverse from the lowest estimate to the highest (Simonsohn et al. 2020,
    Nat Hum Behav 4); no figure of fewer than three."""
    rows = [r for r in material.rows_of(analysis, "multiverse") if r.text("term") == "treatment"]
    rows = sorted(
        (r for r in rows if r.number("estimate") is not None),
        key=lambda r: (r["estimate"], r.text("analysis_id")),
    )
    if len(rows) < 3:
        return
    choices = [
        {c.text("variable"): c.text("level") for c in material.counts_of(r.text("analysis_id"), "choice")}
        for r in rows
    ]
    dimensions = dict.fromkeys(d for held in choices for d in held)
    table = []
    for dimension in dimensions:
        for choice in sorted({held[dimension] for held in choices if dimension in held}):
            which = tuple(held.get(dimension) == choice for held in choices)
            table.append((dimension.replace("_", " "), choice_words(material, dimension, choice), which))
    whole = material.headline(analysis, "one")
    pen = ledger.pen(f"figures/specifications.{analysis.id}")
    found = Specifications(
        f"{material.title(analysis)}: specification curve",
        axis_title(material, analysis),
        tuple((r["estimate"], r.number("ci_low"), r.number("ci_high")) for r in rows),
        tuple(table),
        None if whole is None else whole.number("estimate"),
        multiverse_lines(material, analysis, pen),
        material.stamp,
    )
    caption = (
        f"{found.title}: the effect under every combination of the choices below the plot, none of "
        f"them chosen after looking. {' '.join(found.footer)}"
    )
    yield Exhibit(
        f"specifications.{analysis.id}",
        "Checks",
        caption,
        f"Specification curve. {caption}",
        partial(draw_specifications_page, found),
    )


def choice_words(material: Material, dimension: str, choice: str) -> str:
    """A choice of the multiverse in a reader's words."""
    if dimension == "df":
        return df_label(choice)
    if dimension == "tau2":
        return {"dl": "DerSimonian-Laird", "pm": "Paule-Mandel"}.get(
            choice, choice.upper() if len(choice) < 5 else choice
        )
    if dimension == "studies":
        return f"without {material.study(choice.removeprefix('without '))}" if choice != "all" else choice
    label = in_sentence(material.label("sensitivity", choice)) if dimension == "rows" else ""
    return label or choice.replace("_", " ")


def multiverse_lines(material: Material, analysis: Analysis, pen: Pen) -> tuple[str, ...]:
    """What the run says of its specifications as a whole."""
    rows = {r.text("variable"): r for r in material.counts_of(analysis.ident("multiverse"), "multiverse")}
    parts = []
    for name, word in (
        ("specifications", "specifications"),
        ("same_sign", "of the primary sign"),
    ):
        if name in rows and rows[name].number("n") is not None:
            parts.append(f"{pen.count(rows[name])} {word}")
    if {"median", "low", "high", "q25", "q75"} <= set(rows):
        low, first, middle, third, high = (
            pen.number(rows[name], "value") for name in ("low", "q25", "median", "q75", "high")
        )
        parts.append(
            f"estimates from {low} to {high}, half of them between {first} and {third}, median {middle}"
        )
    return (f"{'; '.join(parts)}.",) if parts else ()


def agreement_exhibit(material: Material) -> Iterator[Exhibit]:
    """All headline estimates, one stage against two, a panel for each scale."""
    panels: dict[str, list[tuple[float, float, bool]]] = {}
    for analysis in material.analyses:
        for model in [*material.plan.get("models", {}), "matched"]:
            one, two = (material.headline(analysis, stage, model) for stage in ("one", "two"))
            if one and two and one.number("estimate") is not None and two.number("estimate") is not None:
                point = (two["estimate"], one["estimate"], model == "matched")
                panels.setdefault(axis_title(material, analysis), []).append(point)
    if not panels:
        return
    footer = ("Each mark is one analysis of the efficacy table; on the line both stages agree.",)
    found = Agreement("One stage against two", tuple(panels.items()), footer, material.stamp)
    caption = (
        "One-stage against two-stage estimates of every analysis, on each scale apart. Marks on the line "
        "agree; matched pairs share rows and assumptions."
    )
    yield Exhibit("one_stage_two_stage", "Checks", caption, caption, partial(draw_agreement_page, found))
