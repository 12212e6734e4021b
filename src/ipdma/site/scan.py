"""`ipdma scan`: a first draft of a study.yaml from a file's names and labels, which leaks no value of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ipdma import __version__
from ipdma.codebook import Codebook, load_codebook
from ipdma.privacy import content_kind
from ipdma.site.formats import ReadOptions, read_table
from ipdma.site.read_variables import is_required
from ipdma.site.scan_columns import (
    FEWEST,
    MOST_DISTINCT,
    Look,
    count_people,
    file_order,
    inventory,
    look_at_all,
    parse,
)
from ipdma.site.scan_scores import Found, Moment, find_scores, moment_of, place, weeks_in
from ipdma.site.scan_words import (
    CONDITIONS,
    LEVELS,
    NO,
    TIME_WORDS,
    UNITS,
    VARIABLES,
    VISITS,
    YES,
    condition_of,
    has_words,
    known_level,
    says_nothing_else,
    words_of,
    yes_or_no,
)
from ipdma.site.table import Table
from ipdma.site.yaml_text import write_yaml

TO_DO = "to do"
REDCAP_ARM = re.compile(r"[ _]?\(?arm[ _]\d+(?:: [^)]*)?\)?\Z", re.IGNORECASE)
REPEATING = ("redcap_repeat_instrument",)
UNPRINTABLE = re.compile("[^ -~\u00a0-\u2027\u2030-\ud7ff\ue000-\ufefe\uff00-\ufffd]")


@dataclass
class Draft:
    """A draft as it grows: what goes into study.yaml, and what a reader must look at."""

    table: Table
    looks: list[Look]
    codebook: Codebook
    mapped: dict[str, Look] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def scan_file(
    path: Path, named: str | None = None, options: ReadOptions | None = None, blocked: tuple[str, ...] = ()
) -> str:
    """Draft the study.yaml of a file.

    Parameters
    ----------
    path : Path
        The trial's file.
    named : str, optional
        How study.yaml names the file (its path from the folder of study.yaml).
    options : ReadOptions
        Sheet, encoding and separator, where they are not plain.
    blocked : tuple of str
        Columns that are not even looked at.

    Returns
    -------
    str
        A YAML text that `ipdma check` reads; what it could not settle, check names.

    Raises
    ------
    ReadError
        Where the file cannot be read.
    """
    options = options or ReadOptions()
    table = read_table(path, options)
    draft = Draft(table, look_at_all(table, set(blocked)), load_codebook())
    content = draft_content(draft, named or path.name, path.stem, options)
    head = [
        f"Drafted by ipdma {__version__} scan from the names and labels of {path.name}.",
        "Every guess is yours to confirm: read it, mend it, then run `ipdma check` on its folder.",
        f"Settings: no cell of identifiers, dates or columns of over {MOST_DISTINCT} distinct values;",
        "of text only known words for a level, an arm or a visit; codes of under",
        f"{FEWEST} people only where the file declares them; counts under {FEWEST} as <{FEWEST};",
        f"not looked at: {', '.join(blocked) or 'nothing'}; codebook {draft.codebook.digest[:16]}.",
        *(["", "Look at these:"] if draft.remarks else []),
        *[f"- {remark}" for remark in draft.remarks],
    ]
    tail = ["Columns of the file:", *[f"- {line}" for line in inventory(draft.looks)]]
    return comment(head) + "\n" + write_yaml(content) + "\n" + comment(tail)


def comment(lines: list[str]) -> str:
    """Lines as YAML comments, without signs that would end them."""
    return "".join(f"# {UNPRINTABLE.sub(' ', line)}".rstrip() + "\n" for line in lines)


def draft_content(draft: Draft, file: str, stem: str, options: ReadOptions) -> dict[str, Any]:
    """The parts of the study.yaml."""
    scores = find_scores(draft.looks, draft.codebook)
    scored = {name for found in scores for name in (found.total, *found.items) if name}
    assign(draft, scored)
    person = draft.mapped.get("participant")
    if person and person.repeats:
        count_people(draft.looks, draft.table, person)
    visit = find_visit(draft, scored)
    source: dict[str, Any] = {"file": file}
    source |= {k: v for k, v in vars(options).items() if v is not None}
    source |= sheet_entry(draft)
    order = file_order(draft.table)
    source |= {"dates": order} if order else {}
    source["layout"] = "long" if visit else "wide"
    if visit:
        source["visit"] = visit_entry(visit, draft)
        source |= {"keep_rows": keep} if (keep := keep_entry(draft, scored)) else {}
    arms, codes = draft_arms(draft)
    return {
        "ipdma_study": "1",
        "study": {"id": re.sub(r"[^\w.-]+", "_", stem).strip("_.-") or "STUDY"},
        "source": source,
        "arms": arms,
        "variables": draft_variables(draft, codes),
        "assessments": draft_assessments(scores, bool(visit), draft),
    }


def sheet_entry(draft: Draft) -> dict[str, str]:
    """The sheet that was read, named where the workbook shows others."""
    table = draft.table
    others = [sheet.name for sheet in table.other_sheets if not sheet.hidden]
    if table.sheet is None or not others or content_kind([table.sheet]):
        return {}
    draft.remarks.append(f"sheet '{table.sheet}' of {len(others) + 1} was read; is it the right one?")
    return {"sheet": table.sheet}


def assign(draft: Draft, scored: set[str]) -> None:
    """Give each variable the first column whose name, or else whose label, says so."""
    free = [k for k in draft.looks if k.name not in scored and k.kind != "empty" and not k.identifying]
    for by_label in (False, True):
        for variable, phrases in VARIABLES.items():
            for look in free:
                words = words_of(look.label) if by_label else look.words
                if (
                    variable in draft.mapped
                    or not has_words(words, phrases)
                    or not suits(variable, look, draft)
                ):
                    continue
                draft.mapped[variable] = look
                free.remove(look)
                break
    for variable in draft.codebook.variables:
        exact = [look for look in free if "_".join(look.words) == variable]
        if variable not in draft.mapped and exact:
            draft.mapped[variable] = exact[0]


def suits(variable: str, look: Look, draft: Draft) -> bool:
    """Whether a column's content could be this variable's."""
    kind = draft.codebook.variables[variable].type
    if kind == "number":
        return look.kind in ("number", "codes")
    if kind == "identifier":
        return look.kind in ("number", "codes", "text") and not look.declared
    if kind == "text":
        return look.kind != "date"
    return look.distinct <= MOST_DISTINCT and look.kind in ("codes", "text", "number")


def find_visit(draft: Draft, scored: set[str]) -> Look | None:
    """The visit column of a long file: a visit's name, few codes, people that stand more than once."""
    person = draft.mapped.get("participant")
    if person is None or not person.repeats:
        return None
    taken = {look.name for look in draft.mapped.values()} | scored
    for look in draft.looks:
        few = 1 < look.distinct <= MOST_DISTINCT and look.kind in ("codes", "text")
        if few and look.name not in taken and has_words(look.words, VISITS):
            return look
    return None


