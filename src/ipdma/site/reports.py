"""The two reports of a check: a local one with rows and values, a shareable one with counts alone."""

from __future__ import annotations

import json
import re
from html import escape
from typing import Any

from ipdma.harmless import page_around
from ipdma.privacy.cells import FEW
from ipdma.site.catalogue import load_catalogue, say, say_shared
from ipdma.site.check import CheckResult
from ipdma.site.findings import GRADES, MUST_FIX, NOTE, Finding
from ipdma.site.received import received_section
from ipdma.site.sharing import for_sharing

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


def local_json(result: CheckResult) -> str:
    """The local report as JSON text."""
    return json.dumps(result.as_json(), indent=1, ensure_ascii=False) + "\n"


def small(count: int, fewest: int) -> int | str:
    """A count, or `<5`."""
    return f"<{fewest}" if count < fewest else count


def shareable_data(result: CheckResult, fewest: int = FEW) -> dict[str, Any]:
    """The findings without rows and values, counts under `fewest` as `<5`.

    So small a number of rows left out is said so, and the rows read are then not given: their difference
    would tell it.
    """
    excluded = result.rows["excluded"]
    few = 0 < excluded < fewest
    return {
        "ready": result.ready,
        "error": result.error,
        "study": result.study,
        "findings": [shared_entry(finding, result.language, fewest) for finding in result.findings],
        "not_checked": result.not_checked,
        "rows": {
            "read": None if few else shown(result.rows["read"], fewest),
            "kept": shown(result.rows["kept"], fewest),
            "excluded": shown(excluded, fewest),
        },
    }


def shown(count: int, fewest: int) -> int | str:
    """As `small`, nobody at all said as 0."""
    return count if count == 0 else small(count, fewest)


def shared_entry(finding: Finding, language: str, fewest: int) -> dict[str, Any]:
    """A finding that may leave the site."""
    message, remedy = say_shared(finding, language, fewest)
    finding = for_sharing(finding)
    return {
        "code": finding.code,
        "grade": finding.grade,
        "file": finding.file,
        # the instrument's name in a table is a cell like any other until it is known
        "variable": None if finding.name == "unknown_instrument" and finding.rows else finding.variable,
        "column": finding.column,
        "count": small(finding.count, fewest),
        "of": small(finding.of, fewest),
        "message": message,
        "remedy": remedy,
        "confirmed": bool(finding.confirmed),
    }


def shareable_json(result: CheckResult) -> str:
    """The shareable report as JSON text."""
    return json.dumps(shareable_data(result), indent=1, ensure_ascii=False) + "\n"


def report_html(result: CheckResult, shareable: bool, fewest: int = FEW, contact: str = "") -> str:
    """One self-contained page: the verdict, counts by grade, what is ready, per variable, then every
    finding; in a shareable one counts under `fewest` are not told. `contact` is whom the site may ask."""
    least = fewest if shareable else None
    words = load_catalogue(result.language)["phrases"]
    body = [
        f"<h1>{escape(result.study)}</h1>",
        f"<p class='verdict{'' if result.ready else ' no'}'>{marked(verdict(result, words, shareable))}</p>",
        *counted(result, words, least),
        not_checked_list(result, words),
        f"<p>{escape(words['contact'].format(contact=contact))}</p>" if contact else "",
        f"<p><small>{escape(words['shareable' if shareable else 'local'].format(fewest=fewest))}</small></p>",
    ]
    return page_around(f"{result.study} - ipdma check", STYLE, "\n".join(body), result.language)


def counted(result: CheckResult, words: dict[str, str], fewest: int | None) -> list[str]:
    """Counts, what is ready, and the findings; of an unreadable file only what was found before."""
    if result.error is not None:
        return [finding_table(result, words, fewest)] if result.findings else []
    return [
        f"<p class=counts>{grade_counts(result, words)}</p>",
        f"<p>{escape(rows_line(result, words, fewest))} {escape(ready_line(result, words))}</p>",
        finding_table(result, words, fewest),
        received_section(result, words, fewest),
        variable_table(result, words),
    ]


def verdict(result: CheckResult, words: dict[str, str], shareable: bool) -> str:
    """One sentence, yes or no."""
    if result.error is not None:
        return f"{words['unreadable'].format(study=result.study)} {result.error}"
    if result.ready:
        return words["ready"].format(study=result.study)
    return words["not_ready"].format(study=result.study, n=result.counts()[MUST_FIX])


def grade_counts(result: CheckResult, words: dict[str, str]) -> str:
    """How many findings of each grade."""
    return "".join(
        f"<span class={grade if n else 'zero'}>{n} {escape(words[grade])}</span>"
        for grade, n in result.counts().items()
    )


