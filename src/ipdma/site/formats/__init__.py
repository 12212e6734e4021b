"""The one door to files of trials: text, Excel, SPSS, Stata and SAS. The readers behind it load only when
met."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from ipdma.errors import ReadError, nearest
from ipdma.site.formats.header_rows import look_at_rows
from ipdma.site.table import Table

LARGEST_MB = 50
READERS = {
    ".csv": "text",
    ".tsv": "text",
    ".txt": "text",
    ".xlsx": "workbook",
    ".sav": "spss",
    ".zsav": "spss",
    ".dta": "stata",
    ".sas7bdat": "sas",
}
NEEDS = {"sas": "pyreadstat"}
SIGNATURES = (
    (b"PK\x03\x04", ".xlsx", "an Excel workbook (.xlsx) or another zip file"),
    (
        b"\xd0\xcf\x11\xe0",
        ".xls",
        "an old Excel workbook (.xls) or one with a password; save it as .xlsx or CSV",
    ),
    (b"$FL2", ".sav", "an SPSS file (.sav)"),
    (b"$FL3", ".sav", "an SPSS file (.zsav)"),
    (b"<stata_dta>", ".dta", "a Stata file (.dta)"),
    (b"%PDF", ".pdf", "a PDF document"),
    (b"\x89PNG", ".png", "a picture"),
    (b"\x1f\x8b", ".gz", "a compressed file (.gz); unpack it first"),
)
WEB_PAGE = (b"<html", b"<!doctype", b"<?xml", b"<table")


@dataclass(frozen=True)
class ReadOptions:
    """What `source` says about how the file is written; None is auto."""

    sheet: str | None = None
    encoding: str | None = None
    separator: str | None = None


def read_table(path: Path, options: ReadOptions, name: str | None = None) -> Table:
    """Read a trial's file, every cell as text.

    Parameters
    ----------
    path : Path
        The file; its ending says what it is, its first bytes must agree.
    options : ReadOptions
        What study.yaml declares.
    name : str, optional
        How findings call the file; its own name by default.

    Returns
    -------
    Table

    Raises
    ------
    ReadError
        No such file, an ending that is not known, another type under this ending, too large, truncated.
    """
    name = name or path.name
    kind = reader_for(path, name)
    check_size(path, name)
    check_signature(path, name)
    try:
        table = import_module(f"ipdma.site.formats.{kind}").read(path, options, name)
    except ImportError:
        package = NEEDS.get(kind, kind)
        raise ReadError(
            f"{name}: reading {path.suffix} files needs the package {package}, which is not installed here. "
            f"Save the file as CSV (UTF-8) and name that in study.yaml, or run: pip install {package}"
        ) from None
    if kind != "statistics":
        look_at_rows(table)
    if not table.rows:
        raise ReadError(
            f"{name}: there is a header but not one data row{elsewhere(table)}; "
            "export the file again with its data"
        )
    return table


def elsewhere(table: Table) -> str:
    """Which sheet was read, where the workbook has others with columns."""
    others = [f"'{other.name}'" for other in table.other_sheets if len(other.names) > 1]
    if not others:
        return ""
    return (
        f" on the sheet '{table.sheet}'; name the right one as `sheet:` in study.yaml "
        f"(the workbook also has {', '.join(others)})"
    )


def reader_for(path: Path, name: str) -> str:
    """Which reader this ending calls for."""
    suffix = path.suffix.lower()
    try:
        there = path.exists()
    except OSError as error:
        raise ReadError(
            f"`source.file` in study.yaml names no file that can be opened ({error.strerror})"
        ) from None
    if not there:
        others = sorted(p.name for p in path.parent.iterdir() if p.is_file()) if path.parent.is_dir() else []
        raise ReadError(
            f"{name}: there is no such file{nearest(path.name, others)} (check `source.file` in study.yaml)"
        )
    if path.is_dir():
        raise ReadError(f"{name}: this is a folder; `source.file` must name a file")
    if suffix not in READERS:
        raise ReadError(
            f"{name}: files ending in '{suffix}' cannot be read; save it as one of {', '.join(READERS)}"
        )
    return READERS[suffix]


def check_size(path: Path, name: str) -> None:
    """Refuse what is empty, and what is too large to be one trial's data and would fill the memory."""
    try:
        size = path.stat().st_size
        with path.open("rb"):
            pass
    except OSError as error:
        raise ReadError(f"{name}: cannot be opened ({error.strerror})") from None
    if size == 0:
        raise ReadError(f"{name}: the file is empty (0 bytes); export it again")
    if size > LARGEST_MB * 1_000_000:
        raise ReadError(too_large(name, size))


def too_large(name: str, size: int) -> str:
    """What is said of a file of so many bytes."""
    return (
        f"{name}: {size / 1e6:.0f} MB is more than the {LARGEST_MB} MB that a trial's file may have "
        "(larger ones are not read, so that the memory stays below about 2 GB); "
        "export only the columns that study.yaml names"
    )


def check_signature(path: Path, name: str) -> None:
    """The first bytes of the file must not contradict its ending."""
    with path.open("rb") as stream:
        start = stream.read(32)
    suffix = path.suffix.lower().replace(".zsav", ".sav")
    if start.lstrip(b"\xef\xbb\xbf \r\n").lower().startswith(WEB_PAGE):
        raise ReadError(
            f"{name}: the name ends in {path.suffix} but the content is a web page or XML; "
            "save it as CSV (UTF-8)"
        )
    for signature, ending, what in SIGNATURES:
        if start.startswith(signature) and ending != suffix:
            raise ReadError(
                f"{name}: the name ends in {path.suffix} but the content is {what}; give it its right name"
            )
    wanted = {".xlsx": b"PK\x03\x04", ".sav": b"$FL"}.get(suffix)
    if wanted and not start.startswith(wanted):
        raise ReadError(
            f"{name}: the name ends in {path.suffix} but the content is not of that type; "
            "give it its right name, or save it again from the program that made it"
        )
