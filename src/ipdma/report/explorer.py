"""The explorer: the trials' own estimates of every question, to be read as they stand or, with the page's
script, chosen, filtered and pooled again by the reader.

The script finds figures by their ids (`figure-KIND.contrast.outcome.timepoint`) and trials by `data-study`;
without it the section is a table.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any

from ipdma.analysis.records import Ident
from ipdma.report import wording
from ipdma.report.forest_rows import axis_title, effect_text, odds_rows, prediction_text
from ipdma.report.ledger import Ledger, Pen
from ipdma.report.material import Analysis, Material
from ipdma.report.records import Row, first, select
from ipdma.report.words import condition

SCRIPTS = ("statistics.js", "pool.js", "page_parts.js", "explorer.js")
TAU2 = {
    "reml": "Restricted maximum likelihood",
    "ml": "Maximum likelihood",
    "dl": "DerSimonian-Laird",
    "pm": "Paule-Mandel",
    "common": "None: one effect common to all",
}
INTERVALS = {
    "nst": "Null-standardised t",
    "modified_hksj": "Modified Hartung-Knapp",
    "hksj": "Hartung-Knapp",
    "wald": "Normal (Wald)",
}
PREDICTION = {"pivot": "Generalised pivot", "t": "t on k \u2212 2"}
KINDS = {
    "forest": "Forest plot",
    "trajectories": "Course over time",
    "interaction": "Interaction by trial",
    "effect_by": "Effect by",
    "moderators": "All moderators",
    "levels": "Effect at levels",
    "funnel": "Funnel plot",
    "leave_one_out": "Each trial left out",
    "specifications": "Other specifications",
    "imputation": "Imputed data",
    "tipping_points": "Tipping points",
    "balance": "Balance at baseline",
    "consort": "Flow of participants",
    "tree": "Tree of moderators",
    "benefit": "Benefit by",
}
HEADINGS = ("Trial", "Comparator", "Instrument", "n", "n, reference", "Effect", "Weight, %")
PUBLISHED = {"source": "aggregate"}
NO_SCRIPT = (
    "<noscript><p>Choosing, filtering and pooling again need this page's script, which does not run here. "
    "All figures and tables stand in the sections above and in the supplement.</p></noscript>"
)
Choices = Mapping[str, str]


def explorer_section(material: Material, ledger: Ledger) -> str:
    """The closed section with its data and script; empty where no trial has an estimate of its own.

    The numbers of its table are entered in the ledger under `report/explorer`; those for the script are the
    records' own, unrounded.
    """
    asked = (a for a in material.analyses if not other_measure(material, a))
    found = [(a, rows) for a in asked if (rows := rows_of(material, a))]
    if not found:
        return ""
    pen = ledger.pen("report/explorer")
    groups = "".join(question_group(material, pen, analysis, rows) for analysis, rows in found)
    return (
        '<details id="explore"><summary>Choose a figure, leave trials out, pool again</summary>'
        f"{NO_SCRIPT}{controls()}{trial_table(material, groups)}{own_analysis()}\n"
        f'<script type="application/json" id="explore-data">{embedded(data_of(material, found))}</script>\n'
        f"<script>{explorer_script()}</script></details>\n"
    )


def explorer_script() -> str:
    """The page's script: numbers, pooling, the explorer itself."""
    return "\n".join(asset(name) for name in SCRIPTS)


def explorer_style() -> str:
    """The style sheet of the explorer."""
    return asset("explorer.css")


def asset(name: str) -> str:
    """The text of a file in `assets/`."""
    return files("ipdma.report").joinpath(f"assets/{name}").read_text(encoding="utf-8")