def rows_line(result: CheckResult, words: dict[str, str], fewest: int | None) -> str:
    """The account of rows; in the shareable report without small numbers."""
    rows: dict[str, Any] = result.rows if fewest is None else shareable_data(result, fewest)["rows"]
    return words["rows"].format(**{key: "-" if count is None else count for key, count in rows.items()})


def ready_line(result: CheckResult, words: dict[str, str]) -> str:
    """What is good: how many mapped variables and scales have nothing to fix."""
    names = mapped_names(result)
    if not names:
        return ""
    bad = {finding.variable for finding in result.findings if finding.grade == MUST_FIX}
    return words["ready_part"].format(ready=sum(name not in bad for name in names), all=len(names))


def mapped_names(result: CheckResult) -> list[str]:
    """Variables and instruments that the upload holds."""
    if result.file is None or result.facts is None:
        return []
    names = [name for name in result.facts.columns if name not in result.facts.not_collected]
    return list(dict.fromkeys([*names, *(plan[0] for plan in result.facts.planned)]))


def variable_table(result: CheckResult, words: dict[str, str]) -> str:
    """Findings of each grade per variable and scale."""
    names = mapped_names(result)
    if not names:
        return ""
    rows = []
    for name in names:
        own = [finding for finding in result.findings if finding.variable == name]
        cells = "".join(
            f"<td class={grade}>{sum(f.grade == grade for f in own) or ''}</td>" for grade in GRADES
        )
        fit = all(finding.grade != MUST_FIX for finding in own)
        last = f"<td class=ready>{escape(words['ready_word']) if fit else ''}</td>"
        rows.append(f"<tr><td>{escape(name)}</td>{cells}{last}</tr>")
    heads = "".join(f"<th>{escape(words[grade])}</th>" for grade in GRADES)
    table = f"<table class=per><tr><th></th>{heads}<th></th></tr>{''.join(rows)}</table>"
    return f"<h2>{escape(words['per_variable'])}</h2>{table}"


def finding_table(result: CheckResult, words: dict[str, str], fewest: int | None) -> str:
    """Every finding with its remedy."""
    if not result.findings:
        return f"<p>{escape(words['no_findings'])}</p>"
    told = [finding for finding in result.findings if finding.grade != NOTE]
    notes = [finding for finding in result.findings if finding.grade == NOTE]
    parts = [f"<h2>{escape(words['findings'])}</h2>"]
    if told:
        parts.append(rows_of(told, result, words, fewest))
    if notes:
        head = escape(words["notes"].format(n=len(notes)))
        parts.append(f"<details><summary>{head}</summary>{rows_of(notes, result, words, fewest)}</details>")
    return "".join(parts)


def rows_of(findings: list[Finding], result: CheckResult, words: dict[str, str], fewest: int | None) -> str:
    """A table of findings; a note asks for nothing, so it carries no remedy."""
    rows = []
    for finding in findings:
        language = result.language
        message, remedy = say(finding, language) if fewest is None else say_shared(finding, language, fewest)
        told = confirmed_line(finding, words, fewest)
        head = f"<td class={finding.grade}>{finding.code} <br>{escape(words[finding.grade])}</td>"
        way = (
            f"<br><small>{escape(words['remedy'])}: {marked(remedy)}</small>" if finding.grade != NOTE else ""
        )
        rows.append(f"<tr>{head}<td>{marked(message)}{told}{way}</td></tr>")
    return f"<table class=all>{''.join(rows)}</table>"


def marked(text: str) -> str:
    """Text for the page, words between backticks in the letters of a file."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def confirmed_line(finding: Finding, words: dict[str, str], fewest: int | None) -> str:
    """Who confirmed a finding and why; the reason may hold values, so it stays at the site."""
    if not finding.confirmed:
        return ""
    if fewest is not None:
        return f"<br><small>{escape(words['confirmed_shared'])}</small>"
    return f"<br><small>{escape(say_confirmed(finding, words))}</small>"


def not_checked_list(result: CheckResult, words: dict[str, str]) -> str:
    """What could not be checked, and why."""
    if not result.not_checked:
        return ""
    lines = [
        f"<li>{escape(entry['what'])}: {escape(words.get(entry['outcome'], ''))}, {escape(entry['why'])}</li>"
        for entry in result.not_checked
    ]
    return f"<h2>{escape(words['not_checked'].capitalize())}</h2><ul>{''.join(lines)}</ul>"


def say_confirmed(finding: Finding, words: dict[str, str]) -> str:
    """Who confirmed a finding, and why."""
    entry = finding.confirmed or {}
    return words["confirmed"].format(by=entry.get("by") or "", why=entry.get("why") or "")
