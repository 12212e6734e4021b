"""The answer: a card for each contrast."""

from __future__ import annotations

from html import escape

from ipdma.report import wording
from ipdma.report.beside import beside_text
from ipdma.report.boundary import TOO_FEW, cause
from ipdma.report.grade import certainty_of
from ipdma.report.icons import icon_array
from ipdma.report.ledger import Ledger, Pen
from ipdma.report.material import Analysis, Material
from ipdma.report.network_words import beside_contrast
from ipdma.report.plain_warnings import plain_warnings
from ipdma.report.records import Row, distinct, select
from ipdma.report.tables_findings import points_text
from ipdma.report.verdict import plain_sentence, tellable
from ipdma.report.words import condition, in_sentence


def answer_section(material: Material, ledger: Ledger) -> str:
    """One card per contrast, then which of them share people."""
    pen = ledger.pen("report/answer")
    cards = [
        card(material, contrast, pen) for contrast in dict.fromkeys(a.contrast for a in material.analyses)
    ]
    shared = "".join(f"<p>{escape(line)}</p>" for line in shared_lines(material))
    return f'<div class="cards">{"".join(cards)}</div>{shared}'


def card(material: Material, contrast: str, pen: Pen) -> str:
    """The first outcome of a contrast at each time point, events of a hundred, certainty."""
    own = [a for a in material.analyses if a.contrast == contrast]
    main = [a for a in own if a.outcome == own[0].outcome]
    head = material.headline(main[0], "one") or material.headline(main[0], "two")
    parts = [
        f"<p>{escape(plain_sentence(material, main[0], head))}</p>",
        key_line(material, main[0], pen, head),
    ]
    parts.append(events_block(material, own, pen))
    parts.append(certainty_line(material, main[0], pen))
    network = beside_contrast(material, main[0], pen)
    parts.append(said(network) if network else "")
    parts += [later_line(material, analysis, pen) for analysis in main[1:]]
    parts += [f'<p class="note">{escape(line)}</p>' for line in plain_warnings(material, head)]
    title = escape(material.contrast(contrast))
    return f'<article class="card" aria-label="{title}"><h3>{title}</h3>{"".join(parts)}</article>\n'


def key_line(material: Material, analysis: Analysis, pen: Pen, row: Row | None) -> str:
    """The effect in points, large, and what it rests on."""
    if row is None or not tellable(material, row):
        return ""
    points = points_text(material, analysis, pen, row)
    smd = "" if material.standardise(analysis.outcome) == "none" else f"SMD {pen.effect(row)}; "
    if material.is_binary(analysis.outcome):
        points, smd = "", f"log odds ratio {pen.effect(row)}; "
    known = beside_text(material, pen, row)
    if smd and known != wording.NOTHING:
        smd = f"{smd[:-2]} (other intervals: {known}); "
    left = in_sentence(material.directions(analysis.contrast, analysis.outcome)[0])
    rests = f"{smd}{material.level} intervals; {people(pen, row)}. A negative difference {left}."
    return f'<p class="key">{escape(points)}</p>{said(rests)}'


def people(pen: Pen, row: Row) -> str:
    """`11 trials, 645 people`."""
    return f"{pen.count(row, 'k')} {wording.plural(row.number('k'), 'trial')}, {pen.count(row, 'n')} people"


def events_block(material: Material, own: list[Analysis], pen: Pen) -> str:
    """So many of a hundred with each event: a sentence, and of the first event an icon array under it."""
    events = [a for a in own if material.is_event(a.outcome) and a.timepoint == own[0].timepoint]
    blocks: list[str] = []
    for analysis in events:
        arms = risks_of(material, analysis)
        if arms is None:
            continue
        sides = [in_sentence(side) for side in material.sides(analysis.contrast)]
        what = material.outcome(analysis.outcome)
        texts = [pen.hundred(row) for row in arms[:2]]
        between = f"[{pen.hundred(arms[2])} to {pen.hundred(arms[3])}]"
        with_each = f"{texts[0]} {between} with {sides[0]}, {texts[1]} with {sides[1]}"
        line = f"{what[:1].upper()}{what[1:]} of 100: {with_each}."
        if not blocks:
            counts = [round(100 * (row.number("value") or 0.0)) for row in arms[:2]]
            labels = [f"{side[:1].upper()}{side[1:]}" for side in sides]
            blocks += [said(line), icon_array(list(zip(labels, counts, strict=True)), line)]
        else:
            blocks.append(said(line))
    return "".join(blocks)


