"""How `ipdma fit` and `ipdma pool` give their answer: a table to read, JSON and a drawing where asked for."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ipdma.errors import SpecError
from ipdma.harmless import for_terminal
from ipdma.io import write_json
from ipdma.library.answer import Answer
from ipdma.writing import write_file

FORMATS = ("svg", "pdf", "png")


def add_answer_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the answer goes beside the terminal."""
    parser.add_argument(
        "--json",
        metavar="OUT.json",
        help="write the whole record for a program; - prints it, and nothing else",
    )
    add_drawing_argument(parser, "--forest", "draw the forest plot")


def add_drawing_argument(parser: argparse.ArgumentParser, option: str, what: str) -> None:
    """Where a drawing goes."""
    words = f"{what} ({', '.join(FORMATS)} by its ending)"
    parser.add_argument(option, type=Path, metavar="F.svg", help=words)


def show(answer: Answer, options: argparse.Namespace) -> None:
    """Print the table, write what was asked for.

    Raises
    ------
    SpecError
        Where the drawing's ending is no format.
    ReadError
        Where a file cannot be written.
    """
    drawing = drawn(lambda: forest_of(answer), options.forest, "--forest") if options.forest else None
    if options.json == "-":
        print(json.dumps(answer.as_dict(), indent=1, ensure_ascii=False, allow_nan=False))
    else:
        print(for_terminal(answer.summary()))
    if options.json not in (None, "-"):
        write_json(options.json, answer.as_dict())
    if drawing is not None:
        write_file(options.forest, drawing)


def forest_of(answer: Answer) -> Any:
    """The forest plot of an answer; matplotlib is imported when one is asked for."""
    from ipdma.library.forest import draw_page

    return draw_page(answer.studies_shown())


def drawn(draw: Callable[[], Any], path: Path, option: str) -> bytes:
    """A figure in the format of the file's ending, drawn once that is known to be one.

    Raises
    ------
    SpecError
        Where the ending is no format, naming the option.
    """
    kind = path.suffix.lower().lstrip(".")
    if kind not in FORMATS:
        raise SpecError(f"{option}: expected a file that ends in .{', .'.join(FORMATS)}, got {path.name}")
    from ipdma.report.formats.figure import figure_bytes

    return dict(figure_bytes(draw(), for_terminal(path.stem), [kind]))[kind]
