"""The credibility of interactions: ICEMAN's questions as far as a run can answer them."""

from __future__ import annotations

from ipdma.model.term import Term
from ipdma.report.ledger import Ledger
from ipdma.report.material import Material
from ipdma.report.table import Column, Section, Table
from ipdma.report.words import in_sentence

QUESTIONS = {
    "1": "Is the modification within trials, not between them?",
    "2": "Is it similar from trial to trial?",
    "3": "If between trials: are there many trials?",
    "4": "Was its direction stated beforehand?",
    "5": "Is chance an unlikely explanation?",
    "6": "Were few modifiers tested, or their number allowed for?",
    "7": "Was the effect taken as random between trials?",
    "8": "Were arbitrary cut points avoided?",
}


def tabulate_credibility(material: Material, ledger: Ledger) -> Table:
    """A section for each interaction with p below 0.10; a row per question."""
    pen = ledger.pen("tables/credibility")
    columns = [Column("Question", "left"), Column("Answer", "left"), Column("From this run", "left")]
    rows: list[tuple[str, ...] | Section] = []
    for analysis in material.analyses:
        for name in material.plan.get("moderators", {}):
            head = analysis.ident(material.primary, "one", name)
            found = material.counts_of(head, "iceman")
            if not found:
                continue
            tested = next(
                (r for r in material.records.of("estimates", head) if r.text("term") == Term("within", name)),
                None,
            )
            p = f" ({pen.p_phrase(tested)})" if tested is not None else ""
            rows.append(Section(f"{material.title(analysis)}, by {in_sentence(material.moderator(name))}{p}"))
            for row in sorted(found, key=lambda r: r.text("variable")):
                answer, _, reason = row.text("level").partition(": ")
                question = row.text("variable")
                shown = "for the author" if answer == "author" else answer
                rows.append((f"{question}. {QUESTIONS.get(question, '')}".strip(), shown, reason))
    notes = [
        "Core questions of ICEMAN for meta-analyses (Schandelmaier et al. 2020, CMAJ 192:E901), answered "
        "from the run for interactions with p below .10. The overall judgement is the author's: usually at "
        "most low with any 'definitely no', at most moderate with any 'probably no or unclear', high "
        "only without either; very low where every answer is one of them.",
    ]
    return Table("credibility", "Credibility of interactions (ICEMAN)", columns, rows, notes)
