"""The `variables` of a study.yaml: one closed verb each, its codes and units judged against the codebook."""

from __future__ import annotations

from typing import Any

from ipdma.codebook import Codebook, Variable
from ipdma.site.codes import code_key, parse_number
from ipdma.site.entries import STUDY_YAML, Entries, match_word
from ipdma.site.study_file import VERBS, Arm, StudyFile, VariableMap
from ipdma.site.units import known_units

KEYS = (*VERBS, "values", "missing", "unit")
UNDECIDED = ("?", "??", "to do")
EXTRAS = ("values", "missing", "unit")
GOES_WITH = {"from": EXTRAS, "first_of": EXTRAS, "days_between": ("missing",)}


def read_variables(
    value: Any, file: StudyFile, codebook: Codebook, entries: Entries
) -> dict[str, VariableMap]:
    """Read all variables; report required ones that are missing and others that nothing is said about."""
    given = entries.mapping("variables", value)
    read: dict[str, VariableMap] = {}
    for name, entry in given.items():
        if name not in codebook.variables:
            entries.unknown("unknown_variable", "variables", name, codebook.variables, name)
            continue
        made = read_variable(codebook.variables[name], entry, file, entries)
        if made is not None:
            read[name] = made
    undecided = [
        name for name, made in read.items() if made.verb == "not_collected" and made.why in UNDECIDED
    ]
    if undecided:
        said = {"names": ", ".join(undecided)}
        entries.findings.add("reason_missing", STUDY_YAML, said=said, count=len(undecided), of=len(undecided))
    for name, variable in codebook.variables.items():
        if name in given:
            continue
        problem = "required_unmapped" if is_required(variable) else "unmapped_variable"
        entries.findings.add(
            problem, STUDY_YAML, name, said={"what": f"variables.{name}", "label": variable.label}
        )
    return read


def is_required(variable: Variable) -> bool:
    """Participant, arm, and what a codebook folder declares as required."""
    return variable.required or variable.name in ("participant", "arm")


def read_variable(variable: Variable, entry: Any, file: StudyFile, entries: Entries) -> VariableMap | None:
    """One variable's verb with its codes, missing codes and unit; None where it cannot be used."""
    name, where = variable.name, f"variables.{variable.name}"
    if not isinstance(entry, dict):
        entries.fault(where, "expected one verb, as {from: COLUMN} or {not_collected: why}", name)
        return None
    entries.keys(where, entry, KEYS, name)
    verbs = [verb for verb in VERBS if verb in entry]
    if len(verbs) != 1:
        found = " and ".join(verbs) or "none"
        entries.fault(where, f"needs exactly one verb of {', '.join(VERBS)}; found {found}", name)
        return None
    verb = verbs[0]
    extra = [key for key in EXTRAS if key in entry and key not in GOES_WITH.get(verb, ())]
    if extra:
        entries.fault(where, f"`{extra[0]}` does not go with `{verb}`", name)
    made = read_verb(variable, verb, entry, file, entries)
    if made is not None and verb == "not_collected" and is_required(variable):
        entries.findings.add(
            "required_unmapped", STUDY_YAML, name, said={"what": where, "label": variable.label}
        )
        return None
    return made


def read_verb(
    variable: Variable, verb: str, entry: dict[str, Any], file: StudyFile, entries: Entries
) -> VariableMap | None:
    """The parts that belong to this verb."""
    name, where = variable.name, f"variables.{variable.name}"
    if verb in ("row_number", "not_collected"):
        why = entries.text(f"{where}.{verb}", entry[verb], name)
        if not why:
            entries.fault(where, f"`{verb}:` needs a reason, in words", name)
        if verb == "row_number" and variable.type != "identifier":
            entries.fault(where, "row_number makes identifiers alone; use it for participant", name)
            return None
        if verb == "row_number" and file.long:
            entries.fault(
                where,
                "in a long file a participant has several rows, so a row number identifies nobody",
                name,
            )
            return None
        return VariableMap(name, verb, why=why or "")
    if verb == "constant":
        constant = read_target(variable, where, entry[verb], file.arms, entries)
        return VariableMap(name, verb, constant=constant) if constant is not None else None
    columns = read_columns(where, verb, entry[verb], name, entries)
    if columns is None:
        return None
    if verb == "days_between" and (variable.type != "number" or variable.unit not in known_units(None)):
        entries.fault(where, "days_between makes an age or a duration alone", name)
        return None
    before = len(entries.findings.all)
    unit = read_unit(variable, entry, entries)
    if len(entries.findings.all) > before:
        return None  # in an unknown unit no cell can be judged
    return VariableMap(
        name,
        verb,
        columns=columns,
        values=read_values(variable, entry, file.arms, entries),
        missing=read_own_missing(variable, entry, entries),
        unit=unit,
    )


