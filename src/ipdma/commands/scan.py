"""`ipdma scan`: a first draft of the mapping from a file's names and labels."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from ipdma.errors import ReadError
from ipdma.harmless import for_terminal
from ipdma.privacy.wording import points_at
from ipdma.site.formats import ReadOptions
from ipdma.site.scan import scan_file
from ipdma.writing import write_file

DESCRIPTION = (
    "Draft a study.yaml from the column names and labels of a trial's file. "
    "The draft holds no value that points at a person: it can be mailed."
)
EXAMPLES = """\
examples:
  ipdma scan trials/MUC2008/muc2008.sav --out trials/MUC2008/study.yaml
  ipdma scan data.xlsx --sheet baseline            the draft on the screen
  ipdma scan data.csv --block remarks,diary --out study.yaml
                                                   two columns are not even looked at

Then: ipdma check FOLDER says what is still to do.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("file", metavar="FILE", type=Path, help="the trial's file")
    parser.add_argument(
        "--out", metavar="study.yaml", type=Path, help="where to write; the screen by default"
    )
    parser.add_argument("--sheet", help="sheet of an .xlsx file; the first by default")
    parser.add_argument("--encoding", help="of a text file, as cp1252")
    parser.add_argument("--separator", help="of a text file, as ';'")
    parser.add_argument("--block", metavar="COLUMN,...", default="", help="columns that are not looked at")
    parser.add_argument("--force", action="store_true", help="replace a study.yaml that is there")


def run(options: argparse.Namespace) -> int:
    """Draft and write."""
    out: Path | None = options.out
    if out is not None and out.is_dir():
        out = out / "study.yaml"
    if out is not None and out.exists() and not options.force:
        raise ReadError(f"{out}: is there already; choose another name, or --force to replace it")
    blocked = tuple(word.strip() for word in options.block.split(",") if word.strip())
    reading = ReadOptions(options.sheet, options.encoding, options.separator)
    text = scan_file(options.file, name_in_draft(options.file, out), reading, blocked)
    if out is None:
        sys.stdout.write(for_terminal(text))
        return 0
    write_file(out, text)
    print(for_terminal(f"wrote {out}; read it, then run: ipdma check {out.parent}"))
    if not (out.parent / name_in_draft(options.file, out)).exists():
        print("put the trial's file beside it first: the draft names no other folder")
    return 0


def name_in_draft(file: Path, out: Path | None) -> str:
    """The file as a draft that is mailed may name it: below the draft's folder, else by its name alone."""
    if out is None:
        return file.name
    try:
        way = Path(os.path.relpath(file, out.parent))
    except ValueError:  # another drive
        return file.name
    tells = ".." in way.parts or any(points_at(part) for part in way.parts[:-1])
    return file.name if tells else way.as_posix()
