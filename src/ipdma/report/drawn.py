"""Files of figures and tables that an earlier run made: one whose content is the same is not made again."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ipdma.analysis.kept import Kept
from ipdma.provenance import digest_text

if TYPE_CHECKING:  # jobs that draw nothing keep results too, and do without matplotlib
    from ipdma.report.exhibit import Exhibit
    from ipdma.report.table import Table

Files = list[tuple[str, bytes]]  # name in the results folder, bytes
INSIDE = "page"  # in the place of a name: the drawing inside the page, which is no file


class Drawn(Kept):
    """Files of figures and tables by their content.

    Parameters
    ----------
    made_with, earlier
        See Kept.
    results : Path
        Where the earlier run's files lie; what is not as it was left is made again.
    """

    def __init__(self, made_with: Mapping[str, Any], earlier: str = "", results: Path = Path()) -> None:
        super().__init__(made_with, earlier)
        self.results = results

    def files(self, key: str) -> Files | None:
        """The files that were made of this content before; None where they are to be made."""
        held = self.earlier.get(key)
        if held is None:
            return None
        files: Files = []
        for name, digest in held["files"]:
            content = held["page"].encode("utf-8") if name == INSIDE else self.read(name)
            if hashlib.sha256(content).hexdigest() != digest:
                return None
            files.append((name, content))
        self.find(key)
        return files

    def read(self, name: str) -> bytes:
        """A file of the earlier run; nothing where it is gone."""
        path = self.results / name
        return path.read_bytes() if path.is_file() else b""

    def add(self, key: str, files: Files) -> None:
        """Keep what was made."""
        page = next((content.decode("utf-8") for name, content in files if name == INSIDE), "")
        digests = [[name, hashlib.sha256(content).hexdigest()] for name, content in files]
        self.keep(key, {"page": page, "files": digests})


def key_of(exhibit: Exhibit, formats: Sequence[str]) -> str:
    """SHA-256 of all that a figure is drawn from: what would be sent to a process that draws it."""
    return digest_text(f"{sorted(set(formats))}\n{hashlib.sha256(pickle.dumps(exhibit)).hexdigest()}")


def key_of_tables(tables: Sequence[Table]) -> str:
    """SHA-256 of all that files of tables are written from: their texts."""
    return digest_text(repr(list(tables)))
