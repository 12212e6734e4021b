"""Whether the files of a run can be derived from its records: made again, and compared text by text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from html import unescape
from io import BytesIO
from multiprocessing import get_all_start_methods, get_context
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from ipdma.disclosure.mask import mask_tables
from ipdma.io import read_text
from ipdma.plan import read_plan
from ipdma.report.ledger import NUMBER
from ipdma.report.render import render_texts
from ipdma.runs.explain import explain
from ipdma.runs.files import (
    csv_text,
    gather_tables,
)
from ipdma.runs.hold import read_manifest
from ipdma.runs.remake import Remade

DRAWING = re.compile(
    r'<figure class="plot" id="figure-([^"]*)"><div class="sheet" tabindex="0"><div class="drawing"([^>]*)>'
    r"(<svg.*?</svg>)</div></div>(.*?)</figure>",
    re.DOTALL,
)
WRITTEN = re.compile(r"<text[^>]*>([^<]*)</text>")  # letters of a drawing
PAGE = re.compile(r"\.page\d+$")  # a figure on several pages claims as one
FONT = re.compile(r"@font-face\{[^}]*\}")
XML_TEXT = re.compile(r"<(?:\w+:)?t(?: [^>]*)?>([^<]*)</(?:\w+:)?t>|<v>([^<]*)</v>")
AROUND = 24  # letters shown on each side of a difference
PACKED = (".docx", ".xlsx")
Claim = Mapping[str, Any]


def underived(folder: Path, claims: Iterable[Claim], remade: Remade) -> Iterator[str]:
    """One sentence for each file whose text is not what the records of the run give.

    Tables in all formats, the page, captions, checklist and claims are made again from the record files, the
    record files from the jobs' own; a figure's letters are held against the page's drawing of it and against
    the claims. What a figure's shapes and pixels show is the manifest's to hold. Records and texts are made
    at one time, in two processes where the system can fork.
    """
    if "fork" not in get_all_start_methods():
        yield from [*underived_records(folder), *underived_texts(folder, claims, remade)]
        return
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as pool:
        records = pool.submit(list_records, folder)
        texts = list(underived_texts(folder, claims, remade))
        yield from [*records.result(), *texts]


def list_records(folder: Path) -> list[str]:
    """As `underived_records`, for a process of its own."""
    return list(underived_records(folder))


def underived_texts(folder: Path, claims: Iterable[Claim], remade: Remade) -> Iterator[str]:
    """As `underived`, for all but the record files themselves."""
    page = read_text(folder / "report.html")
    drawn = {name: svg for name, _, svg, _ in DRAWING.findall(page)}
    for name, expected in render_texts(remade.material, drawn, remade.tables, remade.ledger):
        yield from differs(folder, name, expected)
    yield from underived_figures(folder, page, claims)


def underived_records(folder: Path) -> Iterator[str]:
    """Record files that are not the jobs' own records one below the other."""
    manifest = read_manifest(folder) or {"jobs": {}}
    parts = manifest["jobs"].get("records", {}).get("recipe", {}).get("parts", [])
    if not parts or not (folder / "private" / "parts").is_dir():
        return
    plan = read_plan(folder / "plan.yaml")
    tables = explain(
        gather_tables(folder / "private" / "parts" / part for part in parts), plan["explanations"]
    )
    shared = mask_tables(tables, plan)
    made = {"parts/notes.csv": shared.pop("notes")}
    made |= {f"private/records/{name}.csv": tables[name] for name in shared}
    made |= {f"{name}.csv": table for name, table in shared.items()}
    for place, table in made.items():
        yield from differs(folder, place, csv_text(table).encode())


def differs(folder: Path, name: str, expected: bytes) -> Iterator[str]:
    """A sentence where a file's text is not the expected one; that it is missing, the manifest tells."""
    path = folder / name
    if not path.is_file() or path.read_bytes() == expected:
        return
    found, wanted = text_of(name, path.read_bytes()), text_of(name, expected)
    if found is None:
        yield f"{name}: not derivable from the records; it cannot be read"
    elif found != wanted:
        here, there = first_difference(found, wanted or "")
        yield f"{name}: not derivable from the records; it says {here!r}, they give {there!r}"


def text_of(name: str, content: bytes) -> str | None:
    """What a reader sees of a file as one text; None where it cannot be opened."""
    if not name.endswith(PACKED):
        return FONT.sub("", content.decode("utf-8", errors="replace"))
    try:
        with ZipFile(BytesIO(content)) as packed:
            parts = [n for n in packed.namelist() if n.endswith(".xml") and not n.startswith("docProps")]
            texts = [packed.read(part).decode("utf-8", errors="replace") for part in sorted(parts)]
    except (BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError, KeyError):
        return None
    except Exception as error:
        if type(error).__module__ == "zlib":
            return None
        raise
    return "\n".join(unescape(a or b) for text in texts for a, b in XML_TEXT.findall(text))


def first_difference(found: str, wanted: str) -> tuple[str, str]:
    """The first place in which two texts differ, with some letters around it."""
    ends = min(len(found), len(wanted))
    at = next((i for i in range(ends) if found[i] != wanted[i]), ends)
    begin = max(0, at - AROUND)
    return found[begin : at + AROUND], wanted[begin : at + AROUND]


def underived_figures(folder: Path, page: str, claims: Iterable[Claim]) -> Iterator[str]:
    """Figures whose letters differ from the page's drawing, and drawings that lack a number they claim."""
    claimed: dict[str, set[str]] = {}
    for claim in claims:
        kind, _, name = claim["place"].partition("/")
        if kind == "figures":
            claimed.setdefault(name, set()).update(NUMBER.findall(claim["printed"]))
    said: dict[str, set[str]] = {}
    for name, alt, svg, caption in DRAWING.findall(page):
        letters = Counter(unescape(text).strip() for text in WRITTEN.findall(svg))
        path = folder / "figures" / f"{name}.svg"
        if path.is_file():
            own = Counter(unescape(text).strip() for text in WRITTEN.findall(read_text(path)))
            for text in [*(own - letters), *(letters - own)][:1]:
                yield f"figures/{name}.svg: not derivable from the records; {text!r} differs from the page"
        numbers = set(NUMBER.findall(f"{' '.join(letters)} {unescape(alt + caption)}"))
        said.setdefault(PAGE.sub("", name), set()).update(numbers)
    for name, numbers in said.items():
        for number in sorted(claimed.pop(name, set()) - numbers)[:1]:
            yield f"report.html: not derivable from the records; figure {name} does not show {number}"
    for name in claimed:
        yield f"report.html: not derivable from the records; figure {name} is claimed and not there"
