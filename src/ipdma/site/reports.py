"""The page of a check, drawn from what its report tells (`report_data`): the site's own with rows and values,
the shareable one with counts alone."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from ipdma.harmless import page_around
from ipdma.privacy.cells import FEW
from ipdma.site.catalogue import load_catalogue
from ipdma.site.check import CheckResult
from ipdma.site.findings import GRADES, MUST_FIX, NOTE
from ipdma.site.report_data import local_data, shareable_data

Told = Mapping[str, Any]
Words = Mapping[str, str]
STYLE = """
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;
background:#fff}
h1{margin:0 0 .6rem}h2{margin:2rem 0 .3rem;font-size:1.2rem}
.verdict{font-size:1.2rem;font-weight:600;padding:.8rem 1rem;margin:0 0 1rem;border-left:.5rem solid #2b7a4b;
background:#eef7f1}
.verdict.no{border-color:#b3261e;background:#fbeeed}
.counts span{display:inline-block;margin:0 .6rem .4rem 0;padding:.1rem .7rem;border-radius:1rem;
font-weight:600;border:1px solid currentColor}
table{border-collapse:collapse;width:100%;margin:.5rem 0 1rem}
td,th{text-align:left;padding:.45rem .6rem;border-bottom:1px solid #d8dee4;vertical-align:top;
overflow-wrap:anywhere}
th{border-bottom-width:2px}
.per td+td,.per th+th{text-align:right;width:8rem}
.all td:first-child{width:10rem;font-weight:600}
.zero{color:#57606a}.ready{color:#2b7a4b}.must_fix{color:#b3261e}.please_confirm{color:#8a5a00}.note{color:#57606a}
small{color:#57606a;font-size:.9rem}code{font-family:ui-monospace,monospace;font-size:.95em}
@media(max-width:40rem){
body{margin-top:1rem}.per td,.per th{padding:.4rem .3rem}
.per td+td,.per th+th{width:3.4rem;font-size:.85rem;overflow-wrap:normal}
.all tr{display:block;border-bottom:1px solid #d8dee4;padding:.5rem 0}
.all td,.all td:first-child{display:block;width:auto;border:0;padding:.1rem 0}
.all td:first-child br{display:none}
}
.wide{overflow-x:auto}@media(min-width:40rem){.wide td,.wide th{white-space:nowrap}}
.wide td,.wide th{overflow-wrap:normal}.wide td:first-child{white-space:normal}
details{margin:1rem 0}summary{cursor:pointer;font-weight:600;color:#57606a}
@media print{body{margin:0;max-width:none}tr{break-inside:avoid}}
"""


def report_html(result: CheckResult, shareable: bool, fewest: int = FEW, contact: str = "") -> str:
    """One self-contained page: the verdict, counts by grade, what is ready, per variable, then every
    finding; in a shareable one counts under `fewest` are not told. `contact` is whom the site may ask."""
    return draw_report(shareable_data(result, fewest, contact) if shareable else local_data(result))


def draw_report(told: Told) -> str:
    """The page of what `shareable_data` or `local_data` tells."""
    words = load_catalogue(told["language"])["phrases"]
    contact, fewest = told["contact"], told["fewest"]
    body = [
        f"<h1>{escape(told['study'])}</h1>",
        f"<p class='verdict{'' if told['ready'] else ' no'}'>{marked(verdict(told, words))}</p>",
        *counted(told, words),
        not_checked_list(told, words),
        f"<p>{escape(words['contact'].format(contact=contact))}</p>" if contact else "",
        f"<p><small>{escape(words['local' if fewest is None else 'shareable'].format(fewest=fewest))}"
        "</small></p>",
    ]
    return page_around(f"{told['study']} - ipdma check", STYLE, "\n".join(body), told["language"])


def counted(told: Told, words: Words) -> list[str]:
    """Counts, what is ready, and the findings; of an unreadable file only what was found before."""
    if told["error"] is not None:
        return [finding_table(told, words)] if told["findings"] else []
    return [
        f"<p class=counts>{grade_counts(told, words)}</p>",
        f"<p>{escape(rows_line(told, words))} {escape(ready_line(told, words))}</p>",
        finding_table(told, words),
        received_section(told, words),
        variable_table(told, words),
    ]


def count_grades(told: Told) -> dict[str, int]:
    """Findings by grade."""
    return {grade: sum(finding["grade"] == grade for finding in told["findings"]) for grade in GRADES}


def verdict(told: Told, words: Words) -> str:
    """One sentence, yes or no."""
    if told["error"] is not None:
        return f"{words['unreadable'].format(study=told['study'])} {told['error']}"
    if told["ready"]:
        return words["ready"].format(study=told["study"])
    return words["not_ready"].format(study=told["study"], n=count_grades(told)[MUST_FIX])


def grade_counts(told: Told, words: Words) -> str:
    """How many findings of each grade."""
    return "".join(
        f"<span class={grade if n else 'zero'}>{n} {escape(words[grade])}</span>"
        for grade, n in count_grades(told).items()
    )


def rows_line(told: Told, words: Words) -> str:
    """The account of rows; a number that is not told is a dash."""
    return words["rows"].format(**{key: "-" if n is None else n for key, n in told["rows"].items()})


def ready_line(told: Told, words: Words) -> str:
    """What is good: how many mapped variables and scales have nothing to fix."""
    names = told["variables"]
    if not names:
        return ""
    bad = {finding["variable"] for finding in told["findings"] if finding["grade"] == MUST_FIX}
    return words["ready_part"].format(ready=sum(name not in bad for name in names), all=len(names))


def received_section(told: Told, words: Words) -> str:
    """What was received, told back; nothing where no participant was read."""
    received = told["received"]
    if not received:
        return ""
    heads = [words["scale"], words["time"], *received["arms"]]
    cells = "".join(f"<th scope=col>{escape(cell)}</th>" for cell in heads)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in line) + "</tr>" for line in received["scores"]
    )
    head, read_by = escape(words["received"]), words["read_by"].format(**told["read_by"])
    return (
        f"<h2>{head}</h2><p>{escape(words['cells'])}</p><div class=wide tabindex=0 role=region "
        f"aria-label='{head}'><table><tr>{cells}</tr>{rows}</table></div><p><small>{escape(read_by)}</small></p>"
    )


def variable_table(told: Told, words: Words) -> str:
    """Findings of each grade per variable and scale."""
    rows = []
    for name in told["variables"]:
        own = [finding for finding in told["findings"] if finding["variable"] == name]
        cells = "".join(
            f"<td class={grade}>{sum(f['grade'] == grade for f in own) or ''}</td>" for grade in GRADES
        )
        fit = all(finding["grade"] != MUST_FIX for finding in own)
        last = f"<td class=ready>{escape(words['ready_word']) if fit else ''}</td>"
        rows.append(f"<tr><td>{escape(name)}</td>{cells}{last}</tr>")
    if not rows:
        return ""
    heads = "".join(f"<th>{escape(words[grade])}</th>" for grade in GRADES)
    table = f"<table class=per><tr><th></th>{heads}<th></th></tr>{''.join(rows)}</table>"
    return f"<h2>{escape(words['per_variable'])}</h2>{table}"


def finding_table(told: Told, words: Words) -> str:
    """Every finding with its remedy."""
    if not told["findings"]:
        return f"<p>{escape(words['no_findings'])}</p>"
    asking = [finding for finding in told["findings"] if finding["grade"] != NOTE]
    notes = [finding for finding in told["findings"] if finding["grade"] == NOTE]
    parts = [f"<h2>{escape(words['findings'])}</h2>"]
    if asking:
        parts.append(rows_of(asking, words))
    if notes:
        head = escape(words["notes"].format(n=len(notes)))
        parts.append(f"<details><summary>{head}</summary>{rows_of(notes, words)}</details>")
    return "".join(parts)


def rows_of(findings: Sequence[Told], words: Words) -> str:
    """A table of findings; a note asks for nothing, so it carries no remedy."""
    rows = []
    for finding in findings:
        grade, remedy = finding["grade"], marked(finding["remedy"])
        head = f"<td class={grade}>{finding['code']} <br>{escape(words[grade])}</td>"
        way = f"<br><small>{escape(words['remedy'])}: {remedy}</small>" if grade != NOTE else ""
        rows.append(
            f"<tr>{head}<td>{marked(finding['message'])}{confirmed_line(finding, words)}{way}</td></tr>"
        )
    return f"<table class=all>{''.join(rows)}</table>"


def marked(text: str) -> str:
    """Text for the page, words between backticks in the letters of a file."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def confirmed_line(finding: Told, words: Words) -> str:
    """Who confirmed a finding and why; the reason may hold values, so a shareable report has only that."""
    confirmed = finding["confirmed"]
    if not confirmed:
        return ""
    text = words["confirmed_shared"] if confirmed is True else confirmed
    return f"<br><small>{escape(text)}</small>"


def not_checked_list(told: Told, words: Words) -> str:
    """What could not be checked, and why."""
    if not told["not_checked"]:
        return ""
    lines = [
        f"<li>{escape(entry['what'])}: {escape(words.get(entry['outcome'], ''))}, {escape(entry['why'])}</li>"
        for entry in told["not_checked"]
    ]
    return f"<h2>{escape(words['not_checked'].capitalize())}</h2><ul>{''.join(lines)}</ul>"
