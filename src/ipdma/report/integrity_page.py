"""One page per trial on the integrity of its data, for its site: counts only, none that is small."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any

import pandas as pd

from ipdma.harmless import page_around
from ipdma.integrity.finding import DOMAINS
from ipdma.privacy.few import is_few, why_withheld
from ipdma.report.wording import heading, plural

WORDS = {"fail": "cannot be right", "query": "please look", "passed": "passed", "not checked": "not checked"}
AT_SITE = "Checked where the upload is made: see the validation report of this trial."
ABOUT = (
    "The eight domains of the IPD Integrity Tool (Hunter and others, 2024). 'Please look' is a question to "
    "the site, not a judgement; chance alone raises some. No participant's row or value is on this page, and "
    "a count under {least} is written <{least}."
)
AS_BUNDLE = (
    "This trial came as a bundle, without participants' rows. Its data were checked at the site, by the "
    "eight domains of the IPD Integrity Tool (Hunter and others, 2024). The bundle tells how many checks "
    "ended how, not which and not why. Nothing can be looked at again here."
)
ROB = {
    "rob_d1": "D1 Randomisation process",
    "rob_d2": "D2 Deviations from the intended interventions",
    "rob_d3": "D3 Missing outcome data",
    "rob_d4": "D4 Measurement of the outcome",
    "rob_d5": "D5 Selection of the reported result",
    "rob_overall": "Overall",
}
INSPECT = "inspect_sr"  # further columns of the registry that begin so
TOLD = {  # counts of arms, variables or printed numbers and not of participants inside an arm: never withheld
    "randomised_and_contributed",
    "allocation_ratio",
    "combined_balance",
    "differential_variability",
    "excess_imbalance",
    "identical_spread",
    "repeated_blocks",
}
COARSE = 1  # decimals of a mean whose number of people is withheld, as in the record files
STYLE = """
tr.fail th, tr.query th { border-left: 4px solid var(--warnline); }
tr.fail th, tr.fail td, tr.query th, tr.query td { background: var(--warn); }
.not_checked { color: var(--soft); } th.left { text-align: left; }
"""


def integrity_page(
    study: str,
    results: pd.DataFrame,
    discrepancies: pd.DataFrame,
    judgements: Mapping[str, str],
    stamp: str,
    least: int,
    contact: str = "",
) -> str:
    """The page of one trial.

    Parameters
    ----------
    study : str
    results, discrepancies : DataFrame
        As `shareable_table` and `shareable_discrepancies` leave them, of this trial alone.
    judgements : mapping of str to str
        The registry's row of the trial; empty where it has none.
    stamp : str
        A line at its head, or nothing.
    least : int
        Counts of fewer participants are withheld.
    contact : str
        Whom the site answers, or nothing.
    """
    results = results.assign(said=[share(row) for row in results.to_dict("records")])
    style = files("ipdma.report").joinpath("assets/page.css").read_text(encoding="utf-8")
    title = f"Integrity of the data of {study}"
    note = f'<p class="stamp" role="note">{escape(stamp)}</p>' if stamp else ""
    body = [
        asked_section(results),
        published_section(discrepancies),
        looked_section(results),
        judgement_section(judgements),
    ]
    answers = f"<p>Answers and questions go to {escape(contact)}.</p>" if contact else ""
    lead = f"<h1>{escape(title)}</h1>{note}<p><b>{asked_line(results)}</b></p>{answers}"
    about = f"<p>{escape(ABOUT.format(least=least))}</p>\n"
    return page_around(title, style + STYLE, f"<main>{lead}{about}{''.join(body)}</main>")


def bundle_integrity_page(
    study: str,
    ended: Mapping[tuple[int, str], int],
    judgements: Mapping[str, str],
    stamp: str,
    contact: str = "",
) -> str:
    """The page of a trial that came as a bundle: how many checks ended how where the bundle was made.

    Parameters
    ----------
    study : str
    ended : mapping of (int, str) to int
        Checks by domain and outcome.
    judgements, stamp, contact
        As in `integrity_page`.
    """
    style = files("ipdma.report").joinpath("assets/page.css").read_text(encoding="utf-8")
    title = f"Integrity of the data of {study}"
    note = f'<p class="stamp" role="note">{escape(stamp)}</p>' if stamp else ""
    asked = sum(n for (_, outcome), n in ended.items() if outcome in ("fail", "query"))
    count = f"{asked} of {sum(ended.values())} checks asked for an answer where the bundle was made."
    answers = f"<p>Answers and questions go to {escape(contact)}.</p>" if contact else ""
    rows = [
        (f"{number}. {name}", *(str(ended.get((number, word), 0)) for word in WORDS))
        for number, name in DOMAINS.items()
    ]
    looked = section("What was looked at", table(("Domain", *map(heading, WORDS.values())), rows))
    lead = f"<h1>{escape(title)}</h1>{note}<p><b>{count}</b></p>{answers}<p>{escape(AS_BUNDLE)}</p>\n"
    return page_around(title, style + STYLE, f"<main>{lead}{looked}{judgement_section(judgements)}</main>")


def asked_line(results: pd.DataFrame) -> str:
    """How many questions there are, first of all."""
    wrong, asked = (int((results["outcome"] == word).sum()) for word in ("fail", "query"))
    if not wrong + asked:
        return f"No question: none of {len(results)} checks asks for an answer."
    parts = [f"{wrong} cannot be right"] if wrong else []
    parts += [f"{asked} to look at, please"] if asked else []
    return f"{plural(wrong + asked, '1 question', f'{wrong + asked} questions')}: {', '.join(parts)}."


def asked_section(results: pd.DataFrame) -> str:
    """What needs an answer, of every domain, what cannot be right first."""
    own = results[results["outcome"].isin(["fail", "query"])]
    asked = sorted(own.to_dict("records"), key=lambda r: r["outcome"] != "fail")
    if not asked:
        return ""
    head = ("Check", "What", "Outcome", "Count", "In words")
    rows = [
        (heading(str(r["check"])), str(r["subject"]), WORDS[str(r["outcome"])], r["said"], str(r["text"]))
        for r in asked
    ]
    return section("What we ask", table(head, rows, [str(r["outcome"]) for r in asked]))


def looked_section(results: pd.DataFrame) -> str:
    """What was looked at: how many checks of each domain ended how, those without a question folded."""
    own: dict[int, list[dict[Any, Any]]] = {number: [] for number in DOMAINS}
    for result in results.to_dict("records"):
        own.setdefault(int(result["domain"]), []).append(result)
    counts = {number: Counter(str(result["outcome"]) for result in own[number]) for number in DOMAINS}
    rows = [
        (f"{number}. {name}", *(str(counts[number][word]) for word in WORDS))
        for number, name in DOMAINS.items()
    ]
    parts = [table(("Domain", *map(heading, WORDS.values())), rows)]
    parts += [domain_part(number, name, own[number]) for number, name in DOMAINS.items()]
    return section("What was looked at", "".join(parts))


def domain_part(number: int, name: str, results: Sequence[Mapping[str, Any]]) -> str:
    """The checks of one domain that ask for nothing."""
    title = f"<h3>{escape(f'{number}. {name}')}</h3>"
    if not results:
        return f'{title}<p class="not_checked">{AT_SITE}</p>'
    quiet = [result for result in results if result["outcome"] not in ("fail", "query")]
    return title + quiet_part(quiet) if quiet else ""


def quiet_part(quiet: Sequence[Mapping[str, Any]]) -> str:
    """Checks that passed or could not be made: one line for each check and sentence."""
    if not quiet:
        return ""
    looked: dict[tuple[str, str, str], list[str]] = {}
    for result in quiet:
        line = str(result["check"]), str(result["outcome"]), str(result["text"])
        subjects = looked.setdefault(line, [])
        if result["subject"]:
            subjects.append(
                f"{result['subject']} ({result['said']})" if result["said"] else str(result["subject"])
            )
    rows = [
        (heading(check), WORDS[outcome], text, "; ".join(subjects))
        for (check, outcome, text), subjects in looked.items()
    ]
    counts = Counter(str(result["outcome"]) for result in quiet)
    said = ", ".join(f"{counts[word]} {WORDS[word]}" for word in WORDS if counts[word])
    inside = table(("Check", "Outcome", "In words", "What (count)"), rows, [key[1] for key in looked])
    return f"<details><summary>{said}</summary>{inside}</details>"


def published_section(discrepancies: pd.DataFrame) -> str:
    """Published numbers that the data do not reproduce."""
    title = "Published numbers that are not reproduced"
    if discrepancies.empty:
        return section(title, "<p>None of those that the upload repeats.</p>")
    rows = [tuple(map(str, row)) for row in discrepancies.itertuples(index=False)]
    head = [heading(str(name)) for name in discrepancies.columns]
    return section(title, table(head[1:], [row[1:] for row in rows]))


def judgement_section(judgements: Mapping[str, str]) -> str:
    """Risk of bias and INSPECT-SR, as the registry has them."""
    rob = [(label, judgements.get(name) or "not recorded") for name, label in ROB.items()]
    inspect = [
        (heading(name.removeprefix(INSPECT).strip("_") or "overall"), value or "not recorded")
        for name, value in judgements.items()
        if name.startswith(INSPECT)
    ]
    none = (
        "<p>Not recorded: the registry has no column <code>inspect_sr</code> (no, some or serious concerns; "
        "further ones as <code>inspect_sr_d1</code>).</p>"
    )
    head = ("Domain", "Judgement")
    trust = table(head, inspect) if inspect else none
    return section(
        "Judgements in the registry",
        f"<h3>Risk of bias (RoB 2)</h3>{table(head, rob)}<h3>Trustworthiness (INSPECT-SR)</h3>{trust}",
    )


def section(title: str, inside: str) -> str:
    """A part of the page under its heading."""
    return f"<section><h2>{escape(title)}</h2>\n{inside}</section>\n"


def table(head: Iterable[str], rows: Iterable[tuple[str, ...]], classes: Iterable[str] = ()) -> str:
    """Cells as a table that scrolls by itself; `classes` are the rows' own."""
    marks = list(classes)
    top = "".join(f'<th scope="col" class="left">{escape(cell)}</th>' for cell in head)
    lines = []
    for index, (first, *rest) in enumerate(rows):
        mark = f' class="{marks[index].replace(" ", "_")}"' if marks else ""
        cells = "".join(f'<td class="left">{escape(cell)}</td>' for cell in rest)
        lines.append(f'<tr{mark}><th scope="row" class="left">{escape(first)}</th>{cells}</tr>')
    return (
        f'<div class="scroll" tabindex="0"><table><thead><tr>{top}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>\n"
    )


