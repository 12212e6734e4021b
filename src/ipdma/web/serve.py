"""The one door from the page's worker: a request as JSON and files in, an answer or a download out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ipdma.errors import IpdmaError
from ipdma.site.findings import MUST_FIX
from ipdma.site.formats import LARGEST_MB, too_large
from ipdma.site.template_cells import write_cell
from ipdma.web.desk import Desk
from ipdma.web.samples import EXPECTED, sample

ROOT = Path("/desk")
DESKS: dict[Path, Desk] = {}


def answer(request: str, files: Mapping[str, Any], root: Path = ROOT) -> tuple[str, bytes | None]:
    """Carry out one request.

    Parameters
    ----------
    request : str
        JSON with `do` (a key of ACTS) and what that needs: `language`, `sizes` of files (those too large are
        not handed over), `rows` of the form, `values` for its cells, `what` and `key` of a download.
    files : mapping
        Bytes by bare name.

    Returns
    -------
    str, bytes or None
        The answer as JSON, and the bytes of a download. Never raises: bad input is `error`, a fault of the
        program itself is `fault` with its kind and nothing of the data.
    """
    try:
        asked = json.loads(request)
        desk = DESKS.setdefault(root, Desk(root))
        said, data = ACTS[asked["do"]](desk, asked, {name: bytes(body) for name, body in files.items()})
    except IpdmaError as error:
        said, data = {"error": str(error)}, None
    except MemoryError:
        error_text = "the memory of the browser does not suffice for this file; use the command ipdma check"
        said, data = {"state": "failed", "error": error_text}, None
    except Exception as error:
        said, data = {"fault": type(error).__name__}, None
    return json.dumps(said, ensure_ascii=False), data


def take(desk: Desk, asked: dict[str, Any], files: dict[str, bytes]) -> tuple[dict[str, Any], None]:
    """Chosen files; one that is too large was not handed over, and is refused with the command's words."""
    for name, size in asked.get("sizes", {}).items():
        if size > LARGEST_MB * 1_000_000:
            return {"state": "failed", "error": too_large(name, size)}, None
    return desk.take(files, asked["language"]), None


def take_sample(desk: Desk, asked: dict[str, Any], files: dict[str, bytes]) -> tuple[dict[str, Any], None]:
    """A built-in example."""
    return desk.take(sample(asked["what"]), asked["language"]), None


def cells(desk: Desk, asked: dict[str, Any], files: dict[str, bytes]) -> tuple[dict[str, Any], None]:
    """Words, lists and pairs as the template writes them into its cells."""
    return {"cells": [write_cell(value) or "" if value else "" for value in asked["values"]]}, None


def self_test(desk: Desk, asked: dict[str, Any], files: dict[str, bytes]) -> tuple[dict[str, Any], None]:
    """Whether the faulty example is found to have its faults and no others that must be fixed."""
    answer = Desk(desk.root / "self-test").take(sample("faulty"))
    found = [
        [f["code"], f["variable"], f["rows"]] for f in answer.get("findings", []) if f["grade"] == MUST_FIX
    ]
    return {"found": found, "right": found == [list(entry) for entry in EXPECTED]}, None


def save(desk: Desk, asked: dict[str, Any], files: dict[str, bytes]) -> tuple[dict[str, Any], bytes]:
    """A download."""
    name, data = desk.save(asked["what"], asked.get("key", ""))
    return {"name": name}, data


ACTS: dict[str, Any] = {
    "take": take,
    "sample": take_sample,
    "cells": cells,
    "self_test": self_test,
    "mend": lambda desk, asked, files: (desk.mend(asked["rows"], asked["language"]), None),
    "check": lambda desk, asked, files: (desk.check(asked["language"]), None),
    "save": save,
}