def said(line: str) -> str:
    """A line of a card."""
    return f'<p class="small">{escape(line)}</p>'


def risks_of(material: Material, analysis: Analysis) -> tuple[Row, Row, Row, Row] | None:
    """The risk with the active side, that without it, the limits of the former; None if one is lacking."""
    row = material.headline(analysis, "one") or material.headline(analysis, "two")
    if row is None or not tellable(material, row):
        return None
    where = row.text("analysis_id")
    names = ("active_risk", "control_risk", "active_risk_low", "active_risk_high")
    found = [material.count(where, name) for name in names]
    whole = [f for f in found if f is not None and f.number("value") is not None]
    return (whole[0], whole[1], whole[2], whole[3]) if len(whole) == len(names) else None


def certainty_line(material: Material, analysis: Analysis, pen: Pen) -> str:
    """How certain, and why not more; nothing of a result that is not told."""
    row = material.headline(analysis, "one") or material.headline(analysis, "two")
    certainty = certainty_of(material, analysis, pen) if tellable(material, row) else None
    if certainty is None:
        return ""
    why = "; ".join(d.reason for d in certainty.concerns)
    text = f"Certainty: {certainty.words}{f': {why}' if why else ''}."
    return f'<p class="certainty"><span aria-hidden="true">{certainty.circles}</span> {escape(text)}</p>'


def later_line(material: Material, analysis: Analysis, pen: Pen) -> str:
    """The same question at a later time point, in one line."""
    row = material.headline(analysis, "one") or material.headline(analysis, "two")
    when = material.timepoint(analysis.timepoint)
    if row is None or not tellable(material, row):
        return said(f"At {when}: {cause(material, row) or TOO_FEW}.")
    certainty = certainty_of(material, analysis, pen)
    level = f"; certainty {certainty.level}" if certainty else ""
    text = f"At {when}: {points_text(material, analysis, pen, row)} ({people(pen, row)}{level})."
    return f'<p class="small">{escape(text)}</p>'


def shared_lines(material: Material) -> list[str]:
    """Which contrasts share trials, and the people of which arms they share."""
    contrasts = list(dict.fromkeys(a.contrast for a in material.analyses))
    pairs = [(a, b) for i, a in enumerate(contrasts) for b in contrasts[i + 1 :]]
    lines = [line for a, b in pairs if (line := shared_line(material, a, b))]
    return [f"These comparisons are not independent. {' '.join(lines)}"] if lines else []


def shared_line(material: Material, one: str, other: str) -> str:
    """What two contrasts have in common, or nothing."""
    both = [c for c in conditions_of(material, one) if c in conditions_of(material, other)]
    rows = select(material.records.of("counts", "cohort"), what="participants")
    trials = [s for s in distinct(rows, "study") if all(takes_part(material, s, c) for c in (one, other))]
    if not trials:
        return ""
    names = wording.several([material.study(s) for s in material.in_order(trials)])
    people = (
        f" and the people in {wording.several([in_sentence(condition(c)) for c in both])}" if both else ""
    )
    pair = [f"\u2018{material.contrast(contrast)}\u2019" for contrast in (one, other)]
    return f"{wording.several(pair)} share {names}{people}."


def conditions_of(material: Material, contrast: str) -> list[str]:
    """The conditions of a contrast's two sides."""
    entry = material.plan.get("contrasts", {}).get(contrast, {})
    return [str(c) for side in ("active", "reference") for c in entry.get(side, [])]


def takes_part(material: Material, study: str, contrast: str) -> bool:
    """Whether a trial contributes people to both sides of a contrast."""
    rows = material.records.of("counts", contrast)
    found = {r.text("arm") for r in select(rows, what="participants", study=study) if r.number("n")}
    return {"active", "reference"} <= found