def read_columns(where: str, verb: str, value: Any, name: str, entries: Entries) -> tuple[str, ...] | None:
    """The column or columns that a verb names."""
    if verb == "from":
        column = entries.text(f"{where}.from", value, name)
        if not column:
            entries.fault(where, "`from:` names no column", name)
        return (column,) if column else None
    columns = [
        entries.text(f"{where}.{verb}", each, name)
        for each in entries.listing(f"{where}.{verb}", value, name)
    ]
    named = tuple(column for column in columns if column)
    if verb == "days_between" and len(named) != 2:
        entries.fault(where, "days_between names two date columns, as [birth_date, entry_date]", name)
        return None
    if not named:
        entries.fault(where, f"`{verb}:` names no column", name)
    return named or None


def read_values(
    variable: Variable, entry: dict[str, Any], arms: dict[str, Arm], entries: Entries
) -> dict[str, str] | None:
    """Codes and the words they stand for; None where the variable names none."""
    where = f"variables.{variable.name}.values"
    if entry.get("values") is None:
        return None
    if variable.type == "identifier":
        entries.fault(where, "identifiers are never changed; leave `values` out", variable.name)
        return None
    given = entries.mapping(where, entry["values"], variable.name)
    entries.distinct(where, given, variable.name)
    read = {
        code: read_target(variable, f"{where}.{code}", word, arms, entries) for code, word in given.items()
    }
    own = {code_key(code) for code in entries.missing(where, entry.get("missing"), variable.name)}
    for code in given:
        if code_key(code) in own:
            said = {"where": where, "word": code, "other": code}
            entries.findings.add("code_twice", STUDY_YAML, variable.name, said=said)
    # a code whose word is wrong stays listed: the word is the fault, not the cells
    return {code: word or "" for code, word in read.items()}


def read_target(
    variable: Variable, where: str, value: Any, arms: dict[str, Arm], entries: Entries
) -> str | None:
    """A word that the variable can take."""
    word = entries.text(where, value, variable.name)
    if word is None:
        entries.fault(where, "is empty", variable.name)
        return None
    if variable.type == "arm":
        found = match_word(word, arms)
        if found is None:
            entries.unknown("undeclared_arm", where, word, arms, "arm")
        return found
    if variable.levels:
        found = match_word(word, variable.levels)
        if found is None:
            entries.unknown("unknown_word", where, word, variable.levels, variable.name)
        return found
    if variable.type == "number":
        number = parse_number(word)
        if number is None or (variable.range and not variable.range.contains(number)):
            entries.unknown("unknown_word", where, word, [str(variable.range or "a number")], variable.name)
            return None
    return word


def read_own_missing(variable: Variable, entry: dict[str, Any], entries: Entries) -> dict[str, str]:
    """The variable's own missing codes; an identifier or an arm is never missing."""
    where = f"variables.{variable.name}.missing"
    if entry.get("missing") is not None and variable.type in ("identifier", "arm"):
        entries.fault(
            where,
            "an identifier or an arm is never missing; correct the file, or use keep_rows",
            variable.name,
        )
        return {}
    missing = entries.missing(where, entry.get("missing"), variable.name)
    entries.distinct(where, missing, variable.name)
    return missing


def read_unit(variable: Variable, entry: dict[str, Any], entries: Entries) -> str | None:
    """A unit that can be turned into the target's."""
    where = f"variables.{variable.name}.unit"
    unit = entries.text(where, entry.get("unit"), variable.name)
    if unit is None:
        return None
    known = known_units(variable)
    found = match_word(unit, known)
    if found is None:
        entries.unknown("unknown_unit", where, unit, known or ["none"], variable.name)
    return found
