"""Can it be trusted: a strip of signals, each a sentence and a link to what shows it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from ipdma.report import wording
from ipdma.report.ledger import Ledger, Pen
from ipdma.report.material import Analysis, Material
from ipdma.report.records import first, select
from ipdma.report.sections.whom import first_questions
from ipdma.report.shelf import Shelf
from ipdma.report.words import in_sentence


@dataclass(frozen=True)
class Signal:
    """One reason for or against trust; `tone` is `good`, `look` or `unknown`."""

    head: str
    tone: str
    text: str
    link: str = ""


TONES = {"good": "no concern seen", "look": "look here", "unknown": "not known"}


def trust_section(material: Material, ledger: Ledger, shelf: Shelf) -> str:
    """The strip, then the trials' risk of bias, closed."""
    pen = ledger.pen("report/trust")
    folded = shelf.folded("figure", "risk_of_bias", "Risk of bias by trial")
    items = "".join(signal_markup(signal) for signal in signals(material, pen, shelf))
    return f'<ul class="signals">{items}</ul>{folded}'


def signal_markup(signal: Signal) -> str:
    """A signal whose tone is a word as well as a colour."""
    link = f" {signal.link}" if signal.link else ""
    return (
        f'<li class="{signal.tone}"><b>{escape(signal.head)}</b> '
        f'<span class="tone">{TONES[signal.tone]}</span>'
        f"<br>{escape(signal.text)}{link}</li>\n"
    )


def signals(material: Material, pen: Pen, shelf: Shelf) -> Iterator[Signal]:
    """All signals of which the records know something."""
    mains = first_questions(material)
    yield from bias_signal(material, pen, shelf)
    yield from small_signal(material, mains, pen, shelf)
    yield from missing_signal(material, mains, pen, shelf)
    yield from lacking_signal(material, pen, shelf)
    yield from heterogeneity_signal(material, mains, pen, shelf)
    yield from choices_signal(material, mains, pen, shelf)
    yield from checks_signal(material, pen, shelf)


def bias_signal(material: Material, pen: Pen, shelf: Shelf) -> Iterator[Signal]:
    """How many trials are at low and at high overall risk of bias."""
    rows = list(select(material.records.of("counts", "cohort"), what="with_ipd", variable="rob_overall"))
    if not rows:
        return
    low, high = (next((r for r in rows if r.text("level").lower() == k), None) for k in ("low", "high"))
    whole = pen.count(rows[0], "of")
    few = f"Of {whole} trials with participant data {pen.count(low) if low is not None else 'none'}"
    many = f"{pen.count(high)} at high risk" if high is not None else "none at high risk"
    tone = "good" if high is None and low is not None else "look"
    text = f"{few} at low overall risk of bias, {many}."
    yield Signal("Risk of bias", tone, text, shelf.link("figure", "risk_of_bias", "Judgements by trial"))


def small_signal(material: Material, mains: list[Analysis], pen: Pen, shelf: Shelf) -> Iterator[Signal]:
    """Whether small trials show larger effects, where ten trials allow a test."""
    told, tones = [], set()
    for analysis in mains:
        row = first(material.records.of("estimates", analysis.ident("egger", "two")), term="egger:slope")
        name = in_sentence(material.contrast(analysis.contrast))
        if row is None or row.number("p_value") is None:
            tones.add("unknown")
            continue
        apart = (row.number("p_value") or 0.0) < 0.10
        tones.add("look" if apart else "good")
        verb = "differ from" if apart else "do not clearly differ from"
        told.append(f"small trials {verb} large ones in {name} (Egger's test, {pen.p_phrase(row)})")
    if "unknown" in tones:
        told.append(
            "a test needs ten trials, which the other comparisons do not have"
            if len(tones) > 1
            else "a test needs ten trials, which no comparison has"
        )
    tone = next((t for t in ("look", "unknown", "good") if t in tones), "unknown")
    link = next((shelf.link("figure", f"funnel.{a.id}", "Funnel plot") for a in mains), "")
    yield Signal("Small trials", tone, sentence("; ".join(told)), link)


