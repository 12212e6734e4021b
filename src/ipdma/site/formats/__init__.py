"""The one door to files of trials: text, Excel, SPSS, Stata and SAS.

The readers behind it load only when met.

To add a format: write its reader `site/formats/<name>.py`, give its ending a line in `FORMATS`, and name the
ending in `docs/interface/upload.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from ipdma.errors import ReadError, nearest
from ipdma.site.formats.header_rows import look_at_rows
from ipdma.site.table import Table

LARGEST_MB = 50


@dataclass(frozen=True)
class Format:
    """What the files of one ending are.

    Attributes
    ----------
    reader : str
        The file of this folder that reads them, with `read(path, options, name) -> Table`.
    starts : bytes
        Their first bytes; empty where these tell nothing.
    called : str
        How a sentence names what starts so.
    every : bool
        Whether every such file starts so.
    program : str
        Whose dates the numbers in them may be, as `site.date_numbers` names it.
    needs : str
        A package that must be installed; empty: none.
    """

    reader: str
    starts: bytes = b""
    called: str = ""
    every: bool = True
    program: str = ""
    needs: str = ""


FORMATS = {
    ".csv": Format("text"),
    ".tsv": Format("text"),
    ".txt": Format("text"),
    ".xlsx": Format(
        "workbook", b"PK\x03\x04", "an Excel workbook (.xlsx) or another zip file", program="Excel"
    ),
    ".sav": Format("spss", b"$FL2", "an SPSS file (.sav)", program="SPSS"),
    ".zsav": Format("spss", b"$FL3", "an SPSS file (.zsav)", program="SPSS"),
    ".dta": Format("stata", b"<stata_dta>", "a Stata file (.dta)", every=False, program="Stata"),
    ".sas7bdat": Format("sas", program="SAS", needs="pyreadstat"),
}
NOT_READ = (
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls) or one with a password; save it as .xlsx or CSV"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture"),
    (b"\x1f\x8b", "a compressed file (.gz); unpack it first"),
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
    found = format_of(path, name)
    check_size(path, name)
    check_signature(path, found, name)
    try:
        table = import_module(f"ipdma.site.formats.{found.reader}").read(path, options, name)
    except ImportError:
        package = found.needs or found.reader
        raise ReadError(
            f"{name}: reading {path.suffix} files needs the package {package}, which is not installed here. "
            f"Save the file as CSV (UTF-8) and name that in study.yaml, or run: pip install {package}"
        ) from None
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


def is_text(name: str) -> bool:
    """Whether a file of this name is read as text."""
    found = FORMATS.get(Path(name).suffix.lower())
    return found is not None and found.reader == "text"


def format_of(path: Path, name: str) -> Format:
    """What the ending says that a file is.

    Raises
    ------
    ReadError
        No such file, a folder, an ending that is not known.
    """
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
    if suffix not in FORMATS:
        raise ReadError(
            f"{name}: files ending in '{suffix}' cannot be read; save it as one of {', '.join(FORMATS)}"
        )
    return FORMATS[suffix]


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


def check_signature(path: Path, wanted: Format, name: str) -> None:
    """The first bytes of the file must not contradict its ending.

    Raises
    ------
    ReadError
        They are those of another format, or not those that every file of this one has.
    """
    with path.open("rb") as stream:
        start = stream.read(32)
    if start.lstrip(b"\xef\xbb\xbf \r\n").lower().startswith(WEB_PAGE):
        raise ReadError(
            f"{name}: the name ends in {path.suffix} but the content is a web page or XML; "
            "save it as CSV (UTF-8)"
        )
    others = [(f.starts, f.called) for f in FORMATS.values() if f.starts and f.reader != wanted.reader]
    for signature, what in (*others, *NOT_READ):
        if start.startswith(signature):
            raise ReadError(
                f"{name}: the name ends in {path.suffix} but the content is {what}; give it its right name"
            )
    own = tuple(f.starts for f in FORMATS.values() if f.reader == wanted.reader and f.starts and f.every)
    if own and not start.startswith(own):
        raise ReadError(
            f"{name}: the name ends in {path.suffix} but the content is not of that type; "
            "give it its right name, or save it again from the program that made it"
        )
