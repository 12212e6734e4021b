"""The `assessments` of a study.yaml: instrument, time, and the column of the total or those of the items."""

from __future__ import annotations

from typing import Any

from ipdma.codebook import Codebook, Crosswalk, Instrument
from ipdma.site.entries import STUDY_YAML, Entries
from ipdma.site.findings import Findings
from ipdma.site.study_file import RATINGS, AssessmentMap, StudyFile

KEYS = ("instrument", "timepoint", "weeks", "total", "items", "missing", "scoring", "rating", "convert")
TIMES = ("baseline", "interim", "post", "follow_up")


def read_assessments(
    value: Any, file: StudyFile, codebook: Codebook, entries: Entries
) -> list[AssessmentMap]:
    """Read all assessments; at least one is required."""
    given = entries.listing("assessments", value)
    if not given:
        entries.findings.add(
            "required_unmapped",
            STUDY_YAML,
            "assessments",
            said={"what": "assessments", "label": "one assessment"},
        )
    read = [
        read_assessment(entry, position, file, codebook, entries)
        for position, entry in enumerate(given, start=1)
    ]
    kept = [entry for entry in read if entry is not None]
    check_twice(kept, codebook, entries)
    times = [(a.timepoint, a.weeks) for a in kept] if not file.long else []
    times += [(visit.timepoint, visit.weeks) for visit in file.source.visits.values()]
    check_order(times, entries.findings, STUDY_YAML)
    return kept


def read_assessment(
    value: Any, position: int, file: StudyFile, codebook: Codebook, entries: Entries
) -> AssessmentMap | None:
    """One entry; None where it cannot be used."""
    where = f"assessments, entry {position}"
    entry = entries.mapping(where, value)
    if isinstance(named := entry.get("total") or entry.get("items"), str):
        where += f" (column {named})"
    name = entries.text(f"{where}, instrument", entry.get("instrument"))
    if not entry:
        return None
    entries.keys(where, entry, KEYS, name)
    if name is None:
        entries.fault(where, "names no instrument")
        return None
    before = len(entries.findings.all)
    total = entries.text(f"{where}, total", entry.get("total"), name)
    items = read_items(f"{where}, items", entry.get("items"), name, entries)
    if not total and not items:
        entries.fault(where, "names neither `total` nor `items`", name)
    timepoint, weeks = read_place(where, entry, file, codebook, entries, name)
    if name not in codebook.instruments:
        entries.unknown("unknown_instrument", where, name, codebook.instruments, name, total)
        return None
    made = AssessmentMap(
        instrument=name,
        timepoint=timepoint,
        weeks=weeks,
        total=total,
        items=items,
        missing=entries.missing(f"{where}, missing", entry.get("missing"), name),
        scoring=entries.text(f"{where}, scoring", entry.get("scoring"), name),
        rating=entries.choice(f"{where}, rating", entry.get("rating"), RATINGS, variable=name),
        convert=entries.text(f"{where}, convert", entry.get("convert"), name),
        place=where,
    )
    check_words(made, codebook, entries)
    usable = len(entries.findings.all) == before or (made.total or made.items)
    understood = (made.timepoint is not None or file.long) and not unknown_words(made, codebook)
    return made if usable and understood else None


def read_items(where: str, value: Any, name: str, entries: Entries) -> tuple[str, ...]:
    """Item columns: `a..b`, one name, or a list of either."""
    if value is None:
        return ()
    parts = [value] if isinstance(value, str) else entries.listing(where, value, name)
    return tuple(part.strip() for part in parts if isinstance(part, str) and part.strip())


def read_place(
    where: str, entry: dict[str, Any], file: StudyFile, codebook: Codebook, entries: Entries, name: str
) -> tuple[str | None, float | None]:
    """Time point and weeks of a wide file; in a long one the visit gives them."""
    if not file.long:
        return read_time(where, entry, codebook, entries, name)
    if "timepoint" in entry or "weeks" in entry:
        entries.fault(
            where, "a long file takes time point and weeks from its visits; leave them out here", name
        )
    return None, None


def read_time(
    where: str, entry: dict[str, Any], codebook: Codebook, entries: Entries, variable: str | None = None
) -> tuple[str | None, float | None]:
    """A time point and its weeks; baseline may leave them out."""
    known = list(codebook.timepoints)
    if entry.get("timepoint") is None:
        entries.fault(where, f"names no timepoint; one of {', '.join(known)}", variable)
    timepoint = entries.choice(
        f"{where}.timepoint", entry.get("timepoint"), known, "unknown_timepoint", variable
    )
    if entry.get("weeks") is not None:
        weeks = entries.number(f"{where}.weeks", entry.get("weeks"), variable)
        if weeks is not None and weeks < 0 and timepoint not in (None, "baseline"):
            entries.fault(
                f"{where}.weeks",
                f"{weeks:g} weeks is before randomisation, where no {timepoint} can be",
                variable,
            )
        return timepoint, weeks
    if timepoint not in (None, "baseline"):
        entries.findings.add(
            "weeks_missing", STUDY_YAML, variable, said={"where": where, "timepoint": timepoint}
        )
    return timepoint, 0.0 if timepoint == "baseline" else None


