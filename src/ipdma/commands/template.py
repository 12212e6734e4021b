"""`ipdma template`: the mapping as an Excel workbook for people who will not touch YAML, and back."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ipdma.codebook import Codebook, load_codebook
from ipdma.codebook.text_yaml import read_text_mapping
from ipdma.errors import IpdmaError, ReadError
from ipdma.harmless import for_terminal
from ipdma.site.formats import FORMATS, ReadOptions, read_table
from ipdma.site.scan_columns import inventory, look_at_all
from ipdma.site.template import from_sheets, to_sheets
from ipdma.site.yaml_text import write_yaml
from ipdma.writing import write_file, write_files

DESCRIPTION = (
    "Write a study's mapping as an Excel workbook with drop-down lists, or a workbook back as study.yaml."
)
EXAMPLES = """\
examples:
  ipdma template trials/MUC2008 --out MUC2008.xlsx     the mapping, or a blank one, as a workbook
  ipdma template trials/MUC2008 --from MUC2008.xlsx    back to trials/MUC2008/study.yaml
  ipdma template --from MUC2008.xlsx --out study.yaml  back to another file

Cells: `TAU`, lists as `-99; 999`, codes as `1 = male; 2 = female`. Comments do not make the trip;
a study.yaml that was there is kept as study.yaml.old.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("study_dir", metavar="STUDY_DIR", type=Path, nargs="?", help="folder of the study")
    parser.add_argument(
        "--out", metavar="F", type=Path, help="workbook to write (or study.yaml, with --from)"
    )
    parser.add_argument("--from", metavar="F.xlsx", dest="workbook", type=Path, help="workbook to read")


def run(options: argparse.Namespace) -> int:
    """Write the workbook, or the study.yaml."""
    return from_workbook(options) if options.workbook else to_workbook(options)


def to_workbook(options: argparse.Namespace) -> int:
    """study.yaml as a workbook."""
    from ipdma.site.formats.template_book import write_template

    folder: Path | None = options.study_dir
    if folder is None or options.out is None:
        raise ReadError("say STUDY_DIR and --out F.xlsx, or --from F.xlsx")
    if not folder.is_dir():
        raise ReadError(f"{folder}: there is no such folder")
    codebook = own_codebook(folder)
    path = folder / "study.yaml"
    content = read_mapping(path) if path.exists() else {}
    rows = to_sheets(content, codebook)
    about = columns_of(folder, content)
    write_file(options.out, write_template(rows, codebook, list(about), about))
    again = f"ipdma template {folder} --from {options.out}"
    print(for_terminal(f"wrote {options.out}; fill it in, then run: {again}"))
    return 0


def own_codebook(folder: Path) -> Codebook:
    """The codebook with the study's own folder beside it."""
    return load_codebook([folder / "codebook"] if (folder / "codebook").is_dir() else [])


def read_mapping(path: Path) -> dict[str, Any]:
    """study.yaml as text."""
    try:
        return read_text_mapping(path.read_text(encoding="utf-8-sig"), path.name)
    except (OSError, UnicodeDecodeError):
        raise ReadError(f"{path}: cannot be read as UTF-8 text") from None


def columns_of(folder: Path, content: dict[str, Any]) -> dict[str, str]:
    """The columns of the study's file, and what a scan may say of each; none where it cannot be read."""
    source = content.get("source")
    source = source if isinstance(source, dict) else {}
    named = source.get("file")
    files = (
        [folder / named]
        if isinstance(named, str)
        else sorted(p for p in folder.iterdir() if p.suffix.lower() in FORMATS)
    )
    if len(files) != 1:
        return {}
    words = {
        k: v
        for k, v in source.items()
        if k in ("sheet", "encoding", "separator") and isinstance(v, str) and v != "auto"
    }
    try:
        looks = look_at_all(read_table(files[0], ReadOptions(**words)), set())
    except IpdmaError:
        return {}
    told = zip(looks, inventory(looks), strict=True)
    return {look.name: line.removeprefix(f"{look.name}: ") for look, line in told}


def from_workbook(options: argparse.Namespace) -> int:
    """A workbook as study.yaml; the one that was there is kept."""
    from ipdma.site.formats.template_book import read_template

    out: Path | None = options.out or (options.study_dir / "study.yaml" if options.study_dir else None)
    if out is None:
        raise ReadError("say STUDY_DIR or --out study.yaml")
    if out.is_dir():
        out = out / "study.yaml"
    text = write_yaml(from_sheets(read_template(options.workbook)))
    if out.is_file() and out.read_bytes() != text.encode():
        files = {f"{out.name}.old": out.read_bytes(), out.name: text.encode()}
        write_files(out.parent, files)  # the copy first: at no moment is the older mapping gone
    else:
        write_file(out, text)
    print(for_terminal(f"wrote {out}; now run: ipdma check {out.parent}"))
    return 0