def embedded(data: Mapping[str, Any]) -> str:
    """JSON that cannot end the element in which it stands."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def other_measure(material: Material, analysis: Analysis) -> bool:
    """Whether the second stage pools events on another scale than log odds ratios, as which the script reads
    them."""
    return bool(material.measure(analysis.ident(material.primary, "two")))


def rows_of(material: Material, analysis: Analysis) -> list[Row]:
    """The trials' own estimates behind the second stage of the primary model, in the order of figures; then
    the published results of trials that gave no participant data."""
    two = analysis.ident(material.primary, "two")
    both: list[tuple[Ident, dict[str, str]]] = [(two, {}), (analysis.ident("aggregate", "two"), PUBLISHED)]
    found: list[Row] = []
    for head, wanted in both:
        rows = select(material.records.of("study_estimates", head), term="treatment", moderator="", **wanted)
        by_study = {r.text("study"): r for r in rows}
        found += [by_study[study] for study in material.in_order(by_study)]
    return found


def is_published(row: Row) -> bool:
    """Whether an estimate is a published result, and not of participant data."""
    return row.text("source") == PUBLISHED["source"]


def has_odds(material: Material, analysis: Analysis, rows: Sequence[Row]) -> bool:
    """Whether the records hold odds ratios of every trial."""
    return material.is_binary(analysis.outcome) and all(odds_rows(material, r) for r in rows)


# --- what stands on the page without a script ---------------------------------------------------------------


def trial_table(material: Material, groups: str) -> str:
    """All questions below each other; the script shows one."""
    head = "".join(
        f'<th scope="col" class="{"left" if place < 3 else "right"}">{escape(words)}</th>'
        for place, words in enumerate(HEADINGS)
    )
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="Trials of the chosen question">'
        '<table id="explore-trials"><caption>Trials\' own estimates and their pool in two stages, '
        f"{material.level} intervals</caption><thead><tr>{head}</tr></thead>{groups}</table></div>"
    )


def question_group(material: Material, pen: Pen, analysis: Analysis, rows: Sequence[Row]) -> str:
    """A question: its title, its trials, what the run's two stages made of them."""
    odds = has_odds(material, analysis, rows)
    scale = "odds ratio" if odds else wording.heading(axis_title(material, analysis)).lower()
    title = f"{material.title(analysis)} ({scale})"
    lines = "".join(trial_line(material, pen, analysis, row, odds) for row in rows)
    return (
        f'<tbody data-question="{escape(analysis.id)}"><tr class="section"><th scope="rowgroup" '
        f'colspan="{len(HEADINGS)}">{escape(title)}</th></tr>\n'
        f"{lines}{pooled_line(material, pen, analysis, odds)}</tbody>\n"
    )


def trial_line(material: Material, pen: Pen, analysis: Analysis, row: Row, odds: bool) -> str:
    """One trial."""
    study = row.text("study")
    kinds = kinds_of(material, analysis, study)
    left = "".join(f'<td class="left">{escape(text)}</td>' for text in kinds)
    numbers = [pen.count(row, "n_active"), pen.count(row, "n_reference")]
    weight = wording.NOTHING if is_published(row) else pen.number(row, "weight", 1)
    numbers += [effect_text(material, pen, row, odds), weight]
    right = "".join(f'<td class="right">{escape(text)}</td>' for text in numbers)
    name = material.study(study) + (", published result" if is_published(row) else "")
    return (
        f'<tr data-study="{escape(study)}"><th scope="row" class="left">{escape(name)}</th>'
        f"{left}{right}</tr>\n"
    )


def pooled_line(material: Material, pen: Pen, analysis: Analysis, odds: bool) -> str:
    """The recorded pool, so that the reader's own stands beside it."""
    row = material.headline(analysis, "two")
    if row is None:
        return ""
    own = odds and bool(odds_rows(material, row))
    effect = effect_text(material, pen, row, own)
    predicted = prediction_text(material, pen, row, own)
    parts = [f"{effect}; prediction {predicted}" if predicted != wording.NOTHING else effect]
    if row.number("i2") is not None:
        parts.append(f"I\u00b2 {pen.number(row, 'i2', 0)}%")
    return (
        '<tr class="pooled"><th scope="row" class="left">Pooled, as recorded</th>'
        f'<td class="left" colspan="{len(HEADINGS) - 1}">{escape("; ".join(parts))}</td></tr>\n'
    )


def kinds_of(material: Material, analysis: Analysis, study: str) -> tuple[str, str]:
    """Against what and on which instrument a trial was analysed."""
    against = first(material.counts_of(analysis.id, "comparator"), study=study)
    scale = first(material.counts_of(analysis.id, "instrument"), study=study)
    return (
        condition(against.text("level")) if against is not None else wording.NOTHING,
        scale.text("variable").upper() if scale is not None else wording.NOTHING,
    )


# --- what the script needs ----------------------------------------------------------------------------------


def data_of(material: Material, found: Sequence[tuple[Analysis, list[Row]]]) -> dict[str, Any]:
    """Estimates by question and the words for them; a withheld number is null."""
    studies = dict.fromkeys(r.text("study") for _, rows in found for r in rows)
    return {
        "level": float(material.plan.get("level") or 0.95),
        "synthetic": material.stamp,
        "kinds": KINDS,
        "studies": {study: material.study(study) for study in studies},
        "contrasts": {a.contrast: material.contrast(a.contrast) for a, _ in found},
        "outcomes": {a.outcome: wording.heading(material.outcome(a.outcome)) for a, _ in found},
        "timepoints": {a.timepoint: wording.heading(material.timepoint(a.timepoint)) for a, _ in found},
        "moderators": {name: material.moderator(name) for name in material.plan.get("moderators") or {}},
        "questions": [question_data(material, analysis, rows) for analysis, rows in found],
    }


