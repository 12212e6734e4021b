"""A drawn figure as PDF, SVG and PNG bytes, and as the drawing that the page carries; identical on every
run."""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Iterator
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from ipdma.report.formats.recording import Recording
from ipdma.report.formats.vector import figure_svg
from ipdma.report.style import NARROW, STYLE

FORMATS = ("pdf", "svg", "png")
METADATA: dict[str, dict[str, str | None]] = {
    "pdf": {"CreationDate": None, "Producer": "ipdma", "Creator": "ipdma"},
    "png": {"Software": None},
}
DPI = 180
COMPRESS = 2  # of 9: a quarter less time than 4, and no larger
OPENING = re.compile(r'<svg [^>]*?viewBox="([^"]*)" ([^>]*)><title>.*?</title>')


def figure_bytes(
    figure: Figure, title: str, formats: Collection[str] = FORMATS
) -> Iterator[tuple[str, bytes]]:
    """Yield (`pdf` | `svg` | `png` | `page`, bytes): the formats asked for, and the drawing for the page.

    Dates are left out, so that two runs write the same file.
    """
    with rc_context(STYLE):
        recording = Recording.of(figure)
        text = figure_svg(recording, title)
        for kind in METADATA:
            if kind in formats:
                yield kind, save(recording, title, kind)
    if "svg" in formats:
        yield "svg", text.encode("utf-8")
    yield "page", page_svg(text).encode("utf-8")


def save(recording: Recording, title: str, kind: str) -> bytes:
    """One of matplotlib's own formats."""
    held = io.BytesIO()
    extra: Any = {"pil_kwargs": {"compress_level": COMPRESS}} if kind == "png" else {}
    figure = recording.as_figure(outlined=kind == "png")
    figure.savefig(held, format=kind, dpi=DPI, metadata={**METADATA[kind], "Title": title}, **extra)
    return held.getvalue()


def page_svg(text: str) -> str:
    """The `<svg>` element as it stands inside a page: as wide as its place, unless it is meant for a single
    column (class `narrow`), and hidden from screen readers, for whom the page tells it in words."""

    def opening(found: re.Match[str]) -> str:
        look = ' class="narrow"' if float(found[1].split()[2]) <= 72 * NARROW + 0.5 else ""
        return f'<svg viewBox="{found[1]}" {found[2]}{look} aria-hidden="true">'

    return OPENING.sub(opening, text, count=1).strip()