def visit_entry(visit: Look, draft: Draft) -> dict[str, Any]:
    """The visits' codes with time points, as far as names and labels tell."""
    per_week = 1.0 if weeks_in([*visit.words, "1"]) == 1.0 else None
    if weeks_in([*visit.words, "1"]) not in (None, 1.0):
        per_week = weeks_in([*visit.words, "1"])
    moments = {}
    for code, text in visit.answers.items():
        # REDCap writes each event once for every arm, as one visit
        label = REDCAP_ARM.sub("", text)
        spaced = re.sub(r"(\d+)", r" \1 ", label)
        known = visit.declared or any(says_nothing_else(t, TIME_WORDS, UNITS) for t in (label, spaced))
        moment = moment_of(words_of(label)) if label and known else Moment()
        number = parse(code)
        if moment == Moment() and number is not None:
            weeks = None if per_week is None else round(number * per_week, 1)
            moment = Moment(weeks=weeks, number=int(number))
        if moment != Moment():
            moments[code] = moment
    placed = place(list(moments.values()))
    draft.remarks.append(f"visits of {visit.name}: time points are guesses; weeks count from randomisation")
    return {"column": visit.name, "values": {code: when(placed[m]) for code, m in moments.items()}}


def keep_entry(draft: Draft, scored: set[str]) -> dict[str, str]:
    """Rows of REDCap's repeating forms left out, where they hold none of the scores."""
    for name in REPEATING:
        if name not in draft.table.names:
            continue
        form = draft.table.column(name).cells
        scores = [draft.table.column(score).cells for score in scored]
        scores_there = any(
            cells[i].strip() for cells in scores for i, cell in enumerate(form) if cell.strip()
        )
        if any(map(str.strip, form)) and not scores_there:
            draft.remarks.append(f"{name}: rows of repeating forms are left out; they hold no score")
            return {"column": name, "equals": "", "why": "rows of repeating forms"}
    return {}


def when(moment: Moment) -> dict[str, str]:
    """A moment as entries of study.yaml."""
    made = {"timepoint": str(moment.timepoint)}
    return made if moment.weeks is None else {**made, "weeks": f"{moment.weeks:g}"}


