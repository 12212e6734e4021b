"""The mapping as sheets of a workbook, and back: study.yaml -> sheets -> study.yaml is equal as data.

Each part of study.yaml has a sheet with a row per entry. Whatever does not fit its sheet (an unknown key, a
deeper structure) goes to the sheet `other` as a path and JSON, so that nothing is lost on the way.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ipdma.codebook import Codebook
from ipdma.errors import ReadError, nearest
from ipdma.site.study_file import VERBS
from ipdma.site.template_cells import read_cell, read_word, write_cell, write_word

VERSION = "ipdma_study"
STUDY_KEYS = ("id", "country", "year", "randomised")
SOURCE_KEYS = ("file", "sheet", "encoding", "separator", "decimal", "dates", "missing", "layout")
NESTED_KEYS = ("visit.column", "keep_rows.column", "keep_rows.equals", "keep_rows.why")
ARM_KEYS = ("condition", "label", "randomised")
VISIT_KEYS = ("timepoint", "weeks", "ignore")
EXTRA_KEYS = ("values", "missing", "unit")
SCORE_KEYS = ("instrument", "timepoint", "weeks", "total", "items", "missing", "scoring", "rating", "convert")
CONFIRMED_KEYS = ("code", "variable", "n", "why", "by", "on")
PLACES = ("arm", "variable", "timepoint", "statistic")
HEADERS: dict[str, tuple[str, ...]] = {
    "study": ("key", "value"),
    "source": ("key", "value"),
    "visits": ("code", *VISIT_KEYS),
    "arms": ("arm", *ARM_KEYS),
    "variables": ("variable", "about", "verb", "column or text", *EXTRA_KEYS),
    "assessments": SCORE_KEYS,
    "published": (*PLACES, "value"),
    "confirmed": CONFIRMED_KEYS,
    "other": ("path", "json"),
}
EMPTY: dict[str, Any] = {
    "study": {},
    "source": {},
    "arms": {},
    "variables": {},
    "assessments": [],
    "confirmed": [],
}


@dataclass
class Sheets:
    """Rows of text by sheet."""

    rows: dict[str, list[list[str]]] = field(default_factory=lambda: {name: [] for name in HEADERS})

    def add(self, sheet: str, *cells: str | None) -> None:
        """One row."""
        self.rows[sheet].append(["" if cell is None else cell for cell in cells])

    def other(self, path: Sequence[str], value: Any) -> None:
        """What fits no sheet."""
        self.add("other", json.dumps(list(path), ensure_ascii=True), json.dumps(value, ensure_ascii=True))


def to_sheets(content: Mapping[str, Any], codebook: Codebook) -> dict[str, list[list[str]]]:
    """A study.yaml as sheets.

    Parameters
    ----------
    content : mapping
        As `read_text_mapping` gives it; may be empty, for a blank template.
    codebook : Codebook
        Its variables get a row each, also those that the mapping does not name.

    Returns
    -------
    dict of str to list of rows
        One entry per sheet of `HEADERS`, without the headers.
    """
    sheets = Sheets()
    version = content.get(VERSION) if content else "1"
    if isinstance(version, str):
        sheets.add("study", VERSION, write_word(version))
    for key, value in content.items():
        if key == VERSION and isinstance(value, str):
            continue
        if key in WRITERS and isinstance(value, type(EMPTY.get(key, {}))) and value:
            WRITERS[key](value, sheets)
        else:
            sheets.other([key], value)
    fill_up(sheets, codebook)
    return sheets.rows


def write_keyed(sheet: str, known: Sequence[str], value: dict[str, Any], sheets: Sheets) -> None:
    """Rows of key and value; a key that is not known or a value that no cell holds goes to `other`."""
    for key, entry in value.items():
        cell = write_cell(entry)
        if key in known and cell is not None:
            sheets.add(sheet, key, cell)
        else:
            sheets.other([sheet, key], entry)


def write_source(value: dict[str, Any], sheets: Sheets) -> None:
    """The source; `visit` and `keep_rows` are laid flat."""
    flat = dict(value)
    visit, keep = flat.get("visit"), flat.get("keep_rows")
    if isinstance(visit, dict) and fits_visit(visit):
        del flat["visit"]
        sheets.add("source", "visit.column", write_cell(visit["column"]))
        write_rows("visits", VISIT_KEYS, visit["values"], sheets)
    if isinstance(keep, dict) and keep and set(keep) <= {"column", "equals", "why"}:
        cells = {key: write_cell(entry) for key, entry in keep.items()}
        if None not in cells.values():
            del flat["keep_rows"]
            for key, cell in cells.items():
                sheets.add("source", f"keep_rows.{key}", cell)
    write_keyed("source", SOURCE_KEYS, flat, sheets)


def fits_visit(visit: dict[str, Any]) -> bool:
    """Whether a visit has a column and rows, and nothing else."""
    complete = set(visit) == {"column", "values"} and isinstance(visit["column"], str)
    return complete and bool(visit["values"]) and fit_rows(visit["values"], VISIT_KEYS)


def fit_rows(value: Any, keys: Sequence[str]) -> bool:
    """Whether every entry is a row of words under these keys."""
    return isinstance(value, dict) and all(
        isinstance(entry, dict) and entry and set(entry) <= set(keys) and all(map(fits, entry.values()))
        for entry in value.values()
    )


def fits(value: Any) -> bool:
    """Whether a cell can hold this value."""
    return write_cell(value) is not None


def write_rows(sheet: str, keys: Sequence[str], value: dict[str, Any], sheets: Sheets) -> None:
    """A row per entry of a mapping of mappings."""
    for name, entry in value.items():
        if fit_rows({name: entry}, keys):
            cells = [write_cell(entry[key]) if key in entry else "" for key in keys]
            sheets.add(sheet, write_word(name), *cells)
        else:
            sheets.other([sheet, name], entry)


def write_variables(value: dict[str, Any], sheets: Sheets) -> None:
    """A row per variable with one verb."""
    for name, entry in value.items():
        verbs = [verb for verb in VERBS if isinstance(entry, dict) and verb in entry]
        if len(verbs) == 1 and fit_rows({name: entry}, (*verbs, *EXTRA_KEYS)):
            extras = [write_cell(entry[key]) if key in entry else "" for key in EXTRA_KEYS]
            sheets.add("variables", write_word(name), "", verbs[0], write_cell(entry[verbs[0]]), *extras)
        else:
            sheets.other(["variables", name], entry)


def write_listed(sheet: str, keys: Sequence[str], value: list[Any], sheets: Sheets) -> None:
    """A row per entry of a list; where one does not fit, the whole list goes to `other`, in its order."""
    if not all(fit_rows({"": entry}, keys) for entry in value):
        sheets.other([sheet], value)
        return
    for entry in value:
        sheets.add(sheet, *[write_cell(entry[key]) if key in entry else "" for key in keys])


def write_published(value: dict[str, Any], sheets: Sheets) -> None:
    """A row per printed number."""
    for key, entry in value.items():
        if key == "reference" and fits(entry):
            sheets.add("published", "", "", "", "reference", write_cell(entry))
        elif key == "arms" and isinstance(entry, dict) and entry:
            for arm, numbers in entry.items():
                write_numbers([arm], numbers, sheets)
        else:
            sheets.other(["published", key], entry)


def write_numbers(path: list[str], value: Any, sheets: Sheets) -> None:
    """The numbers below one place: arm, then variable, then time point."""
    if isinstance(value, dict) and value and len(path) < len(PLACES):
        for key, entry in value.items():
            write_numbers([*path, key], entry, sheets)
    elif len(path) > 1 and fits(value):
        *places, statistic = [write_word(name) for name in path]
        sheets.add("published", *places, *[""] * (3 - len(places)), statistic, write_cell(value))
    else:
        sheets.other(["published", "arms", *path], value)


WRITERS: dict[str, Any] = {
    "study": lambda value, sheets: write_keyed("study", STUDY_KEYS, value, sheets),
    "source": write_source,
    "arms": lambda value, sheets: write_rows("arms", ARM_KEYS, value, sheets),
    "variables": write_variables,
    "assessments": lambda value, sheets: write_listed("assessments", SCORE_KEYS, value, sheets),
    "published": write_published,
    "confirmed": lambda value, sheets: write_listed("confirmed", CONFIRMED_KEYS, value, sheets),
}


def fill_up(sheets: Sheets, codebook: Codebook) -> None:
    """Blank rows for what a person may want to say, and a word about each variable."""
    for sheet, known in (("study", STUDY_KEYS), ("source", (*SOURCE_KEYS, *NESTED_KEYS))):
        there = {row[0] for row in sheets.rows[sheet]}
        sheets.rows[sheet] += [[key, ""] for key in known if key not in there]
    there = {row[0] for row in sheets.rows["variables"]}
    width = len(HEADERS["variables"])
    sheets.rows["variables"] += [
        [name, *[""] * (width - 1)] for name in codebook.variables if name not in there
    ]
    for row in sheets.rows["variables"]:
        variable = codebook.variables.get(row[0])
        if variable:
            levels = f": {', '.join(variable.levels)}" if variable.levels else ""
            unit = f" ({variable.unit})" if variable.unit else ""
            row[1] = f"{variable.label}{unit}{levels}{' (required)' if variable.required else ''}"


def from_sheets(rows: Mapping[str, Sequence[Sequence[str]]]) -> dict[str, Any]:
    """The study.yaml that sheets hold.

    Parameters
    ----------
    rows : mapping of str to rows
        As `to_sheets` gives them, or as a person filled them in; rows without content are passed over.

    Raises
    ------
    ReadError
        With every cell that cannot be understood.
    """
    faults: list[str] = []
    content: dict[str, Any] = {}
    for sheet, header in HEADERS.items():
        for at, row in enumerate(rows.get(sheet, ()), start=2):
            cells = dict(zip(header, [*row, *[""] * len(header)], strict=False))
            if any(cell.strip() for name, cell in cells.items() if name != "about"):
                try:
                    READERS[sheet](cells, f"sheet {sheet}, row {at}", content)
                except ReadError as error:
                    faults.append(f"{error} (cell {cell_of(str(error), header)}{at})")
    if faults:
        raise ReadError("\n".join(faults))
    return content


def cell_of(said: str, header: Sequence[str]) -> str:
    """The letter of the column that a fault of a row is about; its first where it names none."""
    place = said.partition(": ")[0]
    named = [name for name in header if place.endswith(f", {name}")]
    if not named and "is not a verb" in said:
        named = ["verb"]
    if not named and "needs a column or text" in said:
        named = ["column or text"]
    return chr(ord("A") + (list(header).index(named[0]) if named else 0))


def given(cells: dict[str, str], keys: Sequence[str], where: str) -> dict[str, Any]:
    """The filled cells under their keys."""
    return {key: read_cell(cells[key], f"{where}, {key}") for key in keys if cells[key].strip()}


def read_keyed(sheet: str, cells: dict[str, str], where: str, content: dict[str, Any]) -> None:
    """A row of key and value; a blank value says nothing."""
    key = cells["key"].strip()
    if not cells["value"].strip():
        return
    value = read_cell(cells["value"], where)
    if sheet == "study" and key == VERSION:
        content[VERSION] = value
        return
    target = content.setdefault(sheet, {})
    for part in key.split(".")[:-1] if key in NESTED_KEYS else ():
        target = target.setdefault(part, {})
    put(target, key.rpartition(".")[2] if key in NESTED_KEYS else key, value, where)


def put(target: dict[str, Any], key: str, value: Any, where: str) -> None:
    """Set a key that must not be there yet."""
    if key in target:
        raise ReadError(f"{where}: '{key}' occurs twice")
    target[key] = value


def read_rows(
    sheet: str, keys: Sequence[str], cells: dict[str, str], where: str, content: dict[str, Any]
) -> None:
    """A named row."""
    name = read_word(next(iter(cells.values()))) or ""
    put(content.setdefault(sheet, {}), name, given(cells, keys, where), where)


def read_visit(cells: dict[str, str], where: str, content: dict[str, Any]) -> None:
    """A visit's row."""
    values = content.setdefault("source", {}).setdefault("visit", {}).setdefault("values", {})
    put(values, read_word(cells["code"]) or "", given(cells, VISIT_KEYS, where), where)