def question_data(material: Material, analysis: Analysis, rows: Sequence[Row]) -> dict[str, Any]:
    """One question."""
    return {
        "id": analysis.id,
        "contrast": analysis.contrast,
        "outcome": analysis.outcome,
        "timepoint": analysis.timepoint,
        "title": material.title(analysis),
        "odds": material.is_binary(analysis.outcome),
        "axis": axis_title(material, analysis),
        "directions": list(material.directions(analysis.contrast, analysis.outcome)),
        "planned": planned(material, analysis),
        "trials": [trial_data(material, analysis, row) for row in rows],
    }


def trial_data(material: Material, analysis: Analysis, row: Row) -> dict[str, Any]:
    """One trial."""
    comparator, instrument = kinds_of(material, analysis, row.text("study"))
    numbers = ("estimate", "std_error", "ci_low", "ci_high", "n_active", "n_reference")
    named = {"study": row.text("study"), "comparator": comparator, "instrument": instrument}
    return named | {"published": is_published(row)} | {name: row.number(name) for name in numbers}


def planned(material: Material, analysis: Analysis) -> dict[str, str]:
    """With which estimator and intervals the explorer begins: the run's own."""
    model = (material.plan.get("models") or {}).get(material.primary) or {}
    pool = {**(material.plan.get("pool") or {}), **(model.get("pool") or {})}
    row = material.headline(analysis, "two")
    ci = str(pool.get("ci") or (row.text("df_method") if row is not None else ""))
    ci = ci if ci in INTERVALS else "nst"
    asked = pool.get("prediction") or {"method": "pivot" if ci == "nst" else "t"}
    return {
        "tau2": str(pool.get("tau2") or ("common" if model.get("treatment_effect") == "common" else "reml")),
        "ci": ci,
        "prediction": "pivot" if asked.get("method") == "pivot" else "t",
    }


# --- what the script fills ----------------------------------------------------------------------------------


def chooser(name: str, words: str, choices: Choices | None = None) -> str:
    """A labelled list of choices."""
    options = "".join(f'<option value="{k}">{escape(v)}</option>' for k, v in (choices or {}).items())
    return (
        f'<label for="explore-{name}">{escape(words)}<select id="explore-{name}">{options}</select></label>'
    )


def controls() -> str:
    """Which question and figure is shown, and which rows."""
    return (
        '<div class="explore-live" hidden><div class="explore-choice">'
        f"{chooser('contrast', 'Comparison')}{chooser('outcome', 'Outcome')}"
        f"{chooser('timepoint', 'Time point')}{chooser('kind', 'Figure')}</div>"
        '<div id="explore-stage"></div><p><button type="button" id="explore-save-figure">Download the figure'
        '</button> <button type="button" id="explore-save-data">Download its data (CSV)</button></p>'
        '<div class="explore-choice">'
        f"{chooser('comparator', 'Show trials against')}{chooser('instrument', 'Show trials on')}</div>"
        '<p id="explore-hidden" role="status"></p>'
        '<p><button type="button" id="explore-drop" hidden>Leave the hidden trials out of my pool</button>'
        "</p></div>"
    )


def own_analysis() -> str:
    """The reader's own second stage, live."""
    return (
        '<section class="explore-live explore-own" hidden aria-labelledby="explore-own-head">'
        '<h3 id="explore-own-head">Reader\u2019s own analysis</h3>'
        "<p>Made by this page from the trials ticked above, by the inverse of their variances; published "
        "results of trials without participant data can be ticked too. It is not a "
        "result of the review, and trials left out after seeing the results can mislead.</p>"
        '<div class="explore-choice">'
        f"{chooser('tau2', 'Variance between trials', TAU2)}{chooser('ci', 'Interval', INTERVALS)}"
        f"{chooser('prediction', 'Prediction interval', PREDICTION)}</div>"
        '<p><button type="button" id="explore-all">The trials of the review again</button></p>'
        '<div id="explore-plot"></div><p id="explore-sentence" role="status"></p>'
        '<dl id="explore-numbers"></dl><ul id="explore-notes"></ul>'
        '<p><button type="button" id="explore-copy">Copy the sentence</button> <button type="button" '
        'id="explore-save-own">Download this figure</button></p></section>'
    )
