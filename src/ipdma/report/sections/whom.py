"""For whom it works: benefit by baseline severity, the moderators, what did not matter, credibility."""

from __future__ import annotations

from html import escape

from ipdma.model.term import Term
from ipdma.report import wording
from ipdma.report.boundary import boundary, cause
from ipdma.report.ledger import Ledger, Pen
from ipdma.report.material import Analysis, Material
from ipdma.report.prediction_words import lead, path_markup, predicted, prediction_sentences
from ipdma.report.records import Row, first, select
from ipdma.report.sentences import error_text, moderator_sentence
from ipdma.report.shelf import Shelf
from ipdma.report.tables_credibility import QUESTIONS
from ipdma.report.typeset import italics
from ipdma.report.words import in_sentence

REGRESSION = (
    "Regression to the mean lowers high scores in both arms alike, so it is not what makes an effect differ "
    "with severity; error in the scores makes such a difference look smaller than it is."
)
WORST = ("definitely no", "probably no or unclear", "probably yes", "definitely yes")


def whom_section(material: Material, ledger: Ledger, shelf: Shelf) -> str:
    """Sentences beside the curve of severity; the moderators and what to make of them closed below."""
    pen = ledger.pen("report/whom")
    mains = first_questions(material)
    told = "".join(paragraph(material, analysis, pen) for analysis in mains)
    if any(severity_sentence(material, analysis, pen) for analysis in mains):
        told += f'<p class="small">{REGRESSION}</p>'
    parts = [f'<div class="beside"><div>{told}</div>{shelf.figure("benefit.severity")}</div>']
    names = ["benefit.duration", *(f"moderators.{a.id}" for a in mains)]
    figures = "".join(shelf.figure(name) for name in names)
    if figures:
        head = "Duration of the episode, and all moderators side by side"
        parts.append(f"<details><summary>{head}</summary>{figures}</details>\n")
    parts.append(credibility(material, mains))
    together = prediction_part(material, pen, shelf)
    return "".join((*parts, together)) if told or figures or together else ""


def prediction_part(material: Material, pen: Pen, shelf: Shelf) -> str:
    """Several variables together: first what predictions are worth, then all about them closed."""
    asked = predicted(material)
    told = [(a, lead(material, a), prediction_sentences(material, a, pen)) for a in asked]
    told = [(a, first_words or text, text) for a, first_words, text in told if text]
    if not told:
        return ""
    single = len({a.contrast for a, _, _ in told}) == len(told)
    worth = " ".join(
        f"<b>{escape(material.contrast(a.contrast) if single else material.title(a))}:</b> {italics(words)}"
        for a, words, _ in told
    )
    sentences = "".join(f"<p><b>{escape(material.title(a))}.</b> {italics(text)}</p>" for a, _, text in told)
    tables = ("prediction", "prediction_tested", "prediction_thirds", "prediction_decisions")
    inside = "".join((sentences, shelf.figure("prediction"), *(shelf.table(name) for name in tables)))
    head = "Predicted benefit: profiles, and how predictions did in trials left out"
    folded = f"<details><summary>{head}</summary>{inside}</details>\n"
    return f"<p>Several variables together. {worth}</p>{folded}{path_markup(material, asked)}"


def paragraph(material: Material, analysis: Analysis, pen: Pen) -> str:
    """All that is said of one contrast."""
    severity = severity_sentence(material, analysis, pen)
    name = baseline_moderator(material)
    lines = [severity, error_text(material, analysis, pen, name) if severity else ""]
    lines += other_sentences(material, analysis, pen)
    said = " ".join(line for line in lines if line)
    return f"<p><b>{escape(material.contrast(analysis.contrast))}.</b> {italics(said)}</p>" if said else ""


def credibility(material: Material, mains: list[Analysis]) -> str:
    """ICEMAN's answers on every interaction that somebody might believe, closed."""
    badges = [badge(material, a, name) for a in mains for name in material.plan.get("moderators", {})]
    if not any(badges):
        return ""
    count = sum(bool(b) for b in badges)
    return (
        f"<details><summary>How credible are the interactions? ICEMAN on {count} of them</summary>"
        f"<p>Those with p below .10; the overall judgement is the author's.</p>{''.join(badges)}</details>\n"
    )


def first_questions(material: Material) -> list[Analysis]:
    """The first outcome of each contrast at its first time point."""
    found: dict[str, Analysis] = {}
    for analysis in material.detailed:
        found.setdefault(analysis.contrast, analysis)
    return list(found.values())


def baseline_moderator(material: Material) -> str:
    """The plan's first moderator that is the baseline score itself."""
    entries = material.plan.get("moderators", {})
    return next((n for n, e in entries.items() if (e or {}).get("column") == "baseline"), "")


