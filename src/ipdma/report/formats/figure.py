"""A drawn figure as PDF, SVG and PNG bytes, and as the drawing that the page carries; identical on every
run."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from ipdma.report.style import STYLE

METADATA: dict[str, dict[str, str | None]] = {
    "pdf": {"CreationDate": None, "Producer": "ipdma", "Creator": "ipdma"},
    "svg": {"Date": None, "Creator": "ipdma"},
    "png": {"Software": None},
}
DPI = 180
COMPRESS = 4  # of 9: half the time, a tenth larger
GROUP = re.compile(r'<g id="[^"]*"')
COMMENT = re.compile(r"<!--.*?-->\s*", re.DOTALL)
SIZE = re.compile(r'<svg [^>]*?viewBox="([^"]*)"[^>]*>')


def figure_bytes(figure: Figure, title: str) -> Iterator[tuple[str, bytes]]:
    """Yield (`pdf` | `svg` | `png` | `page`, bytes).

    Dates are left out, so that two runs write the same file. `svg` draws letters as shapes, so that any
    program shows
    it alike; `page` keeps them as text, to be read, searched and small inside the report, which carries
    the font.
    """
    for kind, metadata in METADATA.items():
        yield kind, save(figure, title, kind, {**metadata, "Title": title}, {})
    text = save(figure, title, "svg", {"Date": None}, {"svg.fonttype": "none"}).decode("utf-8")
    yield "page", page_svg(text).encode("utf-8")


def save(
    figure: Figure, title: str, kind: str, metadata: dict[str, str | None], more: dict[str, Any]
) -> bytes:
    """One format; marks inside an SVG are named after the figure, so that two figures can share a page."""
    held = io.BytesIO()
    look: Any = {**STYLE, "svg.hashsalt": title, **more}
    extra: Any = {"pil_kwargs": {"compress_level": COMPRESS}} if kind == "png" else {}
    with rc_context(look):
        figure.savefig(held, format=kind, dpi=DPI, metadata=metadata, **extra)
    return held.getvalue()


def page_svg(text: str) -> str:
    """The `<svg>` element alone, without comments, metadata and group names; as wide as its place."""
    text = GROUP.sub("<g", COMMENT.sub("", text[text.index("<svg") :]))
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    return SIZE.sub(
        r'<svg viewBox="\1" xmlns:xlink="http://www.w3.org/1999/xlink" aria-hidden="true">', text, count=1
    ).strip()