def check_words(made: AssessmentMap, codebook: Codebook, entries: Entries) -> None:
    """Scoring variant and crosswalk must be known; items need a scoring that can add them."""
    instrument = codebook.instruments[made.instrument]
    if made.convert is not None and made.convert not in codebook.crosswalks:
        entries.unknown(
            "unknown_word", f"{made.place}, convert", made.convert, codebook.crosswalks, made.instrument
        )
    elif made.convert is not None:
        ends = codebook.crosswalks[made.convert]
        if made.instrument not in (ends.source, ends.target):
            entries.fault(
                made.place,
                f"{made.convert} leads from {ends.source} to {ends.target}, not from {made.instrument}",
                made.instrument,
            )
        instrument = codebook.instruments[ends.source]
    if made.scoring is not None and made.scoring not in instrument.scorings:
        entries.unknown(
            "unknown_word", f"{made.place}, scoring", made.scoring, instrument.scorings, made.instrument
        )
    elif made.items and not instrument.scoring(made.scoring).can_score_items:
        able = [name for name, scoring in instrument.scorings.items() if scoring.can_score_items]
        entries.fault(
            made.place,
            "items cannot be scored by this scoring; name the total, or a scoring of "
            f"{', '.join(able) or 'none'}",
            made.instrument,
        )


def unknown_words(made: AssessmentMap, codebook: Codebook) -> bool:
    """Whether a scoring or crosswalk is not known, so that nothing can be read."""
    if made.convert is not None and made.convert not in codebook.crosswalks:
        return True
    instrument = measured(made, codebook)
    if made.scoring is not None and made.scoring not in instrument.scorings:
        return True
    return bool(made.items) and not instrument.scoring(made.scoring).can_score_items


def crosswalk_of(made: AssessmentMap, codebook: Codebook) -> Crosswalk | None:
    """The crosswalk that this entry goes through."""
    return codebook.crosswalks[made.convert] if made.convert else None


def measured(made: AssessmentMap, codebook: Codebook) -> Instrument:
    """The instrument that the columns hold: a crosswalk's source, else the entry's own."""
    crosswalk = crosswalk_of(made, codebook)
    return codebook.instruments[crosswalk.source if crosswalk else made.instrument]


def delivered(made: AssessmentMap, codebook: Codebook) -> Instrument:
    """The instrument of the scores that are written: a crosswalk's target, else the entry's own."""
    crosswalk = crosswalk_of(made, codebook)
    return codebook.instruments[crosswalk.target if crosswalk else made.instrument]


def score_key(made: AssessmentMap, codebook: Codebook) -> tuple[str, str, str]:
    """What tells two scores of one participant and visit apart: instrument, rating, scoring."""
    instrument = delivered(made, codebook)
    return instrument.name, made.rating or instrument.rating, written_scoring(made)


def written_scoring(made: AssessmentMap) -> str:
    """The variant's name as it is written; a converted score is on the target's own scoring."""
    return "" if made.convert else made.scoring or ""


def check_twice(kept: list[AssessmentMap], codebook: Codebook, entries: Entries) -> None:
    """A total and the items of one assessment belong together; two totals or two sets of items do not."""
    seen: dict[tuple[Any, ...], AssessmentMap] = {}
    for made in kept:
        key = (*score_key(made, codebook), made.timepoint, made.weeks)
        parts = [part for part, named in (("total", made.total), ("items", made.items)) if named]
        other = next((seen[(*key, part)] for part in parts if (*key, part) in seen), None)
        if other is not None:
            said = {"where": made.place, "other": other.place}
            entries.findings.add("assessment_twice", STUDY_YAML, made.instrument, made.total, said=said)
        for part in parts:
            seen.setdefault((*key, part), made)


def check_order(times: list[tuple[str | None, float | None]], findings: Findings, file: str) -> None:
    """Weeks must rise from baseline over interim and post to follow-up."""
    weeks = {name: [w for t, w in times if t == name and w is not None] for name in TIMES}
    for position, earlier in enumerate(TIMES):
        for later in TIMES[position + 1 :]:
            if weeks[earlier] and weeks[later] and max(weeks[earlier]) >= min(weeks[later]):
                said = {"earlier": earlier, "later": later}
                findings.add("visits_out_of_order", file, None, said=said)