def draft_arms(draft: Draft) -> tuple[dict[str, Any], dict[str, str]]:
    """The arms, and which code of the file means which."""
    look = draft.mapped.get("arm")
    arms: dict[str, Any] = {}
    codes: dict[str, str] = {}
    for code, label in look.answers.items() if look else ():
        condition = condition_of(label)
        if look and not look.declared and label and not (condition and says_nothing_else(label, CONDITIONS)):
            draft.remarks.append(
                f"{look.name} holds a text code that is not shown here; `ipdma check` names it"
            )
            continue
        name = condition or f"arm_{'_'.join(words_of(code)) or len(arms) + 1}"
        name = name if name not in arms else f"{name}_{len(arms) + 1}"
        arms[name] = {"condition": condition or TO_DO, "label": label or TO_DO}
        codes[code] = name
    if not arms:
        arms["arm_1"] = {"condition": TO_DO, "label": TO_DO}
    if any(arm["condition"] == TO_DO for arm in arms.values()):
        draft.remarks.append(f"arms: say each condition, one of {', '.join(draft.codebook.conditions)}")
    return arms, codes


def draft_variables(draft: Draft, arm_codes: dict[str, str]) -> dict[str, Any]:
    """One line per variable that was recognised."""
    drafted: dict[str, Any] = {}
    for name, variable in draft.codebook.variables.items():
        look = draft.mapped.get(name)
        if look is None:
            # so that a first check asks about all of them at once
            drafted |= {} if is_required(variable) else {name: {"not_collected": "?"}}
            continue
        entry: dict[str, Any] = {"from": look.name}
        if name == "arm":
            entry |= {"values": arm_codes} if arm_codes else {}
        elif variable.levels:
            codes = level_codes(name, look)
            entry |= {"values": codes} if codes else {}
            if not codes:
                draft.remarks.append(
                    f'{name}: say what each code of {look.name} means, as values: {{"1": ...}}'
                )
        elif variable.units:
            unit = unit_of(look)
            entry |= {"unit": unit} if unit and unit in variable.units and unit != variable.unit else {}
        drafted[name] = entry
    if "participant" not in drafted:
        drafted["participant"] = {"row_number": "no column of identifiers was recognised"}
        draft.remarks.append("participant: no identifier was recognised; row numbers stand in for it")
    if "arm" not in drafted:
        draft.remarks.append("arm: no column of arms was recognised; add it under variables")
    return drafted


def level_codes(variable: str, look: Look) -> dict[str, str]:
    """Which code means which level, by the labels of the file or by known words; 0 and 1 are no and yes."""
    codes = {}
    words = LEVELS.get(variable, {"yes": YES, "no": NO})
    for code, label in look.answers.items():
        level = known_level(label, words) if variable in LEVELS else yes_or_no(label)
        if level and (look.declared or says_nothing_else(label, words)):
            codes[code] = level
    if not codes and variable not in LEVELS and set(look.codes) == {"0", "1"}:
        return {"0": "no", "1": "yes"}
    return codes


def unit_of(look: Look) -> str | None:
    """A unit that the column's name or label mentions."""
    words = [*look.words, *words_of(look.label)]
    return next((unit for unit, known in UNITS.items() if set(known.split()) & set(words)), None)


def item_names(items: Sequence[str], names: list[str]) -> str | list[str]:
    """A range where the items stand side by side in their order, else all of them."""
    at = names.index(items[0])
    return f"{items[0]}..{items[-1]}" if names[at : at + len(items)] == list(items) else list(items)


def draft_assessments(scores: list[Found], long: bool, draft: Draft) -> list[dict[str, Any]]:
    """One entry per score; in a long file each column once."""
    entries = []
    for instrument in dict.fromkeys(found.instrument for found in scores):
        mine = [found for found in scores if found.instrument == instrument]
        placed = place([found.moment for found in mine])
        for found in mine:
            entry: dict[str, Any] = {"instrument": instrument}
            entry |= {} if long else when(placed[found.moment])
            if found.total:
                entry["total"] = found.total
            else:
                entry["items"] = item_names(found.items, draft.table.names)
            entries.append(entry)
        if not all(found.sure for found in mine):
            draft.remarks.append(
                f"{instrument}: guessed from a short name; is it this instrument and version?"
            )
        if not long and any(found.moment.timepoint is None for found in mine):
            draft.remarks.append(f"{instrument}: the time points are guesses; weeks count from randomisation")
    if not entries:
        draft.remarks.append("assessments: no score was recognised; add one line per instrument and visit")
    return entries