def missing_signal(material: Material, mains: list[Analysis], pen: Pen, shelf: Shelf) -> Iterator[Signal]:
    """How many lack the outcome, and whether filling gaps in changes the answer."""
    told, worst = [], 0.0
    for analysis in mains:
        row = first(material.records.of("counts", analysis.id), what="missing_outcome", study="", arm="")
        head, filled = material.headline(analysis, "one"), material.headline(analysis, "one", "imputed")
        if row is None or not row.number("of"):
            continue
        worst = max(worst, (row.number("n") or 0.0) / (row.number("of") or 1.0))
        text = f"{material.contrast(analysis.contrast)}: {pen.count(row)} of {pen.count(row, 'of')} lack it"
        if filled is not None and head is not None:
            effects = pen.number(head, "estimate"), pen.number(filled, "estimate")
            text += f"; effect {effects[0]}, with gaps filled in {effects[1]}"
        told.append(text)
    if told:
        links = [
            shelf.link("figure", f"tipping_points.{a.id}", "If gaps are not at random") for a in mains[:1]
        ]
        tone = "good" if worst < 0.10 else "look"
        yield Signal("Missing outcomes", tone, sentence(". ".join(told)), "".join(links))


def lacking_signal(material: Material, pen: Pen, shelf: Shelf) -> Iterator[Signal]:
    """Trials without participant data, and what their published results say."""
    rows = {r.text("variable"): r for r in select(material.records.of("counts", "cohort"), what="registry")}
    eligible, ipd = rows.get("eligible"), rows.get("ipd")
    if eligible is None or ipd is None:
        return
    lacking = [rows[k] for k in ("aggregate", "not_obtained") if k in rows]
    text = f"{pen.count(ipd)} of {pen.count(eligible)} eligible trials gave participant data"
    named = {"aggregate": "gave published results only", "not_obtained": "gave nothing"}
    text += "".join(f", {pen.count(r)} {named[r.text('variable')]}" for r in lacking)
    tone = "look" if lacking else "good"
    link = shelf.link("table", "studies_not_obtained", "Which, and why")
    yield Signal("Trials not obtained", tone, f"{text}.", link)


def heterogeneity_signal(
    material: Material, mains: list[Analysis], pen: Pen, shelf: Shelf
) -> Iterator[Signal]:
    """How far trials differ: the second stage's I2 of each contrast."""
    told, worst = [], 0.0
    for analysis in mains:
        two = material.headline(analysis, "two")
        if two is None or two.number("i2") is None:
            continue
        worst = max(worst, two.number("i2") or 0.0)
        told.append(f"{in_sentence(material.contrast(analysis.contrast))} {pen.number(two, 'i2', 0)}%")
    if told:
        text = f"Share of the variance that lies between trials (I\u00b2): {', '.join(told)}."
        links = [
            shelf.link("figure", f"leave_one_out.{a.id}", "Without each trial in turn") for a in mains[:1]
        ]
        yield Signal("Differences between trials", "good" if worst < 50 else "look", text, "".join(links))


def choices_signal(material: Material, mains: list[Analysis], pen: Pen, shelf: Shelf) -> Iterator[Signal]:
    """Whether other defensible models give the same answer."""
    told, steady = [], True
    for analysis in mains:
        rows = {r.text("variable"): r for r in material.counts_of(analysis.ident("multiverse"), "multiverse")}
        same, low, high = (rows.get(k) for k in ("same_sign", "low", "high"))
        if same is None or low is None or high is None:
            continue
        steady = steady and same.number("n") == same.number("of")
        told.append(
            f"{material.contrast(analysis.contrast)}: {pen.count(same)} of {pen.count(same, 'of')} "
            f"specifications agree in direction, effects from {pen.number(low, 'value')} to "
            f"{pen.number(high, 'value')}"
        )
    if told:
        links = [shelf.link("figure", f"specifications.{a.id}", "All specifications") for a in mains[:1]]
        yield Signal("Model choices", "good" if steady else "look", sentence(". ".join(told)), "".join(links))


def checks_signal(material: Material, pen: Pen, shelf: Shelf) -> Iterator[Signal]:
    """How many trials have an open question from the checks of their data."""
    rows = [
        r
        for r in select(material.records.of("counts", "integrity"), what="integrity_checks", variable="")
        if r.text("study")
    ]
    if not rows:
        return
    asked = {r.text("study") for r in rows if r.text("level") in ("query", "fail") and r.number("n")}
    whole = {r.text("study") for r in rows}
    text = f"The checks of the data left a question to {len(asked)} of {len(whole)} trials"
    names = (
        wording.several([material.study(s) for s in material.in_order(asked)]) if 0 < len(asked) <= 6 else ""
    )
    link = shelf.link("table", "integrity", "What was checked")
    yield Signal(
        "Checks of the data", "look" if asked else "good", f"{text}{f': {names}' if names else ''}.", link
    )


def sentence(text: str) -> str:
    """A capital and a full stop."""
    return f"{text[:1].upper()}{text[1:]}." if text else ""