def severity_sentence(material: Material, analysis: Analysis, pen: Pen) -> str:
    """The benefit at mild, moderate and severe depression in points, after what the test says."""
    name = baseline_moderator(material)
    head = analysis.ident(material.primary, "one", name)
    tested = first(material.records.of("estimates", head), term=Term("within", name)) if name else None
    if tested is None or tested.number("p_value") is None or boundary(material, tested):
        return ""
    p = judged_p(material, tested, name)
    verb = "depended on" if p < 0.05 else "did not clearly depend on"
    lead = (
        f"The effect {verb} {in_sentence(material.moderator(name))} "
        f"({pen.p_phrase(tested)} within trials{holm_words(material, pen, tested, name)})"
    )
    answer = next(iter(select(material.records.of("estimates", head.but(variant="at")))), None)
    told = (
        []
        if boundary(material, answer)
        else [
            text
            for row in severities(material, head.but(variant="at"))
            if (text := at_text(material, pen, row))
        ]
    )
    return f"{lead}: {wording.several(told)}, in {material.points}." if told else f"{lead}."


def severities(material: Material, at: object) -> list[Row]:
    """The severities that the participants of a fit reach, from mild to severe."""
    rows = list(select(material.records.of("counts", str(at)), what="severity"))
    return sorted(rows, key=lambda r: r.number("value") or 0.0)


def at_text(material: Material, pen: Pen, row: Row) -> str:
    """`-3.9 [-5.0, -2.8] at severe (26)`."""
    held = {
        end: material.count(row.text("analysis_id"), f"severity_effect{end}", variable=row.text("variable"))
        for end in ("", "_low", "_high")
    }
    if any(r is None or r.number("value") is None for r in held.values()):
        return ""
    value, low, high = (pen.number(r, "value", 1) for r in held.values())
    return f"{value} [{low}, {high}] at {row.text('variable')} ({pen.compact(row, 'value')})"


def judged_p(material: Material, row: Row, name: str) -> float:
    """The p value that decides: Holm's where the moderator is of the declared family."""
    holm = first(material.counts_of(row.text("analysis_id"), "holm_p"), variable=str(Term("within", name)))
    found = holm.number("value") if holm is not None else None
    return found if found is not None else row.number("p_value") or 0.0


def holm_words(material: Material, pen: Pen, row: Row, name: str) -> str:
    """`, p = .008 after Holm's correction`."""
    holm = first(material.counts_of(row.text("analysis_id"), "holm_p"), variable=str(Term("within", name)))
    return "" if holm is None else f", {pen.p_phrase(holm, 'value')} after Holm's correction"


def other_sentences(material: Material, analysis: Analysis, pen: Pen) -> list[str]:
    """A sentence for each other declared moderator that changed the effect, one for all that did not."""
    told: list[str] = []
    nulls: list[str] = []
    lacking: dict[str, list[str]] = {}
    for name in material.plan.get("moderators", {}):
        head = analysis.ident(material.primary, "one", name)
        if name == baseline_moderator(material) or material.standing(head, name):
            continue
        row = first(material.records.of("estimates", head), term=Term("within", name))
        if row is None or row.number("p_value") is None or boundary(material, row):
            lacking.setdefault(cause(material, row), []).append(in_sentence(material.moderator(name)))
        elif judged_p(material, row, name) < 0.05:
            told.append(moderator_sentence(material, analysis, pen, name))
        else:
            nulls.append(in_sentence(material.moderator(name)))
    if nulls:
        told.append(f"No clear change of the effect with {wording.several(nulls)}.")
    return [*told, *(silent_words(why, names) for why, names in lacking.items())]


def silent_words(why: str, names: list[str]) -> str:
    """On which moderators nothing is said; without a cause of another kind, for want of trials."""
    which = wording.several(names)
    return (
        f"Nothing can be said of {which}: {why}." if why else f"Too few trials could say anything on {which}."
    )


def badge(material: Material, analysis: Analysis, name: str) -> str:
    """ICEMAN's answers behind their least favourable one."""
    rows = material.counts_of(analysis.ident(material.primary, "one", name), "iceman")
    if not rows:
        return ""
    parts = [(r.text("variable"), *r.text("level").partition(": ")[::2]) for r in rows]
    answers = [answer for _, answer, _ in parts]
    worst = next((word for word in WORST if word in answers), "for the author")
    open_ones = sum(answer == "author" for answer in answers)
    title = f"{material.contrast(analysis.contrast)}, {in_sentence(material.moderator(name))}"
    items = "".join(
        f"<li>{escape(QUESTIONS.get(number, number))} <b>{escape(answer)}</b>: {escape(reason)}</li>"
        for number, answer, reason in parts
    )
    return (
        f'<details class="badge"><summary>{escape(title)}: least favourable answer '
        f"<b>{escape(worst)}</b>, {open_ones} for the author</summary><ol>{items}</ol></details>\n"
    )