def share(row: Mapping[Any, Any]) -> str:
    """`n of N`; nothing where nothing was counted."""
    return f"{row['n']} of {row['of']}" if row["of"] else str(row["n"])


def told(row: Mapping[Any, Any], least: int) -> str:
    """The count of a check; `all but <10` where the rest is so small that it would be told as well."""
    n = int(row["n"])
    if row["check"] in TOLD:
        return str(n)
    return without_few(n, row["of"], least)


def whole(row: Mapping[Any, Any], least: int) -> str:
    """Of how many a check counts, withheld where they are few, or all but few of those they are among."""
    if row["check"] in TOLD:
        return str(int(row["of"]))
    return without_few(int(row["of"]), row["among"], least)


def without_few(count: int, of: Any, least: int) -> str:
    """A count as it may leave the coordinating centre."""
    rest = None if pd.isna(of) else int(of)
    few = is_few(count, least) or (rest is not None and is_few(rest - count, least) and count > 0)
    return why_withheld(count, rest, least) if few else str(count)


def shareable_table(results: pd.DataFrame, least: int) -> pd.DataFrame:
    """The results of all trials with counts as text, those under `least` withheld; without the columns
    `statistic`, `threshold`, `printed` and `found`, which may come from few participants."""
    inner = ["statistic", "threshold", "printed", "found", "among"]
    shared, rows = results.drop(columns=inner), results.to_dict("records")
    shared["n"] = ["" if pd.isna(row["n"]) else told(row, least) for row in rows]
    shared["of"] = ["" if pd.isna(row["of"]) else whole(row, least) for row in rows]
    return shared


def shareable_discrepancies(discrepancies: pd.DataFrame, least: int) -> pd.DataFrame:
    """The list of all trials without numbers that come from fewer participants than `least`, or from all but
    so few of an arm."""
    shared, rows = discrepancies.drop(columns="of"), discrepancies.to_dict("records")
    shared["n"] = [without_few(int(row["n"]), row["of"], least) for row in rows]
    told_of = zip(rows, shared["n"].tolist(), strict=True)
    shared["found"] = [found_words(row, n, least) for row, n in told_of]
    return shared


def found_words(row: Mapping[Any, Any], n: str, least: int) -> str:
    """A number found in the data, or what stands in its place; `n` is how many people are told of it."""
    if row["statistic"] == "n":
        return n
    found = str(row["found"])
    if is_few(int(row["n"]), least):
        return "withheld"
    fine = len(found.partition(".")[2]) > COARSE and not n.isdigit()
    return f"{float(found):.{COARSE}f}" if fine else found
