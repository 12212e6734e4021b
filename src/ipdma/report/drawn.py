"""Figures that an earlier run drew: one whose content is the same is not drawn again."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ipdma.analysis.kept import Kept
from ipdma.provenance import digest_text
from ipdma.report.exhibit import Exhibit

Files = list[tuple[str, bytes]]  # format, bytes; `page` is the drawing inside the page, which is no file


class Drawn(Kept):
    """Figures by their content.

    Parameters
    ----------
    made_with, earlier
        See Kept.
    folder : Path
        Where the earlier run's figures lie; one that is not as it was left is drawn again.
    """

    def __init__(self, made_with: Mapping[str, Any], earlier: str = "", folder: Path = Path()) -> None:
        super().__init__(made_with, earlier)
        self.folder = folder

    def files(self, exhibit: Exhibit, formats: Sequence[str]) -> Files | None:
        """The files of a figure that was drawn before; None where it is to be drawn."""
        held = self.earlier.get(key_of(exhibit, formats))
        if held is None:
            return None
        files: Files = []
        for kind, digest in held["files"]:
            content = held["page"].encode("utf-8") if kind == "page" else self.read(f"{exhibit.name}.{kind}")
            if hashlib.sha256(content).hexdigest() != digest:
                return None
            files.append((kind, content))
        self.find(key_of(exhibit, formats))
        return files

    def read(self, name: str) -> bytes:
        """A figure's file; nothing where it is gone."""
        path = self.folder / name
        return path.read_bytes() if path.is_file() else b""

    def add(self, exhibit: Exhibit, formats: Sequence[str], files: Files) -> None:
        """Keep what was drawn."""
        page = next((content.decode("utf-8") for kind, content in files if kind == "page"), "")
        digests = [[kind, hashlib.sha256(content).hexdigest()] for kind, content in files]
        self.keep(key_of(exhibit, formats), {"page": page, "files": digests})


def key_of(exhibit: Exhibit, formats: Sequence[str]) -> str:
    """SHA-256 of all that a figure is drawn from: what would be sent to a process that draws it."""
    return digest_text(f"{sorted(set(formats))}\n{hashlib.sha256(pickle.dumps(exhibit)).hexdigest()}")
