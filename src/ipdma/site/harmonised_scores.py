"""assessments.csv of a harmonised upload: one row per observed score."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ipdma.codebook import Codebook, Scoring
from ipdma.site.codes import parse_number
from ipdma.site.facts import Facts, Score
from ipdma.site.findings import Findings
from ipdma.site.judge import Judge, NumberTarget, Outcome
from ipdma.site.missing_codes import OF_SCORES
from ipdma.site.read_assessments import TIMES, check_order
from ipdma.site.reading import report_column
from ipdma.site.study_file import RATINGS, StudyFile
from ipdma.site.table import Table

COLUMNS = ("study", "participant", "instrument", "rating", "timepoint", "weeks", "score", "scoring")
Places = dict[tuple[str, str | None, str], list[tuple[int, str]]]


def read_scores(table: Table, file: StudyFile, codebook: Codebook, facts: Facts, findings: Findings) -> bool:
    """Read every row; whether the table has the columns for it; faults are reported by column, those of
    scores by instrument as well."""
    lacking = [name for name in COLUMNS if len(table.find(name)) != 1]
    for name in lacking:
        findings.add("column_missing", table.file, None, name, said={"word": name, "file": table.file})
    for column in table.columns:
        if column.name not in COLUMNS:
            said = {"where": table.file, "word": column.name, "hint": "", "known": ", ".join(COLUMNS)}
            findings.add("unknown_key", table.file, None, column.name, said=said)
    if lacking:
        return False
    people = {person.id: number for number, person in enumerate(facts.persons)}
    rows = list(zip(*(table.column(name).cells for name in COLUMNS), strict=True))
    bad: Places = {}
    groups: dict[tuple[str, str], list[int]] = {}
    for i, row in enumerate(rows):
        if judge_row(row, table.rows[i], file, people, codebook, bad):
            groups.setdefault((row[2].strip(), row[7].strip()), []).append(i)
    drop_explained(bad, ("unknown_participant", "participant", "participant"), facts)
    words: dict[str, Iterable[str]] = {
        "instrument": codebook.instruments,
        "timepoint": codebook.timepoints,
        "rating": RATINGS,
    }
    for (name, variable, column_name), places in bad.items():
        known = ", ".join(words.get(column_name, ()))
        said = {
            "where": f"{table.file}, column {column_name}",
            "word": column_name,
            "hint": "",
            "known": known,
        }
        said |= {"id": file.id, "timepoint": "a visit", "allowed": known or "a number"}
        findings.add(name, table.file, variable, column_name, places, of=len(rows), said=said)
    outcomes = judge_scores(table, groups, codebook, findings)
    collect(table, rows, outcomes, people, facts)
    told = [i for i in sorted(outcomes) if rows[i][1].strip() in people]
    report_repeated(table, rows, told, findings)
    check_order([(timepoint, weeks) for _, timepoint, weeks, _ in facts.planned], findings, table.file)
    return True


def drop_explained(bad: dict[Any, list[tuple[int, str]]], key: Any, facts: Facts) -> None:
    """Unknown participants that an empty or repeated identifier in participants.csv accounts for are told
    already."""
    if len({cell for _, cell in bad.get(key, [])}) <= facts.orphans:
        bad.pop(key, None)


def judge_row(
    row: Sequence[str], number: int, file: StudyFile, people: dict[str, int], codebook: Codebook, bad: Places
) -> bool:
    """Note what is wrong beside the score itself; whether the score can be judged at all."""
    study, person, instrument, rating, timepoint, weeks, score, scoring = (cell.strip() for cell in row)

    def note(name: str, variable: str | None, column: str, cell: str) -> None:
        bad.setdefault((name, variable, column), []).append((number, cell))

    if study != file.id:
        note("wrong_study", "study", "study", study)
    if not person:
        note("participant_missing", "participant", "participant", person)
    elif person not in people:
        note("unknown_participant", "participant", "participant", person)
    known = codebook.instruments.get(instrument)
    named = instrument if known is not None else None
    if known is None:
        note("unknown_instrument", instrument or None, "instrument", instrument)
    elif scoring and scoring not in known.scorings:
        note("unknown_word", instrument, "scoring", scoring)
    if rating not in RATINGS:
        note("unknown_word", named, "rating", rating)
    if timepoint not in codebook.timepoints:
        note("unknown_timepoint", named, "timepoint", timepoint)
    if not weeks and timepoint in codebook.timepoints and timepoint != "baseline":
        note("weeks_missing", named, "weeks", weeks)
    elif weeks and parse_number(weeks) is None:
        note("not_a_number", named, "weeks", weeks)
    if not score:
        note("cell_empty", named, "score", score)
    return known is not None and bool(score) and (not scoring or scoring in known.scorings)


def judge_scores(
    table: Table, groups: dict[tuple[str, str], list[int]], codebook: Codebook, findings: Findings
) -> dict[int, Outcome]:
    """Outcomes of the scores by row, judged together per instrument and scoring."""
    column = table.column("score")
    outcomes: dict[int, Outcome] = {}
    for (instrument, variant), indexes in groups.items():
        scoring: Scoring = codebook.instruments[instrument].scoring(variant or None)
        target = NumberTarget(scoring.range, whole="non_integer_total" if scoring.integer else None)
        judge = Judge(column, target)
        cells = [column.cells[i] for i in indexes]
        judged = [judge(cell) for cell in cells]
        rows = [table.rows[i] for i in indexes]
        report_column(
            findings,
            table.file,
            column,
            instrument,
            target.allowed(),
            rows,
            cells,
            judged,
            suspicious=OF_SCORES,
        )
        outcomes.update(zip(indexes, judged, strict=True))
    return outcomes


def collect(
    table: Table,
    rows: Sequence[Sequence[str]],
    outcomes: dict[int, Outcome],
    people: dict[str, int],
    facts: Facts,
) -> None:
    """Scores of known participants into the facts, and what the table as a whole measures when."""
    for i, outcome in sorted(outcomes.items()):
        _, name, instrument, rating, timepoint, weeks_text, score, scoring = (
            cell.strip() for cell in rows[i]
        )
        weeks = weeks_of(weeks_text, timepoint)
        person = people.get(name)
        if person is None:
            continue
        if timepoint in TIMES:
            plan = (instrument, timepoint, weeks, None)
            facts.planned += [plan] if plan not in facts.planned else []
        if outcome.fault is None and isinstance(outcome.value, float):
            made = Score(
                person,
                instrument,
                rating,
                timepoint,
                weeks,
                outcome.value,
                scoring,
                table.rows[i],
                "score",
                score,
            )
            facts.scores.append(made)
        else:
            facts.faulty.add((person, instrument, timepoint, weeks))


def weeks_of(text: str, timepoint: str) -> float | None:
    """The weeks of a row; a baseline may leave them out."""
    return 0.0 if not text and timepoint == "baseline" else parse_number(text)


def report_repeated(
    table: Table, rows: Sequence[Sequence[str]], indexes: Sequence[int], findings: Findings
) -> None:
    """A participant has one score per instrument, rating, time point, weeks and scoring."""
    seen: dict[tuple[str, str], dict[tuple[object, ...], list[int]]] = {}
    for i in indexes:
        _, person, instrument, rating, timepoint, weeks, _, scoring = (cell.strip() for cell in rows[i])
        key = (person, rating, timepoint, weeks_of(weeks, timepoint), scoring)
        seen.setdefault((instrument, "score"), {}).setdefault(key, []).append(i)
    for (instrument, column), groups in seen.items():
        places = [(table.rows[i], rows[i][6]) for group in groups.values() if len(group) > 1 for i in group]
        if places:
            findings.add("score_repeated", table.file, instrument, column, places, of=len(rows))
