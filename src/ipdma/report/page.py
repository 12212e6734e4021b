"""The report: one HTML file that needs nothing else."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape, unescape
from importlib.resources import files
from typing import Any

import yaml

from ipdma.harmless import POLICY
from ipdma.report.exhibit import Exhibit
from ipdma.report.fonts import cut_for_page
from ipdma.report.formats.markup import table_markup
from ipdma.report.ledger import Ledger
from ipdma.report.material import Material
from ipdma.report.sentences import WITHIN, methods_paragraphs, results_sentences
from ipdma.report.style import DRAWN
from ipdma.report.table import Table

HEADS = {
    "summary": "Results in words",
    "methods": "Methods",
    "effects": "Effects",
    "moderators": "Moderators",
    "prognosis": "Prognosis, not a treatment effect",
    "checks": "Does it hold",
    "trials": "Trials and participants",
    "plan": "The plan as it was frozen",
    "ran": "What ran, and what did not",
    "versions": "Versions and digests",
}
SECTION_OF_TABLE = {
    "efficacy": "effects",
    "moderators": "moderators",
    "credibility": "moderators",
    "tree": "moderators",
    "prognosis": "prognosis",
    "sensitivity": "checks",
    "missing_values": "checks",
    "imputation": "checks",
    "one_stage_two_stage": "checks",
    "engines": "checks",
}
SECTION_OF_FIGURE = {"Effects": "effects", "Moderators": "moderators", "Checks": "checks", "Trials": "trials"}
TEXT = re.compile(r"<text[^>]*>([^<]*)</text>")
LETTERS = re.compile(r"(?<![\w=])(p|t|F|z|d|B|N|n|k|K)(?=\s?[=<>]|\()")


def build_page(
    material: Material,
    tables: Sequence[Table],
    exhibits: Sequence[Exhibit],
    drawn: Mapping[str, str],
    ledger: Ledger,
) -> bytes:
    """The page; `drawn` holds the `<svg>` element of each exhibit."""
    bodies: dict[str, list[str]] = {key: [] for key in HEADS}
    bodies["summary"] = summary_parts(material, ledger)
    bodies["methods"] = [f"<p>{escape(p)}</p>" for p in methods_paragraphs(material, ledger)]
    for number, table in enumerate(tables, 1):
        bodies[SECTION_OF_TABLE.get(table.name, "trials")].append(table_markup(table, f"Table {number}."))
    for number, exhibit in enumerate(exhibits, 1):
        bodies[SECTION_OF_FIGURE[exhibit.section]].append(figure_markup(exhibit, drawn[exhibit.name], number))
    bodies["plan"] = plan_parts(material)
    bodies["ran"] = list(ran_parts(material))
    bodies["versions"] = [definitions(material.versions)]
    shown = {key: parts for key, parts in bodies.items() if parts}
    title = escape(str(material.plan.get("title", "Meta-analysis")))
    sections = "".join(
        f'<section aria-labelledby="{k}"><h2 id="{k}">{HEADS[k]}</h2>\n{"".join(p)}</section>\n'
        for k, p in shown.items()
    )
    contents = "".join(f'<li><a href="#{key}">{HEADS[key]}</a></li>' for key in shown)
    stamp = f'<p class="stamp" role="note">{escape(material.stamp)}</p>' if material.stamp else ""
    style = files("ipdma.report").joinpath("assets/page.css").read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n<meta name="viewport" '
        'content="width=device-width, initial-scale=1">\n'
        f"{POLICY}\n"
        '<link rel="icon" '
        f'href="data:,">\n<title>{title}</title>\n<style>\n{font_faces(drawn)}\n{style}</style></head>\n<body><main>\n<h1>{title}</h1>\n'
        f"<p>Individual-participant-data meta-analysis.</p>\n{stamp}\n<nav "
        f'aria-label="Contents"><b>Contents</b><ol>{contents}</ol></nav>\n'
        f"{sections}</main></body></html>\n"
    ).encode()


def summary_parts(material: Material, ledger: Ledger) -> list[str]:
    """Results sentences under their titles: the effect as a paragraph, a line for each moderator."""
    parts = []
    for title, lines in results_sentences(material, ledger):
        effect = " ".join(italics(line) for line in lines if not line.startswith(WITHIN))
        items = "".join(f"<li>{italics(line)}</li>" for line in lines if line.startswith(WITHIN))
        moderators = f"<ul>{items}</ul>" if items else ""
        parts.append(f"<h3>{escape(title)}</h3><p>{effect}</p>{moderators}\n")
    return parts


def italics(text: str) -> str:
    """Statistical letters in italics, as APA asks."""
    plain = escape(text, quote=False).replace("&lt;", "<").replace("&gt;", ">")
    marked = LETTERS.sub("\x02\\1\x03", plain)
    marked = marked.replace("<", "&lt;").replace(">", "&gt;")
    return marked.replace("\x02", "<i>").replace("\x03", "</i>")


def figure_markup(exhibit: Exhibit, svg: str, number: int) -> str:
    """A figure on a white sheet, in light and dark alike, with its caption and its text for those who
    cannot see it."""
    return (
        f'<figure class="plot" id="figure-{escape(exhibit.name)}"><div class="sheet" tabindex="0">'
        f'<div class="drawing" role="img" aria-label="{escape(exhibit.alt)}" '
        f'style="min-width:{least_width(svg)}rem">{svg}</div></div>'
        f"<figcaption><b>Figure {number}.</b> {escape(exhibit.caption)}</figcaption></figure>\n"
    )


def least_width(svg: str) -> int:
    """Under which width a figure scrolls instead of shrinking: 60 percent of its own, in rem of 12 points."""
    found = re.search(r'viewBox="[\d.]+ [\d.]+ ([\d.]+)', svg)
    return round(float(found.group(1)) / 12 * 0.6) if found else 30


def font_faces(drawn: Mapping[str, str]) -> str:
    """The letters of all figures as fonts of the page."""
    letters = frozenset("".join(t for svg in drawn.values() for t in TEXT.findall(svg)))
    faces = []
    for weight, content in zip(
        ("normal", "bold"), cut_for_page(unescape("".join(sorted(letters)))), strict=True
    ):
        data = base64.b64encode(content).decode()
        faces.append(
            f"@font-face{{font-family:'{DRAWN}';font-weight:{weight};src:url(data:font/woff;base64,{data}) "
            "format('woff')}"
        )
    return "\n".join(faces)


def plan_parts(material: Material) -> list[str]:
    """The plan with its defaults filled in."""
    text = yaml.safe_dump(as_plain(material.plan), sort_keys=False, allow_unicode=True, width=100)
    return [
        "<p>Every key of the analysis plan with its defaults filled in, as the run read it.</p>",
        f'<pre tabindex="0">{escape(text)}</pre>',
    ]


def as_plain(value: Any) -> Any:
    """Mappings and sequences as YAML knows them."""
    if isinstance(value, Mapping):
        return {str(k): as_plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_plain(v) for v in value]
    return value


def ran_parts(material: Material) -> Iterator[str]:
    """The models that ran, then every warning in plain words with the analyses that it touches."""
    models = dict.fromkeys(r.text("model").partition(":")[0] for r in material.records.estimates)
    yield (
        "<p>Every analysis id is listed with its estimates in <code>estimates.csv</code>. Models that "
        f"ran: {escape(', '.join(models))}.</p>"
    )
    by_text: dict[str, list[str]] = {}
    for row in material.records.counts:
        if row.text("what") in {"warning", "not_fitted", "not_run", "refused"}:
            by_text.setdefault(row.text("level"), []).append(row.text("analysis_id"))
    for note in material.notes:
        by_text.setdefault(str(note), [])
    if not by_text:
        yield "<p>No warning.</p>"
    for text, where in by_text.items():
        listed = ", ".join(dict.fromkeys(where))
        place = f"<br><small>{escape(listed)}</small>" if listed else ""
        yield f'<div class="warning">{escape(text[:1].upper() + text[1:])}{place}</div>\n'


def definitions(pairs: Mapping[str, str]) -> str:
    """Names and values."""
    if not pairs:
        return ""
    rows = "".join(f"<dt>{escape(k)}</dt><dd><code>{escape(str(v))}</code></dd>" for k, v in pairs.items())
    return f"<dl>{rows}</dl>"
