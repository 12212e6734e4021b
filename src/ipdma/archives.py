"""Zip containers (.docx, .xlsx) without the time at which they were written."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

PROPERTIES = "docProps/core.xml"
EPOCH = (1980, 1, 1, 0, 0, 0)  # the first date that a zip container knows


def undated(
    content: bytes,
    properties: Callable[[bytes], bytes],
    date: tuple[int, int, int, int, int, int] = EPOCH,
    mode: int = 0,
    in_order: bool = False,
) -> bytes:
    """The same archive with one date on every member.

    Parameters
    ----------
    content : bytes
        A zip container.
    properties : callable
        Takes the times out of the document's properties (the bytes of docProps/core.xml).
    date : tuple of int
        Year to second, of every member.
    mode : int
        Unix permissions of every member.
    in_order : bool
        Members by name; otherwise as they stood.
    """
    held = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as source,
        zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in sorted(source.namelist()) if in_order else source.namelist():
            data = source.read(name)
            member = zipfile.ZipInfo(name, date_time=date)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = mode << 16
            target.writestr(member, properties(data) if name == PROPERTIES else data)
    return held.getvalue()
