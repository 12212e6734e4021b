"""`ipdma codebook`: the target variables and instruments, in the form that the reader needs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ipdma.codebook import Codebook, load_codebook
from ipdma.codebook.exports import TEXT_EXPORTS
from ipdma.codebook.exports.rows import codebook_sheets
from ipdma.errors import ReadError, nearest
from ipdma.harmless import for_terminal
from ipdma.writing import write_file, write_files

DESCRIPTION = (
    "Write the codebook: target variables, instruments and how they are scored, severity bands, crosswalks."
)
EXAMPLES = """\
examples:
  ipdma codebook --format html --out docs          docs/codebook.html, one page to read
  ipdma codebook --format redcap > dictionary.csv  a REDCap data dictionary, 18 columns
  ipdma codebook --format xlsx,table-schema --out schemas
                                                   a workbook, and Table Schemas for frictionless
  ipdma codebook --codebook trials/MUC2008/codebook --format html --out docs
                                                   with the instruments of a folder beside the built-in ones

formats: html, xlsx, table-schema, json-schema, redcap, markdown; several are parted by commas
"""
FORMATS = (*TEXT_EXPORTS, "xlsx")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--format", metavar="F,...", action="append", help=f"of {', '.join(FORMATS)}; default html"
    )
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        help="folder to write to (or a file, for one format); without it the text goes to the screen",
    )
    parser.add_argument(
        "--codebook",
        metavar="DIR",
        type=Path,
        action="append",
        default=[],
        help="a folder with definitions of one's own",
    )


def run(options: argparse.Namespace) -> int:
    """Write the formats."""
    formats = wanted_formats(options.format)
    codebook = load_codebook(options.codebook)
    files: dict[str, bytes] = {}
    first = {}
    for name in formats:
        made = export(name, codebook)
        first[name] = next(iter(made.values()))
        files.update(made)
    if options.out is None:
        return to_screen(first)
    if len(formats) == 1 and options.out.suffix and not options.out.is_dir():
        write_file(options.out, first[formats[0]])
        print(for_terminal(f"wrote {options.out}"))
        return 0
    write_files(options.out, files)
    print(for_terminal(f"wrote {len(files)} file{'s' if len(files) > 1 else ''} to {options.out}"))
    return 0


def wanted_formats(given: list[str] | None) -> list[str]:
    """The formats that were asked for, each once."""
    words = [word.strip() for part in given or ["html"] for word in part.replace("|", ",").split(",")]
    unknown = [word for word in words if word not in FORMATS]
    if unknown:
        hint = nearest(unknown[0], FORMATS) or f"; formats: {', '.join(FORMATS)}"
        raise ReadError(f"--format: '{unknown[0]}' is not a format{hint}")
    return list(dict.fromkeys(words))


def export(name: str, codebook: Codebook) -> dict[str, bytes]:
    """The files of one format."""
    if name in TEXT_EXPORTS:
        return {file: text.encode() for file, text in TEXT_EXPORTS[name](codebook).items()}
    from ipdma.site.formats.workbook_writer import SheetPlan, write_workbook

    sheets = [SheetPlan(sheet.title, sheet.header, sheet.rows) for sheet in codebook_sheets(codebook)]
    return {"codebook.xlsx": write_workbook(sheets)}


def to_screen(first: dict[str, bytes]) -> int:
    """One text format on the screen."""
    if len(first) > 1 or "xlsx" in first:
        raise ReadError("--out DIR is needed for a workbook and for more than one format")
    sys.stdout.write(next(iter(first.values())).decode())
    return 0