def read_variable(cells: dict[str, str], where: str, content: dict[str, Any]) -> None:
    """A variable's row; one without a verb, text or codes says nothing."""
    verb, text = cells["verb"].strip(), cells["column or text"]
    extras = given(cells, EXTRA_KEYS, where)
    if not verb and not text.strip() and not extras:
        return
    if verb not in VERBS:
        hint = nearest(verb, VERBS)
        raise ReadError(f"{where}: '{verb}' is not a verb; one of {', '.join(VERBS)}{hint}")
    if not text.strip():
        raise ReadError(f"{where}: `{verb}` needs a column or text beside it")
    name = read_word(cells["variable"]) or ""
    put(content.setdefault("variables", {}), name, {verb: read_cell(text, where), **extras}, where)


def read_listed(
    sheet: str, keys: Sequence[str], cells: dict[str, str], where: str, content: dict[str, Any]
) -> None:
    """An entry of a list."""
    content.setdefault(sheet, []).append(given(cells, keys, where))


def read_published(cells: dict[str, str], where: str, content: dict[str, Any]) -> None:
    """A printed number."""
    target = content.setdefault("published", {})
    path = [read_word(cells[place]) or "" for place in PLACES if cells[place].strip()]
    if cells["arm"].strip():
        target = target.setdefault("arms", {})
    for part in path[:-1]:
        target = target.setdefault(part, {})
    if not path or not isinstance(target, dict):
        raise ReadError(f"{where}: say arm, variable, time point and statistic")
    put(target, path[-1], read_cell(cells["value"], where), where)


def read_other(cells: dict[str, str], where: str, content: dict[str, Any]) -> None:
    """What fitted no sheet."""
    try:
        path, value = json.loads(cells["path"]), json.loads(cells["json"])
        *parents, last = path
        target = content
        for part in parents:
            target = target.setdefault(part, {})
        # a part that was empty may have been filled in since
        if value or not target.get(last):
            target[last] = value
    except (ValueError, AttributeError, TypeError):
        raise ReadError(f"{where}: this sheet is for the program alone; take back what was there") from None


READERS: dict[str, Any] = {
    "study": lambda c, w, content: read_keyed("study", c, w, content),
    "source": lambda c, w, content: read_keyed("source", c, w, content),
    "visits": read_visit,
    "arms": lambda c, w, content: read_rows("arms", ARM_KEYS, c, w, content),
    "variables": read_variable,
    "assessments": lambda c, w, content: read_listed("assessments", SCORE_KEYS, c, w, content),
    "published": read_published,
    "confirmed": lambda c, w, content: read_listed("confirmed", CONFIRMED_KEYS, c, w, content),
    "other": read_other,
}
