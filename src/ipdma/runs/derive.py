"""Whether the files of a run can be derived from its records: made again, and compared text by text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any

from ipdma.io import read_text
from ipdma.plan import read_plan
from ipdma.report.ledger import NUMBER
from ipdma.report.render import render_texts
from ipdma.runs.attack_shared import attack_shared
from ipdma.runs.derive_pages import underived_pages
from ipdma.runs.explain import explain
from ipdma.runs.files import gather_tables
from ipdma.runs.hold import read_manifest
from ipdma.runs.read_run import read_claims
from ipdma.runs.record_files import record_files
from ipdma.runs.remake import Remade
from ipdma.runs.underived import differs
from ipdma.workers import beside

DRAWING = re.compile(
    r'<figure class="plot" id="figure-([^"]*)"><div class="sheet" tabindex="0"><div class="drawing"([^>]*)>'
    r"(<svg.*?</svg>)</div></div>(.*?)</figure>",
    re.DOTALL,
)
WRITTEN = re.compile(r"<text[^>]*>([^<]*)</text>")  # letters of a drawing
PAGE = re.compile(r"\.page\d+$")  # a figure on several pages claims as one
Claim = Mapping[str, Any]


def records_beside(folder: Path) -> AbstractContextManager[Callable[[], list[str]]]:
    """Begin to make the record files again, in a process of its own; what is yielded is `list_records`."""
    return beside(partial(list_records, folder), processes=2)


def list_records(folder: Path) -> list[str]:
    """What `underived_records` says; without the jobs' records, what `underived_attack` does."""
    whole = (folder / "private" / "parts").is_dir()
    return list(underived_records(folder) if whole else underived_attack(folder))


def underived_attack(folder: Path) -> Iterator[str]:
    """A sentence where disclosure.json is not what an attack on the shared numbers finds."""
    if (folder / "disclosure.json").is_file():
        plan = read_plan(folder / "plan.yaml")
        found = attack_shared(folder, plan, read_claims(folder))
        yield from differs(folder, "disclosure.json", found.as_json().encode())


def underived_texts(folder: Path, claims: Iterable[Claim], remade: Remade) -> Iterator[str]:
    """One sentence for each file around the records whose text is not what the record files of the run give.

    Tables in all formats, the page, captions, checklist and claims are made again from the record files, the
    trials' pages from the tables and reports beside them; a figure's letters are held against the page's
    drawing of it and against the claims. What a figure's shapes and pixels show is the manifest's to hold.
    """
    page = read_text(folder / "report.html")
    drawn = {name: svg for name, _, svg, _ in DRAWING.findall(page)}
    for name, expected in render_texts(remade.material, drawn, remade.tables, remade.ledger):
        yield from differs(folder, name, expected)
    yield from underived_figures(folder, page, claims)
    yield from underived_pages(folder, remade.material)


def underived_records(folder: Path) -> Iterator[str]:
    """One sentence for each record file that is not the jobs' own records one below the other, masked."""
    manifest = read_manifest(folder) or {"jobs": {}}
    parts = manifest["jobs"].get("records", {}).get("recipe", {}).get("parts", [])
    if not parts or not (folder / "private" / "parts").is_dir():
        return
    plan = read_plan(folder / "plan.yaml")
    tables = explain(
        gather_tables(folder / "private" / "parts" / part for part in parts), plan["explanations"]
    )
    for place, text in record_files(tables, plan).items():
        yield from differs(folder, place, text.encode())


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
