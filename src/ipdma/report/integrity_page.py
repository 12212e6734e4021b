"""One page per trial on the integrity of its data, for its site: counts only, none that is small."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import pandas as pd

from ipdma.integrity.finding import DOMAINS

WORDS = {"fail": "cannot be right", "query": "please look", "passed": "passed", "not checked": "not checked"}
AT_SITE = "Checked where the upload is made: see the validation report of this trial."
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
color: #1a1a1a; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .6rem; vertical-align: top; }
th { border-bottom: 2px solid #555; } td { border-bottom: 1px solid #ccc; }
tr.fail td { background: #f6d5d0; } tr.query td { background: #fbeecb; } tr.not_checked td { color: #555; }
@media (prefers-color-scheme: dark) { body { background: #161616; color: #eee; } td { border-color: #444; }
tr.fail td { background: #5b2a22; } tr.query td { background: #54461c; } tr.not_checked td { color: #aaa; } }
"""
FEW = 5


def integrity_page(study: str, results: pd.DataFrame, footer: str) -> str:
    """The page of one trial.

    Parameters
    ----------
    study : str
    results : DataFrame
        As `ipdma.integrity.tabulate_results` leaves them, of this trial alone.
    footer : str
        A line at its foot, or nothing.
    """
    counts = results["outcome"].value_counts()
    said = ", ".join(f"{counts.get(word, 0)} {text}" for word, text in WORDS.items())
    sections = "".join(domain_section(number, name, results) for number, name in DOMAINS.items())
    foot = f"<footer><p>{escape(footer)}</p></footer>" if footer else ""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Integrity of the data of {escape(study)}</title><style>{STYLE}</style></head><body>"
        f"<h1>Integrity of the data of {escape(study)}</h1><p>{said}.</p>"
        "<p>The eight domains of the IPD Integrity Tool. A query is a question to the site, not a judgement; "
        "chance alone raises some.</p>"
        f"{sections}{foot}</body></html>\n"
    )


def domain_section(number: int, name: str, results: pd.DataFrame) -> str:
    """The checks of one domain."""
    own = results[results["domain"] == number]
    head = f"<h2>{number}. {escape(name)}</h2>"
    if own.empty:
        return f"{head}<p>{AT_SITE}</p>"
    rows = "".join(check_row(row) for row in own.to_dict("records"))
    return f"{head}<table><tr><th>what</th><th>outcome</th><th>count</th><th>in words</th></tr>{rows}</table>"


def check_row(row: Mapping[Any, Any]) -> str:
    """One check as a row."""
    cells = (row["subject"], WORDS[str(row["outcome"])], share(row["n"], row["of"]), row["text"])
    inside = "".join(f"<td>{escape(str(cell))}</td>" for cell in cells)
    return f'<tr class="{str(row["outcome"]).replace(" ", "_")}">{inside}</tr>'


def share(n: Any, of: Any) -> str:
    """`n of N`, a small count as `<5`; nothing where nothing was counted."""
    if pd.isna(n):
        return ""
    whole = "" if pd.isna(of) else f" of {shown(of)}"
    return f"{shown(n)}{whole}"


def shown(count: Any) -> str:
    """A count as it may leave the coordinating centre."""
    number = int(count)
    return f"<{FEW}" if 0 < number < FEW else str(number)


def shareable_table(results: pd.DataFrame) -> pd.DataFrame:
    """The results of all trials without small counts or statistics of the fewest."""
    shared = results.drop(columns=["statistic", "threshold"]).copy()
    for name in ("n", "of"):
        shared[name] = [("" if pd.isna(value) else shown(value)) for value in results[name]]
    return shared
