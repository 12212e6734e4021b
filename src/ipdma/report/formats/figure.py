"""A drawn figure as PDF, SVG and PNG bytes, identical on every run."""

from __future__ import annotations

import io
from collections.abc import Iterator

from matplotlib import rc_context
from matplotlib.figure import Figure

from ipdma.report.style import STYLE

METADATA: dict[str, dict[str, str | None]] = {
    "pdf": {"CreationDate": None, "Producer": "ipdma", "Creator": "ipdma"},
    "svg": {"Date": None, "Creator": "ipdma"},
    "png": {"Software": None},
}
DPI = 200


def figure_bytes(figure: Figure, title: str) -> Iterator[tuple[str, bytes]]:
    """Yield (`pdf` | `svg` | `png`, bytes); dates are left out, so that two runs write the same file."""
    for kind, metadata in METADATA.items():
        with rc_context({**STYLE, "svg.hashsalt": title}):
            held = io.BytesIO()
            figure.savefig(held, format=kind, dpi=DPI, metadata={**metadata, "Title": title})
        yield kind, held.getvalue()
